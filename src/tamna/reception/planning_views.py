"""Screens of planning: visits by hour, counters of a day, what-if of a season, use of rooms."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from tamna.core import clock, lists
from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.models import Department
from tamna.reception import arrivals, seasons, staffing, utilisation
from tamna.reception.models import SeasonStudy

SHOWN_STUDIES = 10


def _number(raw: str, key: str) -> float:
    """A typed number. Raises the error named."""
    try:
        return float(raw.replace(",", "").strip())
    except ValueError:
        raise DomainError(key) from None


@needs("reception.see")
def hourly(request: HttpRequest) -> HttpResponse:
    """Visits expected by department and hour of a day, and one department with its intervals."""
    on = lists.day_of(request.GET.get("on", "")) or clock.today()
    rows = arrivals.hours_of(on)
    hours = sorted({row.hour for row in rows})
    departments = {row.department.code: row.department for row in rows}
    cells = {(row.department.code, row.hour): row for row in rows}
    code = request.GET.get("department", "")
    chosen = departments.get(code) or next(iter(departments.values()), None)
    context: dict[str, Any] = {
        "on": on, "hours": hours, "departments": departments, "cells": cells, "most": max((float(row.mean) for row in rows), default=1.0),
        "chosen": chosen, "line": [cells.get((chosen.code, hour)) for hour in hours] if chosen else [],
        "error": arrivals.hours_error(clock.today() - timedelta(days=1)), "previous": on - timedelta(days=1), "following": on + timedelta(days=1),
    }  # fmt: skip
    return render(request, "reception/hourly.html", context)


@needs("reception.see")
def staff(request: HttpRequest) -> HttpResponse:
    """Counters by half hour and the shifts that cover them; a decision keeps them."""
    on = lists.day_of(request.GET.get("on", "")) or clock.today() + timedelta(days=1)
    target = _number(request.GET.get("target") or str(staffing.TARGET_MIN), "reception.staff_target")
    spare = int(_number(request.GET.get("spare") or "0", "reception.staff_target"))
    if not 0.5 <= target <= 60 or not 0 <= spare <= 5:
        raise DomainError("reception.staff_target")
    context = {
        "on": on,
        "target": target,
        "spare": spare,
        **staffing.day_of(on, target, spare),
        "previous": on - timedelta(days=1),
        "following": on + timedelta(days=1),
    }
    return render(request, "reception/staffing.html", context)


@require_POST
@needs("reception.hours")
def keep_staff(request: HttpRequest) -> HttpResponse:
    on = lists.day_of(request.POST.get("on", ""))
    if on is None:
        raise DomainError("reception.no_forecast")
    target = _number(request.POST.get("target", ""), "reception.staff_target")
    spare = int(_number(request.POST.get("spare") or "0", "reception.staff_target"))
    staffing.keep(on=on, target_min=target, spare=spare, by=Actor.of(request))
    return redirect(f"/reception/staffing?on={on}&target={target:g}&spare={spare}")


@needs("insight.see")
def season(request: HttpRequest) -> HttpResponse:
    """Studies of high and low season, and a form for another."""
    peak, low, own = seasons.demands()
    departments = list(Department.objects.filter(is_open=True).order_by("code"))
    rows = list(seasons.studies()[:SHOWN_STUDIES])
    context = {"peak": round(peak * 100), "low": round(low * 100), "own": own, "departments": departments, "studies": rows,
               "facts": {row.pk: seasons.facts_of(row) for row in rows}, "runs": any(row.status != SeasonStudy.Status.DONE for row in rows)}  # fmt: skip
    return render(request, "reception/season.html", context)


@require_POST
@needs("insight.see")
def ask_season(request: HttpRequest) -> HttpResponse:
    department = get_object_or_404(Department, code=request.POST.get("department"))
    numbers = {
        name: _number(request.POST.get(name, ""), "reception.study_numbers")
        for name in ("peak", "low", "servers", "more", "earlier")
    }
    seasons.ask(
        department_id=department.pk, peak=numbers["peak"] / 100, low=numbers["low"] / 100, servers=int(numbers["servers"]), more=int(numbers["more"]),
        opens=9 * 60 - int(numbers["earlier"]), by=Actor.of(request),
    )  # fmt: skip
    return redirect("reception:season")


@needs("insight.see")
def study(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One study, for a link that is kept."""
    row = get_object_or_404(seasons.studies(), public_id=public_id)
    return render(request, "reception/study.html", {"row": row, "facts": seasons.facts_of(row)})


@needs("insight.see")
def use(request: HttpRequest) -> HttpResponse:
    """Use of each doctor's room, and the change of spacing that is worth proposing."""
    rows = utilisation.uses()
    changes = {each.use.doctor.pk: each for row in rows[:20] if (each := utilisation.change(row))}
    return render(request, "reception/utilisation.html", {"rows": rows, "changes": changes, "days": utilisation.DAYS})
