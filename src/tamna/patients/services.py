"""Every write about patients: registration, contact, eligibility, opening what is protected.

Law: 의료법 시행규칙 (진료기록부의 인적 사항), 개인정보 보호법 제24조·제24조의2 (고유식별정보). One transaction each.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction

from tamna.connect import nhis
from tamna.connect.errors import Refused, Unreachable
from tamna.core import audit, clock, crypto, hangul, numbering, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError, refused_as
from tamna.patients import identifiers, masking
from tamna.patients.models import Coverage, Identity, Patient

NAME, PHONE, CHART = "patient.name", "patient.phone", "patient.chart"
KIND_OF_PAYER = {"medical_aid_1": "5", "medical_aid_2": "5", "veteran": "7", "auto": "8", "industrial": "9"}


@dataclass(frozen=True)
class Imported:
    """What only records from elsewhere say of a person."""

    public_id: UUID | None = None
    deceased_on: date | None = None
    prefers_jejueo: bool = False

    def fields(self) -> dict[str, Any]:
        known = {"public_id": self.public_id} if self.public_id else {}
        return {**known, "deceased_on": self.deceased_on, "prefers_jejueo": self.prefers_jejueo, "is_imported": True}


def search_tokens(name: str, phone: str, chart_no: str) -> list[int]:
    """Blind tokens under which a patient is found: parts of the name, end of the phone, chart number."""
    tokens = {crypto.blind_token(part, NAME) for part in hangul.name_fragments(name)}
    digits = "".join(letter for letter in phone if letter.isdigit())
    if len(digits) >= 4:
        tokens |= {
            crypto.blind_token(digits[-4:], PHONE),
            crypto.blind_token(digits, PHONE),
            crypto.blind_token(digits[-8:], PHONE),
        }
    tokens.add(crypto.blind_token(chart_no.lstrip("0"), CHART))
    return sorted(tokens)


def tokens_of(patient: Patient) -> list[int]:
    """Tokens of a record and of those that were merged into it: an old name still finds the person."""
    records = [patient, *patient.merged.all()]
    return sorted({token for row in records for token in search_tokens(row.name, row.phone, row.chart_no)})


@transaction.atomic
def register_patient(
    *, name: str, birth_on: date | None = None, sex: str = "", phone: str = "", address: str = "",
    identity: tuple[str, str] | None = None, nationality: str = "KR", language: str = "ko",
    is_synthetic: bool = False, is_restricted: bool = False, imported: Imported | None = None, by: Actor,
) -> Patient:  # fmt: skip
    """Register a new patient (신환 등록). Birth date, sex and a passport's country come from the number where it says them.

    A person who comes from another system's records (`imported`) was not asked for a contact here.

    Raises patients.bad_identity, identity_mismatch, identity_taken, name_missing, birth_in_future.
    """
    name = " ".join(name.split())
    if not name:
        raise DomainError("patients.name_missing")
    parsed = None
    if identity:
        parsed = identifiers.parse(*identity, clock.today())
        if parsed is None:
            raise DomainError("patients.bad_identity")
        if (birth_on and birth_on != (parsed.birth_on or birth_on)) or (sex and sex != (parsed.sex or sex)):
            raise DomainError("patients.identity_mismatch")
        taken = Identity.objects.select_related("patient").filter(
            kind=parsed.kind, blind_index__in=crypto.blind_indexes(parsed.number, parsed.kind)
        )
        for row in taken:
            raise DomainError("patients.identity_taken", chart_no=row.patient.chart_no)
        birth_on, sex, nationality = parsed.birth_on or birth_on, parsed.sex or sex, parsed.nationality or nationality
    if birth_on is None or not sex:
        raise DomainError("patients.bad_identity")
    if birth_on > clock.today():
        raise DomainError("patients.birth_in_future")
    chart_no = f"{numbering.take('chart'):08d}"
    patient = Patient.objects.create(
        chart_no=chart_no, name=name, phone=phone, address=address, birth_on=birth_on, sex=sex, nationality=nationality,
        language=language, search_tokens=search_tokens(name, phone, chart_no), contact_checked_on=None if imported else clock.today(),
        registered_at=clock.now(), is_synthetic=is_synthetic, is_restricted=is_restricted, **(imported.fields() if imported else {}),
    )  # fmt: skip
    if parsed:
        with refused_as(identity_taken="patients.identity_taken"):
            Identity.objects.create(
                patient=patient, kind=parsed.kind, number=parsed.number, tail=masking.identity_tail(parsed.number),
                blind_index=crypto.blind_index(parsed.number, parsed.kind),
            )  # fmt: skip
    audit.note(
        "patient.registered", by=by, subject_type="patient", subject_id=patient.public_id, patient_ref=patient.public_id
    )
    outbox.record("patient.registered", {"patient_id": patient.pk}, by=by)
    return patient


@transaction.atomic
def update_contact(*, patient_id: int, phone: str, address: str, by: Actor) -> Patient:
    """Change phone and address (연락처 갱신); confirming them unchanged counts as checked."""
    patient = Patient.objects.select_for_update().get(pk=patient_id)
    patient.phone, patient.address, patient.contact_checked_on = phone, address, clock.today()
    patient.search_tokens = tokens_of(patient)
    patient.save(update_fields=["phone", "address", "contact_checked_on", "search_tokens"])
    audit.note(
        "patient.contact_changed",
        by=by,
        subject_type="patient",
        subject_id=patient.public_id,
        patient_ref=patient.public_id,
    )
    outbox.record("patient.updated", {"patient_id": patient.pk}, by=by)
    return patient


def check_coverage(*, patient: Patient, by: Actor, on: date | None = None) -> Coverage | None:
    """Ask the insurer for today's eligibility (자격조회); today's answer is asked once.

    When the insurer cannot be reached the last known answer is returned and marked by its older day; the desk goes on.
    """
    day = on or clock.today()
    last = patient.coverages.order_by("-checked_on", "-id").first()
    if last and last.checked_on >= day:
        return last
    identity = patient.identities.order_by("id").first()
    if identity is None:
        return last
    try:
        answer = nhis.check(nhis.Question(number=identity.number, kind=identity.kind, on=day))
    except (Unreachable, Refused) as trouble:
        outbox.record("coverage.unreachable", {"patient_id": patient.pk, "system": trouble.system}, by=by)
        return last
    with transaction.atomic():
        changed = bool(last) and (last.payer, last.special_case) != (answer.payer, answer.special_case)
        coverage = Coverage.objects.create(
            patient=patient, payer=answer.payer, insurer_kind=answer.insurer_kind, card_no=answer.card_no,
            special_case=answer.special_case, special_from=answer.special_from, special_to=answer.special_to,
            aid_type=answer.aid_type, benefit_stopped=answer.benefit_stopped, checked_on=day, checked_at=clock.now(),
            is_simulated=answer.simulated, changed=changed,
        )  # fmt: skip
        outbox.record(
            "coverage.checked", {"patient_id": patient.pk, "coverage_id": coverage.pk, "changed": int(changed)}, by=by
        )
    return coverage


@transaction.atomic
def set_coverage(*, patient: Patient, payer: str, reason: str, by: Actor) -> Coverage:
    """Enter coverage by hand (수기 자격), for accident payers and outages; always with a reason."""
    if not reason.strip():
        raise DomainError("patients.reason_missing")
    coverage = Coverage.objects.create(
        patient=patient, payer=payer, insurer_kind=KIND_OF_PAYER.get(payer, "4"), checked_on=clock.today(),
        checked_at=clock.now(), source="manual",
    )  # fmt: skip
    audit.note("coverage.entered", by=by, subject_type="patient", subject_id=patient.public_id, patient_ref=patient.public_id,
               reason=reason, detail={"payer": payer})  # fmt: skip
    outbox.record("coverage.checked", {"patient_id": patient.pk, "coverage_id": coverage.pk, "changed": 1}, by=by)
    return coverage


@transaction.atomic
def reveal_identity(*, identity_id: int, reason: str, by: Actor) -> str:
    """Show a full number (고유식별정보 열람), only with a reason, always audited."""
    if not reason.strip():
        raise DomainError("patients.reason_missing")
    identity = Identity.objects.select_related("patient").get(pk=identity_id)
    audit.note("identity.revealed", by=by, subject_type="identity", subject_id=identity.pk,
               patient_ref=identity.patient.public_id, reason=reason)  # fmt: skip
    return identity.number


def seen(patient: Patient, *, by: Actor, screen: str) -> None:
    """Write that a record was looked at (열람 기록)."""
    audit.note("patient.seen", by=by, subject_type="patient", subject_id=patient.public_id,
               patient_ref=patient.public_id, detail={"screen": screen})  # fmt: skip
