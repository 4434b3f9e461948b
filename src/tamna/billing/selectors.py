"""Reads of billing: bills to pay, what is overdue, a day's money by drawer, a year under the cap. Bounded queries."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.utils.translation import gettext_noop as noop

from tamna.billing.models import OWED, CashClosing, Deposit, Invoice, Payment, PaymentPlan, ThirdPayer
from tamna.core import clock
from tamna.core.models import Proposal
from tamna.engines.tariff.rules import cap_of
from tamna.patients import selectors as people
from tamna.patients.models import Patient
from tamna.reception.models import ServiceRequest

if TYPE_CHECKING:
    from tamna.params import Fact


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


def open_days(on: date) -> list[int]:
    """Who took money on a day and has not closed it."""
    mine = {"business_on": on, "closing": None, "cashier_user__isnull": False}
    payments = Payment.objects.filter(**mine).exclude(tender__in=Payment.MONEYLESS)
    found = payments.values_list("cashier_user", flat=True).union(
        Deposit.objects.filter(**mine).values_list("cashier_user", flat=True)
    )
    return sorted(found)


counter_proofs: list[
    Callable[[date], int]
] = []  # what other departments' books say came over the counter on a day, won


@dataclass(frozen=True)
class Drawer:
    """A cashier's day (수납자별 마감): what came by each tender, and its closing where there is one."""

    name: str
    sums: dict[str, int]
    closing: CashClosing | None
    has_drawer: bool  # somebody with an account, who counts cash

    @property
    def total_won(self) -> int:
        return sum(self.sums.values())


def drawers(on: date) -> list[Drawer]:
    """Everyone who took money on a day, deposits with it. Three queries."""
    sums: dict[tuple[str, int | None], dict[str, int]] = {}
    for rows in (Payment.objects.exclude(tender__in=Payment.MONEYLESS), Deposit.objects.all()):
        found = (
            rows.filter(business_on=on)
            .order_by()
            .values_list("cashier", "cashier_user", "tender")
            .annotate(sum=Sum("amount_won"))
        )
        for name, user, tender, won in found:
            mine = sums.setdefault((name, user), dict.fromkeys(Payment.BY_HAND, 0))
            mine[tender] += won
    closed = {row.cashier_id: row for row in closings(on)}
    seen = {user for _, user in sums}
    for row in closed.values():
        if row.cashier_id not in seen:  # a day without money, closed all the same
            sums[row.cashier.username, row.cashier_id] = dict.fromkeys(Payment.BY_HAND, 0)
    return [
        Drawer(name, {str(key): won for key, won in mine.items()}, closed.get(user), user is not None)
        for (name, user), mine in sorted(sums.items(), key=lambda row: row[0][0])
    ]


AGES = ((30, noop("to 30 days")), (90, noop("31 to 90 days")), (180, noop("91 to 180 days")), (365, noop("181 days to a year")),
        (10**6, noop("over a year")))  # fmt: skip


def of_age(bills: QuerySet[Invoice], bucket: str) -> QuerySet[Invoice]:
    """Bills whose age in days falls into a bucket, by its upper end."""
    tops = [top for top, _word in AGES]
    if not bucket.isdigit() or int(bucket) not in tops:
        return bills
    top, place = int(bucket), tops.index(int(bucket))
    bottom = tops[place - 1] + 1 if place else 0
    bills = bills.filter(business_on__lte=clock.today() - timedelta(days=bottom))
    return bills.filter(business_on__gte=clock.today() - timedelta(days=top)) if place < len(tops) - 1 else bills


def owing() -> QuerySet[Invoice]:
    """Bills on which a patient still owes something, with what was agreed about them."""
    plans = Prefetch("plans", PaymentPlan.objects.order_by("-id").prefetch_related("instalments"))
    return unpaid().filter(patient_won__gt=F("paid_won")).prefetch_related(plans)


def ageing() -> list[tuple[int, str, int, int]]:
    """미수금 연령: (upper end in days, words, bills, won) of each bucket. One query."""
    today = clock.today()
    starts = [today - timedelta(days=top) for top, _word in AGES[:-1]]
    cases = [When(business_on__gte=start, then=Value(place)) for place, start in enumerate(starts)]
    bucket = Case(*cases, default=Value(len(starts)), output_field=IntegerField())
    rows = (
        Invoice.objects.filter(OWED, patient_won__gt=F("paid_won")).annotate(bucket=bucket).order_by().values("bucket")
    )
    found = {row["bucket"]: row for row in rows.annotate(bills=Count("id"), won=Sum(F("patient_won") - F("paid_won")))}
    return [
        (top, word, found.get(place, {}).get("bills", 0), found.get(place, {}).get("won", 0))
        for place, (top, word) in enumerate(AGES)
    ]


