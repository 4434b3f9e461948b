"""How good a risk is, with the naive rule beside it (평가): overall, by group and by stretch of time."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl

from tamna.engines.learning import metrics
from tamna.engines.learning.columns import Column, Floats, present, understood

MOST_GROUPS = 30
BANDS = 5
MOST_PERIODS = 24
Keys = list[str | None]


def report(
    happened: Floats,
    chance: Floats,
    naive: Floats,
    *,
    times: Floats | None,
    clock: Column | None,
    groups: Mapping[str, pl.Series],
) -> dict[str, Any]:
    """The whole table of figures of these rows."""
    top = np.argsort(-chance, kind="stable")[: max(1, len(chance) // 10)]
    found: dict[str, Any] = {
        "n": len(happened),
        "positives": int(happened.sum()),
        "rate": metrics.rounded(happened.mean()),
        "metrics": metrics.figures(happened, chance),
        "naive": metrics.figures(happened, naive),
        "top_tenth": {
            "precision": metrics.rounded(happened[top].mean()),
            "recall": metrics.rounded(happened[top].sum() / happened.sum()) if happened.sum() else None,
        },
        "calibration": metrics.calibration(happened, chance),
    }
    if groups:
        found["groups"] = {name: parts(grouped(name, text), happened, chance, naive) for name, text in groups.items()}
    if times is not None and clock is not None:
        found["periods"] = parts(periods(times, clock), happened, chance, naive)
    return found


def parts(keys: Keys, happened: Floats, chance: Floats, naive: Floats) -> list[dict[str, Any]]:
    """Figures of each part, largest first where there are many; parts keep their order otherwise."""
    names, counts = np.unique(np.array([key or "" for key in keys], dtype=object).astype(str), return_counts=True)
    kept = set(names[np.argsort(-counts, kind="stable")][:MOST_GROUPS].tolist())
    column = np.array([key or "" for key in keys], dtype=object).astype(str)
    found = []
    for name in names.tolist():
        if name not in kept:
            continue
        mine = column == name
        found.append({
            "value": name or None, "n": int(mine.sum()), "positives": int(happened[mine].sum()),
            "predicted": metrics.rounded(chance[mine].mean()), "observed": metrics.rounded(happened[mine].mean()),
            "metrics": metrics.figures(happened[mine], chance[mine]), "naive": metrics.figures(happened[mine], naive[mine]),
        })  # fmt: skip
    return found


def grouped(name: str, text: pl.Series) -> Keys:
    """Names as they are; numbers and dates with many values in five bands of equal size."""
    column = understood(name, text)
    if column.kind in ("number", "date") and present(text).n_unique() > 12:
        return bands(column.numbers(text), BANDS, shown(column))
    return present(text).to_list()


def periods(times: Floats, clock: Column) -> Keys:
    """Days, months or years of dates; numbers as they are, in bands where they are many."""
    if clock.kind == "number":
        distinct = len(np.unique(times))
        return [shown(clock)(time) for time in times] if distinct <= MOST_PERIODS else bands(times, 8, shown(clock))
    for unit, length in (("D", 10), ("M", 7), ("Y", 4)):
        stamps = np.floor(times).astype("int64").astype("datetime64[D]").astype(f"datetime64[{unit}]")
        if unit == "Y" or len(np.unique(stamps)) <= MOST_PERIODS:
            return [str(stamp)[:length] for stamp in stamps]
    raise AssertionError("years are always few enough")


def bands(values: Floats, count: int, show: Callable[[float], str]) -> Keys:
    seen = values[~np.isnan(values)]
    edges = np.unique(np.quantile(seen, np.linspace(0, 1, count + 1))) if len(seen) else np.array([0.0])
    place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, max(len(edges) - 2, 0))
    last = len(edges) - 1
    return [
        None if np.isnan(value) else f"{turn + 1}: {show(edges[turn])}–{show(edges[min(turn + 1, last)])}"
        for value, turn in zip(values.tolist(), place.tolist(), strict=True)
    ]


def shown(column: Column) -> Callable[[float], str]:
    """A number or a moment as people write it."""
    return _moment if column.kind == "date" else lambda value: f"{value:.12g}"


def _moment(days: float) -> str:
    stamp = np.datetime64(round(days * 86_400), "s")
    return str(stamp.astype("datetime64[D]") if days == int(days) else stamp)
