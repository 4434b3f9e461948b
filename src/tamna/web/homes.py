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
from tamna.insight.selectors import day_total
from tamna.ledger.models import JournalEntry


def _tile(label: str, key: str, total: Total | None = None) -> dict[str, Any]:
    """A figure of today, and where its records are listed."""
    item, today = FIGURES[key], clock.today()
    return {"label": label, "figure": shown(item, total or item.total(item.of(today))), "url": list_url(key, today)}


def _capped(count: int) -> str:
    """Claims of a state are counted no further than a thousand."""
    return "999+" if count > 999 else number(count)


def tiles(request: HttpRequest) -> list[dict[str, Any]]:
    user, today, found = request.user, clock.today(), []
    if may(user, "patients.see"):
        count = day_total("visits", today)[0]
        found += [_tile(_("Visits today"), "visits", Total(count, count)), _tile(_("Waiting now"), "waiting")]
        seconds, calls = day_total("wait_s", today)
        found.append(_tile(_("Mean wait"), "waits", Total(calls, seconds / calls / 60 if calls else 0)))
    if may(user, "billing.see"):
        won, count = day_total("paid_won", today)
        found.append(_tile(_("Collected today"), "paid", Total(count, won)))
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
