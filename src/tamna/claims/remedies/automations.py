"""Proposals about remedies: each goes to a person's tray; none sends, lets go or writes off anything by itself."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.utils.translation import gettext_noop as noop
from pydantic import Field

from tamna.claims.models import ClaimResponse, Remedy
from tamna.claims.remedies import services
from tamna.core import automations, clock, outbox
from tamna.core.actor import Actor
from tamna.core.automations import Action, Proposal
from tamna.core.models import Event

WRITER = Actor.automation("claim.reclaim")
MINUTES = {"objection": 40, "appeal": 60}
TITLES = {
    "objection": noop("Claim %(claim_no)s was cut by %(won)s won (%(reason)s): object by %(due)s"),
    "appeal": noop("The objection on claim %(claim_no)s left %(won)s won: appeal by %(due)s"),
}


class BeginRemedy(Action):
    """Take an offered remedy up: the letter is drafted; a person sends it."""

    says: ClassVar[str] = noop("A draft is made. Nothing is sent: you read it and send it yourself.")
    remedy_id: int
    reason: str = Field(default="", title=noop("Grounds"), max_length=2000)

    def verify(self) -> str:
        remedy = Remedy.objects.filter(pk=self.remedy_id).first()
        if remedy is None or remedy.status != Remedy.Status.OFFERED:
            return noop("This was decided already.")
        return noop("The last day has passed.") if remedy.due_on < clock.today() else ""

    def run(self, by: Actor) -> None:
        services.begin(remedy_id=self.remedy_id, by=by)
        if self.reason.strip():
            services.write(remedy_id=self.remedy_id, reason=self.reason, by=by)


def after_answer(response: ClaimResponse) -> Iterator[Proposal[Any]]:
    """What can be done about a cut."""
    yield from _proposed(services.offer(response_id=response.pk, by=WRITER))


def after_ruling(remedy: Remedy) -> Iterator[Proposal[Any]]:
    """What an objection left open may be appealed."""
    left = remedy.asked_won - remedy.regained_won
    if remedy.kind == Remedy.Kind.OBJECTION and left > 0:
        yield from _proposed(
            services.offer(response_id=remedy.response_id, kind="appeal", asked_won=left, previous=remedy, by=WRITER)
        )


def _proposed(remedy: Remedy | None) -> Iterator[Proposal[Any]]:
    if remedy is None or remedy.status != Remedy.Status.OFFERED:
        return
    claim, response = remedy.claim, remedy.response
    yield Proposal(
        BeginRemedy(remedy_id=remedy.pk), key=f"remedy:{remedy.pk}", subject=("claim", str(claim.public_id)),
        pattern=f"{remedy.kind}:{response.reason_code}"[:60],
        title=TITLES[remedy.kind], confidence=float(remedy.chance), won=int(remedy.asked_won * remedy.chance), minutes=MINUTES[remedy.kind],
        facts={"claim_no": claim.claim_no, "won": f"{remedy.asked_won:,}", "reason": response.reason_code, "due": remedy.due_on.isoformat()},
        due_at=clock.at_seoul(remedy.due_on, 17 * 60), expires_at=clock.at_seoul(remedy.due_on, 23 * 60),
        evidence=({"label": noop("Asked for"), "value": f"{remedy.asked_won:,}", "formula": response.reason_code},
                  {"label": noop("Chance"), "value": f"{remedy.chance:.1%}", "formula": "engines.remedies.chance"},
                  {"label": noop("Last day"), "value": remedy.due_on.isoformat(), "formula": f"{remedy.law} {remedy.article}"},
                  {"label": noop("Expected won a day left"), "value": f"{remedy.rank:,}", "formula": "engines.remedies.rank"}),
    )  # fmt: skip


@outbox.on("remedy.ruled", key="claims.remedy_outcome")
def on_ruled(event: Event) -> None:
    """A ruling tells of the proposal behind it whether it was right."""
    remedy = Remedy.objects.select_related("claim").get(pk=event.payload["remedy_id"])
    for row in automations.about("claim", remedy.claim.public_id, "claim.reclaim"):
        if row.key == f"remedy:{remedy.pk}":
            automations.outcome(row, noop("Ruling of the agency"), key=f"ruling:{remedy.pk}",
                                is_good=remedy.regained_won > 0, won=remedy.regained_won)  # fmt: skip


@outbox.on("business.day", key="claims.remedy_rank")
def on_day(event: Event) -> None:
    services.rank_anew(clock.today())
