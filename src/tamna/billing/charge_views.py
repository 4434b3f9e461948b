"""Screens of a visit's charges (진료비 항목): enter one by hand, take one off, say who pays. Each needs a reason."""

import uuid
from decimal import Decimal, InvalidOperation
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from tamna.billing import rating, services
from tamna.billing.models import ChargeItem
from tamna.core import audit
from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.patients.payers import PAYERS
from tamna.reception import services as reception
from tamna.reception.models import Encounter


@needs("billing.see")
def charges(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Every line of one visit, billed or not, and the fees that fit the words."""
    visit = _visit(public_id)
    audit.note("charges.seen", by=Actor.of(request), subject_type="encounter", subject_id=visit.public_id,
               patient_ref=visit.patient.public_id)  # fmt: skip
    words = request.GET.get("q", "").strip()
    context = {
        "visit": visit, "words": words, "payers": PAYERS, "key": uuid.uuid4(),
        "charges": visit.charges.select_related("invoice").order_by("id"),
        "conditions": visit.conditions.order_by("seq"), "found": rating.find_fees(words, visit.business_on) if words else [], "bills": visit.invoices.order_by("seq"),
    }  # fmt: skip
    return render(request, "billing/charges.html", context)


def _visit(public_id: UUID) -> Encounter:
    return get_object_or_404(Encounter.objects.select_related("patient", "department"), public_id=public_id)


@require_POST
@needs("billing.charge")
def enter(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Put a service on the visit; the key of the form makes a double click one line."""
    visit, form = _visit(public_id), request.POST
    try:
        quantity, days = Decimal(form.get("quantity", "1")), int(form.get("days", "1"))
    except (InvalidOperation, ValueError):
        quantity, days = Decimal(0), 0
    services.enter_charge(
        encounter_id=visit.pk, code=form.get("code", "").strip().upper(), key=form.get("key", ""), quantity=quantity, days=days,
        reason=form.get("reason", ""), by=Actor.of(request),
    )  # fmt: skip
    return redirect("billing:charges", public_id=public_id)


@require_POST
@needs("billing.charge")
def cancel(request: HttpRequest, public_id: UUID, charge_id: int) -> HttpResponse:
    charge = get_object_or_404(ChargeItem, pk=charge_id, encounter__public_id=public_id)
    services.cancel_charge(charge_id=charge.pk, reason=request.POST.get("reason", ""), by=Actor.of(request))
    return redirect("billing:charges", public_id=public_id)


@require_POST
@needs("billing.charge")
def payer(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Say who pays this visit; what was billed is rated anew by the event that follows."""
    reception.change_payer(
        encounter_id=_visit(public_id).pk, payer=request.POST.get("payer", ""),
        special_case=request.POST.get("special_case", ""), reason=request.POST.get("reason", ""), by=Actor.of(request),
    )  # fmt: skip
    return redirect("billing:charges", public_id=public_id)


@require_POST
@needs("billing.charge")
def diagnoses(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Write the diagnoses anew, the principal one first; what was billed is rated anew by the event that follows."""
    codes = request.POST.get("codes", "").replace(",", " ").split()
    kinds = ["principal", *["secondary"] * len(codes)]
    reception.change_conditions(
        encounter_id=_visit(public_id).pk, diagnoses=list(zip(kinds, codes, strict=False)), reason=request.POST.get("reason", ""),
        by=Actor.of(request),
    )  # fmt: skip
    return redirect("billing:charges", public_id=public_id)
