"""What the proposals were worth, told by the agency's answer (`claim.answered`): paid in full is good.

Proposals that were left alone are measured by the same answer, as the baseline.
"""

from django.utils.translation import gettext_noop as noop

from tamna.claims.models import Claim
from tamna.core import automations, outbox
from tamna.core.models import Event
from tamna.core.models import Proposal as Made

MEASURED = ("claim.fix", "claim.exception", "claim.risk", "claim.over", "claim.reclaim", "claim.omit")


@outbox.on("claim.answered", key="claims.outcomes")
def on_answered(event: Event) -> None:
    """The agency's answer tells of every earlier proposal about the statement or its visit whether it was right."""
    claim = Claim.objects.select_related("encounter").get(pk=event.payload["claim_id"])
    response_id, good = event.payload["response_id"], event.payload["status"] == "full"
    rows = automations.about("claim", claim.public_id, *MEASURED)
    rows += automations.about("encounter", claim.encounter.public_id, *MEASURED)
    answered_at = event.occurred_at
    automations.overtake(
        [row for row in rows if row.automation != "claim.reclaim"], noop("The statement was sent as it was.")
    )
    for row in rows:
        if row.automation == "claim.reclaim" and (row.action != "TakeBack" or row.key.endswith(f":{response_id}")):
            continue
        if row.made_at <= answered_at:
            automations.outcome(
                row, noop("Paid in full") if good else noop("Cut or returned"), key=f"response:{response_id}", is_good=good,
                won=-event.payload["cut_won"], detail={"predicted": float(row.confidence or 0)},
            )  # fmt: skip


@outbox.on("claim.submitted", key="claims.sent_outcome")
def on_submitted(event: Event) -> None:
    """A batch that got its receipt: sending was right."""
    row = (
        Made.objects.filter(automation="claim.submit", action="SendReady", state__in=automations.DONE)
        .order_by("-id")
        .first()
    )
    if row is not None:
        automations.outcome(row, noop("Receipt of the agency"), key=f"batch:{event.payload['batch_id']}", is_good=True)
