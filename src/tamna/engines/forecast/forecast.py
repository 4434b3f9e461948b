"""The learner itself: what to mix, how far off, and how it would have done before (예측, 되돌려 본 검증).

Every expert tells each origin once; weights, intervals and the choice of the baseline at an origin come from origins whose horizon
was already over there. So a back-test judges exactly what is used. Raises InputError.
"""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import tamna
from tamna.engines.errors import InputError
from tamna.engines.forecast.calendar import SEASON, Freq, following
from tamna.engines.forecast.combining import LEVELS
from tamna.engines.forecast.experts import NAIVE, Series, told
from tamna.engines.forecast.planning import Bands, Plan, Told, band, plans, scale_of, told_at, with_earlier
from tamna.engines.forecast.reading import Reading, read
from tamna.engines.learning import folder
from tamna.engines.learning.columns import Floats
from tamna.engines.learning.metrics import rounded

FORM = "tamna-forecast/1"
HORIZON = {"H": 24, "D": 28, "W": 12, "M": 12}
NAIVE_RULE = "the value one season before"


@dataclass(frozen=True)
class Row:
    """One step of one series."""

    series: str
    ds: str
    mean: float
    lo80: float
    hi80: float
    lo95: float
    hi95: float
    model: str


def forecast(
    table: pl.DataFrame, *, freq: Freq | None = None, horizon: int | None = None, country: str = "KR", seed: int = 0
) -> tuple[list[Row], dict[str, Any]]:
    """The next steps of each series after its last known value, and the card."""
    horizon, reading = _read(table, freq, horizon, country, ahead=True)
    outer = {series.name: [len(series.y)] for series in reading.series}
    paths = told(reading.series, with_earlier(outer, reading.freq, horizon), horizon, reading.freq, seed)
    planned = plans(reading.series, {name: ends[0] for name, ends in outer.items()}, paths, reading.freq, horizon)
    return _rows(reading, planned, paths, horizon), card(reading, planned, horizon, country, seed)


def _rows(reading: Reading, plans: Mapping[str, Plan], paths: Told, horizon: int) -> list[Row]:  # fmt: skip
    rows = []
    for series in reading.series:
        plan, end = plans[series.name], len(series.y)
        path, bands = told_at(series, plan, paths, end, horizon, reading.freq)
        moments = reading.written(following(reading.last[series.name], horizon, reading.freq))
        model = NAIVE if plan.reason else "mixture"
        for k, ds in enumerate(moments):
            low, high = bands[0.8], bands[0.95]
            cells = (path[k], low[0][k], low[1][k], high[0][k], high[1][k])
            mean, *ends = (round(float(cell), 4) for cell in cells)
            rows.append(Row(series.name, ds, mean, ends[0], ends[1], ends[2], ends[3], model))
    return rows


def backtest(
    table: pl.DataFrame, *, freq: Freq | None = None, horizon: int | None = None, country: str = "KR", origins: int = 4, seed: int = 0
) -> dict[str, Any]:  # fmt: skip
    """How each of the last `origins` stretches of a horizon would have been told from what was before it."""
    horizon, reading = _read(table, freq, horizon, country, ahead=False)
    least = max(SEASON[reading.freq] if reading.freq != "W" else 2, 2)
    outer = {
        series.name: [t for k in range(origins, 0, -1) if (t := len(series.y) - horizon * k) >= least] for series in reading.series
    }  # fmt: skip
    judged = [series for series in reading.series if outer[series.name]]
    cells: list[_Judged] = []
    if judged:
        wanted = {name: ends for name, ends in outer.items() if ends}
        paths = told(judged, with_earlier(wanted, reading.freq, horizon), horizon, reading.freq, seed)
        for k in range(origins):
            at = {name: len_of[-1 - k] for name, len_of in wanted.items() if len(len_of) > k}
            present = [series for series in judged if series.name in at]
            planned = plans(present, at, paths, reading.freq, horizon)
            cells += [
                _judge(series, at[series.name], planned[series.name], paths, horizon, reading.freq)
                for series in present
            ]
    return _report(reading, cells, horizon, country, origins, seed)


@dataclass(frozen=True)
class _Judged:
    series: str
    origin: int
    reason: str
    model: Mapping[str, float]
    naive: Mapping[str, float]


def _judge(series: Series, t: int, plan: Plan, paths: Told, horizon: int, freq: Freq) -> _Judged:  # fmt: skip
    happened = series.y[t : t + horizon]
    path, bands = told_at(series, plan, paths, t, horizon, freq)
    naive = paths[NAIVE][series.name][t]
    naive_bands = {
        level: band(naive, plan.naive_spread, level, series.y[:t], freq, series.is_count) for level in LEVELS
    }
    scale = scale_of(series.y[:t], freq)
    return _Judged(series.name, t, plan.reason, _figures(happened, path, bands, scale), _figures(happened, naive, naive_bands, scale))  # fmt: skip


