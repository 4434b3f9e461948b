"""Screens of history under other fees: the runs with a form that begins one, and one run with its progress and sums."""

from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_noop as noop
from django.views.decorators.http import require_POST

from tamna.billing import rating
from tamna.core import clock, lists
from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.core.choices import departments
from tamna.core.errors import DomainError
from tamna.core.lists import Column, Listing, define
from tamna.engines.tariff.price import factor_on
from tamna.insight.claims.selectors import months_back
from tamna.insight.repricing import services
from tamna.insight.repricing.models import Repricing
from tamna.insight.words import class_name

MOST_BYTES = 32 << 20
RUNS = define(
    Listing(
        "repricings", noop("History under other fees"), "claims.see", view="insight:repricings", order=("-id",),
        columns=(
            Column("made", noop("Begun"), lambda row: str(row.made_at)),
            Column("by", noop("Who"), lambda row: row.made_by, wide=True),
            Column("months", noop("Months of care"), lambda row: f"{row.first_month}–{row.last_month}"),
            Column("file", noop("Fee file"), lambda row: row.file_name, wide=True),
            Column("factor", noop("Factor"), lambda row: row.factor_won, number=True),
            Column("done", noop("Months done"), lambda row: f"{row.done} / {row.total}", number=True),
            Column("state", noop("State"), lambda row: row.get_state_display()),
        ),
        empty=noop("History was not priced anew yet."), hint=noop("Try next year's fee file or conversion factor above; no bill changes."),
    )
)  # fmt: skip
CELLS = define(
    Listing(
        "repricing.cells", noop("By department and service"), "claims.see", order=("department_code", "item_class", "id"), size=400,
        columns=(
            Column("department", noop("Department"), lambda row: row.department_code),
            Column("class", noop("Service"), lambda row: f"{row.item_class} {class_name(row.item_class)}"),
            Column("lines", noop("Lines"), lambda row: row.lines, number=True, wide=True),
            Column("before", noop("As claimed"), lambda row: row.before_won, number=True),
            Column("after", noop("Under the tried fees"), lambda row: row.after_won, number=True),
            Column("effect", noop("Effect"), lambda row: row.after_won - row.before_won, number=True),
            Column("other", noop("At another price"), lambda row: row.other_lines, number=True, wide=True),
            Column("kept", noop("Unknown codes"), lambda row: row.kept_lines, number=True, wide=True),
        ),
        empty=noop("Nothing was summed yet."),
    )
)  # fmt: skip


@needs("claims.see")
def runs(request: HttpRequest) -> HttpResponseBase:
    today = clock.today()
    context = {
        "today": today,
        "first": months_back(12),
        "key": uuid4(),
        "factor": factor_on(rating.institution()[0], today).value,
    }
    return lists.show(request, RUNS, Repricing.objects.defer("fees"), "insight/repricings.html", context)


@require_POST
@needs("claims.see")
def start(request: HttpRequest) -> HttpResponse:
    """Begin a run over months of care with a fee file, a factor, or the master of a day."""
    posted, given = request.POST, request.FILES.get("file")
    first, last, fees_on = (lists.day_of(posted.get(name, "")) for name in ("first", "last", "fees_on"))
    if first is None or last is None or fees_on is None or (given and (given.size or 0) > MOST_BYTES):
        raise DomainError("insight.nothing_to_price")
    fees, refused = services.read_fees(given.file) if given else ([], [])
    run = services.start(
        key=f"screen:{posted.get('key', '')[:60] or uuid4()}", by=Actor.of(request), first=first, last=last, fees_on=fees_on,
        factor=services.read_factor(posted.get("factor", "")), fees=fees, refused=refused, file_name=given.name or "" if given else "",
    )  # fmt: skip
    return redirect("insight:repricing", public_id=run.public_id)


@needs("claims.see")
def run(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """How far it is, and the effect in won by department and class of service; the parts come to the whole."""
    found = get_object_or_404(Repricing.objects.defer("fees"), public_id=public_id)
    cells = list(found.cells.all())
    whole = {
        name: sum(getattr(cell, name) for cell in cells)
        for name in ("lines", "before_won", "after_won", "other_lines", "other_won", "kept_lines", "kept_won")
    }
    context: dict[str, Any] = {
        "run": found, "is_running": found.state in services.ACTIVE, "whole": whole, "names": dict(departments()), "class_name": class_name,
        "by_department": services.summed(cells, "department_code"), "by_class": services.summed(cells, "item_class"),
    }  # fmt: skip
    return lists.show(request, CELLS, found.cells.all(), "insight/repricing.html", context)


@require_POST
@needs("claims.see")
def stop(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = get_object_or_404(Repricing.objects.only("pk", "public_id"), public_id=public_id)
    services.stop(run_id=found.pk, by=Actor.of(request))
    return redirect("insight:repricing", public_id=found.public_id)
