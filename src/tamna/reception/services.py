"""Every write of reception: arrivals, the queue, the end of a visit, orders; bookings are in `booking`. One transaction each.

A race for a slot, a ticket or a number is decided by the database; the loser gets a sentence, not a crash.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from tamna.core import audit, clock, numbering, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError, refused_as
from tamna.core.models import Department, Practitioner
from tamna.patients.models import Coverage, Patient
from tamna.patients.payers import PAYERS
from tamna.patients.selectors import current
from tamna.reception import policy, waits
from tamna.reception.booking import book as book
from tamna.reception.booking import cancel as cancel
from tamna.reception.booking import reschedule as reschedule
from tamna.reception.models import Appointment, Condition, Encounter, ServiceRequest, Slot, Ticket

FOLLOW_UP_DAYS = 30  # 초·재진: same disease within 30 days is a follow-up [K]; chronic diseases 90
CHRONIC_DAYS = 90


@transaction.atomic
def open_slots(*, practitioner: Practitioner, starts: Sequence[datetime], minutes: int = 10) -> int:
    """Open bookable times (예약시간 개설); those that exist stay."""
    made = Slot.objects.bulk_create(
        [Slot(practitioner=practitioner, starts_at=start, minutes=minutes) for start in starts], ignore_conflicts=True
    )
    return len(made)


@transaction.atomic
def receive(
    *, patient_id: int, department_id: int, by: Actor, practitioner_id: int | None = None, appointment_id: int | None = None,
    setting: str = "outpatient", ktas: int | None = None, payer: str = "",
) -> Ticket:  # fmt: skip
    """Receive a patient (접수): visit, ticket and its number, priority with reason, predicted wait.

    Eligibility is looked up before, outside of this transaction (`patients.services.check_coverage`); the latest known
    one is attached. Raises reception.open_visit, reception.no_doctor.
    """
    patient = current(Patient.objects.select_related("merged_into").get(pk=patient_id))
    department = Department.objects.get(pk=department_id)
    now, on = clock.now(), clock.today()
    coverage = Coverage.objects.filter(patient=patient).order_by("-checked_on", "-id").first()
    appointment = _arrive(appointment_id, patient.pk)
    practitioner_id = practitioner_id or (appointment.slot.practitioner_id if appointment else None)
    practitioner_id = practitioner_id or _shortest_queue(department, on)
    valid = coverage is not None and (coverage.special_to is None or coverage.special_to >= on)
    with refused_as(one_open_visit="reception.open_visit"):
        encounter = Encounter.objects.create(
            patient=patient, department=department, practitioner_id=practitioner_id, appointment=appointment,
            coverage=coverage, setting=setting, payer=payer or (coverage.payer if coverage else "self"),
            special_case=coverage.special_case if coverage and valid else "", is_first_visit=_is_first(patient, department, on),
            ktas=ktas, business_on=on, arrived_at=now, is_synthetic=patient.is_synthetic,
        )  # fmt: skip
    booked_at = appointment.starts_at if appointment else None
    rank, reason = policy.priority(patient, at=now, ktas=ktas, booked_at=booked_at)
    joining = waits.Joining(department.code, practitioner_id, booked_at, encounter.is_first_visit, ktas)
    wait = waits.predicted(department.pk, joining, on, now)
    ticket = Ticket.objects.create(
        encounter=encounter, department=department, practitioner_id=practitioner_id, business_on=on, priority=rank,
        number=numbering.take(f"ticket:{department.code}", on.isoformat()), priority_reason=reason,
        due_at=max(now, booked_at) if booked_at and rank == policy.BOOKED else now, issued_at=now,
        **wait.fields(),
    )  # fmt: skip
    facts = {"encounter_id": encounter.pk, "patient_id": patient.pk, "department": department.code}
    audit.note(
        "encounter.arrived",
        by=by,
        subject_type="encounter",
        subject_id=encounter.public_id,
        patient_ref=patient.public_id,
    )
    outbox.record("encounter.arrived", facts, by=by)
    outbox.record("ticket.issued", {"ticket_id": ticket.pk, **facts}, by=by, subject=("ticket", ticket.public_id))
    return ticket


@transaction.atomic
def attach_coverage(*, encounter_id: int, coverage: Coverage) -> bool:
    """Put today's eligibility on a visit received without it; a payer chosen by hand stays, a finished visit too."""
    visit = Encounter.objects.select_for_update(of=("self",)).select_related("coverage").get(pk=encounter_id)
    known = visit.coverage
    if (
        visit.finished_at
        or coverage.checked_on < visit.business_on
        or (known and known.checked_on >= visit.business_on)
    ):
        return False
    if visit.payer == (known.payer if known else "self"):
        valid = coverage.special_to is None or coverage.special_to >= visit.business_on
        visit.payer, visit.special_case = coverage.payer, coverage.special_case if valid else ""
    visit.coverage = coverage
    visit.save(update_fields=["coverage", "payer", "special_case"])
    return True


