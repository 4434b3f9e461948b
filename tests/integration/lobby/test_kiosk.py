"""What the kiosk's page asks: who somebody is, what is confirmed, one reception a key; and what is refused."""

import json
import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from tamna.connect.errors import Unreachable
from tamna.core import clock
from tamna.core.models import AuditEntry, Practitioner
from tamna.lobby import codes
from tamna.lobby.models import CheckIn, CheckInCode
from tamna.patients.models import Patient
from tamna.patients.services import register_patient
from tamna.reception import services as reception
from tamna.reception.models import Slot, Ticket
from tests.integration.lobby.patients import device_client

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def hong(hospital, morning, clerk):
    return register_patient(name="홍길동", phone="010-1234-2214", identity=("rrn", resident("550412-2")), by=clerk)


def resident(front: str) -> str:
    """A possible number that belongs to nobody."""
    from tamna.patients import identifiers

    said = (identifiers.parse("rrn", f"{front}{tail:06d}", clock.today()) for tail in range(10**6))
    return next(one.number for one in said if one and one.check_digit_ok)


@pytest.fixture
def booking(hong, clerk):
    """Today at eleven, orthopaedics."""
    doctor = Practitioner.objects.get(license_no="90002")
    slot = Slot.objects.create(practitioner=doctor, starts_at=clock.at_seoul(clock.today(), 11 * 60))
    return reception.book(slot_id=slot.pk, patient_id=hong.pk, by=clerk)


@pytest.fixture
def kiosk():
    client = device_client()

    def ask(what, language="ko", **given):
        answer = client.post(f"/lobby/kiosk/{what}", json.dumps({"language": language, **given}), "application/json")
        return answer.status_code, answer.json()

    ask.client = client
    return ask


@pytest.mark.parametrize("sign", ["phone", "chart", "resident", "card"])
def test_a_patient_is_recognised_by_each_sign_and_shown_masked(hong, kiosk, sign):
    value = {
        "phone": "01012342214",
        "chart": hong.chart_no.lstrip("0"),
        "card": hong.chart_no,
        "resident": resident("550412-2"),
    }[sign]
    status, found = kiosk("who", kind=sign, value=value, birth="19550412" if sign in ("phone", "chart") else "")
    assert (
        status == 200
        and found["name"] == "홍*동"
        and found["phone"] == "010-****-2214"
        and found["born"] == "1955. **. **"
    )
    assert not found["stale"] and found["bookings"] == []
    told = json.dumps(found, ensure_ascii=False)
    assert "홍길동" not in told and "2214" in told and "12342214" not in told and resident("550412-2") not in told
    row = AuditEntry.objects.get(action="patient.recognised")
    assert row.detail == {"sign": sign} and row.actor_name == "kiosk:로비 1"


def test_who_does_not_fit_is_refused_in_their_language_and_then_sent_to_the_desk(hong, kiosk):
    for birth in ("19550413", "", "abc", "19551345"):
        status, refused = kiosk("who", language="zh-hans", kind="phone", value="01012342214", birth=birth)
        assert status == 409 and refused["refused"] == "lobby.unknown_person" and "没有找到" in refused["sentence"]
    for _ in range(6):
        kiosk("who", kind="chart", value="99999999", birth="19550412")
    status, refused = kiosk("who", kind="phone", value="01012342214", birth="19550412")  # the right one, too late
    assert refused["refused"] == "lobby.too_many_tries"


def test_an_insurer_that_is_away_stops_nobody(hong, booking, kiosk, monkeypatch):
    from tamna.patients import services as registration

    def away(question):
        raise Unreachable("nhis")

    monkeypatch.setattr(registration.nhis, "check", away)
    _, found = kiosk("who", language="en", kind="card", value=hong.chart_no)
    assert "cannot be asked" in found["insurance_note"] and not found["insurance_fresh"]
    status, issued = kiosk(
        "receive", language="ja", key=str(uuid4()), proof=found["proof"], appointment=found["bookings"][0]["id"]
    )
    assert status == 200 and issued["number"] == 1 and issued["department"] == "整形外科" and "分" in issued["wait"]


