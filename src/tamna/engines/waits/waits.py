"""The learner itself: fit, predict, evaluate, and the folder that holds it.

Quantile trees correct the queue's own sum. The last known days, each judged by what was learnt before them, choose between
trees and sum and set how far the interval must be widened or drawn in (split conformal, departments with many rows by themselves).
"""

import copy
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import tamna
from tamna.engines.errors import InputError
from tamna.engines.learning import folder
from tamna.engines.learning.columns import Column, Floats
from tamna.engines.learning.metrics import rounded
from tamna.engines.waits.habits import Habits, calling
from tamna.engines.waits.log import Visit, as_days, day_column, once, visits
from tamna.engines.waits.replay import FEATURES, Moment, replay

FORM = "tamna-wait/1"
NAIVE_RULE = "people to be called before × pace of today"
ALPHAS = (0.1, 0.5, 0.9)
LEVEL = 0.8
Z80 = 1.2816
AT_ONCE = 0.5  # minutes
ROUNDS = 200
TREES = {
    "objective": "quantile", "learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 60, "lambda_l2": 5.0, "feature_fraction": 0.7,
    "bagging_fraction": 0.8, "bagging_freq": 1, "num_threads": 1, "deterministic": True, "force_row_wise": True, "verbosity": -1,
}  # fmt: skip
ENOUGH_ROWS = 400  # before the first judged day
ENOUGH_DAYS = 4
ENOUGH_TO_WIDEN = 100
ENOUGH_OF_DEPT = 400
PULL_OF_DEPT = 2_000  # rows of everyone's widening that a department's own is mixed with
WARM_DAYS = 2  # the first days are not learnt from: habits were still unknown
MARGIN = 0.01  # share of the sum's error that trees must save
MOST_ROWS = 300_000
SUM, TREES_NAME, NAIVE = "sum", "trees", "naive"


@dataclass(frozen=True)
class Wait:
    """One row's answer, in minutes; `known` is what it was told from."""

    row: int
    predicted: float
    lo80: float
    hi80: float
    known: Mapping[str, float]


@dataclass(frozen=True)
class Band:
    """Low, middle and high of many rows."""

    low: Floats
    middle: Floats
    high: Floats

    def widened(self, by: Floats) -> "Band":
        """Each side moved out by this share of the width and a little; a low end under half a minute is none."""
        step = by * (self.high - self.low + 0.5)
        low, high = self.low - step, np.maximum(self.high + step, 0)
        low = np.where(low < AT_ONCE, 0, low)
        return Band(np.minimum(low, self.middle), self.middle, np.maximum(high, self.middle))

    def covers(self, waited: Floats) -> Floats:
        return np.asarray((self.low <= waited) & (waited <= self.high), dtype=float)


@dataclass(frozen=True)
class Corrected:
    """Trees over the queue's sum; none means the sum alone."""

    texts: tuple[str, ...] = ()

    @cached_property
    def boosters(self) -> list[Any]:
        import lightgbm

        return [lightgbm.Booster(model_str=text) for text in self.texts]

    def band(self, moments: Sequence[Moment]) -> Band:
        total, spread = (np.array([moment.known[name] for moment in moments]) for name in ("sum", "spread"))
        if not self.texts:
            return Band(np.maximum(total - Z80 * spread, 0), total, total + Z80 * spread)
        matrix = _matrix(moments)
        three = np.array([np.maximum(total + booster.predict(matrix), 0) for booster in self.boosters])
        return Band(*np.sort(three, axis=0))

    @classmethod
    def fit(cls, moments: Sequence[Moment], seed: int) -> "Corrected":
        import lightgbm

        learnt = moments[-MOST_ROWS:]
        matrix = _matrix(learnt)
        beyond = np.array([moment.visit.wait - moment.known["sum"] for moment in learnt])
        texts = []
        for alpha in ALPHAS:
            settings = TREES | {"alpha": alpha, "seed": seed}
            data = lightgbm.Dataset(matrix, beyond, params=settings)
            texts.append(lightgbm.train(settings, data, num_boost_round=ROUNDS).model_to_string())
        return cls(tuple(texts))


@dataclass(frozen=True)
class Widening:
    """How far each department's interval is moved; the usual one elsewhere."""

    usual: float = 0.0
    depts: Mapping[str, float] = field(default_factory=dict)

    def of(self, moments: Sequence[Moment]) -> Floats:
        return np.array([self.depts.get(moment.visit.dept, self.usual) for moment in moments])

    @classmethod
    def fit(cls, band: Band, moments: Sequence[Moment]) -> "Widening":
        if len(moments) < ENOUGH_TO_WIDEN:
            return cls()
        waited, depts = _waited(moments), np.array([moment.visit.dept for moment in moments])
        usual, named = _step(band, waited), {}
        for dept in sorted(set(depts.tolist())):
            mine = depts == dept
            if mine.sum() >= ENOUGH_OF_DEPT:
                own, n = _step(_part(band, mine), waited[mine]), int(mine.sum())
                named[dept] = (n * own + PULL_OF_DEPT * usual) / (n + PULL_OF_DEPT)
        return cls(usual, named)


