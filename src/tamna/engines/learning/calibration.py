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
MARGIN = 0.005  # share of the log loss that mending must save: it learns from models of fewer rows than the one in use
FAR = 10.0
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
    scores, place, counts = np.unique(logit, return_inverse=True, return_counts=True)
    hits = np.bincount(place, weights=happened)
    knots, chances = [], []
    for start, end in pairwise(isotonic_regression(hits / counts, weights=counts).blocks):
        n = counts[start:end].sum()
        knots.append(float(np.average(scores[start:end], weights=counts[start:end])))
        chances.append(float((hits[start:end].sum() + PULL * usual) / (n + PULL)))
    chances = np.maximum.accumulate(chances).tolist()
    ends = (knots[0] - FAR, *knots, knots[-1] + FAR)  # beyond the ends chances go on a little, so that ranks stay apart
    return Calibrator("steps", knots=ends, chances=(chances[0] / 2, *chances, (1 + chances[-1]) / 2))


def chosen(happened: Sequence[Floats], logit: Sequence[Floats]) -> Calibrator:
    """What, fitted to the other blocks, told each one best, or nothing where little is saved; then fitted to all blocks."""
    kinds: dict[str, Callable[[Floats, Floats], Calibrator]] = {"none": lambda *_: Calibrator(), "line": line}
    if len(happened) > 1 and len(happened[0]) >= ENOUGH_FOR_STEPS:
        kinds["steps"] = steps
    loss = dict.fromkeys(kinds, 0.0)
    for turn in range(len(happened)):
        others = [place for place in range(len(happened)) if place != turn]
        for name, make in kinds.items() if others else ():
            mended = make(*(np.concatenate([blocks[place] for place in others]) for blocks in (happened, logit)))
            loss[name] += len(happened[turn]) * log_loss(happened[turn], mended(logit[turn]))
    best = min(loss, key=lambda name: loss[name] * (1 if name == "none" else 1 + MARGIN))
    return kinds[best](np.concatenate(happened), np.concatenate(logit))
