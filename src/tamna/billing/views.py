"""Screens of the cashier: bills to pay, one bill with its reasons, payments of a day."""

import uuid
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from tamna.billing import selectors, services
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
        "due": services.due_won(bill), "key": f"desk:{uuid.uuid4()}", "held": services.held_won(bill.encounter.patient_id),
        "plan": bill.plans.order_by("-id").prefetch_related("instalments").first(), "uncertain": bill.terminal_requests.filter(state="asked").first(),
        "moneyless": Payment.MONEYLESS, "payer_bills": bill.encounter.payer_bills.select_related("payer").order_by("id"), "today": clock.today(),
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


@needs("billing.see")
def payments(request: HttpRequest) -> HttpResponse:
    """Payments and refunds of a day."""
    on = lists.day_of(request.GET.get("on", "")) or clock.today()
    return lists.show(request, PAYMENTS, selectors.payments(), "billing/payments.html", {"on": on})
