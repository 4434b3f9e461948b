"""Screens of booking: the times of a month, one chosen time with what stands in its way, the waiting list, a calendar file."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from tamna.core import clock, lists
from tamna.core.access import may, needs
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.models import Department
from tamna.patients import selectors as people
from tamna.patients.models import Patient
from tamna.reception import booking, suggestions, times, waiting_list
from tamna.reception.conflicts import conflicts
from tamna.reception.lists import WAITING_LIST
from tamna.reception.models import Appointment, Slot


def _holder(request: HttpRequest) -> str:
    return f"desk:{request.user.pk}"


def _patient(request: HttpRequest) -> Patient | None:
    wanted = request.GET.get("patient") or request.POST.get("patient") or ""
    try:
        return Patient.objects.filter(public_id=UUID(wanted)).first() if wanted else None
    except ValueError:
        return None


def _moving(request: HttpRequest) -> Appointment | None:
    given = request.GET.get("move") or request.POST.get("move") or ""
    return (
        Appointment.objects.select_related("patient").filter(pk=int(given), status="booked").first()
        if given.isdigit()
        else None
    )


@needs("reception.see")
def month(request: HttpRequest) -> HttpResponse:
    """A department's month: free times by day, and the times of one day by doctor."""
    moving, words = _moving(request), request.GET.get("q", "").strip()
    found = people.find(words, limit=5) if words else []
    patient = moving.patient if moving else _patient(request) or (found[0] if len(found) == 1 else None)
    departments = list(Department.objects.filter(is_open=True).order_by("code"))
    code = request.GET.get("department", "") or (departments[0].code if departments else "")
    on = max(lists.day_of(request.GET.get("on", "")) or clock.today(), clock.today())
    doctors = times.doctors_of(code, request.GET.get("doctor", ""))
    keys = [doctor.pk for doctor in doctors]
    days = times.month(keys, on)
    kept = {"department": code, "doctor": request.GET.get("doctor", ""), "patient": str(patient.public_id) if patient else "", "move": moving.pk if moving else ""}  # fmt: skip
    context: dict[str, Any] = {
        "on": on, "days": days, "blank": days[0].on.weekday(), "slots": times.day(keys, on, holder=_holder(request)), "doctors": doctors,
        "departments": departments, "department": code, "words": words, "people": found, "patient": patient, "moving": moving,
        "query": urlencode({key: value for key, value in kept.items() if value}), "kept": kept,
        "suggested": suggestions.suggest(patient.pk, keys, on, holder=_holder(request)) if patient and may(request.user, "reception.book") else [],
        "previous": max((on.replace(day=1) - timedelta(days=1)).replace(day=1), clock.today()), "following": (on.replace(day=28) + timedelta(days=4)).replace(day=1),
    }  # fmt: skip
    return render(request, "reception/times.html", context)


@require_POST
@needs("reception.book")
def choose(request: HttpRequest) -> HttpResponse:
    """Hold a time while it is talked over, then show what stands in the way."""
    slot_id = request.POST.get("slot", "")
    query = urlencode({key: request.POST[key] for key in ("patient", "move") if request.POST.get(key)})
    try:
        booking.hold(slot_id=int(slot_id or 0), holder=_holder(request))
    except DomainError as refused:
        if not Slot.objects.filter(pk=int(slot_id or 0)).exists():
            raise refused from None
    return redirect(f"{reverse('reception:chosen', args=[int(slot_id)])}?{query}")


