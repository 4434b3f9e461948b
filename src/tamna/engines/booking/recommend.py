"""Which free times suit a patient (예약 시간 추천): by their own habits, the wait that is usual then, and how full the day is.

No chance of missing a booking is an input: nobody is shown a worse time for it. In: candidates, the patient's past times.
Out: the best first, each with its score (0–1) and reasons as (key, facts).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

HABIT, WAIT, LOAD, SOON = 0.4, 0.3, 0.2, 0.1  # shares of the score
NEAR_MIN = 90.0  # how far from the usual minute still feels the same
LONG_WAIT = 40.0
A_MONTH = 30


@dataclass(frozen=True)
class Candidate:
    """A free time: weekday 0 Monday, minute of the day, what the department is like then."""

    key: int
    weekday: int
    minute: int
    lead_days: int
    wait_min: float
    load: float  # share of the day's places that are taken
    doctor: int = 0


@dataclass(frozen=True)
class Past:
    """A time the patient came at."""

    weekday: int
    minute: int
    doctor: int = 0


@dataclass(frozen=True)
class Suggested:
    key: int
    score: float
    reasons: tuple[tuple[str, dict[str, Any]], ...] = field(default=())


def rank(candidates: Sequence[Candidate], past: Sequence[Past], *, limit: int = 5) -> list[Suggested]:
    """The best `limit`; ties go to the earlier day."""
    return sorted((_judged(row, past) for row in candidates), key=lambda found: -found.score)[:limit]


def _judged(row: Candidate, past: Sequence[Past]) -> Suggested:
    habit, reasons = _habit(row, past)
    calm = max(0.0, 1 - row.wait_min / LONG_WAIT)
    score = HABIT * habit + WAIT * calm + LOAD * (1 - row.load) + SOON * max(0.0, 1 - row.lead_days / A_MONTH)
    reasons.append(("wait", {"minutes": round(row.wait_min)}))
    if row.load <= 0.5:
        reasons.append(("quiet_day", {"percent": round(row.load * 100)}))
    return Suggested(row.key, round(score, 4), tuple(reasons))


def _habit(row: Candidate, past: Sequence[Past]) -> tuple[float, list[tuple[str, dict[str, Any]]]]:
    """How like the patient's own times it is; half where nothing is known."""
    if not past:
        return 0.5, []
    days = sum(each.weekday == row.weekday for each in past) / len(past)
    hours = sum(math.exp(-(((each.minute - row.minute) / NEAR_MIN) ** 2)) for each in past) / len(past)
    doctor = sum(each.doctor == row.doctor for each in past) / len(past)
    reasons: list[tuple[str, dict[str, Any]]] = []
    if doctor >= 0.5:
        reasons.append(("own_doctor", {}))
    if days >= 0.4:
        reasons.append(("usual_day", {"share": round(days * 100)}))
    if hours >= 0.5:
        reasons.append(("usual_hour", {"share": round(hours * 100)}))
    return 0.3 * days + 0.3 * hours + 0.4 * doctor, reasons
