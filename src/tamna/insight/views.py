"""The director's page: one live page whose every figure opens to its records."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, F, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from tamna.billing.models import Invoice
from tamna.claims.models import Claim
from tamna.core import clock
from tamna.core.access import needs
from tamna.core.catalogue import title_of, title_of_line
from tamna.core.decisions import grouped
from tamna.core.format import minutes, number, percent, won
from tamna.core.models import Department, Proposal
from tamna.insight import selectors

DAYS = 30


def _open_days(figures: list[tuple[Any, int, int]]) -> list[tuple[Any, int, int]]:
    """Days that have figures, oldest first: neither closed days nor a past that is still being loaded."""
    return [row for row in figures if row[2]]


@needs("insight.see")
def director(request: HttpRequest) -> HttpResponse:
    """Tiles, the month's visits, departments today, decisions that wait, what was done. One request a refresh."""
    today, now = clock.today(), clock.now()
    found = selectors.series(["visits", "wait_s", "paid_won", "billed_won"], today, DAYS)
    visits, waits, paid = found["visits"], found["wait_s"], found["paid_won"]
    owed = (
        Invoice.objects.filter(business_on=today, patient_won__gt=F("paid_won")).aggregate(
            sum=Sum(F("patient_won") - F("paid_won"))
        )["sum"]
        or 0
    )
    month = Claim.objects.filter(care_month=f"{today:%Y%m}").aggregate(won=Sum("insurer_won"), count=Count("id"))
    returned = Claim.objects.filter(care_month=f"{today:%Y%m}", status__in=["returned", "impossible"]).count()
    acted = Proposal.objects.filter(
        state__in=["acted", "accepted", "edited"], made_at__gte=now - timedelta(days=1)
    ).count()
    names = {row.code: row for row in Department.objects.all()}
    ko = request.LANGUAGE_CODE == "ko"
    tiles: list[dict[str, Any]] = [
        {"label": _("Visits today"), "figure": number(visits[-1][1]), "note": _("yesterday %(n)s") % {"n": number(visits[-2][1])}, "trend": [row[1] for row in _open_days(visits)[-14:]], "url": "/reception/board"},
        {"label": _("Mean wait"), "figure": minutes(waits[-1][1] / waits[-1][2] / 60) if waits[-1][2] else "–", "note": _("%(n)s calls today") % {"n": number(waits[-1][2])}, "trend": [row[1] / row[2] / 60 for row in _open_days(waits)[-14:]], "url": "/reception/board"},
        {"label": _("Collected today"), "figure": won(paid[-1][1], short=True), "note": _("owed %(won)s") % {"won": won(owed, short=True)}, "trend": [row[1] for row in _open_days(paid)[-14:]], "url": "/billing/payments"},
        {"label": _("Claims of the month"), "figure": won(month["won"] or 0, short=True), "note": _("%(share)s returned") % {"share": percent(returned / month["count"] if month["count"] else 0)}, "trend": None, "url": "/claims/"},
        {"label": _("Done by automations"), "figure": number(acted), "note": _("last 24 hours"), "trend": None, "url": "/catalogue"},
    ]  # fmt: skip
    context = {
        "tiles": tiles,
        "labels": [f"{day.month}. {day.day}." for day, _value, _count in _open_days(visits)],
        "visits": [value for _day, value, _count in _open_days(visits)],
        "departments": [
            {"label": (names[code].name_ko if ko else names[code].name_en) if code in names else code, "value": value, "url": f"/reception/board/{code}"}
            for code, value, _count in selectors.by_department("visits", today)
        ],
        "decisions": grouped(Proposal.objects.filter(state="open"), limit=6),
        "title_of_line": title_of_line,
        "done": Proposal.objects.filter(state__in=["acted", "accepted", "edited"], made_at__gte=now - timedelta(days=1)).values("automation").annotate(count=Count("id"), sum=Sum("minutes")).order_by("-count")[:8],
        "title_of": title_of,
        "targets": [
            (_("Reception time"), "−50%"), (_("Claim errors"), "−80%"), (_("Administrative time"), "−40%"),
            (_("Budget efficiency"), "+20%"), (_("Waiting time"), "−30%"), (_("Satisfaction"), "+25%"),
        ],
    }  # fmt: skip
    return render(request, "insight/director.html", context)
