"""Reads of reception: queues, the board, slots and bookings of a day. Bounded queries."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet, Subquery

from tamna.core import clock
from tamna.core.models import Department, Practitioner
from tamna.engines.queueing import predict_wait
from tamna.patients.models import Coverage, Patient
from tamna.reception.models import Appointment, Encounter, Slot, Ticket
from tamna.reception.visit_log import QueuedRow, queued_rows
from tamna.reception.waits import GONE, USUAL_MIN, Joining, by_model

MOVED_UP = 35  # before the booked, after emergencies
SOON = 3  # who has fewer before them is in the room within 20 minutes anyway, at six minutes a visit


@dataclass(frozen=True)
class QueueRow:
    """A department's queue at a glance (대기 현황)."""

    department: Department
    waiting: int
    in_room: int
    done: int
    longest_min: int
    predicted_min: float
    low80: float
    high80: float
    by: str = "baseline"  # or model

    @property
    def fill(self) -> int:
        """Percent of an hour, for the bar."""
        return min(100, int(self.predicted_min / 60 * 100))


def board(on: date | None = None) -> list[QueueRow]:
    """Every open department with its queue, told by the model of the night where one is in use. Three queries at most."""
    day, now = on or clock.today(), clock.now()
    tickets: dict[str, list[QueuedRow]] = {}
    queued = queued_rows(Ticket.objects.filter(business_on=day))
    for row in queued:
        tickets.setdefault(row.visit.department, []).append(row)
    rows = []
    for department in Department.objects.filter(is_open=True):
        mine = tickets.get(department.code, [])
        waiting = [row.visit for row in mine if row.status in ("waiting", "called", "absent")]
        in_room = [row.visit for row in mine if row.status == "in_room"]
        done = [row.visit for row in mine if row.status == "done"]
        minutes = [
            (row.ended_at - row.entered_at).total_seconds() / 60 for row in done if row.entered_at and row.ended_at
        ][-20:]
        doctors = max(1, len({row.practitioner_id for row in in_room + waiting}))
        since = min(((now - row.entered_at).total_seconds() / 60 for row in in_room if row.entered_at), default=None)
        wait = predict_wait(len(waiting), minutes, USUAL_MIN, since, doctors).value
        longest = max(((now - row.issued_at).total_seconds() / 60 for row in waiting), default=0)
        rows.append(
            QueueRow(
                department, len(waiting), len(in_room), len(done), int(longest), wait.minutes, wait.low80, wait.high80
            )
        )
    return _told(rows, tickets, queued, day, now)


def _told(
    rows: list[QueueRow], tickets: dict[str, list[QueuedRow]], queued: list[QueuedRow], day: date, now: datetime
) -> list[QueueRow]:
    """The rows with waits by the model, as someone who joins the doctor with the fewest waiting."""
    busy = [row for row in rows if row.waiting or row.in_room]
    joining = []
    for row in busy:
        lines = Counter[int | None]()
        for ticket in tickets[row.department.code]:
            if ticket.status not in GONE:
                lines[ticket.visit.practitioner_id] += ticket.status in ("waiting", "called")
        joining.append(Joining(row.department.code, min(lines, key=lambda doctor: (lines[doctor], doctor or 0))))
    found = by_model([row.visit for row in queued if row.status not in GONE], joining, day, now)
    told = {row.department.pk: wait for row, wait in zip(busy, found, strict=False)}
    return [
        replace(row, predicted_min=wait.minutes, low80=wait.low80, high80=wait.high80, by="model") if (wait := told.get(row.department.pk)) else row
        for row in rows
    ]  # fmt: skip


def waiting(department_id: int, on: date | None = None, *, limit: int) -> list[Ticket]:
    """Active tickets of a department in calling order (대기열), the first `limit`. One query."""
    tickets = Ticket.objects.filter(
        department_id=department_id, business_on=on or clock.today(), status__in=Ticket.ACTIVE
    )
    tickets = tickets.select_related("encounter__patient", "practitioner__room", "encounter__appointment")
    return list(tickets.order_by("priority", "due_at", "pk")[:limit])


def slots_of(practitioner_id: int, on: date) -> list[Slot]:
    """A doctor's slots of a day with who took them. Two queries."""
    start = clock.at_seoul(on)
    taken = Appointment.objects.exclude(status="cancelled").select_related("patient")
    slots = Slot.objects.filter(
        practitioner_id=practitioner_id, starts_at__gte=start, starts_at__lt=start + timedelta(days=1)
    )
    return list(slots.prefetch_related(Prefetch("appointments", taken, to_attr="taken")).order_by("starts_at"))


