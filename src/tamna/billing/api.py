"""Cashier over HTTP: bills of a visit, payments."""

from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema

from tamna.billing import cards, services
from tamna.billing.models import Invoice, Payment
from tamna.core.api import actor, scope

router = Router(tags=["billing"])


class NewPayment(Schema):
    amount_won: int
    tender: Literal["card", "cash", "transfer", "simple"]
    key: str


@router.get("/invoices/{uuid:public_id}")
@scope("billing.see")
def read(request: HttpRequest, public_id: UUID) -> dict[str, Any]:
    """A bill with its shares and why."""
    bill = get_object_or_404(Invoice, public_id=public_id)
    return {
        "id": bill.public_id, "number": bill.number, "total_won": bill.total_won, "patient_won": bill.patient_won,
        "insurer_won": bill.insurer_won, "paid_won": bill.paid_won, "rule": bill.rule, "parts": bill.parts,
        "steps": bill.steps, "unconfirmed": bill.unconfirmed,
    }  # fmt: skip


@router.post("/invoices/{uuid:public_id}/payments")
@scope("billing.take")
def pay(request: HttpRequest, public_id: UUID, body: NewPayment) -> dict[str, Any]:
    """Take money; the same key takes once, a card or simple pay is approved by the terminal first."""
    bill = get_object_or_404(Invoice, public_id=public_id)
    take = cards.pay if body.tender in Payment.BY_TERMINAL else services.record_payment
    payment = take(invoice_id=bill.pk, amount_won=body.amount_won, tender=body.tender, key=body.key, by=actor(request))
    return {"id": payment.public_id, "receipt_no": payment.receipt_no, "amount_won": payment.amount_won}
