"""Bookings that the database guards: overlaps, holds, overrides, the waiting list, a month of times."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from tamna.core import clock, outbox
from tamna.core.errors import DomainError
from tamna.core.models import AuditEntry, Department, Practitioner
from tamna.patients import services as registration
from tamna.reception import booking, times, waiting_list
from tamna.reception.conflicts import conflicts
from tamna.reception.models import Appointment, Slot, SlotHold, SlotOffer, WaitingRequest
from tests.integration.test_flow import race

pytestmark = pytest.mark.django_db(transaction=True)
TOMORROW = date(2026, 11, 25)


def slot_at(minute: int, *, doctor: int = 0, minutes: int = 10, on: date = TOMORROW, is_open: bool = True) -> Slot:
    who = Practitioner.objects.order_by("license_no")[doctor]
    return Slot.objects.create(practitioner=who, starts_at=clock.at_seoul(on, minute), minutes=minutes, is_open=is_open)


@pytest.fixture
def people(hospital, morning, clerk):
    return [
        registration.register_patient(name=f"모의{n}", birth_on=date(1980, 1, 1), sex="F", by=clerk) for n in range(12)
    ]


def key_of(work, *args, **kwargs) -> str:
    with pytest.raises(DomainError) as refused:
        work(*args, **kwargs)
    return refused.value.key


def test_a_long_visit_closes_the_times_it_covers_and_a_person_is_in_one_place(people, clerk):
    long, inside, after, elsewhere = slot_at(540, minutes=30), slot_at(550), slot_at(570), slot_at(560, doctor=1)
    booking.book(slot_id=long.pk, patient_id=people[0].pk, by=clerk)
    assert key_of(booking.book, slot_id=inside.pk, patient_id=people[1].pk, by=clerk) == "reception.doctor_busy"
    assert (
        key_of(booking.book, slot_id=elsewhere.pk, patient_id=people[0].pk, by=clerk) == "reception.patient_elsewhere"
    )
    booking.book(slot_id=after.pk, patient_id=people[1].pk, by=clerk)  # 09:30 touches, it does not overlap
    booking.book(slot_id=elsewhere.pk, patient_id=people[2].pk, by=clerk)
    with pytest.raises(IntegrityError), transaction.atomic():  # whatever way it comes
        Appointment.objects.create(slot=inside, patient=people[3], starts_at=inside.starts_at, booked_at=clock.now())


def test_every_conflict_is_told_at_once_and_a_lead_squeezes_in_with_a_reason(people, clerk):
    long, inside, other = slot_at(540, minutes=30), slot_at(550, is_open=False), slot_at(550, doctor=1)
    booking.book(slot_id=long.pk, patient_id=people[0].pk, by=clerk)
    booking.book(slot_id=other.pk, patient_id=people[1].pk, by=clerk)
    found = conflicts(inside, people[1].pk)
    assert [row.key for row in found] == ["closed", "doctor_busy", "patient_busy"] and all(row.ways for row in found)
    assert (
        key_of(booking.squeeze_in, slot_id=inside.pk, patient_id=people[2].pk, reason=" ", by=clerk)
        == "reception.override_reason"
    )
    assert (
        key_of(booking.squeeze_in, slot_id=inside.pk, patient_id=people[1].pk, reason="의사 요청", by=clerk)
        == "reception.patient_elsewhere"
    )
    made = booking.squeeze_in(slot_id=inside.pk, patient_id=people[2].pk, reason="의사 요청", by=clerk)
    assert AuditEntry.objects.get(action="appointment.squeezed_in").subject_id == str(made.public_id)
    assert (
        key_of(booking.squeeze_in, slot_id=inside.pk, patient_id=people[3].pk, reason="또", by=clerk)
        == "reception.slot_taken"
    )


def test_a_held_time_is_its_holders_until_the_hold_runs_out(people, clerk):
    slot = slot_at(600)
    booking.hold(slot_id=slot.pk, holder="desk:1")
    booking.hold(slot_id=slot.pk, holder="desk:1")
    assert key_of(booking.hold, slot_id=slot.pk, holder="desk:2") == "reception.slot_held"
    assert key_of(booking.book, slot_id=slot.pk, patient_id=people[0].pk, by=clerk) == "reception.slot_held"
    doctor = [slot.practitioner_id]
    assert times.free(doctor, TOMORROW, TOMORROW) == [] and times.free(doctor, TOMORROW, TOMORROW, holder="desk:1") == [
        slot
    ]
    with clock.frozen(clock.now() + timedelta(minutes=4)):
        booking.hold(slot_id=slot.pk, holder="desk:2")
        booking.book(slot_id=slot.pk, patient_id=people[0].pk, by=clerk, holder="desk:2")
    assert not SlotHold.objects.exists()
    assert key_of(booking.hold, slot_id=slot.pk, holder="desk:3") == "reception.slot_taken"


def test_sixteen_who_hold_and_book_at_once_leave_one_booking(people, clerk):
    slot = slot_at(600)

    def choose(n: int) -> Appointment:
        booking.hold(slot_id=slot.pk, holder=f"desk:{n}")
        return booking.book(slot_id=slot.pk, patient_id=people[n % 12].pk, by=clerk, holder=f"desk:{n}")

    results = race(choose, range(64))
    assert sum(isinstance(row, Appointment) for row in results) == 1
    assert {row.key for row in results if isinstance(row, DomainError)} <= {
        "reception.slot_held",
        "reception.slot_taken",
    }


def test_a_freed_time_is_offered_in_order_and_one_of_those_who_accept_at_once_has_it(people, clerk):
    slot = slot_at(600)
    first = booking.book(slot_id=slot.pk, patient_id=people[0].pk, by=clerk)
    department = Department.objects.get(code="01")
    for person in people[1:9]:
        waiting_list.ask(
            patient_id=person.pk, department_id=department.pk, first_on=TOMORROW, last_on=TOMORROW, by=clerk
        )
    assert key_of(waiting_list.ask, patient_id=people[1].pk, department_id=department.pk, first_on=TOMORROW, last_on=TOMORROW, by=clerk) == "reception.waits_already"  # fmt: skip
    booking.cancel(appointment_id=first.pk, by=clerk)
    outbox.deliver_all()

    def asked():
        return [
            row.request.patient_id
            for row in SlotOffer.objects.filter(status="open").order_by("pk").select_related("request")
        ]

    assert asked() == [person.pk for person in people[1:4]]
    assert key_of(booking.book, slot_id=slot.pk, patient_id=people[10].pk, by=clerk) == "reception.slot_held"
    with clock.frozen(clock.now() + waiting_list.ANSWER_WITHIN):
        assert waiting_list.lapse() == 3
        assert asked() == [person.pk for person in people[4:7]]
        offers = [str(row.public_id) for row in SlotOffer.objects.filter(status="open").order_by("pk")]
        waiting_list.decline(public_id=offers[0], by=clerk)
        waiting_list.withdraw(request_id=WaitingRequest.objects.get(patient=people[7]).pk, by=clerk)
    results = race(lambda public_id: waiting_list.accept(public_id=public_id, by=clerk), offers[1:] * 8, threads=8)
    assert sum(isinstance(row, Appointment) for row in results) == 1
    assert {row.key for row in results if isinstance(row, DomainError)} == {"reception.offer_gone"}
    winner = Appointment.objects.get(slot=slot, status="booked")
    assert WaitingRequest.objects.get(patient_id=winner.patient_id).status == "booked"
    assert not SlotOffer.objects.filter(status="open").exists() and not SlotHold.objects.exists()


def test_a_month_counts_what_is_free_and_the_desk_books_moves_and_takes_the_calendar_file(people, user_of):
    slots = [slot_at(540 + 10 * n) for n in range(4)]
    client, person = Client(), people[0]
    client.force_login(user_of("reception"))
    page = client.get(f"/reception/bookings/times?department=01&on={TOMORROW}&patient={person.public_id}")
    assert page.status_code == 200 and "09:30" in page.text
    chosen = client.post("/reception/bookings/choose", {"slot": slots[0].pk, "patient": person.public_id})
    assert client.get(chosen["Location"]).status_code == 200 and SlotHold.objects.count() == 1
    client.post(f"/reception/bookings/times/{slots[0].pk}/confirm", {"patient": person.public_id})
    made = Appointment.objects.get()
    assert [(day.open, day.free) for day in times.month([slots[0].practitioner_id], TOMORROW) if day.open] == [(4, 3)]
    again = client.post(f"/reception/bookings/times/{slots[0].pk}/confirm", {"patient": people[1].public_id})
    refused = client.get(again["Location"])
    assert refused.status_code == 409 and "대기 명단" in refused.text
    assert (
        client.post(
            f"/reception/bookings/times/{slots[0].pk}/squeeze", {"patient": people[1].public_id, "reason": "x"}
        ).status_code
        == 403
    )
    client.post(f"/reception/bookings/times/{slots[1].pk}/confirm", {"move": made.pk})
    assert Appointment.objects.get(status="booked").slot == slots[1]
    file = client.get(f"/reception/bookings/{Appointment.objects.get(status='booked').public_id}/calendar.ics")
    assert "DTSTART:20261125T001000Z" in file.text and "모의" in file.text and person.name not in file.text
