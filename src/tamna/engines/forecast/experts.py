"""What may tell a series, and what each told at every origin (예측기 모음).

The baseline repeats the last season. The others: the mean of the last seasons, the last season grown, exponential smoothing (as it is, of logarithms,
of each day of a month), a line over the calendar, trees, and the season that many short series share. Each tells an origin from what was
known there alone. In: series on a whole grid of moments. Out: {expert: {series: {origin: path}}}.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tamna.engines.forecast import regression, smoothing, trees
from tamna.engines.forecast.calendar import SEASON, Features, Freq
from tamna.engines.learning.columns import Floats

NAIVE = "seasonal_naive"
USUAL = {  # error by the baseline's, about, on the developer sets; for series that tell little themselves
    NAIVE: 0.95, "last_cycle": 1.0, "last_value": 0.95, "mean_of_seasons": 0.95, "smoothing": 0.8, "smoothing_log": 0.8, "smoothing_week": 0.9,
    "smoothing_per_day": 0.8, "calendar_line": 0.85, "trees": 0.8, "shared_season": 0.8, "grown_season": 0.8,
}  # fmt: skip
CYCLE = {"H": 168, "D": 7, "W": 52, "M": 12}
HALF_LIFE = {"H": 14 * 24.0, "D": 180.0, "W": 104.0, "M": 36.0}
FITS = 3  # times that trees are learnt anew along the origins
MEAN_OF = 8  # seasons
RECENT = {"M": 3, "W": 6}  # steps whose change on the year before tells half of what comes
ENOUGH_SHARING = 5  # series that share a season

Paths = dict[int, Floats]


@dataclass(frozen=True)
class Series:
    """One series on a whole grid: numbers with NaN for missing; the calendar and the regressors reach `horizon` beyond."""

    name: str
    y: Floats
    features: Features
    regressors: Floats = field(default_factory=lambda: np.zeros((0, 0)))

    @property
    def matrix(self) -> Floats:
        return np.hstack([self.features.matrix, self.regressors]) if self.regressors.size else self.features.matrix

    @property
    def is_positive(self) -> bool:
        return bool(np.nanmin(self.y) > 0)

    @property
    def is_count(self) -> bool:
        return bool(np.nanmin(self.y) >= 0)


def naive_path(y: Floats, horizon: int, season: int) -> Floats:
    """The last known value of the same season; the last known of all where there is none."""
    known = np.flatnonzero(~np.isnan(y))
    if not len(known):
        return np.zeros(horizon)
    season = season if len(y) >= season else 1
    last = y[-season:].copy()
    for back in range(2, min(5, len(y) // season + 1)):
        hole = np.isnan(last)
        if not hole.any():
            break
        last[hole] = y[len(y) - back * season : len(y) - (back - 1) * season][hole]
    last[np.isnan(last)] = y[known[-1]]
    return np.resize(last, horizon)


def told(all_series: Sequence[Series], origins: Mapping[str, Sequence[int]], horizon: int, freq: Freq, seed: int) -> dict[str, dict[str, Paths]]:  # fmt: skip
    """Every expert's paths; an expert that cannot tell an origin leaves it out."""
    found: dict[str, dict[str, Paths]] = {}
    for series in all_series:
        for name, paths in _alone(series, origins[series.name], horizon, freq).items():
            if paths:
                found.setdefault(name, {})[series.name] = paths
    for name, shared in (("trees", _trees), ("shared_season", _shared_season)):
        each = shared(all_series, origins, horizon, freq, seed)
        if each:
            found[name] = each
    for series in all_series:
        floor = 0.0 if series.is_count else -np.inf
        for paths_of in found.values():
            for origin, path in paths_of.get(series.name, {}).items():
                paths_of[series.name][origin] = np.maximum(path, floor)
    return found


def _alone(series: Series, origins: Sequence[int], horizon: int, freq: Freq) -> dict[str, Paths]:
    """Experts that need no other series."""
    y, season, cycle = series.y, SEASON[freq], CYCLE[freq]
    short = [t % season for t in range(len(y) + horizon)] if freq == "H" else series.features.season.tolist()
    found: dict[str, Paths] = {NAIVE: {t: naive_path(y[:t], horizon, season) for t in origins}}
    if cycle != season:
        found["last_cycle"] = {t: naive_path(y[:t], horizon, cycle) for t in origins if t >= cycle}
    if freq == "W":
        found["last_value"] = {t: naive_path(y[:t], horizon, 1) for t in origins}
    found["mean_of_seasons"] = {t: _mean_path(y[:t], horizon, cycle) for t in origins if t >= 2 * cycle}
    if freq in RECENT:
        found["grown_season"] = {
            t: _grown(y[:t], horizon, season, RECENT[freq]) for t in origins if t >= season + RECENT[freq]
        }
    able = [t for t in origins if (~np.isnan(y[:t])).sum() >= 4]
    if able:
        found["smoothing"] = _smoothed(y, short, able, horizon, season)
        if series.is_positive:
            logs = _smoothed(np.log(y), short, able, horizon, season)
            found["smoothing_log"] = {t: np.exp(path) for t, path in logs.items()}
        long = [t for t in able if t >= 2 * cycle]
        if cycle != season and long:
            found["smoothing_week"] = smoothing.paths(y, series.features.season.tolist(), long, horizon, seasons=cycle)
        if freq == "M":
            days = series.features.matrix[:, series.features.names.index("days")]
            a_day = _smoothed(y / days[: len(y)], short, able, horizon, season)
            found["smoothing_per_day"] = {t: path * days[t : t + horizon] for t, path in a_day.items()}
    lines = {t: regression.line(y[:t], _seen(series, t, freq), short, horizon, seasons=season, half_life=HALF_LIFE[freq]) for t in origins if t >= 2 * min(season, 24)}  # fmt: skip
    found["calendar_line"] = {t: path for t, path in lines.items() if path is not None}
    return found


