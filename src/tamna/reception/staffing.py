"""Counters and shifts of reception for a day (창구 인력), from the forecast; proposed each afternoon, kept as people decide.

Minutes at the counter are a rule of thumb [?] until the desk measures its own.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django.db import transaction
from django.utils.translation import gettext_noop as noop
from pydantic import Field

from tamna.core import audit, clock, outbox
from tamna.core.actor import Actor
from tamna.core.automations import Action, Proposal, automation
from tamna.core.errors import DomainError
from tamna.core.models import Event
from tamna.engines.queueing.staffing import STEP_MIN, Staffing, staff
from tamna.reception import arrivals
from tamna.reception.models import StaffPlan

FIRST_HOUR, LAST_HOUR = 8, 18
DESK_MIN = 3.0  # one person at the counter [?]
TARGET_MIN = 5.0
ASK_HOUR = 16


def planned(on: date, target_min: float = TARGET_MIN, spare: int = 0) -> tuple[list[float], Staffing] | None:
    """People each half hour and the staff for them; none where nobody is foretold. One query."""
    people = arrivals.half_hours(on, FIRST_HOUR, LAST_HOUR)
    return (people, staff(people, DESK_MIN, target_min=target_min, spare=spare)) if sum(people) >= 1 else None


def shown_shifts(plan: Staffing) -> list[list[int | None]]:
    """[first minute of the day, last, break or none, people]."""
    start, step = FIRST_HOUR * 60, int(STEP_MIN)
    return [
        [
            start + shift.first * step,
            start + (shift.first + shift.length) * step,
            start + shift.pause * step if shift.pause_length else None,
            count,
        ]
        for shift, count in plan.shifts
    ]


@transaction.atomic
def keep(*, on: date, target_min: float, spare: int, by: Actor) -> StaffPlan:
    """Decide a day's staff (인력 계획 확정); a new decision replaces the last. Raises reception.no_forecast, reception.staff_target."""
    if not 0.5 <= target_min <= 60 or not 0 <= spare <= 5:
        raise DomainError("reception.staff_target")
    found = planned(on, target_min, spare)
    if found is None:
        raise DomainError("reception.no_forecast")
    people, plan = found
    row, _ = StaffPlan.objects.update_or_create(on=on, defaults={
        "target_min": Decimal(str(target_min)), "spare": spare, "arrivals": [round(each, 1) for each in people], "needed": list(plan.needed),
        "staffed": list(plan.staffed), "waits": list(plan.waits), "shifts": shown_shifts(plan), "decided_by": by.name, "decided_at": clock.now(),
    })  # fmt: skip
    audit.note(
        "staff_plan.kept",
        by=by,
        subject_type="day",
        subject_id=str(on),
        detail={"people": plan.people, "target_min": str(target_min), "spare": spare},
    )
    outbox.record("staff_plan.kept", {"on": on.isoformat(), "people": plan.people}, by=by)
    return row


class PlanStaff(Action):
    """Keep the proposed shifts of a day."""

    says: ClassVar[str] = noop(
        "The shifts are kept as the day's plan for the counters. Everyone sees it; it can be changed until the day."
    )
    on: date
    target_min: float = Field(title=noop("Mean wait at the counter at most (minutes)"), ge=0.5, le=60)
    spare: int = Field(title=noop("Counters more than needed"), ge=0, le=5)

    def verify(self) -> str:
        return "" if self.on > clock.today() else noop("The day has passed.")

    def run(self, by: Actor) -> None:
        keep(on=self.on, target_min=self.target_min, spare=self.spare, by=by)


@automation(
    "rec.staffing", kind="P", team="front", on="business.hour", engine="engines.queueing.staffing",
    covers=noop("Reception counters of the next day by half hour and shift; minutes at the counter are a rule of thumb, names are put on shifts by people."),
)  # fmt: skip
def propose_staff(event: Event) -> Iterator[Proposal[PlanStaff]]:
    """At 16:00: tomorrow's counters and shifts."""
    if event.payload["hour"] != ASK_HOUR:
        return
    on = clock.today() + timedelta(days=1)
    found = planned(on)
    if found is None or StaffPlan.objects.filter(on=on).exists():
        return
    people, plan = found
    yield Proposal(
        PlanStaff(on=on, target_min=TARGET_MIN, spare=0),
        key=f"staff:{on}",
        title=noop("%(people)s people at the counters on %(day)s keep the mean wait within %(target)s minutes"),
        facts={"people": plan.people, "day": on.isoformat(), "target": f"{TARGET_MIN:g}"},
        evidence=(
            {"label": noop("Visits expected"), "value": f"{sum(people):.0f}", "formula": "engines.forecast"},
            {"label": noop("Most counters at once"), "value": str(max(plan.needed)), "formula": "engines.queueing.staffing"},
            {"label": noop("Longest mean wait of a half hour"), "value": f"{max(plan.waits):.1f}", "formula": "M/M/c"},
        ),
        minutes=20,
        subject=("day", on.isoformat()),
        due_at=clock.close_of_work(event.occurred_at),
        expires_at=clock.at_seoul(on, 8 * 60),
    )  # fmt: skip


def day_of(on: date, target_min: float = TARGET_MIN, spare: int = 0) -> dict[str, Any]:
    """What the screen shows of a day: the decided plan, and what the forecast says now. Two queries."""
    found = planned(on, target_min, spare)
    rows = []
    if found:
        people, plan = found
        rows = [
            {
                "minute": FIRST_HOUR * 60 + 30 * n,
                "people": people[n],
                "needed": plan.needed[n],
                "staffed": plan.staffed[n],
                "wait": plan.waits[n],
            }
            for n in range(len(people))
        ]
    return {
        "rows": rows,
        "plan": found[1] if found else None,
        "shifts": shown_shifts(found[1]) if found else [],
        "kept": StaffPlan.objects.filter(on=on).first(),
    }
