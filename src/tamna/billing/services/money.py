"""Money for bills (수납, 환불, 상계): the bill's row is locked while money moves, so two cashiers cannot take the same money.

Amounts in won. The database refuses more than what is owed. A refund goes to the tender it came from. Money that comes
after the house has closed its day belongs to the next.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Sum

from tamna.billing.models import CashClosing, Deposit, HouseClosing, Invoice, Payment
from tamna.core import audit, clock, numbering, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError, refused_as


def due_won(invoice: Invoice) -> int:
    """What is still owed (미수금); negative is owed to the patient."""
    return invoice.patient_won - invoice.paid_won


@transaction.atomic
def record_payment(
    *, invoice_id: int, amount_won: int, tender: str, key: str, by: Actor, approval_no: str = "", reason: str = ""
) -> Payment:
    """Take money for a bill (수납). The same key takes once. Raises billing.overpaid, billing.already_paid.

    A card must be approved first: `billing.cards.pay` does both.
    """
    existing = Payment.objects.filter(key=key).first()
    if existing:
        if (existing.invoice_id, existing.amount_won) != (invoice_id, amount_won):
            raise DomainError("billing.key_reused")
        return existing
    if amount_won <= 0:
        raise DomainError("billing.amount_positive")
    if tender not in Payment.BY_HAND:
        raise DomainError("billing.unknown_tender")
    invoice = Invoice.objects.select_for_update().get(pk=invoice_id)
    if Payment.objects.filter(key=key).exists():  # another process took it while we waited for the lock
        return record_payment(invoice_id=invoice_id, amount_won=amount_won, tender=tender, key=key, by=by)
    check_due(invoice, amount_won)
    return taken(invoice, amount_won, tender, key, by, approval_no=approval_no, reason=reason)


def check_due(invoice: Invoice, amount_won: int) -> None:
    """Refuse what is not owed. Raises billing.already_paid, billing.overpaid, billing.amount_positive."""
    due = due_won(invoice)
    if due <= 0:
        raise DomainError("billing.already_paid")
    if amount_won <= 0:
        raise DomainError("billing.amount_positive")
    if amount_won > due:
        raise DomainError("billing.overpaid", due=f"{due:,}")


@transaction.atomic
def refund(
    *,
    payment_id: int,
    amount_won: int,
    reason: str,
    key: str,
    by: Actor,
    approval_no: str = "",
    bill: Invoice | None = None,
) -> Payment:
    """Give money back to the tender it came from (환불), booked on its own bill or on a difference `bill` of the same visit.

    A used deposit goes back into the deposit. Raises billing.refund_reason, billing.refund_too_much.
    """
    existing = Payment.objects.filter(key=key).first()
    if existing:
        return existing
    if not reason.strip():
        raise DomainError("billing.refund_reason")
    was = Payment.objects.get(pk=payment_id)
    wanted = bill.pk if bill else was.invoice_id
    bills = {row.pk: row for row in Invoice.objects.select_for_update().filter(pk__in=[was.invoice_id, wanted]).order_by("id")}  # fmt: skip
    left = refundable_won(was)
    if amount_won <= 0:
        raise DomainError("billing.amount_positive")
    if amount_won > left:
        raise DomainError("billing.refund_too_much", left=f"{left:,}")
    payment = _move(
        bills[wanted], -amount_won, was.tender, key, by, approval_no=approval_no, reason=reason, refund_of=was,
        deposit_id=was.deposit_id,
    )  # fmt: skip
    if was.deposit_id:
        Deposit.objects.filter(pk=was.deposit_id).update(left_won=F("left_won") + amount_won)
    audit.note("payment.refunded", by=by, subject_type="payment", subject_id=payment.public_id, reason=reason,
               detail={"amount_won": amount_won, "refund_of": str(was.public_id)})  # fmt: skip
    outbox.record("payment.refunded", _facts(payment), by=by)
    return payment


def refundable_won(payment: Payment) -> int:
    """What of a payment was not given back yet."""
    return payment.amount_won + (payment.refunds.aggregate(sum=Sum("amount_won"))["sum"] or 0)


@transaction.atomic
def set_off(*, invoice_id: int, key: str, by: Actor) -> int:
    """Set a bill in the patient's favour off against what the same visit still owes (상계). Won set off, by the order of bills."""
    visit = Invoice.objects.values_list("encounter_id", flat=True).get(pk=invoice_id)
    bills = list(Invoice.objects.select_for_update().filter(encounter=visit).order_by("id"))
    bill = next(row for row in bills if row.pk == invoice_id)
    won = 0
    for owing in bills:
        amount = min(due_won(owing), -due_won(bill))
        if amount <= 0:
            continue
        name = f"{key}:{owing.pk}"
        to = taken(owing, amount, Payment.Tender.SET_OFF, name, by, reason=bill.number)
        back = _move(bill, -amount, Payment.Tender.SET_OFF, f"{name}:back", by, reason=owing.number, refund_of=to)
        outbox.record("payment.refunded", _facts(back), by=by)
        won += amount
    return won


def taken(invoice: Invoice, amount_won: int, tender: str, key: str, by: Actor, **more: Any) -> Payment:
    """Book a payment on a bill that the caller holds locked, and tell of it."""
    payment = _move(invoice, amount_won, tender, key, by, **more)
    outbox.record("payment.taken", _facts(payment), by=by, subject=("payment", payment.public_id))
    return payment


def _move(
    invoice: Invoice, amount_won: int, tender: str, key: str, by: Actor, *, approval_no: str = "", reason: str = "",
    refund_of: Payment | None = None, deposit_id: int | None = None,
) -> Payment:  # fmt: skip
    with refused_as(invoice_overpaid="billing.overpaid"):
        invoice.paid_won += amount_won
        invoice.save(update_fields=["paid_won"])
    receipt = next_receipt(by, counts=tender not in Payment.MONEYLESS)
    return Payment.objects.create(
        receipt_no=receipt.number, invoice=invoice, amount_won=amount_won, tender=tender, key=key, approval_no=approval_no,
        refund_of=refund_of, deposit_id=deposit_id, cashier=by.name, cashier_user_id=by.user_id, reason=reason[:200],
        taken_at=receipt.at, business_on=receipt.on,
    )  # fmt: skip


@dataclass(frozen=True)
class Receipt:
    """Number, instant and business day of a movement."""

    number: int
    at: datetime
    on: date


def next_receipt(by: Actor, *, counts: bool = True) -> Receipt:
    """Receipt number, instant and business day of a movement. A closing holds the same series, so none slips in behind it.

    `counts`: money for the cashier's own drawer and slips. Raises billing.day_is_closed.
    """
    number, now = numbering.take("receipt"), clock.now()
    on = clock.business_day(now)
    if counts and by.user_id and CashClosing.objects.filter(cashier_id=by.user_id, business_on=on).exists():
        raise DomainError("billing.day_is_closed")
    while HouseClosing.objects.filter(business_on=on).exists():
        on += timedelta(days=1)
    return Receipt(number, now, on)


def _facts(payment: Payment) -> dict[str, object]:
    return {
        "payment_id": payment.pk,
        "invoice_id": payment.invoice_id,
        "amount_won": payment.amount_won,
        "tender": payment.tender,
    }