def bookings() -> QuerySet[Appointment]:
    """Bookings, for paging by ("starts_at", "id")."""
    return Appointment.objects.select_related(
        "patient", "slot__practitioner__department", "slot__practitioner__room", "noshow_chance"
    )


def on_day(rows: QuerySet[Appointment], day: str) -> QuerySet[Appointment]:
    """Those of a day, written 2026-11-24. The slot's own time is asked too, so that a doctor's other days are not read."""
    start = clock.at_seoul(date.fromisoformat(day))
    span = (start, start + timedelta(days=1) - timedelta(microseconds=1))
    return rows.filter(starts_at__range=span, slot__starts_at__range=span)


def bookings_of(on: date) -> QuerySet[Appointment]:
    """Bookings of a day."""
    return on_day(bookings(), str(on))


def bookings_today(patient_id: int) -> list[Appointment]:
    """Today's bookings of a patient that wait for arrival."""
    return list(bookings_of(clock.today()).filter(patient_id=patient_id, status="booked").order_by("starts_at"))


def doctors_of(department_id: int) -> QuerySet[Practitioner]:
    return (
        Practitioner.objects.filter(department_id=department_id, is_active=True)
        .select_related("room")
        .order_by("license_no")
    )


def doctors() -> QuerySet[Practitioner]:
    """Every doctor with the last time open to booking (`last_slot`), read from the end of the doctor's own times."""
    coming = Slot.objects.filter(practitioner=OuterRef("pk"), is_open=True, starts_at__gt=clock.now())
    last = Subquery(coming.order_by("-starts_at").values("starts_at")[:1])
    return Practitioner.objects.select_related("department", "room").annotate(last_slot=last)


def doctors_in(rows: QuerySet[Practitioner], state: str) -> QuerySet[Practitioner]:
    """Those who see patients, who left, or who see patients and cannot be booked."""
    return rows.filter(
        {"here": Q(is_active=True), "gone": Q(is_active=False), "no_hours": Q(is_active=True, last_slot=None)}.get(
            state, Q()
        )
    )


def visits_of(patient_id: int) -> QuerySet[Encounter]:
    """A patient's visits, newest first when paged by ("-arrived_at", "-id")."""
    return Encounter.objects.filter(patient_id=patient_id).select_related("department", "practitioner")


def unchecked_visits(*, limit: int = 20) -> list[Encounter]:
    """Today's open visits whose eligibility was not answered today (자격 미확인), in any order, so that none is in the way."""
    open_ones = Encounter.objects.filter(business_on=clock.today(), finished_at=None).select_related("patient")
    unknown = Q(coverage=None) | Q(coverage__checked_on__lt=F("business_on"))
    return list(open_ones.filter(unknown, patient__identities__isnull=False).order_by("?")[:limit])


def stale_bookers(on: date, older_than_days: int) -> QuerySet[Patient]:
    """People booked on a day whose last eligibility answer is older than so many days before it, or who have none."""
    fresh = Coverage.objects.filter(patient=OuterRef("pk"), checked_on__gte=on - timedelta(days=older_than_days))
    start = clock.at_seoul(on)
    booked = Appointment.objects.filter(
        patient=OuterRef("pk"), status="booked", starts_at__gte=start, starts_at__lt=start + timedelta(days=1)
    )
    return Patient.objects.filter(Exists(booked), ~Exists(fresh), identities__isnull=False).distinct().order_by("pk")


def left_behind(department_id: int, now: datetime) -> list[Ticket]:
    """Those who wait over an hour, or over half an hour at 75 and more, and still have several before them with their doctor.

    Longest first (장시간 대기); nobody while no doctor of the department sees anyone: moving up would change nothing. One query.
    """
    day = clock.business_day(now)
    old = day.replace(year=day.year - 75, day=min(day.day, 28))
    rows = Ticket.objects.filter(department_id=department_id, business_on=day, status__in=("waiting", "in_room"))
    rows = rows.select_related("department").annotate(born=F("encounter__patient__birth_on"))
    tickets = list(rows.order_by("priority", "due_at", "pk")[:300])
    if not any(ticket.status == "in_room" for ticket in tickets):
        return []
    found, before = [], Counter[int | None]()
    for ticket in tickets:
        if ticket.status != "waiting":
            continue
        limit = 30 if ticket.born <= old else 60
        if ticket.priority > MOVED_UP and wait_now(ticket, now) >= limit and before[ticket.practitioner_id] >= SOON:
            found.append(ticket)
        before[ticket.practitioner_id] += 1
    return sorted(found, key=lambda ticket: (ticket.issued_at, ticket.pk))


def wait_now(ticket: Ticket, now: datetime) -> int:
    """Minutes since the ticket was issued."""
    return int(((ticket.called_at or now) - ticket.issued_at).total_seconds() / 60)