def _arrive(appointment_id: int | None, patient_id: int) -> Appointment | None:
    if appointment_id is None:
        return None
    appointment = Appointment.objects.select_for_update().select_related("slot").get(pk=appointment_id)
    if appointment.status != Appointment.Status.BOOKED or appointment.patient_id != patient_id:
        raise DomainError("reception.not_cancellable")
    appointment.status = Appointment.Status.ARRIVED
    appointment.save(update_fields=["status"])
    return appointment


def _shortest_queue(department: Department, on: date) -> int:
    """The doctor of the department with the fewest waiting; ties by room order."""
    doctors = list(department.practitioners.filter(is_active=True).order_by("license_no").values_list("pk", flat=True))
    if not doctors:
        raise DomainError("reception.no_doctor")
    waiting = dict.fromkeys(doctors, 0)
    active = Ticket.objects.filter(department=department, business_on=on, status__in=["waiting", "called", "in_room"])
    for doctor in active.values_list("practitioner_id", flat=True):
        if doctor in waiting:
            waiting[doctor] += 1
    return min(doctors, key=lambda doctor: waiting[doctor])


def _is_first(patient: Patient, department: Department, on: date) -> bool:
    """초진: no finished visit to this department within 30 days (90 where the last diagnosis was a chronic one)."""
    last = (
        Encounter.objects.filter(patient=patient, department=department, business_on__lt=on)
        .exclude(status="cancelled").order_by("-business_on").values_list("pk", "business_on").first()
    )  # fmt: skip
    if last is None:
        return True
    days = (on - last[1]).days
    if days <= FOLLOW_UP_DAYS:
        return False
    codes = Condition.objects.filter(encounter_id=last[0]).values_list("code", flat=True)
    return not (days <= CHRONIC_DAYS and any(code[:3] in waits.CHRONIC for code in codes))


# -- the queue ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Move:
    """A step of a ticket: from which states, to which, which event, which time is written."""

    allowed: tuple[str, ...]
    to: str
    event: str
    stamp: str = ""


MOVES = {
    "call": Move(("waiting", "absent"), "called", "ticket.called", "called_at"),
    "recall": Move(("called",), "called", "ticket.recalled", "called_at"),
    "enter": Move(("called", "waiting"), "in_room", "ticket.entered", "entered_at"),
    "absent": Move(("called",), "absent", "ticket.absent"),
    "back": Move(("absent", "called"), "waiting", "ticket.returned"),
    "done": Move(("in_room",), "done", "ticket.done", "ended_at"),
    "cancel": Move(("waiting", "called", "absent"), "cancelled", "ticket.cancelled", "ended_at"),
}


@transaction.atomic
def call_next(*, department_id: int, by: Actor, practitioner_id: int | None = None) -> Ticket:
    """Call the next patient (호출) by priority, due time, number. Two callers never get the same one.

    Raises reception.nobody_waits.
    """
    waiting = Ticket.objects.select_for_update(skip_locked=True).filter(
        department_id=department_id, business_on=clock.today(), status="waiting"
    )
    if practitioner_id:
        waiting = waiting.filter(practitioner_id=practitioner_id)
    ticket = waiting.order_by("priority", "due_at", "pk").first()
    if ticket is None:
        raise DomainError("reception.nobody_waits")
    return _move(ticket, "call", by)


@transaction.atomic
def move(*, ticket_id: int, step: str, by: Actor) -> Ticket:
    """Take a ticket one step (`MOVES`). Raises reception.wrong_state."""
    return _move(Ticket.objects.select_for_update().get(pk=ticket_id), step, by)


def _move(ticket: Ticket, step: str, by: Actor) -> Ticket:
    rule = MOVES[step]
    if ticket.status not in rule.allowed:
        raise DomainError("reception.wrong_state", status=ticket.get_status_display())
    now = clock.now()
    ticket.status = rule.to
    changed = ["status"]
    if rule.stamp:
        setattr(ticket, rule.stamp, now)
        changed.append(rule.stamp)
    if step == "enter" and ticket.called_at is None:
        ticket.called_at = now
        changed.append("called_at")
    ticket.save(update_fields=changed)
    facts = {"ticket_id": ticket.pk, "encounter_id": ticket.encounter_id}
    if step == "enter":
        Encounter.objects.filter(pk=ticket.encounter_id, status="arrived").update(status="in-progress", started_at=now)
        outbox.record("encounter.started", {"encounter_id": ticket.encounter_id}, by=by)
    if step == "cancel":
        Encounter.objects.filter(pk=ticket.encounter_id, status="arrived").update(status="cancelled", finished_at=now)
    outbox.record(rule.event, facts, by=by, subject=("ticket", ticket.public_id))
    return ticket


