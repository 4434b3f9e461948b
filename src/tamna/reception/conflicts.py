"""What stands in the way of a booking (예약 충돌): everything at once, each with a way out. The database refuses the same."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from tamna.core import clock
from tamna.core.format import clock_time, named
from tamna.engines.calendar import holiday_name
from tamna.reception.models import Absence, Appointment, Slot, SlotHold

LONGEST_MIN = 120  # of a slot

WAYS = {
    "other_time": noop("Choose another time"),
    "squeeze_in": noop("Squeeze in with a reason"),
    "waiting_list": noop("Put on the waiting list"),
    "move_other": noop("Move or cancel the other booking first"),
    "wait": noop("Wait a moment: the hold ends by itself"),
}


@dataclass(frozen=True)
class Conflict:
    """One thing in the way. `ways` are keys of `WAYS`; `appointment` is the other booking of the same patient."""

    key: str
    says: str
    ways: tuple[str, ...]
    appointment: Appointment | None = None

    @property
    def ways_out(self) -> str:
        """In the reader's words."""
        return " · ".join(_(WAYS[way]) for way in self.ways)


def conflicts(slot: Slot, patient_id: int | None = None, holder: str = "") -> list[Conflict]:
    """All of them, in the order in which a clerk would ask. Four queries."""
    now, found = clock.now(), []
    if slot.starts_at <= now:
        return [Conflict("past", _("This time has passed."), ("other_time",))]
    if not slot.is_open and not slot.is_extra:
        found.append(Conflict("closed", _why_closed(slot), ("other_time", "squeeze_in", "waiting_list")))
    span = Q(starts_at__lt=slot.starts_at + timedelta(minutes=slot.minutes),
             starts_at__gt=slot.starts_at - timedelta(minutes=LONGEST_MIN))  # fmt: skip
    near = Appointment.objects.filter(span, status__in=("booked", "arrived")).select_related(
        "slot__practitioner__department"
    )
    mine = Q(slot__practitioner_id=slot.practitioner_id)
    for other in near.filter(mine | Q(patient_id=patient_id) if patient_id else mine).order_by("starts_at"):
        if other.starts_at + timedelta(minutes=other.slot.minutes) <= slot.starts_at:
            continue
        if other.patient_id == patient_id:
            found.append(Conflict("patient_busy", _("The patient has a booking at %(time)s in %(department)s.") % {
                "time": clock_time(other.starts_at), "department": named(other.slot.practitioner.department)},
                ("move_other", "other_time"), other))  # fmt: skip
        elif other.slot_id == slot.pk:
            found.append(Conflict("taken", _("Somebody has this time."), ("other_time", "squeeze_in", "waiting_list")))
        elif not (other.slot.is_extra or slot.is_extra):
            found.append(Conflict("doctor_busy", _("The doctor sees somebody from %(time)s for %(minutes)s minutes.") % {
                "time": clock_time(other.starts_at), "minutes": other.slot.minutes}, ("other_time", "squeeze_in")))  # fmt: skip
    held = SlotHold.objects.filter(slot=slot, until__gt=now).exclude(holder=holder).first()
    if held:
        found.append(Conflict("held", _("Somebody else is choosing this time until %(time)s.") % {"time": clock_time(held.until)},
                              ("wait", "other_time", "squeeze_in")))  # fmt: skip
    return found


def _why_closed(slot: Slot) -> str:
    on = clock.business_day(slot.starts_at)
    if holiday_name(on):
        return _("It is a holiday.")
    if Absence.objects.filter(practitioner_id=slot.practitioner_id, first_on__lte=on, last_on__gte=on).exists():
        return _("The doctor is away on this day.")
    return _("This time is outside of the doctor's hours.")
