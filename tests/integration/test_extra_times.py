"""Extra times of full sessions follow everyone's chances and the switch; suggested times follow the patient's own visits."""

from datetime import date, timedelta

import pytest

from tamna.core import clock, outbox
from tamna.core.models import Practitioner
from tamna.patients import services as registration
from tamna.reception import booking, overbooking, services, suggestions
from tamna.reception.models import Appointment, Learner, NoShowChance, Slot

pytestmark = pytest.mark.django_db(transaction=True)
TOMORROW = date(2026, 11, 25)


@pytest.fixture
def full(hospital, morning, clerk):
    """A morning of twenty places, all booked, a third of which may be missed."""
    doctor = Practitioner.objects.order_by("license_no").first()
    services.open_slots(practitioner=doctor, starts=[clock.at_seoul(TOMORROW, 540 + 10 * n) for n in range(20)])
    for n, slot in enumerate(Slot.objects.order_by("starts_at")):
        person = registration.register_patient(name=f"모의{n}", birth_on=date(1980, 1, 1), sex="F", by=clerk)
        made = booking.book(slot_id=slot.pk, patient_id=person.pk, by=clerk)
        NoShowChance.objects.create(appointment=made, probability="0.33", told_at=clock.now())
    return doctor


def extras(doctor) -> list[Slot]:
    return list(Slot.objects.filter(practitioner=doctor, is_extra=True, is_open=True).order_by("starts_at"))


def test_a_full_session_opens_extra_times_within_the_bound_and_the_switch_closes_them(full, clerk):
    outbox.deliver_all()
    assert len(extras(full)) == 2  # a tenth of twenty places
    person = registration.register_patient(name="모의", birth_on=date(1980, 1, 1), sex="M", by=clerk)
    booking.book(slot_id=extras(full)[0].pk, patient_id=person.pk, by=clerk)
    outbox.deliver_all()
    assert Appointment.objects.filter(status="booked").count() == 21
    assert overbooking.fit(full.pk, TOMORROW, is_morning=True) == 1
    Learner.objects.update_or_create(key=Learner.NOSHOW, defaults={"is_on": False})
    assert overbooking.fit_coming() == 0 and [slot.appointments.count() for slot in extras(full)] == [1]
    Learner.objects.update(is_on=True)
    NoShowChance.objects.update(probability="0.01")
    assert overbooking.fit(full.pk, TOMORROW, is_morning=True) == 0
    NoShowChance.objects.update(probability="0.33")
    booking.cancel(appointment_id=Appointment.objects.filter(slot__is_extra=False).first().pk, by=clerk)
    assert overbooking.fit(full.pk, TOMORROW, is_morning=True) == 0  # a place is free: nobody is booked on top


def test_times_are_suggested_by_the_patients_own_visits_with_reasons(
    hospital, morning, clerk, django_assert_max_num_queries
):
    doctor = Practitioner.objects.order_by("license_no").first()
    person = registration.register_patient(name="모의", birth_on=date(1980, 1, 1), sex="M", by=clerk)
    for weeks in (1, 2, 3):
        with clock.frozen(clock.at_seoul(date(2026, 11, 25) - timedelta(weeks=weeks), 610)):
            ticket = services.receive(
                patient_id=person.pk, department_id=doctor.department_id, practitioner_id=doctor.pk, by=clerk
            )
            services.move(ticket_id=ticket.pk, step="enter", by=clerk)
            services.finish(encounter_id=ticket.encounter_id, diagnoses=[("principal", "I10.9")], by=clerk)
    for on in (TOMORROW, TOMORROW + timedelta(days=1)):
        services.open_slots(practitioner=doctor, starts=[clock.at_seoul(on, minute) for minute in (540, 610, 900)])
    with django_assert_max_num_queries(4):
        found = suggestions.suggest(person.pk, [doctor.pk], clock.today())
    best = found[0].slot.starts_at.astimezone(clock.SEOUL)
    assert (best.date(), best.hour) == (TOMORROW, 10) and "늘 보던 의사" in found[0].why and "%" in found[0].why
