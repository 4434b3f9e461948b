"""How good probabilities of a yes or no are (확률 평가): AUC, AP, Brier, log loss, ECE, calibration slope and intercept.

ECE is over ten groups of equal size by predicted probability. What one class alone cannot tell is null. Figures are rounded
to five digits.
"""

from typing import Any

import numpy as np

from tamna.engines.learning.columns import Floats

FIGURES = ("auc", "ap", "brier", "log_loss", "ece")
BINS = 10
EDGE = 1e-6


def expit(logit: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logit, -35, 35))))


def logit_of(probability: Floats) -> Floats:
    held = np.clip(probability, EDGE, 1 - EDGE)
    return np.asarray(np.log(held / (1 - held)))


def losses(happened: Floats, probability: Floats) -> Floats:
    held = np.clip(probability, EDGE, 1 - EDGE)
    return np.asarray(-(happened * np.log(held) + (1 - happened) * np.log(1 - held)))


def log_loss(happened: Floats, probability: Floats) -> float:
    return float(losses(happened, probability).mean())


def auc(happened: Floats, score: Floats) -> float | None:
    """Chance that one that happened scores above one that did not; half for ties."""
    positives = int(happened.sum())
    negatives = len(happened) - positives
    if not positives or not negatives:
        return None
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((rank[happened == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def average_precision(happened: Floats, score: Floats) -> float | None:
    """Area under precision against recall; ties are taken together."""
    if not happened.sum():
        return None
    values, place = np.unique(-score, return_inverse=True)
    hits = np.bincount(place, weights=happened, minlength=len(values))
    taken = np.cumsum(np.bincount(place, minlength=len(values)))
    return float(np.sum(hits / happened.sum() * (np.cumsum(hits) / taken)))


def reliability(happened: Floats, probability: Floats) -> list[dict[str, float]]:
    """Predicted against observed, in ten groups of equal size."""
    order = np.argsort(probability, kind="stable")
    return [
        {"n": len(part), "predicted": rounded(probability[part].mean()), "observed": rounded(happened[part].mean())}
        for part in np.array_split(order, BINS)
        if len(part)
    ]


def ece(happened: Floats, probability: Floats) -> float:
    order = np.lexsort((happened, probability)) if len(happened) < BINS else np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    return float(
        sum(len(part) * abs(probability[part].mean() - happened[part].mean()) for part in parts) / len(happened)
    )


def figures(happened: Floats, probability: Floats) -> dict[str, float | None]:
    """Every figure of one set of probabilities."""
    return {
        "auc": rounded(auc(happened, probability)),
        "ap": rounded(average_precision(happened, probability)),
        "brier": rounded(float(np.mean((probability - happened) ** 2))),
        "log_loss": rounded(log_loss(happened, probability)),
        "ece": rounded(ece(happened, probability)),
    }


def calibration(happened: Floats, probability: Floats) -> dict[str, Any]:
    """Slope and intercept of what happened on the predicted logit (1 and 0 are perfect), and the table behind them."""
    found: dict[str, Any] = {
        "slope": None,
        "intercept": None,
        "predicted": rounded(probability.mean()),
        "observed": rounded(happened.mean()),
    }
    line = fitted_line(happened, logit_of(probability))
    if line:
        found |= {"intercept": rounded(line[0]), "slope": rounded(line[1])}
    return found | {"bins": reliability(happened, probability)}


def fitted_line(happened: Floats, logit: Floats, pull: float = 1e-3) -> tuple[float, float] | None:
    """Intercept and slope of a logistic line by Newton steps, pulled lightly to (0, 1); none where one class is missing or all is flat."""
    if not 0 < happened.sum() < len(happened) or np.ptp(logit) < 1e-9:
        return None
    inputs = np.column_stack([np.ones_like(logit), logit])
    goal = np.array([0.0, 1.0])
    line = goal.copy()
    for _ in range(50):
        chance = expit(inputs @ line)
        slope = inputs.T @ (happened - chance) - pull * (line - goal)
        bend = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + pull * np.eye(2)
        step = np.linalg.solve(bend, slope)
        line = line + np.clip(step, -5, 5)
        if np.abs(step).max() < 1e-9:
            break
    return float(line[0]), float(line[1])


def rounded(value: Any) -> Any:
    return None if value is None else round(float(value), 5)
