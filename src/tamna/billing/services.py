"""Charges, bills and money: every write of billing, one transaction each.

Law: 국민건강보험법 제44조 (본인부담), 국민건강보험 요양급여의 기준에 관한 규칙 제7조 (계산서·영수증). Amounts in won.
A bill's totals are frozen; a later change is a difference bill. The bill's row is locked while money is taken, so two
cashiers cannot take the same money; the database refuses more than what is owed.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Sum

from tamna.billing import rating
from tamna.billing.models import CashClosing, ChargeItem, Invoice, OrderCode, Payment
from tamna.core import audit, clock, numbering, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError, refused_as
from tamna.core.models import User
from tamna.reception.models import Encounter, ServiceRequest


@transaction.atomic
def add_charge(
    *, encounter: Encounter, code: str, key: str, by: Actor, quantity: Decimal = Decimal(1), days: int = 1,
    service_at: object = None, order: ServiceRequest | None = None,
) -> ChargeItem:  # fmt: skip
    """Price one service and put it on the visit (진료비 항목). The same key adds once. Raises billing.unknown_code."""
    existing = ChargeItem.objects.filter(key=key).first()
    if existing:
        return existing
    priced = rating.price(encounter, code, quantity, days, service_at or clock.now())
    charge = ChargeItem.objects.create(encounter=encounter, key=key, service_request=order, **priced)
    facts = {"encounter_id": encounter.pk, "charge_id": charge.pk}
    outbox.record("charge.added", facts, by=by, subject=("charge", charge.public_id))
    return charge


@transaction.atomic
def cancel_charge(*, charge_id: int, reason: str, by: Actor) -> ChargeItem:
    """Take a charge off the visit (항목 취소); one that is billed goes off by a difference bill. Cancelling twice changes nothing.

    Raises billing.cancel_reason.
    """
    if not reason.strip():
        raise DomainError("billing.cancel_reason")
    charge = ChargeItem.objects.select_for_update().get(pk=charge_id)
    if charge.status == ChargeItem.Status.ENTERED_IN_ERROR:
        return charge
    was_billed = charge.status == ChargeItem.Status.BILLED
    charge.status = ChargeItem.Status.ENTERED_IN_ERROR
    charge.save(update_fields=["status"])
    audit.note("charge.cancelled", by=by, subject_type="charge", subject_id=charge.public_id, reason=reason)
    outbox.record("charge.cancelled", {"encounter_id": charge.encounter_id, "charge_id": charge.pk}, by=by)
    if was_billed:
        issue_invoice(encounter_id=charge.encounter_id, by=by)
    return charge


@transaction.atomic
def enter_charge(
    *, encounter_id: int, code: str, key: str, reason: str, by: Actor, quantity: Decimal, days: int
) -> ChargeItem:
    """A person puts a service on a visit by hand (수기 입력), with a reason; a finished visit is billed anew.

    The day of the visit decides the price. Raises billing.charge_reason, billing.bad_quantity, billing.visit_cancelled.
    """
    if not reason.strip():
        raise DomainError("billing.charge_reason")
    if not (quantity.is_finite() and 0 < quantity <= 999 and 0 < days <= 365):
        raise DomainError("billing.bad_quantity")
    encounter = Encounter.objects.select_for_update(of=("self",)).select_related("patient").get(pk=encounter_id)
    if encounter.status == Encounter.Status.CANCELLED or encounter.is_imported:
        raise DomainError("billing.visit_cancelled")
    existing = ChargeItem.objects.filter(key=f"hand:{key}").first()
    if existing:
        return existing
    charge = add_charge(
        encounter=encounter, code=code, key=f"hand:{key}", by=by, quantity=quantity, days=days,
        service_at=encounter.started_at or encounter.arrived_at,
    )  # fmt: skip
    audit.note("charge.entered", by=by, subject_type="charge", subject_id=charge.public_id, reason=reason,
               detail={"code": code, "quantity": f"{quantity:f}", "days": days})  # fmt: skip
    if encounter.status == Encounter.Status.FINISHED:
        issue_invoice(encounter_id=encounter.pk, by=by)
    return charge


@transaction.atomic
def issue_invoice(*, encounter_id: int, by: Actor) -> Invoice:
    """Make the bill of a finished visit (수납서), or the difference bill when something changed since the last one.

    Re-rating the same facts gives the same bill and no new row. Raises billing.not_finished, billing.nothing_to_bill.
    """
    encounter = Encounter.objects.select_for_update().get(pk=encounter_id)
    if encounter.status != Encounter.Status.FINISHED:
        raise DomainError("billing.not_finished")
    charges = list(
        encounter.charges.select_for_update().exclude(status=ChargeItem.Status.ENTERED_IN_ERROR).order_by("id")
    )
    earlier = list(encounter.invoices.order_by("seq"))
    if not charges and not earlier:
        raise DomainError("billing.nothing_to_bill")
    rated = rating.rate(encounter, charges)
    billed_total = sum(invoice.total_won for invoice in earlier)
    billed_patient = sum(invoice.patient_won for invoice in earlier)
    if earlier and (billed_total, billed_patient) == (rated.total_won, rated.patient_won):
        return earlier[-1]
    now = clock.now()
    invoice = Invoice.objects.create(
        number=f"{clock.business_day(now):%y%m%d}-{numbering.take('invoice', f'{clock.business_day(now):%Y%m%d}'):05d}",
        encounter=encounter,
        seq=len(earlier) + 1,
        kind=Invoice.Kind.DIFFERENCE if earlier else Invoice.Kind.ORIGINAL,
        corrects=earlier[-1] if earlier else None,
        payer=encounter.payer,
        total_won=rated.total_won - billed_total,
        patient_won=rated.patient_won - billed_patient,
        insurer_won=(rated.total_won - billed_total) - (rated.patient_won - billed_patient),
        rule=rated.rule,
        parts=rated.parts,
        steps=rated.steps,
        unconfirmed=rated.unconfirmed,
        bill_rows=rated.bill_rows,
        issued_at=now,
        business_on=clock.business_day(now),
        is_synthetic=encounter.is_synthetic,
    )
    ChargeItem.objects.filter(pk__in=[charge.pk for charge in charges], invoice=None).update(
        invoice=invoice, status=ChargeItem.Status.BILLED
    )
    facts = {"invoice_id": invoice.pk, "encounter_id": encounter.pk}
    outbox.record("invoice.issued", facts, by=by, subject=("invoice", invoice.public_id))
    return invoice


@transaction.atomic
def rerate(*, encounter_id: int, by: Actor) -> Invoice:
    """Rate a billed visit anew for the payer it has now (재산정): lines whose price differs are replaced, then the difference
    is billed. What was billed before stays as it was. Raises billing.not_finished.
    """
    encounter = Encounter.objects.select_for_update(of=("self",)).select_related("patient").get(pk=encounter_id)
    charges = encounter.charges.select_for_update().exclude(status=ChargeItem.Status.ENTERED_IN_ERROR).order_by("id")
    for charge in list(charges):
        priced = rating.price(encounter, charge.code, charge.quantity, charge.days, charge.service_at)
        if priced["amount_won"] == charge.amount_won:
            continue
        order, charge.service_request = charge.service_request, None
        charge.status = ChargeItem.Status.ENTERED_IN_ERROR
        charge.save(update_fields=["status", "service_request"])
        ChargeItem.objects.create(encounter=encounter, key=f"again:{charge.public_id}", service_request=order, **priced)
    return issue_invoice(encounter_id=encounter.pk, by=by)


def due_won(invoice: Invoice) -> int:
    """What is still owed (미수금); negative is owed to the patient."""
    return invoice.patient_won - invoice.paid_won


@transaction.atomic
def record_payment(
    *, invoice_id: int, amount_won: int, tender: str, key: str, by: Actor, approval_no: str = "", reason: str = ""
) -> Payment:
    """Take money for a bill (수납). The same key takes once. Raises billing.overpaid, billing.already_paid.

    A card must be approved first: `billing.cards.pay_by_card` does both.
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
    due = due_won(invoice)
    if due <= 0:
        raise DomainError("billing.already_paid")
    if amount_won > due:
        raise DomainError("billing.overpaid", due=f"{due:,}")
    payment = _move(invoice, amount_won, tender, key, by, approval_no=approval_no, reason=reason)
    outbox.record("payment.taken", _facts(payment), by=by, subject=("payment", payment.public_id))
    return payment


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

    Raises billing.refund_reason, billing.refund_too_much.
    """
    existing = Payment.objects.filter(key=key).first()
    if existing:
        return existing
    if not reason.strip():
        raise DomainError("billing.refund_reason")
    taken = Payment.objects.select_for_update().get(pk=payment_id)
    invoice = Invoice.objects.select_for_update().get(pk=bill.pk if bill else taken.invoice_id)
    left = refundable_won(taken)
    if amount_won <= 0:
        raise DomainError("billing.amount_positive")
    if amount_won > left:
        raise DomainError("billing.refund_too_much", left=f"{left:,}")
    payment = _move(
        invoice, -amount_won, taken.tender, key, by, approval_no=approval_no, reason=reason, refund_of=taken
    )
    audit.note("payment.refunded", by=by, subject_type="payment", subject_id=payment.public_id, reason=reason,
               detail={"amount_won": amount_won, "refund_of": str(taken.public_id)})  # fmt: skip
    outbox.record("payment.refunded", _facts(payment), by=by)
    return payment


def refundable_won(payment: Payment) -> int:
    """What of a payment was not given back yet."""
    return payment.amount_won + (payment.refunds.aggregate(sum=Sum("amount_won"))["sum"] or 0)


@transaction.atomic
def set_off(*, invoice_id: int, key: str, by: Actor) -> int:
    """Set a bill in the patient's favour off against what the same visit still owes (상계). Won set off, by the order of bills."""
    bill = Invoice.objects.select_for_update().get(pk=invoice_id)
    won = 0
    for owing in Invoice.objects.select_for_update().filter(encounter=bill.encounter_id, patient_won__gt=F("paid_won")):
        amount = min(due_won(owing), -due_won(bill))
        if amount <= 0:
            break
        name = f"{key}:{owing.pk}"
        taken = _move(owing, amount, Payment.Tender.SET_OFF, name, by, approval_no="", reason=bill.number)
        back = _move(bill, -amount, Payment.Tender.SET_OFF, f"{name}:back", by, approval_no="", reason=owing.number, refund_of=taken)  # fmt: skip
        outbox.record("payment.taken", _facts(taken), by=by, subject=("payment", taken.public_id))
        outbox.record("payment.refunded", _facts(back), by=by)
        won += amount
    return won


