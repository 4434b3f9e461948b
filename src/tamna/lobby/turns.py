"""Whose turn comes when (내 순서): one's own expected call time, moving with the queue, and what a board shows of everybody.

The wait is people before one with the same doctor × today's pace, with its 80 % interval (`engines.queueing`); numbers are
public, names are masked, and shown only where the board's own policy says so.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tamna.core import clock
from tamna.core.format import named
from tamna.engines.queueing import predict_wait
from tamna.lobby import names
from tamna.lobby.models import CheckIn, Device
from tamna.reception.models import Ticket
from tamna.reception.waits import USUAL_MIN, LiveError, live_error

CALLED = (Ticket.Status.CALLED, Ticket.Status.IN_ROOM)
NEXT, SLIP_MINUTES = 3, 30
LEAST_RANGE = 5  # minutes: no call is told more exactly than that


@dataclass(frozen=True)
class Turn:
    """A ticket, how many come before it, and between which times it will be called."""

    ticket: Ticket
    ahead: int
    earliest: datetime
    latest: datetime

    @property
    def is_called(self) -> bool:
        return self.ticket.status in CALLED

    @property
    def is_over(self) -> bool:
        return self.ticket.status not in Ticket.ACTIVE


def turn(ticket: Ticket) -> Turn:
    """One's own turn now. Two queries."""
    now = clock.now()
    queue = Ticket.objects.filter(
        department=ticket.department_id, practitioner=ticket.practitioner_id, business_on=ticket.business_on
    )
    active = list(
        queue.filter(status__in=Ticket.ACTIVE)
        .order_by("priority", "due_at", "pk")
        .values_list("pk", "status", "entered_at")
    )
    return _turn(ticket, active, _minutes(queue), now)


def _minutes(queue: Any) -> list[float]:
    done = queue.filter(status="done", entered_at__isnull=False, ended_at__isnull=False).order_by("-ended_at")
    return [(end - start).total_seconds() / 60 for start, end in done.values_list("entered_at", "ended_at")[:20]]


def _turn(ticket: Ticket, active: list[tuple[int, str, datetime | None]], minutes: list[float], now: datetime) -> Turn:
    before = [pk for pk, status, _ in active if status in ("waiting", "called")]
    ahead = before.index(ticket.pk) if ticket.pk in before else len(before)
    since = min(
        ((now - entered).total_seconds() / 60 for _, status, entered in active if status == "in_room" and entered),
        default=None,
    )
    wait = predict_wait(ahead, minutes, USUAL_MIN, since).value
    latest = max(wait.high80, wait.low80 + LEAST_RANGE)
    return Turn(ticket, ahead, now + timedelta(minutes=wait.low80), now + timedelta(minutes=latest))


def yesterday_error() -> LiveError | None:
    """How far off the waits told yesterday were. One query."""
    return live_error(clock.today() - timedelta(days=1))


@dataclass(frozen=True)
class Line:
    """A doctor's queue on a board."""

    department: str
    room: str
    called: list[Ticket]
    coming: list[Turn]


def lines(device: Device) -> list[Line]:
    """What a board shows: every doctor with people, in the language in use. Three queries."""
    now = clock.now()
    rows = Ticket.objects.filter(business_on=clock.today())
    if device.departments:
        rows = rows.filter(department__code__in=device.departments)
    active = defaultdict(list)
    fields = rows.filter(status__in=Ticket.ACTIVE).select_related(
        "department", "practitioner__room", "encounter__patient"
    )
    for ticket in fields.order_by("department__code", "priority", "due_at", "pk"):
        active[ticket.department_id, ticket.practitioner_id].append(ticket)
    paces = defaultdict(list)
    done = rows.filter(status="done", entered_at__isnull=False, ended_at__isnull=False).order_by("ended_at")
    for department, doctor, start, end in done.values_list(
        "department_id", "practitioner_id", "entered_at", "ended_at"
    ):
        paces[department, doctor].append((end - start).total_seconds() / 60)
    found = []
    for key, tickets in active.items():
        facts = [(each.pk, each.status, each.entered_at) for each in tickets]
        waiting = [each for each in tickets if each.status == Ticket.Status.WAITING]
        coming = [_turn(each, facts, paces[key][-20:], now) for each in waiting[:NEXT]]
        called = [each for each in tickets if each.status in CALLED]
        doctor = tickets[0].practitioner
        found.append(
            Line(names.department(tickets[0].department), named(doctor.room) if doctor else "", called, coming)
        )
    return found


def slips(device: Device) -> list[CheckIn]:
    """Slips given while the server was away that became a number within the last half hour. One query."""
    rows = CheckIn.objects.filter(
        made_at__gte=clock.now() - timedelta(minutes=SLIP_MINUTES), ticket__isnull=False
    ).exclude(slip="")
    if device.departments:
        rows = rows.filter(ticket__department__code__in=device.departments)
    return list(rows.select_related("ticket__department").order_by("-made_at")[:12])
