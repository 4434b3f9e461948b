"""claim.reclaim: what came back — sent again, let go, or fought for by what the law offers."""

from collections.abc import Iterator
from typing import ClassVar

from django.utils.translation import gettext_noop as noop

from tamna.claims import selectors, services
from tamna.claims.models import Claim, ClaimResponse, Remedy
from tamna.claims.remedies import automations as remedies
from tamna.core.actor import Actor
from tamna.core.automations import Action, Proposal, automation
from tamna.core.models import Event

OBJECTION_WON = 3_000  # what an objection costs in work; a smaller cut is not worth one [?]


class TakeBack(Action):
    """Take a returned statement back into work, so that it is checked and sent again."""

    says: ClassVar[str] = noop("The returned statement is taken back, checked again and sent with the next batch.")
    claim_id: int

    def verify(self) -> str:
        returned = Claim.objects.filter(pk=self.claim_id, status=Claim.Status.RETURNED).exists()
        return "" if returned else noop("The statement is in work already.")

    def run(self, by: Actor) -> None:
        services.reopen_returned(claim_id=self.claim_id, by=by)


class LetCut(Action):
    """Accept a cut that is smaller than the work of objecting."""

    says: ClassVar[str] = noop("The cut is accepted and lowers revenue in the ledger.")
    response_id: int

    def verify(self) -> str:
        waits = ClaimResponse.objects.filter(pk=self.response_id, seen_at=None).exists()
        return "" if waits else noop("The answer was decided already.")

    def run(self, by: Actor) -> None:
        services.accept_cut(response_id=self.response_id, by=by)


@automation(
    "claim.reclaim", kind="P", team="claims", on=("claim.answered", "remedy.ruled"), engine="engines.remedies",
    covers=noop("Returned statements, cuts, objections and appeals by expected won a day left; a person sends each."),
)  # fmt: skip
def propose_reclaims(event: Event) -> Iterator[Proposal[Action]]:
    """What came back: send again what was returned, let go what is not worth the work, else what the law offers."""
    if event.name == "remedy.ruled":
        yield from remedies.after_ruling(
            Remedy.objects.select_related("claim", "response").get(pk=event.payload["remedy_id"])
        )
        return
    response = ClaimResponse.objects.select_related("claim").get(pk=event.payload["response_id"])
    claim, cut = response.claim, response.requested_won - response.decided_won
    subject = ("claim", str(claim.public_id))
    if response.status == "returned" and claim.status == Claim.Status.RETURNED:
        paid, again = selectors.regained_share()
        share = (paid + 6) / (again + 10)  # 60 % until there is a record [?]
        yield Proposal(
            TakeBack(claim_id=claim.pk), key=f"{claim.claim_no}:{response.pk}", subject=subject, pattern=response.reason_code,
            title=noop("Returned claim %(claim_no)s (%(reason)s): send again"), confidence=share, minutes=8,
            facts={"claim_no": claim.claim_no, "reason": response.reason_code}, won=int(claim.insurer_won * share),
            evidence=({"label": noop("Sent again and paid"), "value": f"{paid} / {again}", "formula": "claims.selectors.regained_share"},
                      {"label": noop("Asked"), "value": f"{claim.insurer_won:,}", "formula": response.reason_text}),
        )  # fmt: skip
    elif response.status == "adjusted" and 0 < cut <= OBJECTION_WON:
        yield Proposal(
            LetCut(response_id=response.pk), key=f"{claim.claim_no}:{response.pk}", subject=subject, minutes=10,
            pattern=f"cut:{response.reason_code}"[:60], title=noop("Cut of %(won)s won on claim %(claim_no)s: an objection costs more"),
            facts={"claim_no": claim.claim_no, "won": f"{cut:,}"},
            evidence=({"label": noop("Cut"), "value": f"{cut:,}", "formula": response.reason_code},
                      {"label": noop("Work of an objection"), "value": f"{OBJECTION_WON:,}", "formula": "[?]"}),
        )  # fmt: skip
    elif response.status == "adjusted":
        yield from remedies.after_answer(response)