@dataclass(frozen=True)
class Waits:
    """A learnt queue with its card."""

    day: Column
    habits: Habits
    model: Corrected
    widening: Widening
    naive_errors: tuple[float, float]  # 10 % and 90 % of what the naive rule was wrong by
    learnt_through: float
    card: Mapping[str, Any]

    @property
    def is_baseline(self) -> bool:
        return not self.model.texts

    def predict(self, table: pl.DataFrame) -> list[Wait]:
        """Every row with a day and a check-in, in the order of the table, each from what was known at its check-in."""
        moments, stands = self._replayed(table)
        band = self._told(moments)
        answers = {
            moment.visit.row: Wait(moment.visit.row, round(middle, 2), round(low, 2), round(high, 2), moment.known)
            for moment, low, middle, high in zip(moments, band.low.tolist(), band.middle.tolist(), band.high.tolist(), strict=True)
        }  # fmt: skip
        return [replace(answers[first], row=row) for row, first in sorted(stands.items()) if first in answers]

    def tell(self, log: Sequence[Visit], asked: Sequence[int]) -> list[Wait]:
        """The rows asked for, of one day's log that is ready made: as `predict` would answer, in the order asked."""
        moments = list(replay(log, self.day, self.habits.today(), frozenset(asked)))
        band = self._told(moments)
        answers = {
            moment.visit.row: Wait(moment.visit.row, round(middle, 2), round(low, 2), round(high, 2), moment.known)
            for moment, low, middle, high in zip(moments, band.low.tolist(), band.middle.tolist(), band.high.tolist(), strict=True)
        }  # fmt: skip
        return [answers[row] for row in asked if row in answers]

    def evaluate(self, table: pl.DataFrame) -> dict[str, Any]:
        """Figures on rows that say when they were called. Raises InputError where none does."""
        moments = _finished(self._replayed(table)[0])
        if not moments:
            raise InputError("no_target", "no row says when it was called", "start_min", "evaluation needs start_min")
        band = self._told(moments)
        later = [moment.visit.day > self.learnt_through for moment in moments]
        split = {
            "kind": "later" if all(later) else "mixed" if any(later) else "not_later", "time": "day",
            "learnt_through": shown(self.learnt_through, self.day), "judged_from": shown(moments[0].visit.day, self.day),
            "judged_through": shown(moments[-1].visit.day, self.day), "later": sum(later), "not_later": len(later) - sum(later),
        }  # fmt: skip
        return {"task": "wait", **self._named(), **_report(band, moments, self.naive_errors), "split": split}

    def _replayed(self, table: pl.DataFrame) -> tuple[list[Moment], dict[int, int]]:
        written = day_column(table)
        day = self.day if not np.isnan(self.day.numbers(table["day"])).all() else written
        log, stands = once(visits(table, day))
        return list(replay(log, day, copy.deepcopy(self.habits))), stands

    def _told(self, moments: Sequence[Moment]) -> Band:
        return self.model.band(moments).widened(self.widening.of(moments)) if moments else Band(*(np.array([]),) * 3)

    def _named(self) -> dict[str, Any]:
        return {name: self.card[name] for name in ("model", "reason", "naive_rule")}

    def save(self, place: Path) -> None:
        """Write the folder, whole or not at all."""
        model = {
            "form": FORM, "day": asdict(self.day), "habits": self.habits.as_json(), "trees": list(self.model.texts), "features": list(FEATURES),
            "widening": {"usual": self.widening.usual, "depts": dict(self.widening.depts)}, "naive_errors": list(self.naive_errors),
            "learnt_through": self.learnt_through,
        }  # fmt: skip
        folder.write(place, self.card, model)

    @classmethod
    def load(cls, place: Path) -> "Waits":
        card, raw = folder.read(place, FORM)
        try:
            if raw["features"] != list(FEATURES):
                raise ValueError("other features")
            low, high = map(float, raw["naive_errors"])
            depts = {str(dept): float(by) for dept, by in raw["widening"]["depts"].items()}
            return cls(
                Column(**raw["day"]), Habits.of(raw["habits"]), Corrected(tuple(map(str, raw["trees"]))),
                Widening(float(raw["widening"]["usual"]), depts), (low, high), float(raw["learnt_through"]), card,
            )  # fmt: skip
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError("broken_model", f"{place} cannot be read ({error})", "--model", "fit the model again") from error  # fmt: skip


