"""The candidates (후보 모형): the usual rate, one column's shrunk rate, a logistic line, boosted trees, and the mean of the two.

Each gives a logit that is a sum of contributions by column, so that every probability can say why. All are plain numbers and
LightGBM's own text: nothing that is loaded can run.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np

from tamna.engines.errors import InputError
from tamna.engines.learning.columns import Floats
from tamna.engines.learning.metrics import expit, log_loss, logit_of
from tamna.engines.risk.features import CODE, SHRINK, Feature, Plan, Table

ROUNDS = (40, 80, 160, 320)
TREES = {
    "objective": "binary", "learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 25, "lambda_l2": 5.0, "feature_fraction": 0.7,
    "cat_smooth": 40.0, "cat_l2": 10.0, "min_data_per_group": 20, "bagging_fraction": 0.8, "bagging_freq": 1, "max_bin": 127, "num_threads": 1, "deterministic": True, "force_row_wise": True,
    "verbosity": -1,
}  # fmt: skip
PENALTIES = (0.005, 0.03, 0.15)  # inverse strength of the logistic line's ridge
LINE_ROWS = 50_000  # the latest rows that the line learns from
PRIOR = 1.0  # events and non-events that the usual rate is mixed with, half each

Contributions = dict[str, Floats]  # column → share of the logit; "" is where everyone starts


class Model(Protocol):
    """Anything that gives contributions by column."""

    def contributions(self, table: Table) -> Contributions: ...

    def logits(self, table: Table) -> Floats: ...

    def as_json(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Usual:
    """The same for everyone (평균 비율)."""

    rate: float

    @classmethod
    def fit(cls, happened: Floats) -> "Usual":
        return cls(float((happened.sum() + PRIOR / 2) / (len(happened) + PRIOR)))

    def logits(self, table: Table) -> Floats:
        return np.full(len(table), float(logit_of(np.array([self.rate]))[0]))

    def contributions(self, table: Table) -> Contributions:
        return {"": self.logits(table)}

    def as_json(self) -> dict[str, Any]:
        return {"kind": "usual", "rate": self.rate}


@dataclass(frozen=True)
class Single:
    """The naive rule (단일 항목 비율): the shrunk rate of one column, names as they are and numbers in ten bands."""

    plan: Plan
    edges: tuple[float, ...]
    rates: Mapping[str, float]
    usual: float

    @classmethod
    def fit(cls, plans: Sequence[Plan], table: Table, happened: Floats) -> "Single | Usual":
        """The column whose rates, each row left out of its own, tell the known rows best; none where the usual rate does."""
        usual = float(happened.mean())
        events = happened.sum()
        alone = (events - happened + PRIOR / 2) / (len(happened) - 1 + PRIOR)
        best: tuple[float, Single | Usual] = log_loss(happened, alone), Usual.fit(happened)
        for plan in plans:
            if plan.column.kind not in ("number", "name"):
                continue
            edges = tuple(plan.knots[2:-2:2]) if plan.column.kind == "number" else ()
            empty = cls(plan, edges, {}, usual)
            keys = empty.keys(table)
            names, place = np.unique(keys, return_inverse=True)
            n = np.bincount(place).astype(float)
            hits = np.bincount(place, weights=happened)
            without = (hits[place] - happened + SHRINK * usual) / (n[place] - 1 + SHRINK)
            loss = log_loss(happened, without)
            if loss < best[0] - 1e-12:
                rates = dict(zip(names.tolist(), ((hits + SHRINK * usual) / (n + SHRINK)).tolist(), strict=True))
                best = loss, cls(plan, edges, rates, usual)
        return best[1]

    def keys(self, table: Table) -> Any:
        text = table[self.plan.column.name]
        if self.plan.column.kind == "number":
            values = self.plan.column.numbers(text)
            bands = np.searchsorted(np.array(self.edges), values, side="right")
            return np.where(np.isnan(values), "", bands.astype(str))
        return np.array(self.plan.column.text(text).fill_null("").to_list(), dtype=object).astype(str)

    def logits(self, table: Table) -> Floats:
        return logit_of(np.array([self.rates.get(key, self.usual) for key in self.keys(table).tolist()], dtype=float))

    def contributions(self, table: Table) -> Contributions:
        start = Usual(self.usual).logits(table)
        return {"": start, self.plan.column.name: self.logits(table) - start}

    def as_json(self) -> dict[str, Any]:
        rates = dict(self.rates)
        return {
            "kind": "single",
            "plan": self.plan.as_json(),
            "edges": list(self.edges),
            "rates": rates,
            "usual": self.usual,
        }


@dataclass(frozen=True)
class Line:
    """Logistic regression over the wide view, features centred (로지스틱 회귀)."""

    plans: tuple[Plan, ...]
    intercept: float
    weights: Mapping[str, tuple[float, float]]  # feature → weight, mean over the known rows

    @classmethod
    def fit(
        cls,
        plans: tuple[Plan, ...],
        table: Table,
        happened: Floats,
        weights: Floats,
        known: Mapping[str, Floats],
        penalties: Sequence[float] = PENALTIES,
    ) -> list["Line"]:
        """One line for each penalty. `known` as for trees."""
        from sklearn.linear_model import LogisticRegression

        latest = slice(-LINE_ROWS if 0 < happened[-LINE_ROWS:].mean() < 1 else 0, None)
        table, happened, weights = table[latest], happened[latest], weights[latest]
        then = {name: values[latest] for name, values in known.items()}
        features = [(name, then.get(name, values)) for name, values, _ in view(plans, table, "wide")]
        matrix = np.column_stack([values for _, values in features]).astype(np.float64)
        means = matrix.mean(axis=0)
        matrix -= means
        lines = []
        for penalty in penalties:
            found = LogisticRegression(C=penalty, max_iter=300, tol=1e-6).fit(matrix, happened, weights)
            named = {
                name: (float(weight), float(mean))
                for (name, _), weight, mean in zip(features, found.coef_[0], means, strict=True)
            }
            lines.append(cls(plans, float(found.intercept_[0]), named))
        return lines

    def contributions(self, table: Table) -> Contributions:
        found: Contributions = {"": np.full(len(table), self.intercept)}
        for name, values, columns in view(self.plans, table, "wide"):
            weight, mean = self.weights[name]
            share(found, weight * (values - mean), columns)
        return found

    def logits(self, table: Table) -> Floats:
        return total(self.contributions(table))

    def as_json(self) -> dict[str, Any]:
        weights = {name: list(pair) for name, pair in self.weights.items()}
        return {
            "kind": "line",
            "plans": [plan.as_json() for plan in self.plans],
            "intercept": self.intercept,
            "weights": weights,
        }


@dataclass(frozen=True)
class Trees:
    """Gradient boosted trees over the narrow view (부스팅 나무)."""

    plans: tuple[Plan, ...]
    text: str  # LightGBM's own text format

    @classmethod
    def fit(
        cls,
        plans: tuple[Plan, ...],
        table: Table,
        happened: Floats,
        weights: Floats,
        *,
        known: Mapping[str, Floats],
        rounds: int,
        seed: int,
    ) -> "Trees":
        """`known` are features of names as they stood before each row, in place of the final ones."""
        lightgbm = trees_library()
        features = [(name, known.get(name, values)) for name, values, _ in view(plans, table, "narrow")]
        matrix = np.column_stack([values for _, values in features])
        settings = TREES | {"seed": seed, "min_data_in_leaf": max(5, min(25, len(happened) // 40))}
        codes = [place for place, (name, _) in enumerate(features) if name.endswith(CODE)]
        data = lightgbm.Dataset(matrix, happened, weight=weights, categorical_feature=codes, params=settings)
        booster = lightgbm.train(settings, data, num_boost_round=rounds)
        return cls(plans, booster.model_to_string())

    @cached_property
    def booster(self) -> Any:
        return trees_library().Booster(model_str=self.text)

    def staged(self, table: Table, rounds: Sequence[int]) -> dict[int, Floats]:
        matrix = np.column_stack([values for _, values, _ in view(self.plans, table, "narrow")])
        return {turn: np.asarray(self.booster.predict(matrix, raw_score=True, num_iteration=turn)) for turn in rounds}

    def logits(self, table: Table) -> Floats:
        return total(self.contributions(table))

    def contributions(self, table: Table) -> Contributions:
        features = list(view(self.plans, table, "narrow"))
        shares = np.asarray(
            self.booster.predict(np.column_stack([values for _, values, _ in features]), pred_contrib=True)
        )
        found: Contributions = {"": shares[:, -1]}
        for place, (_, _, columns) in enumerate(features):
            share(found, shares[:, place], columns)
        return found

    def as_json(self) -> dict[str, Any]:
        return {"kind": "trees", "plans": [plan.as_json() for plan in self.plans], "text": self.text}


@dataclass(frozen=True)
class Mean:
    """The mean of several logits (평균 결합)."""

    models: tuple[Model, ...]

    def contributions(self, table: Table) -> Contributions:
        found: Contributions = {}
        for model in self.models:
            for column, values in model.contributions(table).items():
                found[column] = found.get(column, 0.0) + values / len(self.models)
        return found

    def logits(self, table: Table) -> Floats:
        return total(self.contributions(table))

    def as_json(self) -> dict[str, Any]:
        return {"kind": "mean", "models": [model.as_json() for model in self.models]}


def view(plans: Sequence[Plan], table: Table, side: Literal["wide", "narrow"]) -> Iterator[Feature]:
    """Every feature of every plan, in order."""
    for plan in plans:
        yield from getattr(plan, side)(table[plan.column.name], table)


def share(found: Contributions, values: Floats, columns: Sequence[str]) -> None:
    """Add a feature's contribution to the columns it comes from, in equal parts."""
    for column in columns:
        found[column] = found.get(column, 0.0) + values / len(columns)


