"""Turns a score into a chance that keeps its word (확률 보정): a logistic line or steps, whichever told later rows better.

Platt's line needs little; isotonic steps follow any rising curve and need many rows. Both are kept as plain numbers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from tamna.engines.learning.columns import Floats
from tamna.engines.learning.metrics import expit, fitted_line, log_loss

ENOUGH_FOR_STEPS = 1_000
MARGIN = 0.002  # share of the log loss that mending must save: it learns from less than the model did
PULL = 1  # rows of the overall rate that each step is mixed with


@dataclass(frozen=True)
class Calibrator:
    """`name` is none, line or steps. A line has intercept and slope; steps have knots of logits and their chances."""

    name: str = "none"
    intercept: float = 0.0
    slope: float = 1.0
    knots: tuple[float, ...] = ()
    chances: tuple[float, ...] = ()

    def __call__(self, logit: Floats) -> Floats:
        if self.name == "steps":
            return np.interp(logit, self.knots, self.chances)
        return expit(self.intercept + self.slope * logit)

    def as_json(self) -> dict[str, Any]:
        if self.name == "steps":
            return {"name": self.name, "knots": list(self.knots), "chances": list(self.chances)}
        return {"name": self.name, "intercept": self.intercept, "slope": self.slope}

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "Calibrator":
        return cls(
            str(raw["name"]), float(raw.get("intercept", 0)), float(raw.get("slope", 1)),
            tuple(map(float, raw.get("knots", ()))), tuple(map(float, raw.get("chances", ()))),
        )  # fmt: skip


def line(happened: Floats, logit: Floats) -> Calibrator:
    found = fitted_line(happened, logit, pull=1.0)
    return Calibrator("line", found[0], max(found[1], 0.05)) if found else Calibrator()


def steps(happened: Floats, logit: Floats) -> Calibrator:
    """Isotonic steps, each a point in the middle of its scores; small ones are drawn to the overall rate."""
    from scipy.optimize import isotonic_regression

    usual = float(happened.mean())

    order = np.argsort(logit, kind="stable")
    blocks = isotonic_regression(happened[order]).blocks
    knots, chances = [], []
    for start, end in pairwise(blocks):
        rows = order[start:end]
        knots.append(float(logit[rows].mean()))
        chances.append(float((happened[rows].sum() + PULL * usual) / (len(rows) + PULL)))
    return Calibrator("steps", knots=tuple(knots), chances=tuple(np.maximum.accumulate(chances).tolist()))


def chosen(happened: Sequence[Floats], logit: Sequence[Floats]) -> Calibrator:
    """What, fitted to earlier blocks, told each next one best, or nothing where little is saved; then fitted to all blocks."""
    kinds: dict[str, Callable[[Floats, Floats], Calibrator]] = {"none": lambda *_: Calibrator(), "line": line}
    if len(happened) > 1 and len(happened[0]) >= ENOUGH_FOR_STEPS:
        kinds["steps"] = steps
    loss = dict.fromkeys(kinds, 0.0)
    for turn in range(1, len(happened)):
        early = np.concatenate(happened[:turn]), np.concatenate(logit[:turn])
        for name, make in kinds.items():
            loss[name] += len(happened[turn]) * log_loss(happened[turn], make(*early)(logit[turn]))
    best = (
        min(loss, key=lambda name: loss[name] * (1 if name == "none" else 1 + MARGIN)) if len(happened) > 1 else "none"
    )
    return kinds[best](np.concatenate(happened), np.concatenate(logit))