@dataclass(frozen=True)
class _Block:
    """Some later days and what each candidate, knowing only the days before, said of them."""

    moments: list[Moment]
    bands: Mapping[str, Band]


def fit(table: pl.DataFrame, *, origins: int = 4, seed: int = 0) -> Waits:
    """Learn from every row that says when it was called."""
    return _learnt(table, origins, seed)[0]


def backtest(table: pl.DataFrame, *, origins: int = 4, seed: int = 0) -> dict[str, Any]:
    """How well each stretch of the later half of the days would have been told from the days before it."""
    waits, figures = _learnt(table, origins, seed)
    return {"task": "wait", **waits._named(), **figures}


def _learnt(table: pl.DataFrame, origins: int, seed: int) -> tuple[Waits, dict[str, Any]]:
    day = day_column(table)
    log, _ = once(visits(table, day))
    days = as_days(log)
    if not days:
        raise InputError("no_rows", "no row has a day and a time", "checkin_min", "minutes after midnight")
    rule, urgent = calling(days[: max(len(days) // 2, 1)])  # the days before the first judged one
    habits = Habits(rule=rule, urgent=urgent)
    moments = _finished(list(replay(log, day, habits)))
    blocks = _blocks(days, moments, day, origins, seed)
    name, reason = _choice(blocks)
    judged = [moment for block in blocks for moment in block.moments]
    figures = _judged(blocks, day)
    waits = Waits(
        day, habits, Corrected.fit(_warm(days, moments), seed) if name == TREES_NAME else Corrected(),
        Widening.fit(_joined([block.bands[name] for block in blocks]), judged) if blocks else Widening(),
        _naive_errors(judged or moments), days[-1][0].day, {},
    )  # fmt: skip
    card = {
        "form": FORM, "target": "start_min - checkin_min", "model": name, "reason": reason, "naive_rule": NAIVE_RULE,
        "learnt_from": shown(days[0][0].day, day), "learnt_through": shown(days[-1][0].day, day),
        "rows": {"rows": len(table), "days": len(days), "queues": len({visit.queue for visit in log}), "learnt_from": len(moments)},
        "calling": {"rule": rule, "urgent": list(urgent)}, "features": list(FEATURES), "widening": rounded(waits.widening.usual),
        "backtest": figures, "seed": seed,
        "versions": {"tamna": tamna.__version__, "python": platform.python_version()} | {name: metadata.version(name) for name in ("lightgbm", "numpy", "polars")},
    }  # fmt: skip
    return replace(waits, card=card), figures


def _blocks(days: Sequence[Sequence[Visit]], moments: Sequence[Moment], day: Column, origins: int, seed: int) -> list[_Block]:  # fmt: skip
    """The later half of the days in stretches, each told by trees that know only earlier days, and by the sum."""
    names = [today[0].day for today in days]
    if len(names) < ENOUGH_DAYS:
        return []
    half = len(names) // 2
    cuts = sorted({half + (len(names) - half) * turn // origins for turn in range(origins)})
    found = []
    for start, end in pairwise([*cuts, len(names)]):
        known = [moment for moment in moments if moment.visit.day < names[start]]
        later = [moment for moment in moments if names[start] <= moment.visit.day <= names[end - 1]]
        if len(known) < ENOUGH_ROWS or not later:
            continue
        bands = {SUM: Corrected().band(later)}
        if _has_trees():
            bands[TREES_NAME] = Corrected.fit(_warm(days, known), seed).band(later)
        found.append(_Block(later, bands))
    return found


def _has_trees() -> bool:
    """Whether LightGBM can be loaded (it needs libgomp)."""
    try:
        import lightgbm  # noqa: F401
    except OSError:
        return False
    return True


def _choice(blocks: Sequence[_Block]) -> tuple[str, str]:
    """Trees, if they told these blocks better than the sum; why not, otherwise."""
    if not blocks:
        return SUM, "too_little_data"
    if any(TREES_NAME not in block.bands for block in blocks):
        return SUM, "no_trees"
    errors = {
        name: np.concatenate([np.abs(block.bands[name].middle - _waited(block.moments)) for block in blocks]).mean()
        for name in (SUM, TREES_NAME)
    }
    return (TREES_NAME, "") if errors[TREES_NAME] < errors[SUM] * (1 - MARGIN) else (SUM, "not_better_than_sum")


def _judged(blocks: Sequence[_Block], day: Column) -> dict[str, Any]:
    """Each block told by a choice and a widening of the blocks before it alone."""
    told, moments, parts, errors = [], [], [], []
    for turn, block in enumerate(blocks[1:], start=1):
        before = blocks[:turn]
        name, _ = _choice(before)
        known = [moment for each in before for moment in each.moments]
        widening = Widening.fit(_joined([each.bands[name] for each in before]), known)
        told.append(block.bands[name].widened(widening.of(block.moments)))
        moments += block.moments
        errors += [_naive_errors(known)] * len(block.moments)
        first, last = block.moments[0].visit.day, block.moments[-1].visit.day
        parts.append({"known_before": shown(first, day), "judged_through": shown(last, day), "n": len(block.moments)})
    if not told:
        return {"n": 0, "metrics": None, "naive": None, "split": {"kind": "none"}}
    return {**_report(_joined(told), moments, np.array(errors).T), "split": {"kind": "rolling", "time": "day", "blocks": parts}}  # fmt: skip


def _report(band: Band, moments: Sequence[Moment], naive_errors: Any) -> dict[str, Any]:
    """Figures of the model, of the naive rule and of the queue's own sum; by department; of those who have to wait."""
    waited = _waited(moments)
    simple = np.array([moment.naive for moment in moments])
    naive = Band(np.maximum(simple + naive_errors[0], 0), simple, np.maximum(simple + naive_errors[1], 0))
    depts = np.array([moment.visit.dept for moment in moments])
    queued = np.array([moment.known["ahead"] + moment.known["in_room"] > 0 for moment in moments])

    def figures(mine: Any) -> dict[str, Any]:
        return {"n": int(mine.sum()), "metrics": _figures(_part(band, mine), waited[mine]), "naive": _figures(_part(naive, mine), waited[mine])}  # fmt: skip

    return {
        "n": len(moments),
        "metrics": _figures(band, waited),
        "naive": _figures(naive, waited),
        "sum": _figures(Corrected().band(moments), waited),
        "calibration": {
            "wanted": LEVEL, "covered": rounded(band.covers(waited).mean()), "below": rounded((waited < band.low).mean()),
            "above": rounded((waited > band.high).mean()),
        },
        "queued": figures(queued) if queued.any() else None,
        "groups": {"dept": [{"value": dept or None, **figures(depts == dept)} for dept in sorted(set(depts.tolist()))]},
    }  # fmt: skip


def _figures(band: Band, waited: Floats) -> dict[str, Any]:
    """`under_min` is the mean number of minutes by which the wait was longer than told."""
    error = band.middle - waited
    return {
        "mae": rounded(np.abs(error).mean()), "rmse": rounded(np.sqrt((error**2).mean())), "under_min": rounded(np.maximum(-error, 0).mean()),
        "within_10": rounded((np.abs(error) <= 10).mean()), "coverage80": rounded(band.covers(waited).mean()),
        "width80": rounded((band.high - band.low).mean()),
    }  # fmt: skip


def _step(band: Band, waited: Floats) -> float:
    """The least widening, by halving, that covers the wanted share."""
    low, high = -0.5, 4.0
    for _ in range(40):
        middle = (low + high) / 2
        if band.widened(np.full(len(waited), middle)).covers(waited).mean() >= LEVEL:
            high = middle
        else:
            low = middle
    return high


def _matrix(moments: Sequence[Moment]) -> Floats:
    return np.array([[moment.known[name] for name in FEATURES] for moment in moments])


def _waited(moments: Sequence[Moment]) -> Floats:
    return np.array([moment.visit.wait for moment in moments])


def _finished(moments: Sequence[Moment]) -> list[Moment]:
    return [moment for moment in moments if moment.visit.wait == moment.visit.wait]


def _warm(days: Sequence[Sequence[Visit]], moments: Sequence[Moment]) -> list[Moment]:
    """Without the first days, where enough is left."""
    later = [moment for moment in moments if moment.visit.day >= days[WARM_DAYS][0].day]
    return later if len(later) >= ENOUGH_ROWS else list(moments)


def _part(band: Band, mine: Any) -> Band:
    return Band(band.low[mine], band.middle[mine], band.high[mine])


def _joined(bands: Sequence[Band]) -> Band:
    return Band(*(np.concatenate([getattr(band, side) for band in bands]) for side in ("low", "middle", "high")))


def _naive_errors(moments: Sequence[Moment]) -> tuple[float, float]:
    if not moments:
        return 0.0, 0.0
    low, high = np.quantile(_waited(moments) - np.array([moment.naive for moment in moments]), (0.1, 0.9))
    return float(low), float(high)


def shown(day: float, column: Column) -> str:
    return str(np.datetime64(int(day), "D")) if column.kind == "date" else f"{day:.12g}"
