"""The learner itself: fit, predict, evaluate, and the folder that holds it."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import tamna
from tamna.engines.errors import InputError
from tamna.engines.learning import folder, metrics
from tamna.engines.learning.calibration import Calibrator
from tamna.engines.learning.columns import Column, Floats, present, share
from tamna.engines.risk import fitting
from tamna.engines.risk.evaluation import report, shown
from tamna.engines.risk.models import Model, Usual, loaded
from tamna.engines.risk.reasons import Reason, reasons
from tamna.engines.risk.task import Roles, Task, outcome, prepare

FORM = "tamna-risk/1"


@dataclass(frozen=True)
class Prediction:
    """One row's answer."""

    id: str
    probability: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Risk:
    """A learnt risk with its card."""

    roles: Roles
    model: Model
    calibrator: Calibrator
    naive: Model
    clock: Column | None
    learnt_through: float | None
    columns: tuple[str, ...]  # that the model reads
    card: Mapping[str, Any]

    @property
    def is_baseline(self) -> bool:
        return isinstance(self.model, Usual)

    def predict(self, table: pl.DataFrame) -> list[Prediction]:
        """Each row by itself. Raises InputError where the table has no id or none of the columns."""
        if self.roles.id and self.roles.id not in table.columns:
            raise InputError(
                "no_such_column", f"the table has no column {self.roles.id!r}", "--id", "name the id with --id"
            )
        ids = (
            table[self.roles.id].cast(pl.String).fill_null("").to_list()
            if self.roles.id
            else [str(row) for row in range(1, len(table) + 1)]
        )
        read = self._read(table)
        contributions = self.model.contributions(read)
        chance = self.calibrator(np.asarray(sum(contributions.values())))
        slope = self.calibrator.slope if self.calibrator.name == "line" else 1.0
        values = {name: present(read[name]).to_list() for name in contributions if name}
        why = reasons(contributions, chance, slope, values, self.clock.name if self.clock else "")
        return [
            Prediction(id_, round(float(probability), 6), found)
            for id_, probability, found in zip(ids, chance.tolist(), why, strict=True)
        ]

    def named(self, id_: str | None = None, groups: tuple[str, ...] = ()) -> "Risk":
        """The same risk for a table that calls its id otherwise, or to be compared by other groups."""
        return replace(self, roles=replace(self.roles, id=id_ or self.roles.id, groups=groups or self.roles.groups))

    def lacking(self, names: Sequence[str]) -> list[str]:
        """Columns the model reads that a table does not have: missing in every row."""
        return [name for name in self.columns if name not in names]

    def evaluate(self, table: pl.DataFrame) -> dict[str, Any]:
        """Figures on rows that say what happened. Raises InputError where none does."""
        if self.roles.target not in table.columns:
            raise InputError(
                "no_such_column",
                f"the table has no column {self.roles.target!r}",
                "--target",
                "evaluation needs what happened",
            )
        happened, _ = outcome(table[self.roles.target], self.roles.positive)
        said = ~np.isnan(happened)
        if not said.any():
            raise InputError("no_target", "no row says what happened", "--target", "evaluation needs what happened")
        rows, happened = table.filter(pl.Series(said)), happened[said]
        read = self._read(rows)
        chance, naive = self.calibrator(self.model.logits(read)), metrics.expit(self.naive.logits(read))
        times = self.clock.numbers(read[self.clock.name]) if self.clock and self.clock.name in rows.columns else None
        timed = times if times is not None and not np.isnan(times).any() else None
        groups = {name: rows[name] for name in self.roles.groups if name in rows.columns}
        found = report(happened, chance, naive, times=timed, clock=self.clock, groups=groups)
        return {"task": "risk", **self._named(), **found, "split": self._split(times, happened, chance, naive)}

    def _split(self, times: Floats | None, happened: Floats, chance: Floats, naive: Floats) -> dict[str, Any]:
        """Which of the rows came after everything that was learnt, and the figures of those alone where not all did."""
        if times is None or self.learnt_through is None or self.clock is None:
            return {"kind": "given", "time": self.roles.time or None}
        show, known = shown(self.clock), times[~np.isnan(times)]
        later = times > self.learnt_through
        found: dict[str, Any] = {
            "kind": "later" if later.all() else "mixed" if later.any() else "not_later", "time": self.roles.time,
            "learnt_through": show(self.learnt_through), "judged_from": show(known.min()) if len(known) else None,
            "judged_through": show(known.max()) if len(known) else None, "later": int(later.sum()), "not_later": int((~later).sum()),
        }  # fmt: skip
        if later.any() and not later.all():
            found["metrics_of_later"] = metrics.figures(happened[later], chance[later])
            found["naive_of_later"] = metrics.figures(happened[later], naive[later])
        return found

    def _named(self) -> dict[str, Any]:
        return {name: self.card[name] for name in ("target", "positive", "model", "reason", "naive_rule")}

    def _read(self, table: pl.DataFrame) -> pl.DataFrame:
        """The table with every column that the model reads, those it lacks empty."""
        wanted = {*self.columns, *([self.clock.name] if self.clock else [])}
        lacking = [pl.lit(None, dtype=pl.String).alias(name) for name in sorted(wanted) if name not in table.columns]
        return table.with_columns(lacking)

    def save(self, place: Path) -> None:
        """Write the folder, whole or not at all."""
        folder.write(place, self.card, self.as_json())

    def as_json(self) -> dict[str, Any]:
        return {
            "form": FORM, "roles": asdict(self.roles), "model": self.model.as_json(), "calibrator": self.calibrator.as_json(),
            "naive": self.naive.as_json(), "clock": asdict(self.clock) if self.clock else None,
            "learnt_through": self.learnt_through, "columns": list(self.columns),
        }  # fmt: skip

    @classmethod
    def load(cls, place: Path) -> "Risk":
        card, raw = folder.read(place, FORM)
        try:
            return cls.of(raw, card)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                "broken_model", f"{place} cannot be read ({error})", "--model", "fit the model again"
            ) from error

    @classmethod
    def of(cls, raw: Mapping[str, Any], card: Mapping[str, Any]) -> "Risk":
        return cls(
            Roles.of(raw["roles"]), loaded(raw["model"]), Calibrator.of(raw["calibrator"]), loaded(raw["naive"]),
            Column(**raw["clock"]) if raw["clock"] else None, raw["learnt_through"], tuple(raw["columns"]), card,
        )  # fmt: skip