def total(contributions: Contributions) -> Floats:
    return np.asarray(sum(contributions.values()))


def trees_library() -> Any:
    """LightGBM. Raises InputError where the system lacks the library that it needs."""
    try:
        import lightgbm
    except OSError as error:
        raise InputError("no_trees", f"LightGBM cannot be loaded: {error}", hint="apt-get install libgomp1") from error
    return lightgbm


def loaded(raw: Mapping[str, Any]) -> Model:
    """A model from its plain form."""
    kind = raw["kind"]
    if kind == "usual":
        return Usual(float(raw["rate"]))
    if kind == "single":
        rates = {str(name): float(rate) for name, rate in raw["rates"].items()}
        return Single(Plan.of(raw["plan"]), tuple(map(float, raw["edges"])), rates, float(raw["usual"]))
    if kind == "line":
        weights = {str(name): (float(pair[0]), float(pair[1])) for name, pair in raw["weights"].items()}
        return Line(tuple(map(Plan.of, raw["plans"])), float(raw["intercept"]), weights)
    if kind == "trees":
        return Trees(tuple(map(Plan.of, raw["plans"])), str(raw["text"]))
    if kind == "mean":
        return Mean(tuple(map(loaded, raw["models"])))
    raise ValueError(f"unknown model {kind!r}")


__all__ = ["Contributions", "Line", "Mean", "Model", "Single", "Trees", "Usual", "expit", "loaded", "total"]
