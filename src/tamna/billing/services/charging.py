"""Charges and bills (진료비 항목, 수납서): what is charged to a visit, its bill, its difference bills, what an order means.

Law: 국민건강보험법 제44조 (본인부담), 국민건강보험 요양급여의 기준에 관한 규칙 제7조 (계산서·영수증). Amounts in won.
A bill's totals are frozen; a later change is a difference bill.
"""

from collections.abc import Iterable
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from tamna.billing import rating
from tamna.billing.models import ChargeItem, Invoice
from tamna.core import audit, clock, numbering, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.patients.models import Patient
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
    Patient.objects.select_for_update(no_key=True).get(pk=encounter.patient_id)  # two visits share one yearly cap
    charges = list(
        encounter.charges.select_for_update().exclude(status=ChargeItem.Status.ENTERED_IN_ERROR).order_by("id")
    )
    earlier = list(encounter.invoices.order_by("seq"))
    if not charges and not earlier:
        raise DomainError("billing.nothing_to_bill")
    year = rating.care_day(encounter).year
    rated = rating.rate(encounter, charges, counted_won(encounter.patient_id, year, besides=encounter.pk))
    names = ("total_won", "patient_won", "counted_won", "cap_excess_won")
    billed = {name: sum(getattr(invoice, name) for invoice in earlier) for name in names}
    same_money = all(billed[name] == getattr(rated, name) for name in ("total_won", "patient_won"))
    if earlier and same_money and rating.owed_by(earlier[-1].payer) == rating.owed_by(encounter.payer):
        return earlier[-1]
    now = clock.now()
    invoice = Invoice.objects.create(
        number=f"{clock.business_day(now):%y%m%d}-{numbering.take('invoice', f'{clock.business_day(now):%Y%m%d}'):05d}",
        encounter=encounter,
        seq=len(earlier) + 1,
        kind=Invoice.Kind.DIFFERENCE if earlier else Invoice.Kind.ORIGINAL,
        corrects=earlier[-1] if earlier else None,
        payer=encounter.payer,
        **{name: getattr(rated, name) - billed[name] for name in names},
        insurer_won=(rated.total_won - billed["total_won"]) - (rated.patient_won - billed["patient_won"]),
        cap_year=year,
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
        if not code:  # unknown, or known to be free of charge
            continue
        charges.append(
            add_charge(
                encounter=encounter, code=code, key=f"order:{order.placer_number}", quantity=order.quantity,
                days=order.days, service_at=order.ordered_at, order=order, by=by,
            )
        )  # fmt: skip
    return charges


def counted_won(patient_id: int, year: int, *, besides: int | None = None) -> int:
    """What the yearly cap counts of a patient's bills of a year of care (본인부담상한 누계), without one visit. One query."""
    bills = Invoice.objects.filter(encounter__patient=patient_id, cap_year=year).exclude(encounter=besides)
    return bills.aggregate(sum=Sum("counted_won"))["sum"] or 0
