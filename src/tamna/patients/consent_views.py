"""Screens of consent at the desk: how each purpose stands, the text read together and signed, what was once signed."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_noop as noop
from django.views.decorators.http import require_POST

from tamna.core import audit, clock
from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.patients import consent_forms, consents, openings, services
from tamna.patients.models import Consent, Patient

STATES = {  # of a Standing: word and tone
    "given": (noop("Given"), "green"), "refused": (noop("Not given"), "red"), "withdrawn": (noop("Withdrawn"), "red"),
    "allowed": (noop("Runs until refused"), "blue"), "unasked": (noop("Not asked yet"), "amber"),
}  # fmt: skip


def _patient(request: HttpRequest, public_id: UUID) -> Patient | None:
    """The patient, unless the record is protected and not open to this person."""
    patient = get_object_or_404(Patient, public_id=public_id)
    return patient if openings.is_open(request.user, patient) else None


def _protected(request: HttpRequest, public_id: UUID) -> HttpResponse:
    return render(request, "patients/restricted.html", {"patient": get_object_or_404(Patient, public_id=public_id)})


@needs("patients.see")
def consents_of(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Every purpose with its last answer, and all answers before."""
    patient = _patient(request, public_id)
    if patient is None:
        return _protected(request, public_id)
    services.seen(patient, by=Actor.of(request), screen="consents")
    context = {
        "patient": patient, "standings": consents.standings(patient), "states": STATES, "form_of": consent_forms.version_of,
        "past": patient.consents.order_by("-id").defer("signature")[:100],
    }  # fmt: skip
    return render(request, "patients/consents.html", context)


@needs("patients.register")
def ask(request: HttpRequest, public_id: UUID, purpose: str) -> HttpResponse:
    """The text in the patient's language, read together; agreed to with a signature, or refused."""
    patient = _patient(request, public_id)
    if patient is None:
        return _protected(request, public_id)
    if purpose not in consent_forms.purposes():
        raise Http404
    wanted = request.POST.get("lang") or request.GET.get("lang") or patient.language
    text, error = consent_forms.form_of(purpose, clock.today()).text(wanted), ""
    if request.method == "POST":
        said = request.POST
        try:
            consents.answer(
                patient_id=patient.pk, purpose=purpose, language=text.language, shown=said.get("shown", ""), is_given=said.get("answer") == "yes",
                signature=said.get("signature", ""), signer=_one_of(Consent.Signer, said.get("signer")), how=_one_of(Consent.How, said.get("how")),
                by=Actor.of(request),
            )  # fmt: skip
            return redirect("patients:consents", public_id=public_id)
        except DomainError as refused:
            error = refused.message
    context = {
        "patient": patient, "text": text, "purpose": purpose, "languages": consent_forms.LANGUAGES, "tags": consent_forms.TAGS, "error": error,
        "form": consent_forms.form_of(purpose, clock.today()), "is_child": consents.age_of(patient) < consents.CHILD_UNTIL,
        "signers": Consent.Signer.choices, "hows": [(Consent.How.SCREEN, Consent.How.SCREEN.label), (Consent.How.PAPER, Consent.How.PAPER.label)],
    }  # fmt: skip
    return render(request, "patients/consent.html", context, status=422 if error else 200)


def _one_of(choices: type[Consent.Signer] | type[Consent.How], given: str | None) -> str:
    return given if given in choices.values else choices.values[0]


@require_POST
@needs("patients.register")
def withdraw(request: HttpRequest, public_id: UUID, purpose: str) -> HttpResponse:
    """At once: the next question of any flow is answered with no."""
    patient = _patient(request, public_id)
    if patient is None or purpose not in consent_forms.purposes():
        raise Http404
    consents.withdraw(patient_id=patient.pk, purpose=purpose, by=Actor.of(request))
    return redirect("patients:consents", public_id=public_id)


@needs("patients.see")
def answered(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One answer: the very text that was shown, its hash, and the signature."""
    consent = get_object_or_404(Consent.objects.select_related("patient"), public_id=public_id)
    if not openings.is_open(request.user, consent.patient):
        return _protected(request, consent.patient.public_id)
    audit.note("consent.seen", by=Actor.of(request), subject_type="consent", subject_id=consent.public_id,
               patient_ref=consent.patient.public_id)  # fmt: skip
    text = consent_forms.version_of(consent.purpose, consent.version).text(consent.language)
    context = {"consent": consent, "text": text, "is_same_text": text.digest == consent.text_hash}
    return render(request, "patients/consent_answered.html", context)
