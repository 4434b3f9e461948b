"""claim.omit: visits and charges that reached no statement, and items a statement probably lacks."""

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

from django.utils.translation import gettext_noop as noop

from tamna.billing import services as billing
from tamna.claims import selectors, services
from tamna.claims.automations.exception import ReviewFirst
from tamna.claims.models import Claim
from tamna.core import automations, clock
from tamna.core.actor import Actor
from tamna.core.automations import Action, Proposal, automation
from tamna.core.models import Event
from tamna.reception.models import Encounter

FORGOTTEN_DAYS = 14
LACKING_WON = 3_000  # expected won from which asking is worth its minutes [sim]


class DraftForgotten(Action):
    """Bill what was charged and not billed, and draft the statement."""

    says: ClassVar[str] = noop("The visit is billed where it was not, and its statement is drafted and checked.")
    encounter_id: int

    def verify(self) -> str:
        return "" if selectors.unclaimed().filter(pk=self.encounter_id).exists() else noop("The visit is claimed now.")

    def run(self, by: Actor) -> None:
        visit = Encounter.objects.get(pk=self.encounter_id)
        if visit.charges.filter(status="billable").exists() or not visit.invoices.exists():
            billing.issue_invoice(encounter_id=visit.pk, by=by)
        services.draft(encounter_id=visit.pk, by=by)


@automation(
    "claim.omit", kind="P", team="claims", on=("business.hour", "claim.weighed"), engine="claims.selectors.unclaimed, engines.risk.omissions",
    covers=noop("Visits and charges that reached no statement, and items that nearly always come with what is on one."),
)  # fmt: skip
def propose_forgotten(event: Event) -> Iterator[Proposal[Action]]:
    """Every morning: finished visits of the last two weeks with charges that no statement holds. At each check: items a statement probably lacks."""
    if event.name == "claim.weighed":
        yield from _lacking(event)
        return
    if event.payload["hour"] != 8:
        return
    since = clock.today() - timedelta(days=FORGOTTEN_DAYS)
    visits = selectors.unclaimed().filter(business_on__gte=since, business_on__lt=clock.today())
    for visit in visits.select_related("department").order_by("id")[:100]:
        charges = visit.charges.exclude(status="entered-in-error")
        won = sum(charges.values_list("amount_won", flat=True))
        yield Proposal(
            DraftForgotten(encounter_id=visit.pk),
            key=f"visit:{visit.public_id}",
            title=noop("A finished visit of %(day)s has %(count)s charges and no statement"),
            facts={"day": visit.business_on.isoformat(), "count": charges.count()},
            evidence=(
                {"label": noop("Department"), "value": {"ko": visit.department.name_ko, "en": visit.department.name_en}, "formula": ""},
                {"label": noop("Charges"), "value": f"{won:,}", "formula": "billing.ChargeItem"},
            ),
            won=won,
            minutes=10,
            pattern=visit.payer,
            subject=("encounter", str(visit.public_id)),
        )  # fmt: skip


def _lacking(event: Event) -> Iterator[Proposal[Action]]:
    """One question a statement: what it probably lacks, with the won expected from it."""
    claim = Claim.objects.get(pk=event.payload["claim_id"])
    earlier = automations.about("claim", claim.public_id, "claim.omit")
    if claim.status != Claim.Status.APPROVED or not claim.lacking:
        automations.overtake(
            earlier, noop("The statement is on the worklist already, or nothing seems to be missing now.")
        )
        return
    if (expected := sum(row["won"] for row in claim.lacking)) < LACKING_WON:
        return
    first = max(claim.lacking, key=lambda row: row["won"])
    yield Proposal(
        ReviewFirst(claim_id=claim.pk, note=first["ko"][:200]),
        key=f"{claim.claim_no}:lacks:{first['expected']}",
        title=noop("Claim %(claim_no)s may lack a charge: %(message)s"),
        facts={"claim_no": claim.claim_no, "message": first["ko"], "message_en": first["en"]},
        evidence=tuple({"label": row["expected"], "value": {"ko": row["ko"], "en": row["en"]}, "formula": f"{row['won']:,}"} for row in claim.lacking),
        confidence=first["confidence"],
        won=expected,
        minutes=4,
        pattern=f"lacks:{first['expected']}",
        subject=("claim", str(claim.public_id)),
    )  # fmt: skip
