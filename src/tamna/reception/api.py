"""Reception over HTTP: slots, bookings, arrivals, the queue, the end of a visit."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema

from tamna.core.api import actor, once, scope
from tamna.core.models import Department, Practitioner
from tamna.patients.models import Patient
from tamna.patients.services import check_coverage
from tamna.reception import selectors, services
from tamna.reception.models import Appointment, Encounter, Ticket

router = Router(tags=["reception"])


class Booking(Schema):
    slot_id: int
    patient: UUID


class Arrival(Schema):
    patient: UUID
    department: str
    license_no: str = ""
    appointment: UUID | None = None
    setting: str = "outpatient"
    ktas: int | None = None
    payer: str = ""


class Diagnosis(Schema):
    kind: str = "secondary"
    code: str


class Order(Schema):
    placer_number: str
    code: str
    name: str = ""
    quantity: Decimal = Decimal(1)
    days: int = 1
    ordered_at: datetime | None = None


def ticket_json(ticket: Ticket) -> dict[str, Any]:
    return {
        "id": ticket.pk, "number": ticket.number, "status": ticket.status, "department": ticket.department.code,
        "encounter": ticket.encounter.public_id, "predicted_wait_min": ticket.predicted_wait_min,
        "license_no": ticket.practitioner.license_no if ticket.practitioner else "",
    }  # fmt: skip


@router.get("/slots")
@scope("reception.see")
def slots(request: HttpRequest, license_no: str, on: date) -> dict[str, Any]:
    """A doctor's slots of a day."""
    doctor = get_object_or_404(Practitioner, license_no=license_no)
    return {
        "slots": [
            {"id": slot.pk, "starts_at": slot.starts_at, "free": slot.is_open and not slot.taken}
            for slot in selectors.slots_of(doctor.pk, on)
        ]
    }


@router.post("/appointments")
@scope("reception.book")
def book(request: HttpRequest, body: Booking) -> dict[str, Any]:
    def do() -> dict[str, Any]:
        patient = get_object_or_404(Patient, public_id=body.patient)
        made = services.book(slot_id=body.slot_id, patient_id=patient.pk, by=actor(request))
        return {"id": made.public_id, "starts_at": made.starts_at, "status": made.status}

    return once(request, do)


@router.post("/appointments/{uuid:public_id}/cancel")
@scope("reception.book")
def cancel(request: HttpRequest, public_id: UUID) -> dict[str, Any]:
    appointment = get_object_or_404(Appointment, public_id=public_id)
    return {"status": services.cancel(appointment_id=appointment.pk, by=actor(request)).status}


@router.get("/appointments")
@scope("reception.see")
def appointments(request: HttpRequest, on: date) -> dict[str, Any]:
    """Bookings of a day."""
    rows = selectors.bookings_of(on).order_by("starts_at", "id")[:1000]
    return {
        "appointments": [
            {"id": row.public_id, "starts_at": row.starts_at, "status": row.status, "patient": row.patient.public_id,
             "chart_no": row.patient.chart_no, "license_no": row.slot.practitioner.license_no,
             "department": row.slot.practitioner.department.code}
            for row in rows
        ]
    }  # fmt: skip


@router.post("/arrivals")
@scope("reception.receive")
def receive(request: HttpRequest, body: Arrival) -> dict[str, Any]:
    """Receive a patient: today's eligibility is asked first, then visit and ticket are made."""
    patient = get_object_or_404(Patient, public_id=body.patient)
    by = actor(request)
    check_coverage(patient=patient, by=by)

    def do() -> dict[str, Any]:
        doctor = Practitioner.objects.filter(license_no=body.license_no).first() if body.license_no else None
        appointment = get_object_or_404(Appointment, public_id=body.appointment) if body.appointment else None
        ticket = services.receive(
            patient_id=patient.pk, department_id=get_object_or_404(Department, code=body.department).pk,
            practitioner_id=doctor.pk if doctor else None, appointment_id=appointment.pk if appointment else None,
            setting=body.setting, ktas=body.ktas, payer=body.payer, by=by,
        )  # fmt: skip
        return ticket_json(ticket)

    return once(request, do)


@router.post("/queue/{department}/call")
@scope("reception.receive")
def call(request: HttpRequest, department: str, license_no: str = "") -> dict[str, Any]:
    """Call the next patient of a department, or of one doctor."""
    doctor = Practitioner.objects.filter(license_no=license_no).first() if license_no else None
    ticket = services.call_next(
        department_id=get_object_or_404(Department, code=department).pk,
        practitioner_id=doctor.pk if doctor else None, by=actor(request),
    )  # fmt: skip
    return ticket_json(Ticket.objects.select_related("department", "encounter", "practitioner").get(pk=ticket.pk))


@router.post("/tickets/{int:ticket_id}/{step}")
@scope("reception.receive")
def step(request: HttpRequest, ticket_id: int, step: str) -> dict[str, Any]:
    """One step of a ticket: recall, enter, absent, back, done, cancel."""
    if step not in services.MOVES:
        from ninja.errors import HttpError

        raise HttpError(404, "there is no such step")
    return {"status": services.move(ticket_id=ticket_id, step=step, by=actor(request)).status}


@router.get("/board")
@scope("reception.see")
def board(request: HttpRequest) -> dict[str, Any]:
    """All queues at a glance."""
    return {
        "queues": [
            {"department": row.department.code, "waiting": row.waiting, "in_room": row.in_room, "done": row.done,
             "predicted_min": row.predicted_min}
            for row in selectors.board()
        ]
    }  # fmt: skip


@router.post("/encounters/{uuid:public_id}/orders")
@scope("billing.charge")
def orders(request: HttpRequest, public_id: UUID, body: list[Order]) -> dict[str, Any]:
    """Place orders (the HIS sends them by HL7; this is the same door for others)."""
    encounter = get_object_or_404(Encounter, public_id=public_id)
    placed = services.place_orders(
        encounter=encounter, orders=[services.Ordered(**order.dict()) for order in body], by=actor(request)
    )
    return {"orders": [{"placer_number": row.placer_number, "status": row.status} for row in placed]}


@router.post("/encounters/{uuid:public_id}/finish")
@scope("reception.receive")
def finish(request: HttpRequest, public_id: UUID, body: list[Diagnosis]) -> dict[str, Any]:
    """End a visit with its diagnoses."""
    encounter = get_object_or_404(Encounter, public_id=public_id)
    done = services.finish(
        encounter_id=encounter.pk, diagnoses=[(item.kind, item.code) for item in body], by=actor(request)
    )
    return {"status": done.status}


@router.post("/encounters/{uuid:public_id}/results/{report}")
@scope("reception.receive")
def result_ready(request: HttpRequest, public_id: UUID, report: str) -> dict[str, Any]:
    """The laboratory says that a report of a visit is ready: the patient is told once a report (결과 안내)."""
    encounter = get_object_or_404(Encounter, public_id=public_id)
    services.announce_result(encounter=encounter, report=report, by=actor(request))
    return {"announced": True}


@router.get("/encounters/{uuid:public_id}")
@scope("reception.see")
def read(request: HttpRequest, public_id: UUID) -> dict[str, Any]:
    """A visit with its bills."""
    row = get_object_or_404(Encounter.objects.select_related("department"), public_id=public_id)
    return {
        "id": row.public_id, "status": row.status, "department": row.department.code, "payer": row.payer,
        "setting": row.setting, "business_on": row.business_on,
        "invoices": [
            {"id": bill.public_id, "number": bill.number, "patient_won": bill.patient_won, "paid_won": bill.paid_won}
            for bill in row.invoices.order_by("seq")
        ],
    }  # fmt: skip
