"""A line over the calendar and the table's own regressors, its remainder smoothed (달력 회귀).

Ridge regression with older moments weighing less; slow waves of the level stand beside the columns while it is fitted, so that a
change of level is not taken for a holiday. What is left goes on by exponential smoothing. In: numbers with NaN for missing, a
matrix that reaches beyond them. Out: one path.
"""

from collections.abc import Sequence

import numpy as np

from tamna.engines.forecast.smoothing import paths
from tamna.engines.learning.columns import Floats
from tamna.engines.learning.splits import Places

PULL = 3.0  # moments of no effect that each column is mixed with
LEVEL_PULL = 1.0
KNOTS = 8
REMEMBERED = 600
HALF_LIVES = 7  # beyond which a moment weighs nothing


def line(
    y: Floats, matrix: Floats, season: Sequence[int], horizon: int, *, seasons: int, half_life: float
) -> Floats | None:
    """The next `horizon` after y, or nothing where too little is known."""
    n = len(y)
    known = np.flatnonzero(~np.isnan(y))
    known = known[known > n - HALF_LIVES * half_life]
    if len(known) < 12:
        return None
    columns = matrix[known]
    spread = columns.std(axis=0)
    used = spread > 1e-9
    if not used.any():
        return None
    middle, scale = columns[:, used].mean(axis=0), spread[used]
    design = (columns[:, used] - middle) / scale
    slow = _slow(known, KNOTS if len(known) > 60 else 2)
    whole = np.hstack([design, slow])
    weight = 0.5 ** ((n - 1 - known) / half_life)
    target = y[known]
    centre = float(np.average(target, weights=weight))
    weighted = whole * weight[:, None]
    pull = np.concatenate(
        [np.full(design.shape[1], PULL) * _rarity(columns[:, used]), np.full(slow.shape[1], LEVEL_PULL)]
    )
    found = np.linalg.solve(weighted.T @ whole + np.diag(pull), weighted.T @ (target - centre))
    effect = ((matrix[: n + horizon][:, used] - middle) / scale) @ found[: design.shape[1]]
    rest = paths(y - effect[:n], season, [n], horizon, seasons=1, latest=REMEMBERED).get(n)
    return None if rest is None else effect[n:] + rest


def _rarity(columns: Floats) -> Floats:
    """Standardised columns of rare ones are steep: their pull is that of as many rows as they hold."""
    variance = columns.var(axis=0)
    reach = np.maximum(np.abs(columns - columns.mean(axis=0)).max(axis=0), 1e-9) ** 2
    return np.asarray(reach / np.maximum(variance, 1e-9)).clip(1, 400) ** 0.5


def _slow(known: Places, knots: int) -> Floats:
    """Bent lines of the level."""
    place = (known - known[0]) / max(known[-1] - known[0], 1)
    return np.column_stack([place - 0.5, *(np.maximum(place - k / knots, 0) for k in range(1, knots))])
