"""Doctors' hours (진료시간표) and the bookable times that come from them, kept open a number of weeks ahead.

A week is set from a day on; earlier hours stay for the record. Times are Seoul's. Holidays open nothing. A booked time is
never taken away: when its hour goes, it is closed to new bookings and listed for the desk. Raises reception.hours_*.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Q

from tamna.core import audit, clock, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError, refused_as
from tamna.core.models import Department, Hospital, Practitioner, Room
from tamna.engines.calendar import holiday_name
from tamna.reception.models import Absence, Appointment, ClinicHours, Slot


@dataclass(frozen=True)
class Block:
    """Hours of one weekday, e.g. Monday 09:00–12:30."""

    weekday: int
    starts: time
    ends: time


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


@transaction.atomic
def keep_doctor(
    *, license_no: str, name_ko: str, department_code: str, by: Actor, name_en: str = "", room: str = "", pk: int | None = None,
    is_active: bool = True,
) -> Practitioner:  # fmt: skip
    """A new doctor, or the changed facts of one (의사 등록). The room is made where the department has none of that name."""
    number, name = license_no.strip(), name_ko.strip()
    if not number.isdigit() or len(number) > 10 or not name:
        raise DomainError("reception.doctor_form")
    department = Department.objects.filter(code=department_code).first()
    if department is None:
        raise DomainError("core.unknown_department", code=department_code)
    place = Room.objects.get_or_create(department=department, name_ko=room.strip()[:40], defaults={"name_en": room.strip()[:40]})[0] if room.strip() else None  # fmt: skip
    row = Practitioner.objects.select_for_update().get(pk=pk) if pk else Practitioner()
    row.license_no, row.name_ko, row.name_en = number, name[:40], name_en.strip()[:60]
    row.department, row.room, row.is_active = department, place, is_active
    with refused_as(core_practitioner_license_no_key="reception.license_taken"):
        row.save()
    action = "practitioner.changed" if pk else "practitioner.made"
    audit.note(action, by=by, subject_type="practitioner", subject_id=row.public_id)
    outbox.record(action, {"practitioner_id": row.pk}, by=by)
    if pk:
        follow(row)
    return row


@transaction.atomic
def set_week(*, practitioner_id: int, blocks: Iterable[Block], minutes: int, valid_from: date, by: Actor) -> int:
    """The doctor's week from a day on. Returns how many bookable times are open now. Raises hours_overlap, hours_past."""
    doctor = Practitioner.objects.select_for_update().get(pk=practitioner_id)
    week = sorted(blocks, key=lambda block: (block.weekday, block.starts))
    if valid_from < clock.today():
        raise DomainError("reception.hours_past")
    if not 5 <= minutes <= 120:
        raise DomainError("reception.hours_minutes")
    for block in week:
        if block.starts >= block.ends or not 0 <= block.weekday <= 6:
            raise DomainError("reception.hours_overlap")
    for one, following in itertools.pairwise(week):
        if one.weekday == following.weekday and following.starts < one.ends:
            raise DomainError("reception.hours_overlap")
    ClinicHours.objects.filter(practitioner=doctor, valid_from__gte=valid_from).delete()
    ClinicHours.objects.filter(practitioner=doctor).filter(Q(valid_to=None) | Q(valid_to__gte=valid_from)).update(
        valid_to=valid_from - timedelta(days=1)
    )
    ClinicHours.objects.bulk_create(
        ClinicHours(practitioner=doctor, weekday=block.weekday, starts=block.starts, ends=block.ends, minutes=minutes, valid_from=valid_from)
        for block in week
    )  # fmt: skip
    audit.note(
        "hours.set", by=by, subject_type="practitioner", subject_id=doctor.public_id, detail={"blocks": len(week)}
    )
    outbox.record("hours.set", {"practitioner_id": doctor.pk}, by=by)
    return follow(doctor)


@transaction.atomic
def add_absence(*, practitioner_id: int, first_on: date, last_on: date, reason: str, by: Actor) -> Absence:
    """Days a doctor is away (휴진): free times close. Raises reception.absence_days."""
    doctor = Practitioner.objects.select_for_update().get(pk=practitioner_id)
    if not clock.today() <= first_on <= last_on or (last_on - first_on).days > 400:
        raise DomainError("reception.absence_days")
    row = Absence.objects.create(practitioner=doctor, first_on=first_on, last_on=last_on, reason=reason.strip()[:100])
    audit.note("absence.added", by=by, subject_type="practitioner", subject_id=doctor.public_id)
    outbox.record("absence.added", {"practitioner_id": doctor.pk, "absence_id": row.pk}, by=by)
    follow(doctor)
    return row


