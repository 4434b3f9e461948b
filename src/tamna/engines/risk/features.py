"""From typed columns to numbers that a model can weigh, each still knowing the column it came from (특성).

`fit` learns from known rows alone: quantiles, frequent names, words, and rates of names. Two views of the same columns:
`wide` for the logistic line (every frequent name a feature, numbers by their rank) and `narrow` for trees (numbers as they
are, names as codes and by their shrunk rate). A date is never used as it is: only days before another date, weekday, hour, and the
month once two years were seen. Names never seen, missing values and further columns are fine.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from tamna.engines.learning.columns import Column, Floats, Kind
from tamna.engines.learning.metrics import logit_of

KNOTS = 21
LEVELS = 60  # frequent names kept a column
RARE = 10  # a name seen less often is one of the others
WORDS = 60
SHRINK = 15.0  # rows of the overall rate that a name's own rate is mixed with
TWO_YEARS = 730
CODE = "\0code"  # ends the feature that trees read as a name
CODES = 30  # more distinct names than this are also read as codes, by their beginning

MOST_PAIRED = 8  # number columns up to which each pair is a feature of trees too

Feature = tuple[str, Floats, tuple[str, ...]]  # name, values, the columns they come from


TURNS = {"weekday": range(7), "month": range(1, 13), "hour": range(24)}


def moment(days: Floats, part: str) -> Floats:
    """Weekday (Monday 0), hour or month (1 to 12) of days since 1970; NaN stays NaN."""
    if part == "weekday":
        return np.asarray(np.mod(np.floor(days) + 3, 7))
    if part == "hour":
        return np.asarray(np.floor(np.mod(days, 1) * 24 + 1e-6))
    known = np.where(np.isnan(days), 0, days).astype("int64").astype("datetime64[D]")
    return np.where(np.isnan(days), np.nan, known.astype("datetime64[M]").astype("int64") % 12 + 1)


def tokens(text: pl.Series) -> pl.Series:
    """Words of each value, in lower case; one long word also by its first three characters (`I10.9` → `i10*`)."""
    lower = text.str.to_lowercase()
    words = lower.str.extract_all(r"\w+")
    start = (
        pl.when(pl.col("words").list.len() <= 2)
        .then(pl.concat_list(pl.col("lower").str.slice(0, 3) + "*"))
        .otherwise([])
    )
    both = pl.DataFrame({"lower": lower, "words": words}).select(pl.col("words").list.concat(start).list.unique())
    return both.to_series()


@dataclass(frozen=True)
class Plan:
    """How one column becomes features."""

    column: Column
    knots: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    tallies: Mapping[str, tuple[float, float]] = field(
        default_factory=dict
    )  # name → rows, and how many of them happened
    usual: float = 0.5
    parts: tuple[str, ...] = ()
    reference: Column | None = None  # the date that days are counted back from
    partners: tuple[str, ...] = ()  # number columns that this one is multiplied by and compared with

    def wide(self, text: pl.Series, table: "Table") -> Iterator[Feature]:
        own = self._own
        for name, values in self._numbers(text, table):
            yield name, self._ranked(values), own
            yield f"{name}\0missing", np.isnan(values).astype(float), own
        for part in self.parts:
            values = moment(self.column.numbers(text), part)
            for turn in TURNS[part]:
                yield f"{self.column.name}\0{part}\0{turn}", (values == turn).astype(float), own
        if self.levels:
            names = self.column.text(text).fill_null("\0")
            for level in self.levels:
                yield f"{self.column.name}\0is\0{level}", (names == level).cast(pl.Float64).to_numpy(), own
        if self._has_many:
            yield next(self._history(text))
        yield from self._worded(text)

    def narrow(self, text: pl.Series, table: "Table") -> Iterator[Feature]:
        own = self._own
        for name, values in self._numbers(text, table):
            yield name, values, own
        for part in self.parts:
            yield f"{self.column.name}\0{part}", moment(self.column.numbers(text), part), own
        if self.levels:
            yield f"{self.column.name}{CODE}", self.code(text), own
        if self.tallies:
            yield from self._history(text)
        yield from self._worded(text)
        for partner in self.partners:
            mine, other = self.column.numbers(text), Column(partner, "number").numbers(table[partner])
            yield f"{self.column.name}\0times\0{partner}", mine * other, (*own, partner)
            yield f"{self.column.name}\0less\0{partner}", mine - other, (*own, partner)

    @property
    def _own(self) -> tuple[str, ...]:
        return (self.column.name,)

    def code(self, text: pl.Series) -> Floats:
        """The place of each row's name among the frequent ones; NaN for the others."""
        place = {name: float(turn) for turn, name in enumerate(self.levels)}
        return np.array(
            [place.get(name, np.nan) for name in self.column.text(text).fill_null("\0").to_list()], dtype=float
        )

    def history(self, n: Floats, hits: Floats) -> Iterator[Feature]:
        """What is known of a name: how far its shrunk rate lies from the usual one, and, of many names, how often it was seen."""
        yield f"{self.column.name}\0rate", leaning(n, hits, self.usual), self._own
        if self._has_many:
            yield f"{self.column.name}\0seen", np.log1p(n), self._own

    def _history(self, text: pl.Series) -> Iterator[Feature]:
        names = self.column.text(text).fill_null("\0").to_list()
        known = np.array([self.tallies.get(name, (0.0, 0.0)) for name in names], dtype=float).reshape(-1, 2)
        return self.history(known[:, 0], known[:, 1])

    @property
    def _has_many(self) -> bool:
        return len(self.tallies) > LEVELS

    def _numbers(self, text: pl.Series, table: "Table") -> Iterator[tuple[str, Floats]]:
        if self.column.kind == "number":
            yield self.column.name, self.column.numbers(text)
        elif self.column.kind == "date" and self.reference:
            days = self.reference.numbers(table[self.reference.name]) - self.column.numbers(text)
            yield f"{self.column.name}\0days", days

    def _ranked(self, values: Floats) -> Floats:
        place = np.interp(values, self.knots, np.linspace(-1.7, 1.7, len(self.knots))) if self.knots else values * 0
        return np.where(np.isnan(values), 0.0, place)

    def _worded(self, text: pl.Series) -> Iterator[Feature]:
        if not self.words:
            return
        found = tokens(self.column.text(text))
        for word in self.words:
            has = found.list.contains(word).fill_null(False)
            yield f"{self.column.name}\0has\0{word}", has.cast(pl.Float64).to_numpy(), self._own

    def as_json(self) -> dict[str, Any]:
        out: dict[str, Any] = {"name": self.column.name, "kind": self.column.kind}
        if self.column.format:
            out["format"] = self.column.format
        if self.reference:
            out["reference"] = {"name": self.reference.name, "format": self.reference.format}
        for key in ("knots", "levels", "words", "parts", "partners"):
            if getattr(self, key):
                out[key] = list(getattr(self, key))
        return out | (
            {"tallies": {name: list(pair) for name, pair in self.tallies.items()}, "usual": self.usual}
            if self.tallies
            else {}
        )

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "Plan":
        kind: Kind = raw["kind"]
        reference = raw.get("reference")
        return cls(
            Column(str(raw["name"]), kind, str(raw.get("format", ""))),
            tuple(map(float, raw.get("knots", ()))), tuple(map(str, raw.get("levels", ()))),
            tuple(map(str, raw.get("words", ()))),
            {str(name): (float(pair[0]), float(pair[1])) for name, pair in raw.get("tallies", {}).items()}, float(raw.get("usual", 0.5)),
            tuple(map(str, raw.get("parts", ()))),
            Column(str(reference["name"]), "date", str(reference["format"])) if reference else None,
            tuple(map(str, raw.get("partners", ()))),
        )  # fmt: skip