@needs("reception.book")
def chosen(request: HttpRequest, slot_id: int) -> HttpResponse:
    """One time for one patient: every conflict at once, each with a way out; book, squeeze in, or wait."""
    slot = get_object_or_404(Slot.objects.select_related("practitioner__department", "practitioner__room"), pk=slot_id)
    moving = _moving(request)
    patient = moving.patient if moving else _patient(request)
    found = [
        row
        for row in conflicts(slot, patient.pk if patient else None, _holder(request))
        if not moving or row.appointment != moving
    ]
    context = {
        "slot": slot, "patient": patient, "moving": moving, "conflicts": found, "ways": {way for row in found for way in row.ways},
        "may_squeeze": may(request.user, "reception.override") and not any(row.key in ("past", "patient_busy") for row in found),
        "others": times.others_of(patient.pk) if patient else [], "on": clock.business_day(slot.starts_at),
        "hold": getattr(slot, "hold", None), "end_on": clock.business_day(slot.starts_at) + timedelta(days=14),
    }  # fmt: skip
    return render(
        request, "reception/chosen.html", context, status=409 if found and request.GET.get("refused") else 200
    )


@require_POST
@needs("reception.book")
def confirm(request: HttpRequest, slot_id: int) -> HttpResponse:
    """Book or move to the held time; where something came between, the page says all of it."""
    moving, patient = _moving(request), _patient(request)
    query = urlencode({key: request.POST[key] for key in ("patient", "move") if request.POST.get(key)})
    try:
        if moving:
            made = booking.reschedule(
                appointment_id=moving.pk, slot_id=slot_id, by=Actor.of(request), holder=_holder(request)
            )
        else:
            if patient is None:
                raise DomainError("reception.identity_unchecked")
            made = booking.book(slot_id=slot_id, patient_id=patient.pk, by=Actor.of(request), holder=_holder(request))
    except DomainError as refused:
        if refused.key not in {*booking.REFUSALS.values(), "reception.slot_closed"}:
            raise
        return redirect(f"{reverse('reception:chosen', args=[slot_id])}?{query}&refused=1")
    return redirect(f"{reverse('reception:bookings')}?on={clock.business_day(made.starts_at)}")


@require_POST
@needs("reception.override")
def squeeze(request: HttpRequest, slot_id: int) -> HttpResponse:
    patient = get_object_or_404(Patient, public_id=request.POST.get("patient"))
    made = booking.squeeze_in(
        slot_id=slot_id, patient_id=patient.pk, reason=request.POST.get("reason", ""), by=Actor.of(request)
    )
    return redirect(f"{reverse('reception:bookings')}?on={clock.business_day(made.starts_at)}")


@needs("reception.see")
def calendar_file(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The booking as a calendar file (.ics)."""
    row = get_object_or_404(Appointment.objects.select_related("slot__practitioner__department"), public_id=public_id)
    answer = HttpResponse(times.calendar_file(row), content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="booking.ics"'
    return answer


@needs("reception.see")
def waiting(request: HttpRequest) -> HttpResponseBase:
    """Who waits for a time, and what was offered."""
    return lists.show(request, WAITING_LIST, times.waiting_list(), "reception/waiting_list.html", {})


@require_POST
@needs("reception.book")
def wait_for(request: HttpRequest) -> HttpResponse:
    patient = get_object_or_404(Patient, public_id=request.POST.get("patient"))
    department = get_object_or_404(Department, code=request.POST.get("department"))
    days = [lists.day_of(request.POST.get(name, "")) for name in ("first_on", "last_on")]
    if days[0] is None or days[1] is None:
        raise DomainError("reception.waiting_days")
    waiting_list.ask(
        patient_id=patient.pk, department_id=department.pk, first_on=days[0], last_on=days[1], by=Actor.of(request)
    )
    return redirect("reception:waiting")


@require_POST
@needs("reception.book")
def wait_over(request: HttpRequest, request_id: int) -> HttpResponse:
    waiting_list.withdraw(request_id=request_id, by=Actor.of(request))
    return redirect("reception:waiting")


@require_POST
@needs("reception.book")
def answer(request: HttpRequest, public_id: UUID, verdict: str) -> HttpResponse:
    """The patient's answer to an offer, told by telephone: accept or decline."""
    if verdict == "accept":
        waiting_list.accept(public_id=str(public_id), by=Actor.of(request))
    else:
        waiting_list.decline(public_id=str(public_id), by=Actor.of(request))
    return redirect("reception:waiting")
