"""Tiles and watch items of a home page, by what a person may see. A handful of small queries."""

from typing import Any

from django.db.models import F, Sum
from django.http import HttpRequest
from django.utils.translation import gettext as _

from tamna.billing.models import Invoice
from tamna.claims.models import Claim
from tamna.core import clock
from tamna.core.access import may
from tamna.core.format import minutes, number, won
from tamna.core.models import DeadLetter
from tamna.insight.selectors import day_total
from tamna.reception.models import Ticket


def tiles(request: HttpRequest) -> list[dict[str, Any]]:
    user, today, found = request.user, clock.today(), []
    if may(user, "reception.see"):
        found.append(
            {"label": _("Visits today"), "figure": number(day_total("visits", today)[0]), "url": "/reception/board"}
        )
        waiting = Ticket.objects.filter(business_on=today, status="waiting").count()
        found.append({"label": _("Waiting now"), "figure": number(waiting), "url": "/reception/board"})
        total, count = day_total("wait_s", today)
        found.append(
            {
                "label": _("Mean wait"),
                "figure": minutes(total / count / 60) if count else "–",
                "url": "/reception/board",
            }
        )
    if may(user, "billing.see"):
        found.append(
            {
                "label": _("Collected today"),
                "figure": won(day_total("paid_won", today)[0], short=True),
                "url": "/billing/",
            }
        )
    if may(user, "claims.see"):
        work = Claim.objects.filter(status="checked").count()
        found.append({"label": _("Claims that need a person"), "figure": number(work), "url": "/claims/?state=checked"})
        ready = Claim.objects.filter(status="approved", batch=None).count()
        found.append({"label": _("Claims ready to send"), "figure": number(ready), "url": "/claims/?state=approved"})
    if may(user, "it.operate"):
        letters = DeadLetter.objects.filter(solved_at=None).count()
        found.append({"label": _("Dead letters"), "figure": number(letters), "url": "/jobs"})
    return found


def watch(request: HttpRequest) -> list[dict[str, str]]:
    """What to keep an eye on, with a link."""
    user, found = request.user, []
    if may(user, "billing.see"):
        owed = Invoice.objects.filter(business_on=clock.today(), patient_won__gt=F("paid_won"))
        sums = owed.aggregate(sum=Sum(F("patient_won") - F("paid_won")))["sum"] or 0
        found.append({"title": _("Unpaid bills of today"), "detail": won(sums), "url": "/billing/"})
    if may(user, "claims.see"):
        returned = (
            Claim.objects.filter(status__in=["returned", "impossible"]).aggregate(sum=Sum("insurer_won"))["sum"] or 0
        )
        found.append(
            {
                "title": _("Returned or not reviewable claims"),
                "detail": won(returned, short=True),
                "url": "/claims/answers",
            }
        )
    return found
