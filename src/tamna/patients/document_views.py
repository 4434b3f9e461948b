"""Screens of documents: a patient's, one with its class and why, those that wait for a person."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_POST

from tamna.core import audit, clock, lists
from tamna.core.access import may, needs
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.engines.filing import CLASSES
from tamna.patients import documents, openings, services
from tamna.patients.lists import DOCUMENTS, SORTING, class_name
from tamna.patients.models import FiledDocument, Patient

SHOWN_AS = ("application/pdf", "image/png", "image/jpeg")  # other kinds are given as a download


@needs("patients.see")
def documents_of(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """A patient's documents, newest first; filing another."""
    patient, error = get_object_or_404(Patient, public_id=public_id), ""
    if not openings.is_open(request.user, patient):
        return render(request, "patients/restricted.html", {"patient": patient})
    if request.method == "POST":
        if not may(request.user, "patients.register"):
            raise PermissionDenied("patients.register")
        try:
            made = _file(request, patient)
            return redirect("patients:document", public_id=made.public_id)
        except DomainError as refused:
            error = refused.message
    services.seen(patient, by=Actor.of(request), screen="documents")
    context = {"patient": patient, "class_name": class_name, "today": clock.today().isoformat(), "error": error}
    return lists.show(
        request, DOCUMENTS, documents.of(patient), "patients/documents.html", context, status=422 if error else 200
    )


def _file(request: HttpRequest, patient: Patient) -> FiledDocument:
    sent = request.FILES.get("file")
    media = str(getattr(sent, "content_type", "") or documents.TEXT)
    content = sent.read(documents.LARGEST + 1) if sent else b""
    text = request.POST.get("text", "")
    if sent and media == documents.TEXT:
        text, content = content.decode("utf-8", "replace"), b""
    try:
        written_on = parse_date(request.POST.get("written_on", "")) or clock.today()
    except ValueError:
        written_on = clock.today()
    return documents.file(patient_id=patient.pk, title=request.POST.get("title", ""), text=text, content=content, media_type=media[:80],
                          written_on=written_on, by=Actor.of(request))  # fmt: skip


def _one(request: HttpRequest, public_id: UUID) -> FiledDocument:
    row = get_object_or_404(FiledDocument.objects.select_related("patient"), public_id=public_id)
    if not openings.is_open(request.user, row.patient):
        raise PermissionDenied("protected record")
    return row


@needs("patients.see")
def document(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One document: what it is, why, how long it is kept."""
    row = _one(request, public_id)
    audit.note(
        "document.seen",
        by=Actor.of(request),
        subject_type="document",
        subject_id=row.public_id,
        patient_ref=row.patient.public_id,
    )
    context: dict[str, Any] = {
        "document": row, "class_name": class_name, "classes": [(key, class_name(key)) for key in CLASSES], "said": CLASSES.get(row.kind or row.suggested),
        "is_text": row.media_type == documents.TEXT, "threshold": documents.threshold(),
    }  # fmt: skip
    return render(request, "patients/document.html", context)


@needs("patients.see")
def content(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The file itself."""
    row = _one(request, public_id)
    audit.note(
        "document.seen",
        by=Actor.of(request),
        subject_type="document",
        subject_id=row.public_id,
        patient_ref=row.patient.public_id,
    )
    shown = row.media_type in SHOWN_AS
    response = HttpResponse(
        documents.bytes_of(row), content_type=row.media_type if shown else "application/octet-stream"
    )
    response["Content-Disposition"] = f'{"inline" if shown else "attachment"}; filename="document-{row.pk}"'
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@needs("patients.register")
def sort(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """A person decides the class; from the worklist the next one follows."""
    documents.sort(document_id=_one(request, public_id).pk, kind=request.POST.get("kind", ""), by=Actor.of(request))
    return (
        redirect("patients:sorting")
        if request.POST.get("from") == "sorting"
        else redirect("patients:document", public_id=public_id)
    )


@require_POST
@needs("privacy.dispose")
def extend(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Keep it once more for the same term."""
    documents.extend(
        document_id=get_object_or_404(FiledDocument, public_id=public_id).pk,
        reason=request.POST.get("reason", ""),
        by=Actor.of(request),
    )
    return redirect("patients:disposals")


@needs("patients.register")
def sorting(request: HttpRequest) -> HttpResponseBase:
    """Documents whose words do not decide."""
    return lists.show(request, SORTING, documents.waiting(), "patients/sorting.html", {"class_name": class_name})
