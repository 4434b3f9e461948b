"""claim.exception: ready statements with much at risk, and sent ones whose visit changed."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.db.models import Q
from django.utils.translation import gettext_noop as noop
from pydantic import Field

from tamna.claims import after_sending, selectors, services
from tamna.claims.models import Claim
from tamna.core import automations, clock
from tamna.core.actor import Actor
from tamna.core.automations import Action, Proposal, automation
from tamna.core.models import Event
from tamna.engines.calendar import last_weekday

LARGE_WON = 50_000  # an uncertain statement of this much at risk is looked at before it is sent


class ReviewFirst(Action):
    """Put a ready statement back on the worklist, so that a person approves it."""

    says: ClassVar[str] = noop("The statement goes back to the worklist and waits for a person's approval.")
    undoable: ClassVar[bool] = True
    claim_id: int
    note: str = Field(default="", title=noop("What to look at"), max_length=200)

    def verify(self) -> str:
        ready = Claim.objects.filter(pk=self.claim_id, status=Claim.Status.APPROVED, batch=None).exists()
        return "" if ready else noop("The statement is no longer waiting to be sent.")

    def run(self, by: Actor) -> None:
        services.hold_for_review(claim_id=self.claim_id, reason=self.note, by=by)

    def undo(self, by: Actor) -> None:
        services.approve(claim_id=self.claim_id, by=by)


@automation(
    "claim.exception", kind="F", team="claims", engine="claims.selectors.denial_share",
    on=("claim.checked", "invoice.issued", "encounter.payer_changed", "encounter.diagnoses_changed"),
    covers=noop("Ready statements with much at risk go to a person, with what became of earlier ones like them; so do sent ones whose visit changed."),
)  # fmt: skip
def propose_reviews(event: Event) -> Iterator[Proposal[Any]]:
    """A statement that is ready although something uncertain was found on it, and much is at stake; a sent one that no longer fits."""
    if event.name != "claim.checked":
        yield from after_sending.propose_changes(event)
        return
    claim = Claim.objects.get(pk=event.payload["claim_id"])
    earlier = automations.about("claim", claim.public_id, "claim.exception")
    if claim.status != Claim.Status.APPROVED:
        automations.overtake(earlier, noop("The statement is on the worklist already."))
        return
    doubts = claim.findings.filter(Q(severity="warn", state="open") | Q(state="accepted"))
    for finding in doubts.filter(won_at_risk__gte=LARGE_WON).order_by("-won_at_risk")[:1]:
        cut, answered, usual = selectors.denial_share(finding.rule_id)
        yield Proposal(
            ReviewFirst(claim_id=claim.pk, note=finding.message_ko[:200]),
            key=f"{claim.claim_no}:{finding.rule_id}",
            title=noop("Look at claim %(claim_no)s before it is sent: %(message)s"),
            facts={"claim_no": claim.claim_no, "message": finding.message_ko, "message_en": finding.message_en},
            evidence=(
                {"label": finding.rule_id, "value": {"ko": finding.message_ko, "en": finding.message_en}, "formula": finding.source},
                {"label": noop("Cut or returned with this rule"), "value": f"{cut} / {answered}", "formula": "claims.selectors.denial_share"},
                {"label": noop("Cut or returned usually"), "value": f"{usual:.1%}", "formula": "claims.selectors.denial_share"},
            ),
            confidence=(cut + 20 * usual) / (answered + 20),
            won=finding.won_at_risk,
            minutes=3,
            pattern=finding.rule_id,
            subject=("claim", str(claim.public_id)),
            due_at=clock.at_seoul(last_weekday(claim.due_on), 17 * 60) if claim.due_on else None,
        )  # fmt: skip
