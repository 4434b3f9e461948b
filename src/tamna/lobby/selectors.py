"""What patients' screens show (환자 화면의 내용): a person's facts at the kiosk, a ticket, open slips. Bounded queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from tamna.core import clock
from tamna.core.format import clock_time, named
from tamna.lobby import names
from tamna.lobby.models import CheckIn
from tamna.lobby.turns import LEAST_RANGE
from tamna.patients.masking import mask_phone
from tamna.patients.models import Coverage, Patient
from tamna.reception import selectors as queues
from tamna.reception.models import Ticket

INSURANCE = {
    "nhi": noop("National Health Insurance"), "medical_aid_1": noop("Medical Aid, type 1"), "medical_aid_2": noop("Medical Aid, type 2"),
    "near_poor_1": noop("National Health Insurance, reduced share 1"), "near_poor_2": noop("National Health Insurance, reduced share 2"),
    "veteran": noop("Veterans' care"), "auto": noop("Car insurance"), "industrial": noop("Industrial accident insurance"), "self": noop("No Korean insurance: you pay yourself"),
}  # fmt: skip
STALE_DAYS = 365


@dataclass(frozen=True)
class Insurance:
    """What a patient is told of their insurance, and whether it was asked today."""

    words: str
    note: str
    is_fresh: bool


def insurance(coverage: Coverage | None) -> Insurance:
    """The sentence for a coverage; where the insurer does not answer, that the visit goes on and what follows."""
    if coverage is None:
        return Insurance(
            _("Insurance not known yet"),
            _("The insurer cannot be asked now. You can go on; we will check later."),
            False,
        )
    words = _(INSURANCE.get(coverage.payer, coverage.payer))
    if coverage.checked_on < clock.today():
        return Insurance(
            words,
            _("The insurer does not answer now. This is what we knew last; you can go on, we will check later."),
            False,
        )
    if coverage.changed:
        return Insurance(words, _("This has changed since your last visit."), True)
    return Insurance(words, _("Checked today"), True)


def person(patient: Patient, coverage: Coverage | None) -> dict[str, Any]:
    """What the kiosk shows of somebody who was recognised: masked, with today's bookings."""
    told = insurance(coverage)
    return {
        "name": patient.masked_name, "born": f"{patient.birth_on.year}. **. **", "insurance": told.words, "insurance_note": told.note,
        "insurance_fresh": told.is_fresh, "phone": mask_phone(patient.phone),
        "stale": patient.contact_checked_on is None or patient.contact_checked_on < clock.today() - timedelta(days=STALE_DAYS),
        "bookings": [
            {"id": str(row.public_id), "time": clock_time(row.starts_at), "department": names.department(row.slot.practitioner.department)}
            for row in queues.bookings_today(patient.pk)
        ],
    }  # fmt: skip


def departments(rows: Sequence[queues.QueueRow]) -> list[dict[str, str]]:
    """Departments with what waiting there means now, in the language in use."""
    return [
        {
            "code": row.department.code,
            "name": names.department(row.department),
            "wait": wait_range(row.low80, row.high80),
        }
        for row in rows
    ]


def wait_range(low: float, high: float) -> str:
    """An honest wait: from, to; never a single figure."""
    least = max(0, round(low))
    return _("%(low)s to %(high)s min") % {"low": least, "high": max(least + LEAST_RANGE, round(high))}


def ticket(row: Ticket) -> dict[str, Any]:
    """A ticket as it is shown and printed."""
    low, high = row.predicted_low_min, row.predicted_high_min
    return {
        "number": row.number, "department": names.department(row.department), "room": named(row.practitioner.room) if row.practitioner else "",
        "wait": wait_range(float(low), float(high)) if low is not None and high is not None else "", "issued": clock_time(row.issued_at),
    }  # fmt: skip


def open_slips(*, limit: int) -> list[CheckIn]:
    """Slips of today that a person must help, oldest first. One query."""
    rows = CheckIn.objects.filter(ticket=None, helped_at=None, made_at__gte=clock.at_seoul(clock.today())).exclude(
        slip=""
    )
    return list(rows.select_related("device", "patient").order_by("made_at")[:limit])
