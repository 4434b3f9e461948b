"""A table as series on whole grids of moments (시계열 읽기): gaps stay gaps, equal rows count once, what is not known ahead is left out.

In: a frame of text with `ds`, `y`, maybe `series`, further columns as regressors. Rows after the last known `y` of a series bring
the regressors of the moments to tell. Out: series and what was noticed. Raises InputError.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from tamna.engines.errors import InputError
from tamna.engines.forecast.calendar import Freq, Moments, features, following, steps_between
from tamna.engines.forecast.experts import Series
from tamna.engines.learning.columns import Column, Floats, as_numbers, present, understood

DS, Y, SERIES = "ds", "y", "series"
OTHER_NAMES = {
    DS: ("date", "timestamp", "datetime", "time", "month", "day", "week"),
    Y: ("value", "count", "target"),
    SERIES: ("unique_id",),
}
LONGEST = 400_000  # moments of one grid
UNITS = {"H": "h", "D": "D", "W": "D", "M": "D"}
YES, NO = ("true", "yes", "y", "t"), ("false", "no", "n", "f")


@dataclass(frozen=True)
class Reading:
    """The series, each one's last known moment, how moments are written, and what was noticed."""

    series: tuple[Series, ...]
    last: Mapping[str, np.datetime64]
    first: Mapping[str, np.datetime64]
    freq: Freq
    column: Column
    has_names: bool
    regressors: tuple[str, ...]
    noticed: Mapping[str, int] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()

    def written(self, moments: Moments) -> list[str]:
        """Moments as the input writes them."""
        form = self.column.format.replace("%.f", "")
        if self.freq == "H" and "%H" not in form:
            form = "%Y-%m-%d %H:%M:%S"
        return [moment.strftime(form) for moment in moments.astype("datetime64[s]").tolist()]


def named(table: pl.DataFrame) -> pl.DataFrame:
    """The table with its columns called `ds`, `y` and `series`, whatever their case or their usual other names."""
    found = {}
    for name, others in OTHER_NAMES.items():
        if name in table.columns:
            continue
        near = [column for column in table.columns if column.strip().lower() == name] or [
            column for other in others for column in table.columns if column.strip().lower() == other
        ]
        if near:
            found[near[0]] = name
    table = table.rename(found)
    left = [column for column in table.columns if column not in (DS, Y, SERIES)]
    return table.rename({left[0]: Y}) if Y not in table.columns and len(left) == 1 else table


def unplaced(table: pl.DataFrame) -> list[tuple[int, str]]:
    """Rows without a readable moment, or with a `y` that is no number, and the column to blame."""
    table = named(table)
    column = _moments_column(table)
    bad = {DS: np.isnan(column.numbers(table[DS]))}
    bad[Y] = (present(table[Y]).is_not_null() & as_numbers(table[Y]).is_nan()).to_numpy()
    return sorted({int(row): name for name in reversed(bad) for row in np.flatnonzero(bad[name])}.items())


def _moments_column(table: pl.DataFrame) -> Column:
    for name in (DS, Y):
        if name not in table.columns:
            raise InputError("no_such_column", f"the table has no column {name!r}", name, "ds,y[,series][,regressors]")
    text = present(table[DS])
    column = understood(DS, text.filter(text.str.contains(r"^\d")), readable=0.5)
    if column.kind != "date":
        raise InputError("bad_time", "the moments cannot be read", DS, "dates such as 2026-04-06 or 2026-04-06 09:00")
    return column


def read(table: pl.DataFrame, freq: Freq | None, horizon: int, country: str, *, ahead: bool) -> Reading:
    """Every series with at least one known value. `ahead` leaves out regressors whose next moments are not given."""
    table = named(table)
    column = _moments_column(table)
    days = column.numbers(table[DS])
    y = as_numbers(table[Y]).to_numpy()
    names = present(table[SERIES]).fill_null("").to_list() if SERIES in table.columns else [""] * len(table)
    if not np.isfinite(y).any():
        raise InputError("no_target", "no row says how much there was", Y, "numbers in y")
    freq = freq or _inferred(days, names)
    outside = {each: _regressor(table[each]) for each in table.columns if each not in (DS, Y, SERIES)}
    outside = {each: values for each, values in outside.items() if np.isfinite(values).any()}
    rows: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        if not math.isnan(days[place]):
            rows.setdefault(name, []).append(place)
    noticed = {"duplicates": 0, "gaps": 0, "without_values": 0}
    grids: list[_Grid] = []
    for name in sorted(rows):
        grid = _grid(name, np.array(rows[name]), days, y, outside, freq, horizon, noticed)
        if grid is None:
            noticed["without_values"] += 1
        else:
            grids.append(grid)
    if not grids:
        raise InputError("no_target", "no series has a value", Y, "numbers in y")
    known = [each for each in outside if not ahead or all(np.isfinite(grid.outside[each][-horizon:]).mean() >= 0.5 for grid in grids)]  # fmt: skip
    series = tuple(
        Series(grid.name, grid.y, features(np.concatenate([grid.moments, following(grid.moments[-1], horizon, freq)]), freq, country), _filled(grid, known))
        for grid in grids
    )  # fmt: skip
    return Reading(
        series, {grid.name: grid.moments[-1] for grid in grids}, {grid.name: grid.moments[0] for grid in grids}, freq, column,
        SERIES in table.columns, tuple(known), noticed, tuple(each for each in outside if each not in known),
    )  # fmt: skip


