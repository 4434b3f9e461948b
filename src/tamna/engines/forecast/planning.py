"""How each series is told at an origin (계획): weights, the choice of the baseline, intervals, from what was over there.

In: series, every expert's paths by origin. Out: plans, and the path and bands that a plan gives. Nothing after the origin is read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tamna.engines.forecast.calendar import SEASON, Freq
from tamna.engines.forecast.combining import (  # fmt: skip
    LEVELS,
    MARGIN,
    OVERLAP,
    PULL_OF_USUAL,
    Errors,
    Spread,
    mixture,
    quantiles,
    spread_of,
    weights_of,
)
from tamna.engines.forecast.experts import NAIVE, USUAL, Paths, Series
from tamna.engines.learning.columns import Floats

WINDOWS = 24
SHARED_STEP = 2  # each second window tells how wide all series are
ENOUGH_HORIZONS = 3  # judged before the baseline may be preferred
ENOUGH = {"H": 72, "D": 28, "W": 12, "M": 14}  # known moments before the first judged origin
Told = Mapping[str, Mapping[str, Paths]]
Bands = dict[float, tuple[Floats, Floats]]


@dataclass(frozen=True)
class Plan:
    """How one series is told at one origin; `weights` of the baseline alone where nothing was better or too little was known."""

    weights: Mapping[str, float]
    reason: str
    spread: Spread | None
    naive_spread: Spread | None


def scale_of(y: Floats, freq: Freq) -> float:
    """Mean error of the seasonal naive rule within what was known; that of the last value in short series."""
    for lag in (SEASON[freq], 1):
        gaps = np.abs(y[lag:] - y[:-lag]) if len(y) > lag else np.array([])
        if np.isfinite(gaps).sum() >= 2 and np.nanmean(gaps) > 0:
            return float(np.nanmean(gaps))
    return 0.0


def told_at(series: Series, plan: Plan, paths: Told, t: int, horizon: int, freq: Freq) -> tuple[Floats, Bands]:  # fmt: skip
    naive = paths[NAIVE][series.name][t]
    mixed = mixture(_at(paths, series.name, t), plan.weights)
    path = naive if mixed is None else mixed
    return path, {level: band(path, plan.spread, level, series.y[:t], freq, series.is_count) for level in LEVELS}


def band(path: Floats, spread: Spread | None, level: float, y: Floats, freq: Freq, is_count: bool) -> tuple[Floats, Floats]:  # fmt: skip
    if spread is None:  # nothing was judged: the naive rule's errors in what is known, growing by the season
        wide = (1.2816 if level == 0.8 else 1.96) * 1.3 * _prior(y, freq, len(path))
        low, high = path - wide, path + wide
    else:
        low, high = spread.band(path, level)
    low, high = np.minimum(low, path), np.maximum(high, path)
    return (np.maximum(low, 0), np.maximum(high, 0)) if is_count else (low, high)


def _prior(y: Floats, freq: Freq, horizon: int) -> Floats:
    """The naive rule's usual error in what is known, growing by the season."""
    known = y[np.isfinite(y)]
    usual = scale_of(y, freq) * 1.25 or float(np.std(known)) or abs(float(known.mean())) * 0.5 or 1.0
    return np.asarray(usual * np.sqrt(np.ceil(np.arange(1, horizon + 1) / min(SEASON[freq], max(len(y), 1)))))


def _at(paths: Told, name: str, t: int) -> dict[str, Floats]:
    return {expert: by_series[name][t] for expert, by_series in paths.items() if t in by_series.get(name, {})}


