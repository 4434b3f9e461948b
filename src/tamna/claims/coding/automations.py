"""Proposals of diagnosis codes: one for each code that the note says and the visit lacks. Accepted and refused ones are the labels."""

from collections.abc import Iterator
from typing import ClassVar

from django.utils.translation import gettext_noop as noop
from pydantic import Field

from tamna.claims.coding import services
from tamna.claims.models import Claim, ClinicalNote
from tamna.core import automations
from tamna.core.actor import Actor
from tamna.core.automations import Action, Proposal, automation
from tamna.core.models import Event
from tamna.engines.coding.kcd import ACCEPTED, KcdIndex
from tamna.reception import services as reception
from tamna.reception.diagnoses import name_of
from tamna.reception.models import Encounter

MINUTES = 3


class AddDiagnosis(Action):
    """Add a diagnosis to a finished visit whose statement was not sent yet."""

    says: ClassVar[str] = noop("The diagnosis is added to the visit; its statement is written anew and checked again.")
    encounter_id: int
    code: str = Field(title=noop("Diagnosis code"), min_length=3, max_length=8)

    def verify(self) -> str:
        visit = Encounter.objects.filter(
            pk=self.encounter_id, status=Encounter.Status.FINISHED, is_imported=False
        ).first()
        if visit is None:
            return noop("The visit is not finished.")
        if self.code.strip().upper() not in KcdIndex.shipped().rows:
            return noop("There is no such diagnosis code in the list.")
        if visit.conditions.filter(code=self.code.strip().upper()).exists():
            return noop("The visit has this diagnosis already.")
        sent = Claim.objects.filter(encounter=visit).exclude(status__in=("draft", "checked", "approved", "withdrawn"))
        return noop("The statement was already sent.") if sent.exists() else ""

    def run(self, by: Actor) -> None:
        had = Encounter.objects.get(pk=self.encounter_id).conditions.order_by("seq").values_list("kind", "code")
        added = ("secondary" if had else "principal", self.code.strip().upper())
        reception.change_conditions(encounter_id=self.encounter_id, diagnoses=[*had, added], reason="claim.code", by=by)


@automation(
    "claim.code", kind="P", team="claims", on="note.written", engine="engines.coding.kcd",
    covers=noop("KCD codes from the words of the chart, by names and abbreviations, each with its words; orders alone are not coded."),
)  # fmt: skip
def propose_codes(event: Event) -> Iterator[Proposal[AddDiagnosis]]:
    """The note's codes that the visit lacks; what an earlier note proposed and this one does not say is closed."""
    note = ClinicalNote.objects.select_related("encounter__patient").get(pk=event.payload["note_id"])
    visit = note.encounter
    given = set(visit.conditions.values_list("code", flat=True))
    said = [one for one in services.suggestions(note) if one.score >= ACCEPTED and one.code not in given]
    keys = {f"{visit.public_id}:{one.code}" for one in said}
    earlier = automations.about("encounter", visit.public_id, "claim.code")
    automations.overtake([row for row in earlier if row.key not in keys], noop("The latest note does not say it."))
    for one in said:
        yield Proposal(
            AddDiagnosis(encounter_id=visit.pk, code=one.code), key=f"{visit.public_id}:{one.code}", title=noop("Add diagnosis %(code)s %(name)s"),
            facts={"code": one.code, "name": {lang: name_of(one.code, lang) for lang in ("ko", "en")}}, confidence=one.score, minutes=MINUTES, pattern=one.code,
            subject=("encounter", str(visit.public_id)),
            evidence=({"label": noop("Words of the note"), "value": one.evidence.text[:120], "formula": "engines.coding.kcd"},),
        )  # fmt: skip
