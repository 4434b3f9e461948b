"""Screens of unpaid bills (미수금): by age, what was agreed, what is given up."""

from datetime import date, timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tamna.billing import selectors, services
from tamna.billing.lists import UNPAID
from tamna.billing.models import Invoice
from tamna.billing.money_views import won_of
from tamna.core import clock, lists
from tamna.core.access import needs
from tamna.core.actor import Actor


@needs("billing.see")
def unpaid(request: HttpRequest) -> HttpResponseBase:
    """Bills that are owed, oldest first, with their age, what was agreed and when they lapse."""
    ages = [(top, _(word), bills, won) for top, word, bills, won in selectors.ageing()]
    context = {"ages": ages, "age": request.GET.get("age", ""), "lapses_on": services.lapses_on, "today": clock.today()}
    return lists.show(request, UNPAID, selectors.owing(), "billing/unpaid.html", context)


@needs("billing.take")
def plan(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Agree on instalments: a proposal by parts and first day, then each day and sum can be changed."""
    bill = get_object_or_404(Invoice.objects.select_related("encounter__patient"), public_id=public_id)
    due, form = services.due_won(bill), request.POST
    if request.method == "POST":
        rows = [
            (lists.day_of(form.get(f"on-{n}", "")), won_of(form, f"won-{n}")) for n in range(services.MOST_INSTALMENTS)
        ]
        kept = [(on, won) for on, won in rows if on is not None and won]
        services.agree_plan(
            invoice_id=bill.pk, instalments=kept, agreed_with=form.get("agreed_with", ""), note=form.get("note", ""), by=Actor.of(request)
        )  # fmt: skip
        return redirect("billing:invoice", public_id=public_id)
    parts = request.GET.get("parts", "3")
    first = lists.day_of(request.GET.get("first", "")) or _in_a_month(clock.today())
    wanted = int(parts) if parts.isascii() and parts.isdigit() and 1 <= int(parts) <= services.MOST_INSTALMENTS else 3
    rows = services.even_instalments(due, min(wanted, max(1, due)), max(first, clock.today())) if due > 0 else []
    return render(
        request, "billing/plan.html", {"bill": bill, "due": due, "rows": rows, "parts": wanted, "first": first}
    )


def _in_a_month(on: date) -> date:
    return on + timedelta(days=30)


@require_POST
@needs("billing.take")
def ask_write_off(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask the director to give the bill up."""
    bill = get_object_or_404(Invoice, public_id=public_id)
    services.ask_write_off(invoice_id=bill.pk, reason=request.POST.get("reason", ""), by=Actor.of(request))
    return redirect("billing:invoice", public_id=public_id)
