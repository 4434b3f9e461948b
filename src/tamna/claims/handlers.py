"""Bills become statements, statements are checked at once. Idempotent: a draft is written anew while it is open."""

from django.utils.translation import gettext_noop as noop

from tamna.billing.models import ChargeItem, Invoice
from tamna.claims import early, risk, services
from tamna.claims.models import Batch, Claim
from tamna.claims.submission.selectors import late as late_ones
from tamna.core import clock, notices, outbox
from tamna.core.actor import Actor
from tamna.core.automations import declare
from tamna.core.models import Event

CHECKER = Actor.automation("claim.precheck")
WEIGHER = Actor.automation("claim.risk")
declare(
    "claim.rules", kind="E", module="tamna.claims.studio.ruleset", engine="engines.claimcheck",
    covers=noop("Rules are read, written, tried on the archive and switched on from a day of care by two people; lookup tables are not edited on screen."),
)  # fmt: skip
declare(
    "claim.precheck", kind="E", module=__name__, engine="engines.claimcheck.RuleSet.check_one",
    covers=noop("At the order, at discharge and before sending, by one engine; at the order only what is known by then is judged. The claims team is told and the "
                "visit shows it; nothing is sent back to the HIS."),
)  # fmt: skip
declare("claim.score", kind="E", module=__name__, engine="claims.risk.score")
declare(
    "claim.effect", kind="P", module=__name__, engine="claims.effect.effects",
    covers=noop("As a whole, by reason and by rule before and after its first day, against reasons that no rule watches, with intervals; no trial with chance."),
)  # fmt: skip
declare("claim.quality", kind="E", module=__name__, engine="claims.risk.score")
declare("bill.exclusive", kind="E", module=__name__, engine="engines.claimcheck (exclusive)")
declare("bill.limits", kind="E", module=__name__, engine="engines.claimcheck (age_and_sex)")


@outbox.on("invoice.issued", key="claims.draft")
def on_invoice(event: Event) -> None:
    invoice = Invoice.objects.get(pk=event.payload["invoice_id"])
    services.draft(encounter_id=invoice.encounter_id, by=CHECKER)


@outbox.on("encounter.payer_changed", key="claims.payer_changed")
def on_payer_changed(event: Event) -> None:
    encounter_id = event.payload["encounter_id"]
    if Invoice.objects.filter(encounter_id=encounter_id).exists():
        services.draft(encounter_id=encounter_id, by=CHECKER)


@outbox.on("encounter.diagnoses_changed", key="claims.diagnoses_changed")
def on_diagnoses_changed(event: Event) -> None:
    on_payer_changed(event)


@outbox.on("charge.added", "charge.cancelled", "encounter.discharge_told", key="claims.early")
def on_charge(event: Event) -> None:
    """An order became a charge, or a discharge was told: the visit is judged as the statement it would be."""
    charge, told = event.payload.get("charge_id"), event.name == "encounter.discharge_told"
    newer = (
        ChargeItem.objects.filter(encounter=event.payload["encounter_id"], pk__gt=charge)
        if charge
        else ChargeItem.objects.none()
    )
    if event.name == "charge.added" and newer.exists():
        return  # the newest charge of the visit brings the look
    early.look(event.payload["encounter_id"], stage=early.DISCHARGE if told else early.ORDER, by=CHECKER)


@outbox.on("claim.drafted", key="claims.check")
def on_drafted(event: Event) -> None:
    if Claim.objects.filter(pk=event.payload["claim_id"], status=Claim.Status.DRAFT).exists():
        services.check(claim_id=event.payload["claim_id"], by=CHECKER)


@outbox.on("batch.answered", key="claims.tell_answered")
def on_batch_answered(event: Event) -> None:
    """The claims team is told of each document of the agency once."""
    batch, told = Batch.objects.get(pk=event.payload["batch_id"]), event.payload
    notices.tell("batch.answered", {"batch": batch.batch_no, "count": told["statements"], "back": told["back"]},
                 key=told["document_id"], url=f"/claims/batches/{batch.public_id}", at=event.occurred_at)  # fmt: skip


@outbox.on("rule.switched", key="claims.rule_switched")
def on_rule_switched(event: Event) -> None:
    """What was not sent yet is judged by the rules that hold now."""
    from tamna.claims.studio.tasks import recheck_open

    recheck_open.defer(rule_id=event.payload["rule_id"], after_id=0)


@outbox.on("business.hour", key="claims.rules_digest")
def on_hour(event: Event) -> None:
    """On Monday morning the claims team is told what changed in the rules."""
    from tamna.claims.studio.digest import tell

    day = event.occurred_at.astimezone(clock.SEOUL).date()
    if event.payload["hour"] == 8 and day.weekday() == 0:
        tell(day, at=event.occurred_at)


@outbox.on("business.hour", key="claims.tell_late")
def on_morning(event: Event) -> None:
    """Every morning the claims team is told what passes a term if nobody acts (소멸시효, 심사불능 방치, 자료 요청)."""
    if event.payload["hour"] != 8:
        return
    late = late_ones(clock.business_day(event.occurred_at))
    if late.lapsing or late.impossible or late.records:
        facts = {"lapsing": late.lapsing, "impossible": late.impossible, "records": late.records}
        notices.tell("claims.late", facts, key=event.payload["date"], url="/claims/ready", at=event.occurred_at)


@outbox.on("claim.checked", key="claims.weigh")
def on_checked(event: Event) -> None:
    """Every check is followed by a weighing: chance, score, worth, urgency."""
    from tamna.claims import unlike

    claim_id = event.payload["claim_id"]
    claims = Claim.objects.filter(pk=claim_id, status__in=services.OPEN)
    unlike.look(claims)
    if risk.weigh(claims):
        outbox.record("claim.weighed", {"claim_id": claim_id}, by=WEIGHER)


@outbox.on("business.day", key="claims.learn")
def on_new_day(event: Event) -> None:
    """At night: learn from the new answers; deadlines have come nearer."""
    from tamna.claims.tasks import learn_risk
    from tamna.core.tasks import begin

    begin(learn_risk, lock="learn_risk")
