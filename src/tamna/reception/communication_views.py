"""Screen of what patients are told: state, channel and cost of each notice, and what a patient wants."""

from datetime import timedelta
from uuid import UUID

from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from tamna.core import clock, lists
from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.patients.models import Patient
from tamna.reception import communications
from tamna.reception.lists import COMMUNICATIONS
from tamna.reception.models import Communication


@needs("reception.see")
def all_of(request: HttpRequest) -> HttpResponseBase:
    """Notices, newest first, with the last thirty days summed up by channel."""
    since = clock.now() - timedelta(days=30)
    sums = (
        Communication.objects.filter(sent_at__gte=since)
        .values("channel")
        .annotate(n=Count("pk"), won=Sum("cost_won"))
        .order_by("channel")
    )
    states = dict(Communication.objects.filter(made_at__gte=since).values_list("status").annotate(n=Count("pk")))
    context = {
        "sums": list(sums),
        "states": [(label, states.get(key, 0)) for key, label in Communication.Status.choices],
    }
    return lists.show(
        request,
        COMMUNICATIONS,
        Communication.objects.select_related("patient"),
        "reception/communications.html",
        context,
    )


@require_POST
@needs("patients.register")
def wishes(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Keep where a patient wants to be told and what not."""
    patient = get_object_or_404(Patient, public_id=public_id)
    kept = communications.choice_of(patient)
    wanted = set(request.POST.getlist("wants"))
    communications.choose(
        patient=patient, email=request.POST.get("email", "").strip()[:200], push_address=kept.push_address if kept else "",
        opted_out=[kind for kind in Communication.Kind.values if kind not in wanted], by=Actor.of(request),
    )  # fmt: skip
    return redirect(f"/reception/?patient={patient.public_id}")
