"""Predicted waits of queues: today's tickets, told by the model of the night where there is one, else by people × pace.

The baseline (`engines.queueing`) is told beside it and kept with each ticket, so that both are measured on what happened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import structlog
from django.db.models import QuerySet

from tamna.core import clock
from tamna.engines.explain import Explained
from tamna.engines.queueing import Wait, predict_wait
from tamna.reception import learning
from tamna.reception.models import Learner, Ticket
from tamna.reception.visit_log import VisitRow, visit_log, visit_rows

log = structlog.get_logger()
USUAL_MIN = 7.2  # the national survey's mean consultation; replaced by the department's own as soon as there is one
CHRONIC = frozenset(
    {"I10", "I11", "E11", "E10", "E78", "J45", "J44", "K74", "N18", "F20", "F32", "G40", "M05"}
)  # 만성질환
GONE = (Ticket.Status.CANCELLED, Ticket.Status.ABSENT)


@dataclass(frozen=True)
class Told:
    """A wait, what the baseline says, and which of them is in use."""

    wait: Wait
    baseline: Explained[Wait]
    by: str  # model or baseline

    def fields(self) -> dict[str, Any]:
        """Columns of a ticket."""
        held = {"predicted_wait_min": self.wait.minutes, "predicted_low_min": self.wait.low80, "predicted_high_min": self.wait.high80, "baseline_wait_min": self.baseline.value.minutes}  # fmt: skip
        return {name: Decimal(str(min(value, 9_999.9))) for name, value in held.items()} | {"predicted_by": self.by}


@dataclass(frozen=True)
class Joining:
    """Someone who would join a queue now."""

    department: str
    practitioner_id: int | None
    booked_at: datetime | None = None
    is_first_visit: bool = False
    ktas: int | None = None


def predicted(department_id: int, joining: Joining, on: date, now: datetime) -> Told:
    """Wait of someone who joins now. Four queries at most."""
    queue = Ticket.objects.filter(department_id=department_id, business_on=on)
    mine = queue.filter(practitioner_id=joining.practitioner_id) if joining.practitioner_id else queue
    baseline = _baseline(mine, now)
    found = by_model(visit_rows(queue.exclude(status__in=GONE)), [joining], on, now)
    return Told(found[0], baseline, "model") if found else Told(baseline.value, baseline, "baseline")


def by_model(queue: Sequence[VisitRow], joining: Sequence[Joining], on: date, now: datetime) -> list[Wait]:
    """Each one's wait by the model in use; nothing where there is none, or it cannot tell. A fault is logged and the baseline answers."""
    waits = learning.waits_in_use()
    if waits is None or not joining:
        return []
    rows = [*queue, *(_joining_row(each, on, now) for each in joining)]
    try:
        answers = waits.tell(visit_log(rows), range(len(rows) - len(joining), len(rows)))
    except Exception as error:  # the desk goes on whatever a learnt model does
        log.error("wait.model_failed", error=type(error).__name__)
        return []
    if len(answers) < len(joining):
        return []
    return [Wait(round(answer.predicted, 1), round(answer.lo80, 1), round(answer.hi80, 1)) for answer in answers]


def _joining_row(joining: Joining, on: date, now: datetime) -> VisitRow:
    return VisitRow(on, joining.department, joining.practitioner_id, joining.booked_at, joining.is_first_visit, joining.ktas, now, None, None)  # fmt: skip


def _baseline(queue: QuerySet[Ticket], now: datetime) -> Explained[Wait]:
    active = queue.filter(status__in=["waiting", "called", "in_room"]).values_list("status", "entered_at")
    states = list(active)
    finished = queue.filter(status="done", entered_at__isnull=False, ended_at__isnull=False).order_by("-ended_at")
    minutes = [(end - start).total_seconds() / 60 for start, end in finished.values_list("entered_at", "ended_at")[:20]]
    in_room = [(now - entered).total_seconds() / 60 for status, entered in states if status == "in_room" and entered]
    ahead = sum(1 for status, _ in states if status in ("waiting", "called"))
    return predict_wait(ahead, minutes, USUAL_MIN, min(in_room) if in_room else None)


@dataclass(frozen=True)
class LiveError:
    """How far waits told on a day were off, in minutes, beside the baseline; `covered` is the share within the interval."""

    n: int
    error: float
    baseline_error: float
    covered: float


def live_error(on: date) -> LiveError | None:
    """Of a day's tickets that were called in and had both told. One query."""
    told = Ticket.objects.filter(
        business_on=on, entered_at__isnull=False, predicted_wait_min__isnull=False, baseline_wait_min__isnull=False
    )
    fields = (
        "issued_at",
        "entered_at",
        "predicted_wait_min",
        "baseline_wait_min",
        "predicted_low_min",
        "predicted_high_min",
    )
    rows = [
        ((entered - issued).total_seconds() / 60, *map(float, minutes)) for issued, entered, *minutes in told.values_list(*fields)
    ]  # fmt: skip
    if not rows:
        return None
    n = len(rows)
    return LiveError(
        n, sum(abs(told - waited) for waited, told, *_ in rows) / n, sum(abs(plain - waited) for waited, _, plain, *_ in rows) / n,
        sum(low - 0.5 <= waited <= high + 0.5 for waited, _, _, low, high in rows) / n,
    )  # fmt: skip


def is_on() -> bool:
    return not Learner.objects.filter(key=Learner.WAIT, is_on=False).exists()


def today_error() -> LiveError | None:
    return live_error(clock.today())
