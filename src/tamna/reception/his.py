"""Messages of the HIS become orders, diagnoses, bookings and ended visits (HL7 수신). Replay-safe: a control id takes effect once.

One transaction a message: what it causes and the kept acknowledgement commit together. A replay gets the same answer; the
same control id with other content is refused. What was refused leaves its acknowledgement and nothing else.
"""

import asyncio
import hashlib
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

if TYPE_CHECKING:
    from tamna.connect.his import Booking, Inbound
    from tamna.core.actor import Actor
    from tamna.patients.models import Patient
    from tamna.reception.models import Encounter

log = structlog.get_logger()
LATER = "could not be stored now; send it again"


def receive(raw: bytes) -> bytes:
    """Take one message in and answer it. Never raises."""
    from django.db import close_old_connections

    from tamna.connect import his

    close_old_connections()
    control_id = his.control_id_of(raw)
    try:
        return _take(his.read(raw), hashlib.sha256(raw).hexdigest())
    except his.Hl7Error as error:
        log.info("his.refused", code=error.code, condition=error.condition, location=error.location)
        return his.acknowledge(control_id, error.code, _sent_at(), error.reason, error.location, error.condition)
    except Exception as error:  # the edge: the sender tries again later
        log.warning("his.failed", error=type(error).__name__)
        return his.acknowledge(control_id, "AE", _sent_at(), LATER)
    finally:
        close_old_connections()


def _sent_at() -> datetime:
    """Business time; while the database is away, the time of the machine."""
    from tamna.core import clock

    try:
        return clock.now()
    except Exception:
        return datetime.now(UTC)


def _take(message: "Inbound", digest: str) -> bytes:
    from django.db import DataError, transaction

    from tamna.connect import his
    from tamna.connect.his.form import BAD_TYPE, INTERNAL, TAKEN_KEY
    from tamna.core import clock
    from tamna.core.errors import DomainError
    from tamna.core.models import InterfaceMessage

    with transaction.atomic():
        row, is_new = InterfaceMessage.objects.get_or_create(
            system="his", direction="in", control_id=message.control_id,
            defaults={"kind": message.kind, "digest": digest, "at": clock.now()},
        )  # fmt: skip
        if not is_new:
            if row.digest != digest:
                raise his.Hl7Error("AR", TAKEN_KEY, "this control id was used for another message", "MSH-10")
            return row.answer.encode()
        try:
            with transaction.atomic():
                row.encounter_ref = _apply(message)
            answer, row.status = his.acknowledge(message.control_id, "AA", clock.now()), "accepted"
        except (his.Hl7Error, DomainError, DataError) as error:
            refusal = _refusal(error, INTERNAL, BAD_TYPE)
            answer = his.acknowledge(
                message.control_id, "AE", clock.now(), refusal.reason, refusal.location, refusal.condition
            )
            row.status, row.detail = "refused", refusal.reason[:300]
        row.answer = answer.decode()
        row.save()
    return answer


def _refusal(error: Exception, internal: int, bad_type: int):  # type: ignore[no-untyped-def]
    """What the sender is told: a fault of the message, or what the rules of the hospital say."""
    from tamna.connect.his import Hl7Error
    from tamna.core.errors import DomainError

    if isinstance(error, Hl7Error):
        return error
    if isinstance(error, DomainError):
        return Hl7Error("AE", internal, error.message)
    return Hl7Error("AE", bad_type, "a value is too long or out of range")


def _apply(message: "Inbound") -> UUID | None:
    """Do what the message says; the visit it belongs to comes back. Raises Hl7Error, DomainError."""
    from tamna.connect.his import Hl7Error
    from tamna.connect.his.content import CANCELLED, CHARGES, CONTACT, DISCHARGED, OF_A_VISIT
    from tamna.connect.his.form import UNKNOWN_KEY
    from tamna.core.actor import Actor
    from tamna.patients.models import Patient
    from tamna.patients.selectors import current
    from tamna.reception import services

    by = Actor.system("his")
    patient = Patient.objects.filter(chart_no=message.chart_no[:20]).select_related("merged_into").first()
    if patient is None:
        raise Hl7Error("AE", UNKNOWN_KEY, "there is no such chart number here", "PID-3")
    patient = current(patient)
    visit = _visit(message.visit, patient)
    if message.booking:
        _book(message.booking, patient, by)
    if message.kind in CONTACT:
        _contact(message, patient, by)
    if message.kind == DISCHARGED and visit:
        services.tell_discharge(encounter=visit, by=by)
    if message.kind not in OF_A_VISIT:
        return visit.public_id if visit else None
    if visit is None:
        raise Hl7Error("AE", UNKNOWN_KEY, "there is no such visit of this patient", "PV1-19")
    _order(message, visit, by)
    if message.kind == CHARGES:
        services.finish(encounter_id=visit.pk, diagnoses=message.diagnoses, by=by)
    if message.kind == CANCELLED:
        _cancel(visit, by)
    return visit.public_id


