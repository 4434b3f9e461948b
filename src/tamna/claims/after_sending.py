"""A visit changed after its statement was sent (청구 후 변경): nothing is rewritten, a person is told what differs and notes it.

Another payer, other lines, other diagnoses: the sent statement stays as it was; it is settled by a supplement, an added claim or by
giving back (환수). One proposal for each difference.
"""

from collections.abc import Iterator
from typing import ClassVar

from django.db.models import Sum
from django.utils.translation import gettext_noop as noop
from pydantic import Field

from tamna.billing.models import Invoice
from tamna.claims import documents, services
from tamna.claims.models import Claim, Finding
from tamna.core import audit, clock
from tamna.core.actor import Actor
from tamna.core.automations import Action, Proposal
from tamna.core.models import Event

RULE = "SENT-CHANGED"  # our own mark on a statement: not a rule of the agency


class NoteChange(Action):
    """Put a note on a sent statement that its visit is another now."""

    says: ClassVar[str] = noop(
        "The statement stays as it was sent; a note on it says what differs, until it is settled with the agency."
    )
    claim_id: int
    note: str = Field(title=noop("Note"), min_length=1, max_length=200)

    def verify(self) -> str:
        sent = (
            Claim.objects.exclude(status__in=(*services.OPEN, Claim.Status.WITHDRAWN)).filter(pk=self.claim_id).exists()
        )
        return "" if sent else noop("The statement was not sent, or was withdrawn.")

    def run(self, by: Actor) -> None:
        claim = Claim.objects.get(pk=self.claim_id)
        Finding.objects.get_or_create(
            claim=claim, rule_id=RULE, message_ko=self.note,
            defaults={"severity": "adjust", "message_en": self.note, "source": "요양급여비용 청구방법 (보완·추가청구)", "won_at_risk": abs(difference(claim))},
        )  # fmt: skip
        audit.note("claim.change_noted", by=by, subject_type="claim", subject_id=claim.public_id, reason=self.note)


def difference(claim: Claim) -> int:
    """What the visit's insurer share is now, less what was claimed, won; all of it goes back where another pays."""
    if documents.INSURER_KIND.get(claim.encounter.payer) != claim.insurer_kind:
        return -claim.insurer_won
    share = claim.encounter.invoices.aggregate(sum=Sum("insurer_won"))["sum"] or 0
    living = claim.encounter.claims.exclude(status__in=(Claim.Status.WITHDRAWN, Claim.Status.CORRECTED))
    return (share - share % 10) - (living.aggregate(sum=Sum("insurer_won"))["sum"] or 0)


def propose_changes(event: Event) -> Iterator[Proposal[NoteChange]]:
    """Another payer, a difference bill, other diagnoses: what a sent statement of the visit no longer says."""
    if (
        event.name == "invoice.issued"
        and not Invoice.objects.filter(pk=event.payload["invoice_id"], seq__gt=1).exists()
    ):
        return
    claims = Claim.objects.filter(encounter=event.payload["encounter_id"]).select_related("encounter")
    settled = (*services.OPEN, Claim.Status.WITHDRAWN, Claim.Status.CORRECTED)
    for claim in claims.exclude(status__in=settled).exclude(kind="added"):
        now, won = claim.encounter.payer, difference(claim)
        other_payer = documents.INSURER_KIND.get(now) != claim.insurer_kind
        if not (other_payer or won or event.name == "encounter.diagnoses_changed"):
            continue
        note = (
            f"청구 후 보험 유형 변경: {claim.payer} → {now}"
            if other_payer
            else f"청구 후 변경: 청구액 차이 {won:,}원"
            if won
            else "청구 후 상병 변경"
        )
        yield Proposal(
            NoteChange(claim_id=claim.pk, note=note),
            key=f"sent:{claim.claim_no}:{now}:{won}:{'diagnoses' if event.name.endswith('diagnoses_changed') else ''}",
            title=noop("Claim %(claim_no)s was sent, then its visit changed: %(won)s won differ"),
            facts={"claim_no": claim.claim_no, "won": f"{won:+,}"},
            evidence=(
                {"label": noop("Payer"), "value": f"{claim.payer} → {now}", "formula": ""},
                {"label": noop("Claimed"), "value": f"{claim.insurer_won:,}", "formula": claim.get_status_display()},
            ),
            confidence=1.0,
            won=abs(won),
            minutes=15,
            pattern=RULE,
            subject=("claim", str(claim.public_id)),
            due_at=clock.close_of_work(clock.now()),
        )  # fmt: skip
