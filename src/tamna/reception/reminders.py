"""Reminders to those who may not come (예약 부도 예방 안내): proposed the day before, sent once, measured by who came.

A chance decides whom a reminder is worth, nothing else: nobody loses a time or gets a worse one for it.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import ClassVar

from django.db import transaction
from django.db.models import Avg
from django.utils.translation import gettext_noop as noop

from tamna.core import audit, automations, clock, outbox
from tamna.core.actor import Actor
from tamna.core.automations import Action, Proposal, automation
from tamna.core.models import Event
from tamna.core.models import Proposal as Made
from tamna.reception import communications
from tamna.reception.models import Appointment, Learner, NoShowChance

ASK_HOUR = 15
OPENS, CLOSES = 8, 21  # messages go out between
TIMES_USUAL = Decimal("1.5")
LEAST = Decimal("0.10")
MOST = 200
MINUTES_A_CALL = 2  # what a reminder by telephone would take


class RemindBooked(Action):
    """Send each of these people one message with the time of their booking."""

    says: ClassVar[str] = noop(
        "Each person gets one message with the time of the booking and how to cancel it. No second message is sent."
    )
    on: date
    appointment_ids: list[int]

    def verify(self) -> str:
        if not OPENS <= clock.now().astimezone(clock.SEOUL).hour < CLOSES:
            return noop("It is night: messages go out from 8 to 21.")
        still = Appointment.objects.filter(
            pk__in=self.appointment_ids, status=Appointment.Status.BOOKED, starts_at__gt=clock.now()
        )
        return "" if still.exists() else noop("None of these bookings waits any more.")

    def run(self, by: Actor) -> None:
        remind_booked(appointment_ids=self.appointment_ids, by=by)


@transaction.atomic
def remind_booked(*, appointment_ids: list[int], by: Actor) -> int:
    """One message for each booking that still waits (예약 안내), by the patient's channels; the same booking once."""
    rows = Appointment.objects.filter(
        pk__in=appointment_ids, status=Appointment.Status.BOOKED, starts_at__gt=clock.now()
    ).select_related("patient").order_by("pk")  # fmt: skip
    for row in rows:
        communications.tell("reminder", row.patient, f"reminder:{row.public_id}", appointment=row)
        audit.note("appointment.reminded", by=by, subject_type="appointment", subject_id=row.public_id)
    outbox.record("appointments.reminded", {"count": len(rows)}, by=by)
    return len(rows)


@automation(
    "rec.notify", kind="P", team="front", on="business.hour", engine="engines.noshow",
    covers=noop("Booking, change, reminder, turn, freed time and result by push, KakaoTalk, SMS and e-mail over the carrier's protocol (simulated); push is the carrier's, a browser's subscription is not asked for yet."),
)  # fmt: skip
def propose_reminders(event: Event) -> Iterator[Proposal[RemindBooked]]:
    """At 15:00: the next day's bookings that are much likelier to be missed than usual."""
    if event.payload["hour"] != ASK_HOUR:
        return
    on = clock.today() + timedelta(days=1)
    booked = NoShowChance.objects.filter(
        appointment__status=Appointment.Status.BOOKED, appointment__starts_at__gte=clock.at_seoul(on), appointment__starts_at__lt=clock.at_seoul(on + timedelta(days=1)),
    )  # fmt: skip
    if Learner.objects.filter(key=Learner.NOSHOW, is_on=False).exists():
        yield from _everyone(on, event)
        return
    usual = booked.aggregate(usual=Avg("probability"))["usual"]
    if usual is None:
        return
    likely = booked.filter(probability__gte=max(LEAST, usual * TIMES_USUAL)).order_by("-probability", "pk")
    rows = list(likely.values_list("appointment_id", "probability")[:MOST])
    if not rows:
        return
    missed = sum(float(probability) for _, probability in rows)
    yield Proposal(
        RemindBooked(on=on, appointment_ids=[pk for pk, _ in rows]),
        key=f"remind:{on}",
        title=noop("%(count)s people booked on %(day)s may not come: remind them"),
        facts={"count": len(rows), "day": on.isoformat()},
        evidence=(
            {"label": noop("Usual chance of a missed booking that day"), "value": f"{usual * 100:.0f} %", "formula": "engines.noshow"},
            {"label": noop("Missed among these people, expected"), "value": f"{missed:.1f}", "formula": noop("sum of their chances")},
        ),
        minutes=MINUTES_A_CALL * len(rows),
        subject=("day", on.isoformat()),
        due_at=clock.close_of_work(event.occurred_at),
        expires_at=clock.at_seoul(on, 8 * 60),
    )  # fmt: skip


def _everyone(on: date, event: Event) -> Iterator[Proposal[RemindBooked]]:
    """The learnt chances are switched off: everybody booked is reminded alike."""
    booked = Appointment.objects.filter(
        status="booked", starts_at__gte=clock.at_seoul(on), starts_at__lt=clock.at_seoul(on + timedelta(days=1))
    )
    rows = list(booked.order_by("starts_at", "pk").values_list("pk", flat=True)[:MOST])
    if rows:
        yield Proposal(
            RemindBooked(on=on, appointment_ids=rows), key=f"remind:{on}", title=noop("Remind all %(count)s people booked on %(day)s"),
            facts={"count": len(rows), "day": on.isoformat()}, minutes=MINUTES_A_CALL * len(rows), subject=("day", on.isoformat()),
            evidence=({"label": noop("Learnt chances of missed bookings"), "value": "–", "formula": noop("switched off")},),
            due_at=clock.close_of_work(event.occurred_at), expires_at=clock.at_seoul(on, 8 * 60),
        )  # fmt: skip


@outbox.on("business.day", key="reception.reminder_outcomes")
def on_day_over(event: Event) -> None:
    """Who came of those that a reminder was proposed for, sent or not: the days without are the baseline."""
    today = date.fromisoformat(event.payload["date"])
    for row in Made.objects.filter(automation="rec.notify", action="RemindBooked", made_at__gte=clock.now() - timedelta(days=7)).exclude(state="open"):  # fmt: skip
        if date.fromisoformat(row.fields["on"]) >= today:
            continue
        for pk, status in Appointment.objects.filter(pk__in=row.fields["appointment_ids"]).values_list("pk", "status"):
            if status in (Appointment.Status.ARRIVED, Appointment.Status.NOSHOW):
                came = status == Appointment.Status.ARRIVED
                automations.outcome(
                    row, noop("Came") if came else noop("Did not come"), key=f"appointment:{pk}", is_good=came
                )
