"""Screens of the ledger: journal, entry, trial balance."""

from datetime import timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from tamna.core import clock, lists, outbox
from tamna.core.access import needs
from tamna.core.choices import departments
from tamna.ledger import selectors
from tamna.ledger.lists import JOURNAL
from tamna.ledger.receivables import reconcile


@needs("ledger.see")
def journal(request: HttpRequest) -> HttpResponse:
    """Entries with their lines, newest first."""
    return lists.show(request, JOURNAL, selectors.journal(), "ledger/journal.html", {"text_of": selectors.text_of})


@needs("ledger.see")
def entry(request: HttpRequest, public_id: UUID) -> HttpResponse:
    row = get_object_or_404(selectors.journal(), public_id=public_id)
    return render(
        request, "ledger/entry.html", {"entry": row, "text": selectors.text_of(row), "departments": dict(departments())}
    )


@needs("ledger.see")
def trial_balance(request: HttpRequest) -> HttpResponse:
    """Debits equal credits, and the page says so."""
    end = lists.day_of(request.GET.get("end", "")) or clock.today()
    start = lists.day_of(request.GET.get("start", "")) or end - timedelta(days=60)
    rows = selectors.trial_balance(start, end)
    debit, credit = sum(row.debit_won for row in rows), sum(row.credit_won for row in rows)
    return render(
        request,
        "ledger/trial_balance.html",
        {"rows": rows, "start": start, "end": end, "debit": debit, "credit": credit},
    )


STANDS = {  # where a statement's won stand, in the order of its life
    "unclaimed": noop("Billed, on no claim"), "apart": noop("Billed and claimed differ"), "rounding": noop("Below 10 won, not claimed"),
    "draft": noop("Draft"), "checked": noop("Worklist"), "approved": noop("Ready"), "batched": noop("In a batch"), "received": noop("Under review"),
    "held": noop("On hold"), "returned": noop("Returned"), "impossible": noop("Not reviewable"), "full": noop("Decided, not yet paid"),
    "adjusted": noop("Cut, not yet paid"), "cut_open": noop("Cut that nobody accepted yet"), "paid": noop("Paid without a document"),
}  # fmt: skip


@needs("ledger.see")
def receivables(request: HttpRequest) -> HttpResponse:
    """Whether claims and ledger say the same of what insurers owe; what differs is listed by visit."""
    found = reconcile()
    order = list(STANDS)
    rows = sorted(found.buckets, key=lambda row: order.index(row.state) if row.state in order else len(order))
    behind = sum(lag.waiting for lag in outbox.lags() if lag.handler.startswith("ledger."))
    named = [(_(STANDS.get(row.state, row.state)), row) for row in rows]
    return render(request, "ledger/receivables.html", {"found": found, "rows": named, "behind": behind})
