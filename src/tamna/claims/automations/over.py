"""claim.over: ready statements that are unlike their peers and the past."""

from collections.abc import Iterator

from django.utils.translation import gettext_noop as noop

from tamna.claims.automations.exception import ReviewFirst
from tamna.claims.models import Claim
from tamna.core import automations
from tamna.core.automations import Proposal, automation
from tamna.core.models import Event


@automation(
    "claim.over", kind="P", team="claims", on="claim.weighed", engine="engines.risk.outliers",
    covers=noop("Ready statements unlike their peers and past, with the figures; learnt from statements sent, 2 % of them are told."),
)  # fmt: skip
def propose_unusual(event: Event) -> Iterator[Proposal[ReviewFirst]]:
    """A ready statement with a fact that is rarer than nearly all of the past: a person looks whether it is an over-claim."""
    claim = Claim.objects.select_related("department").get(pk=event.payload["claim_id"])
    earlier = automations.about("claim", claim.public_id, "claim.over")
    if claim.status != Claim.Status.APPROVED or not claim.unusual:
        automations.overtake(
            earlier, noop("The statement is on the worklist already, or nothing on it is unusual now.")
        )
        return
    first = claim.unusual[0]
    yield Proposal(
        ReviewFirst(claim_id=claim.pk, note=first["ko"][:200]),
        key=f"{claim.claim_no}:{first['part']}",
        title=noop("Claim %(claim_no)s is unusual: %(message)s"),
        facts={"claim_no": claim.claim_no, "message": first["ko"], "message_en": first["en"]},
        evidence=tuple({"label": noop("Unlike its peers"), "value": {"ko": row["ko"], "en": row["en"]}, "formula": f"p = {row['p']:.5f}"} for row in claim.unusual),
        won=claim.worth_won,
        minutes=3,
        pattern=f"{first['part']}:{claim.department.code}",
        subject=("claim", str(claim.public_id)),
    )  # fmt: skip
