"""claim.submit: the day's sending, supplements of what was not reviewable, records asked for."""

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

from django.utils.translation import gettext_noop as noop
from pydantic import Field

from tamna.claims import selectors, services
from tamna.claims.models import Claim, ClaimResponse, RecordRequest
from tamna.claims.submission import records
from tamna.claims.submission.terms import TERMS, lapses_on
from tamna.core import automations, clock
from tamna.core.actor import Actor
from tamna.core.automations import Action, Proposal, automation
from tamna.core.models import Event
from tamna.core.models import Proposal as Made
from tamna.engines.calendar import last_weekday

SEND_HOUR = 16  # two hours before the office closes


class SendReady(Action):
    """Batch every ready statement and send the batches."""

    says: ClassVar[str] = noop("Every ready statement is put into batches and sent to the review agency.")

    def verify(self) -> str:
        return "" if selectors.ready().exists() else noop("Nothing is ready to send.")

    def run(self, by: Actor) -> None:
        from tamna.claims.tasks import submit_batch

        for batch in services.make_batches(by=by):
            submit_batch.defer(batch_id=batch.pk)


class WriteSupplement(Action):
    """Write the supplement of a statement that was not reviewable."""

    says: ClassVar[str] = noop(
        "A supplement that names receipt, serial and reason is drafted and checked; the old claim stays as it is."
    )
    claim_id: int

    def verify(self) -> str:
        lies = Claim.objects.filter(pk=self.claim_id, status=Claim.Status.IMPOSSIBLE).exists()
        return "" if lies else noop("The statement was dealt with.")

    def run(self, by: Actor) -> None:
        services.supplement(claim_id=self.claim_id, by=by)


class SendRecords(Action):
    """Tell the agency that the records it asked for were sent."""

    says: ClassVar[str] = noop("The agency is told that the records were sent; its review goes on.")
    request_id: int
    note: str = Field(default="의무기록 사본 제출", title=noop("What is sent"), max_length=500)

    def verify(self) -> str:
        open_ = RecordRequest.objects.filter(pk=self.request_id, sent_at=None).exists()
        return "" if open_ else noop("The records were sent.")

    def run(self, by: Actor) -> None:
        records.send(request_id=self.request_id, note=self.note, by=by)


@automation(
    "claim.submit", kind="F", team="claims", on=("business.hour", "claim.answered", "records.requested"), engine="engines.claimfile",
    covers=noop("Complete claims in the official record layout (our own edition; the ministry's table is imported), batches, receipts, answers, records asked for, supplements and additions; outside prescriptions are not kept yet."),
)  # fmt: skip
def propose_submission(event: Event) -> Iterator[Proposal[Action]]:
    """The day's sending at 16:00; the supplement of what was not reviewable; records that were asked for."""
    if event.name == "business.hour":
        yield from _the_days_sending(event)
    elif event.name == "records.requested":
        yield from _asked_records(event)
    elif event.payload["status"] == "impossible":
        yield from _supplement(event)


def _the_days_sending(event: Event) -> Iterator[Proposal[Action]]:
    """Send what is ready, before the office closes. An earlier one that still waits is held by this."""
    if event.payload["hour"] != SEND_HOUR:
        return
    won = list(selectors.ready().values_list("insurer_won", flat=True))
    if won:
        key, due = f"send:{event.payload['date']}", clock.close_of_work(event.occurred_at)
        waiting = Made.objects.filter(automation="claim.submit", action="SendReady", state="open").exclude(key=key)
        automations.overtake(waiting, noop("Today's sending holds these statements too."))
        yield Proposal(
            SendReady(),
            key=key,
            title=noop("%(count)s claims are ready to send"),
            facts={"count": len(won)},
            won=sum(won),
            minutes=30,
            due_at=due,
            expires_at=clock.close_of_work(due),
        )


def _supplement(event: Event) -> Iterator[Proposal[Action]]:
    claim = Claim.objects.get(pk=event.payload["claim_id"])
    if claim.status != Claim.Status.IMPOSSIBLE:
        return
    response = ClaimResponse.objects.get(pk=event.payload["response_id"])
    lies = TERMS.impossible_days.at(response.decided_on)
    due = response.decided_on + timedelta(days=lies.value)
    yield Proposal(
        WriteSupplement(claim_id=claim.pk), key=f"supplement:{claim.claim_no}", subject=("claim", str(claim.public_id)), minutes=15,
        title=noop("Claim %(claim_no)s was not reviewable (%(reason)s): write the supplement"), won=claim.insurer_won,
        facts={"claim_no": claim.claim_no, "reason": response.reason_code}, pattern=f"supplement:{response.reason_code}"[:60],
        evidence=({"label": noop("Asked"), "value": f"{claim.insurer_won:,}", "formula": response.reason_code},
                  {"label": noop("Lapses on"), "value": lapses_on(claim.care_month).isoformat(), "formula": TERMS.lapse_years.at(due).source}),
        due_at=clock.at_seoul(last_weekday(due), 17 * 60),
    )  # fmt: skip


def _asked_records(event: Event) -> Iterator[Proposal[Action]]:
    asked = RecordRequest.objects.select_related("claim").get(pk=event.payload["request_id"])
    if asked.sent_at is not None:
        return
    claim = asked.claim
    yield Proposal(
        SendRecords(request_id=asked.pk), key=f"records:{asked.pk}", subject=("claim", str(claim.public_id)), minutes=20,
        title=noop("The agency asks for records on claim %(claim_no)s by %(day)s"), won=claim.insurer_won,
        facts={"claim_no": claim.claim_no, "day": asked.due_on.isoformat()}, pattern=f"records:{asked.reason_code}"[:60],
        evidence=({"label": noop("What is asked for"), "value": asked.what, "formula": asked.reason_code},),
        due_at=clock.at_seoul(last_weekday(asked.due_on), 17 * 60),
    )  # fmt: skip
