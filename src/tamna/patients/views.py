"""Screens of patients: list, one person, one visit on one timeline, opening what is protected."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from tamna.core import lists
from tamna.core.access import may, needs
from tamna.core.actor import Actor
from tamna.patients import consents, openings, selectors, services, timeline
from tamna.patients.kinds import kind_name
from tamna.patients.lists import ELSEWHERE, PATIENTS, VISITS
from tamna.patients.models import Identity, Patient
from tamna.patients.payers import PAYERS


@needs("patients.see")
def index(request: HttpRequest) -> HttpResponse:
    """Patients by words, newest first."""
    return lists.show(request, PATIENTS, Patient.objects.filter(merged_into=None), "patients/index.html")


@needs("patients.see")
def detail(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One person: masked card, coverage, visits."""
    from tamna.patients.visits import of_patient

    patient = get_object_or_404(Patient.objects.select_related("merged_into"), public_id=public_id)
    if patient.merged_into:
        return redirect("patients:detail", public_id=patient.merged_into.public_id)
    if not openings.is_open(request.user, patient):
        return render(request, "patients/restricted.html", {"patient": patient}, status=200)
    services.seen(patient, by=Actor.of(request), screen="patient")
    context: dict[str, Any] = {
        "patient": patient, "coverage": selectors.coverage_of(patient), "identities": patient.identities.all(),
        "may_reveal": may(request.user, "patients.identifiers"), "payers": PAYERS, "kind_name": kind_name,
        "standings": consents.standings(patient), "opening": openings.opening_of(request.user, patient) if patient.is_restricted else None,
        "elsewhere": selectors.elsewhere_counts(patient) if patient.is_imported else [],
    }  # fmt: skip
    return lists.show(request, VISITS, of_patient(patient.pk), "patients/detail.html", context)


@needs("patients.see")
def elsewhere(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """What came from elsewhere about one person and is kept as it came, by kind, latest first."""
    patient = get_object_or_404(Patient, public_id=public_id)
    if not openings.is_open(request.user, patient):
        return render(request, "patients/restricted.html", {"patient": patient})
    services.seen(patient, by=Actor.of(request), screen="elsewhere")
    context = {"patient": patient, "kind_name": kind_name}
    return lists.show(request, ELSEWHERE, selectors.elsewhere(patient), "patients/elsewhere.html", context)


@require_POST
@needs("patients.break_glass")
def open_restricted(request: HttpRequest, public_id: UUID) -> HttpResponse:
    patient = get_object_or_404(Patient, public_id=public_id)
    openings.open_restricted(patient=patient, reason=request.POST.get("reason", ""), by=Actor.of(request))
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
    if not openings.is_open(request.user, encounter.patient):
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
    if not openings.is_open(request.user, encounter.patient):
        raise PermissionDenied("protected record")
    entry = next((one for one in timeline.of_encounter(encounter.pk) if one.key == key), None)
    steps = [{**step, "label": label(str(step.get("label", "")), language())} for step in (entry.why if entry else [])]
    return render(request, "patients/why.html", {"entry": entry, "steps": steps})