@transaction.atomic
def reorder(*, ticket_id: int, priority: int, reason: str, by: Actor) -> Ticket:
    """Change a place in the queue (순서 변경), with a reason that everyone can read."""
    ticket = Ticket.objects.select_for_update().get(pk=ticket_id)
    before, ticket.priority, ticket.priority_reason = ticket.priority, priority, reason[:100]
    ticket.save(update_fields=["priority", "priority_reason"])
    audit.note("ticket.reordered", by=by, subject_type="ticket", subject_id=ticket.public_id, reason=reason,
               detail={"before": before, "after": priority})  # fmt: skip
    outbox.record("ticket.reordered", {"ticket_id": ticket.pk}, by=by)
    return ticket


@transaction.atomic
def transfer(*, ticket_id: int, department_id: int, by: Actor, practitioner_id: int | None = None) -> Ticket:
    """Send a waiting patient to another department's queue (타과 전과): the old ticket ends, a new one is issued."""
    ticket = Ticket.objects.select_for_update().select_related("encounter__patient").get(pk=ticket_id)
    _move(ticket, "cancel", by)
    return receive(
        patient_id=ticket.encounter.patient_id, department_id=department_id, practitioner_id=practitioner_id, by=by
    )


# -- the consultation --------------------------------------------------------------------------------------------------
@transaction.atomic
def finish(*, encounter_id: int, diagnoses: Sequence[tuple[str, str]], by: Actor) -> Encounter:
    """End a visit (진료 종료) with its diagnoses [(kind, code)]; the active ticket is done. Finishing twice changes nothing."""
    encounter = Encounter.objects.select_for_update().get(pk=encounter_id)
    if encounter.status == Encounter.Status.FINISHED:
        return encounter
    if encounter.status == Encounter.Status.CANCELLED:
        raise DomainError("reception.visit_closed")
    now = clock.now()
    record_conditions(encounter=encounter, diagnoses=diagnoses)
    encounter.status, encounter.finished_at = Encounter.Status.FINISHED, now
    encounter.started_at = encounter.started_at or now
    if encounter.special_case and not policy.special_case_fits(encounter.special_case, [code for _, code in diagnoses]):
        encounter.special_case = ""  # a visit for another disease pays the ordinary rate
    encounter.save(update_fields=["status", "finished_at", "started_at", "special_case"])
    tickets = encounter.tickets.select_for_update().filter(status__in=Ticket.ACTIVE)
    for ticket in tickets:
        ticket.status, ticket.ended_at = Ticket.Status.DONE, now
        ticket.save(update_fields=["status", "ended_at"])
        facts = {"ticket_id": ticket.pk, "encounter_id": encounter.pk}
        outbox.record("ticket.done", facts, by=by, subject=("ticket", ticket.public_id))
    facts = {"encounter_id": encounter.pk, "patient_id": encounter.patient_id}
    outbox.record("encounter.finished", facts, by=by, subject=("encounter", encounter.public_id))
    return encounter


@transaction.atomic
def tell_discharge(*, encounter: Encounter, by: Actor) -> None:
    """The HIS says that the patient leaves (퇴원 통보); the visit itself ends with its charges. Told again, nothing new follows."""
    if encounter.status in (Encounter.Status.ARRIVED, Encounter.Status.IN_PROGRESS):
        outbox.record("encounter.discharge_told", {"encounter_id": encounter.pk}, by=by,
                      subject=("encounter", encounter.public_id))  # fmt: skip


@transaction.atomic
def change_payer(*, encounter_id: int, payer: str, special_case: str, reason: str, by: Actor) -> Encounter:
    """Say who pays a visit (자격 변경) after it was received, with a reason. What follows is rated anew by its event.

    Raises reception.payer_reason, reception.unknown_payer, reception.visit_closed.
    """
    if not reason.strip():
        raise DomainError("reception.payer_reason")
    if payer not in PAYERS:
        raise DomainError("reception.unknown_payer")
    encounter = Encounter.objects.select_for_update().get(pk=encounter_id)
    if encounter.status == Encounter.Status.CANCELLED or encounter.is_imported:
        raise DomainError("reception.visit_closed")
    before = {"payer": encounter.payer, "special_case": encounter.special_case}
    after = {"payer": payer, "special_case": special_case.strip().upper()[:6]}
    if before == after:
        return encounter
    encounter.payer, encounter.special_case = after["payer"], after["special_case"]
    encounter.save(update_fields=["payer", "special_case"])
    audit.note("encounter.payer_changed", by=by, subject_type="encounter", subject_id=encounter.public_id,
               reason=reason, detail={"before": before, "after": after})  # fmt: skip
    outbox.record("encounter.payer_changed", {"encounter_id": encounter.pk}, by=by)
    return encounter


