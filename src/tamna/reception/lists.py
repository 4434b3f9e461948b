"""Lists of reception: the bookings of a day, the waiting list, the doctors."""

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from tamna.core import clock
from tamna.core.choices import departments
from tamna.core.format import clock_time, day, named
from tamna.core.lists import Column, Filter, Listing, define
from tamna.reception import selectors, times
from tamna.reception.models import Appointment, Communication


def chance(row: Appointment) -> str:
    """How likely a booked patient does not come, where the night told it."""
    told = row.chance if row.status == Appointment.Status.BOOKED else None
    return f"{told.probability * 100:.0f} %" if told else ""


BOOKINGS = define(
    Listing(
        "bookings", noop("Bookings"), "reception.see", view="reception:bookings", order=("starts_at", "id"), of_patients=True,
        columns=(
            Column("time", noop("Time"), lambda row: clock_time(row.starts_at), sort=("starts_at", "id")),
            Column("name", noop("Name"), lambda row: row.patient.masked_name),
            Column("department", noop("Department"), lambda row: named(row.slot.practitioner.department)),
            Column("doctor", noop("Doctor"), lambda row: named(row.slot.practitioner), wide=True),
            Column("state", noop("State"), lambda row: row.get_status_display()),
            Column("chance", noop("No-show chance"), chance, number=True, wide=True),
            Column("act", noop("Action"), unseen=True),
        ),
        filters=(
            Filter("on", noop("Day"), selectors.on_day, kind="day", default=lambda: str(clock.today())),
            Filter("department", noop("Department"), lambda rows, code: rows.filter(slot__practitioner__department__code=code),
                   kind="choice", options=departments),
            Filter("state", noop("State"), lambda rows, state: rows.filter(status=state), kind="choice",
                   options=lambda: Appointment.Status.choices),
        ),
        empty=noop("No bookings on this day."), hint=noop("Choose a doctor above to book a time."),
    )
)  # fmt: skip

WAITING_LIST = define(
    Listing(
        "waiting_list", noop("Waiting list"), "reception.see", view="reception:waiting", order=("id",), of_patients=True,
        columns=(
            Column("place", noop("Asked on"), lambda row: day(row.made_at)),
            Column("name", noop("Name"), lambda row: row.patient.masked_name),
            Column("department", noop("Department"), lambda row: named(row.department)),
            Column("days", noop("Days"), lambda row: f"{day(row.first_on)} – {day(row.last_on)}", wide=True),
            Column("state", noop("State"), lambda row: row.get_status_display()),
            Column("offered", noop("Offered"), lambda row: len(row.offers.all()), number=True),
            Column("act", noop("Action"), unseen=True),
        ),
        filters=(
            Filter("state", noop("State"), times.waiting_in, kind="choice", default=lambda: "waiting",
                   options=lambda: [("waiting", _("Waiting")), ("over", _("Over"))]),
            Filter("department", noop("Department"), lambda rows, code: rows.filter(department__code=code), kind="choice", options=departments),
        ),
        empty=noop("Nobody waits for a time."), hint=noop("Choose a taken time under Bookable times to put a patient on the list."),
    )
)  # fmt: skip

CHANNELS = {"push": noop("App push"), "kakao": noop("KakaoTalk"), "sms": noop("SMS"), "email": noop("E-mail"), "": "–"}
REASONS = {
    "opted_out": noop("The patient does not want it"),
    "not_consented": noop("The patient did not agree to messages"), "no_address": noop("No phone, e-mail or app"), "gone": noop("No longer true"),
    "not_a_user": noop("Not on this channel"), "not_delivered": noop("The carrier could not deliver it"),
}  # fmt: skip


def reason_of(row: Communication) -> str:
    """Why it did not go, or went by another channel, in words; an unknown code of the carrier shows itself."""
    return _(REASONS[row.reason]) if row.reason in REASONS else row.reason


COMMUNICATIONS = define(
    Listing(
        "communications", noop("Notices to patients"), "reception.see", view="reception:communications", order=("-id",), of_patients=True,
        columns=(
            Column("time", noop("Time"), lambda row: f"{day(row.made_at)} {clock_time(row.made_at)}"),
            Column("kind", noop("Notice"), lambda row: row.get_kind_display()),
            Column("name", noop("Name"), lambda row: row.patient.masked_name),
            Column("channel", noop("Channel"), lambda row: _(CHANNELS[row.channel])),
            Column("state", noop("State"), lambda row: row.get_status_display()),
            Column("reason", noop("Reason"), reason_of, wide=True),
            Column("cost", noop("Cost"), lambda row: row.cost_won, number=True),
        ),
        filters=(
            Filter("kind", noop("Notice"), lambda rows, kind: rows.filter(kind=kind), kind="choice", options=lambda: Communication.Kind.choices),
            Filter("state", noop("State"), lambda rows, state: rows.filter(status=state), kind="choice", options=lambda: Communication.Status.choices),
        ),
        empty=noop("No notice yet."), hint=noop("A booking, a turn that is near or a result makes one."),
    )
)  # fmt: skip

DOCTORS = define(
    Listing(
        "doctors", noop("Doctors"), "reception.hours", view="reception:doctors", order=("license_no",),
        columns=(
            Column("licence", noop("Licence"), lambda row: row.license_no, sort=("license_no",)),
            Column("name", noop("Name"), lambda row: named(row),
                   sort=("name_ko", "id")),
            Column("department", noop("Department"), lambda row: named(row.department)),
            Column("room", noop("Room"), lambda row: named(row.room), wide=True),
            Column("until", noop("Open to booking until"), lambda row: day(row.last_slot) if row.last_slot else _("No hours")),
            Column("state", noop("State"), lambda row: _("Sees patients") if row.is_active else _("No longer here"), wide=True),
        ),
        filters=(
            Filter("q", noop("Name or licence"), lambda rows, words: rows.filter(
                Q(name_ko__icontains=words) | Q(name_en__icontains=words) | Q(license_no=words)), personal=True),
            Filter("department", noop("Department"), lambda rows, code: rows.filter(department__code=code), kind="choice",
                   options=departments),
            Filter("state", noop("State"), selectors.doctors_in, kind="choice",
                   options=lambda: [("here", _("Sees patients")), ("gone", _("No longer here")), ("no_hours", _("No hours"))]),
        ),
        empty=noop("No doctor yet."), hint=noop("Add the first below; walk-ins need a doctor too."),
    )
)  # fmt: skip
