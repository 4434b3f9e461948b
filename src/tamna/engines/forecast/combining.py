"""How experts are mixed and how far off the mixture may be (가중 평균과 예측구간).

Weights fall steeply with each expert's error at earlier origins; with few origins a series is drawn to what holds for all of
them, and these to what held on the developer sets. Intervals are conformal: the errors of the mixture at earlier origins, each horizon measured by its own spread. Nothing here
looks at what was not over. In: paths and what happened. Out: weights, bands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tamna.engines.learning.columns import Floats

STEEP = 6.0
LEAST_SHARE = 0.3  # of the best one's weight
PULL_OF_ALL = 3.0  # horizons of all series that each one's own are mixed with
PULL_OF_USUAL = 3.0  # horizons of what experts usually do that those of all series are mixed with
MARGIN = 0.01  # share of the baseline's error that a mixture must save
OVERLAP = 4  # windows that share a horizon
ENOUGH_TO_TRUST, ENOUGH_FOR_SIDES = 5.0, 60.0  # horizons
PULL_OF_PRIOR = 0.7  # horizons
INFLATION = 0.6  # of the width, divided by the horizons: few errors show too little of the tails
LEVELS = (0.8, 0.95)
NORMAL = {0.8: 1.2816, 0.95: 1.96}


@dataclass(frozen=True)
class Errors:
    """Signed errors by earlier origin (rows) and step (columns), with what the path said there."""

    missed: Floats
    said: Floats


@dataclass(frozen=True)
class Spread:
    """How wide a step is: its own spread × the level's power × a quantile for each level."""

    sigma: Floats
    power: float
    quantiles: Mapping[float, tuple[float, float]]
    usual: float

    def band(self, path: Floats, level: float) -> tuple[Floats, Floats]:
        low, high = self.quantiles[level]
        width = self.sigma[: len(path)] * self.sized(path)
        return path + low * width, path + high * width

    def sized(self, path: Floats) -> Floats:
        """How much wider a path of this level is than the usual one."""
        return _size(path, self.usual, self.power)


def mixture(paths: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats | None:
    """The weighted mean of the experts that told this origin."""
    able = {name: path for name, path in paths.items() if weights.get(name, 0) > 0 and np.isfinite(path).all()}
    if not able:
        return None
    total = sum(weights[name] for name in able)
    return np.asarray(sum(weights[name] / total * path for name, path in able.items()))


def weights_of(own: Mapping[str, tuple[float, float]], everyone: Mapping[str, float]) -> dict[str, float]:
    """From each expert's error relative to the baseline's (and how many horizons it was seen over), drawn to that of all series."""
    relative: dict[str, float] = {}
    for name, usual in everyone.items():
        ratio, seen = own.get(name, (usual, 0.0))
        relative[name] = (ratio * seen + PULL_OF_ALL * usual) / (seen + PULL_OF_ALL)
    best = max(min(relative.values()), 1e-9)
    raw = {name: (best / max(value, 1e-9)) ** STEEP for name, value in relative.items()}
    kept = {name: value for name, value in raw.items() if value > LEAST_SHARE}
    total = sum(kept.values())
    return {name: round(value / total, 6) for name, value in kept.items()}


def spread_of(errors: Errors, prior: Floats, shared: Mapping[float, tuple[float, float]] | None) -> Spread | None:
    """Nothing where no error is known. `prior` is the spread of each step that few horizons are drawn to."""
    if not np.isfinite(errors.missed).any():
        return None
    horizon = errors.missed.shape[1]
    usual = max(float(np.nanmean(np.abs(errors.said))), 1e-9)
    power = _power(errors, usual)
    scaled = errors.missed / _size(errors.said, usual, power)
    horizons = np.isfinite(scaled).sum() / horizon / OVERLAP
    pull = 0.0 if shared else PULL_OF_PRIOR  # the quantiles of many series tell how far a spread from few horizons goes
    sigma = np.sqrt((horizons * _sigma(scaled, horizon) ** 2 + pull * prior**2) / (horizons + pull))
    return Spread(sigma, power, shared or quantiles([scaled / sigma]), usual)


def quantiles(scaled: Sequence[Floats]) -> dict[float, tuple[float, float]]:
    """Both ends of each level from measured errors: the normal curve's while horizons are few, a side of its own with many."""
    values = np.concatenate([each[np.isfinite(each)] for each in scaled])
    horizons = sum(float(np.isfinite(each).sum()) / each.shape[1] for each in scaled) / OVERLAP
    found: dict[float, tuple[float, float]] = {}
    for level in LEVELS:
        tail = (1 - level) / 2
        low, high = np.quantile(values, (tail, 1 - tail))
        both = float(np.quantile(np.abs(values), level))
        trust = min(horizons / ENOUGH_TO_TRUST, 1.0)
        middle = (trust * both + (1 - trust) * max(both, NORMAL[level])) * (1 + INFLATION / max(horizons, 1.0))
        own = min(horizons / ENOUGH_FOR_SIDES, 1.0)
        found[level] = (
            float((1 - own) * -middle + own * min(low, 0.0)),
            float((1 - own) * middle + own * max(high, 0.0)),
        )
    return found


def _size(said: Floats, usual: float, power: float) -> Floats:
    return np.asarray(np.maximum(np.abs(said) / usual, 0.05) ** power) if power else np.ones_like(said)


def _power(errors: Errors, usual: float) -> float:
    """Whether errors grow with the level: the power under which they are most alike."""
    good = np.isfinite(errors.missed) & np.isfinite(errors.said)
    missed, said = np.abs(errors.missed[good]) + 1e-9, errors.said[good]
    if len(missed) < 30 or float(np.std(said)) < 0.05 * usual:
        return 0.0
    best, found = np.inf, 0.0
    for power in (0.0, 0.5, 1.0):
        size = _size(said, usual, power)
        scale = float((missed / size).mean())
        loss = float(np.log(scale * size).mean()) + 1.0  # Laplace's
        if loss < best - 1e-3:
            best, found = loss, power
    return found


def _sigma(scaled: Floats, horizon: int) -> Floats:
    """The usual error of each step, rising or level along the horizon, neighbours taken together; unseen steps grow like a walk."""
    square = np.where(np.isfinite(scaled), scaled, 0.0) ** 2
    count = np.isfinite(scaled).sum(axis=0)
    seen = int(np.flatnonzero(count)[-1]) + 1
    total, steps = square.sum(axis=0), np.arange(1, horizon + 1)
    mean = float(total.sum() / count.sum())
    slope = 0.0
    if seen > 2:
        inside = count[:seen] > 0
        slope = float(
            np.polyfit(
                steps[:seen][inside], total[:seen][inside] / count[:seen][inside], 1, w=np.sqrt(count[:seen][inside])
            )[0]
        )
    centre = float((steps * count).sum() / count.sum())
    line = np.maximum(mean + max(slope, 0.0) * (steps - centre), 0.25 * mean)
    width = 3 if horizon >= 6 else 1
    near = line.copy()
    for k in range(seen):
        part = slice(max(0, k - width), min(k + width + 1, seen))
        if count[part].sum():
            near[k] = total[part].sum() / count[part].sum()
    held = 0.5 * line + 0.5 * near
    held[seen:] = np.maximum(held[seen:], held[seen - 1] * (steps[seen:] / seen))
    return np.asarray(np.sqrt(np.maximum(held, 1e-12)))
