"""Screens of the ledger: journal, entry, trial balance."""

from datetime import timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from tamna.core import clock, lists
from tamna.core.access import needs
from tamna.core.choices import departments
from tamna.ledger import selectors
from tamna.ledger.lists import JOURNAL


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
