"""Screens of the ledger: journal, entry, trial balance."""

from datetime import timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from tamna.core import clock
from tamna.core.access import needs
from tamna.core.export import as_csv
from tamna.core.paging import page
from tamna.ledger import selectors
from tamna.ledger.models import Account, JournalEntry


@needs("ledger.see")
def journal(request: HttpRequest) -> HttpResponse:
    """Entries with their lines, newest first."""
    on, account = parse_date(request.GET.get("on", "")), request.GET.get("account", "")
    entries = selectors.journal(on=on, account=account, source_type=request.GET.get("source", ""))
    if request.GET.get("format") == "csv":
        rows = (
            (entry.number, str(entry.business_on), line.account.code, line.account.name_ko, line.debit_won, line.credit_won)
            for entry in entries.order_by("-id")[:20_000] for line in entry.lines.all()
        )  # fmt: skip
        return as_csv("journal", (_("Entry"), _("Day"), _("Code"), _("Account"), _("Debit"), _("Credit")), rows)
    context = {
        "page": page(entries, ("-id",), request.GET.get("cursor", ""), 30),
        "on": on,
        "account": account,
        "accounts": Account.objects.all(),
        "text_of": text_of,
    }
    return render(request, "ledger/journal.html", context)


def text_of(entry: JournalEntry) -> str:
    return _(entry.text) % entry.facts if entry.facts else _(entry.text)


@needs("ledger.see")
def entry(request: HttpRequest, public_id: UUID) -> HttpResponse:
    row = get_object_or_404(selectors.journal(), public_id=public_id)
    return render(request, "ledger/entry.html", {"entry": row, "text": text_of(row)})


@needs("ledger.see")
def trial_balance(request: HttpRequest) -> HttpResponse:
    """Debits equal credits, and the page says so."""
    end = parse_date(request.GET.get("end", "")) or clock.today()
    start = parse_date(request.GET.get("start", "")) or end - timedelta(days=60)
    rows = selectors.trial_balance(start, end)
    debit, credit = sum(row.debit_won for row in rows), sum(row.credit_won for row in rows)
    return render(
        request,
        "ledger/trial_balance.html",
        {"rows": rows, "start": start, "end": end, "debit": debit, "credit": credit},
    )
