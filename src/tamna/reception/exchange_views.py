"""A patient's records for another hospital (진료기록 송부), as a FHIR file: only with the patient's consent, or as their own copy."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.patients import consents, openings
from tamna.patients.models import Patient
from tamna.reception.fhir import giving

LONGEST = 80


@needs("patients.register")
def exchange(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Say for whom, then the file; refused where the patient did not agree."""
    patient, error = get_object_or_404(Patient, public_id=public_id), ""
    if not openings.is_open(request.user, patient):
        return render(request, "patients/restricted.html", {"patient": patient})
    if request.method == "POST":
        own = request.POST.get("whose") == "own"
        recipient = request.POST.get("recipient", "").strip()[:LONGEST]
        try:
            if not own and not recipient:
                raise DomainError("patients.no_recipient")
            text = giving.bundle_of(patient, by=Actor.of(request), recipient="" if own else recipient)
        except DomainError as refused:
            error = refused.message
        else:
            response = HttpResponse(text, content_type="application/fhir+json; charset=utf-8")
            response["Content-Disposition"] = f'attachment; filename="patient-{patient.chart_no}.json"'
            response["Cache-Control"] = "no-store"
            return response
    context = {"patient": patient, "agreed": consents.consented(patient, consents.EXCHANGE), "error": error}
    return render(request, "reception/exchange.html", context, status=422 if error else 200)