def test_the_same_wish_is_one_ticket_and_another_wish_the_same(hong, booking, kiosk):
    _, found = kiosk("who", kind="card", value=hong.chart_no)
    assert [row["time"] for row in found["bookings"]] == ["11:00"]
    wish = {"key": str(uuid4()), "proof": found["proof"], "appointment": found["bookings"][0]["id"], "slip": "B417"}
    first, again = kiosk("receive", **wish)[1], kiosk("receive", **wish)[1]
    other = kiosk("receive", **{**wish, "key": str(uuid4()), "appointment": "", "department": "05"})[1]
    assert first["number"] == again["number"] == other["number"] and Ticket.objects.count() == 1
    booking.refresh_from_db()
    assert booking.status == "arrived" and booking.encounter.tickets.get().number == first["number"]
    assert {row.ticket.number for row in CheckIn.objects.all()} == {first["number"]}


def test_what_was_typed_while_the_server_was_away_is_received_later_or_left_to_the_desk(hong, booking, kiosk, user_of):
    status, issued = kiosk(
        "receive", key=str(uuid4()), kind="phone", value="01012342214", birth="19550412", slip="A001"
    )
    assert status == 200 and issued["department"] == "정형외과"  # whichever booking is today's
    key = str(uuid4())
    for _ in range(2):
        status, left = kiosk("receive", key=key, kind="phone", value="01099999999", birth="19550412", slip="A002")
        assert status == 200 and left["refused"] == "lobby.unknown_person"
    left = CheckIn.objects.get(slip="A002")
    desk = Client()
    desk.force_login(user_of("reception"))
    assert left.ticket is None and "A002" in desk.get("/slips").content.decode()
    desk.post(f"/slips/{left.pk}/helped")
    assert "A002" not in desk.get("/slips").content.decode()
    assert "01099999999" not in str(CheckIn.objects.values()) + str(AuditEntry.objects.values())


def test_a_proof_is_one_devices_and_a_found_card_changes_no_phone(hong, kiosk):
    _, found = kiosk("who", kind="phone", value="01012342214", birth="19550412")
    other = device_client(name="로비 2")
    answer = other.post(
        "/lobby/kiosk/contact", json.dumps({"proof": found["proof"], "phone": "01000000000"}), "application/json"
    )
    assert answer.status_code == 409
    by_card = kiosk("who", kind="card", value=hong.chart_no)[1]["proof"]
    assert kiosk("contact", proof=by_card, phone="01000000000")[1]["refused"] == "lobby.ask_desk"
    assert Patient.objects.get().phone == "010-1234-2214"
    assert kiosk("contact", proof=found["proof"], phone="010-5555-6666")[0] == 200
    assert kiosk("who", kind="phone", value="01055556666", birth="19550412")[0] == 200


def test_a_wish_of_yesterday_and_a_broken_one_receive_nobody(hong, booking, kiosk):
    sign = {"kind": "chart", "value": hong.chart_no, "birth": "19550412"}
    status, left = kiosk("receive", key=str(uuid4()), slip="C003", made=int((time.time() - 86_400) * 1000), **sign)
    assert status == 200 and left["refused"] == "lobby.ask_desk" and CheckIn.objects.get().ticket is None
    assert kiosk("receive", key="x", **sign)[1]["refused"] == "lobby.ask_desk" and not Ticket.objects.exists()


def test_a_stale_contact_is_asked_and_a_confirmed_one_is_not(hong, kiosk):
    Patient.objects.update(contact_checked_on=clock.today() - timedelta(days=400))
    _, found = kiosk("who", kind="card", value=hong.chart_no)
    assert found["stale"] and kiosk("contact", proof=found["proof"], phone="")[0] == 200
    assert (
        Patient.objects.get().phone == "010-1234-2214"
        and not kiosk("who", kind="card", value=hong.chart_no)[1]["stale"]
    )


