"""Deposits (선수금·보증금): money held for a patient before there is a bill, set off against bills, returned the way it came.

Law: 국민건강보험법 시행령 제19조② — beyond the copayment nothing may be asked of an insured patient. What a patient offers may
be held; a guarantee is taken only from those without benefit. Amounts in won.
"""

from django.db import transaction
from django.db.models import Sum

from tamna.billing.models import Deposit, Invoice, Payment
from tamna.billing.services.money import Receipt, check_due, next_receipt, taken
from tamna.core import audit, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.patients.models import Coverage, Patient
from tamna.patients.selectors import family

WITHOUT_BENEFIT = frozenset({"self", "auto", "industrial"})


def may_guarantee(patient: Patient) -> bool:
    """Whether a guarantee may be taken: nobody's benefit covers this person today."""
    last = Coverage.objects.filter(patient=patient).order_by("-checked_on", "-id").first()
    return last is None or last.payer in WITHOUT_BENEFIT or last.benefit_stopped


@transaction.atomic
def take_deposit(
    *,
    patient_id: int,
    amount_won: int,
    tender: str,
    kind: str,
    key: str,
    by: Actor,
    approval_no: str = "",
    reason: str = "",
) -> Deposit:
    """Take money in advance (선수금 수납). The same key takes once.

    Raises billing.amount_positive, billing.unknown_tender, billing.guarantee_not_allowed, billing.key_reused.
    """
    existing = Deposit.objects.filter(key=key).first()
    if existing:
        if (existing.patient_id, existing.amount_won) != (patient_id, amount_won):
            raise DomainError("billing.key_reused")
        return existing
    if amount_won <= 0:
        raise DomainError("billing.amount_positive")
    if tender not in Payment.BY_HAND or kind not in Deposit.Kind.values:
        raise DomainError("billing.unknown_tender")
    patient = Patient.objects.select_for_update(no_key=True).get(pk=patient_id)
    if kind == Deposit.Kind.GUARANTEE and not may_guarantee(patient):
        raise DomainError("billing.guarantee_not_allowed")
    if Deposit.objects.filter(key=key).exists():  # another process took it while we waited for the lock
        return Deposit.objects.get(key=key)
    deposit = _booked(
        patient.pk, amount_won, tender, kind, key, by, next_receipt(by), approval_no=approval_no, reason=reason
    )
    _told("deposit.taken", deposit, by)
    return deposit


@transaction.atomic
def use_deposit(*, deposit_id: int, invoice_id: int, amount_won: int, key: str, by: Actor) -> Payment:
    """Set a deposit off against a bill of the same patient (선수금 대체). The same key does it once.

    Raises billing.deposit_too_little, billing.not_this_patient, and what a payment raises.
    """
    existing = Payment.objects.filter(key=key).first()
    if existing:
        return existing
    invoice = Invoice.objects.select_for_update(of=("self",)).select_related("encounter").get(pk=invoice_id)
    deposit = Deposit.objects.get(pk=deposit_id)
    if Payment.objects.filter(key=key).exists():
        return Payment.objects.get(key=key)
    if not family(invoice.encounter.patient_id).filter(pk=deposit.patient_id).exists():
        raise DomainError("billing.not_this_patient")
    check_due(invoice, amount_won)
    payment = taken(invoice, amount_won, Payment.Tender.DEPOSIT, key, by, deposit_id=deposit.pk)
    _draw(deposit.pk, amount_won)
    return payment


@transaction.atomic
def return_deposit(
    *, deposit_id: int, amount_won: int, reason: str, key: str, by: Actor, approval_no: str = ""
) -> Deposit:
    """Give what is left of a deposit back, whole or in part, to the tender it came from (선수금 반환).

    Raises billing.refund_reason, billing.deposit_too_little.
    """
    existing = Deposit.objects.filter(key=key).first()
    if existing:
        return existing
    if not reason.strip():
        raise DomainError("billing.refund_reason")
    receipt = next_receipt(by)
    if Deposit.objects.filter(key=key).exists():
        return Deposit.objects.get(key=key)
    deposit = _draw(deposit_id, amount_won)
    back = _booked(
        deposit.patient_id, -amount_won, deposit.tender, deposit.kind, key, by, receipt, approval_no=approval_no, reason=reason, of=deposit
    )  # fmt: skip
    audit.note("deposit.returned", by=by, subject_type="deposit", subject_id=back.public_id, reason=reason,
               detail={"amount_won": amount_won})  # fmt: skip
    _told("deposit.returned", back, by)
    return back


def held_won(patient_id: int) -> int:
    """What is held for a patient."""
    return (
        Deposit.objects.filter(patient__in=family(patient_id), left_won__gt=0).aggregate(sum=Sum("left_won"))["sum"]
        or 0
    )


def _draw(deposit_id: int, amount_won: int) -> Deposit:
    """Take from what is left. Its row is locked after the receipt's number, as a closing does it: neither waits for the other."""
    deposit = Deposit.objects.select_for_update().get(pk=deposit_id)
    if amount_won <= 0:
        raise DomainError("billing.amount_positive")
    if amount_won > deposit.left_won:
        raise DomainError("billing.deposit_too_little", left=f"{deposit.left_won:,}")
    deposit.left_won -= amount_won
    deposit.save(update_fields=["left_won"])
    return deposit


def _booked(
    patient_id: int, amount_won: int, tender: str, kind: str, key: str, by: Actor, receipt: Receipt, *, approval_no: str,
    reason: str, of: Deposit | None = None,
) -> Deposit:  # fmt: skip
    return Deposit.objects.create(
        receipt_no=receipt.number, patient_id=patient_id, kind=kind, amount_won=amount_won, left_won=max(amount_won, 0),
        tender=tender, approval_no=approval_no, return_of=of, key=key, cashier=by.name, cashier_user_id=by.user_id,
        reason=reason[:200], taken_at=receipt.at, business_on=receipt.on,
    )  # fmt: skip


def _told(event: str, deposit: Deposit, by: Actor) -> None:
    facts = {"deposit_id": deposit.pk, "patient_id": deposit.patient_id, "amount_won": deposit.amount_won}
    outbox.record(event, facts, by=by, subject=("deposit", deposit.public_id))