def _move(
    invoice: Invoice, amount_won: int, tender: str, key: str, by: Actor, *, approval_no: str, reason: str,
    refund_of: Payment | None = None,
) -> Payment:  # fmt: skip
    now = clock.now()
    on = clock.business_day(now)
    if by.user_id and CashClosing.objects.filter(cashier_id=by.user_id, business_on=on).exists():
        raise DomainError("billing.day_is_closed")
    with refused_as(invoice_overpaid="billing.overpaid"):
        invoice.paid_won += amount_won
        invoice.save(update_fields=["paid_won"])
        return Payment.objects.create(
            receipt_no=numbering.take("receipt"), invoice=invoice, amount_won=amount_won, tender=tender, key=key,
            approval_no=approval_no, refund_of=refund_of, cashier=by.name, cashier_user_id=by.user_id, reason=reason,
            taken_at=now, business_on=on,
        )  # fmt: skip


def _facts(payment: Payment) -> dict[str, object]:
    return {
        "payment_id": payment.pk,
        "invoice_id": payment.invoice_id,
        "amount_won": payment.amount_won,
        "tender": payment.tender,
    }


@transaction.atomic
def close_day(*, cashier: User, on: date, counted_cash_won: int, note: str = "", by: Actor) -> CashClosing:
    """Close a cashier's day (일마감): the count is given blind, the expected sum comes from the payments.

    A difference is kept and posted, never smoothed away. Raises billing.already_closed.
    """
    if CashClosing.objects.filter(cashier=cashier, business_on=on).exists():
        raise DomainError("billing.already_closed")
    payments = Payment.objects.select_for_update().filter(cashier_user=cashier, business_on=on, closing=None)
    sums: dict[str, int] = dict.fromkeys(Payment.Tender.values, 0)
    for payment in payments:
        sums[payment.tender] += payment.amount_won
    with refused_as(closed_once="billing.already_closed"):
        closing = CashClosing.objects.create(
            cashier=cashier, business_on=on, expected_cash_won=sums["cash"], counted_cash_won=counted_cash_won,
            card_won=sums["card"], transfer_won=sums["transfer"], difference_won=counted_cash_won - sums["cash"],
            note=note, closed_at=clock.now(),
        )  # fmt: skip
    payments.update(closing=closing)
    audit.note("day.closed", by=by, subject_type="closing", subject_id=closing.pk,
               detail={"difference_won": closing.difference_won})  # fmt: skip
    outbox.record("day.closed", {"closing_id": closing.pk, "difference_won": closing.difference_won}, by=by)
    return closing


