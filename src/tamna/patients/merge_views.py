"""Screens of records of one person: who is like a patient, two records side by side, merged ones and the way back."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from tamna.core import lists
from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.engines.identity.likeness import compare as points_of
from tamna.patients import duplicates, merging, openings, services
from tamna.patients.duplicates import PARTS
from tamna.patients.lists import MERGES
from tamna.patients.models import Merge, Patient
from tamna.patients.visits import of_patient


@needs("patients.see")
def same(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Records like this one, and those merged into it."""
    patient = get_object_or_404(Patient, public_id=public_id)
    if not openings.is_open(request.user, patient):
        return render(request, "patients/restricted.html", {"patient": patient})
    services.seen(patient, by=Actor.of(request), screen="same")
    context = {"patient": patient, "found": duplicates.of(patient), "parts": PARTS,
               "merges": patient.merges_into.select_related("gone").order_by("-id")[:20]}  # fmt: skip
    return render(request, "patients/same.html", context)


@needs("patients.merge")
def compare(request: HttpRequest, public_id: UUID, other_id: UUID) -> HttpResponse:
    """Two records side by side; merged into the first with a reason."""
    kept, gone = (get_object_or_404(Patient, public_id=each) for each in (public_id, other_id))
    closed = next((each for each in (kept, gone) if not openings.is_open(request.user, each)), None)
    if closed:
        return render(request, "patients/restricted.html", {"patient": closed})
    error = ""
    if request.method == "POST":
        try:
            merging.merge(kept_id=kept.pk, gone_id=gone.pk, reason=request.POST.get("reason", ""), by=Actor.of(request))
            return redirect("patients:detail", public_id=kept.public_id)
        except DomainError as refused:
            error = refused.message
    for each in (kept, gone):
        services.seen(each, by=Actor.of(request), screen="compare")
    context: dict[str, Any] = {
        "kept": kept, "gone": gone, "sides": [_side(each) for each in (kept, gone)], "error": error, "parts": PARTS,
        "likeness": points_of(duplicates.described(kept), duplicates.described(gone)), "differ": merging.proven_different(kept, gone),
    }  # fmt: skip
    return render(request, "patients/compare.html", context, status=422 if error else 200)


def _side(patient: Patient) -> dict[str, Any]:
    visits = of_patient(patient.pk)
    return {"patient": patient, "numbers": [row.tail for row in patient.identities.only("tail", "patient")], "visits": visits.count(),
            "last": visits.order_by("-arrived_at").first()}  # fmt: skip


@needs("patients.merge")
def merges(request: HttpRequest) -> HttpResponseBase:
    """Merged records, newest first, each with the way back."""
    return lists.show(request, MERGES, Merge.objects.select_related("kept", "gone"), "patients/merges.html")


@require_POST
@needs("patients.merge")
def undo(request: HttpRequest, public_id: UUID) -> HttpResponse:
    made = get_object_or_404(Merge, public_id=public_id)
    merging.unmerge(merge_id=made.pk, by=Actor.of(request))
    return redirect("patients:merges")
