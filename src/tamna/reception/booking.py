"""Writes of bookings: hold a time while someone chooses, book, change, cancel, squeeze in with a reason.

Every race is decided by the database (constraints and the trigger of migration 0006); the loser gets a sentence.
"""

from datetime import timedelta

from django.db import transaction

from tamna.core import audit, clock, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError, refused_as
from tamna.patients.models import Patient
from tamna.patients.selectors import current
from tamna.reception.models import Appointment, Slot, SlotHold

HOLD_S = 180  # on the wall's clock: a person chooses
REFUSALS = {
    "slot_taken": "reception.slot_taken", "doctor_busy": "reception.doctor_busy", "slot_held": "reception.slot_held",
    "patient_elsewhere": "reception.patient_elsewhere", "patient_busy": "reception.patient_elsewhere",
}  # fmt: skip


@transaction.atomic
def hold(*, slot_id: int, holder: str) -> SlotHold:
    """Keep a time for a chooser for three minutes (임시 점유); a hold that ran out is taken over, one's own is prolonged.

    Raises reception.slot_closed, slot_taken, slot_held.
    """
    slot = Slot.objects.select_for_update().filter(pk=slot_id).first()
    if slot is None or not slot.is_open or slot.starts_at <= clock.now():
        raise DomainError("reception.slot_closed")
    if slot.appointments.exclude(status=Appointment.Status.CANCELLED).exists():
        raise DomainError("reception.slot_taken")
    following = clock.reading()
    return keep(slot, holder, timedelta(seconds=HOLD_S) * max(1.0, following.rate if following else 1.0))


def keep(slot: Slot, holder: str, span: timedelta) -> SlotHold:
    """Write the hold of a slot that this transaction has locked. Raises reception.slot_held."""
    now = clock.now()
    if SlotHold.objects.filter(slot=slot, until__gt=now).exclude(holder=holder).exists():
        raise DomainError("reception.slot_held")
    return SlotHold.objects.update_or_create(slot=slot, defaults={"holder": holder, "until": now + span})[0]


def release(*, slot_id: int, holder: str) -> None:
    """Give a held time back. A hold of somebody else stays."""
    SlotHold.objects.filter(slot_id=slot_id, holder=holder).delete()


@transaction.atomic
def book(*, slot_id: int, patient_id: int, by: Actor, reason: str = "", holder: str = "") -> Appointment:
    """Book a slot (예약), one's own hold on it ends. Raises one of `REFUSALS`, or reception.slot_closed."""
    slot = Slot.objects.open().filter(pk=slot_id).first()
    if slot is None:
        raise DomainError("reception.slot_closed")
    return _book(slot, patient_id, by, reason, holder)


@transaction.atomic
def squeeze_in(*, slot_id: int, patient_id: int, reason: str, by: Actor) -> Appointment:
    """Book beside what stands in the way (끼워 넣기): a closed, held or taken time, once a time, with a reason that is audited.

    The patient's own clash is never overridden. Raises reception.override_reason, slot_closed (it has passed), slot_taken.
    """
    if not reason.strip():
        raise DomainError("reception.override_reason")
    slot = Slot.objects.select_related("practitioner").get(pk=slot_id)
    if slot.starts_at <= clock.now():
        raise DomainError("reception.slot_closed")
    extra, _ = Slot.objects.get_or_create(
        practitioner=slot.practitioner, starts_at=slot.starts_at, is_extra=True,
        defaults={"minutes": slot.minutes, "is_open": False},
    )  # fmt: skip
    made = _book(extra, patient_id, by, reason.strip()[:200], "")
    audit.note(
        "appointment.squeezed_in", by=by, subject_type="appointment", subject_id=made.public_id, reason=reason.strip()
    )
    return made


def _book(slot: Slot, patient_id: int, by: Actor, reason: str, holder: str) -> Appointment:
    patient_id = current(Patient.objects.select_related("merged_into").get(pk=patient_id)).pk
    if holder:
        release(slot_id=slot.pk, holder=holder)
    with refused_as(**REFUSALS):
        appointment = Appointment.objects.create(
            slot=slot, patient_id=patient_id, starts_at=slot.starts_at, booked_at=clock.now(), reason=reason
        )
    facts = {"appointment_id": appointment.pk, "patient_id": patient_id}
    outbox.record("appointment.booked", facts, by=by, subject=("appointment", appointment.pk))
    return appointment


@transaction.atomic
def cancel(*, appointment_id: int, by: Actor, reason: str = "") -> Appointment:
    """Cancel a booking that has not begun (예약 취소). Its time may be offered to the waiting list. Raises not_cancellable."""
    appointment = Appointment.objects.select_for_update().get(pk=appointment_id)
    if appointment.status != Appointment.Status.BOOKED:
        raise DomainError("reception.not_cancellable")
    appointment.status, appointment.cancelled_at, appointment.reason = "cancelled", clock.now(), reason
    appointment.save(update_fields=["status", "cancelled_at", "reason"])
    outbox.record("appointment.cancelled", {"appointment_id": appointment.pk, "slot_id": appointment.slot_id}, by=by)
    return appointment


@transaction.atomic
def reschedule(*, appointment_id: int, slot_id: int, by: Actor, holder: str = "") -> Appointment:
    """Move a booking to another slot (예약 변경): both or neither."""
    old = cancel(appointment_id=appointment_id, by=by, reason="moved")
    return book(slot_id=slot_id, patient_id=old.patient_id, by=by, holder=holder)
