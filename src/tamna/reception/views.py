"""Screens of reception: desk, queue board, bookings. Thin: one service or selector a step."""

from datetime import date, timedelta
from typing import Any

import segno
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_noop as noop
from django.views.decorators.http import require_POST

from tamna.core import clock, lists
from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.core.models import Department, InterfaceMessage, Practitioner
from tamna.patients import openings
from tamna.patients import selectors as people
from tamna.patients import services as registration
from tamna.patients.models import Patient
from tamna.patients.views import PAYERS
from tamna.reception import communications, conversation, selectors, services, signs
from tamna.reception.lists import BOOKINGS
from tamna.reception.models import Communication, Ticket

MOVED_UP = noop("Moved up at the desk")
QUEUE_SHOWN = 60  # a queue page shows so many before it asks


@needs("reception.receive")
def desk(request: HttpRequest) -> HttpResponse:
    """Search or scan → patient card → today's booking or walk-in → ticket; the queues live at the right."""
    words = request.GET.get("q", "").strip()
    scanned = signs.patient_of(words) if words else None
    found: list[Patient] = [scanned] if scanned else people.find(words, limit=8) if words else []
    wanted = request.GET.get("patient", "")
    chosen = (
        Patient.objects.select_related("merged_into").filter(public_id=wanted).first()
        if wanted
        else found[0]
        if len(found) == 1
        else None
    )
    chosen = people.current(chosen) if chosen else None
    context: dict[str, Any] = {
        "words": words,
        "found": found,
        "chosen": chosen,
        "payers": PAYERS,
        "rows": selectors.board(),
        "is_closed": chosen is not None and not openings.is_open(request.user, chosen),
    }
    if chosen and openings.is_open(request.user, chosen):
        registration.seen(chosen, by=Actor.of(request), screen="desk")
        coverage = registration.check_coverage(patient=chosen, by=Actor.of(request))
        context |= {
            "coverage": coverage, "bookings": selectors.bookings_today(chosen.pk), "stale": people.is_stale(chosen),
            "unchecked": coverage is None or coverage.checked_on < clock.today(), "last": selectors.visits_of(chosen.pk).order_by("-arrived_at").first(),
            "notes": conversation.notes(chosen.language, ("names", "dates", "interpreter")),
            "choice": communications.choice_of(chosen), "notice_kinds": Communication.Kind.choices,
        }  # fmt: skip
    return render(request, "reception/desk.html", context)


@require_POST
@needs("reception.receive")
def receive(request: HttpRequest) -> HttpResponse:
    patient = get_object_or_404(Patient, public_id=request.POST.get("patient"))
    department = get_object_or_404(Department, pk=request.POST.get("department"))
    appointment = request.POST.get("appointment") or None
    ticket = services.receive(
        patient_id=patient.pk, department_id=department.pk, appointment_id=int(appointment) if appointment else None,
        payer=request.POST.get("payer", ""), by=Actor.of(request),
    )  # fmt: skip
    return redirect(f"/reception/tickets/{ticket.public_id}")


@require_POST
@needs("patients.register")
def contact(request: HttpRequest) -> HttpResponse:
    """Phone and address confirmed or changed at the desk; what is left empty is still the same."""
    patient, said = get_object_or_404(Patient, public_id=request.POST.get("patient")), request.POST
    if not openings.is_open(request.user, patient):
        raise PermissionDenied("protected record")
    phone, address = said.get("phone", "").strip() or patient.phone, said.get("address", "").strip() or patient.address
    registration.update_contact(patient_id=patient.pk, phone=phone, address=address, by=Actor.of(request))
    return redirect(f"/reception/?patient={patient.public_id}")


@needs("reception.see")
def ticket(request: HttpRequest, public_id: str) -> HttpResponse:
    """The printable ticket (대기표) with its QR code."""
    row = get_object_or_404(
        Ticket.objects.select_related("department", "practitioner__room", "encounter__patient"), public_id=public_id
    )
    code = segno.make(f"tamna:ticket:{row.public_id}").svg_inline(scale=4, svgclass="qr")
    return render(request, "reception/ticket.html", {"ticket": row, "code": code})