def bill_visit(encounter: Encounter, *, by: Actor) -> bool:
    """The consultation fee and any order not charged yet, then the bill (진료비 산정). Whether there was anything to bill."""
    waiting = encounter.orders.filter(status=ServiceRequest.Status.ACTIVE, charge=None)
    charge_orders(encounter, waiting, by=by)
    code = rating.consultation_code(encounter)
    if code and not encounter.charges.filter(code=code).exclude(status="entered-in-error").exists():
        add_charge(
            encounter=encounter, code=code, key=f"consultation:{encounter.public_id}", by=by,
            service_at=encounter.started_at or encounter.arrived_at,
        )  # fmt: skip
    if not encounter.charges.exclude(status="entered-in-error").exists():
        return False
    issue_invoice(encounter_id=encounter.pk, by=by)
    return True


def charge_orders(encounter: Encounter, orders: Iterable[ServiceRequest], *, by: Actor) -> list[ChargeItem]:
    """Charges of mapped orders (오더 → 수가). An unmapped order stays on the worklist, nothing is guessed."""
    charges = []
    for order in orders:
        code = rating.fee_code_of(order)
        if code is None:
            ServiceRequest.objects.filter(pk=order.pk).update(status=ServiceRequest.Status.UNMAPPED)
            continue
        charges.append(
            add_charge(
                encounter=encounter, code=code, key=f"order:{order.placer_number}", quantity=order.quantity,
                days=order.days, service_at=order.ordered_at, order=order, by=by,
            )
        )  # fmt: skip
    return charges


