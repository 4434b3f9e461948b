"""The learner itself: the risk engine over derived columns, with the outcomes that later bookings of the same patients need."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tamna.engines.errors import InputError
from tamna.engines.learning import folder
from tamna.engines.learning.columns import Column
from tamna.engines.noshow.history import BOOKED, GROUPS, ID, PATIENT, SLOT, TARGET, Clocks, History, derived
from tamna.engines.risk import Risk, Roles
from tamna.engines.risk import backtest as risk_backtest
from tamna.engines.risk import fit as risk_fit
from tamna.engines.risk.risk import Prediction

FORM = "tamna-noshow/1"


@dataclass(frozen=True)
class NoShows:
    """A learnt risk of no-shows and the history it was learnt with."""

    risk: Risk
    clocks: Clocks
    history: History

    @property
    def card(self) -> Mapping[str, Any]:
        return self.risk.card

    @property
    def is_baseline(self) -> bool:
        return self.risk.is_baseline

    def predict(self, table: pl.DataFrame) -> list[Prediction]:
        """Each booking from what was known when it was made: outcomes of this table's earlier slots too, where they are said."""
        return self.risk.predict(self._derived(table))

    def evaluate(self, table: pl.DataFrame) -> dict[str, Any]:
        """Figures on bookings that say what happened; by sex, age, insurance, department, and for those booked ahead."""
        return {**self.risk.evaluate(self._derived(table)), "task": "noshow"}

    def _derived(self, table: pl.DataFrame) -> pl.DataFrame:
        return derived(table, self.clocks.reading(table), self.history.kept)[0]

    def save(self, place: Path) -> None:
        """Write the folder, whole or not at all."""
        model = {
            "form": FORM, "risk": self.risk.as_json(), "history": self.history.as_json(),
            "booked": asdict(self.clocks.booked), "slot": asdict(self.clocks.slot),
        }  # fmt: skip
        folder.write(place, self.card, model)

    @classmethod
    def load(cls, place: Path) -> "NoShows":
        card, raw = folder.read(place, FORM)
        try:
            clocks = Clocks(Column(**raw["booked"]), Column(**raw["slot"]))
            return cls(Risk.of(raw["risk"], card), clocks, History.of(raw["history"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError("broken_model", f"{place} cannot be read ({error})", "--model", "fit the model again") from error  # fmt: skip


def fit(table: pl.DataFrame, *, origins: int = 5, seed: int = 0) -> NoShows:
    """Learn from every booking that says what happened."""
    clocks, rows, history = _ready(table)
    risk = risk_fit(rows, _roles(rows), origins=origins, seed=seed)
    card = {**risk.card, "form": FORM, "told_at": BOOKED, "outcomes_kept": len(history.kept)}
    return NoShows(Risk.of(risk.as_json(), card), clocks, history)


def backtest(table: pl.DataFrame, *, origins: int = 5, seed: int = 0) -> dict[str, Any]:
    """How well each stretch of slots would have been told from those before it."""
    _, rows, _ = _ready(table)
    return {**risk_backtest(rows, _roles(rows), origins=origins, seed=seed), "task": "noshow"}


def _ready(table: pl.DataFrame) -> tuple[Clocks, pl.DataFrame, History]:
    if TARGET not in table.columns:
        raise InputError(
            "no_such_column", f"the table has no column {TARGET!r}", TARGET, "learning needs what happened"
        )
    clocks = Clocks.of(table)
    rows, history = derived(table, clocks)
    if rows[TARGET].is_null().all():
        raise InputError("no_target", "no row says what happened", TARGET, "1 or 0, true or false, yes or no")
    return clocks, rows, history


def _roles(rows: pl.DataFrame) -> Roles:
    groups = tuple(name for name in GROUPS if name in rows.columns)
    silent = tuple(name for name in (PATIENT, BOOKED, "booked_ahead") if name in rows.columns)
    return Roles(TARGET, "1", ID, SLOT, groups, silent)
