"""Screens of third payers (기관 청구): their bills, what they paid and cut, what is overdue."""

import uuid
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from tamna.billing import selectors, services
from tamna.billing.lists import PAYER_BILLS
from tamna.billing.models import PayerAnswer, PayerBill, ThirdPayer
from tamna.billing.money_views import won_of
from tamna.billing.payer_papers import payer_bill_pdf
from tamna.core import audit, clock, lists
from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.reception.models import Encounter


@needs("billing.see")
def payer_bills(request: HttpRequest) -> HttpResponseBase:
    """Bills of third payers with what is still open, and the receivable of each payer."""
    context = {"payers": selectors.payer_balances(), "kinds": ThirdPayer.Kind.choices, "today": clock.today()}
    return lists.show(
        request,
        PAYER_BILLS,
        PayerBill.objects.select_related("payer", "encounter__patient"),
        "billing/payer_bills.html",
        context,
    )


@needs("billing.see")
def payer_bill(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One bill: what it asks, each answer, what can be done."""
    bill = get_object_or_404(
        PayerBill.objects.select_related("payer", "encounter__patient", "encounter__department"), public_id=public_id
    )
    context = {
        "bill": bill, "answers": bill.answers.order_by("id"), "key": f"desk:{uuid.uuid4()}", "today": clock.today(),
        "cut_to": PayerAnswer.CutTo.choices if bill.payer.kind == "overseas" else [PayerAnswer.CutTo.choices[0]],
        "invoices": bill.encounter.invoices.order_by("seq"),
    }  # fmt: skip
    return render(request, "billing/payer_bill.html", context)


@needs("billing.see")
def payer_bill_paper(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The bill as it is sent."""
    bill = get_object_or_404(
        PayerBill.objects.select_related("payer", "encounter__patient", "encounter__department"), public_id=public_id
    )
    audit.note("payer.bill_printed", by=Actor.of(request), subject_type="payer_bill", subject_id=bill.public_id,
               patient_ref=bill.encounter.patient.public_id)  # fmt: skip
    response = HttpResponse(payer_bill_pdf(bill), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{bill.number}.pdf"'
    return response


@needs("billing.take")
def new_payer_bill(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Bill a third payer for a visit."""
    visit = get_object_or_404(Encounter.objects.select_related("patient", "department"), public_id=public_id)
    if request.method == "POST":
        payer = get_object_or_404(ThirdPayer, public_id=_uuid(request.POST.get("payer", "")))
        made = services.bill_payer(
            encounter_id=visit.pk, payer_id=payer.pk, guarantee_no=request.POST.get("guarantee_no", ""),
            limit_won=won_of(request.POST, "limit") or None, by=Actor.of(request),
        )  # fmt: skip
        return redirect("billing:payer-bill", public_id=made.public_id)
    kinds = [visit.payer] if visit.payer in ("auto", "industrial") else ["overseas"]
    bills = list(visit.invoices.order_by("seq"))
    context = {
        "visit": visit, "payers": ThirdPayer.objects.filter(kind__in=kinds, is_active=True).order_by("name"), "accident": kinds != ["overseas"],
        "owed": services.unbilled_won(visit) if kinds != ["overseas"] else sum(max(0, services.due_won(bill)) for bill in bills),
        "bills": bills, "kinds": ThirdPayer.Kind.choices,
    }  # fmt: skip
    return render(request, "billing/new_payer_bill.html", context)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@require_POST
@needs("billing.take")
def keep_payer(request: HttpRequest) -> HttpResponse:
    """Make an insurer known."""
    form = request.POST
    days = form.get("days", "30")
    services.keep_payer(
        name=form.get("name", ""), kind=form.get("kind", ""), country=form.get("country", "KR"), currency=form.get("currency", "KRW"),
        contact=form.get("contact", ""), days_to_pay=int(days) if days.isascii() and days.isdigit() else 0, by=Actor.of(request),
    )  # fmt: skip
    return redirect("billing:payer-bills")


@require_POST
@needs("billing.take")
def send(request: HttpRequest, public_id: UUID) -> HttpResponse:
    bill = get_object_or_404(PayerBill, public_id=public_id)
    services.send_payer_bill(payer_bill_id=bill.pk, by=Actor.of(request))
    return redirect("billing:payer-bill", public_id=public_id)


@require_POST
@needs("billing.take")
def answer(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take money and a cut; the key of the form makes a double click one answer."""
    bill, form = get_object_or_404(PayerBill, public_id=public_id), request.POST
    services.take_answer(
        payer_bill_id=bill.pk, paid_won=won_of(form, "paid"), cut_won=won_of(form, "cut"), cut_to=form.get("cut_to", ""),
        reason=form.get("reason", ""), reference=form.get("reference", ""), key=form.get("key", ""),
        received_on=min(lists.day_of(form.get("received_on", "")) or clock.today(), clock.today()), by=Actor.of(request),
    )  # fmt: skip
    return redirect("billing:payer-bill", public_id=public_id)


@require_POST
@needs("billing.refund")
def withdraw(request: HttpRequest, public_id: UUID) -> HttpResponse:
    bill = get_object_or_404(PayerBill, public_id=public_id)
    services.withdraw_payer_bill(payer_bill_id=bill.pk, reason=request.POST.get("reason", ""), by=Actor.of(request))
    return redirect("billing:payer-bill", public_id=public_id)