def _stride(horizon: int, freq: Freq) -> int:
    if freq == "H":
        return horizon
    return next(horizon // part for part in (4, 3, 2, 1) if horizon % part == 0)


def _earlier(t: int, horizon: int, freq: Freq, windows: int) -> list[int]:
    """Origins before t, newest first; of the newest only the steps that were over count."""
    stride = _stride(horizon, freq)
    return [origin for k in range(1, windows + 1) if (origin := t - stride * k) >= ENOUGH[freq]]


def _windows(series: int) -> int:
    """Many series tell of each other's errors: each needs fewer origins."""
    return max(WINDOWS // 4, min(WINDOWS, 6 * WINDOWS // max(series, 1)))


def with_earlier(outer: Mapping[str, Sequence[int]], freq: Freq, horizon: int) -> dict[str, list[int]]:
    windows = _windows(len(outer))
    return {
        name: sorted({*ends, *(earlier for t in ends for earlier in _earlier(t, horizon, freq, windows))})
        for name, ends in outer.items()
    }


def plans(all_series: Sequence[Series], at: Mapping[str, int], paths: Told, freq: Freq, horizon: int) -> dict[str, Plan]:  # fmt: skip
    """Weights, choice and intervals of each series at its origin."""
    pasts = {
        series.name: _past(series, at[series.name], paths, freq, horizon, _windows(len(all_series)))
        for series in all_series
    }
    relative = {name: past.relative() for name, past in pasts.items()}
    everyone = _everyone(list(paths), list(relative.values()), freq)
    mixed: dict[str, Errors] = {}
    naive: dict[str, Errors] = {}
    weights: dict[str, dict[str, float]] = {}
    reasons: dict[str, str] = {}
    for series in all_series:
        past, name = pasts[series.name], series.name
        able = {expert: usual for expert, usual in everyone.items() if at[name] in paths[expert].get(name, {})}
        weights[name] = weights_of(relative[name], able)
        count = len(past.missed[NAIVE])
        mixed[name] = past.mixed([weights_of(past.relative(place), able) for place in range(count)])
        naive[name] = past.mixed([{NAIVE: 1.0}] * count)
        known = int(np.isfinite(series.y[: at[name]]).sum())
        reasons[name] = _reason(mixed[name], naive[name], known, freq)
    priors = {series.name: _prior(series.y[: at[series.name]], freq, horizon) for series in all_series}
    shared_mixed, shared_naive = _shared(mixed, priors), _shared(naive, priors)
    found = {}
    for series in all_series:
        name, reason = series.name, reasons[series.name]
        plain = spread_of(naive[name], priors[name], shared_naive)
        spread = plain if reason else spread_of(mixed[name], priors[name], shared_mixed)
        found[name] = Plan({NAIVE: 1.0} if reason else weights[name], reason, spread, plain)
    return found


def _reason(mixed: Errors, naive: Errors, known: int, freq: Freq) -> str:
    """Why the baseline is used; empty where the mixture is."""
    if known < ENOUGH[freq]:
        return "too_little_data"
    both = np.isfinite(mixed.missed) & np.isfinite(naive.missed)
    if both.sum() < ENOUGH_HORIZONS * both.shape[1] or not both.any():
        return ""
    ours, theirs = np.abs(mixed.missed[both]).mean(), np.abs(naive.missed[both]).mean()
    return "" if ours < theirs * (1 - MARGIN) else "not_better_than_naive"


@dataclass(frozen=True)
class _Past:
    """What each expert was off by at earlier origins, up to now: rows are origins, columns steps."""

    missed: Mapping[str, Floats]
    said: Mapping[str, Floats]

    def relative(self, without: int = -1) -> dict[str, tuple[float, float]]:
        """Each expert's error by the baseline's over the same steps, and how many horizons it was seen over."""
        found = {}
        plain = np.abs(self.missed[NAIVE])
        for expert, missed in self.missed.items():
            both = np.isfinite(missed) & np.isfinite(plain)
            if without >= 0:
                both[without] = False
            usual = plain[both].sum()
            if usual > 0:
                found[expert] = (float(np.abs(missed[both]).sum() / usual), float(both.sum() / missed.shape[1]))
        return found

    def mixed(self, weights: Sequence[Mapping[str, float]]) -> Errors:
        """Errors of a mixture with weights of its own at each origin."""
        parts = [(np.array([each.get(expert, 0.0) for each in weights])[:, None], self.missed[expert], self.said[expert]) for expert in self.missed]  # fmt: skip
        total = sum(np.where(np.isfinite(missed), weight, 0.0) for weight, missed, _ in parts)
        with np.errstate(all="ignore"):
            missed, said = (
                sum(np.where(np.isfinite(part[1]), part[0] * np.nan_to_num(part[side]), 0.0) for part in parts) / total for side in (1, 2)
            )  # fmt: skip
        return Errors(np.where(total > 0, missed, np.nan), np.where(total > 0, said, np.nan))


def _past(series: Series, t: int, paths: Told, freq: Freq, horizon: int, windows: int) -> _Past:  # fmt: skip
    earlier = _earlier(t, horizon, freq, windows)
    missed, said = {}, {}
    for expert, by_series in paths.items():
        mine = by_series.get(series.name, {})
        missed[expert], said[expert] = np.full((2, len(earlier), horizon), np.nan)
        for row, origin in enumerate(earlier):
            if origin in mine:
                happened = series.y[origin : min(origin + horizon, t)]
                missed[expert][row, : len(happened)] = happened - mine[origin][: len(happened)]
                said[expert][row, : len(happened)] = mine[origin][: len(happened)]
    return _Past(missed, said)


def _everyone(experts: Sequence[str], relative: Sequence[Mapping[str, tuple[float, float]]], freq: Freq) -> dict[str, float]:  # fmt: skip
    """The middle over series of each expert's relative error, drawn to the usual one while little was seen."""
    found = {}
    for expert in experts:
        seen = [each[expert] for each in relative if expert in each and each[expert][1] > 0]
        n = sum(min(horizons, 3.0) for _, horizons in seen)
        middle = float(np.median([ratio for ratio, _ in seen])) if seen else 1.0
        found[expert] = (middle * n + PULL_OF_USUAL * USUAL[expert]) / (n + PULL_OF_USUAL)
    return found


def _shared(errors: Mapping[str, Errors], priors: Mapping[str, Floats]) -> Mapping[float, tuple[float, float]] | None:
    """Quantiles over all series, each window measured by the spread of windows that share none of its steps; nothing for one series."""
    if len(errors) < 2:
        return None
    unit = {level: (-1.0, 1.0) for level in LEVELS}
    scaled = []
    for name, each in errors.items():
        for row in range(0, len(each.missed), SHARED_STEP):
            apart = np.abs(np.arange(len(each.missed)) - row) >= OVERLAP
            spread = spread_of(Errors(each.missed[apart], each.said[apart]), priors[name], unit)
            if spread is not None:
                scaled.append(each.missed[row : row + 1] / spread.sized(each.said[row : row + 1]) / spread.sigma)
    return quantiles(scaled) if scaled else None
