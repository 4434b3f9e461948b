"""Card payments (카드 수납): the terminal first, the record second, and never one without the other.

The key is fixed before the terminal is asked. If the record is refused after an approval, the approval is cancelled; if
the terminal's answer was lost, the next try with the same key finds it there.
"""

from tamna.billing import services
from tamna.billing.models import Invoice, Payment
from tamna.connect import payment as terminal
from tamna.connect.errors import Refused, Unreachable
from tamna.core.actor import Actor
from tamna.core.errors import DomainError


def pay_by_card(*, invoice_id: int, amount_won: int, key: str, by: Actor) -> Payment:
    """Charge a card and record it. Raises billing.card_declined, billing.card_unreachable, and what record_payment raises."""
    existing = Payment.objects.filter(key=key).first()
    if existing:
        return existing
    due = services.due_won(Invoice.objects.get(pk=invoice_id))
    if due <= 0:
        raise DomainError("billing.already_paid")
    if not 0 < amount_won <= due:
        raise DomainError("billing.overpaid", due=f"{due:,}")
    try:
        approval = terminal.approve(key, amount_won)
    except Refused as refused:
        raise DomainError("billing.card_declined", code=refused.code) from refused
    except Unreachable as unreachable:
        raise DomainError("billing.card_unreachable") from unreachable
    try:
        return services.record_payment(
            invoice_id=invoice_id,
            amount_won=amount_won,
            tender="card",
            key=key,
            approval_no=approval.approval_no,
            by=by,
        )
    except DomainError:
        terminal.cancel(key, amount_won, f"undo:{key}")
        raise


def refund_by_card(
    *, payment: Payment, amount_won: int, reason: str, key: str, by: Actor, bill: Invoice | None = None
) -> Payment:
    """Give back to the card it came from, then record it (on `bill` where it is a difference bill that is settled)."""
    existing = Payment.objects.filter(key=key).first()
    if existing:
        return existing
    if not reason.strip():
        raise DomainError("billing.refund_reason")
    try:
        cancelled = terminal.cancel(
            payment.key, amount_won, key, approval_no=payment.approval_no, approved_won=payment.amount_won
        )
    except Refused as refused:
        raise DomainError("billing.card_keeps", code=refused.code) from refused
    except Unreachable as unreachable:
        raise DomainError("billing.card_unreachable") from unreachable
    return services.refund(
        payment_id=payment.pk, amount_won=amount_won, reason=reason, key=key, approval_no=cancelled.approval_no, by=by, bill=bill,
    )  # fmt: skip


def give_back(*, bill: Invoice, reason: str, key: str, by: Actor) -> int:
    """Settle a bill in the patient's favour (차액 환급): set off what the visit still owes, give back the rest the way it came.

    Won settled. Each step has its own key, so the same call goes on where a lost terminal stopped it.
    Raises billing.nothing_to_give_back and what a refund raises.
    """
    if services.due_won(bill) >= 0:
        raise DomainError("billing.nothing_to_give_back")
    won = services.set_off(invoice_id=bill.pk, key=key, by=by)
    taken = Payment.objects.filter(invoice__encounter=bill.encounter_id, amount_won__gt=0).exclude(tender="set_off")
    for payment in taken.order_by("-id"):
        bill.refresh_from_db()
        amount = min(services.refundable_won(payment), -services.due_won(bill))
        if amount <= 0:
            continue
        name = f"{key}:{payment.pk}"
        if payment.tender == "card":
            refund_by_card(payment=payment, amount_won=amount, reason=reason, key=name, by=by, bill=bill)
        else:
            services.refund(payment_id=payment.pk, amount_won=amount, reason=reason, key=name, by=by, bill=bill)
        won += amount
    return won
