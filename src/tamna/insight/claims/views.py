"""Screens of claims in figures: by month and department, by reason with what changed, and the claims behind a figure."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from tamna.claims.words import reason_name
from tamna.core import clock, lists
from tamna.core.access import needs
from tamna.core.choices import departments
from tamna.insight.claims import selectors
from tamna.insight.claims.lists import FIGURES, PROFIT, REASONS, RECORDS, WHAT, claims_behind
from tamna.insight.claims.terms import TERMS
from tamna.insight.words import class_name


def _asked(request: HttpRequest) -> tuple[date, date, str]:
    """First month, last month and department of the page."""
    months = request.GET.get("months", "")
    count = int(months) if months.isdigit() and 0 < int(months) <= 120 else 12
    return selectors.months_back(count), clock.today().replace(day=1), request.GET.get("department", "")[:2]


def records_url(what: str, first: date, last: date, department: str = "", reason: str = "") -> str:
    """Where the claims behind a figure are listed."""
    query = {
        "what": what,
        "first": first.isoformat(),
        "last": last.isoformat(),
        "department": department,
        "reason": reason,
    }
    return f"{reverse('insight:claim-records')}?{urlencode({key: value for key, value in query.items() if value})}"


@needs("claims.see")
def figures(request: HttpRequest) -> HttpResponseBase:
    """Share of answered statements that came back or were cut, month by month, then the sums."""
    first, last, department = _asked(request)
    by = "department" if request.GET.get("by") == "department" else "month"
    months = selectors.by_month(first, last, department)
    names = dict(departments())
    rows = months[::-1] if by == "month" else selectors.by_department(first, last)
    if by == "department" and department:
        rows = [row for row in rows if row.name == department]

    def opens(row: selectors.Figures, what: str) -> str:
        if by == "month":
            return records_url(what, row.name, row.name, department)
        return records_url(what, first, last, row.name)

    told = [month for month in months if month.count("answered")]
    context: dict[str, Any] = {
        "months": told, "labels": [f"{month.name:%y}. {month.name.month}." for month in told], "whole": selectors.whole(months), "names": names,
        "urls": [records_url("back", month.name, month.name, department) for month in told], "opens": opens, "by": by,
        "whole_url": lambda what: records_url(what, first, last, department), "high_won": TERMS.high_cost_won.at(last).value,
    }  # fmt: skip
    return lists.show(request, FIGURES, rows, "insight/claims.html", context)


@needs("claims.see")
def reasons(request: HttpRequest) -> HttpResponseBase:
    """Reasons by what they cost, and those whose share changed after some week."""
    first, last, department = _asked(request)
    months = selectors.by_month(first, last, department)
    rows = selectors.reasons(months, first, clock.today(), department)
    weeks = selectors.weeks(first, clock.today(), department)
    changed = [row for row in rows if row.change and row.change.is_sure]
    shown = changed[0].code if changed else rows[0].code if rows else ""
    context = {
        "changed": changed, "by_eye": sum(1 for row in rows if row.change and row.change.naive_is_sure), "shown": shown, "weeks": weeks,
        "labels": [f"{week.on:%y}. {week.on.month}. {week.on.day}." for week in weeks], "reason_name": reason_name, "needs": TERMS,
        "shares": [100 * week.hits.get(shown, 0) / week.answered if week.answered else None for week in weeks],
        "looks": max((row.change.looks for row in rows if row.change), default=0),
        "opens": lambda row: records_url("back", first, last, department, row.code), "last": last,
    }  # fmt: skip
    return lists.show(request, REASONS, rows, "insight/claim_reasons.html", context)


@needs("claims.see")
def records(request: HttpRequest) -> HttpResponseBase:
    """Exactly the claims that a figure counts; no names of people."""
    what = request.GET.get("what", "")
    context = {"title": _(WHAT[what]) if what in WHAT else _("Claims"), "reason_name": reason_name}
    return lists.show(request, RECORDS, claims_behind(), "insight/claim_records.html", context)


@needs("claims.see")
def profit(request: HttpRequest) -> HttpResponseBase:
    """Revenue, cuts, omissions and the payment to expect, by department or by service; no cost is known here."""
    first, last, department = _asked(request)
    by = "service" if request.GET.get("by") == "service" else "department"
    departmental = selectors.by_department(first, last)
    kept = [row for row in departmental if not department or row.name == department]
    whole = selectors.whole(kept)
    rows = selectors.earnings(kept) if by == "department" else selectors.services(whole)
    names = dict(departments())
    context = {
        "by": by, "whole": selectors.Earning.of(whole), "name_of": class_name if by == "service" else lambda code: names.get(code, code),
        "opens": lambda code: records_url("back", first, last, code) if by == "department" else "",
    }  # fmt: skip
    return lists.show(request, PROFIT, rows, "insight/claim_profit.html", context)
