"""Screens of claims: worklist, claim, batches, answers."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from tamna.claims import selectors, services
from tamna.claims.lists import ANSWERS, BATCHES, STATEMENTS, WORKLIST
from tamna.claims.models import Batch, Claim, ClaimResponse, Finding
from tamna.claims.words import source_name
from tamna.core import audit, lists
from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.core.format import language
from tamna.reception.diagnoses import name_of


@needs("claims.see")
def worklist(request: HttpRequest) -> HttpResponse:
    """What needs a person, most won at risk first."""
    counts = selectors.counts()
    context = {
        "counts": counts,
        "states": [(key, Claim.Status(key).label, counts.get(key, 0)) for key in selectors.WORKLIST],
    }
    return lists.show(request, WORKLIST, selectors.worklist(), "claims/worklist.html", context)


@needs("claims.see")
def detail(request: HttpRequest, public_id: UUID) -> HttpResponse:
    claim = get_object_or_404(
        Claim.objects.select_related("encounter__patient", "department", "batch", "encounter__practitioner"),
        public_id=public_id,
    )
    findings = list(claim.findings.order_by("state", "-won_at_risk", "id"))
    by_line: dict[int | None, list[Finding]] = {}
    for finding in findings:
        by_line.setdefault(finding.line_no, []).append(finding)
    audit.note(
        "claim.seen",
        by=Actor.of(request),
        subject_type="claim",
        subject_id=claim.public_id,
        patient_ref=claim.encounter.patient.public_id,
    )
    context: dict[str, Any] = {
        "claim": claim, "lines": claim.lines.order_by("line_no"), "findings": findings, "by_line": by_line,
        "conditions": [(row, name_of(row.code, language())) for row in claim.encounter.conditions.order_by("seq")], "responses": claim.responses.order_by("id"),
        "is_open": claim.status in services.OPEN, "next": selectors.next_after(claim), "source_name": source_name, "fixable": [row for row in findings if row.fix and row.state == "open"],
    }  # fmt: skip
    return render(request, "claims/claim.html", context)


def _back(claim: Claim) -> HttpResponse:
    return redirect("claims:claim", public_id=claim.public_id)


@require_POST
@needs("claims.work")
def fix(request: HttpRequest, finding_id: int) -> HttpResponse:
    return _back(services.apply_fix(finding_id=finding_id, by=Actor.of(request)))


@require_POST
@needs("claims.work")
def fix_all(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Every verified fix of a claim, one after the other; each is checked again."""
    claim = get_object_or_404(Claim, public_id=public_id)
    for _round in range(10):
        finding = claim.findings.filter(state="open", fix__isnull=False).order_by("id").first()
        if finding is None:
            break
        services.apply_fix(finding_id=finding.pk, by=Actor.of(request))
    return _back(claim)


@require_POST
@needs("claims.work")
def accept(request: HttpRequest, finding_id: int) -> HttpResponse:
    return _back(
        services.accept_finding(finding_id=finding_id, reason=request.POST.get("reason", ""), by=Actor.of(request))
    )


@require_POST
@needs("claims.work")
def check(request: HttpRequest, public_id: UUID) -> HttpResponse:
    return _back(services.check(claim_id=get_object_or_404(Claim, public_id=public_id).pk, by=Actor.of(request)))


@require_POST
@needs("claims.work")
def approve(request: HttpRequest, public_id: UUID) -> HttpResponse:
    return _back(services.approve(claim_id=get_object_or_404(Claim, public_id=public_id).pk, by=Actor.of(request)))


@require_POST
@needs("claims.work")
def reopen(request: HttpRequest, public_id: UUID) -> HttpResponse:
    return _back(
        services.reopen_returned(claim_id=get_object_or_404(Claim, public_id=public_id).pk, by=Actor.of(request))
    )


@require_POST
@needs("claims.submit")
def send_ready(request: HttpRequest) -> HttpResponse:
    """Batch every ready claim and hand the batches to the sending job."""
    from tamna.claims.tasks import submit_batch

    for batch in services.make_batches(by=Actor.of(request)):
        submit_batch.defer(batch_id=batch.pk)
    return redirect("claims:batches")


@needs("claims.see")
def batches(request: HttpRequest) -> HttpResponse:
    return lists.show(request, BATCHES, selectors.batches(), "claims/batches.html")


@needs("claims.see")
def batch(request: HttpRequest, public_id: UUID) -> HttpResponse:
    row = get_object_or_404(Batch, public_id=public_id)
    statements = row.claims.select_related("encounter__patient", "department")
    return lists.show(request, STATEMENTS, statements, "claims/batch.html", {"batch": row})


@needs("claims.submit")
def batch_file(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The file of a batch as it is sent; the download is audited."""
    row = get_object_or_404(Batch, public_id=public_id)
    audit.note("batch.downloaded", by=Actor.of(request), subject_type="batch", subject_id=row.public_id)
    response = HttpResponse(services.file_of(row), content_type="application/x-ndjson")
    response["Content-Disposition"] = f'attachment; filename="{row.batch_no}.ndjson"'
    return response


@require_POST
@needs("claims.submit")
def resend(request: HttpRequest, public_id: UUID) -> HttpResponse:
    from tamna.claims.tasks import submit_batch

    submit_batch.defer(batch_id=get_object_or_404(Batch, public_id=public_id).pk)
    return redirect("claims:batch", public_id=public_id)


@needs("claims.see")
def answers(request: HttpRequest) -> HttpResponse:
    return lists.show(request, ANSWERS, selectors.answers(), "claims/answers.html")


@require_POST
@needs("claims.work")
def accept_cut(request: HttpRequest, response_id: int) -> HttpResponse:
    services.accept_cut(response_id=get_object_or_404(ClaimResponse, pk=response_id).pk, by=Actor.of(request))
    return redirect("claims:answers")
