"""A table made ready to learn from (학습 자료): what happened, when, to which row, and which columns may speak.

Left out, with the reason in the card: the id, the time as it is, columns that are dropped, empty or constant, that name rows one
by one, that count on with time, or that tell the answer by themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tamna.engines.errors import InputError
from tamna.engines.learning.columns import Column, Floats, as_numbers, present, understood
from tamna.engines.learning.metrics import auc
from tamna.engines.learning.splits import Places, number, tallies_elsewhere
from tamna.engines.risk.features import leaning

MOST_ROWS = 200_000  # the latest rows are learnt from
TELLS = 0.999  # a column that alone separates this well is the answer in disguise
UNIQUE = 0.9  # share of distinct names from which a column names rows
COUNTS_ON = 0.98


@dataclass(frozen=True)
class Roles:
    """Which column is what."""

    target: str
    positive: str
    id: str = ""
    time: str = ""
    groups: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "Roles":
        groups, drop, keep = (tuple(map(str, raw[key])) for key in ("groups", "drop", "keep"))
        return cls(str(raw["target"]), str(raw["positive"]), str(raw["id"]), str(raw["time"]), groups, drop, keep)

    def check(self, names: Sequence[str]) -> None:
        """Raises InputError for the first column that the table lacks."""
        for field, name in (
            ("--target", self.target),
            ("--id", self.id),
            ("--time", self.time),
            *(("--group", name) for name in self.groups),
        ):
            if name and name not in names:
                raise InputError(
                    "no_such_column",
                    f"the table has no column {name!r}",
                    field,
                    "columns: " + ", ".join(list(names)[:30]),
                )


@dataclass(frozen=True)
class Task:
    """Rows in the order of time (then of the id's hash), their outcome and the columns that may speak."""

    table: pl.DataFrame
    happened: Floats
    times: Floats | None  # none where all is one moment
    ids: tuple[str, ...]
    columns: tuple[Column, ...]
    hidden: tuple[str, ...]  # give only weekday, hour and month
    reference: Column | None
    time: Column | None
    through: float | None  # the latest moment
    left_out: dict[str, str]
    counts: dict[str, int]


def outcome(text: pl.Series, positive: str) -> tuple[Floats, bool]:
    """1, 0 or NaN where nothing is said, and whether the positive value was seen: as it stands, as a number, or in any case."""
    said, wanted = text.cast(pl.String).str.strip_chars(), positive.strip()
    truth = {"1": "true", "0": "false", "1.0": "true", "0.0": "false"}.get(wanted, wanted.lower())
    number = as_numbers(pl.Series([wanted])).to_numpy()
    ways = (
        (said == wanted).to_numpy(),
        as_numbers(said).to_numpy() == number,
        (said.str.to_lowercase() == truth).to_numpy(),
    )
    hit = next((way for way in ways if np.any(way == True)), ways[0])  # noqa: E712 (null is neither)
    empty = (said.is_null() | (said == "")).to_numpy().astype(bool)
    return np.where(empty, np.nan, (hit == True).astype(float)), bool(np.any(hit == True))  # noqa: E712


def untimed(table: pl.DataFrame, roles: Roles) -> list[int]:
    """Places of rows whose time cannot be read though the column holds times."""
    roles.check(table.columns)
    clock = clock_of(table, roles)
    if clock is None:
        return []
    return [int(place) for place in np.flatnonzero(np.isnan(clock.numbers(table[roles.time])))]


def prepare(table: pl.DataFrame, roles: Roles, seed: int) -> Task:
    """Raises InputError where the target, its positive value or the time cannot be used."""
    roles.check(table.columns)
    every = _outcomes(table, roles)
    clock = clock_of(table, roles)
    moments = clock.numbers(table[roles.time]) if clock else None
    ids = (
        table[roles.id].cast(pl.String).fill_null("").to_list() if roles.id else [str(row) for row in range(len(table))]
    )
    kept, counts = _kept(table, roles, every, moments, ids, seed)
    rows, happened = table[kept], every[kept]
    times = moments[kept] if moments is not None and len(np.unique(moments[kept])) > 1 else None
    columns, left_out = _speaking(rows, roles, happened, times)
    dates = [column for column in columns if column.kind == "date"]
    day = clock if clock and clock.kind == "date" else None
    if day and roles.time not in roles.drop:
        columns.append(day)
    return Task(
        rows, happened, times, tuple(ids[place] for place in kept), tuple(columns), (day.name,) if day else (),
        day or (dates[-1] if len(dates) > 1 else None), clock, float(moments[kept].max()) if moments is not None else None,
        left_out, counts,
    )  # fmt: skip


def clock_of(table: pl.DataFrame, roles: Roles) -> Column | None:
    """The time column, most of which must be dates or numbers. Raises InputError when it is neither."""
    if not roles.time:
        return None
    clock = understood(roles.time, table[roles.time], readable=0.5)
    if clock.kind not in ("number", "date"):
        hint = "dates such as 2026-04-06, or years"
        raise InputError("bad_time", f"{roles.time!r} holds neither dates nor numbers", "--time", hint)
    return clock


def _outcomes(table: pl.DataFrame, roles: Roles) -> Floats:
    happened, seen = outcome(table[roles.target], roles.positive)
    said = ~np.isnan(happened)
    if not said.any():
        raise InputError("no_target", "no row says what happened", "--target", f"the column {roles.target!r} is empty")
    kinds = table[roles.target].filter(pl.Series(said)).cast(pl.String).unique().sort()
    if not seen and len(kinds) > 1:
        values = "values: " + ", ".join(kinds.head(10).to_list())
        raise InputError(
            "positive_not_found", f"no row of {roles.target!r} is {roles.positive!r}", "--positive", values
        )
    return happened


def _kept(
    table: pl.DataFrame, roles: Roles, happened: Floats, moments: Floats | None, ids: list[str], seed: int
) -> tuple[Places, dict[str, int]]:
    """Places of the rows that say what happened and when, each once, in the order of time and then of the id's hash; and the counts."""
    said = ~np.isnan(happened)
    timed = said if moments is None else said & ~np.isnan(moments)
    first = table.with_row_index("\0row").filter(pl.Series(timed))
    once = first.unique(subset=table.columns if roles.id else ["\0row"], keep="first", maintain_order=True)
    places = once["\0row"].to_numpy().astype(np.int64)
    mixed = np.array([number(ids[place], seed) for place in places], dtype=np.uint64)
    order = np.lexsort((places, mixed)) if moments is None else np.lexsort((places, mixed, moments[places]))
    kept = places[order][-MOST_ROWS:]
    return kept, {
        "rows": len(table), "without_target": int((~said).sum()), "without_time": int((said & ~timed).sum()),
        "repeated": len(first) - len(once), "learnt_from": len(kept), "positives": int(happened[kept].sum()),
    }  # fmt: skip


def _speaking(
    rows: pl.DataFrame, roles: Roles, happened: Floats, times: Floats | None
) -> tuple[list[Column], dict[str, str]]:
    columns: list[Column] = []
    left_out: dict[str, str] = {}
    for name in rows.columns:
        if name in (roles.target, roles.id, roles.time):
            continue
        if name in roles.drop:
            left_out[name] = "dropped"
            continue
        column = understood(name, rows[name])
        why = "" if name in roles.keep else silent(column, rows[name], happened, times)
        if why:
            left_out[name] = why
        else:
            columns.append(column)
    return columns, left_out


def silent(column: Column, text: pl.Series, happened: Floats, times: Floats | None) -> str:
    """Why a column may not speak; empty when it may."""
    values = present(text)
    seen = values.drop_nulls()
    if column.kind == "empty":
        return "empty"
    if seen.n_unique() == 1 and len(seen) == len(values):
        return "constant"
    if _tells(column, values, happened):
        return "tells_answer"
    many = len(seen) >= 50
    unique = seen.n_unique() / max(len(seen), 1)
    if column.kind == "name" and many and unique >= UNIQUE and seen.str.count_matches(r"\S+").mean() == 1:
        return "names_rows"
    if column.kind == "number" and many:
        numbers = column.numbers(text)
        known = numbers[~np.isnan(numbers)]
        whole = bool((known == np.floor(known)).all())
        if whole and unique >= 0.99 and np.ptp(known) + 1 <= 2 * len(known):
            return "names_rows"
        if times is not None and whole and len(np.unique(times)) > 2 and _rank_correlation(numbers, times) > COUNTS_ON:
            return "counts_on"
    return ""


def _tells(column: Column, values: pl.Series, happened: Floats) -> bool:
    """Whether the column alone tells nearly every answer: by order, by being filled in, or by its names."""
    if min(happened.sum(), len(happened) - happened.sum()) < 30:
        return False
    filled = auc(happened, values.is_not_null().cast(pl.Float64).to_numpy())
    scores: list[Any] = [filled]
    if column.kind in ("number", "date"):
        numbers = column.numbers(values)
        known = ~np.isnan(numbers)
        if known.mean() > 0.5:
            scores.append(auc(happened[known], numbers[known]))
    else:
        names = values.fill_null("\0").to_numpy().astype(str)
        tallies = tallies_elsewhere(names, happened, np.arange(len(names)) % 5, is_ordered=False)
        scores.append(auc(happened, leaning(*tallies, float(happened.mean()))) or 0.5)
    return any(score is not None and max(score, 1 - score) >= TELLS for score in scores)


def _rank_correlation(values: Floats, times: Floats) -> float:
    known = ~np.isnan(values)
    if known.sum() < 3:
        return 0.0
    ranks = np.array([np.argsort(np.argsort(part[known], kind="stable")) for part in (values, times)], dtype=float)
    return float(np.corrcoef(ranks)[0, 1])