def _figures(happened: Floats, path: Floats, bands: Bands, scale: float) -> dict[str, float]:  # fmt: skip
    good = np.isfinite(happened)
    missed = np.abs(path - happened)[good]
    share = good & (happened != 0)
    found = {
        "n": float(good.sum()), "mase": float(missed.mean() / scale) if good.any() and scale > 0 else np.nan,
        "mape": float((np.abs(path - happened)[share] / np.abs(happened[share])).mean()) if share.any() else np.nan,
        "mae": float(missed.mean()) if good.any() else np.nan,
    }  # fmt: skip
    for level in LEVELS:
        low, high = bands[level]
        inside = (low[good] <= happened[good]) & (happened[good] <= high[good])
        found[f"coverage{round(level * 100)}"] = float(inside.mean()) if good.any() else np.nan
    found["width80"] = float((bands[0.8][1] - bands[0.8][0])[good].mean()) if good.any() else np.nan
    return found


METRICS = ("mase", "mape", "coverage80", "coverage95", "mae", "width80")


def _report(reading: Reading, cells: Sequence[_Judged], horizon: int, country: str, origins: int, seed: int) -> dict[str, Any]:  # fmt: skip
    def mean(which: str, metric: str, chosen: Sequence[_Judged]) -> float | None:
        rows = [getattr(cell, which) for cell in chosen]
        weighed = [
            (row[metric], row["n"] if metric.startswith("coverage") else 1.0)
            for row in rows
            if row[metric] == row[metric]
        ]
        total = sum(weight for _, weight in weighed)
        return rounded(sum(value * weight for value, weight in weighed) / total) if total else None

    whole: dict[str, Any] = {"task": "forecast", **{metric: mean("model", metric, cells) for metric in METRICS}}
    whole["naive"] = {metric: mean("naive", metric, cells) for metric in METRICS}
    names = sorted({cell.series for cell in cells})
    by_series = [
        {
            "series": name, "origins": len(mine := [cell for cell in cells if cell.series == name]),
            "mase": mean("model", "mase", mine), "naive_mase": mean("naive", "mase", mine), "baseline_used": sum(bool(cell.reason) for cell in mine),
        }
        for name in names
    ]  # fmt: skip
    n = int(sum(cell.model["n"] for cell in cells))
    return {
        **whole,
        "n": n,
        "reason": "" if n else "too_little_data",
        "naive_rule": NAIVE_RULE,
        "units": {"mape": "share of the value (0.05 is 5 %)", "mase": "errors of the seasonal naive rule in what was known"},
        "calibration": {"wanted": list(LEVELS), "covered": [whole["coverage80"], whole["coverage95"]]},
        "freq": reading.freq, "season": SEASON[reading.freq], "horizon": horizon, "country": country, "seed": seed,
        "split": {"kind": "rolling", "origins": origins, "judged": len(cells), "each_knows": "what was before it, weights and intervals too"},
        "series": by_series,
    }  # fmt: skip


def _read(table: pl.DataFrame, freq: Freq | None, horizon: int | None, country: str, *, ahead: bool) -> tuple[int, Reading]:  # fmt: skip
    """The horizon belongs to the step, which may have to be guessed first."""
    if horizon is None:
        freq = freq or read(table, None, 1, country, ahead=False).freq
        horizon = HORIZON[freq]
    return horizon, read(table, freq, horizon, country, ahead=ahead)


def card(reading: Reading, plans: Mapping[str, Plan], horizon: int, country: str, seed: int) -> dict[str, Any]:
    """What was learnt from, what is mixed, and what nobody should take it for."""
    reasons = [plan.reason for plan in plans.values()]
    first, last = min(reading.first.values()), max(reading.last.values())
    return {
        "form": FORM, "freq": reading.freq, "season": SEASON[reading.freq], "horizon": horizon, "country": country, "seed": seed,
        "learnt_from": str(first), "learnt_through": str(last), "naive_rule": NAIVE_RULE, "regressors": list(reading.regressors),
        "regressors_not_known_ahead": list(reading.dropped), "noticed": dict(reading.noticed),
        "rows": {"series": len(reading.series), "moments": int(sum(np.isfinite(series.y).sum() for series in reading.series))},
        "model": "mixture" if not all(reasons) else NAIVE, "reason": reasons[0] if reasons and all(reasons) else "",
        "weights": {series.name: dict(plans[series.name].weights) for series in reading.series},
        "baseline_used": {series.name: plans[series.name].reason for series in reading.series if plans[series.name].reason},
        "settings": "fixed before the last stretches were looked at, but for one expert and the prior of the intervals, added after one look; "
        "weights and intervals come from origins that were over",
        "versions": {"tamna": tamna.__version__, "python": platform.python_version()} | {name: metadata.version(name) for name in ("lightgbm", "numpy", "polars", "holidays")},
    }  # fmt: skip


def save(place: Path, found: Mapping[str, Any], rows: Sequence[Row]) -> None:
    """The model folder: the card, and the steps told when it was learnt."""
    model = {
        "form": FORM,
        "rows": [[row.series, row.ds, row.mean, row.lo80, row.hi80, row.lo95, row.hi95, row.model] for row in rows],
    }
    folder.write(place, found, model)


def load(place: Path) -> tuple[dict[str, Any], list[Row]]:
    """Card and steps of a model folder."""
    found, raw = folder.read(place, FORM)
    try:
        rows = [Row(str(a), str(b), *map(float, cells), str(model)) for a, b, *cells, model in raw["rows"]]  # type: ignore[call-arg, arg-type]
        return found, rows
    except (KeyError, TypeError, ValueError) as error:
        raise InputError("broken_model", f"{place} cannot be read ({error})", "--model", "fit the model again") from error  # fmt: skip
