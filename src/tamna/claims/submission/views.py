"""Screens of sending: what would go, a batch with its files and answers, records asked for, corrections."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tamna.claims import services
from tamna.claims.models import Batch, Claim, ClaimResponse, RecordRequest
from tamna.claims.submission import completeness, records, selectors, sending
from tamna.claims.submission.lists import ANSWER, INCOMPLETE, RECORDS, STATEMENTS
from tamna.core import access, audit, clock, lists
from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.core.format import language
from tamna.engines.claimfile import answers as text

AT_ONCE = 2_000  # statements of one press; the rest is offered again


@needs("claims.see")
def prepare(request: HttpRequest) -> HttpResponse:
    """What would go now, and what keeps the rest."""
    groups = selectors.to_come()
    context = {
        "groups": groups, "count": sum(row["count"] for row in groups), "won": sum(row["won"] for row in groups), "late": selectors.late(clock.today()),
        "said": completeness.said, "insurers": insurers(), "kinds": kinds(), "settings": settings(),
    }  # fmt: skip
    return lists.show(request, INCOMPLETE, selectors.incomplete(), "claims/send.html", context)


@require_POST
@needs("claims.submit")
def send_ready(request: HttpRequest) -> HttpResponse:
    """Batch what is ready and hand the batches to the sending job."""
    from tamna.claims.tasks import submit_batch

    for made in services.make_batches(by=Actor.of(request), limit=AT_ONCE):
        submit_batch.defer(batch_id=made.pk)
    return redirect("claims:batches")


def insurers() -> dict[str, str]:
    """보험자종별구분."""
    return {
        "4": _("Health insurance"),
        "5": _("Medical aid"),
        "7": _("Veterans"),
        "8": _("Auto insurance"),
        "9": _("Industrial accident"),
    }


def kinds() -> dict[str, str]:
    """청구구분."""
    return {"original": _("Original"), "supplement": _("Supplement"), "added": _("Addition"), "split": _("Split")}


def settings() -> dict[str, str]:
    return {"inpatient": _("Inpatient"), "outpatient": _("Outpatient"), "emergency": _("Emergency")}


@needs("claims.see")
def batch(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One batch at every step: header, files, statements, answers, requests, what happened."""
    row = get_object_or_404(Batch, public_id=public_id)
    documents = selectors.answers_of(row)
    file = getattr(row, "file", None)
    context = {
        "batch": row, "sums": selectors.sums_of(row), "documents": documents, "name_of": selectors.name_of,
        "happened": selectors.history_of(row, documents), "requests": selectors.requests_of(row), "has_file": file is not None,
        "warnings": completeness.said(file.warnings, language()) if file else [], "warned": file.warnings if file else [],
        "insurers": insurers(), "kinds": kinds(), "settings": settings(),
    }  # fmt: skip
    return lists.show(request, STATEMENTS, selectors.entries_of(row), "claims/batch.html", context)


@needs("claims.see")
def answer(request: HttpRequest, public_id: UUID, kind: str, number: str) -> HttpResponse:
    """One document of the agency about a batch, row by row."""
    row = get_object_or_404(Batch, public_id=public_id)
    document = next((item for item in selectors.answers_of(row) if item["document_id"] == f"{kind}:{number}"), None)
    if document is None:
        return redirect("claims:batch", public_id=public_id)
    if request.GET.get("dress") == "text" and access.may(request.user, "claims.submit"):
        return _answer_text(request, row, document)
    rows = ClaimResponse.objects.filter(batch=row, document_id=document["document_id"]).select_related(
        "claim__encounter__patient"
    )
    context = {"batch": row, "document": document, "name": selectors.name_of(document)}
    return lists.show(request, ANSWER, rows, "claims/answer.html", context)


