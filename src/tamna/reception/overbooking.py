"""Extra times of full sessions (초과예약): opened where the exact expected cost says so, within the policy's bound, closed again otherwise.

The chances of everyone in the session are summed; no time is opened or closed for one person. With the learnt chances switched off
there are none. A session is a doctor's morning or afternoon.
"""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Avg, Prefetch

from tamna.core import clock
from tamna.core.models import Practitioner
from tamna.engines.booking.overbooking import Choice, choose
from tamna.reception.models import Appointment, Learner, NoShowChance, Slot

MOST_SHARE, MOST = 0.10, 3  # of a session's places: the bound of the policy
NOON = 13 * 60  # minutes after midnight
DAYS_AHEAD = 8  # as far as chances are told


def is_on() -> bool:
    """Whether the learnt chances may be used. One query."""
    return not Learner.objects.filter(key=Learner.NOSHOW, is_on=False).exists()


@transaction.atomic
def fit(practitioner_id: int, on: date, *, is_morning: bool) -> int:
    """Bring a session's extra times in line with who is booked. Returns how many extra times it has open."""
    doctor = Practitioner.objects.select_for_update(no_key=True).get(pk=practitioner_id)
    first, last = (0, NOON) if is_morning else (NOON, 24 * 60)
    span = {"starts_at__gte": max(clock.at_seoul(on, first), clock.now()), "starts_at__lt": clock.at_seoul(on, last)}
    taken = Appointment.objects.exclude(status="cancelled").select_related("noshow_chance")
    slots = list(
        Slot.objects.filter(practitioner=doctor, **span)
        .prefetch_related(Prefetch("appointments", taken, to_attr="taken"))
        .order_by("starts_at")
    )
    places = [slot for slot in slots if not slot.is_extra and slot.is_open]
    extras = [slot for slot in slots if slot.is_extra]
    used = sum(bool(slot.taken) for slot in extras)
    choice = _choice(doctor, places)
    wanted = max(0, choice.extra - used) if choice else 0
    free = [slot for slot in extras if not slot.taken]
    at = {places[(2 * n + 1) * len(places) // (2 * wanted)].starts_at for n in range(wanted)} if wanted else set()
    Slot.objects.filter(pk__in=[slot.pk for slot in free if slot.is_open and slot.starts_at not in at]).update(
        is_open=False
    )
    Slot.objects.filter(pk__in=[slot.pk for slot in free if slot.starts_at in at]).update(is_open=True)
    known = {slot.starts_at for slot in extras}
    Slot.objects.bulk_create(
        [
            Slot(practitioner=doctor, starts_at=start, minutes=places[0].minutes, is_extra=True)
            for start in sorted(at - known)
        ],
        ignore_conflicts=True,
    )
    return len(at)


def _choice(doctor: Practitioner, places: list[Slot]) -> Choice | None:
    """The best number for a full session; none while a place is free, or chances are off or untold."""
    most = min(MOST, int(len(places) * MOST_SHARE))
    if not places or not most or not is_on() or not all(slot.taken for slot in places):
        return None
    told = NoShowChance.objects.filter(
        appointment__slot__practitioner__department_id=doctor.department_id, appointment__starts_at__gt=clock.now()
    )
    usual = told.aggregate(usual=Avg("probability"))["usual"]
    if usual is None:
        return None
    missing = [float(slot.taken[0].chance.probability) if slot.taken[0].chance else float(usual) for slot in places]
    return choose(missing, minutes=places[0].minutes, most=most, usual=float(usual))


def fit_coming() -> int:
    """Every session of the coming days. Returns how many extra times are open."""
    now = clock.now()
    rows = Slot.objects.filter(
        starts_at__gt=now, starts_at__lt=now + timedelta(days=DAYS_AHEAD), practitioner__is_active=True
    )
    sessions = {
        (doctor, clock.business_day(at), is_morning(at))
        for doctor, at in rows.values_list("practitioner_id", "starts_at")
    }
    return sum(fit(doctor, on, is_morning=morning) for doctor, on, morning in sorted(sessions))


def is_morning(at: datetime) -> bool:
    return (at - clock.at_seoul(clock.business_day(at))).total_seconds() < NOON * 60