@dataclass(frozen=True)
class CapYear:
    """A patient's year under the cap (본인부담상한제), won; `groups`: income group → (its cap, what would come back)."""

    year: int
    counted_won: int
    excess_won: int
    top: "Fact[int] | None"
    groups: list[tuple[str, "Fact[int]", int]]


def cap_year(patient_id: int, year: int) -> CapYear:
    """What was counted at this hospital, and what would come back in each income group. One query."""
    sums = Invoice.objects.filter(encounter__patient=patient_id, cap_year=year).aggregate(
        counted=Sum("counted_won"), excess=Sum("cap_excess_won")
    )
    counted = sums["counted"] or 0
    groups = []
    for decile, words in ((1, "1"), (2, "2–3"), (4, "4–5"), (6, "6–7"), (8, "8"), (9, "9"), (10, "10")):
        cap = cap_of(year, decile)
        if cap is not None:
            groups.append((words, cap, max(0, counted - cap.value)))
    return CapYear(year, counted, sums["excess"] or 0, cap_of(year, 10), groups)


def closings(on: date) -> list[CashClosing]:
    return list(CashClosing.objects.filter(business_on=on).select_related("cashier").order_by("id"))


@dataclass(frozen=True)
class WaitingCode:
    """An order code nobody knows (미매핑 오더): how often it waits, since when, and the proposal about it."""

    code: str
    name: str
    orders: int
    first_on: date
    proposal: Proposal | None


def waiting_codes(limit: int = 100) -> list[WaitingCode]:
    """Unknown order codes, most orders first. Two queries."""
    rows = (
        ServiceRequest.objects.filter(status=ServiceRequest.Status.UNMAPPED).order_by().values("code")
        .annotate(orders=Count("id"), first=Min("ordered_at"), name=Max("name")).order_by("-orders", "code")[:limit]
    )  # fmt: skip
    found = list(rows)
    made = Proposal.objects.filter(automation="bill.map", state="open", subject_ref__in=[row["code"] for row in found])
    about = {row.subject_ref: row for row in made}
    return [
        WaitingCode(row["code"], row["name"], row["orders"], clock.business_day(row["first"]), about.get(row["code"]))
        for row in found
    ]


TAXED = (
    "card",
    "cash",
    "transfer",
    "simple",
    "deposit",
)  # what a person paid; set off, written off or taken over is not


def tax_year(year: int) -> QuerySet[Patient]:
    """Everyone who paid in a year (연말정산 의료비), with the sums less refunds, for paging by ("id",)."""
    mine = Payment.objects.filter(
        invoice__encounter__patient=OuterRef("pk"),
        business_on__range=(date(year, 1, 1), date(year, 12, 31)),
        tender__in=TAXED,
    )
    sums = mine.order_by().values("invoice__encounter__patient")
    by_tender = {
        f"paid_{tender}": Subquery(sums.annotate(won=Sum("amount_won", filter=Q(tender=tender))).values("won"))
        for tender in TAXED
    }
    return Patient.objects.filter(Exists(mine)).annotate(
        paid_won=Subquery(sums.annotate(won=Sum("amount_won")).values("won")), paid_count=Subquery(sums.annotate(n=Count("id")).values("n")),
        **by_tender,
    )  # fmt: skip


@dataclass(frozen=True)
class PayerBalance:
    """A third payer and what it owes (기관별 미수금), won."""

    payer: ThirdPayer
    bills: int
    open_won: int
    overdue_won: int
    cut_won: int


def payer_balances() -> list[PayerBalance]:
    """Every active third payer, largest debt first. One query."""
    billed, left = ~Q(bills__state="withdrawn"), F("bills__total_won") - F("bills__paid_won") - F("bills__cut_won")
    rows = ThirdPayer.objects.filter(is_active=True).annotate(
        n=Count("bills", filter=billed & Q(bills__total_won__gt=F("bills__paid_won") + F("bills__cut_won"))), open_won=Sum(left, filter=billed),
        overdue=Sum(left, filter=billed & Q(bills__due_on__lt=clock.today())), cut=Sum("bills__cut_won", filter=billed),
    )  # fmt: skip
    found = [PayerBalance(row, row.n, row.open_won or 0, row.overdue or 0, row.cut or 0) for row in rows]
    return sorted(found, key=lambda row: (-row.open_won, row.payer.name))
