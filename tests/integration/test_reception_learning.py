"""What reception learns at night: waits, missed bookings and arrivals, on a real database, with the baseline beside."""

from datetime import timedelta

import numpy as np
import pytest

from tamna.core import clock, outbox
from tamna.core.actor import Actor
from tamna.core.models import Department, Practitioner
from tamna.patients import services as registration
from tamna.reception import arrivals, learning, selectors, services, waits
from tamna.reception.models import (
    Appointment,
    ArrivalForecast,
    Encounter,
    Learner,
    LearntModel,
    NoShowChance,
    Slot,
    Ticket,
)

CLERK = Actor("person", "clerk", role="reception", team="front")
pytestmark = pytest.mark.django_db(transaction=True)
DAYS = 14


@pytest.fixture
def past(hospital, morning, clerk):
    """Two weeks of one department: people come in bunches, some booked, some missed."""
    department = Department.objects.filter(is_open=True).first()
    doctor = Practitioner.objects.filter(department=department).first()
    people = [registration.register_patient(name=f"환자{k}", birth_on=clock.today() - timedelta(days=9_000 + 300 * k), sex="F" if k % 2 else "M", by=clerk) for k in range(40)]  # fmt: skip
    chance = np.random.default_rng(3)
    number = 0
    for back in range(DAYS, 0, -1):
        on = clock.today() - timedelta(days=back)
        free = 540.0
        for k, arrives in enumerate(sorted(540 + chance.beta(1.5, 2.6, 40) * 200)):
            number += 1
            starts = max(free, arrives)
            free = starts + float(chance.lognormal(1.6, 0.5))
            visit = Encounter.objects.create(
                patient=people[k], department=department, practitioner=doctor, payer="nhi", business_on=on, arrived_at=clock.at_seoul(on, arrives),
                started_at=clock.at_seoul(on, starts), finished_at=clock.at_seoul(on, free), status="finished",
            )  # fmt: skip
            Ticket.objects.create(
                encounter=visit, department=department, practitioner=doctor, number=number, business_on=on, status="done", due_at=visit.arrived_at,
                issued_at=visit.arrived_at, entered_at=visit.started_at, ended_at=visit.finished_at,
            )  # fmt: skip
    return department, doctor, people


def test_a_ticket_is_told_by_the_model_of_the_night_and_keeps_the_baseline(past, clerk):
    department, _doctor, people = past
    row = learning.learn_waits()
    assert row is not None and row.card["rows"]["learnt_from"] > 400
    LearntModel.objects.filter(pk=row.pk).update(is_baseline=False)
    for person in people[:4]:
        ticket = services.receive(patient_id=person.pk, department_id=department.pk, by=clerk)
    assert ticket.predicted_by == "model"
    assert ticket.predicted_low_min <= ticket.predicted_wait_min <= ticket.predicted_high_min
    assert ticket.baseline_wait_min is not None
    queue = next(row for row in selectors.board() if row.department == department)
    assert queue.by == "model" and queue.low80 <= queue.predicted_min <= queue.high80


def test_switched_off_the_baseline_answers(past, clerk):
    department, _doctor, people = past
    LearntModel.objects.filter(pk=learning.learn_waits().pk).update(is_baseline=False)
    Learner.objects.filter(key=Learner.WAIT).update(is_on=False)
    ticket = services.receive(patient_id=people[0].pk, department_id=department.pk, by=clerk)
    assert ticket.predicted_by == "baseline" and ticket.predicted_wait_min == ticket.baseline_wait_min


def test_a_model_that_cannot_be_opened_does_not_stop_the_desk(past, clerk, monkeypatch):
    department, _doctor, people = past
    LearntModel.objects.filter(pk=learning.learn_waits().pk).update(is_baseline=False)
    found = learning.waits_in_use()
    monkeypatch.setattr(type(found), "tell", lambda *_: 1 / 0)
    assert services.receive(patient_id=people[0].pk, department_id=department.pk, by=clerk).predicted_by == "baseline"


def test_the_live_error_is_that_of_what_was_told(past):
    on = clock.today() - timedelta(days=1)
    assert waits.live_error(on) is None
    for ticket in Ticket.objects.filter(business_on=on):
        waited = (ticket.entered_at - ticket.issued_at).total_seconds() / 60
        Ticket.objects.filter(pk=ticket.pk).update(predicted_wait_min=waited + 2, baseline_wait_min=waited + 5, predicted_low_min=waited - 3, predicted_high_min=waited + 6)  # fmt: skip
    found = waits.live_error(on)
    assert found.n == 40 and found.covered == 1.0
    assert found.error == pytest.approx(2, abs=0.1) and found.baseline_error == pytest.approx(5, abs=0.1)


def test_the_night_tells_arrivals_of_the_coming_days_beside_the_week_before(past):
    assert learning.tell_arrivals() == arrivals.TOLD_DAYS
    assert learning.tell_arrivals() == 0  # once a day
    days = arrivals.coming()
    assert days[0].on == clock.today() and all(day.low80 <= day.mean <= day.high80 for day in days)
    assert days[0].baseline == 40
    ArrivalForecast.objects.create(on=clock.today() - timedelta(days=1), told_on=clock.today() - timedelta(days=2), mean=30, low80=20, high80=44, baseline=36, is_baseline=False)  # fmt: skip
    told = arrivals.yesterday()
    assert (told.came, told.error, told.baseline_error) == (40, 10, 4)


