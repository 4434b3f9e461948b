"""claim.risk: ready statements that are likely to come back, by what was learnt from answers."""

from collections.abc import Iterator

from django.utils.translation import gettext_noop as noop

from tamna.claims import risk
from tamna.claims.automations.exception import ReviewFirst
from tamna.claims.models import Claim
from tamna.core import automations, clock
from tamna.core.automations import Proposal, automation
from tamna.core.models import Event
from tamna.engines.calendar import last_weekday

RISKY_TIMES = 3  # a chance so many times the usual one [sim]
RISKY_WON = 5_000  # and so much expected to be lost, about what looking costs [sim]


@automation(
    "claim.risk", kind="P", team="claims", on="claim.weighed", engine="claims.risk.chances",
    covers=noop("Ready statements whose learnt chance to come back is high for their won go to a person, with reasons."),
)  # fmt: skip
def propose_risky(event: Event) -> Iterator[Proposal[ReviewFirst]]:
    """A ready statement on which no rule found anything, and which is still much likelier to come back than usual."""
    claim = Claim.objects.get(pk=event.payload["claim_id"])
    model = risk.current()
    earlier = automations.about("claim", claim.public_id, "claim.risk")
    is_risky = (
        risk.is_used(model)
        and model is not None
        and claim.chance is not None
        and claim.chance >= RISKY_TIMES * model.usual
    )
    if claim.status != Claim.Status.APPROVED or not is_risky or claim.worth_won < RISKY_WON:
        automations.overtake(earlier, noop("The statement is on the worklist already, or the chance is a usual one."))
        return
    words = [
        {"label": noop("Learnt reason"), "value": {"ko": row["ko"], "en": row["en"]}, "formula": "claims.risk"}
        for row in claim.chance_reasons
    ]
    yield Proposal(
        ReviewFirst(claim_id=claim.pk),
        key=claim.claim_no,
        title=noop("Look at claim %(claim_no)s before it is sent: %(chance)s likely to come back"),
        facts={"claim_no": claim.claim_no, "chance": f"{claim.chance:.0%}"},
        evidence=(
            {"label": noop("Chance learnt from answers"), "value": f"{claim.chance:.1%}", "formula": "claims.risk.chances"},
            {"label": noop("Cut or returned usually"), "value": f"{model.usual:.1%}", "formula": "claims.RiskModel"},
            *words,
        ),
        confidence=claim.chance,
        won=claim.worth_won,
        minutes=3,
        pattern=claim.department.code,
        subject=("claim", str(claim.public_id)),
        due_at=clock.at_seoul(last_weekday(claim.due_on), 17 * 60) if claim.due_on else None,
    )  # fmt: skip