@dataclass(frozen=True)
class _Grid:
    name: str
    moments: Moments
    y: Floats
    outside: Mapping[str, Floats]  # reaches `horizon` beyond


def _grid(
    name: str, places: Floats, days: Floats, y: Floats, outside: Mapping[str, Floats], freq: Freq, horizon: int, noticed: dict[str, int]
) -> _Grid | None:  # fmt: skip
    known = places[np.isfinite(y[places])]
    if not len(known):
        return None
    order = places[np.argsort(days[places], kind="stable")]
    start = days[known].min()
    order = order[days[order] >= start]
    moments = _moments(days[order], freq)
    steps = np.array(steps_between(moments, freq))
    if freq == "W":
        steps = ((moments - moments[0]).astype(int) // 7).astype(int)
    values, exact = y[order], days[order]
    last = int(steps[np.isfinite(values)].max())
    if last > LONGEST:
        raise InputError("wrong_freq", f"{last} steps of {freq} lie between the first moment and the last", "--freq", "a longer step")  # fmt: skip
    told: dict[int, dict[float, list[float]]] = {}
    for step, at, value in zip(steps.tolist(), exact.tolist(), values.tolist(), strict=True):
        if value == value:
            told.setdefault(step, {}).setdefault(at, []).append(value)
    grid = np.full(last + 1, np.nan)
    for step, by_moment in told.items():
        grid[step] = sum(sum(set(each)) / len(set(each)) for each in by_moment.values())
        noticed["duplicates"] += sum(len(each) - 1 for each in by_moment.values())
    noticed["gaps"] += int(np.isnan(grid).sum())
    besides = {}
    for each, column in outside.items():
        found = np.full(last + 1 + horizon, np.nan)
        inside = steps <= last + horizon
        found[steps[inside]] = column[order][inside]
        besides[each] = found
    if last:
        whole = np.concatenate([moments[:1], following(moments[0], last, freq)])
    else:
        whole = moments[:1]
    if freq == "M" and len(moments):  # the months' own day, so that ends of months stay ends
        whole = np.concatenate([whole[:-1], moments[steps == last][:1]])
    return _Grid(name, whole, grid, besides)


def _moments(days: Floats, freq: Freq) -> Moments:
    if freq == "H":
        return np.floor(days * 24 + 1e-6).astype("int64").astype("datetime64[h]")
    return np.floor(days).astype("int64").astype("datetime64[D]")


def _inferred(days: Floats, names: Sequence[str]) -> Freq:
    """From the usual distance of neighbours."""
    by_name: dict[str, list[float]] = {}
    for name, day in zip(names, days.tolist(), strict=True):
        if day == day:
            by_name.setdefault(name, []).append(day)
    gaps = [step for each in by_name.values() for step in np.diff(np.unique(each)).tolist()]
    usual = float(np.median(gaps)) if gaps else 1.0
    return "H" if usual < 0.5 else "D" if usual < 5 else "W" if usual < 20 else "M"


def _regressor(text: pl.Series) -> Floats:
    numbers = as_numbers(text).to_numpy().copy()
    low = present(text).str.to_lowercase()
    numbers[low.is_in(YES).fill_null(False).to_numpy()] = 1.0
    numbers[low.is_in(NO).fill_null(False).to_numpy()] = 0.0
    return np.asarray(numbers, dtype=float)


def _filled(grid: _Grid, known: Sequence[str]) -> Floats:
    """Holes take the last value before them, else the middle one."""
    columns = []
    for each in known:
        values = grid.outside[each].copy()
        good = np.isfinite(values)
        middle = float(np.median(values[good])) if good.any() else 0.0
        place = np.maximum.accumulate(np.where(good, np.arange(len(values)), -1))
        columns.append(np.where(place >= 0, values[np.maximum(place, 0)], middle))
    return np.column_stack(columns) if columns else np.zeros((0, 0))
