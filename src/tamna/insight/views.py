"""The director's page, live, and the list behind each of its figures."""

from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from tamna.core import catalogue, clock, decisions
from tamna.core.access import SIGNED_IN, may, needs
from tamna.core.catalogue import title_of, title_of_line
from tamna.core.format import minutes, number
from tamna.core.models import Department
from tamna.core.paging import page
from tamna.insight import selectors
from tamna.insight.figures import FIGURES, Total, list_url, shown
from tamna.reception import arrivals

DAYS = 30
DONE_URL = "/proposals?state=done"


def _open_days(figures: list[tuple[Any, int, int]]) -> list[tuple[Any, int, int]]:
    """Days that have figures, oldest first: neither closed days nor a past that is still being loaded."""
    return [row for row in figures if row[2]]


@needs("insight.see")
def director(request: HttpRequest) -> HttpResponse:
    """Tiles, the month's visits, departments today, decisions that wait, what was done. One request a refresh."""
    today = clock.today()
    found = selectors.series(["visits", "wait_s", "paid_won"], today, DAYS)
    visits, waits, paid = found["visits"], found["wait_s"], found["paid_won"]
    names = {row.code: row for row in Department.objects.all()}
    ko = request.LANGUAGE_CODE == "ko"
    decides = may(request.user, "automations.decide")
    done = decisions.of(request.user).filter(pk__in=catalogue.done_since(clock.now() - timedelta(days=1)).values("pk"))
    totals = {
        "visits": Total(visits[-1][2], visits[-1][1]), "paid": Total(paid[-1][2], paid[-1][1]),
        "waits": Total(waits[-1][2], waits[-1][1] / waits[-1][2] / 60 if waits[-1][2] else 0),
    } | {key: FIGURES[key].total(FIGURES[key].of(today)) for key in ("owed", "claimed", "returned", "return_share", "errors")}  # fmt: skip
    face = {key: {"figure": shown(FIGURES[key], total), "url": list_url(key, today)} for key, total in totals.items()}
    tiles: list[dict[str, Any]] = [
        {"label": _("Visits today"), "note": _("yesterday %(n)s") % {"n": number(visits[-2][1])}, "note_url": list_url("visits", visits[-2][0]), "trend": [row[1] for row in _open_days(visits)[-14:]], **face["visits"]},
        {"label": _("Mean wait"), "note": _("%(n)s calls today") % {"n": number(waits[-1][2])}, "note_url": list_url("calls", today), "trend": [row[1] / row[2] / 60 for row in _open_days(waits)[-14:]], **face["waits"]},
        {"label": _("Collected today"), "note": _("%(n)s payments") % {"n": number(paid[-1][2])}, "trend": [row[1] for row in _open_days(paid)[-14:]], **face["paid"]},
        {"label": _("Owed today"), "note": _("%(n)s bills") % {"n": number(totals["owed"].count)}, **face["owed"]},
        {"label": _("Claims of the month"), "note": _("%(n)s claims") % {"n": number(totals["claimed"].count)}, **face["claimed"]},
        {"label": _("Returned claims of the month"), "note": _("%(share)s returned") % {"share": face["return_share"]["figure"]}, "note_url": face["return_share"]["url"], **face["returned"]},
    ]  # fmt: skip
    tiles += _foretold()
    if decides:
        tiles.append({"label": _("Done by automations"), "figure": number(done.count()), "note": _("last 24 hours"), "url": DONE_URL})  # fmt: skip
    context = {
        "tiles": tiles,
        "labels": [f"{day.month}. {day.day}." for day, _value, _count in _open_days(visits)],
        "days": [list_url("visits", day) for day, _value, _count in _open_days(visits)],
        "visits": [value for _day, value, _count in _open_days(visits)],
        "departments": [
            {"label": (names[code].name_ko if ko else names[code].name_en) if code in names else code, "value": value, "url": list_url("visits", today, code)}
            for code, value, _count in selectors.by_department("visits", today)
        ],
        "decisions": decisions.grouped(decisions.of(request.user).filter(state="open"), limit=6),
        "title_of_line": title_of_line,
        "done": done.order_by().values("automation").annotate(count=Count("id"), sum=Sum("minutes")).order_by("-count", "automation")[:8],
        "done_url": DONE_URL,
        "title_of": title_of,
        "targets": _targets(face, done.aggregate(sum=Sum("minutes"))["sum"] or 0 if decides else None),
    }  # fmt: skip
    return render(request, "insight/director.html", context)


