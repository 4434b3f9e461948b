"""Automations of patients: two records that look like one person are proposed to be merged."""

from collections.abc import Iterator
from typing import ClassVar

from django.utils.translation import gettext_noop as noop

from tamna.core import automations, outbox
from tamna.core.actor import Actor
from tamna.core.automations import Action, Proposal, automation
from tamna.core.models import Event
from tamna.patients import duplicates, merging
from tamna.patients.duplicates import PARTS
from tamna.patients.models import Merge, Patient

MINUTES = 10  # what it takes to find and join two records by hand


class MergeRecords(Action):
    """Join two records of one person; undone as a whole."""

    says: ClassVar[str] = noop("The newer record is merged into the older one. Nothing is lost, and it can be undone.")
    undoable: ClassVar[bool] = True
    kept_id: int
    gone_id: int

    def verify(self) -> str:
        rows = list(Patient.objects.filter(pk__in=[self.kept_id, self.gone_id], merged_into=None))
        if len(rows) != 2:
            return noop("One of the records was merged already.")
        return noop("Their numbers are of two people.") if merging.proven_different(*rows) else ""

    def run(self, by: Actor) -> None:
        merging.merge(kept_id=self.kept_id, gone_id=self.gone_id, reason=noop("Proposed as one person"), by=by)

    def undo(self, by: Actor) -> None:
        made = Merge.objects.get(kept=self.kept_id, gone=self.gone_id, undone_at=None)
        merging.unmerge(merge_id=made.pk, by=by)


@automation(
    "rec.newpatient", kind="E", team="front", on=("patient.registered", "patient.updated"), engine="engines.identity",
    covers=noop("Resident, foreigner and passport numbers and passport lines are read and checked, birth date and sex filled in; records of one person are found while typing and proposed afterwards, merged and taken apart again. The lines of a passport are typed or scanned as text: no camera is read."),
)  # fmt: skip
def propose_merging(event: Event) -> Iterator[Proposal[MergeRecords]]:
    """After a registration or a change of contact: the record most like it, where little doubt is left."""
    patient = Patient.objects.get(pk=event.payload["patient_id"])
    if patient.merged_into_id or patient.is_imported:
        return
    for found in duplicates.of(patient)[:1]:
        kept, gone = sorted((patient, found.patient), key=lambda each: each.pk)
        if not found.likeness.is_nearly_sure or merging.proven_different(kept, gone):
            continue
        yield Proposal(
            MergeRecords(kept_id=kept.pk, gone_id=gone.pk), key=f"same:{kept.pk}:{gone.pk}", minutes=MINUTES,
            title=noop("Charts %(kept)s and %(gone)s look like one person: merge them"), facts={"kept": kept.chart_no, "gone": gone.chart_no},
            confidence=found.likeness.points / 100, subject=("patient", str(gone.public_id)),
            evidence=tuple({"label": PARTS[part], "value": f"{points:+d}", "formula": "engines.identity"} for part, points in found.likeness.parts),
        )  # fmt: skip


@outbox.on("patient.merged", "patient.unmerged", key="patients.merge_outcomes")
def on_merged(event: Event) -> None:
    """A person merged the two by hand, or took them apart again: the label of the proposal."""
    gone = Patient.objects.get(pk=event.payload["gone_id"])
    merged = event.name == "patient.merged"
    for row in automations.about("patient", gone.public_id, "rec.newpatient"):
        automations.outcome(
            row,
            noop("Merged") if merged else noop("Taken apart again"),
            key=f"{event.name}:{event.payload['merge_id']}",
            is_good=merged,
        )
        if merged:
            automations.overtake([row], noop("The two records were merged."))
