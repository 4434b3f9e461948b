"""Lists of reception: the bookings of a day."""

from django.utils.translation import gettext_noop as noop

from tamna.core import clock
from tamna.core.choices import departments
from tamna.core.format import clock_time, language
from tamna.core.lists import Column, Filter, Listing, define
from tamna.reception import selectors
from tamna.reception.models import Appointment


def _named(row: object) -> str:
    return row.name_ko if language() == "ko" else row.name_en  # type: ignore[attr-defined]


BOOKINGS = define(
    Listing(
        "bookings", noop("Bookings"), "reception.see", view="reception:bookings", order=("starts_at", "id"), of_patients=True,
        columns=(
            Column("time", noop("Time"), lambda row: clock_time(row.starts_at), sort=("starts_at", "id")),
            Column("name", noop("Name"), lambda row: row.patient.masked_name),
            Column("department", noop("Department"), lambda row: _named(row.slot.practitioner.department)),
            Column("doctor", noop("Doctor"), lambda row: _named(row.slot.practitioner), wide=True),
            Column("state", noop("State"), lambda row: row.get_status_display()),
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