Table = pl.DataFrame


def fit(
    table: Table,
    columns: Sequence[Column],
    happened: Floats,
    *,
    hidden: Sequence[str] = (),
    reference: Column | None = None,
) -> tuple[Plan, ...]:
    """A plan for each column, from these rows alone. Columns named in `hidden` give no numbers of their own, only parts."""
    plans = [
        _plan(table[column.name], column, happened, table, reference) for column in columns if column.name not in hidden
    ]
    parts = [
        Plan(column, parts=_parts(column.numbers(table[column.name]))) for column in columns if column.name in hidden
    ]
    return tuple(
        plan for plan in (*plans, *parts) if plan.knots or plan.levels or plan.words or plan.tallies or plan.parts
    )


def paired(plans: Sequence[Plan], columns: Sequence[Column]) -> tuple[Plan, ...]:
    """The plans with each pair of number columns; none where the table has too few or too many of them."""
    if not 2 <= sum(column.kind == "number" for column in columns) <= MOST_PAIRED:
        return ()
    numbers = [plan.column.name for plan in plans if plan.column.kind == "number"]
    partners = {name: tuple(numbers[place + 1 :]) for place, name in enumerate(numbers)}
    return tuple(replace(plan, partners=partners.get(plan.column.name, ())) for plan in plans)


