"""Screens of doctors, their rooms, hours and absences."""

from datetime import time
from typing import Any

from django.db.models import Max
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dateparse import parse_date, parse_time
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.views.decorators.http import require_POST

from tamna.core import clock, lists
from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.format import named
from tamna.core.models import Department, Practitioner
from tamna.reception import hours, selectors
from tamna.reception.lists import DOCTORS

DAYS = (
    noop("Monday"),
    noop("Tuesday"),
    noop("Wednesday"),
    noop("Thursday"),
    noop("Friday"),
    noop("Saturday"),
    noop("Sunday"),
)
PARTS = ("am", "pm")
USUAL = {"am": ("09:00", "12:30"), "pm": ("13:30", "17:30")}


def _departments() -> list[tuple[str, str]]:
    return [(row.code, named(row)) for row in Department.objects.filter(is_open=True)]


@needs("reception.hours")
def doctors(request: HttpRequest) -> HttpResponseBase:
    """Every doctor, with the last day open to booking; and a new one."""
    error, values = "", request.POST if request.method == "POST" else {}
    if request.method == "POST":
        try:
            made = _keep(request, None)
            return redirect("reception:doctor", practitioner_id=made.pk)
        except DomainError as refused:
            error = refused.message
    context = {"error": error, "values": values, "departments": _departments()}
    return lists.show(request, DOCTORS, selectors.doctors(), "reception/doctors.html", context, 422 if error else 200)


def _keep(request: HttpRequest, pk: int | None) -> Practitioner:
    form = request.POST
    return hours.keep_doctor(
        license_no=form.get("license_no", ""), name_ko=form.get("name_ko", ""), name_en=form.get("name_en", ""),
        department_code=form.get("department", ""), room=form.get("room", ""), is_active=not pk or form.get("is_active") == "1",
        pk=pk, by=Actor.of(request),
    )  # fmt: skip


@needs("reception.hours")
def doctor(request: HttpRequest, practitioner_id: int) -> HttpResponse:
    """One doctor: facts, the week, days away, bookings left without an hour."""
    row = get_object_or_404(Practitioner.objects.select_related("department", "room"), pk=practitioner_id)
    error = ""
    if request.method == "POST":
        try:
            if request.POST.get("step") == "week":
                _set_week(request.POST, row, Actor.of(request))
            else:
                _keep(request, row.pk)
            return redirect("reception:doctor", practitioner_id=row.pk)
        except DomainError as refused:
            error = refused.message
    week = hours.week_of(row.pk, clock.today())
    context = {
        "doctor": row, "error": error, "departments": _departments(), "days": _days(week), "minutes": week[0].minutes if week else 10,
        "week_from": week[0].valid_from if week else None, "today": clock.today(), "absences": row.absences.order_by("first_on"),
        "stranded": hours.stranded(row.pk),
        "open_slots": row.slots.filter(is_open=True, starts_at__gt=clock.now()).aggregate(last=Max("starts_at"))["last"],
    }  # fmt: skip
    return render(request, "reception/doctor.html", context, status=422 if error else 200)


def _days(week: list[Any]) -> list[dict[str, Any]]:
    """Seven days with a morning and an afternoon, as the form shows them; usual hours where nothing is set yet."""
    found = []
    for weekday, name in enumerate(DAYS):
        rows = [row for row in week if row.weekday == weekday]
        parts = {"am": ("", ""), "pm": ("", "")}
        for row in rows:
            parts["am" if row.starts < time(12, 30) else "pm"] = (f"{row.starts:%H:%M}", f"{row.ends:%H:%M}")
        if not week and weekday < 5:
            parts = dict(USUAL)
        found.append({"weekday": weekday, "name": _(name), **parts})
    return found


def _set_week(form: QueryDict, row: Practitioner, by: Actor) -> None:
    blocks = []
    for weekday in range(7):
        for part in PARTS:
            try:
                starts, ends = (parse_time(form.get(f"{part}_{edge}_{weekday}", "") or "") for edge in ("from", "to"))
            except ValueError:
                starts = ends = None
            if starts and ends:
                blocks.append(hours.Block(weekday, starts, ends))
    minutes, from_day = form.get("minutes", "10"), parse_date(form.get("valid_from", "") or "")
    hours.set_week(
        practitioner_id=row.pk, blocks=blocks, minutes=int(minutes) if minutes.isdigit() else 0,
        valid_from=from_day or clock.today(), by=by,
    )  # fmt: skip


@require_POST
@needs("reception.hours")
def absence(request: HttpRequest, practitioner_id: int) -> HttpResponse:
    first, last = (parse_date(request.POST.get(name, "") or "") for name in ("first_on", "last_on"))
    if first is None:
        raise DomainError("reception.absence_days")
    hours.add_absence(
        practitioner_id=practitioner_id, first_on=first, last_on=last or first, reason=request.POST.get("reason", ""), by=Actor.of(request)
    )  # fmt: skip
    return redirect("reception:doctor", practitioner_id=practitioner_id)


@require_POST
@needs("reception.hours")
def absence_over(request: HttpRequest, practitioner_id: int, absence_id: int) -> HttpResponse:
    hours.remove_absence(absence_id=absence_id, by=Actor.of(request))
    return redirect("reception:doctor", practitioner_id=practitioner_id)
