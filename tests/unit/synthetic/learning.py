"""A small logistic regression and the area under the curve, enough to ask how predictable the synthetic hospital is."""

import numpy as np


def fitted(features: np.ndarray, labels: np.ndarray, penalty: float = 2.0) -> np.ndarray:
    """Weights by Newton's method; the first column of the design is the constant."""
    design = np.c_[np.ones(len(features)), features]
    weights = np.zeros(design.shape[1])
    ridge = np.diag(np.r_[0.0, np.full(design.shape[1] - 1, penalty)])
    for _ in range(12):
        chance = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        slope = design.T @ (labels - chance) - ridge @ weights
        bend = (design * (chance * (1 - chance))[:, None]).T @ design + ridge
        weights = weights + np.linalg.solve(bend, slope)
    return weights


def area(score: np.ndarray, labels: np.ndarray) -> float:
    """Chance that a hit is ranked above a miss (ties count a half)."""
    order = np.argsort(score, kind="stable")
    _, inverse, counts = np.unique(score[order], return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    hits = labels[order].astype(bool)
    n, m = hits.sum(), (~hits).sum()
    return float((ranks[hits].sum() - n * (n + 1) / 2) / (n * m))


def out_of_time(features: np.ndarray, labels: np.ndarray, is_train: np.ndarray) -> float:
    """AUC on the later part of a model fitted on the earlier part."""
    mean, sd = features[is_train].mean(axis=0), features[is_train].std(axis=0) + 1e-9
    scaled = (features - mean) / sd
    weights = fitted(scaled[is_train], labels[is_train].astype(float))
    return area(np.c_[np.ones((~is_train).sum()), scaled[~is_train]] @ weights, labels[~is_train])


def history(person: np.ndarray, labels: np.ndarray, prior: float, strength: float = 6.0) -> np.ndarray:
    """Each row's own rate before it, shrunk to the mean; rows stand in order of time."""
    seen: dict[int, tuple[int, int]] = {}
    rates = np.empty(len(person))
    for i, (who, hit) in enumerate(zip(person, labels, strict=True)):
        hits, count = seen.get(who, (0, 0))
        rates[i] = (hits + prior * strength) / (count + strength)
        seen[who] = (hits + int(hit), count + 1)
    return rates
