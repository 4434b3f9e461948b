"""From what came to what is planned: visits by hour, counters and shifts, a season played, bookings spaced anew."""

from datetime import date, time, timedelta

import pytest
from django.test import Client

from tamna.core import automations, clock, outbox
from tamna.core.models import Department, Practitioner
from tamna.core.models import Proposal as Made
from tamna.patients import services as registration
from tamna.reception import arrivals, hours, seasons, staffing, utilisation
from tamna.reception.models import ArrivalForecast, ClinicHours, Encounter, HourForecast, SeasonStudy, StaffPlan, Ticket
from tamna.reception.tasks import study_season

pytestmark = pytest.mark.django_db(transaction=True)
TOMORROW = date(2026, 11, 25)


@pytest.fixture
def weeks(hospital, morning, clerk):
    """Nine weeks of weekdays: sixty visits a day to one department, more in the morning; visits of twelve minutes."""
    doctor = Practitioner.objects.order_by("license_no").first()
    hours.set_week(
        practitioner_id=doctor.pk,
        blocks=[hours.Block(day, time(9), time(12, 30)) for day in range(5)],
        minutes=5,
        valid_from=clock.today(),
        by=clerk,
    )
    person = registration.register_patient(name="모의", birth_on=date(1980, 1, 1), sex="F", by=clerk)
    visits, number = [], 0
    for back in range(1, 64):
        on = clock.today() - timedelta(days=back)
        for n in range(60 if on.weekday() < 5 else 0):
            at = clock.at_seoul(on, 540 + (n * 4 if n < 40 else 240 + (n - 40) * 12) + on.day % 3)
            visits.append(
                Encounter(
                    patient=person,
                    department=doctor.department,
                    practitioner=doctor,
                    payer="nhi",
                    business_on=on,
                    arrived_at=at,
                    status="finished",
                    finished_at=at,
                )
            )
    visits = Encounter.objects.bulk_create(visits)
    tickets = []
    for number, visit in enumerate(visits[:800]):
        tickets.append(Ticket(encounter=visit, department=visit.department, practitioner=doctor, number=number, business_on=visit.business_on, status="done",
                              due_at=visit.arrived_at, issued_at=visit.arrived_at, called_at=visit.arrived_at, entered_at=visit.arrived_at + timedelta(minutes=35),
                              ended_at=visit.arrived_at + timedelta(minutes=47)))  # fmt: skip
    Ticket.objects.bulk_create(tickets)
    for ahead in range(7):
        on = clock.today() + timedelta(days=ahead)
        ArrivalForecast.objects.create(
            on=on, told_on=clock.today(), mean=60, low80=52, high80=68, baseline=60, is_baseline=False
        )
    assert arrivals.tell_hours() > 0 and arrivals.tell_hours() == 0
    return doctor


def test_hours_add_up_to_the_day_and_yesterday_is_measured(weeks):
    rows = arrivals.hours_of(TOMORROW)
    assert sum(float(row.mean) for row in rows) == pytest.approx(60, abs=1) and all(
        row.low80 <= row.mean <= row.high80 for row in rows
    )
    assert max(rows, key=lambda row: row.mean).hour < 12
    HourForecast.objects.filter(on=TOMORROW).update(
        on=clock.today() - timedelta(days=1), told_on=clock.today() - timedelta(days=2)
    )
    error = arrivals.hours_error(clock.today() - timedelta(days=1))
    assert error.error < 6 and error.covered >= 0.7


def test_counters_are_proposed_edited_and_kept(weeks, clerk, user_of):
    outbox.record("business.hour", {"date": clock.today().isoformat(), "hour": 16}, by=clerk)
    outbox.deliver_all()
    row = Made.objects.get(automation="rec.staffing")
    automations.decide(row.pk, "edited", edited={"spare": 1}, by=clerk)
    plan = StaffPlan.objects.get()
    assert (plan.on, plan.spare) == (TOMORROW, 1) and all(
        have >= need for have, need in zip(plan.staffed, plan.needed, strict=True)
    )
    assert max(plan.waits) <= staffing.TARGET_MIN
    client = Client()
    client.force_login(user_of("front_lead"))
    page = client.get("/reception/staffing?on=2026-11-25&target=2").text
    assert "08:00" in page and "09:00" in page
    assert client.post("/reception/staffing/keep", {"on": "2026-11-25", "target": "2", "spare": "0"}).status_code == 302
    assert client.get("/reception/staffing?target=0").status_code == 409
    assert StaffPlan.objects.get().spare == 0 and client.get("/reception/hours?on=2026-11-25").status_code == 200


def test_a_season_is_played_in_the_background_and_goes_on_after_a_kill(weeks, clerk, user_of):
    department = Department.objects.get(code="01")
    row = seasons.ask(department_id=department.pk, peak=1.4, low=0.8, servers=2, more=1, opens=510, by=clerk)
    scenarios = row.asked["scenarios"]
    SeasonStudy.objects.filter(pk=row.pk).update(
        result=[
            {"name": "usual", "people": 1, "wait": 1, "low80": 1, "high80": 1, "over_30": 0, "overtime": 0, "used": 0}
        ],
        status="running",
    )
    assert study_season(pk=row.pk) == len(scenarios)
    row.refresh_from_db()
    waits = {each["name"]: each["wait"] for each in row.result}
    assert row.status == "done" and row.progress == 100 and waits["usual"] == 1
    assert waits["peak"] > waits["peak_more"] and waits["peak"] > waits["low"] and scenarios[0]["visit_min"] == 12
    client = Client()
    client.force_login(user_of("planning"))
    assert (
        "성수기" in client.get("/reception/season").text
        and client.get(f"/reception/season/{row.public_id}").status_code == 200
    )


def test_bookings_are_spaced_anew_where_it_serves_better(weeks, clerk, user_of):
    use = utilisation.uses()[0]
    assert (use.visit_min, use.wait_min) == (pytest.approx(12), pytest.approx(35))
    change = utilisation.change(utilisation.Use(use.doctor, 1000, 900, 400, 35, 12, 5))
    assert change.minutes > 5 and change.then.wait < change.now.wait
    action = utilisation.SpaceBookings(
        practitioner_id=weeks.pk, minutes=change.minutes, valid_from=clock.today() + timedelta(days=14)
    )
    assert action.verify() == ""
    action.run(clerk)
    assert ClinicHours.objects.filter(practitioner=weeks, minutes=change.minutes).count() == 5
    client = Client()
    client.force_login(user_of("director"))
    assert client.get("/reception/rooms").status_code == 200
