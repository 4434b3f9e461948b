"""Later news of a patient's benefit (자격·산정특례 소급): visits that were rated without it are proposed to be rated anew.

Law: 국민건강보험법 시행령 제19조, 본인일부부담금 산정특례에 관한 기준 — a registration counts from the day of confirmed diagnosis when filed
within 30 days; the diagnosis of the visit must belong to it [K]. The old bill stays, the difference is a bill of its own.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

from django.utils.translation import gettext_noop as noop
from pydantic import Field

from tamna.billing import rating
from tamna.core.actor import Actor
from tamna.core.automations import Action, Proposal, automation
from tamna.core.models import Event
from tamna.patients.models import Coverage
from tamna.reception import policy
from tamna.reception import services as reception
from tamna.reception.models import Encounter

LOOK_BACK_DAYS = 365  # a registration is never older than that when it is told
INSURED = frozenset({"nhi", "near_poor_1", "near_poor_2"})  # whom a special case of the health insurance can help


class RateAnew(Action):
    """Give a visit the payer and special case that were told later; what was billed is rated anew."""

    says: ClassVar[str] = noop(
        "The visit gets this payer and special case; the difference becomes a bill of its own, the old one stays."
    )
    encounter_id: int
    payer: str
    special_case: str = Field(title=noop("Special case code"), max_length=6)
    reason: str

    def verify(self) -> str:
        visit = Encounter.objects.get(pk=self.encounter_id)
        if visit.status != Encounter.Status.FINISHED:
            return noop("The visit is not finished or was cancelled.")
        same = (visit.payer, visit.special_case) == (self.payer, self.special_case)
        return noop("The visit has this payer and special case already.") if same else ""

    def run(self, by: Actor) -> None:
        reception.change_payer(
            encounter_id=self.encounter_id, payer=self.payer, special_case=self.special_case, reason=self.reason, by=by
        )


@automation(
    "bill.relief", kind="E", team="front", on="coverage.checked", engine="engines.tariff.copay",
    covers=noop("Registered special cases lower the share of each visit they fit; one told later, or another payer on the day, is proposed as a "
                "difference bill."),
)  # fmt: skip
def propose_relief(event: Event) -> Iterator[Proposal[RateAnew]]:
    """An answer about eligibility: finished visits it covers that were rated without it."""
    if not event.payload.get("changed"):
        return
    cover = Coverage.objects.get(pk=event.payload["coverage_id"])
    oldest = cover.checked_on - timedelta(days=LOOK_BACK_DAYS)
    visits = Encounter.objects.filter(
        patient=cover.patient_id, status=Encounter.Status.FINISHED, is_imported=False, business_on__range=(oldest, cover.checked_on)
    ).prefetch_related("conditions")  # fmt: skip
    for visit in visits.order_by("id"):
        payer, special_case = _now(cover, visit)
        if (payer, special_case) != (visit.payer, visit.special_case) and visit.invoices.exists():
            yield _proposal(cover, visit, payer, special_case)


def _now(cover: Coverage, visit: Encounter) -> tuple[str, str]:
    """Payer and special case of a visit as the answer has it: the payer on its own day only, a special case on all its days."""
    on = rating.care_day(visit)
    payer = cover.payer if on == cover.checked_on and visit.payer not in ("auto", "industrial") else visit.payer
    fits = policy.special_case_fits(cover.special_case, [row.code for row in visit.conditions.all()])
    holds = (cover.special_from is None or cover.special_from <= on) and (
        cover.special_to is None or on <= cover.special_to
    )
    if cover.special_case and cover.special_from and payer in INSURED and fits and holds and not visit.special_case:
        return payer, cover.special_case
    return payer, visit.special_case


def _proposal(cover: Coverage, visit: Encounter, payer: str, special_case: str) -> Proposal[RateAnew]:
    charges = list(visit.charges.exclude(status="entered-in-error"))
    billed = sum(bill.patient_won for bill in visit.invoices.all())
    seen = (visit.payer, visit.special_case)
    visit.payer, visit.special_case = payer, special_case
    then = rating.rate(visit, charges).patient_won
    return Proposal(
        RateAnew(encounter_id=visit.pk, payer=payer, special_case=special_case, reason=f"자격조회 {cover.checked_on}"),
        key=f"{visit.public_id}:{payer}:{special_case}",
        title=noop("Visit of %(day)s was rated without what is known now: the patient's share was %(was)s won, now %(now)s"),
        facts={"day": rating.care_day(visit).isoformat(), "was": f"{billed:,}", "now": f"{then:,}"},
        evidence=(
            {"label": noop("Payer"), "value": f"{seen[0]} → {payer}", "formula": ""},
            {"label": noop("Special case"), "value": f"{seen[1] or '–'} → {special_case or '–'}", "formula": f"{cover.special_from or ''} – {cover.special_to or ''}"},
        ),
        confidence=1.0,
        won=abs(billed - then),
        minutes=10,
        subject=("encounter", str(visit.public_id)),
    )  # fmt: skip
