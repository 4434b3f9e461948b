"""What a patient agreed to, on their own phone (동의 확인·철회): read in their language, signed with a finger, withdrawn at once."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from tamna.core import clock
from tamna.core.access import LINK, needs
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.lobby import languages
from tamna.lobby.doors import LinkRequest
from tamna.patients import consent_forms, consents
from tamna.patients.models import Consent, Patient

ME = Actor.system("patient page")


def _patient(request: LinkRequest, purpose: str = "") -> Patient:
    """Whose page it is; the link on a slip shows a turn and nothing else."""
    link = request.link
    if link.ticket_id or (purpose and purpose not in consent_forms.purposes()):
        raise Http404
    return link.patient


@needs(LINK)
def consents_of_me(request: LinkRequest) -> HttpResponse:
    """Every purpose and how it stands."""
    patient = _patient(request)
    return render(
        request, "lobby/consents.html", {"standings": consents.standings(patient), "language": languages.active()}
    )


@needs(LINK)
def answer(request: LinkRequest, purpose: str) -> HttpResponse:
    """The text of one purpose; agreed to with a signature, or refused."""
    patient, error = _patient(request, purpose), ""
    text = consent_forms.form_of(purpose, clock.today()).text(languages.active())
    if request.method == "POST":
        said = request.POST
        try:
            consents.answer(
                patient_id=patient.pk, purpose=purpose, language=text.language, shown=said.get("shown", ""), is_given=said.get("answer") == "yes",
                signature=said.get("signature", ""), how=Consent.How.PHONE, by=ME,
            )  # fmt: skip
            return redirect("lobby:consents")
        except DomainError as refused:
            error = refused.key
    context = {"text": text, "error": error, "purpose": purpose}
    return render(request, "lobby/consent.html", context, status=422 if error else 200)


@require_POST
@needs(LINK)
def withdraw(request: LinkRequest, purpose: str) -> HttpResponse:
    consents.withdraw(patient_id=_patient(request, purpose).pk, purpose=purpose, by=ME, how=Consent.How.PHONE)
    return redirect("lobby:consents")
