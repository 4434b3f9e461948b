"""What a cashier does with money: take it by one tender or several, give it back, hold it for later (수납, 환불, 선수금)."""

import uuid
from collections.abc import Mapping
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from tamna.billing import cards, selectors, services
from tamna.billing.models import Deposit, Invoice, Payment
from tamna.core import audit, clock
from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.patients.models import Patient
from tamna.patients.selectors import family

YEARS_BACK = 5


def won_of(form: Mapping[str, str], name: str) -> int:
    """A sum as people write it (12,300); what is no sum is -1, which every service refuses. Empty is nothing."""
    text = form.get(name, "").replace(",", "").replace(" ", "").removesuffix("원").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 13 else -1 if text else 0


@require_POST
@needs("billing.take")
def pay(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take money; the key of the form makes a double click one payment."""
    bill = get_object_or_404(Invoice, public_id=public_id)
    tender, key, by = request.POST.get("tender", "cash"), request.POST.get("key", ""), Actor.of(request)
    if tender in ("card", "simple"):
        cards.pay(invoice_id=bill.pk, amount_won=won_of(request.POST, "amount"), tender=tender, key=key, by=by)
    elif tender == "deposit":
        cards.pay_parts(invoice_id=bill.pk, parts={tender: won_of(request.POST, "amount")}, key=key, by=by)
    else:
        services.record_payment(
            invoice_id=bill.pk, amount_won=won_of(request.POST, "amount"), tender=tender, key=key, by=by
        )
    return redirect("billing:invoice", public_id=public_id)


@require_POST
@needs("billing.take")
def pay_parts(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take one bill by several tenders."""
    bill = get_object_or_404(Invoice, public_id=public_id)
    parts = {tender: won for tender in cards.ORDER if (won := won_of(request.POST, tender))}
    cards.pay_parts(invoice_id=bill.pk, parts=parts, key=request.POST.get("key", ""), by=Actor.of(request))
    return redirect("billing:invoice", public_id=public_id)


@require_POST
@needs("billing.take")
def settle(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask the terminal now what became of a card whose answer was lost."""
    bill = get_object_or_404(Invoice, public_id=public_id)
    cards.settle_of_bill(bill.pk, besides="")
    return redirect("billing:invoice", public_id=public_id)


@require_POST
@needs("billing.refund")
def refund(request: HttpRequest, payment_id: int) -> HttpResponse:
    payment = get_object_or_404(Payment.objects.select_related("invoice"), pk=payment_id)
    reason, key = request.POST.get("reason", ""), request.POST.get("key", "")
    cards.refund(
        payment=payment, amount_won=won_of(request.POST, "amount"), reason=reason, key=key, by=Actor.of(request)
    )
    return redirect("billing:invoice", public_id=payment.invoice.public_id)


@require_POST
@needs("billing.refund")
def give_back(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Settle a bill in the patient's favour."""
    bill = get_object_or_404(Invoice, public_id=public_id)
    reason, key = request.POST.get("reason", "") or bill.number, request.POST.get("key", "")
    cards.give_back(bill=bill, reason=reason, key=key, by=Actor.of(request))
    return redirect("billing:invoice", public_id=public_id)


@needs("billing.see")
def account(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """A patient's account (환자 계정): what is owed, what is held, the year under the cap."""
    patient = get_object_or_404(Patient, public_id=public_id)
    audit.note(
        "account.seen",
        by=Actor.of(request),
        subject_type="patient",
        subject_id=patient.public_id,
        patient_ref=patient.public_id,
    )
    this_year = clock.today().year
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isdigit() and this_year - YEARS_BACK <= int(asked) <= this_year else this_year
    bills = selectors.owing().filter(encounter__patient=patient).order_by("-issued_at", "-id")[:50]
    context = {
        "patient": patient, "bills": bills, "owed": sum(services.due_won(bill) for bill in bills), "held": services.held_won(patient.pk),
        "deposits": Deposit.objects.filter(patient__in=family(patient.pk)).order_by("-id")[:50], "cap": selectors.cap_year(patient.pk, year),
        "years": [(n, str(n)) for n in range(this_year, this_year - YEARS_BACK - 1, -1)], "guarantee": services.may_guarantee(patient),
        "key": f"desk:{uuid.uuid4()}", "tenders": [(t.value, t.label) for t in Payment.BY_HAND], "kinds": Deposit.Kind.choices,
    }  # fmt: skip
    return render(request, "billing/account.html", context)


@require_POST
@needs("billing.take")
def take_deposit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    patient, form = get_object_or_404(Patient, public_id=public_id), request.POST
    cards.take_deposit(
        patient_id=patient.pk, amount_won=won_of(form, "amount"), tender=form.get("tender", ""), kind=form.get("kind", "advance"),
        key=form.get("key", ""), reason=form.get("reason", ""), by=Actor.of(request),
    )  # fmt: skip
    return redirect("billing:account", public_id=public_id)


@require_POST
@needs("billing.refund")
def return_deposit(request: HttpRequest, deposit_id: int) -> HttpResponse:
    deposit = get_object_or_404(Deposit.objects.select_related("patient"), pk=deposit_id, amount_won__gt=0)
    cards.return_deposit(
        deposit=deposit, amount_won=won_of(request.POST, "amount"), reason=request.POST.get("reason", ""),
        key=request.POST.get("key", ""), by=Actor.of(request),
    )  # fmt: skip
    return redirect("billing:account", public_id=deposit.patient.public_id)
