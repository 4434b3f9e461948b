"""Consents (동의 관리): the one question every flow asks, what stands for a patient, giving, refusing, withdrawing.

Law: 개인정보 보호법 제15조, 제22조, 제22조의2 (under 14: the legal representative), 제37조 (withdrawal). A withdrawal holds from
the next question on: flows ask at the moment they send, never earlier. Raises patients.consent_*.
"""

import re
from dataclasses import dataclass

from django.db import transaction

from tamna.core import audit, clock, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.patients.consent_forms import Form, form_of, purposes
from tamna.patients.models import Consent, Patient

CARE_INFO, MESSAGES, LOCATION = "care_info", "messages", "location"
EXCHANGE, SURVEY, RESEARCH = "exchange", "survey", "research"
CHILD_UNTIL = 14
STROKES = re.compile(r"M\d{1,4},\d{1,4}(?:[ML]\d{1,4},\d{1,4}){3,8000}")  # a path of the pen in whole pixels


@dataclass(frozen=True)
class Standing:
    """How one purpose stands for a patient today."""

    form: Form
    consent: Consent | None  # the last answer, held or ended

    @property
    def holds(self) -> Consent | None:
        return self.consent if self.consent and self.consent.ended_at is None else None

    @property
    def is_allowed(self) -> bool:
        if self.holds:
            return self.holds.is_given
        return self.form.opt_out and self.consent is None

    @property
    def is_outdated(self) -> bool:
        """Given on an older text than the one in use."""
        return bool(self.holds and self.holds.is_given and self.holds.version < self.form.version)

    @property
    def state(self) -> str:
        """given, refused, withdrawn, or the rule where nobody asked yet: allowed, unasked."""
        if self.holds:
            return "given" if self.holds.is_given else "refused"
        if self.consent:
            return "withdrawn"
        return "allowed" if self.form.opt_out else "unasked"


def consented(patient: Patient, purpose: str) -> bool:
    """May this flow use the patient's data for this purpose now? One query. Every flow that sends asks it."""
    return _standing(patient, purpose).is_allowed


def standings(patient: Patient) -> list[Standing]:
    """Every purpose with its last answer. One query."""
    last: dict[str, Consent] = {}
    for row in patient.consents.order_by("id").defer("signature"):
        last[row.purpose] = row
    return [Standing(form_of(purpose, clock.today()), last.get(purpose)) for purpose in purposes()]


def _standing(patient: Patient, purpose: str) -> Standing:
    last = patient.consents.filter(purpose=purpose).order_by("-id").defer("signature").first()
    return Standing(form_of(purpose, clock.today()), last)


@transaction.atomic
def answer(
    *, patient_id: int, purpose: str, language: str, shown: str, is_given: bool, by: Actor, signature: str = "",
    signer: str = Consent.Signer.SELF, how: str = Consent.How.SCREEN,
) -> Consent:  # fmt: skip
    """Keep what a person decided on a text (동의·거부). `shown` is the hash of the text that stood on the screen.

    Raises patients.consent_text_changed, consent_signature, consent_guardian.
    """
    patient = Patient.objects.select_for_update(no_key=True).get(pk=patient_id)
    form = form_of(purpose, clock.today())
    text = form.text(language)
    if shown != text.digest:
        raise DomainError("patients.consent_text_changed")
    if how != Consent.How.PAPER and is_given and not STROKES.fullmatch(signature):
        raise DomainError("patients.consent_signature")
    if signer == Consent.Signer.SELF and age_of(patient) < CHILD_UNTIL:
        raise DomainError("patients.consent_guardian", age=CHILD_UNTIL)
    _end(patient, purpose, Consent.End.REPLACED, by)
    made = Consent.objects.create(
        patient=patient, purpose=purpose, version=form.version, language=text.language, text_hash=text.digest, is_given=is_given,
        signer=signer, how=how, signature=signature if how != Consent.How.PAPER else "", taken_by=by.name, answered_at=clock.now(),
    )  # fmt: skip
    _tell(patient, purpose, "consent.given" if is_given else "consent.refused", by, version=form.version)
    return made


@transaction.atomic
def withdraw(*, patient_id: int, purpose: str, by: Actor, how: str = Consent.How.SCREEN) -> None:
    """Take back what was given, or stop what runs without it (동의 철회·수신 거부). Asked twice, it stays withdrawn."""
    patient = Patient.objects.select_for_update(no_key=True).get(pk=patient_id)
    standing = _standing(patient, purpose)
    if not standing.is_allowed:
        return
    if standing.holds is None:  # an opt-out flow that nobody was asked about: a refusal on today's text
        text = standing.form.text(patient.language)
        Consent.objects.create(
            patient=patient, purpose=purpose, version=standing.form.version, language=text.language, text_hash=text.digest,
            is_given=False, how=how, taken_by=by.name,
            answered_at=clock.now(),
        )  # fmt: skip
    else:
        _end(patient, purpose, Consent.End.WITHDRAWN, by)
    _tell(patient, purpose, "consent.withdrawn", by, version=standing.form.version)


def age_of(patient: Patient) -> int:
    """Full years (만 나이) today."""
    today = clock.today()
    return (
        today.year - patient.birth_on.year - ((today.month, today.day) < (patient.birth_on.month, patient.birth_on.day))
    )


def _end(patient: Patient, purpose: str, end: str, by: Actor) -> None:
    held = patient.consents.filter(purpose=purpose, ended_at=None)
    held.update(ended_at=clock.now(), end=end, ended_by=by.name)


def _tell(patient: Patient, purpose: str, event: str, by: Actor, *, version: int) -> None:
    audit.note(event, by=by, subject_type="patient", subject_id=patient.public_id, patient_ref=patient.public_id,
               detail={"purpose": purpose, "version": version})  # fmt: skip
    outbox.record(event, {"patient_id": patient.pk, "purpose": purpose}, by=by)
