"""Boosted trees over the calendar, the regressors and what the same hour or weekday was before (LightGBM).

One set of trees for all series, on each one's own scale. A step is told from moments that were known at the origin alone:
trees for the first season see as far as one season back, those for further steps as far as the horizon. In: series with NaN for missing.
Out: paths. Without LightGBM, or with few moments, there are none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tamna.engines.learning.columns import Floats

ENOUGH_ROWS = 500
MOST_ROWS = 150_000
SEASONS_BACK = 6
ROUNDS = 250
TREES = {
    "objective": "l1", "learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 20, "lambda_l2": 1.0, "feature_fraction": 0.7,
    "bagging_fraction": 0.8, "bagging_freq": 1, "num_threads": 1, "deterministic": True, "force_row_wise": True, "verbosity": -1,
}  # fmt: skip


@dataclass(frozen=True)
class Known:
    """One series up to an origin; `matrix` reaches beyond it. `lags` are the distances of equal season, short and long."""

    y: Floats
    matrix: Floats


@dataclass(frozen=True)
class Forest:
    """Trees for each reach: how many steps they tell, and the booster."""

    reaches: tuple[int, ...]
    boosters: tuple[Any, ...]
    season: int
    cycle: int

    def path(self, known: Known, horizon: int) -> Floats:
        found = np.full(horizon, np.nan)
        done = 0
        for reach, booster in zip(self.reaches, self.boosters, strict=True):
            upto = min(reach, horizon)
            if upto > done:
                places = np.arange(len(known.y) + done, len(known.y) + upto)
                matrix, level, scale = _rows(known, places, reach, self.season, self.cycle)
                found[done:upto] = level + scale * booster.predict(matrix)
                done = upto
        return found


def fit(series: Sequence[Known], horizon: int, season: int, cycle: int, seed: int) -> Forest | None:
    """`season` is the nearest repetition, `cycle` the longer one (a week of hours). Nothing with too few rows."""
    if (
        sum(int((~np.isnan(each.y)).sum()) for each in series) < ENOUGH_ROWS
        or max(len(each.y) for each in series) < 4 * cycle
    ):
        return None
    try:
        import lightgbm
    except OSError:
        return None
    reaches = tuple(sorted({min(season, horizon), horizon}))
    boosters = []
    for reach in reaches:
        parts, targets = [], []
        share = max(MOST_ROWS // len(series), 200)
        for each in series:
            places = np.flatnonzero(~np.isnan(each.y))[-share:]
            places = places[places >= reach + 2 * cycle]
            if not len(places):
                continue
            matrix, level, scale = _rows(each, places, reach, season, cycle)
            target = (each.y[places] - level) / scale
            good = ~np.isnan(target)
            parts.append(matrix[good])
            targets.append(target[good])
        if not parts or sum(map(len, targets)) < ENOUGH_ROWS:
            return None
        settings = TREES | {"seed": seed}
        data = lightgbm.Dataset(np.vstack(parts), np.concatenate(targets), params=settings)
        boosters.append(lightgbm.train(settings, data, num_boost_round=ROUNDS))
    return Forest(reaches, tuple(boosters), season, cycle)


def _rows(known: Known, places: Any, reach: int, season: int, cycle: int) -> tuple[Floats, Floats, Floats]:
    """Features of these moments, and the level and scale that they are measured by."""
    y, n = known.y, len(known.y)

    def back(distance: int) -> Floats:
        at = places - distance
        return np.where((at >= 0) & (at < n), y[np.clip(at, 0, n - 1)], np.nan)

    near = -(-reach // season) * season
    far = -(-reach // cycle) * cycle
    shorts = [back(near + season * k) for k in range(SEASONS_BACK)]
    longs = [back(far + cycle * k) for k in range(4)]
    level, spread = _level(y, places - reach, 2 * cycle)
    scale = np.maximum(spread, 1e-6)
    recent, _ = _level(y, places - reach, season)
    measured = [(each - level) / scale for each in (*shorts, *longs, recent)]
    with np.errstate(all="ignore"):
        usual = np.nanmean(
            np.vstack([np.full(len(places), np.nan), *measured[SEASONS_BACK : SEASONS_BACK + 4]])[1:], axis=0
        )
    lag = [_beside(known.matrix, places, near)]
    return np.column_stack([known.matrix[places], *measured, usual, *lag]), level, scale


def _beside(matrix: Floats, places: Any, distance: int) -> Floats:
    """The calendar of the moment that the nearest value comes from: a day after a holiday is not told by the holiday."""
    return matrix[np.maximum(places - distance, 0)]


def _level(y: Floats, ends: Any, width: int) -> tuple[Floats, Floats]:
    """Mean and spread of the `width` moments that end with each place."""
    good = ~np.isnan(y)
    plain = np.where(good, y, 0.0)
    zero = [0.0]
    ones, sums, squares = (
        np.concatenate([zero, np.cumsum(part)]) for part in (good.astype(float), plain, plain * plain)
    )
    stop = np.clip(ends + 1, 0, len(y))
    start = np.clip(stop - width, 0, len(y))
    count = np.maximum(ones[stop] - ones[start], 1.0)
    mean = (sums[stop] - sums[start]) / count
    return mean, np.sqrt(np.maximum((squares[stop] - squares[start]) / count - mean * mean, 0.0))
