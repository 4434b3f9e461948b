"""Receiving a patient who does it alone (무인 접수): once a key, whatever the line to the server does.

The kiosk sends the same wish again until it is answered; the key decides that it was one. What a person must look at comes
to the desk with the slip that the kiosk gave while the server was away.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from tamna.core import audit, clock, notices, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError, refused_as
from tamna.core.models import Department
from tamna.lobby import codes
from tamna.lobby.models import CheckIn, Device
from tamna.patients.models import Patient
from tamna.reception import selectors as queues
from tamna.reception import services as reception
from tamna.reception.models import Appointment, Ticket

SAID = {"reception.open_visit": "lobby.already_here", "reception.not_cancellable": "lobby.code_cancelled"}


@dataclass(frozen=True)
class Wish:
    """What a patient chose: a booking, a department, or whichever booking is theirs today."""

    key: UUID
    appointment: str = ""
    department: str = ""
    code: str = ""  # the scanned text, used up with the reception
    slip: str = ""


def check_in(wish: Wish, *, patient: Patient, device: Device | None, by: Actor) -> CheckIn:
    """Receive a patient once (무인 접수). Who is here already gets the same ticket again.

    Raises lobby.ask_desk, code_used, code_cancelled and those of `reception.services.receive`; with a slip nothing is raised: the desk sees it.
    """
    known = CheckIn.objects.select_related("ticket").filter(key=wish.key).first()
    if known:
        return known
    try:
        with refused_as(lobby_checkin_key_key="lobby.same_key"), transaction.atomic():
            row = CheckIn(key=wish.key, device=device, patient=patient, slip=wish.slip, made_at=clock.now())
            row.ticket = _received(wish, patient, by)
            row.save()
            outbox.record("patient.checked_in", {"check_in_id": row.pk, "ticket_id": row.ticket.pk}, by=by)
            return row
    except DomainError as refused:
        again = CheckIn.objects.select_related("ticket").filter(key=wish.key).first()
        if again:  # the same wish came twice at once, and the other was first
            return again
        if not wish.slip:
            raise DomainError(SAID.get(refused.key, refused.key), **refused.facts) from refused
        return left_to_desk(wish.key, wish.slip, SAID.get(refused.key, refused.key), device=device, patient=patient)


def _received(wish: Wish, patient: Patient, by: Actor) -> Ticket:
    booking = _booking(wish, patient)
    department = Department.objects.filter(code=wish.department, is_open=True).first()
    if booking:
        department = booking.slot.practitioner.department
    if department is None:
        raise DomainError("lobby.ask_desk")
    active = Ticket.objects.filter(
        encounter__patient=patient, department=department, business_on=clock.today(), status__in=Ticket.ACTIVE
    ).first()
    return active or reception.receive(
        patient_id=patient.pk, department_id=department.pk, appointment_id=booking.pk if booking else None, by=by
    )


def _booking(wish: Wish, patient: Patient) -> Appointment | None:
    if wish.code:
        return codes.use(wish.code).appointment
    today = queues.bookings_today(patient.pk)
    if wish.appointment:
        return next((row for row in today if str(row.public_id) == wish.appointment), None)
    return today[0] if today and not wish.department else None


@transaction.atomic
def left_to_desk(
    key: UUID, slip: str, refusal: str, *, device: Device | None, patient: Patient | None = None
) -> CheckIn:
    """Keep a slip that only a person can help (창구 도움 필요); once a key."""
    facts = {"slip": slip, "refusal": refusal, "device": device, "patient": patient, "made_at": clock.now()}
    row, is_new = CheckIn.objects.get_or_create(key=key, defaults=facts)
    if is_new:
        notices.tell("kiosk.slip", {"slip": slip}, key=key, url="/slips")
    return row


@transaction.atomic
def helped(*, check_in_id: int, by: Actor) -> None:
    """Somebody looked after a slip (도움 완료)."""
    row = CheckIn.objects.select_for_update().get(pk=check_in_id)
    row.helped_at = row.helped_at or clock.now()
    row.save(update_fields=["helped_at"])
    audit.note("slip.helped", by=by, subject_type="check_in", subject_id=row.pk)