def fit(table: pl.DataFrame, roles: Roles, *, origins: int = 5, seed: int = 0, sure: float = 1) -> Risk:
    """Learn from every row that says what happened. `sure`: standard errors by which a model must beat the naive rule."""
    task = prepare(table, roles, seed)
    found = fitting.fit(task, count=origins, seed=seed, sure=sure)
    columns = tuple(
        sorted({column.name for column in task.columns} | ({task.reference.name} if task.reference else set()))
    )
    card = _card(task, roles, found, seed)
    return Risk(roles, found.model, found.calibrator, found.naive, task.time, task.through, columns, card)


def backtest(table: pl.DataFrame, roles: Roles, *, origins: int = 5, seed: int = 0) -> dict[str, Any]:
    """How well each stretch would have been told from what was known before it."""
    task = prepare(table, roles, seed)
    found = fitting.fit(task, count=origins, seed=seed)
    card = _card(task, roles, found, seed)
    return {
        "task": "risk",
        **{name: card[name] for name in ("target", "positive", "model", "reason", "naive_rule")},
        **card["backtest"],
    }


def _card(task: Task, roles: Roles, found: fitting.Fitted, seed: int) -> dict[str, Any]:
    missing = {column.name: round(share(present(task.table[column.name]).is_null()), 4) for column in task.columns}
    named = {} if task.times is None or task.time is None else {
        "learnt_from": shown(task.time)(task.times.min()), "learnt_through": shown(task.time)(task.times.max())
    }  # fmt: skip
    return {
        "form": FORM, "target": roles.target, "positive": roles.positive, "id": roles.id or None, "time": roles.time or None,
        "groups": list(roles.groups), **named, "rows": task.counts, "rate": metrics.rounded(task.happened.mean()),
        "model": found.name, "reason": found.reason, "naive_rule": found.naive_rule, "calibration": found.calibrator.name,
        "candidates": found.candidates,
        "columns": [{"name": column.name, "kind": column.kind, "missing": missing[column.name]} for column in task.columns],
        "left_out": task.left_out, "backtest": _backtest(task, roles, found), "seed": seed,
        "versions": {"tamna": tamna.__version__, "python": platform.python_version()}
        | {name: metadata.version(name) for name in ("lightgbm", "numpy", "polars", "scikit-learn", "scipy")},
    }  # fmt: skip


def _backtest(task: Task, roles: Roles, found: fitting.Fitted) -> dict[str, Any]:
    """Figures over the judged blocks and how they were cut."""
    told = found.told
    if told is None:
        return {"n": 0, "metrics": None, "naive": None, "split": {"kind": "none"}}
    rows = task.table[told.places]
    groups = {name: rows[name] for name in roles.groups}
    times = None if task.times is None else task.times[told.places]
    figures = report(task.happened[told.places], told.chance, told.naive, times=times, clock=task.time, groups=groups)
    split: dict[str, Any] = {"kind": "hash of the id", "blocks": [len(block) for block in told.blocks]}
    if task.times is not None and task.time is not None:
        show, every = shown(task.time), task.times
        split = {"kind": "rolling", "time": roles.time, "blocks": [
            {"known_before": show(every[block].min()), "judged_through": show(every[block].max()), "n": len(block)} for block in told.blocks
        ]}  # fmt: skip
    return {**figures, "split": split}
