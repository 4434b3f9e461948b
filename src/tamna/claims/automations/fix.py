"""claim.fix: what the rule engine can mend itself."""

from collections.abc import Iterator
from typing import ClassVar

from django.utils.translation import gettext_noop as noop

from tamna.claims import services
from tamna.claims.models import Claim, Finding
from tamna.core import automations
from tamna.core.actor import Actor
from tamna.core.automations import Action, Proposal, automation
from tamna.core.models import Event


class FixFinding(Action):
    """Apply a fix that the engine computed and checked again. The finding is named by its place: a new check renumbers it."""

    says: ClassVar[str] = noop("The fix is applied and the whole statement is checked again.")
    claim_id: int
    rule_id: str
    line_no: int | None = None

    def finding(self) -> Finding | None:
        found = Finding.objects.filter(claim_id=self.claim_id, rule_id=self.rule_id, line_no=self.line_no, state="open")
        return found.filter(fix__isnull=False).select_related("claim").first()

    def verify(self) -> str:
        finding = self.finding()
        if finding is None:
            return noop("The finding is gone or was dealt with.")
        return "" if finding.claim.status in services.OPEN else noop("The statement was already sent.")

    def run(self, by: Actor) -> None:
        finding = self.finding()
        if finding is not None:
            services.apply_fix(finding_id=finding.pk, by=by)


@automation(
    "claim.fix", kind="E", team="claims", on="claim.checked", engine="engines.claimcheck.fixes",
    covers=noop("Fixes that the rule engine can compute and check again; free text is not mended."),
)  # fmt: skip
def propose_fixes(event: Event) -> Iterator[Proposal[FixFinding]]:
    """One proposal for each finding that the engine can mend itself; those whose finding went away are closed."""
    claim = Claim.objects.get(pk=event.payload["claim_id"])
    found = list(Finding.objects.filter(claim=claim, state="open", fix__isnull=False))
    keys = {_fix_key(claim, finding) for finding in found}
    earlier = automations.about("claim", claim.public_id, "claim.fix")
    automations.overtake([row for row in earlier if row.key not in keys], noop("Dealt with on the statement itself."))
    for finding in found:
        yield Proposal(
            FixFinding(claim_id=claim.pk, rule_id=finding.rule_id, line_no=finding.line_no),
            key=_fix_key(claim, finding),
            title=noop("Claim %(claim_no)s, rule %(rule)s: %(message)s"),
            facts={"claim_no": claim.claim_no, "rule": finding.rule_id,
                   "message": finding.message_ko, "message_en": finding.message_en},
            evidence=({"label": finding.rule_id, "value": {"ko": finding.message_ko, "en": finding.message_en}, "formula": finding.source},),
            confidence=0.97,
            won=finding.won_at_risk,
            minutes=6,
            pattern=finding.rule_id,
            subject=("claim", str(claim.public_id)),
        )  # fmt: skip


def _fix_key(claim: Claim, finding: Finding) -> str:
    return f"{claim.claim_no}:{finding.rule_id}:{finding.line_no or 0}"