@transaction.atomic
def remind(*, invoice_ids: Iterable[int], pay_by: date, by: Actor) -> int:
    """Ask for what is owed by one message each (미수금 안내). Sent by a job after the commit; the same bill and day once."""
    from tamna.billing.tasks import send_reminder

    count = 0
    for invoice in Invoice.objects.filter(pk__in=list(invoice_ids)).order_by("id"):
        if due_won(invoice) > 0:
            send_reminder.defer(invoice_id=invoice.pk, pay_by=pay_by.isoformat())
            audit.note("bill.reminded", by=by, subject_type="invoice", subject_id=invoice.public_id)
            count += 1
    outbox.record("bill.reminded", {"count": count, "pay_by": pay_by.isoformat()}, by=by)
    return count


@transaction.atomic
def explain_closing(*, closing_id: int, note: str, by: Actor) -> CashClosing:
    """Write a note beside a day close (마감 차액 사유); no amount changes. Raises billing.already_closed where one is there."""
    closing = CashClosing.objects.select_for_update().get(pk=closing_id)
    if closing.note:
        raise DomainError("billing.already_closed")
    closing.note = note
    closing.save(update_fields=["note"])
    audit.note("day.explained", by=by, subject_type="closing", subject_id=closing.pk, reason=note)
    outbox.record("day.explained", {"closing_id": closing.pk}, by=by)
    return closing


@transaction.atomic
def confirm_order_code(*, order_code: str, fee_code: str, valid_from: date, by: Actor) -> OrderCode:
    """Let an order code mean a fee from a day on (오더 매핑 확정) and charge the orders that wait for it.

    Finished visits get a difference bill. Raises billing.unknown_code.
    """
    if fee_code not in rating.master():
        raise DomainError("billing.unknown_code", code=fee_code)
    mapped, _ = OrderCode.objects.update_or_create(
        order_code=order_code, valid_from=valid_from, defaults={"fee_code": fee_code, "confirmed_by": by.name}
    )
    audit.note("order_code.confirmed", by=by, subject_type="order_code", subject_id=order_code,
               detail={"fee_code": fee_code, "valid_from": valid_from.isoformat()})  # fmt: skip
    outbox.record("order_code.confirmed", {"order_code": order_code, "fee_code": fee_code}, by=by)
    waiting = ServiceRequest.objects.select_for_update(of=("self",)).filter(
        code=order_code, status=ServiceRequest.Status.UNMAPPED
    )
    for order in waiting.select_related("encounter__department", "encounter__patient"):
        order.status = ServiceRequest.Status.ACTIVE
        order.save(update_fields=["status"])
        charge_orders(order.encounter, [order], by=by)
        if order.encounter.invoices.exists():
            issue_invoice(encounter_id=order.encounter_id, by=by)
    return mapped