def _smoothed(y: Floats, season: Sequence[int], origins: Sequence[int], horizon: int, seasons: int) -> Paths:
    """With its season where two are known, without where not."""
    whole = [t for t in origins if t >= 2 * seasons]
    found = smoothing.paths(y, season, whole, horizon, seasons=seasons) if whole else {}
    short = [t for t in origins if t < 2 * seasons]
    return found | (smoothing.paths(y, season, short, horizon, seasons=1) if short else {})


def _seen(series: Series, origin: int, freq: Freq) -> Floats:
    """The matrix for a line; waves of the year once it has been seen nearly twice."""
    a_year = {"H": 8766, "D": 365, "W": 52, "M": 12}[freq]
    if origin >= 1.6 * a_year and freq != "H":
        return series.matrix
    names = series.features.names
    keep = [place for place, name in enumerate(names) if not name.startswith(("sin_", "cos_"))]
    return series.matrix[:, keep + list(range(len(names), series.matrix.shape[1]))]


def _mean_path(y: Floats, horizon: int, cycle: int) -> Floats:
    count = min(MEAN_OF, len(y) // cycle)
    block = y[len(y) - count * cycle :].reshape(count, cycle)
    good = ~np.isnan(block)
    mean = np.where(good, block, 0).sum(axis=0) / np.maximum(good.sum(axis=0), 1)
    usual = block[good].mean() if good.any() else 0.0
    return np.resize(np.where(good.any(axis=0), mean, usual), horizon)


def _grown(y: Floats, horizon: int, season: int, recent: int) -> Floats:
    """The last season, moved by half of the change of the newest steps on those a season before."""
    path, now, before = naive_path(y, horizon, season), y[-recent:], y[-recent - season : len(y) - season]
    both = np.isfinite(now) & np.isfinite(before)
    if not both.any():
        return path
    if (y[np.isfinite(y)] > 0).all():
        return np.asarray(path * np.sqrt(now[both].mean() / before[both].mean()))
    return path + (now[both].mean() - before[both].mean()) / 2


def _trees(all_series: Sequence[Series], origins: Mapping[str, Sequence[int]], horizon: int, freq: Freq, seed: int) -> dict[str, Paths]:  # fmt: skip
    """Trees are learnt anew a few times; between, the newest that know nothing later tell. Series end at the same step or are aligned by it."""
    if freq == "M":
        return {}
    ends = {series.name: len(series.y) for series in all_series}
    before = sorted({ends[name] - t for name, all_origins in origins.items() for t in all_origins}, reverse=True)
    marks = sorted({before[k * len(before) // FITS] for k in range(FITS)} | {min(before)}, reverse=True)
    found: dict[str, Paths] = {}
    for place, mark in enumerate(marks):
        known = [trees.Known(series.y[: max(ends[series.name] - mark, 0)], series.matrix) for series in all_series]
        forest = trees.fit([each for each in known if len(each.y)], horizon, SEASON[freq] if freq != "W" else 1, CYCLE[freq], seed)  # fmt: skip
        if forest is None:
            continue
        upto = marks[place + 1] if place + 1 < len(marks) else -1
        for series in all_series:
            for t in origins[series.name]:
                if mark >= ends[series.name] - t > upto and t >= 2 * CYCLE[freq]:
                    path = forest.path(trees.Known(series.y[:t], series.matrix), horizon)
                    found.setdefault(series.name, {})[t] = path
    return found


def _shared_season(all_series: Sequence[Series], origins: Mapping[str, Sequence[int]], horizon: int, freq: Freq, seed: int) -> dict[str, Paths]:  # fmt: skip
    """Months of many short series: one season for all, each one's level smoothed beneath it."""
    if freq != "M" or len(all_series) < ENOUGH_SHARING:
        return {}
    ends = {series.name: len(series.y) for series in all_series}
    found: dict[str, Paths] = {}
    for before in sorted({ends[name] - t for name, each in origins.items() for t in each}):
        index = _index(all_series, before)
        if index is None:
            continue
        for series in all_series:
            t = ends[series.name] - before
            if t not in origins[series.name] or not series.is_positive:
                continue
            days = series.features.matrix[:, series.features.names.index("days")]
            factor = index[series.features.season] * days
            level = smoothing.paths(np.log(series.y / factor[: len(series.y)]), [], [t], horizon, seasons=1)
            if t in level:
                found.setdefault(series.name, {})[t] = np.exp(level[t]) * factor[t : t + horizon]
    return found


def _index(all_series: Sequence[Series], before: int) -> Floats | None:
    """Each month's share of its year a day, over all series, at so many months before the end."""
    rows: list[list[float]] = [[] for _ in range(12)]
    for series in all_series:
        y = series.y[: max(len(series.y) - before, 0)]
        days = series.features.matrix[: len(y), series.features.names.index("days")]
        if len(y) < 12 or not series.is_positive:
            continue
        rate = y / days
        for start in range(len(y) % 12, len(y), 12):
            year = rate[start : start + 12]
            mean = year.mean()
            if mean == mean:
                for place, value in enumerate(year):
                    rows[series.features.season[start + place]].append(value / mean)
    if any(len(row) < ENOUGH_SHARING for row in rows):
        return None
    found = np.array([float(np.median(row)) for row in rows])
    return np.asarray(found / found.mean())
