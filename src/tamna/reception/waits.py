"""Predicted waits of queues: reads today's tickets and asks the queueing engine."""

from datetime import date, datetime

from django.db.models import QuerySet

from tamna.engines.explain import Explained
from tamna.engines.queueing import Wait, predict_wait
from tamna.reception.models import Ticket

USUAL_MIN = 7.2  # the national survey's mean consultation; replaced by the department's own as soon as there is one
CHRONIC = frozenset(
    {"I10", "I11", "E11", "E10", "E78", "J45", "J44", "K74", "N18", "F20", "F32", "G40", "M05"}
)  # 만성질환


def predicted(department_id: int, practitioner_id: int | None, on: date, now: datetime) -> Explained[Wait]:
    """Wait of someone who joins now. Two queries."""
    queue = Ticket.objects.filter(department_id=department_id, business_on=on)
    if practitioner_id:
        queue = queue.filter(practitioner_id=practitioner_id)
    return _predict(queue, now)


def _predict(queue: QuerySet[Ticket], now: datetime) -> Explained[Wait]:
    active = queue.filter(status__in=["waiting", "called", "in_room"]).values_list("status", "entered_at")
    states = list(active)
    finished = queue.filter(status="done", entered_at__isnull=False, ended_at__isnull=False).order_by("-ended_at")
    minutes = [(end - start).total_seconds() / 60 for start, end in finished.values_list("entered_at", "ended_at")[:20]]
    in_room = [(now - entered).total_seconds() / 60 for status, entered in states if status == "in_room" and entered]
    ahead = sum(1 for status, _ in states if status in ("waiting", "called"))
    return predict_wait(ahead, minutes, USUAL_MIN, min(in_room) if in_room else None)
