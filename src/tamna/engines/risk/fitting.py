"""Chooses and fits a model (학습): what told later rows best, against the naive rule, by splits that time allows.

Each origin's candidates see the rows before it alone, features included. The choice and the calibration that judge a block
come from other blocks (earlier ones where there is time), so no figure flatters itself. Too little, or nothing better than
the naive rule: the naive rule is the model, and the card says so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tamna.engines.errors import InputError
from tamna.engines.learning import calibration, metrics
from tamna.engines.learning.calibration import Calibrator
from tamna.engines.learning.columns import Floats
from tamna.engines.learning.splits import Origin, Places, number, origins, tallies_elsewhere
from tamna.engines.risk import features
from tamna.engines.risk.features import Plan
from tamna.engines.risk.models import PENALTIES, ROUNDS, Line, Mean, Model, Single, Trees, Usual, trees_library
from tamna.engines.risk.task import Task

ENOUGH_ROWS = 80
ENOUGH_OF_EACH = 15  # events, and non-events
ROWS_A_ROUND = 5  # known rows that each round of trees must have
JUDGE_ROWS = 60_000  # the latest known rows that candidates are compared on
FOLDS = 10  # into which known rows are cut for rates out of their own fold
MEMORY = 1 / 3  # of the known time, after which a row weighs half
MARGIN = 0.002  # share of the naive rule's log loss that a model must save
USUAL, NAIVE = SIMPLE = ("usual", "naive")


@dataclass(frozen=True)
class Judged:
    """What each candidate said of one block before it knew it."""

    rows: Origin
    logits: Mapping[str, Floats]


@dataclass(frozen=True)
class Fitted:
    """The model in use, the naive rule beside it, and how both did on rows they did not know."""

    model: Model
    calibrator: Calibrator
    naive: Model
    name: str
    reason: str  # why it is not more than the naive rule; else empty
    candidates: Mapping[str, float]  # log loss of each over all blocks
    told: "Told | None"

    @property
    def naive_rule(self) -> str:
        """The column whose rate the naive rule takes; empty for the overall rate."""
        return self.naive.plan.column.name if isinstance(self.naive, Single) else ""


@dataclass(frozen=True)
class Told:
    """Chances of the judged blocks as they would have been told then, row by row."""

    places: Places
    blocks: tuple[Places, ...]
    chance: Floats
    naive: Floats


def fit(task: Task, *, count: int = 5, seed: int = 0, sure: float = 1) -> Fitted:
    """The best candidate for the task; `sure`: standard errors by which it must beat the simple ones. One thread: sums come out the same on every run and machine of one kind."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return _fit(task, count, seed, sure)


def _fit(task: Task, count: int, seed: int, sure: float) -> Fitted:
    happened = task.happened
    events = int(happened.sum())
    usual = Usual.fit(happened)
    if len(happened) < ENOUGH_ROWS or min(events, len(happened) - events) < ENOUGH_OF_EACH or not task.columns:
        why = "constant_target" if events in (0, len(happened)) else "too_little_data" if task.columns else "no_column"
        return Fitted(usual, Calibrator(), usual, USUAL, why, {}, None)
    turns = origins(task.times, task.ids, count if len(happened) <= JUDGE_ROWS else min(count, 3), seed)
    blocks = judged(task, turns, seed)
    if not blocks:
        return Fitted(usual, Calibrator(), usual, USUAL, "no_later_rows", {}, None)
    name, reason = choice(task, blocks, sure)
    make = _maker(task, seed)
    losses = {candidate: round(loss, 5) for candidate, loss in sorted(_losses(task, blocks).items())}
    return Fitted(make(name), calibrated(task, blocks, name), make(NAIVE), name, reason, losses, told(task, blocks))


