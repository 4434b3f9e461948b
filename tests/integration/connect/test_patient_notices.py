"""What patients are told, over the carrier's wire: once, by the next channel where one fails, not at night, not unwanted."""

import os
import signal
import subprocess
import sys
import time
from datetime import date, timedelta

import httpx
import pytest
from django.db import connection

from tamna.connect.errors import Unreachable
from tamna.core import clock, outbox
from tamna.core.models import Department, Practitioner
from tamna.reception import booking, communications, services
from tamna.reception.models import Communication, Slot

pytestmark = pytest.mark.django_db(transaction=True)
TOMORROW = date(2026, 11, 25)


@pytest.fixture
def told(world, patient, clerk):
    """A booking of tomorrow whose notice waits to be sent."""
    slot = Slot.objects.create(practitioner=Practitioner.objects.first(), starts_at=clock.at_seoul(TOMORROW, 600))
    booking.book(slot_id=slot.pk, patient_id=patient.pk, by=clerk)
    outbox.deliver_all()
    outbox.replay("reception.tell_booking")
    outbox.deliver_all()
    return Communication.objects.get()


def test_every_notice_has_four_languages_with_the_same_facts(patient):
    for kind, languages in communications.texts().items():
        assert set(languages) == set(communications.LANGUAGES), kind
    patient.language = "zh-Hans"
    patient.save(update_fields=["language"])
    department = Department.objects.get(code="01")
    ticket = services.receive(
        patient_id=patient.pk, department_id=department.pk, by=communications.Actor.system("test")
    )
    row = communications.tell("turn", patient, "turn:x", ticket=ticket)
    assert "内科" in communications.written(row) and str(ticket.number) in communications.written(row)


def test_the_next_channel_is_tried_only_where_the_carrier_says_that_one_failed(told, world, patient):
    patient.phone = "01000000007"  # has no KakaoTalk
    patient.save(update_fields=["phone"])
    assert communications.send(told.pk) == "sent"
    told.refresh_from_db()
    assert (told.channel, told.failed_channels, told.cost_won) == ("sms", ["kakao"], 9)
    assert communications.collect() == 1
    told.refresh_from_db()
    assert told.status == "delivered" and communications.send(told.pk) == "delivered"


def test_what_does_not_arrive_goes_by_the_next_and_what_has_none_left_is_said_to_have_failed(told, world):
    world["messaging"].fault(lie_rate=1)
    assert communications.send(told.pk) == "sent"
    for channel in ("kakao", "sms"):
        told.refresh_from_db()
        assert told.channel == channel
        communications.collect()
        communications.send(told.pk)
    told.refresh_from_db()
    assert (told.status, told.failed_channels, told.cost_won) == ("failed", ["kakao", "sms"], 16)


def test_a_sender_killed_after_the_carrier_took_it_sends_nothing_twice(told, world):
    world["messaging"].fault(delay_s=2)
    env = {**os.environ, "DATABASE_URL": "", "TAMNA_TEST_DB": connection.settings_dict["NAME"]}
    code = (
        "import os, django; django.setup()\n"
        "from django.db import connections\n"
        "connections['default'].settings_dict['NAME'] = os.environ['TAMNA_TEST_DB']\n"
        "from tamna.core import clock\nfrom datetime import datetime\n"
        f"with clock.frozen(datetime.fromisoformat('{clock.now().isoformat()}')):\n"
        f"    from tamna.reception import communications; print('go', flush=True); communications.send({told.pk})\n"
    )
    env = {key: value for key, value in env.items() if value} | {"DJANGO_SETTINGS_MODULE": "tamna.web.settings"}
    sender = subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True)
    assert sender.stdout.readline().strip() == "go"
    time.sleep(1)
    sender.send_signal(signal.SIGKILL)
    sender.wait()
    told.refresh_from_db()
    assert told.status == "waiting"  # nothing is known here, the carrier may have it
    world["messaging"].fault(delay_s=0, lost_rate=1)
    with pytest.raises(Unreachable):
        communications.send(told.pk)
    world["messaging"].quiet()
    before = httpx.get(f"{world['messaging'].url}/count").json()
    assert communications.send(told.pk) == communications.send(told.pk) == "sent"
    assert httpx.get(f"{world['messaging'].url}/count").json() == before


def test_night_waits_for_the_morning_a_wish_is_kept_and_what_is_no_longer_true_is_not_sent(told, patient, clerk):
    night = clock.at_seoul(TOMORROW, 22 * 60)
    assert communications.due("reminder", night) == clock.at_seoul(TOMORROW + timedelta(days=1), 8 * 60)
    assert communications.due("reminder", clock.at_seoul(TOMORROW, 5 * 60)) == clock.at_seoul(TOMORROW, 8 * 60)
    assert communications.due("turn", night) == night
    communications.choose(patient=patient, opted_out=["reminder"], email="a@example.org", by=clerk)
    row = communications.tell("reminder", patient, "reminder:x", appointment=told.appointment)
    assert communications.send(row.pk) == "dropped"
    row.refresh_from_db()
    assert row.reason == "opted_out"
    booking.cancel(appointment_id=told.appointment_id, by=clerk)
    told = Communication.objects.select_related("patient").get(pk=told.pk)
    assert communications.send(told.pk) == "dropped"


def test_those_next_in_the_queue_are_told_and_a_result_once(world, patient, clerk, hospital):
    from tamna.patients import services as registration

    department = Department.objects.get(code="01")
    people = [patient, *(registration.register_patient(name=f"모의{n}", birth_on=date(1980, 1, 1), sex="F", phone="01000000002", by=clerk) for n in range(4))]  # fmt: skip
    tickets = [services.receive(patient_id=person.pk, department_id=department.pk, by=clerk) for person in people]
    services.call_next(department_id=department.pk, by=clerk)
    for _ in range(2):
        services.announce_result(encounter=tickets[0].encounter, report="L1", by=clerk)
    outbox.deliver_all()
    assert list(Communication.objects.filter(kind="turn").order_by("pk").values_list("ticket_id", flat=True)) == [
        tickets[1].pk,
        tickets[2].pk,
    ]
    assert Communication.objects.filter(kind="result").count() == 1
