"""What happens to a claim marks its month of care and its week of sending; a job counts the marked spans each minute."""

from django.utils.translation import gettext_noop as noop

from tamna.claims.models import Batch, Claim
from tamna.core import clock, outbox
from tamna.core.automations import declare
from tamna.core.models import Event
from tamna.insight.claims.services import MONTH, WEEK, mark, month_of, week_of

declare(
    "claim.stats", kind="F", module="tamna.insight.claims.services", engine="insight.claims.facts",
    covers=noop("By month, week of sending, department and reason: amounts, returns and cuts with their interval, days, clerk's minutes; each opens to its claims; history is priced anew "
                "under a tried fee file or conversion factor. A clerk's minutes are those between two recorded acts at most ten minutes apart."),
)  # fmt: skip
declare(
    "claim.history", kind="P", module="tamna.insight.claims.selectors", engine="engines.drift",
    covers=noop("Five years of statements are taken in by month and profiled: departments, reasons, high-cost and special cases, and reasons whose share changed, by a two-proportion "
                "test corrected for every look. A change is told of a reason code, not of a single criterion behind it."),
)  # fmt: skip

declare(
    "claim.profit", kind="P", module="tamna.insight.claims.selectors", engine="insight.claims.selectors.Earning",
    covers=noop("By department and service: charged, claimed, cuts, omissions proposed and mended or left, the payment to expect. Costs are not allocated, so revenue and its losses "
                "are shown and no profit; proposals are those of omissions and objections."),
)  # fmt: skip

WHICH = {
    "claim_id": "pk",
    "batch_id": "batch",
    "encounter_id": "encounter",
}  # what an event names → the claims it tells of


@outbox.on("claim.drafted", "claim.checked", "claim.submitted", "claim.paid", "claim.answered", "claim.cut_accepted", "archive.month_taken",
           "encounter.payer_changed", key="insight.claims")  # fmt: skip
def on_claim(event: Event) -> None:
    if "month" in event.payload:
        mark(MONTH, [month_of(event.payload["month"])])
        return
    key = next(key for key in WHICH if key in event.payload)
    claims = Claim.objects.filter(**{WHICH[key]: event.payload[key]})
    mark(MONTH, [month_of(month) for month in claims.order_by().values_list("care_month", flat=True).distinct()])
    if event.name == "claim.answered":
        sent = Batch.objects.filter(responses__claim__in=claims).exclude(sent_at=None).values_list("sent_at", flat=True)
        mark(WEEK, [week_of(clock.business_day(at)) for at in sent])
