"""Times that suit a patient (예약 시간 추천): their habits, usual waits and how full the days are, with reasons in words.

Chances of missing a booking are not asked: nobody is shown a worse time for them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Avg, DurationField, ExpressionWrapper, F
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from tamna.core import clock
from tamna.engines.booking.recommend import Candidate, Past, rank
from tamna.reception import times
from tamna.reception.models import Encounter, Slot, Ticket

DAYS, VISITS, SHOWN = 60, 20, 3
USUAL_WAIT = 17.0  # the national survey's mean, before the department has its own

REASONS = {
    "own_doctor": noop("the usual doctor"), "usual_day": noop("%(share)s %% of the visits were on this weekday"),
    "usual_hour": noop("%(share)s %% of the visits were about this hour"), "wait": noop("usual wait %(minutes)s min"),
    "quiet_day": noop("a quiet day, %(percent)s %% booked"),
}  # fmt: skip


@dataclass(frozen=True)
class Suggestion:
    slot: Slot
    score: float
    why: str


def suggest(
    patient_id: int, doctors: Iterable[int], first: date, days: int = 14, *, holder: str = ""
) -> list[Suggestion]:
    """The best free times of these days, best first. Four queries."""
    keys, last = list(doctors), first + timedelta(days=days)
    free = {slot.pk: slot for slot in times.free(keys, first, last, holder=holder)}
    if not free:
        return []
    loads = {row.on: 1 - row.free / row.open for row in times.counted(keys, first, last) if row.open}
    waits = usual_waits(next(iter(free.values())).practitioner.department_id)
    today, candidates = clock.today(), []
    for slot in free.values():
        local = slot.starts_at.astimezone(clock.SEOUL)
        candidates.append(Candidate(slot.pk, local.weekday(), local.hour * 60 + local.minute, (local.date() - today).days,
                                    waits.get((local.weekday(), local.hour), USUAL_WAIT), loads.get(local.date(), 0.0), slot.practitioner_id))  # fmt: skip
    visits = (
        Encounter.objects.filter(patient_id=patient_id, is_imported=False)
        .exclude(status="cancelled")
        .order_by("-arrived_at")
    )
    past = [
        _past(at.astimezone(clock.SEOUL), doctor)
        for at, doctor in visits.values_list("arrived_at", "practitioner_id")[:VISITS]
    ]
    found: dict[tuple[date, int], Suggestion] = {}  # one an hour: the same hour of every doctor is no choice
    for row in rank(candidates, past, limit=len(candidates)):
        slot = free[row.key]
        local = slot.starts_at.astimezone(clock.SEOUL)
        why = ", ".join(_(REASONS[key]) % facts for key, facts in row.reasons)
        found.setdefault((local.date(), local.hour), Suggestion(slot, row.score, why))
    return list(found.values())[:SHOWN]


def _past(at: datetime, doctor: int | None) -> Past:
    return Past(at.weekday(), at.hour * 60 + at.minute, doctor or 0)


def usual_waits(department_id: int) -> dict[tuple[int, int], float]:
    """Mean minutes waited by (weekday, hour of the ticket) over the last sixty days. One query."""
    since = clock.today() - timedelta(days=DAYS)
    rows = Ticket.objects.filter(
        department_id=department_id, business_on__gte=since, entered_at__isnull=False
    ).order_by()
    waited = ExpressionWrapper(F("entered_at") - F("issued_at"), output_field=DurationField())
    grouped = rows.values_list(
        ExtractIsoWeekDay("issued_at", tzinfo=clock.SEOUL), ExtractHour("issued_at", tzinfo=clock.SEOUL)
    ).annotate(mean=Avg(waited))
    return {(weekday - 1, hour): mean.total_seconds() / 60 for weekday, hour, mean in grouped}
