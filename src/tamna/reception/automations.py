"""Automations of reception: eligibility asked before the visit, and people who wait too long."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import ClassVar

from django.utils.translation import gettext_noop as noop
from pydantic import Field

from tamna.core import automations, clock, outbox
from tamna.core.actor import Actor
from tamna.core.automations import Action, Proposal, automation
from tamna.core.models import Event
from tamna.core.models import Proposal as Made
from tamna.reception import reminders as reminders  # these register themselves
from tamna.reception import selectors, services
from tamna.reception import staffing as staffing
from tamna.reception import utilisation as utilisation
from tamna.reception.models import Encounter, Ticket

OLD_DAYS = 14  # an answer older than this is asked for again before the visit
ASK_HOUR = 16  # two hours before the office closes
SOON_MIN = 20  # moving up was good when the person went in within this time


class AskBefore(Action):
    """Ask the insurer for the people booked on a day, before they come."""

    says: ClassVar[str] = noop("The insurer is asked for each of these people. Changes are highlighted at the desk.")
    on: date
    older_than_days: int = Field(title=noop("Last answer older than (days)"), ge=0, le=365)

    def verify(self) -> str:
        return "" if self.on >= clock.today() else noop("The day has passed.")

    def run(self, by: Actor) -> None:
        from tamna.reception.tasks import ask_before_visit

        ask_before_visit.defer(on=self.on.isoformat(), older_than_days=self.older_than_days)


@automation(
    "pat.eligibility", kind="F", team="front", on="business.hour", engine="connect.nhis",
    covers=noop("Asked at the desk and again after an outage by itself; asking the evening before is proposed."),
)  # fmt: skip
def propose_asking(event: Event) -> Iterator[Proposal[AskBefore]]:
    """At 16:00, while people work: the next day with bookings, and how many answers are old."""
    if event.payload["hour"] != ASK_HOUR:
        return
    on = clock.today() + timedelta(days=1)
    for _day in range(4):
        if selectors.bookings_of(on).filter(status="booked").exists():
            break
        on += timedelta(days=1)
    count = selectors.stale_bookers(on, OLD_DAYS).count()
    if count:
        yield Proposal(
            AskBefore(on=on, older_than_days=OLD_DAYS),
            key=f"ask:{on}",
            title=noop("%(count)s people booked on %(day)s have an old eligibility answer: ask before they come"),
            facts={"count": count, "day": on.isoformat()},
            evidence=({"label": noop("Booked"), "value": str(selectors.bookings_of(on).filter(status="booked").count()), "formula": ""},
                      {"label": noop("Answer older than 14 days"), "value": str(count), "formula": "reception.selectors.stale_bookers"}),
            minutes=max(1, count // 4),
            subject=("day", on.isoformat()),
            due_at=clock.close_of_work(event.occurred_at),
            expires_at=clock.at_seoul(on, 8 * 60),
        )  # fmt: skip


class MoveUp(Action):
    """Call a waiting person before the booked ones, with a reason everyone can read."""

    says: ClassVar[str] = noop(
        "The ticket moves up in its queue and shows the reason. It can be taken back while it waits."
    )
    undoable: ClassVar[bool] = True
    ticket_id: int
    department_id: int = 0
    before: int
    before_reason: str = ""
    priority: int = Field(title=noop("Place in the queue (lower is earlier)"), ge=10, le=60)
    reason: str = Field(title=noop("Reason shown"), min_length=1, max_length=100)

    def verify(self) -> str:
        waits = Ticket.objects.filter(pk=self.ticket_id, status="waiting").exists()
        return "" if waits else noop("The person no longer waits.")

    def run(self, by: Actor) -> None:
        services.reorder(ticket_id=self.ticket_id, priority=self.priority, reason=self.reason, by=by)

    def undo(self, by: Actor) -> None:
        services.reorder(ticket_id=self.ticket_id, priority=self.before, reason=self.before_reason, by=by)


@automation(
    "rec.priority", kind="E", team="front", on=("ticket.issued", "ticket.called"), level="shadow", engine="reception.policy.priority",
    covers=noop("KTAS, booking and age order the queue by themselves; moving up a long waiter is kept in the shadow until a lead asks for it."),
)  # fmt: skip
def propose_moving_up(event: Event) -> Iterator[Proposal[MoveUp]]:
    """When a queue changes: the longest waiter whom the order leaves behind others. One proposal a department at a time."""
    department = Ticket.objects.values_list("department_id", flat=True).get(pk=event.payload["ticket_id"])
    now = clock.now()
    left = selectors.left_behind(department, now)
    states: dict[str, list[str]] = defaultdict(list)
    mine = Made.objects.filter(automation="rec.priority", subject_ref__in=[ticket.public_id for ticket in left])
    for ref, state in mine.values_list("subject_ref", "state") if left else ():
        states[ref].append(state)
    left = [ticket for ticket in left if set(states[str(ticket.public_id)]) <= {"open", "shadow", "expired"}]
    longest = left[0] if left else None
    waiting = Made.objects.filter(automation="rec.priority", state="open", fields__department_id=department)
    automations.overtake(
        waiting.exclude(subject_ref=str(longest.public_id) if longest else ""), noop("The queue has changed.")
    )
    if longest is not None and set(known := states[str(longest.public_id)]) <= {"expired"}:
        yield _moving_up(longest, len(left), now, len(known))


def _moving_up(ticket: Ticket, left: int, now: datetime, earlier: int) -> Proposal[MoveUp]:
    """A ticket that was overtaken by another may come again; one that somebody decided about does not."""
    waited = selectors.wait_now(ticket, now)
    return Proposal(
        MoveUp(ticket_id=ticket.pk, department_id=ticket.department_id, before=ticket.priority, before_reason=ticket.priority_reason,
               priority=selectors.MOVED_UP, reason=f"{waited}분 대기"),
        key=f"ticket:{ticket.pk}:{earlier}",
        title=noop("Ticket %(number)s of %(department)s has waited %(minutes)s minutes: call it before the others"),
        facts={"number": ticket.number, "minutes": waited,
               "department": {"ko": ticket.department.name_ko, "en": ticket.department.name_en}},
        evidence=({"label": noop("Waited"), "value": f"{waited}", "formula": "reception.selectors.left_behind"},
                  {"label": noop("Long waiters of the department"), "value": f"{left}", "formula": "reception.selectors.left_behind"},
                  {"label": noop("Told at the desk"), "value": f"{ticket.predicted_wait_min or 0:.0f}", "formula": "reception.waits"}),
        minutes=1,
        pattern=ticket.department.code,
        subject=("ticket", str(ticket.public_id)),
        due_at=now + timedelta(minutes=10),
        expires_at=clock.at_seoul(clock.today(), 24 * 60),
    )  # fmt: skip


@outbox.on("encounter.arrived", "ticket.entered", "ticket.cancelled", key="reception.outcomes")
def on_seen(event: Event) -> None:
    """Someone came: was the insurer's answer there before? Someone went in: how soon after the proposal?"""
    if event.name != "encounter.arrived":
        ticket = Ticket.objects.get(pk=event.payload["ticket_id"])
        for row in automations.about("ticket", ticket.public_id, "rec.priority"):
            automations.overtake([row], noop("The person was called."))
            if ticket.entered_at:
                soon = ticket.entered_at - row.made_at <= timedelta(minutes=SOON_MIN)
                automations.outcome(row, noop("In the room within 20 minutes") if soon else noop("Waited longer than 20 minutes"),
                                    key="entered", is_good=soon)  # fmt: skip
        return
    visit = Encounter.objects.select_related("coverage").get(pk=event.payload["encounter_id"])
    if visit.appointment_id is None:
        return
    row = (
        Made.objects.filter(automation="pat.eligibility", key=f"ask:{visit.business_on}").exclude(state="open").first()
    )
    if row is not None:
        known = visit.coverage
        before = bool(known and known.checked_on >= visit.business_on
                      and known.checked_at < visit.arrived_at - timedelta(minutes=10))  # fmt: skip
        automations.outcome(row, noop("The answer was there before the person") if before else noop("Asked at the desk only"),
                            key=f"visit:{visit.pk}", is_good=before)  # fmt: skip
