"""Exponential smoothing, over a grid of its settings at once (지수평활, Holt–Winters with a damped trend).

One pass along a series keeps level, trend and season for every setting; at each origin the settings that told the past best, one
step ahead, are mixed by how well they did. So every origin of a back-test costs nothing more. Missing moments change
nothing but the clock. In: numbers with NaN for missing, each moment's season. Out: paths by origin.
"""

from collections import deque
from collections.abc import Sequence
from itertools import product

import numpy as np

from tamna.engines.learning.columns import Floats
from tamna.engines.learning.splits import Places

ALPHAS = (0.005, 0.02, 0.05, 0.1, 0.2, 0.35, 0.6)
TRENDS = ((0.0, 0.0), (0.1, 0.9), (0.1, 0.98))  # beta as a share of alpha, damping
GAMMAS = (0.02, 0.08, 0.2, 0.4)
SHARPNESS = 0.5  # of the weights by error; half of the sample counts as in Akaike's
ROBUST = 3.0  # errors beyond so many usual ones move the state no further
LATEST = 4_000  # steps that are smoothed; before them nothing is remembered anyway


def paths(
    y: Floats, season: Sequence[int], origins: Sequence[int], horizon: int, *, seasons: int, latest: int = LATEST
) -> dict[int, Floats]:
    """What each origin (the number of known moments) tells of the next `horizon`. `season` reaches that far beyond y."""
    gammas = GAMMAS if seasons > 1 else (0.0,)
    grid = [(a, a * b, p, g) for a, (b, p), g in product(ALPHAS, TRENDS, gammas)]
    alpha, beta, phi, gamma = (np.array(column) for column in zip(*grid, strict=True))
    first = max(0, min(origins) - latest)
    known = np.flatnonzero(~np.isnan(y[first:])) + first
    if not len(known):
        return {}
    warm = known[: max(2 * seasons, 4)]
    warm = warm[warm < min(origins)] if (warm < min(origins)).any() else warm[:1]
    level = np.full(len(grid), y[warm].mean())
    trend = np.zeros(len(grid))
    state = np.zeros((len(grid), max(seasons, 1)))
    if seasons > 1:
        state[:] = _seasons(y, season, warm, seasons)
    forget = 1 - 1 / (40 * max(seasons, 6))
    squared = np.full(len(grid), 1e-9)
    usual = (
        float(np.nanstd(y[warm] - level[0] - state[0, [season[k] for k in warm]])) + 1e-6
        if seasons > 1
        else float(y[warm].std()) + 1e-6
    )
    weight, found, wanted = 0.0, {}, sorted(set(origins))
    ahead = np.arange(1, horizon + 1)
    sums = np.array([[h if p == 1 else p * (1 - p**h) / (1 - p) if p else 0.0 for h in ahead] for p in phi])
    lead = max(1, min(horizon // 2, max(seasons, 1)))
    told: deque[Floats] = deque(maxlen=lead)  # what was said of the level at this moment, `lead` steps before
    values = y.tolist()
    for t in range(first, wanted[-1] + 1):
        while wanted and wanted[0] == t:
            chances = (squared / squared.min()) ** (-SHARPNESS * min(weight, 60.0))
            chances /= chances.sum()
            path = level[:, None] + sums * trend[:, None]
            if seasons > 1:
                path = path + state[:, [season[t + k] for k in range(horizon)]]
            found[t] = np.asarray(chances @ path)
            wanted.pop(0)
        if t >= len(values) or not wanted:
            break
        value = values[t]
        drifted = level + phi * trend
        before = told[0] if len(told) == lead else drifted
        told.append(level + sums[:, lead - 1] * trend)
        if value != value:
            level, trend = drifted, phi * trend
            continue
        place = season[t] if seasons > 1 else 0
        error = value - drifted - state[:, place]
        most = ROBUST * usual
        held = np.minimum(np.maximum(error, -most), most)
        usual = 0.97 * usual + 0.03 * min(abs(float(error.sum())) / len(grid) * 1.25, 3 * usual) + 1e-9
        missed = np.minimum(np.maximum(value - before - state[:, place], -2 * most), 2 * most)
        squared = forget * squared + missed * missed
        weight = forget * weight + 1
        level = drifted + alpha * held
        trend = phi * trend + beta * held
        if seasons > 1:
            state[:, place] += gamma * held
    return found


def _seasons(y: Floats, season: Sequence[int], warm: Places, seasons: int) -> Floats:
    """Seasons of the first moments, drawn to none while they are seen once."""
    total, count = np.zeros(seasons), np.zeros(seasons)
    middle = y[warm].mean()
    for t in warm:
        total[season[int(t)]] += y[int(t)] - middle
        count[season[int(t)]] += 1
    return np.asarray(total / (count + 0.3))