def judged(task: Task, turns: Sequence[Origin], seed: int) -> list[Judged]:
    """What every candidate says of every block; a block before which hardly one answer was known is passed over."""
    found = [
        Origin(turn.known[-JUDGE_ROWS:], turn.judged)
        for turn in turns
        if _tells(task.happened[turn.known[-JUDGE_ROWS:]])
    ]
    fewest = min((len(origin.known) for origin in found), default=0)
    rounds = [rounds for rounds in ROUNDS if rounds * ROWS_A_ROUND <= fewest] or [min(ROUNDS)]
    blocks = (Judged(origin, _said(task, origin, rounds, seed)) for origin in found)
    return [block for block in blocks if block.logits]


def _tells(known: Floats) -> bool:
    return bool(min(known.sum(), len(known) - known.sum()) >= ENOUGH_OF_EACH // 3)


def _said(task: Task, origin: Origin, turns: Sequence[int], seed: int) -> dict[str, Floats]:
    """The logits of every candidate, the same ones for every block; none where the known rows hold nothing to tell by."""
    known, later = task.table[origin.known], task.table[origin.judged]
    happened = task.happened[origin.known]
    plans = planned(task, origin.known)
    if not plans:
        return {}
    then = _known_then(task, plans, origin.known, seed)
    said = {USUAL: Usual.fit(happened).logits(later), NAIVE: Single.fit(plans, known, happened).logits(later)}
    lines = Line.fit(plans, known, happened, weighed(task, origin.known), then)
    said |= {f"line{place}": line.logits(later) for place, line in enumerate(lines)}
    for kind in ("trees", "pairs"):
        trees = _trees(task, plans, origin.known, then, kind, max(turns), seed)
        for rounds, logits in trees.staged(later, turns).items() if trees else ():
            said[f"{kind}{rounds}"] = logits
            said |= {f"line{place}+{kind}{rounds}": (logits + said[f"line{place}"]) / 2 for place in range(len(lines))}
    return said


def planned(task: Task, rows: Any) -> tuple[Plan, ...]:
    return features.fit(
        task.table[rows], task.columns, task.happened[rows], hidden=task.hidden, reference=task.reference
    )


def weighed(task: Task, rows: Any) -> Floats:
    """Newer rows weigh more: half as much a third of the known time ago."""
    if task.times is None:
        return np.ones(len(rows))
    times = task.times[rows]
    third = (times.max() - times.min()) * MEMORY
    weights = 0.5 ** ((times.max() - times) / third) if third > 0 else np.ones(len(rows))
    return np.asarray(weights / weights.mean())


def _trees(
    task: Task, plans: tuple[Plan, ...], rows: Any, known: Mapping[str, Floats], kind: str, rounds: int, seed: int
) -> Trees | None:
    """Trees, or trees over pairs of numbers too; none without pairs, or where LightGBM cannot be loaded (it needs libgomp)."""
    plans = features.paired(plans, task.columns) if kind == "pairs" else plans
    if not plans:
        return None
    try:
        trees_library()
    except InputError:
        return None
    table, happened = task.table[rows], task.happened[rows]
    return Trees.fit(plans, table, happened, weighed(task, rows), known=known, rounds=rounds, seed=seed)


def _known_then(task: Task, plans: Sequence[Plan], rows: Any, seed: int) -> dict[str, Floats]:
    """What was known of each row's names in other folds: the features that stand in for the final ones while learning."""
    table, happened, folds = task.table[rows], task.happened[rows], _folds(task, rows, seed)
    known: dict[str, Floats] = {}
    for plan in plans:
        if plan.tallies:
            names = plan.column.text(table[plan.column.name]).fill_null("\0").to_numpy().astype(str)
            n, hits = tallies_elsewhere(names, happened, folds, is_ordered=task.times is not None)
            known |= {name: values for name, values, _ in plan.history(n, hits)}
    return known


def _folds(task: Task, rows: Any, seed: int) -> Any:
    """The fold of each known row: stretches of time where there is time, else by the id's hash."""
    if task.times is None:
        return np.array([number(task.ids[row], seed + 1) % FOLDS for row in rows])
    times = task.times[rows]
    edges = np.unique(np.quantile(times, np.linspace(0, 1, 2 * FOLDS + 1)[1:-1], method="higher"))
    return np.searchsorted(edges, times, side="right")


def choice(task: Task, blocks: Sequence[Judged], sure: float = 1) -> tuple[str, str]:
    """The candidate with the least log loss, if it saves enough over the simple ones, more than by chance, and not on old blocks alone."""
    losses = _losses(task, blocks)
    best = min(losses, key=lambda name: (losses[name], name))
    simple = min(SIMPLE, key=lambda name: losses[name])
    saves = losses[best] < losses[simple] * (1 - MARGIN) and _gain(task, blocks, best, simple) > sure
    if saves and _gain(task, blocks[-1:], best, simple) > -2:
        return best, ""
    return simple, "not_better_than_naive"


def _gain(task: Task, blocks: Sequence[Judged], name: str, other: str) -> float:
    """How much log loss a candidate saves against another, in standard errors."""
    saved = np.concatenate([
        metrics.losses(task.happened[block.rows.judged], metrics.expit(block.logits[other]))
        - metrics.losses(task.happened[block.rows.judged], metrics.expit(block.logits[name]))
        for block in blocks
    ])  # fmt: skip
    weights = np.repeat(_turns(task, blocks), [len(block.rows.judged) for block in blocks])
    mean = np.average(saved, weights=weights)
    error = np.sqrt(np.sum((weights * (saved - mean)) ** 2)) / weights.sum()
    return float(mean / max(error, 1e-12))


def _turns(task: Task, blocks: Sequence[Judged]) -> Floats:
    """What a row of each block weighs: more in later blocks, being told from more rows and nearer to what comes."""
    return np.arange(1.0, len(blocks) + 1) if task.times is not None else np.ones(len(blocks))


def _losses(task: Task, blocks: Sequence[Judged]) -> dict[str, float]:
    """Log loss of each candidate."""
    weights = _turns(task, blocks) * [len(block.rows.judged) for block in blocks]
    return {
        name: float(np.average([_loss(task, block, name) for block in blocks], weights=weights))
        for name in blocks[0].logits
    }


def _loss(task: Task, block: Judged, name: str) -> float:
    return metrics.log_loss(task.happened[block.rows.judged], metrics.expit(block.logits[name]))


def calibrated(task: Task, blocks: Sequence[Judged], name: str) -> Calibrator:
    return calibration.chosen(
        [task.happened[block.rows.judged] for block in blocks], [block.logits[name] for block in blocks]
    )


def told(task: Task, blocks: Sequence[Judged]) -> Told | None:
    """Each block judged by a choice and a calibration of the others alone (the earlier ones, where there is time)."""
    kept: list[tuple[Places, Floats, Floats]] = []
    for turn, block in enumerate(blocks):
        others = blocks[:turn] if task.times is not None else [other for other in blocks if other is not block]
        if others:
            name, _ = choice(task, others)
            chance = calibrated(task, others, name)(block.logits[name])
            kept.append((block.rows.judged, chance, metrics.expit(block.logits[NAIVE])))
    if not kept:
        return None
    places, chances, naive = zip(*kept, strict=True)
    return Told(np.concatenate(places), places, np.concatenate(chances), np.concatenate(naive))


def _maker(task: Task, seed: int) -> Callable[[str], Model]:
    """Makes a candidate by its name from all rows."""
    rows = np.arange(len(task.happened))
    plans, weights = planned(task, rows), weighed(task, rows)
    then = _known_then(task, plans, rows, seed)

    def make(name: str) -> Model:
        if "+" in name:
            return Mean(tuple(make(part) for part in name.split("+")))
        if name.startswith("line"):
            return Line.fit(plans, task.table, task.happened, weights, then, [PENALTIES[int(name[4:])]])[0]
        if name.startswith(("trees", "pairs")) and (
            found := _trees(task, plans, rows, then, name[:5], int(name[5:]), seed)
        ):
            return found
        return Usual.fit(task.happened) if name == USUAL else Single.fit(plans, task.table, task.happened)

    return make
