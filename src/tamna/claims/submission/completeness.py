"""Which statements may go into a batch (청구 전 완결성): documents, persons from the vault, and every reason why not."""

from collections.abc import Sequence
from typing import Any

from django.db.models import prefetch_related_objects

from tamna.claims import documents
from tamna.claims.models import Claim
from tamna.engines.claimfile import Fault, Person, load_layout, statement_faults
from tamna.patients.models import Patient

Document = dict[str, Any]
ORDER = ("rrn", "foreigner", "passport")


def gaps(claim: Claim, document: Document) -> list[Fault]:
    """What one statement lacks. The vault is asked whether it holds a number, not for the number."""
    patient = claim.encounter.patient
    there = Person(patient_name="+" if patient.name else "", resident_no="+" if patient.identities.exists() else "")
    return statement_faults(document, there)


def persons_of(claims: Sequence[Claim]) -> list[Person]:
    """Names and numbers for the text of a batch (가입자 is the person: the eligibility answer names nobody else [?])."""
    prefetch_related_objects(claims, "encounter__patient__identities")
    return [_person(claim.encounter.patient) for claim in claims]


def _person(patient: Patient) -> Person:
    numbers = sorted(patient.identities.all(), key=lambda row: (ORDER.index(row.kind), row.pk))
    return Person(patient.name, numbers[0].number if numbers else "", patient.name)


def sifted(claims: Sequence[Claim]) -> list[tuple[Claim, Document, Person, list[Fault]]]:
    """Each statement with its document, its person and what it lacks. A bounded number of queries."""
    found = documents.to_send(claims)
    persons = persons_of(claims)
    return [
        (claim, document, person, statement_faults(document, person))
        for claim, document, person in zip(claims, found, persons, strict=True)
    ]


def said(raw: Sequence[dict[str, Any]], lang: str) -> list[str]:
    """Kept faults as sentences."""
    layout = load_layout()
    return [Fault.of(row).message(lang, layout) for row in raw]