@transaction.atomic
def remove_absence(*, absence_id: int, by: Actor) -> None:
    row = Absence.objects.select_for_update().select_related("practitioner").get(pk=absence_id)
    doctor = row.practitioner
    row.delete()
    audit.note("absence.removed", by=by, subject_type="practitioner", subject_id=doctor.public_id)
    outbox.record("absence.removed", {"practitioner_id": doctor.pk}, by=by)
    follow(doctor)


def starts_of(
    hours: Iterable[ClinicHours], absences: Iterable[Absence], first: date, last: date
) -> dict[datetime, int]:
    """Every bookable time of these days: start → minutes."""
    found: dict[datetime, int] = {}
    away = [(row.first_on, row.last_on) for row in absences]
    rows = list(hours)
    for number in range((last - first).days + 1):
        on = first + timedelta(days=number)
        if holiday_name(on) or any(start <= on <= end for start, end in away):
            continue
        for row in rows:
            if row.weekday == on.weekday() and row.valid_from <= on and (row.valid_to is None or on <= row.valid_to):
                for minute in range(_minutes(row.starts), _minutes(row.ends) - row.minutes + 1, row.minutes):
                    found[clock.at_seoul(on, minute)] = row.minutes
    return found


@transaction.atomic
def follow(doctor: Practitioner) -> int:
    """Bring a doctor's bookable times in line with hours and absences, from now on. Returns how many are open."""
    hospital = Hospital.objects.first()
    now, first = clock.now(), clock.today()
    last = first + timedelta(weeks=hospital.booking_weeks if hospital else 8)
    week, absences = list(doctor.hours.all()), list(doctor.absences.all())
    existing = {
        slot.starts_at: slot for slot in Slot.objects.filter(practitioner=doctor, is_extra=False, starts_at__gt=now)
    }
    if not doctor.is_active:
        wanted = {}
    elif week:
        wanted = {start: minutes for start, minutes in starts_of(week, absences, first, last).items() if start > now}
    else:  # times opened by somebody else (the HIS, the synthetic hospital): only days away close them
        away = [(row.first_on, row.last_on) for row in absences]
        wanted = {
            start: slot.minutes for start, slot in existing.items()
            if not any(begin <= clock.business_day(start) <= end for begin, end in away)
        }  # fmt: skip
    Slot.objects.bulk_create(
        (Slot(practitioner=doctor, starts_at=start, minutes=minutes) for start, minutes in wanted.items() if start not in existing),
        ignore_conflicts=True,
    )  # fmt: skip
    reopen = [slot.pk for start, slot in existing.items() if start in wanted and not slot.is_open]
    close = [slot.pk for start, slot in existing.items() if start not in wanted and slot.is_open]
    Slot.objects.filter(pk__in=reopen).update(is_open=True)
    Slot.objects.filter(pk__in=close).update(is_open=False)
    return len(wanted)


def open_ahead() -> int:
    """Keep every doctor's times open the hospital's number of weeks ahead. Doctors without hours here are left alone."""
    doctors = Practitioner.objects.filter(is_active=True, hours__isnull=False).distinct()
    return sum(follow(doctor) for doctor in doctors)


def stranded(practitioner_id: int) -> list[Appointment]:
    """Bookings whose time has closed since: to be called and moved (휴진 예약자)."""
    rows = Appointment.objects.filter(slot__practitioner_id=practitioner_id, slot__is_open=False, status="booked")
    return list(rows.filter(starts_at__gt=clock.now()).select_related("patient").order_by("starts_at")[:200])


def week_of(practitioner_id: int, on: date) -> list[ClinicHours]:
    """The hours in force on a day, or else the next that will be."""
    rows = ClinicHours.objects.filter(practitioner_id=practitioner_id).filter(Q(valid_to=None) | Q(valid_to__gte=on))
    starts = rows.order_by("valid_from").values_list("valid_from", flat=True)
    begin = max([day for day in starts if day <= on], default=starts[0] if starts else on)
    return list(rows.filter(valid_from=begin).order_by("weekday", "starts"))
