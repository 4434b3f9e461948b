"""Keep a clinical note, and read what it suggests."""

from dataclasses import dataclass

from django.db import transaction

from tamna.claims.models import ClinicalNote
from tamna.core import audit, automations, clock, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.models import Proposal as Made
from tamna.engines.claimcheck.schema import years_between
from tamna.engines.coding import Suggestion
from tamna.engines.coding.kcd import KcdIndex
from tamna.reception.models import Encounter

LONGEST = 8_000
SHOWN = 5


@dataclass(frozen=True)
class Row:
    """One suggestion on screen: the code, its words, whether the visit has it, and the proposal about it."""

    suggestion: Suggestion
    is_given: bool
    proposal: Made | None


@transaction.atomic
def write_note(*, encounter_id: int, text: str, by: Actor) -> ClinicalNote:
    """Keep words of the chart for a visit (진료기록 요지 입력). Raises claims.note_empty, claims.note_long."""
    words = text.strip()
    if not words:
        raise DomainError("claims.note_empty")
    if len(words) > LONGEST:
        raise DomainError("claims.note_long", count=LONGEST)
    encounter = Encounter.objects.select_for_update(of=("self",)).get(pk=encounter_id)
    note = ClinicalNote.objects.create(encounter=encounter, text=words, written_by=by.name, written_at=clock.now())
    audit.note("clinical_note.written", by=by, subject_type="encounter", subject_id=encounter.public_id)
    outbox.record(
        "note.written",
        {"note_id": note.pk, "encounter_id": encounter.pk},
        by=by,
        subject=("encounter", encounter.public_id),
    )
    return note


def suggestions(note: ClinicalNote) -> list[Suggestion]:
    """The five best codes for the note's patient, each with its words in the note."""
    patient = note.encounter.patient
    age = years_between(patient.birth_on, note.encounter.business_on)
    return list(KcdIndex.shipped().suggest(note.text, sex=patient.sex, age=age).ranked[:SHOWN])


def shown(encounter: Encounter, given: set[str]) -> list[Row]:
    """What the latest note of a visit suggests, and what people said to it. Two queries, one where there is no note."""
    note = encounter.clinical_notes.order_by("-id").first()
    if note is None:
        return []
    note.encounter = encounter
    about = {
        row.fields.get("code", ""): row for row in automations.about("encounter", encounter.public_id, "claim.code")
    }
    return [Row(one, one.code in given, about.get(one.code)) for one in suggestions(note)]
