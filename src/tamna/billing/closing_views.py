"""Screens of the day close (일마감): count blind, see, close; then the house."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from tamna.billing import selectors, services
from tamna.billing.models import CashClosing, CashCount, HouseClosing, Payment
from tamna.billing.services.closing import NOTES
from tamna.core import clock, lists
from tamna.core.access import needs
from tamna.core.actor import Actor


def _day(request: HttpRequest) -> date:
    return min(lists.day_of(request.GET.get("on", "")) or clock.today(), clock.today())


@needs("billing.close")
def closing(request: HttpRequest) -> HttpResponse:
    """One's own drawer, then everybody's. The expected sum is shown only once a count is written down.

    A day before today (`on`) can still be closed while one's own payments of it are open.
    """
    on = _day(request)
    found = selectors.drawers(on)
    mine = CashClosing.objects.filter(cashier=request.user, business_on=on).first()
    counts = list(CashCount.objects.filter(cashier=request.user, business_on=on).order_by("-id")[:5])
    may_close = mine is None and (on == clock.today() or request.user.pk in selectors.open_days(on))
    sums = services.sums_of(request.user, on) if counts and not mine else None
    tenders = [(tender.value, tender.label) for tender in Payment.BY_HAND]
    shown = [
        drawer for drawer in found if drawer.closing or not drawer.has_drawer or drawer.name != request.user.username
    ]
    context = {
        "on": on, "mine": mine, "may_close": may_close, "counts": counts, "sums": sums, "notes": NOTES, "drawers": shown,
        "difference": counts[0].counted_won - sums["cash"] if sums is not None else 0, "tenders": tenders,
        "house": HouseClosing.objects.filter(business_on=on).first(), "open": selectors.open_days(on), "today": clock.today(),
        "total": {tender: sum(drawer.sums[tender] for drawer in found) for tender, _ in tenders},
        "books": [proof(on) for proof in selectors.counter_proofs],
    }  # fmt: skip
    return render(request, "billing/closing.html", context)


@require_POST
@needs("billing.close")
def count(request: HttpRequest) -> HttpResponse:
    """Write down what is in the drawer."""
    on, notes = _day(request), {}
    for value in NOTES:
        text = request.POST.get(f"note-{value}", "").replace(",", "").strip()
        notes[value] = int(text) if text.isascii() and text.isdigit() else -1 if text else 0
    services.count_cash(cashier=request.user, on=on, notes=notes, by=Actor.of(request))
    return redirect(f"/billing/closing?on={on}")


@require_POST
@needs("billing.close")
def close(request: HttpRequest) -> HttpResponse:
    """Close one's day by the last count; a difference needs its reason."""
    on = _day(request)
    last = CashCount.objects.filter(cashier=request.user, business_on=on).order_by("-id").first()
    if last is None:
        return redirect(f"/billing/closing?on={on}")
    note = request.POST.get("note", "")
    services.close_day(cashier=request.user, on=on, counted_cash_won=last.counted_won, note=note, by=Actor.of(request))
    return redirect(f"/billing/closing?on={on}")


@require_POST
@needs("billing.refund")
def close_house(request: HttpRequest) -> HttpResponse:
    """Close the day of the house, by the head of the desk."""
    on = _day(request)
    services.close_house(on=on, by=Actor.of(request))
    return redirect(f"/billing/closing?on={on}")
