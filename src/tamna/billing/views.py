"""Screens of the cashier: bills to pay, one bill with its reasons, receipt, refund, the day's close."""

import uuid
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from tamna.billing import cards, receipts, selectors, services
from tamna.billing.lists import BILLS, PAYMENTS
from tamna.billing.models import Invoice, Payment
from tamna.core import audit, clock, lists
from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.core.format import language
from tamna.engines.labels import label


@needs("billing.see")
def cashier(request: HttpRequest) -> HttpResponse:
    """Bills to pay, newest first."""
    return lists.show(request, BILLS, selectors.unpaid(), "billing/cashier.html")


@needs("billing.see")
def invoice(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One bill: charges, shares, payments, what can be done."""
    bill = get_object_or_404(
        Invoice.objects.select_related("encounter__patient", "encounter__department", "corrects"), public_id=public_id
    )
    audit.note(
        "invoice.seen",
        by=Actor.of(request),
        subject_type="invoice",
        subject_id=bill.public_id,
        patient_ref=bill.encounter.patient.public_id,
    )
    context = {
        "bill": bill, "charges": bill.charges.order_by("item_class", "id"), "payments": bill.payments.order_by("id"),
        "due": services.due_won(bill), "key": f"desk:{uuid.uuid4()}",
    }  # fmt: skip
    return render(request, "billing/invoice.html", context)


@needs("billing.see")
def why(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Why this amount: the steps of the copayment with their law."""
    bill = get_object_or_404(Invoice, public_id=public_id)
    steps = [{**step, "label": label(step["label"], language())} for step in bill.steps]
    return render(request, "billing/why.html", {"bill": bill, "steps": steps})


@needs("billing.see")
def why_charge(request: HttpRequest, public_id: UUID, charge_id: int) -> HttpResponse:
    bill = get_object_or_404(Invoice, public_id=public_id)
    charge = get_object_or_404(bill.charges, pk=charge_id)
    steps = [{**step, "label": label(step["label"], language())} for step in charge.steps]
    return render(request, "billing/why.html", {"bill": bill, "charge": charge, "steps": steps})


@require_POST
@needs("billing.take")
def pay(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take money; the key of the form makes a double click one payment."""
    bill = get_object_or_404(Invoice, public_id=public_id)
    tender, key = request.POST.get("tender", "cash"), request.POST.get("key", "")
    try:
        amount = int(request.POST.get("amount", "0").replace(",", ""))
    except ValueError:
        amount = 0
    if tender == "card":
        payment = cards.pay_by_card(invoice_id=bill.pk, amount_won=amount, key=key, by=Actor.of(request))
    else:
        payment = services.record_payment(
            invoice_id=bill.pk, amount_won=amount, tender=tender, key=key, by=Actor.of(request)
        )
    return redirect(f"/billing/{payment.invoice.public_id}")


@require_POST
@needs("billing.refund")
def refund(request: HttpRequest, payment_id: int) -> HttpResponse:
    payment = get_object_or_404(Payment.objects.select_related("invoice"), pk=payment_id)
    reason, key = request.POST.get("reason", ""), request.POST.get("key", "")
    try:
        amount = int(request.POST.get("amount", "0").replace(",", ""))
    except ValueError:
        amount = 0
    if payment.tender == "card":
        cards.refund_by_card(payment=payment, amount_won=amount, reason=reason, key=key, by=Actor.of(request))
    else:
        services.refund(payment_id=payment.pk, amount_won=amount, reason=reason, key=key, by=Actor.of(request))
    return redirect(f"/billing/{payment.invoice.public_id}")


@needs("billing.see")
def receipt(request: HttpRequest, public_id: UUID) -> HttpResponse:
    bill = get_object_or_404(
        Invoice.objects.select_related("encounter__patient", "encounter__department"), public_id=public_id
    )
    audit.note(
        "receipt.printed",
        by=Actor.of(request),
        subject_type="invoice",
        subject_id=bill.public_id,
        patient_ref=bill.encounter.patient.public_id,
    )
    response = HttpResponse(receipts.receipt_pdf(bill, language()), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{bill.number}.pdf"'
    return response


@needs("billing.see")
def payments(request: HttpRequest) -> HttpResponse:
    """Payments and refunds of a day."""
    on = lists.day_of(request.GET.get("on", "")) or clock.today()
    return lists.show(request, PAYMENTS, selectors.payments(), "billing/payments.html", {"on": on})


@needs("billing.close")
def closing(request: HttpRequest) -> HttpResponse:
    """Count first, then see: the expected sum is shown after the count is given; a difference needs a word of why.

    A day before today (`on`) can still be closed while one's own payments of it are open.
    """
    on, counted, wrong = min(lists.day_of(request.GET.get("on", "")) or clock.today(), clock.today()), "", False
    may_close = on == clock.today() or request.user.pk in selectors.open_days(on)
    if request.method == "POST" and may_close:
        counted = request.POST.get("counted", "")
        won = int(counted.replace(",", "")) if counted.replace(",", "").isdigit() else -1
        note = request.POST.get("note", "").strip()
        wrong = won != selectors.taken_by(request.user.pk, on)["cash"] and not note
        if won >= 0 and not wrong:
            services.close_day(cashier=request.user, on=on, counted_cash_won=won, note=note, by=Actor.of(request))
            return redirect(f"/billing/closing?on={on}")
    found = selectors.closings(on)
    mine = next((row for row in found if row.cashier_id == request.user.pk), None)
    return render(
        request,
        "billing/closing.html",
        {"on": on, "closings": found, "mine": mine, "may_close": may_close, "counted": counted, "wrong": wrong},
        status=422 if wrong else 200,
    )
