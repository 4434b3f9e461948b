"""The waiting list (예약 대기): a freed time is offered in order with a deadline; the first to accept has it, else the next are asked.

While offers stand, the time is held for them. Two who accept at once meet at the slot's row: one has it, the other is told.
"""

from datetime import date, timedelta

from django.db import transaction
from django.db.models import Q

from tamna.core import audit, clock, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError, refused_as
from tamna.reception import booking
from tamna.reception.models import Appointment, Slot, SlotOffer, WaitingRequest

AT_ONCE = 3
ANSWER_WITHIN = timedelta(hours=2)
BEFORE_START = timedelta(hours=1)  # nobody is called in at shorter notice


@transaction.atomic
def ask(*, patient_id: int, department_id: int, first_on: date, last_on: date, by: Actor, practitioner_id: int | None = None) -> WaitingRequest:  # fmt: skip
    """Put a patient on the list (대기 등록). Raises reception.waits_already, reception.waiting_days."""
    if not clock.today() <= first_on <= last_on:
        raise DomainError("reception.waiting_days")
    with refused_as(waits_once="reception.waits_already"):
        row = WaitingRequest.objects.create(patient_id=patient_id, department_id=department_id, practitioner_id=practitioner_id,
                                            first_on=first_on, last_on=last_on, made_at=clock.now())  # fmt: skip
    audit.note("waiting.asked", by=by, subject_type="waiting", subject_id=row.public_id)
    outbox.record("waiting.asked", {"request_id": row.pk}, by=by)
    return row


@transaction.atomic
def withdraw(*, request_id: int, by: Actor) -> None:
    """Take a patient off the list; open offers are declined. Raises reception.offer_gone where there is nothing to withdraw."""
    for offered in SlotOffer.objects.filter(request_id=request_id, status=SlotOffer.Status.OPEN):
        decline(public_id=str(offered.public_id), by=by)
    if not WaitingRequest.objects.filter(pk=request_id, status="waiting").update(
        status=WaitingRequest.Status.WITHDRAWN
    ):
        raise DomainError("reception.offer_gone")
    audit.note("waiting.withdrawn", by=by, subject_type="waiting",
               subject_id=WaitingRequest.objects.values_list("public_id", flat=True).get(pk=request_id))  # fmt: skip


@transaction.atomic
def offer(freed_by: Appointment, by: Actor) -> list[SlotOffer]:
    """Offer a freed time to the next of the list (빈 시간 제안), three at once. Nobody is asked twice about one time."""
    slot = Slot.objects.select_for_update(of=("self",)).select_related("practitioner").get(pk=freed_by.slot_id)
    now, on = clock.now(), clock.business_day(slot.starts_at)
    until = min(now + ANSWER_WITHIN, slot.starts_at - BEFORE_START)
    taken = slot.appointments.exclude(status=Appointment.Status.CANCELLED).exists()
    if (
        until <= now
        or not slot.is_open
        or taken
        or SlotOffer.objects.filter(slot=slot, status=SlotOffer.Status.OPEN).exists()
    ):
        return []
    doctor = slot.practitioner
    fits = WaitingRequest.objects.filter(Q(practitioner=None) | Q(practitioner=doctor), status="waiting", department_id=doctor.department_id,
                                         first_on__lte=on, last_on__gte=on)  # fmt: skip
    asked = SlotOffer.objects.filter(freed_by=freed_by).values("request_id")
    ranked = fits.exclude(pk__in=asked).exclude(patient_id=freed_by.patient_id).order_by("pk")[:AT_ONCE]
    offers = [SlotOffer(request=row, slot=slot, freed_by=freed_by, made_at=now, until=until) for row in ranked]
    if not offers:
        booking.release(slot_id=slot.pk, holder=_holder(slot.pk))
        return []
    booking.keep(slot, _holder(slot.pk), until - now)
    for row in SlotOffer.objects.bulk_create(offers):
        outbox.record("slot.offered", {"offer_id": row.pk}, by=by)
    return offers


@transaction.atomic
def accept(*, public_id: str, by: Actor) -> Appointment:
    """Take an offered time (제안 수락). Raises reception.offer_gone where it lapsed or another was faster."""
    row = _locked(public_id)
    if row is None or row.until <= clock.now():
        raise DomainError("reception.offer_gone")
    made = booking.book(slot_id=row.slot_id, patient_id=row.request.patient_id, by=by, holder=_holder(row.slot_id))
    row.status, row.request.status = SlotOffer.Status.ACCEPTED, WaitingRequest.Status.BOOKED
    row.save(update_fields=["status"])
    row.request.save(update_fields=["status"])
    SlotOffer.objects.filter(Q(freed_by=row.freed_by) | Q(request=row.request), status="open").update(status="lapsed")
    outbox.record("slot.accepted", {"offer_id": row.pk, "appointment_id": made.pk}, by=by)
    return made


@transaction.atomic
def decline(*, public_id: str, by: Actor) -> None:
    """Say no; the patient stays on the list. Where nobody else is being asked, the next are."""
    row = _locked(public_id)
    if row is None:
        raise DomainError("reception.offer_gone")
    _end(row, SlotOffer.Status.DECLINED)


def lapse() -> int:
    """Close offers whose deadline has passed and ask the next. Returns how many lapsed."""
    count = 0
    late = SlotOffer.objects.filter(status=SlotOffer.Status.OPEN, until__lte=clock.now()).order_by("pk")
    for public_id in late.values_list("public_id", flat=True)[:500]:
        with transaction.atomic():
            row = _locked(str(public_id))
            if row:
                _end(row, SlotOffer.Status.LAPSED)
                count += 1
    return count


def _locked(public_id: str) -> SlotOffer | None:
    """An open offer, its slot locked first: whoever decides about one time waits for the other there."""
    slot = SlotOffer.objects.filter(public_id=public_id).values_list("slot_id", flat=True).first()
    Slot.objects.select_for_update().filter(pk=slot).first()
    rows = SlotOffer.objects.select_for_update(of=("self",)).select_related("request", "freed_by")
    return rows.filter(public_id=public_id, status=SlotOffer.Status.OPEN).first()


def _end(row: SlotOffer, status: str) -> None:
    row.status = status
    row.save(update_fields=["status"])
    offer(row.freed_by, Actor.automation("rec.change"))


def _holder(slot_id: int) -> str:
    return f"offer:{slot_id}"
