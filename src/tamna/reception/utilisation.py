"""How rooms are used (시설 이용률), and a spacing of bookings that would serve better, with its effect by simulation.

Used: minutes with somebody in the room over minutes of open times (or of being at work, where none are kept), the last four weeks. A change is proposed where waits, idle and overtime
together get smaller by a tenth; it is the doctor's week with another length of a booking, from the Monday after next.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import ClassVar

from django.db.models import Avg, Count, Q, Sum
from django.utils.translation import gettext_noop as noop
from pydantic import Field

from tamna.core import clock
from tamna.core.actor import Actor
from tamna.core.automations import Action, Proposal, automation
from tamna.core.models import Event, Practitioner
from tamna.engines.booking.session import Outcome, Plan, play
from tamna.reception import hours
from tamna.reception.models import Slot, Ticket
from tamna.reception.overbooking import is_morning

DAYS, ENOUGH = 28, 40
WORTH = 0.1
SESSION_MIN = 210  # a half day
IDLE, OVERTIME = 1.0, 1.5  # minutes of the room beside one minute of each patient's wait
LENGTHS = (5, 8, 10, 12, 15, 20, 30)


@dataclass(frozen=True)
class Use:
    """A doctor's room over four weeks."""

    doctor: Practitioner
    open_min: int
    busy_min: float
    people: int
    wait_min: float
    visit_min: float
    minutes: int  # of a booking now
    missed: float = 0.0

    @property
    def used(self) -> float:
        return self.busy_min / self.open_min if self.open_min else 0.0


@dataclass(frozen=True)
class Change:
    """Another length of a booking, with a half day as it is and as it would be."""

    use: Use
    minutes: int
    now: Outcome
    then: Outcome

    @property
    def saved(self) -> float:
        return _cost(self.now) - _cost(self.then)


def uses() -> list[Use]:
    """Every doctor who saw patients, the most used room first. Four queries."""
    today = clock.today()
    since = clock.at_seoul(today - timedelta(days=DAYS))
    slots = Slot.objects.filter(is_extra=False, is_open=True).order_by()
    opened = slots.filter(starts_at__gte=since, starts_at__lt=clock.at_seoul(today))
    open_min = dict(opened.values_list("practitioner_id").annotate(total=Sum("minutes")))
    every = dict(slots.filter(starts_at__gte=since).values_list("practitioner_id").annotate(mean=Avg("minutes")))
    come = opened.filter(appointments__status__in=("arrived", "noshow")).values_list("practitioner_id")
    missed = {
        pk: lost / n
        for pk, lost, n in come.annotate(lost=Count("pk", filter=Q(appointments__status="noshow")), n=Count("pk"))
    }
    seen = _seen(today)
    found = []
    for doctor in Practitioner.objects.filter(pk__in=seen).select_related("department", "room"):
        mine = seen[doctor.pk]
        busy = sum(minutes for _, minutes in mine.visits)
        people = len(mine.visits)
        wait = sum(minutes for minutes, _ in mine.visits) / people
        found.append(
            Use(
                doctor,
                open_min.get(doctor.pk) or round(mine.at_work),
                busy,
                people,
                wait,
                busy / people,
                round(every.get(doctor.pk, 0)),
                missed.get(doctor.pk, 0.0),
            )
        )
    return sorted(found, key=lambda row: -row.used)


@dataclass
class Seen:
    """Waits and visits of a doctor, and the first and last minute of each half day."""

    visits: list[tuple[float, float]] = field(default_factory=list)
    ends: dict[tuple[date, bool], tuple[datetime, datetime]] = field(default_factory=dict)

    @property
    def at_work(self) -> float:
        """Minutes between the first and the last patient of each half day: what stands for open times where none are kept."""
        return sum((last - first).total_seconds() / 60 for first, last in self.ends.values())