@transaction.atomic
def change_conditions(*, encounter_id: int, diagnoses: Sequence[tuple[str, str]], reason: str, by: Actor) -> Encounter:
    """Write the diagnoses of a finished visit anew (상병 변경) with a reason; a special case that no longer fits is taken off.

    What was billed is rated anew by the event that follows. The same diagnoses change nothing.
    Raises reception.diagnosis_reason, reception.diagnosis_missing, reception.visit_closed.
    """
    wanted = [(kind, code.strip().upper()) for kind, code in diagnoses if code.strip()]
    if not reason.strip():
        raise DomainError("reception.diagnosis_reason")
    if not wanted or len({code for _, code in wanted}) != len(wanted):
        raise DomainError("reception.diagnosis_missing")
    encounter = Encounter.objects.select_for_update().get(pk=encounter_id)
    if encounter.status != Encounter.Status.FINISHED or encounter.is_imported:
        raise DomainError("reception.visit_closed")
    before = list(encounter.conditions.order_by("seq").values_list("kind", "code"))
    if [code for _, code in before] == [code for _, code in wanted]:
        return encounter
    encounter.conditions.all().delete()
    record_conditions(encounter=encounter, diagnoses=wanted)
    was = encounter.special_case
    if was and not policy.special_case_fits(was, [code for _, code in wanted]):
        encounter.special_case = ""
        encounter.save(update_fields=["special_case"])
    audit.note("encounter.diagnoses_changed", by=by, subject_type="encounter", subject_id=encounter.public_id, reason=reason,
               detail={"before": [code for _, code in before], "after": [code for _, code in wanted],
                       "special_case": [was, encounter.special_case]})  # fmt: skip
    outbox.record("encounter.diagnoses_changed", {"encounter_id": encounter.pk}, by=by)
    return encounter


def record_conditions(*, encounter: Encounter, diagnoses: Sequence[tuple[str, str]]) -> None:
    """Write the diagnoses of a visit (상병); the first is principal where none is named so."""
    if encounter.conditions.exists() or not diagnoses:
        return
    kinds = [kind for kind, _ in diagnoses]
    if "principal" not in kinds:
        kinds[0] = "principal"
    Condition.objects.bulk_create(
        Condition(encounter=encounter, seq=seq, kind=kind, code=code)
        for seq, (kind, (_, code)) in enumerate(zip(kinds, diagnoses, strict=True), start=1)
    )


@dataclass(frozen=True)
class Ordered:
    """An order as the HIS sends it."""

    placer_number: str
    code: str
    name: str
    quantity: Decimal = Decimal(1)
    days: int = 1
    ordered_at: datetime | None = None


@transaction.atomic
def place_orders(
    *, encounter: Encounter, orders: Sequence[Ordered], by: Actor, control_id: str = ""
) -> list[ServiceRequest]:
    """Take orders over from the HIS (오더 수신). The same placer number comes once, however often it is sent."""
    placed = []
    for order in orders:
        row, is_new = ServiceRequest.objects.get_or_create(
            placer_number=order.placer_number,
            defaults={
                "encounter": encounter, "code": order.code, "name": order.name, "quantity": order.quantity,
                "days": order.days, "ordered_at": order.ordered_at or clock.now(), "control_id": control_id,
            },
        )  # fmt: skip
        if is_new:
            facts = {"encounter_id": encounter.pk, "order_id": row.pk}
            outbox.record("order.placed", facts, by=by, subject=("encounter", encounter.public_id))
        placed.append(row)
    return placed


@transaction.atomic
def revoke_order(*, placer_number: str, by: Actor) -> ServiceRequest | None:
    """Cancel an order (오더 취소)."""
    order = ServiceRequest.objects.select_for_update().filter(placer_number=placer_number).first()
    if order is None or order.status == ServiceRequest.Status.REVOKED:
        return order
    order.status = ServiceRequest.Status.REVOKED
    order.save(update_fields=["status"])
    outbox.record("order.revoked", {"encounter_id": order.encounter_id, "order_id": order.pk}, by=by)
    return order


@transaction.atomic
def announce_result(*, encounter: Encounter, report: str, by: Actor) -> None:
    """A report of a visit is ready (검사 결과 보고). What it says stays where it is; the patient is told that it is there."""
    outbox.record(
        "result.ready",
        {"encounter_id": encounter.pk, "report": report[:20]},
        by=by,
        subject=("encounter", encounter.public_id),
    )


@transaction.atomic
def close_no_shows(*, on: date, by: Actor) -> int:
    """Mark bookings of a past day whose patient did not come (예약 부도)."""
    missed = Appointment.objects.filter(status="booked", starts_at__lt=clock.at_seoul(on + timedelta(days=1)))
    return missed.update(status="noshow")