def _foretold() -> list[dict[str, Any]]:
    """Visits of the next day that has any, with their interval and yesterday's error; nothing before the first night."""
    coming = [row for row in arrivals.coming() if row.on > clock.today() and row.mean >= 1]
    if not coming:
        return []
    row, before = coming[0], arrivals.yesterday()
    note = _("%(low)s to %(high)s in 8 of 10 cases") % {
        "low": number(round(row.low80)),
        "high": number(round(row.high80)),
    }
    if before:
        note += " · " + _("yesterday off by %(error)s, week before by %(plain)s") % {
            "error": number(round(before.error)),
            "plain": number(round(before.baseline_error)),
        }
    label = _("Visits expected %(day)s") % {"day": f"{row.on.month}. {row.on.day}."}
    return [{"label": label, "figure": number(round(row.mean)), "note": note, "url": reverse("reception:models")}]


def _targets(face: dict[str, dict[str, str]], saved: int | None) -> list[dict[str, str]]:
    """The plan's six targets: what the records say now, and why the change against the past cannot be said."""
    before = _("change not measured: needs this hospital's figure from before Tamna, frozen")
    return [
        {"name": _("Reception time"), "target": "−50%", "why": _("not measured: needs the minute a person joins the line; only the ticket's minute is recorded")},
        {"name": _("Claim errors"), "target": "−80%", "now": face["errors"]["figure"], "url": face["errors"]["url"], "why": _("returned or cut of what was answered this month; %(why)s") % {"why": before}},
        {"name": _("Administrative time"), "target": "−40%", "now": minutes(saved) if saved is not None else "", "url": DONE_URL, "why": _("estimated minutes saved in 24 hours; a share needs recorded working hours")},
        {"name": _("Budget efficiency"), "target": "+20%", "why": _("not measured: needs budgets and purchasing, which are not built yet")},
        {"name": _("Waiting time"), "target": "−30%", "now": face["waits"]["figure"], "url": face["waits"]["url"], "why": _("today's mean; %(why)s") % {"why": before}},
        {"name": _("Satisfaction"), "target": "+25%", "why": _("not measured: needs a survey of patients, which is not built yet")},
    ]  # fmt: skip


@needs(SIGNED_IN)
def figure(request: HttpRequest, key: str) -> HttpResponse:
    """Exactly the records that a figure counts, with what they come to; no names of people.

    For those who see the director's page, and those who may open each of the records.
    """
    item = FIGURES.get(key)
    if item is None:
        raise Http404
    if not (may(request.user, "insight.see") or may(request.user, item.capability)):
        raise PermissionDenied(item.capability)
    on, department = parse_date(request.GET.get("on", "")) or clock.today(), request.GET.get("department", "")
    rows = item.of(on, department)
    found, total = page(rows, item.order, request.GET.get("cursor", "")), item.total(rows)
    step = timedelta(days=1)
    context = {
        "item": item, "title": _(item.title), "on": on, "department": department, "page": found,
        "rows": [item.row(row) for row in found.rows], "total": total, "shown": shown(item, total),
        "may_open": may(request.user, item.capability),
        "departments": Department.objects.exclude(code=Department.ELSEWHERE),
        "previous": list_url(key, on.replace(day=1) - step if item.by_month else on - step, department),
        "following": list_url(key, (on.replace(day=28) + 4 * step).replace(day=1) if item.by_month else on + step, department),
    }  # fmt: skip
    return render(request, "insight/figure.html", context)