def _seen(today: date) -> dict[int, Seen]:
    rows = Ticket.objects.filter(
        business_on__gte=today - timedelta(days=DAYS),
        business_on__lt=today,
        entered_at__isnull=False,
        ended_at__isnull=False,
    )
    found: dict[int, Seen] = defaultdict(Seen)
    for doctor, on, issued, entered, ended in rows.exclude(practitioner=None).values_list(
        "practitioner_id", "business_on", "issued_at", "entered_at", "ended_at"
    ):
        mine = found[doctor]
        mine.visits.append(((entered - issued).total_seconds() / 60, (ended - entered).total_seconds() / 60))
        half = (on, is_morning(entered))
        first, last = mine.ends.get(half, (entered, ended))
        mine.ends[half] = (min(first, entered), max(last, ended))
    return found


def change(use: Use) -> Change | None:
    """The best length of a booking, where it is worth a change."""
    if use.people < ENOUGH or not use.minutes:
        return None
    plays = {minutes: _played(use, minutes) for minutes in {*LENGTHS, use.minutes}}
    best = min(plays, key=lambda minutes: (_cost(plays[minutes]), minutes))
    found = Change(use, best, plays[use.minutes], plays[best])
    return found if best != use.minutes and found.saved >= WORTH * _cost(found.now) else None


def _played(use: Use, minutes: int) -> Outcome:
    return play(Plan(max(1, SESSION_MIN // minutes), minutes, use.visit_min, missing=use.missed), times=120)


def _cost(outcome: Outcome) -> float:
    """A half day in weighted minutes: the patients' waits, an empty room and a late end."""
    return outcome.wait * 10 + IDLE * outcome.idle + OVERTIME * outcome.overtime


class SpaceBookings(Action):
    """Give a doctor's bookings another length."""

    says: ClassVar[str] = noop(
        "The doctor's week keeps its hours; bookings have the new length from that day on. Bookings already made stay."
    )
    practitioner_id: int
    minutes: int = Field(title=noop("Minutes of a booking"), ge=5, le=60)
    valid_from: date = Field(title=noop("In force from"))

    def verify(self) -> str:
        if self.valid_from <= clock.today():
            return noop("The day has passed.")
        return (
            "" if hours.week_of(self.practitioner_id, self.valid_from) else noop("The doctor's hours are not set here.")
        )

    def run(self, by: Actor) -> None:
        week = hours.week_of(self.practitioner_id, self.valid_from)
        blocks = [hours.Block(row.weekday, row.starts, row.ends) for row in week]
        hours.set_week(
            practitioner_id=self.practitioner_id, blocks=blocks, minutes=self.minutes, valid_from=self.valid_from, by=by
        )


@automation(
    "rec.utilise", kind="P", team="front", on="business.day", engine="engines.booking.session",
    covers=noop("Use of doctors' rooms and the length of bookings with its simulated effect; equipment is not known here, rooms are not exchanged."),
)  # fmt: skip
def propose_spacing(event: Event) -> Iterator[Proposal[SpaceBookings]]:
    """On Mondays: the three doctors whose bookings another length would serve best."""
    today = date.fromisoformat(event.payload["date"])
    if today.weekday() != 0:
        return
    found = [each for use in uses() if use.doctor.hours.exists() and (each := change(use))]
    for each in sorted(found, key=lambda row: -row.saved)[:3]:
        doctor = each.use.doctor
        yield Proposal(
            SpaceBookings(practitioner_id=doctor.pk, minutes=each.minutes, valid_from=today + timedelta(days=14)),
            key=f"space:{doctor.pk}:{today}",
            title=noop("%(doctor)s: bookings of %(minutes)s minutes instead of %(now)s"),
            facts={"doctor": {"ko": doctor.name_ko, "en": doctor.name_en or doctor.name_ko}, "minutes": each.minutes, "now": each.use.minutes},
            evidence=(
                {"label": noop("Mean wait of a half day"), "value": f"{each.now.wait:.0f} → {each.then.wait:.0f}", "formula": "engines.booking.session"},
                {"label": noop("Minutes with an empty room"), "value": f"{each.now.idle:.0f} → {each.then.idle:.0f}", "formula": "engines.booking.session"},
                {"label": noop("Minutes after the end"), "value": f"{each.now.overtime:.0f} → {each.then.overtime:.0f}", "formula": "engines.booking.session"},
            ),
            minutes=10,
            subject=("practitioner", str(doctor.public_id)),
            due_at=clock.close_of_work(event.occurred_at),
            expires_at=clock.at_seoul(today + timedelta(days=13)),
        )  # fmt: skip