@needs("reception.see")
def message(request: HttpRequest, message_id: int) -> HttpResponse:
    """One message exchanged with the HIS (연계 전문): what is kept of it, for the drawer or as a page."""
    from tamna.reception.providers import message_facts

    row = get_object_or_404(InterfaceMessage, pk=message_id, system="his")
    return render(request, "reception/message.html", {"row": row, "steps": message_facts(row)})


@needs("reception.see")
def board(request: HttpRequest) -> HttpResponse:
    """All queues at a glance, live."""
    return render(request, "reception/board.html", {"rows": selectors.board()})


@needs("reception.see")
def queue(request: HttpRequest, code: str) -> HttpResponse:
    department = get_object_or_404(Department, code=code)
    limit = 1_000 if "all" in request.GET else QUEUE_SHOWN
    tickets = selectors.waiting(department.pk, limit=limit + 1)
    context = {
        "department": department, "tickets": tickets[:limit], "has_more": len(tickets) > limit, "now_at": clock.now(), "wait_now": selectors.wait_now,
        "departments": Department.objects.filter(is_open=True),
    }  # fmt: skip
    return render(request, "reception/queue.html", context)


@require_POST
@needs("reception.receive")
def call_next(request: HttpRequest, code: str) -> HttpResponse:
    services.call_next(department_id=get_object_or_404(Department, code=code).pk, by=Actor.of(request))
    return redirect("reception:queue", code=code)


@require_POST
@needs("reception.receive")
def step(request: HttpRequest, ticket_id: int, step: str) -> HttpResponse:
    row = get_object_or_404(Ticket.objects.select_related("department"), pk=ticket_id)
    if step == "transfer":
        target = get_object_or_404(Department, pk=request.POST.get("department"))
        services.transfer(ticket_id=row.pk, department_id=target.pk, by=Actor.of(request))
    elif step == "first":
        services.reorder(
            ticket_id=row.pk, priority=1, reason=request.POST.get("reason") or MOVED_UP, by=Actor.of(request)
        )
    elif step == "finish":
        services.finish(
            encounter_id=row.encounter_id,
            diagnoses=[("principal", request.POST.get("diagnosis") or "Z00.0")],
            by=Actor.of(request),
        )
    elif step in services.MOVES:
        services.move(ticket_id=row.pk, step=step, by=Actor.of(request))
    return redirect("reception:queue", code=row.department.code)


@needs("reception.see")
def bookings(request: HttpRequest) -> HttpResponse:
    """Bookings of a day, and free times of one doctor."""
    on: date = lists.day_of(request.GET.get("on", "")) or clock.today()
    doctor = Practitioner.objects.filter(license_no=request.GET.get("doctor", "")).select_related("department").first()
    words = request.GET.get("q", "").strip()
    context = {
        "on": on, "doctor": doctor,
        "slots": selectors.slots_of(doctor.pk, on) if doctor else [], "words": words, "people": people.find(words, limit=5) if words else [],
        "doctors": Practitioner.objects.filter(is_active=True).select_related("department").order_by("license_no"),
        "previous": on - timedelta(days=1), "following": on + timedelta(days=1),
    }  # fmt: skip
    return lists.show(request, BOOKINGS, selectors.bookings(), "reception/bookings.html", context)


@require_POST
@needs("reception.book")
def book(request: HttpRequest) -> HttpResponse:
    patient = get_object_or_404(Patient, public_id=request.POST.get("patient"))
    made = services.book(slot_id=int(request.POST.get("slot", "0")), patient_id=patient.pk, by=Actor.of(request))
    return redirect(f"/reception/bookings?on={clock.business_day(made.starts_at)}")


@require_POST
@needs("reception.book")
def cancel(request: HttpRequest, appointment_id: int) -> HttpResponse:
    done = services.cancel(appointment_id=appointment_id, by=Actor.of(request), reason=request.POST.get("reason", ""))
    return redirect(f"/reception/bookings?on={clock.business_day(done.starts_at)}")
