"""The figures of the director's page and the records behind each (지표의 근거): one definition for the tile and its list.

A figure is a sum or a count over records of a day or a month; the list shows exactly these, without a person's name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils.translation import gettext_noop as noop

from tamna.billing.models import Invoice, Payment
from tamna.claims.models import Claim, ClaimResponse
from tamna.reception.models import Encounter, Ticket

ERRORS = ("returned", "impossible", "adjusted")


@dataclass(frozen=True)
class Row:
    """One record of a list: what it is called, when, its part of the figure (won, minutes or 1), and where it opens."""

    name: str
    at: Any
    value: float | int | str
    view: str
    ref: Any


@dataclass(frozen=True)
class Total:
    """What the records of a list come to. Waits are a mean, error shares a part; all else is a plain sum."""

    count: int
    value: float


@dataclass(frozen=True)
class Figure:
    """`unit`: visits, minutes, won, percent or claims. `by_month`: the day names its month."""

    key: str
    title: str
    unit: str
    capability: str  # to open one record of the list
    records: Callable[[date], QuerySet[Any]]
    department: str  # the field of the department's code
    row: Callable[[Any], Row]
    total: Callable[[QuerySet[Any]], Total]
    order: tuple[str, ...] = ("-id",)
    by_month: bool = False

    def of(self, on: date, department: str = "") -> QuerySet[Any]:
        rows = self.records(on)
        return rows.filter(**{self.department: department}) if department else rows


def _counted(rows: QuerySet[Any]) -> Total:
    count = rows.count()
    return Total(count, count)


def _summed(**fields: Any) -> Callable[[QuerySet[Any]], Total]:
    def total(rows: QuerySet[Any]) -> Total:
        found = rows.aggregate(count=Count("id"), value=Sum(fields["value"]))
        return Total(found["count"], found["value"] or 0)

    return total


def _mean_wait(rows: QuerySet[Ticket]) -> Total:
    found = rows.aggregate(count=Count("id"), value=Sum(F("entered_at") - F("issued_at")))
    return Total(found["count"], int(found["value"].total_seconds()) / found["count"] / 60 if found["count"] else 0)


def _error_share(rows: QuerySet[ClaimResponse]) -> Total:
    found = rows.aggregate(count=Count("id"), wrong=Count("id", Q(status__in=ERRORS)))
    return Total(found["count"], found["wrong"] / found["count"] if found["count"] else 0)


def _visit(row: Encounter) -> Row:
    return Row(row.department.code, row.arrived_at, 1, "patients:visit", row.public_id)


def _wait(row: Ticket) -> Row:
    minutes = (row.entered_at - row.issued_at).total_seconds() / 60 if row.entered_at else 0
    return Row(
        f"{row.department.code}-{row.number}", row.entered_at, minutes, "patients:visit", row.encounter.public_id
    )


def _claim(row: Claim) -> Row:
    return Row(row.claim_no, row.made_at, row.insurer_won, "claims:claim", row.public_id)


FIGURES = {
    figure.key: figure
    for figure in (
        Figure("visits", noop("Visits"), "visits", "patients.see",
               lambda on: Encounter.objects.filter(business_on=on, is_imported=False).exclude(status="cancelled").select_related("department"),
               "department__code", _visit, _counted),
        Figure("waits", noop("Mean wait"), "minutes", "patients.see",
               lambda on: Ticket.objects.filter(business_on=on, entered_at__isnull=False).select_related("department", "encounter"),
               "department__code", _wait, _mean_wait),
        Figure("paid", noop("Collected"), "won", "billing.see",
               lambda on: Payment.objects.filter(business_on=on).select_related("invoice"), "invoice__encounter__department__code",
               lambda row: Row(str(row.receipt_no), row.taken_at, row.amount_won, "billing:invoice", row.invoice.public_id),
               _summed(value="amount_won")),
        Figure("owed", noop("Owed"), "won", "billing.see",
               lambda on: Invoice.objects.filter(business_on=on, patient_won__gt=F("paid_won")), "encounter__department__code",
               lambda row: Row(row.number, row.issued_at, row.patient_won - row.paid_won, "billing:invoice", row.public_id),
               _summed(value=F("patient_won") - F("paid_won"))),
        Figure("claimed", noop("Claims of the month"), "won", "claims.see",
               lambda on: Claim.objects.filter(care_month=f"{on:%Y%m}"), "department__code", _claim,
               _summed(value="insurer_won"), by_month=True),
        Figure("returned", noop("Returned claims of the month"), "claims", "claims.see",
               lambda on: Claim.objects.filter(care_month=f"{on:%Y%m}", status__in=["returned", "impossible"]), "department__code",
               lambda row: Row(row.claim_no, row.made_at, 1, "claims:claim", row.public_id), _counted, by_month=True),
        Figure("errors", noop("Claim errors"), "percent", "claims.see",
               lambda on: ClaimResponse.objects.filter(kind="result", decided_on__year=on.year, decided_on__month=on.month).select_related("claim"),
               "claim__department__code",
               lambda row: Row(row.claim.claim_no, row.received_at, str(Claim.Status(row.status).label), "claims:claim", row.claim.public_id),
               _error_share, by_month=True),
    )
}  # fmt: skip
