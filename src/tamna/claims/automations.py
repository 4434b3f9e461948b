"""Automations of claims: verified fixes offered to a person, and the day's batches."""

from collections.abc import Iterator
from typing import ClassVar

from django.utils.translation import gettext_noop as noop

from tamna.claims import services
from tamna.claims.models import Claim, Finding
from tamna.core.actor import Actor
from tamna.core.automations import Action, Proposal, automation
from tamna.core.models import Event


class FixFinding(Action):
    """Apply a fix that the engine computed and checked again."""

    finding_id: int

    def verify(self) -> str:
        finding = Finding.objects.select_related("claim").filter(pk=self.finding_id).first()
        if finding is None or not finding.fix or finding.state != "open":
            return "the finding is gone or was dealt with"
        return "" if finding.claim.status in services.OPEN else "the claim was already sent"

    def run(self, by: Actor) -> None:
        services.apply_fix(finding_id=self.finding_id, by=by)


@automation("claim.fix", kind="E", team="claims", on="claim.checked", engine="engines.claimcheck.fixes")
def propose_fixes(event: Event) -> Iterator[Proposal[FixFinding]]:
    """One proposal for each finding that the engine can mend itself."""
    found = Finding.objects.filter(claim_id=event.payload["claim_id"], state="open", fix__isnull=False)
    for finding in found.select_related("claim"):
        yield Proposal(
            FixFinding(finding_id=finding.pk),
            key=f"{finding.claim.claim_no}:{finding.rule_id}:{finding.line_no or 0}",
            title=noop("Claim %(claim_no)s, rule %(rule)s: %(message)s"),
            facts={
                "claim_no": finding.claim.claim_no,
                "rule": finding.rule_id,
                "message": finding.message_ko,
                "message_en": finding.message_en,
            },
            evidence=({"label": finding.rule_id, "value": finding.message_ko, "formula": finding.source},),
            confidence=0.97,
            won=finding.won_at_risk,
            minutes=6,
            subject=("claim", str(finding.claim.public_id)),
            team="claims",
        )


class SendReady(Action):
    """Batch every ready statement and send the batches."""

    undoable: ClassVar[bool] = False

    def run(self, by: Actor) -> None:
        from tamna.claims.tasks import submit_batch

        for batch in services.make_batches(by=by):
            submit_batch.defer(batch_id=batch.pk)


@automation("claim.exception", kind="F", team="claims", on="business.hour", engine="claims.services.make_batches")
def propose_batches(event: Event) -> Iterator[Proposal[SendReady]]:
    """Once a day at 17:00: send what is ready."""
    if event.payload["hour"] != 17:
        return
    ready = Claim.objects.filter(status=Claim.Status.APPROVED, insurer_kind__in=services.SENT_TO_HIRA, batch=None)
    count = ready.count()
    if count:
        yield Proposal(
            SendReady(),
            key=f"send:{event.payload['date']}",
            title=noop("%(count)s claims are ready to send"),
            facts={"count": count},
            won=sum(ready.values_list("insurer_won", flat=True)),
            minutes=30,
            team="claims",
        )
