"""Day closes (일마감): a blind count, a cashier's day, the day of the whole house. A difference is kept and posted.

The count is written before any expected sum is shown; a difference needs a reason. Amounts in won.
"""

from collections.abc import Mapping
from datetime import date

from django.db import transaction

from tamna.billing.models import CashClosing, CashCount, Deposit, HouseClosing, Payment
from tamna.core import audit, clock, numbering, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError, refused_as
from tamna.core.models import User

NOTES = (50_000, 10_000, 5_000, 1_000, 500, 100, 50, 10)


@transaction.atomic
def count_cash(*, cashier: User, on: date, notes: Mapping[int, int], by: Actor) -> CashCount:
    """Write down what is in the drawer (현금 실사), by notes and coins. Raises billing.bad_count, billing.already_closed, billing.nothing_to_close."""
    _may_close(cashier, on)
    if any(value not in NOTES or not 0 <= count <= 100_000 for value, count in notes.items()):
        raise DomainError("billing.bad_count")
    if CashClosing.objects.filter(cashier=cashier, business_on=on).exists():
        raise DomainError("billing.already_closed")
    count = CashCount.objects.create(
        cashier=cashier, business_on=on, notes={str(value): number for value, number in notes.items() if number},
        counted_won=sum(value * number for value, number in notes.items()), counted_at=clock.now(),
    )  # fmt: skip
    audit.note("cash.counted", by=by, subject_type="cash_count", subject_id=count.pk, detail={"won": count.counted_won})
    outbox.record("cash.counted", {"count_id": count.pk}, by=by)
    return count


def _may_close(cashier: User, on: date) -> None:
    """Today, or a day before of which one's own money is still open."""
    if on > clock.today():
        raise DomainError("billing.day_not_over")
    mine = {"cashier_user": cashier, "business_on": on, "closing": None}
    closed = CashClosing.objects.filter(cashier=cashier, business_on=on).exists()  # told as such below
    if (
        on < clock.today()
        and not closed
        and not Payment.objects.filter(**mine).exists()
        and not Deposit.objects.filter(**mine).exists()
    ):
        raise DomainError("billing.nothing_to_close")


def sums_of(cashier: User, on: date) -> dict[str, int]:
    """A cashier's open day by tender, deposits with it; what moves no money is left out. Two queries."""
    sums = dict.fromkeys(Payment.BY_HAND, 0)
    rows = [
        *Payment.objects.filter(cashier_user=cashier, business_on=on, closing=None).values_list("tender", "amount_won"),
        *Deposit.objects.filter(cashier_user=cashier, business_on=on, closing=None).values_list("tender", "amount_won"),
    ]
    for tender, won in rows:
        if tender in sums:
            sums[tender] += won
    return {str(tender): won for tender, won in sums.items()}


@transaction.atomic
def close_day(*, cashier: User, on: date, counted_cash_won: int, note: str = "", by: Actor) -> CashClosing:
    """Close a cashier's day (일마감): the count was given blind, the expected sum comes from payments and deposits.

    A difference is kept and posted, never smoothed away. Raises billing.already_closed, billing.difference_reason.
    """
    _may_close(cashier, on)
    numbering.take_many("receipt", 0)  # nobody books behind the closing: every movement takes its number first
    if CashClosing.objects.filter(cashier=cashier, business_on=on).exists():
        raise DomainError("billing.already_closed")
    sums = sums_of(cashier, on)
    difference = counted_cash_won - sums["cash"]
    if difference and not note.strip():
        raise DomainError("billing.difference_reason")
    with refused_as(closed_once="billing.already_closed"):
        closing = CashClosing.objects.create(
            cashier=cashier, business_on=on, expected_cash_won=sums["cash"], counted_cash_won=counted_cash_won,
            card_won=sums["card"], transfer_won=sums["transfer"], simple_won=sums["simple"], difference_won=difference,
            note=note.strip(), closed_at=clock.now(),
        )  # fmt: skip
    for rows in (Payment.objects, Deposit.objects):
        rows.filter(cashier_user=cashier, business_on=on, closing=None).update(closing=closing)
    audit.note("day.closed", by=by, subject_type="closing", subject_id=closing.pk, reason=note,
               detail={"difference_won": closing.difference_won})  # fmt: skip
    outbox.record("day.closed", {"closing_id": closing.pk, "difference_won": closing.difference_won}, by=by)
    return closing


@transaction.atomic
def close_house(*, on: date, by: Actor) -> HouseClosing:
    """Close the day of the house (병원 일마감): every drawer is closed; later money belongs to the next day.

    Raises billing.drawers_open, billing.already_closed, billing.day_not_over.
    """
    if on > clock.today():
        raise DomainError("billing.day_not_over")
    numbering.take_many("receipt", 0)
    if HouseClosing.objects.filter(business_on=on).exists():
        raise DomainError("billing.already_closed")
    payments, deposits = Payment.objects.filter(business_on=on), Deposit.objects.filter(business_on=on)
    mine = payments.exclude(tender__in=Payment.MONEYLESS)
    open_drawers = {
        *mine.filter(closing=None, cashier_user__isnull=False).values_list("cashier_user", flat=True),
        *deposits.filter(closing=None, cashier_user__isnull=False).values_list("cashier_user", flat=True),
    }
    if open_drawers:
        raise DomainError("billing.drawers_open", count=len(open_drawers))
    sums = dict.fromkeys(Payment.BY_HAND, 0)
    for tender, won in (*mine.values_list("tender", "amount_won"), *deposits.values_list("tender", "amount_won")):
        sums[tender] += won
    closing = HouseClosing.objects.create(
        business_on=on, sums=sums, payments=mine.count() + deposits.count(), closed_by=by.name, closed_at=clock.now(),
        difference_won=sum(CashClosing.objects.filter(business_on=on).values_list("difference_won", flat=True)),
    )  # fmt: skip
    audit.note(
        "house.closed", by=by, subject_type="house_closing", subject_id=closing.pk, detail={"day": on.isoformat()}
    )
    outbox.record("house.closed", {"house_closing_id": closing.pk}, by=by)
    return closing


@transaction.atomic
def explain_closing(*, closing_id: int, note: str, by: Actor) -> CashClosing:
    """Write what explains a difference beside a day close (마감 차액 원인); no amount changes. Raises billing.already_closed."""
    closing = CashClosing.objects.select_for_update().get(pk=closing_id)
    if closing.finding:
        raise DomainError("billing.already_closed")
    closing.finding = note[:200]
    closing.save(update_fields=["finding"])
    audit.note("day.explained", by=by, subject_type="closing", subject_id=closing.pk, reason=note)
    outbox.record("day.explained", {"closing_id": closing.pk}, by=by)
    return closing
