"""Reads of billing: bills to pay, a bill, a day's money. Bounded queries."""

from datetime import date

from django.db.models import QuerySet, Sum

from tamna.billing.models import OWED, CashClosing, Invoice, Payment
from tamna.patients import selectors as people


def unpaid(on: date | None = None) -> QuerySet[Invoice]:
    """Bills with something owed either way, for paging by ("-issued_at", "-id")."""
    bills = Invoice.objects.filter(OWED).select_related("encounter__patient", "encounter__department")
    return bills.filter(business_on=on) if on else bills


def of_people(bills: QuerySet[Invoice], words: str) -> QuerySet[Invoice]:
    """Bills of the patients that fit the words."""
    return bills.filter(encounter__patient__in=people.matching(words).order_by().values("pk"))


def payments(on: date | None = None, cashier: str = "") -> QuerySet[Payment]:
    """Payments and refunds, for paging by ("-id",)."""
    rows = Payment.objects.select_related("invoice__encounter__patient")
    if on:
        rows = rows.filter(business_on=on)
    return rows.filter(cashier=cashier) if cashier else rows


def taken_by(cashier_id: int, on: date) -> dict[str, int]:
    """A cashier's day by tender, won."""
    sums = (
        Payment.objects.filter(cashier_user_id=cashier_id, business_on=on)
        .values_list("tender")
        .annotate(sum=Sum("amount_won"))
    )
    return {"cash": 0, "card": 0, "transfer": 0, **dict(sums)}


def open_days(on: date) -> list[int]:
    """Who took money on a day and has not closed it."""
    mine = Payment.objects.filter(business_on=on, closing=None, cashier_user__isnull=False)
    return list(mine.order_by("cashier_user").values_list("cashier_user", flat=True).distinct())


def closings(on: date) -> list[CashClosing]:
    return list(CashClosing.objects.filter(business_on=on).select_related("cashier").order_by("id"))