def _plan(text: pl.Series, column: Column, happened: Floats, table: Table, reference: Column | None) -> Plan:
    if column.kind == "number":
        return Plan(column, knots=_knots(column.numbers(text)))
    if column.kind == "date":
        days = column.numbers(text)
        against = reference if reference and reference.name != column.name else None
        gap = against.numbers(table[against.name]) - days if against else np.array([])
        return Plan(column, knots=_knots(gap), parts=_parts(days), reference=against)
    names = column.text(text).fill_null("\0")
    usual = float(happened.mean())
    words = _words(column.text(text), happened) if column.kind == "words" or names.n_unique() > CODES else ()
    counted = (
        pl.DataFrame({"name": names, "happened": happened})
        .group_by("name")
        .agg(n=pl.len(), hits=pl.col("happened").sum())
    )
    counted = counted.sort("n", "name", descending=[True, False])
    levels = tuple(counted.filter(pl.col("n") >= RARE)["name"].head(LEVELS).to_list())
    tallies = {name: (float(n), float(hits)) for name, n, hits in counted.iter_rows()}
    return Plan(column, levels=levels, words=words, tallies=tallies, usual=usual)


def leaning(n: Floats, hits: Floats, usual: float) -> Floats:
    """How far the shrunk rate of a name lies from the usual one, in logits."""
    return np.asarray(logit_of((hits + SHRINK * usual) / (n + SHRINK)) - logit_of(np.array([usual])))


def _knots(values: Floats) -> tuple[float, ...]:
    seen = values[~np.isnan(values)]
    if not len(seen):
        return ()
    knots = np.unique(np.quantile(seen, np.linspace(0, 1, KNOTS)))
    return tuple(knots.tolist()) if len(knots) > 1 else ()


def _parts(days: Floats) -> tuple[str, ...]:
    seen = days[~np.isnan(days)]
    if not len(seen):
        return ()
    parts = ["weekday"]
    if np.mod(seen, 1).any():
        parts.append("hour")
    if np.ptp(seen) >= TWO_YEARS:
        parts.append("month")
    return tuple(part for part in parts if np.ptp(moment(seen, part)) > 0)


def _words(text: pl.Series, happened: Floats) -> tuple[str, ...]:
    """Words in at least 1 % of the rows (and RARE rows) whose rate differs most from the usual one."""
    found = pl.DataFrame({"word": tokens(text), "happened": happened}).explode("word").drop_nulls()
    counted = found.group_by("word").agg(n=pl.len(), hits=pl.col("happened").sum())
    usual = float(happened.mean())
    least = max(RARE, len(happened) // 100)
    pull = (pl.col("hits") - pl.col("n") * usual) ** 2 / pl.col("n")
    kept = counted.filter(pl.col("n") >= least, pl.col("n") <= len(happened) - least).with_columns(pull=pull.round(9))
    return tuple(kept.sort("pull", "word", descending=[True, False])["word"].head(WORDS).to_list())
