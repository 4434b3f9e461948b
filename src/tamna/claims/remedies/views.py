"""Screens of remedies: the list, one remedy with its letter, and the steps a person takes."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_noop as noop
from django.views.decorators.http import require_POST

from tamna.claims.models import Remedy
from tamna.claims.remedies import letter, services
from tamna.claims.remedies.lists import REMEDIES
from tamna.core import audit, clock, lists
from tamna.core.access import needs
from tamna.core.actor import Actor

TABS = (("open", noop("To do")), ("filed", noop("Filed")), ("ruled", noop("Ruled")), ("dropped", noop("Let go")))


@needs("claims.see")
def worklist(request: HttpRequest) -> HttpResponse:
    rows = Remedy.objects.select_related("claim__department", "response")
    return lists.show(request, REMEDIES, rows, "claims/remedies.html", {"tabs_of": TABS, "today": clock.today()})


def _one(public_id: UUID) -> Remedy:
    rows = Remedy.objects.select_related("claim__department", "claim__batch", "response", "previous")
    return get_object_or_404(rows, public_id=public_id)


@needs("claims.see")
def remedy(request: HttpRequest, public_id: UUID) -> HttpResponse:
    row = _one(public_id)
    audit.note("remedy.seen", by=Actor.of(request), subject_type="claim", subject_id=row.claim.public_id)
    context = {
        "remedy": row, "paragraphs": letter.paragraphs(row), "lines": letter.lines(row),
        "days_left": (row.due_on - clock.today()).days,
    }  # fmt: skip
    return render(request, "claims/remedy.html", context)


@needs("claims.work")
def letter_page(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The letter as PDF, or as text with ?as=text; each taking is audited."""
    row = _one(public_id)
    audit.note("remedy.letter", by=Actor.of(request), subject_type="claim", subject_id=row.claim.public_id)
    if request.GET.get("as") == "text":
        return HttpResponse(letter.text_of(row), content_type="text/plain; charset=utf-8")
    response = HttpResponse(letter.page_of(row), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{row.kind}-{row.claim.claim_no}.pdf"'
    return response


def _back(public_id: UUID) -> HttpResponse:
    return redirect("claims:remedy", public_id=public_id)


@require_POST
@needs("claims.work")
def begin(request: HttpRequest, public_id: UUID) -> HttpResponse:
    services.begin(remedy_id=_one(public_id).pk, by=Actor.of(request))
    return _back(public_id)


@require_POST
@needs("claims.work")
def write(request: HttpRequest, public_id: UUID) -> HttpResponse:
    services.write(remedy_id=_one(public_id).pk, reason=request.POST.get("reason", ""), by=Actor.of(request))
    return _back(public_id)


@require_POST
@needs("claims.submit")
def file(request: HttpRequest, public_id: UUID) -> HttpResponse:
    services.file(remedy_id=_one(public_id).pk, by=Actor.of(request))
    return _back(public_id)


@require_POST
@needs("claims.work")
def let_go(request: HttpRequest, public_id: UUID) -> HttpResponse:
    services.let_go(remedy_id=_one(public_id).pk, reason=request.POST.get("reason", ""), by=Actor.of(request))
    return _back(public_id)