def _answer_text(request: HttpRequest, batch: Batch, document: dict[str, Any]) -> HttpResponse:
    """The document as fixed-width text: serials and won, nobody's name."""
    content = text.write([selectors.document_of(batch, document)])
    audit.note("answer.downloaded", by=Actor.of(request), subject_type="batch", subject_id=batch.public_id,
               detail={"document": document["document_id"]})  # fmt: skip
    response = HttpResponse(content, content_type="text/plain; charset=cp949")
    name = f"{batch.batch_no}-{document['document_id'].replace(':', '-')}.TR1"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@needs("claims.submit")
def batch_file(request: HttpRequest, public_id: UUID, dress: str = "json") -> HttpResponse:
    """The sealed file, or the text written from it with names and numbers; the download is audited."""
    row = get_object_or_404(Batch, public_id=public_id)
    if dress == "text":
        content, name, kind = sending.text_of(row).content, f"{row.batch_no}.TH1", "text/plain; charset=cp949"
    else:
        content, name, kind = sending.file_of(row), f"{row.batch_no}.ndjson", "application/x-ndjson"
    audit.note("batch.downloaded", by=Actor.of(request), subject_type="batch", subject_id=row.public_id,
               detail={"dress": dress, "statements": row.statements, "with_identifiers": dress == "text"})  # fmt: skip
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_POST
@needs("claims.submit")
def resend(request: HttpRequest, public_id: UUID) -> HttpResponse:
    from tamna.claims.tasks import submit_batch

    submit_batch.defer(batch_id=get_object_or_404(Batch, public_id=public_id).pk)
    return redirect("claims:batch", public_id=public_id)


@require_POST
@needs("claims.submit")
def dissolve(request: HttpRequest, public_id: UUID) -> HttpResponse:
    sending.dissolve(batch_id=get_object_or_404(Batch, public_id=public_id).pk, by=Actor.of(request))
    return redirect("claims:batch", public_id=public_id)


@require_POST
@needs("claims.work")
def supplement(request: HttpRequest, public_id: UUID) -> HttpResponse:
    made = services.supplement(claim_id=get_object_or_404(Claim, public_id=public_id).pk, by=Actor.of(request))
    return redirect("claims:claim", public_id=made.public_id)


@require_POST
@needs("claims.work")
def add_omitted(request: HttpRequest, public_id: UUID) -> HttpResponse:
    made = services.add_omitted(claim_id=get_object_or_404(Claim, public_id=public_id).pk, by=Actor.of(request))
    return redirect("claims:claim", public_id=made.public_id)


@require_POST
@needs("claims.work")
def mark_seen(request: HttpRequest, response_id: int) -> HttpResponse:
    services.mark_seen(response_id=get_object_or_404(ClaimResponse, pk=response_id).pk, by=Actor.of(request))
    return redirect("claims:answers")


@needs("claims.see")
def record_requests(request: HttpRequest) -> HttpResponse:
    """Records that the agency waits for, the earliest day first."""
    rows = RecordRequest.objects.select_related("claim__department", "batch")
    return lists.show(request, RECORDS, rows, "claims/records.html", {"today": clock.today()})


@require_POST
@needs("claims.work")
def send_records(request: HttpRequest, request_id: int) -> HttpResponse:
    asked = records.send(request_id=get_object_or_404(RecordRequest, pk=request_id).pk, note=request.POST.get("note", ""),
                         by=Actor.of(request))  # fmt: skip
    return redirect("claims:claim", public_id=asked.claim.public_id)


def beside(claim: Claim) -> dict[str, object]:
    """What a claim's page shows of sending: gaps, the statements before and after, requests, when the right lapses."""
    from tamna.claims.submission import corrections, terms

    decided = claim.status in corrections.DECIDED
    return {
        "gaps": completeness.said(claim.gaps, language()), "before": claim.previous, "after": list(claim.followed_by.order_by("id")),
        "requests": list(claim.record_requests.order_by("due_on")), "lapses_on": terms.lapses_on(claim.care_month),
        "is_lapsing": claim.status in services.OPEN and terms.warns_on(claim.care_month) <= clock.today(),
        "omitted": len(corrections.omitted(claim)) if decided else 0,
    }  # fmt: skip
