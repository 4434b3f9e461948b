"""Tiles and watch items of a home page, by what a person may see; each opens to its own list. A handful of small queries."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from tamna.claims import selectors as claims
from tamna.core import clock
from tamna.core.access import may
from tamna.core.format import number
from tamna.core.models import DeadLetter
from tamna.insight.figures import FIGURES, Total, list_url, shown
from tamna.insight.selectors import series
from tamna.ledger.models import JournalEntry

DAYS = 14


def _tile(label: str, key: str, total: Total | None = None, trend: list[float] | None = None) -> dict[str, Any]:
    """A figure of today, and where its records are listed."""
    item, today = FIGURES[key], clock.today()
    found = shown(item, total or item.total(item.of(today)))
    return {"label": label, "figure": found, "url": list_url(key, today), "trend": trend}


def _capped(count: int) -> str:
    """Claims of a state are counted no further than a thousand."""
    return "999+" if count > 999 else number(count)


def tiles(request: HttpRequest) -> list[dict[str, Any]]:
    user, today, found = request.user, clock.today(), []
    past = series(["visits", "wait_s", "paid_won"], today, DAYS)
    visits, waits, paid = ([row[1:] for row in past[key]] for key in ("visits", "wait_s", "paid_won"))
    if may(user, "patients.see"):
        trend = [value for value, count in visits if count]
        found += [
            _tile(_("Visits today"), "visits", Total(visits[-1][1], visits[-1][0]), trend),
            _tile(_("Waiting now"), "waiting"),
        ]
        seconds, calls = waits[-1]
        trend = [value / count / 60 for value, count in waits if count]
        found.append(_tile(_("Mean wait"), "waits", Total(calls, seconds / calls / 60 if calls else 0), trend))
    if may(user, "billing.see"):
        found.append(
            _tile(
                _("Collected today"), "paid", Total(paid[-1][1], paid[-1][0]), [value for value, count in paid if count]
            )
        )
    if may(user, "claims.see"):
        counts = claims.counts()
        for state, label in (("checked", _("Claims that need a person")), ("approved", _("Claims ready to send"))):
            found.append({"label": label, "figure": _capped(counts.get(state, 0)), "url": f"/claims/?state={state}"})
    if may(user, "ledger.see"):
        posted = JournalEntry.objects.filter(business_on=today).count()
        found.append({"label": _("Entries posted today"), "figure": number(posted), "url": f"/ledger/?on={today}"})
    if may(user, "it.operate"):
        letters = DeadLetter.objects.filter(solved_at=None).count()
        found.append({"label": _("Dead letters"), "figure": number(letters), "url": "/jobs#letters"})
    return found


def watch(request: HttpRequest) -> list[dict[str, str]]:
    """What to keep an eye on, with a link to exactly that."""
    user, found = request.user, []
    if may(user, "billing.see"):
        owed = _tile(_("Unpaid bills of today"), "owed")
        found.append({"title": owed["label"], "detail": owed["figure"], "url": owed["url"]})
    if may(user, "claims.see"):
        counts = claims.counts()
        for state, label in (("returned", _("Returned claims")), ("impossible", _("Claims that cannot be reviewed"))):
            detail = _("%(n)s claims") % {"n": _capped(counts.get(state, 0))}
            found.append({"title": label, "detail": detail, "url": f"/claims/?state={state}"})
    return found
