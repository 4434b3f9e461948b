"""The figures of the director's page and of the homes, and the records behind each (지표의 근거): one definition for the
figure and its list.

A figure is a sum or a count over records of a day or a month; the list shows exactly these, without a person's name.
"""

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, F, Q, QuerySet, Sum
from django.urls import reverse
from django.utils.translation import gettext_noop as noop

from tamna.billing.models import Invoice, Payment
from tamna.claims.models import Claim, ClaimResponse
from tamna.core.format import minutes, number, percent, won
from tamna.insight.indicators import UNCOLLECTED
from tamna.reception.models import Encounter, Ticket

RETURNED = ("returned", "impossible")
ERRORS = (*RETURNED, "adjusted")


@dataclass(frozen=True)
class Row:
    """One record of a list: what it is called, when, its part of the figure (won or minutes, else its state), and where it opens."""

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
    """`unit`: count, minutes, won or percent. `by_month`: the day names its month."""

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


def _month(on: date) -> tuple[date, date]:
    """First and last day of its month."""
    return on.replace(day=1), on.replace(day=calendar.monthrange(on.year, on.month)[1])


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


def _share(states: tuple[str, ...]) -> Callable[[QuerySet[Any]], Total]:
    """Those of these states among all."""

    def total(rows: QuerySet[Any]) -> Total:
        found = rows.aggregate(count=Count("id"), these=Count("id", Q(status__in=states)))
        return Total(found["count"], found["these"] / found["count"] if found["count"] else 0)

    return total


def _visit(row: Encounter) -> Row:
    return Row(row.department.code, row.arrived_at, row.get_status_display(), "patients:visit", row.public_id)


def _ticket(row: Ticket, at: datetime | None, value: float | str) -> Row:
    return Row(f"{row.department.code}-{row.number}", at, value, "patients:visit", row.encounter.public_id)


def _waited(row: Ticket) -> Row:
    minutes = (row.entered_at - row.issued_at).total_seconds() / 60 if row.entered_at else 0
    return _ticket(row, row.entered_at, minutes)


def _claim(row: Claim, value: float | str) -> Row:
    return Row(row.claim_no, row.made_at, value, "claims:claim", row.public_id)


def _tickets(on: date) -> QuerySet[Ticket]:
    return Ticket.objects.filter(business_on=on).select_related("department", "encounter")


def _claims(on: date) -> QuerySet[Claim]:
    return Claim.objects.filter(care_month=f"{on:%Y%m}")


FIGURES = {
    figure.key: figure
    for figure in (
        Figure("visits", noop("Visits"), "count", "patients.see",
               lambda on: Encounter.objects.filter(business_on=on, is_imported=False).exclude(status="cancelled").select_related("department"),
               "department__code", _visit, _counted),
        Figure("waits", noop("Mean wait"), "minutes", "patients.see", lambda on: _tickets(on).filter(entered_at__isnull=False),
               "department__code", _waited, _mean_wait),
        Figure("calls", noop("Calls"), "count", "patients.see", lambda on: _tickets(on).filter(entered_at__isnull=False),
               "department__code", lambda row: _ticket(row, row.called_at or row.entered_at, row.get_status_display()), _counted),
        Figure("waiting", noop("Waiting now"), "count", "patients.see", lambda on: _tickets(on).filter(status="waiting"),
               "department__code", lambda row: _ticket(row, row.issued_at, row.get_status_display()), _counted, order=("id",)),
        Figure("paid", noop("Collected"), "won", "billing.see",
               lambda on: Payment.objects.filter(business_on=on).exclude(tender__in=UNCOLLECTED).select_related("invoice"),
               "invoice__encounter__department__code",
               lambda row: Row(str(row.receipt_no), row.taken_at, row.amount_won, "billing:invoice", row.invoice.public_id),
               _summed(value="amount_won")),
        Figure("owed", noop("Owed"), "won", "billing.see",
               lambda on: Invoice.objects.filter(business_on=on, patient_won__gt=F("paid_won")), "encounter__department__code",
               lambda row: Row(row.number, row.issued_at, row.patient_won - row.paid_won, "billing:invoice", row.public_id),
               _summed(value=F("patient_won") - F("paid_won"))),
        Figure("claimed", noop("Claims of the month"), "won", "claims.see", _claims, "department__code",
               lambda row: _claim(row, row.insurer_won), _summed(value="insurer_won"), by_month=True),
        Figure("returned", noop("Returned claims of the month"), "count", "claims.see", lambda on: _claims(on).filter(status__in=RETURNED),
               "department__code", lambda row: _claim(row, row.get_status_display()), _counted, by_month=True),
        Figure("return_share", noop("Share of claims returned"), "percent", "claims.see", _claims, "department__code",
               lambda row: _claim(row, row.get_status_display()), _share(RETURNED), by_month=True),
        Figure("errors", noop("Claim errors"), "percent", "claims.see",
               lambda on: ClaimResponse.objects.filter(kind="result", decided_on__range=_month(on)).select_related("claim"),
               "claim__department__code",
               lambda row: Row(row.claim.claim_no, row.received_at, str(Claim.Status(row.status).label), "claims:claim", row.claim.public_id),
               _share(ERRORS), by_month=True),
    )
}  # fmt: skip


def shown(figure: Figure, total: Total) -> str:
    """A total as a page says it; a dash where a mean has nothing to stand on."""
    if figure.unit in ("minutes", "percent") and not total.count:
        return "–"
    if figure.unit == "won":
        return won(int(total.value), short=True)
    return {"minutes": minutes, "percent": percent}.get(figure.unit, number)(total.value)  # type: ignore[operator]


def list_url(key: str, on: date, department: str = "") -> str:
    """Where the records of a figure are listed."""
    query = {"on": on.isoformat()} | ({"department": department} if department else {})
    return f"{reverse('insight:figure', args=[key])}?{urlencode(query)}"
