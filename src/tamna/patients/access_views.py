"""Screens of who looked: for the patient who asks, on screen and on paper; the monthly review, signed."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tamna.core import audit, clock, lists
from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.core.deeds import name_of
from tamna.core.errors import DomainError
from tamna.core.format import day, moment
from tamna.core.models import AuditEntry
from tamna.core.papers import pdf, plain_frame
from tamna.core.people import called
from tamna.patients import openings, review, services
from tamna.patients.lists import LOOKS, REVIEWS
from tamna.patients.models import AccessReview, Patient

PRINTED = 500  # lines of one paper; more are said to be left out
PRINTED_DAYS = 365
PAPER = r"""
#table(columns: (auto, 1fr, 1.3fr, 1.5fr), fill: (x, y) => if y == 0 { luma(240) }, table.header(..d.columns.map(c => [*#c*])), ..d.rows.flatten())
#v(2mm)
#text(7.5pt, fill: luma(60), d.notes)
"""


def _looks(patient: Patient) -> QuerySet[AuditEntry]:
    """What was done with this record and with those merged into it."""
    refs = [patient.public_id, *patient.merged.values_list("public_id", flat=True)]
    return AuditEntry.objects.filter(patient_ref__in=refs)


@needs("patients.register")
def seen_by(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """Who looked at this record and why (개인정보 열람 내역), for the patient who asks at the desk."""
    patient = get_object_or_404(Patient, public_id=public_id)
    if not openings.is_open(request.user, patient):
        return render(request, "patients/restricted.html", {"patient": patient})
    services.seen(patient, by=Actor.of(request), screen="seen-by")
    return lists.show(request, LOOKS, _looks(patient), "patients/seen_by.html", {"patient": patient})


@needs("patients.register")
def seen_by_paper(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The same of the last year on paper, in the language of the page."""
    patient = get_object_or_404(Patient, public_id=public_id)
    if not openings.is_open(request.user, patient):
        raise Http404
    start, by = clock.today() - timedelta(days=PRINTED_DAYS), Actor.of(request)
    rows = list(_looks(patient).filter(at__gte=clock.at_seoul(start)).order_by("-id")[: PRINTED + 1])
    audit.note("access.printed", by=by, subject_type="patient", subject_id=patient.public_id, patient_ref=patient.public_id,
               detail={"rows": len(rows[:PRINTED])})  # fmt: skip
    head = [
        (_("Patient"), patient.name),
        (_("Chart"), patient.chart_no),
        (_("Period"), f"{day(start)} – {day(clock.today())}"),
    ]
    frame = plain_frame(
        _("Who looked at my record"),
        "개인정보 보호법 제35조",
        head,
        name=f"access {patient.chart_no}",
        by=by.name,
        at=clock.now(),
    )
    data: dict[str, Any] = {
        "columns": [_("When"), _("Who"), _("What"), _("Reason")],
        "rows": [[moment(row.at), called(row.actor_name), name_of(row.action), row.reason] for row in rows[:PRINTED]],
        "notes": _("Only the newest %(count)s lines are printed.") % {"count": PRINTED} if len(rows) > PRINTED else _("Every look at the record is kept in a log that cannot be changed."),
    }  # fmt: skip
    response = HttpResponse(pdf(PAPER, {**frame, **data}), content_type="application/pdf")
    response["Content-Disposition"] = 'inline; filename="who-looked.pdf"'
    return response


@needs("privacy.review")
def reviews(request: HttpRequest) -> HttpResponseBase:
    """Reviews by month, newest first."""
    return lists.show(
        request, REVIEWS, AccessReview.objects.all(), "patients/reviews.html", {"this_month": f"{clock.today():%Y-%m}"}
    )


@require_POST
@needs("privacy.review")
def make_review(request: HttpRequest) -> HttpResponse:
    """Look through a month now: the running one, to see how it stands, or one that is over."""
    month = _month(request.POST.get("month", ""))
    review.make(month)
    return redirect("patients:access-review", month=f"{month:%Y-%m}")


@needs("privacy.review")
def one_review(request: HttpRequest, month: str) -> HttpResponse:
    """What stood out in a month, and the signature."""
    row = get_object_or_404(AccessReview, month=_month(month))
    if request.method == "POST":
        if row.month == clock.today().replace(day=1):
            raise DomainError("patients.review_runs")
        review.sign(review_id=row.pk, remark=request.POST.get("remark", ""), by=Actor.of(request))
        return redirect("patients:access-review", month=month)
    charts = dict(
        Patient.objects.filter(public_id__in=[found["patient"] for found in row.findings]).values_list(
            "public_id", "chart_no"
        )
    )
    context = {
        "review": row, "charts": {str(ref): chart for ref, chart in charts.items()}, "words": review.WORDS, "digest": review.digest(row), "instant": datetime.fromisoformat,
        "is_running": row.month == clock.today().replace(day=1),
        "counts": [(word, row.figures.get(kind, 0)) for kind, word in review.WORDS.items()],
    }  # fmt: skip
    return render(request, "patients/review.html", context)


def _month(text: str) -> date:
    """The first day of 2026-11. Raises Http404."""
    try:
        year, month = text.split("-")
        return date(int(year), int(month), 1)
    except ValueError as error:
        raise Http404 from error