def test_missed_bookings_are_learnt_and_the_coming_ones_told(past, clerk):
    _department, doctor, people = past
    for k, person in enumerate(people * 8):
        at = clock.now() - timedelta(days=2 + k // 8, minutes=11 * k)
        slot = Slot.objects.create(practitioner=doctor, starts_at=at)
        missed = k % 40 < 6
        Appointment.objects.create(slot=slot, patient=person, starts_at=at, booked_at=at - timedelta(days=3), status="noshow" if missed else "arrived")  # fmt: skip
    for k, person in enumerate((people[0], people[30])):
        at = clock.now() + timedelta(days=1, minutes=10 * k)
        slot = Slot.objects.create(practitioner=doctor, starts_at=at)
        Appointment.objects.create(slot=slot, patient=person, starts_at=at, booked_at=clock.now(), status="booked")
    assert learning.learn_noshows() is not None
    found = {row.appointment.patient_id: row for row in NoShowChance.objects.select_related("appointment")}
    assert len(found) == 2 and all(0 < row.probability < 1 and row.reasons["ko"] for row in found.values())
    assert found[people[0].pk].probability >= found[people[30].pk].probability


def test_a_new_day_begins_the_learning_once(hospital, morning, clerk):
    from procrastinate.contrib.django.models import ProcrastinateJob

    for on in ("2026-11-24", "2026-11-25"):
        outbox.record("business.day", {"date": on}, by=clerk)
    outbox.deliver_all()
    assert ProcrastinateJob.objects.filter(task_name__endswith="learn_nightly", status="todo").count() == 1


def test_the_day_before_reminders_are_proposed_to_the_likeliest_and_measured_by_who_came(past, clerk):
    from tamna.core import automations
    from tamna.core.models import Outcome
    from tamna.core.models import Proposal as Made

    _department, doctor, people = past
    on, made = clock.today() + timedelta(days=1), []
    for k, person in enumerate(people[:10]):
        at = clock.at_seoul(on, 600 + 10 * k)
        slot = Slot.objects.create(practitioner=doctor, starts_at=at)
        made.append(
            Appointment.objects.create(slot=slot, patient=person, starts_at=at, booked_at=clock.now(), status="booked")
        )
        NoShowChance.objects.create(appointment=made[-1], probability="0.4" if k < 2 else "0.05", told_at=clock.now())
    outbox.record("business.hour", {"date": clock.today().isoformat(), "hour": 15}, by=clerk)
    outbox.deliver_all()
    row = Made.objects.get(automation="rec.notify")
    assert row.fields["appointment_ids"] == [made[0].pk, made[1].pk]
    automations.decide(row.pk, "accepted", by=clerk)
    Appointment.objects.filter(pk=made[0].pk).update(status="arrived")
    Appointment.objects.filter(pk=made[1].pk).update(status="noshow")
    outbox.record("business.day", {"date": (on + timedelta(days=1)).isoformat()}, by=clerk)
    outbox.deliver_all()
    assert {(each.label, each.is_good) for each in Outcome.objects.filter(proposal=row)} == {
        ("Came", True),
        ("Did not come", False),
    }


def test_the_page_of_models_says_what_is_in_use_and_switches_it_off(past, client, user_of):
    learning.tell_arrivals()
    learning.learn_waits()
    client.force_login(user_of("front_lead"))
    page = client.get("/reception/models").content.decode()
    assert "80" in page and str(clock.today().day) in page
    assert client.post(f"/reception/models/{Learner.WAIT}/switch").status_code == 302
    assert Learner.objects.get(key=Learner.WAIT).is_on is False
    assert client.post("/reception/models/nothing/switch").status_code == 404
    client.force_login(user_of("director"))
    assert "/reception/models" in client.get("/insight/").content.decode()
    Ticket.objects.update(predicted_wait_min=3, baseline_wait_min=4, predicted_low_min=1, predicted_high_min=9)
    told = ArrivalForecast.objects.create(on=clock.today() - timedelta(days=1), told_on=clock.today() - timedelta(days=2), mean=30, low80=20, high80=44, baseline=36, is_baseline=False)  # fmt: skip
    page = client.get("/reception/models").content.decode()
    assert f"{told.mean:.0f}" in page
    person = past[2][0]
    slot = Slot.objects.create(practitioner=past[1], starts_at=clock.now() + timedelta(minutes=30))
    booking = Appointment.objects.create(
        slot=slot, patient=person, starts_at=slot.starts_at, booked_at=clock.now(), status="booked"
    )
    assert client.get("/reception/bookings").status_code == 200
    NoShowChance.objects.create(
        appointment=booking,
        probability="0.37",
        reasons={"ko": "예약까지 남은 날", "en": "days ahead"},
        told_at=clock.now(),
    )
    page = client.get("/reception/bookings").content.decode()
    assert "37 %" in page and "예약까지 남은 날" in page
    ticket = services.receive(patient_id=past[2][1].pk, department_id=past[0].pk, by=CLERK)
    client.force_login(user_of("reception"))
    assert client.get(f"/reception/tickets/{ticket.public_id}").status_code == 200