def test_a_code_checks_in_once_on_its_day(hong, booking, kiosk, morning):
    text = codes.text_of(codes.make(booking))
    assert codes.make(booking).pk == CheckInCode.objects.get().pk  # the one that waits is shown again
    with clock.frozen(morning - timedelta(days=1)):
        assert kiosk("who", kind="code", value=text)[1]["refused"] == "lobby.code_too_early"
    _, found = kiosk("who", kind="code", value=text)
    assert kiosk("receive", key=str(uuid4()), proof=found["proof"], code=text)[1]["number"] == 1
    assert kiosk("who", kind="code", value=text)[1]["refused"] == "lobby.code_used"  # a copy
    assert kiosk("receive", key=str(uuid4()), proof=found["proof"], code=text)[1]["refused"] == "lobby.code_used"
    for made_up in (text[:-1], text.replace("TAMNA:", "TAMNA:0"), "TAMNA:x", "https://elsewhere.example"):
        assert kiosk("who", kind="code", value=made_up)[1]["refused"] == "lobby.code_unreadable"


def test_an_expired_code_and_one_of_a_cancelled_booking_are_refused(hong, booking, kiosk, clerk, morning):
    text = codes.text_of(codes.make(booking))
    with clock.frozen(morning + timedelta(days=1)):
        assert kiosk("who", kind="code", value=text)[1]["refused"] == "lobby.code_expired"
    reception.cancel(appointment_id=booking.pk, by=clerk)
    assert kiosk("who", kind="code", value=text)[1]["refused"] == "lobby.code_cancelled"


def test_help_tells_the_desk_and_the_page_holds_four_languages(hospital, morning, kiosk, user_of):
    from tamna.core.models import Notification

    user_of("reception")
    assert kiosk("help")[0] == 200 and Notification.objects.get(kind="kiosk.help").facts == {"device": "로비 1"}
    page = kiosk.client.get("/lobby/kiosk").content.decode()
    assert all(
        word in page
        for word in ("어떻게 찾아 드릴까요?", "How shall we find you?", "用哪种方式查找您", "どの方法でお探ししますか")
    )
    assert "整形外科" in page and "骨科" in page


def test_the_desk_reads_the_same_code(hong, booking, user_of):
    desk = Client()
    desk.force_login(user_of("reception"))
    text = codes.text_of(codes.make(booking))
    assert "홍*동" in desk.get("/reception/", {"q": text}).content.decode()
    desk.post(
        "/reception/receive",
        {"patient": hong.public_id, "department": booking.slot.practitioner.department_id, "appointment": booking.pk},
    )
    again = desk.get("/reception/", {"q": text})
    assert again.status_code == 409 and "이미 쓰인 코드" in again.content.decode()


def test_a_booking_is_told_once_in_the_patients_language(hong, booking, monkeypatch, settings):
    from tamna.connect import messaging
    from tamna.patients import sending
    from tamna.reception import communications

    sent = []
    monkeypatch.setattr(sending, "send", lambda message: sent.append(message) or messaging.Sent(message_id="m1"))
    settings.PATIENT_URL = "http://testserver"
    Patient.objects.update(language="ja")
    booking.patient.refresh_from_db()
    row = communications.tell("booking", booking.patient, f"booking:{booking.public_id}", appointment=booking)
    assert row and communications.tell("booking", booking.patient, row.key, appointment=booking) is None
    for _ in range(2):
        communications.send(row.pk)
    (message,) = sent
    assert "整形外科" in message.text and "11:00" in message.text and "2026年11月24日（火）" in message.text
    phone = Client()
    phone.get(message.text.rsplit("http://testserver", 1)[1])
    page = phone.get("/lobby/me").content.decode()
    assert "このQRで受付" in page and 'class="qr"' in page
