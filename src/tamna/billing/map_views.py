"""Screens of the order map (오더 매핑): what each order code means from which day, what waits, a file of many."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tamna.billing import selectors, services
from tamna.billing.lists import ORDER_CODES
from tamna.billing.models import OrderCode
from tamna.core import clock, lists, sheet
from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.export import as_csv

COLUMNS = {
    "order_code": ("오더코드", "처방코드"),
    "order_name": ("오더명", "처방명"),
    "fee_code": ("수가코드", "EDI코드"),
    "valid_from": ("적용일자", "시작일"),
}
NEEDED = ("order_code", "fee_code", "valid_from")


@needs("billing.see")
def order_codes(request: HttpRequest) -> HttpResponseBase:
    """The map, newest first; above it the codes that wait, with what they may mean."""
    context = {"waiting": selectors.waiting_codes(), "today": clock.today(), "columns": COLUMNS}
    return lists.show(request, ORDER_CODES, OrderCode.objects.all(), "billing/order_codes.html", context)


@require_POST
@needs("billing.fees")
def confirm(request: HttpRequest) -> HttpResponse:
    """Say what a code means from a day on; an empty fee: never charged."""
    form = request.POST
    services.confirm_order_code(
        order_code=form.get("order_code", ""), order_name=form.get("order_name", ""), reason=form.get("reason", ""),
        fee_code="" if form.get("free") else _needed(form.get("fee_code", "")),
        valid_from=lists.day_of(form.get("valid_from", "")) or clock.today(), by=Actor.of(request),
    )  # fmt: skip
    return redirect("billing:order-codes")


def _needed(code: str) -> str:
    if not code.strip():
        raise DomainError("billing.unknown_code", code="–")
    return code.strip().upper()


@require_POST
@needs("billing.fees")
def upload(request: HttpRequest) -> HttpResponse:
    """Read a file of the map: good lines land, the others are shown with their reason."""
    file = request.FILES.get("file")
    if file is None:
        return redirect("billing:order-codes")
    lines, refused = [], []
    try:
        for row, cells in sheet.rows(file, COLUMNS, needed=NEEDED):
            on = _day(cells.get("valid_from", ""))
            if on is None:
                refused.append((row, _("A day is written 2026-01-01 or 20260101.")))
                continue
            lines.append(
                services.MapLine(
                    row, cells["order_code"], cells.get("order_name", ""), cells["fee_code"].strip().upper(), on
                )
            )
    except sheet.Unreadable as unreadable:
        raise DomainError("billing.fees_unreadable", why=unreadable.message) from unreadable
    taken, same, wrong = services.take_order_codes(lines, by=Actor.of(request))
    refused += [(row, error.message) for row, error in wrong]
    return render(
        request,
        "billing/order_codes_read.html",
        {"taken": taken, "same": same, "refused": sorted(refused)[:500], "count": len(refused)},
    )


def _day(text: str) -> date | None:
    digits = "".join(letter for letter in text if letter.isdigit())
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])) if len(digits) == 8 else None
    except ValueError:
        return None


@needs("billing.fees")
def example(request: HttpRequest) -> HttpResponse:
    """A file with the right columns."""
    rows = [("LAB-001", "혈색소", "ZL001", "20260101"), ("NOTE-9", "식이 안내", "", "20260101")]
    return as_csv("order-codes-example", ("오더코드", "오더명", "수가코드", "적용일자"), rows)
