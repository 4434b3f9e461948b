"""Why a chance is what it is (이유): the columns that moved it most, in points, in the reader's words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tamna.engines.learning.columns import Floats
from tamna.engines.learning.metrics import expit, logit_of
from tamna.engines.risk.models import Contributions
from tamna.params import load_raw

MOST = 3
LEAST_POINTS = 0.05
LONGEST_VALUE = 40


@dataclass(frozen=True)
class Reason:
    """One column's share of one row's chance."""

    column: str
    value: str | None
    points: float  # percentage points that the chance would be lower (or higher, below zero) without it
    is_moment: bool = False  # the time of the row, of which only weekday, month and hour speak

    def as_json(self) -> dict[str, Any]:
        return {"column": self.column, "value": self.value, "points": self.points}

    def said(self, lang: str, names: Mapping[str, str] | None = None) -> str:
        """`names` are what the reader calls columns, where he does not call them as the table does."""
        words = load_raw("risk/words")
        value = words["moment" if self.is_moment else "missing"][lang] if self.value is None else self.value
        value = value if len(value) <= LONGEST_VALUE else value[: LONGEST_VALUE - 1] + "…"
        shape: str = words["reasons"]["raises" if self.points > 0 else "lowers"][lang]
        return shape.format(
            column=(names or {}).get(self.column, self.column), value=value, points=f"{abs(self.points):.1f}"
        )


def reasons(
    contributions: Contributions,
    chance: Floats,
    slope: float,
    values: Mapping[str, Sequence[str | None]],
    clock: str = "",
) -> list[tuple[Reason, ...]]:
    """For each row the columns that moved its chance most, strongest first; ties by name."""
    columns = sorted(name for name in contributions if name)
    if not columns:
        return [()] * len(chance)
    shares = np.column_stack([contributions[name] for name in columns]) * slope
    points = (chance[:, None] - expit(logit_of(chance)[:, None] - shares)) * 100
    order = np.argsort(-np.abs(np.round(points, 6)), axis=1, kind="stable")[:, :MOST]
    return [
        tuple(
            _reason(columns[place], values[columns[place]][row], float(points[row, place]), clock)
            for place in order[row]
            if abs(points[row, place]) >= LEAST_POINTS
        )
        for row in range(len(chance))
    ]


def _reason(column: str, value: str | None, points: float, clock: str) -> Reason:
    return Reason(column, None if column == clock else value, round(points, 2), column == clock)


def said(found: Sequence[Reason], lang: str, *, is_baseline: bool, names: Mapping[str, str] | None = None) -> str:
    if found:
        return "; ".join(reason.said(lang, names) for reason in found)
    return str(load_raw("risk/words")["reasons"]["baseline" if is_baseline else "usual"][lang])