def _visit(number: str, patient: "Patient") -> "Encounter | None":
    from tamna.reception.models import Encounter

    try:
        public_id = UUID(number)
    except ValueError:
        return None  # the HIS's own number, or none
    return Encounter.objects.select_related("department").filter(public_id=public_id, patient=patient).first()


def _order(message: "Inbound", visit: "Encounter", by: "Actor") -> None:
    from tamna.connect.his import Hl7Error
    from tamna.connect.his.form import TAKEN_KEY, UNKNOWN_KEY
    from tamna.core import clock
    from tamna.reception import services
    from tamna.reception.models import ServiceRequest

    numbers = [order.placer_number for order in message.orders]
    elsewhere = ServiceRequest.objects.filter(placer_number__in=numbers).exclude(encounter=visit)
    if elsewhere.exists():
        raise Hl7Error("AE", TAKEN_KEY, "a placer number belongs to another visit", "ORC-2")
    for order in message.orders:
        if order.control == "CA":
            if services.revoke_order(placer_number=order.placer_number, by=by) is None:
                raise Hl7Error("AE", UNKNOWN_KEY, "there is no such order to cancel", "ORC-2")
            continue
        ordered = services.Ordered(
            order.placer_number, order.code, order.name, order.quantity, ordered_at=order.ordered_at or clock.now()
        )
        services.place_orders(encounter=visit, orders=[ordered], by=by, control_id=message.control_id)


def _contact(message: "Inbound", patient: "Patient", by: "Actor") -> None:
    """Phone and address as the HIS has them; what it does not say stays."""
    from tamna.patients.services import update_contact

    phone = patient.phone if message.phone is None else message.phone
    address = patient.address if message.address is None else message.address
    if (phone, address) != (patient.phone, patient.address):
        update_contact(patient_id=patient.pk, phone=phone, address=address, by=by)


def _book(booking: "Booking", patient: "Patient", by: "Actor") -> None:
    from tamna.connect.his import Hl7Error
    from tamna.connect.his.form import UNKNOWN_KEY
    from tamna.reception import services
    from tamna.reception.models import Appointment, Slot

    at = {"practitioner__license_no": booking.license_no, "starts_at": booking.starts_at, "is_extra": False}
    slot = Slot.objects.filter(**at).first()
    if slot is None:
        raise Hl7Error("AE", UNKNOWN_KEY, "this doctor has no bookable time then", "SCH-11")
    if booking.action == "book":
        services.book(slot_id=slot.pk, patient_id=patient.pk, by=by, reason=booking.reason)
        return
    appointment = Appointment.objects.filter(slot=slot, patient=patient, status=Appointment.Status.BOOKED).first()
    if appointment is None:
        raise Hl7Error("AE", UNKNOWN_KEY, "this patient has no booking then", "SCH-11")
    services.cancel(appointment_id=appointment.pk, by=by, reason=booking.reason)


def _cancel(visit: "Encounter", by: "Actor") -> None:
    """A visit that has not begun (접수 취소). Raises reception.wrong_state, reception.visit_closed."""
    from tamna.core.errors import DomainError
    from tamna.reception import services

    ticket = visit.tickets.exclude(status="cancelled").order_by("-pk").first()
    if ticket is None:
        raise DomainError("reception.visit_closed")
    services.move(ticket_id=ticket.pk, step="cancel", by=by)


async def serve(port: int) -> None:
    from tamna.connect.his import mllp

    server = await mllp.serve(
        "127.0.0.1" if not os.environ.get("TAMNA_HIS_LISTEN") else os.environ["TAMNA_HIS_LISTEN"], port, receive
    )
    async with server:
        await server.serve_forever()


def main() -> None:
    """The listener process: python -m tamna.reception.his"""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tamna.web.settings")
    import django

    django.setup()
    from tamna.connect.systems import MLLP_IN_OFFSET
    from tamna.core.home import web_port

    asyncio.run(serve(web_port() + MLLP_IN_OFFSET))


if __name__ == "__main__":
    main()
