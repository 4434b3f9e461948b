"""Screens of patients: list, one person, one visit on one timeline, opening what is protected."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.views.decorators.http import require_POST

from tamna.core.access import may, needs
from tamna.core.actor import Actor
from tamna.core.export import as_csv, as_excel
from tamna.core.paging import page
from tamna.patients import selectors, services, timeline
from tamna.patients.models import Identity, Patient

PAYERS = {
    "nhi": noop("Health insurance"), "medical_aid_1": noop("Medical aid 1"), "medical_aid_2": noop("Medical aid 2"), "near_poor_1": noop("Near-poor 1"),
    "near_poor_2": noop("Near-poor 2"), "veteran": noop("Veteran"), "auto": noop("Car accident"), "industrial": noop("Industrial accident"), "self": noop("Self-pay"),
}  # fmt: skip
KINDS = {  # FHIR resource types in a reader's words
    "AllergyIntolerance": noop("Allergy"), "Appointment": noop("Booking"), "CarePlan": noop("Care plan"), "CareTeam": noop("Care team"), "ChargeItem": noop("Charge"),
    "Claim": noop("Claim"), "Condition": noop("Diagnosis"), "Coverage": noop("Coverage"), "Device": noop("Device"), "DiagnosticReport": noop("Test report"),
    "DocumentReference": noop("Document"), "Encounter": noop("Visit"), "ExplanationOfBenefit": noop("Insurer's answer"), "Goal": noop("Goal"),
    "ImagingStudy": noop("Imaging"), "Immunization": noop("Vaccination"), "Location": noop("Place"), "Medication": noop("Medicine"),
    "MedicationAdministration": noop("Medicine given"), "MedicationRequest": noop("Prescription"), "Observation": noop("Observation"), "Organization": noop("Institution"),
    "Patient": noop("Patient"), "Practitioner": noop("Doctor"), "Procedure": noop("Procedure"), "ServiceRequest": noop("Order"),
}  # fmt: skip


def kind_name(resource_type: str) -> str:
    """A FHIR resource type in the reader's language; a rare one stays as it is."""
    return _(KINDS[resource_type]) if resource_type in KINDS else resource_type


def _opened(request: HttpRequest, patient: Patient) -> bool:
    return not patient.is_restricted or str(patient.public_id) in request.session.get("opened", [])


@needs("patients.see")
def index(request: HttpRequest) -> HttpResponse:
    """Patients by words, newest first."""
    words = request.GET.get("q", "").strip()
    rows = selectors.matching(words) if words else Patient.objects.filter(merged_into=None)
    kind = request.GET.get("format")
    if kind in ("csv", "xlsx"):
        header = (_("Chart"), _("Name"), _("Birth date"), _("Sex"))
        values = (
            (row.chart_no, row.masked_name, str(row.birth_on), row.sex)
            for row in rows.order_by("-id")[:20_000].iterator()
        )
        return as_csv("patients", header, values) if kind == "csv" else as_excel("patients", header, values)
    return render(
        request, "patients/index.html", {"page": page(rows, ("-id",), request.GET.get("cursor", "")), "words": words}
    )


@needs("patients.see")
def detail(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One person: masked card, coverage, visits."""
    from tamna.patients.visits import of_patient

    patient = get_object_or_404(Patient, public_id=public_id)
    if not _opened(request, patient):
        return render(request, "patients/restricted.html", {"patient": patient}, status=200)
    services.seen(patient, by=Actor.of(request), screen="patient")
    context: dict[str, Any] = {
        "patient": patient, "coverage": selectors.coverage_of(patient), "identities": patient.identities.all(),
        "visits": page(of_patient(patient.pk), ("-arrived_at", "-id"), request.GET.get("cursor", ""), 20),
        "may_reveal": may(request.user, "patients.identifiers"), "payers": PAYERS, 
        "elsewhere": selectors.elsewhere_counts(patient) if patient.is_imported else [], "kind_name": kind_name,
    }  # fmt: skip
    return render(request, "patients/detail.html", context)


@needs("patients.see")
def elsewhere(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """What came from elsewhere about one person and is kept as it came, by kind, latest first."""
    patient = get_object_or_404(Patient, public_id=public_id)
    if not _opened(request, patient):
        return render(request, "patients/restricted.html", {"patient": patient})
    services.seen(patient, by=Actor.of(request), screen="elsewhere")
    kind, visit_ref = request.GET.get("kind", ""), request.GET.get("visit", "")
    rows = selectors.elsewhere(patient, kind=kind, visit_ref=visit_ref)
    context = {
        "patient": patient, "kind": kind, "visit_ref": visit_ref, "kind_name": kind_name,
        "kinds": [(name, f"{kind_name(name)} ({count})") for name, count in selectors.elsewhere_counts(patient)],
        "page": page(rows, ("-happened_at", "-id"), request.GET.get("cursor", "")),
    }  # fmt: skip
    return render(request, "patients/elsewhere.html", context)


@require_POST
@needs("patients.break_glass")
def open_restricted(request: HttpRequest, public_id: UUID) -> HttpResponse:
    patient = get_object_or_404(Patient, public_id=public_id)
    services.open_restricted(patient=patient, reason=request.POST.get("reason", ""), by=Actor.of(request))
    request.session["opened"] = [*request.session.get("opened", []), str(public_id)][-20:]
    return redirect("patients:detail", public_id=public_id)


@require_POST
@needs("patients.identifiers")
def reveal(request: HttpRequest, identity_id: int) -> HttpResponse:
    """The full number, once, in the answer to this request; never in an address."""
    identity = get_object_or_404(Identity, pk=identity_id)
    number = services.reveal_identity(
        identity_id=identity.pk, reason=request.POST.get("reason", ""), by=Actor.of(request)
    )
    response = render(request, "patients/_number.html", {"number": number})
    response["Cache-Control"] = "no-store"
    return response


@needs("patients.see")
def visit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One visit from booking to journal, each step with its record, audit and reason."""
    from tamna.patients.visits import by_public_id

    encounter = by_public_id(public_id)
    if not _opened(request, encounter.patient):
        return render(request, "patients/restricted.html", {"patient": encounter.patient})
    services.seen(encounter.patient, by=Actor.of(request), screen="visit")
    entries = timeline.of_encounter(encounter.pk)
    context = {"visit": encounter, "entries": entries, "payers": PAYERS,
               "phases": [] if encounter.is_imported else timeline.phases(entries),
               "figures": [] if encounter.is_imported else timeline.figures_of(encounter.pk)}  # fmt: skip
    return render(request, "patients/visit.html", context)


@needs("patients.see")
def why(request: HttpRequest, public_id: UUID, key: str) -> HttpResponse:
    """The reason of one step of a visit, for the drawer."""
    from tamna.core.format import language
    from tamna.engines.labels import label
    from tamna.patients.visits import by_public_id

    encounter = by_public_id(public_id)
    if not _opened(request, encounter.patient):
        raise PermissionDenied("protected record")
    entry = next((one for one in timeline.of_encounter(encounter.pk) if one.key == key), None)
    steps = [{**step, "label": label(str(step.get("label", "")), language())} for step in (entry.why if entry else [])]
    return render(request, "patients/why.html", {"entry": entry, "steps": steps})
