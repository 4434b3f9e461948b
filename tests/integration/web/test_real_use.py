"""An empty hospital becomes a working one: first run, accounts, doctors' hours, fee master, a visit, money, the day's close."""

import io
import re
from datetime import time, timedelta

import pyotp
import pytest
from django.test import Client

from tamna.billing import fees
from tamna.billing.models import CashClosing, FeeImport, FeeItem, Invoice
from tamna.core import accounts, audit, clock, connections, crypto, outbox, rotation, staff
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.home import folder
from tamna.core.models import AuditEntry, Department, Hospital, KeyRotation, Practitioner, User
from tamna.patients.models import Identity, Patient
from tamna.patients.services import register_patient
from tamna.reception import hours
from tamna.reception.models import Slot, Ticket

pytestmark = pytest.mark.django_db(transaction=True)
IT = Actor("person", "it.kim", role="it", team="it")
PASSWORD = "고래가 뛰노는 바다 7"
MASTER = """수가코드,적용일자,적용종료일,한글명,영문명,상대가치점수,단가,항,목,코드구분,급여구분,종별가산
AA156,20260101,,초진진찰료 종합병원,First visit,229.71,,01,01,1,급여,미적용
AA256,20260101,,재진진찰료 종합병원,Follow-up,172.75,,01,02,1,급여,미적용
BAD,2026-13-01,,날짜가 틀린 줄,,,10,03,01,3,급여,
650000010,20260101,,예시정 5밀리그램,,,120,03,01,3,급여,미적용
"""


def file_of(text: str, name: str, encoding: str = "utf-8"):
    found = io.BytesIO(text.encode(encoding))
    found.name = name
    return found


def given_in(answer) -> str:
    """The temporary password that a page shows once."""
    assert answer["Cache-Control"] == "no-store"
    return re.search(r'<code id="given">([^<]+)</code>', answer.content.decode())[1]


def signed_in(username: str, temporary: str) -> Client:
    """A person who changes the temporary password first, as everybody must."""
    client = Client()
    answer = client.post("/sign-in", {"username": username, "password": temporary})
    assert answer["Location"] == "/account"
    assert client.get("/")["Location"] == "/account"  # nothing else opens
    asked = client.get("/connections/badges", HTTP_HX_REQUEST="true")
    assert asked.status_code == 204 and "HX-Redirect" not in asked  # nor does the page load itself for ever
    step = {"step": "password", "old": temporary, "password": PASSWORD, "again": PASSWORD}
    assert client.post("/account", step).status_code == 200
    assert client.get("/").status_code == 200
    return client


def test_an_empty_hospital_is_set_up_and_takes_its_first_money(db, morning):
    (folder("keys", private=True) / "setup.code").write_text("abcd-efgh")
    it = Client()
    assert it.get("/sign-in")["Location"] == "/first-run"
    assert it.post("/first-run", {"setup_code": "wrong"}).status_code == 422
    it.post("/first-run", {"setup_code": "ABCD-EFGH"})
    facts = {
        "name_ko": "서귀포 시험병원",
        "institution_id": "39100103",
        "institution_class": "general",
        "address": "제주",
    }
    assert it.post("/first-run", {**facts, "institution_id": "12"}).status_code == 422
    it.post("/first-run", facts)
    again = Client()  # left, and taken up by somebody who knows the code
    assert "setup_code" in again.get("/first-run").content.decode()
    again.post("/first-run", {"setup_code": "abcd-efgh"})
    again.post("/first-run", {"departments": ["01", "05"]})
    person = {"username": "it.kim", "person_ko": "김전산", "password": "1234567890", "again": "1234567890"}
    assert again.post("/first-run", person).status_code == 422
    assert again.post("/first-run", {**person, "password": PASSWORD, "again": PASSWORD})["Location"] == "/sign-in"
    assert again.get("/first-run").status_code == 403 and not (folder("keys") / "setup.code").exists()

    it = Client()
    page = it.get("/sign-in").content.decode()
    assert "/door/" not in page and it.post("/door/it.kim").status_code == 404
    it.post("/sign-in", {"username": "it.kim", "password": PASSWORD})
    page = it.get("/setup").content.decode()
    assert page.count("아직") >= 4 and 'class="synthetic"' not in page

    desk = signed_in(
        "park.js", given_in(it.post("/accounts/new", {"username": "park.js", "name_ko": "박접수", "role": "reception"}))
    )
    listed = "사용자명,이름,역할\nlee.sn,이수납,cashier\nbad name,틀림,cashier\nlee.sn,이수납,nobody\n"
    page = it.post("/accounts/list", {"file": file_of(listed, "staff.csv", "cp949")}).content.decode()
    assert User.objects.get(username="lee.sn").role == "cashier" and page.count('<td class="number">') == 2
    till = signed_in("lee.sn", re.search(r"<code>(\w{4}-\w{4}-\w{4}-\w{4})</code>", page)[1])

    made = it.post(
        "/reception/doctors", {"license_no": "90001", "name_ko": "내과 의사", "department": "01", "room": "1진료실"}
    )
    week = {"step": "week", "minutes": "15", "valid_from": "2026-11-24"}
    week |= {f"am_from_{day}": "09:00" for day in range(5)} | {f"am_to_{day}": "12:00" for day in range(5)}
    assert it.post(made["Location"], week).status_code == 302
    first = Slot.objects.order_by("starts_at").first()
    assert first.starts_at.astimezone(clock.SEOUL).time() == time(10, 45) and first.minutes == 15
    assert not Slot.objects.filter(starts_at__date="2026-12-25").exists()  # a holiday

    patient = register_patient(name="홍길동", birth_on=morning.date() - timedelta(days=9000), sex="F", by=IT)
    doctor = Department.objects.get(code="01")
    received = desk.post("/reception/receive", {"patient": patient.public_id, "department": doctor.pk})
    assert received["Location"].startswith("/reception/tickets/")
    ticket = Ticket.objects.get()
    desk.post("/reception/board/01/call")
    for step in ("enter", "finish"):
        desk.post(f"/reception/tickets/{ticket.pk}/{step}")
    outbox.deliver_all()
    assert not Invoice.objects.exists()  # no master yet: the visit waits, nothing stands on a simulated price

    uploaded = it.post("/billing/fees", {"file": file_of(MASTER, "master.csv")})
    run = FeeImport.objects.get()
    fees.take(fees.kept_path(run.digest), run.name, by=IT)  # as the job does
    page = it.get(uploaded["Location"]).content.decode()
    assert "날짜는 2026-01-01" in page and FeeItem.objects.count() == 3
    assert fees.bill_waiting(by=IT) == 1

    bill = Invoice.objects.get()
    assert bill.patient_won == bill.total_won > 0  # nobody could say who insures the patient
    paid = {"tender": "cash", "amount": bill.patient_won, "key": "k1"}
    assert desk.post(f"/billing/{bill.public_id}/pay", paid).status_code == 403  # not a cashier
    for _ in range(2):  # a double click
        till.post(f"/billing/{bill.public_id}/pay", paid)
    assert till.post(f"/billing/{bill.public_id}/pay", {**paid, "tender": "card", "key": "k2"}).status_code == 409
    till.post("/billing/closing/count", {"note-10": str(bill.patient_won // 10)})
    till.post("/billing/closing/close")
    closed = CashClosing.objects.get()
    assert closed.expected_cash_won == closed.counted_cash_won == bill.patient_won and closed.difference_won == 0
    assert audit.verify().ok


def test_accounts_are_guarded(hospital, morning, user_of):
    only = user_of("it")
    with pytest.raises(DomainError, match="last_it"):
        staff.set_active(user_id=only.pk, is_active=False, by=IT)
    with pytest.raises(DomainError, match="last_it"):
        staff.change(user_id=only.pk, name_ko="가", role="cashier", by=IT)
    clerk = user_of("cashier")
    client = Client()
    client.force_login(clerk)
    assert client.get("/").status_code == 200
    staff.end_sessions(user_id=clerk.pk, by=IT)
    assert client.get("/")["Location"].startswith("/sign-in")
    client.force_login(User.objects.get(pk=clerk.pk))
    staff.set_active(user_id=clerk.pk, is_active=False, by=IT)
    assert client.get("/")["Location"].startswith("/sign-in")
    given = staff.reset_password(user_id=clerk.pk, by=IT)
    staff.set_active(user_id=clerk.pk, is_active=True, by=IT)
    User.objects.filter(pk=clerk.pk).update(temporary_until=clock.now() - timedelta(days=9000))
    with pytest.raises(DomainError, match="temporary_expired"):
        accounts.sign_in("cashier", given)
    assert {"account.disabled", "sessions.ended", "password.reset"} <= set(
        AuditEntry.objects.values_list("action", flat=True)
    )
    assert given not in " ".join(str(row) for row in AuditEntry.objects.values())


def test_a_code_and_a_recovery_code_open_once(hospital, morning, user_of):
    user = user_of("claims")
    secret, _ = accounts.enrol_totp(user)
    codes = accounts.activate_totp(user, secret, pyotp.TOTP(secret).now())
    code = pyotp.TOTP(secret).now()
    assert accounts.sign_in("claims", "correct horse battery", code) == user
    for used in (code, "000000"):
        with pytest.raises(DomainError, match="sign_in_failed"):
            accounts.sign_in("claims", "correct horse battery", used)
    assert accounts.sign_in("claims", "correct horse battery", codes[0]) == user
    with pytest.raises(DomainError, match="sign_in_failed"):
        accounts.sign_in("claims", "correct horse battery", codes[0])


def test_a_week_moves_and_a_booked_time_stays(hospital, morning):
    from tamna.reception import services

    doctor = Practitioner.objects.get(license_no="90001")
    monday = hours.Block(0, time(9), time(10))
    assert (
        hours.set_week(practitioner_id=doctor.pk, blocks=[monday], minutes=30, valid_from=morning.date(), by=IT) == 16
    )
    patient = Patient.objects.create(chart_no="1", name="가", birth_on="1980-01-01", sex="F", registered_at=morning)
    slot = Slot.objects.order_by("starts_at").first()
    services.book(slot_id=slot.pk, patient_id=patient.pk, by=IT)
    on = clock.business_day(slot.starts_at)
    away = hours.add_absence(practitioner_id=doctor.pk, first_on=on, last_on=on, reason="학회", by=IT)
    assert [row.slot_id for row in hours.stranded(doctor.pk)] == [slot.pk]
    assert Slot.objects.filter(is_open=True).count() == 14
    hours.remove_absence(absence_id=away.pk, by=IT)
    assert hours.open_ahead() == 16 and not hours.stranded(doctor.pk)
    with pytest.raises(DomainError, match="hours_overlap"):
        overlapping = [monday, hours.Block(0, time(9, 30), time(11))]
        hours.set_week(practitioner_id=doctor.pk, blocks=overlapping, minutes=30, valid_from=morning.date(), by=IT)


def test_a_rotation_goes_on_after_a_stop_and_seals_everything_again(hospital, morning, monkeypatch, user_of):
    user = user_of("it")
    secret, _ = accounts.enrol_totp(user)
    accounts.activate_totp(user, secret, pyotp.TOTP(secret).now())
    for number in range(1, 6):
        register_patient(name=f"홍길{number}", birth_on=morning.date(), sex="F", phone="010-0000-0000", by=IT)
    monkeypatch.setattr(rotation, "BATCH", 2)
    started = rotation.start(by=IT)
    with pytest.raises(DomainError, match="rotation_runs"):
        rotation.start(by=IT)
    rotation.go_on(seconds=0)  # stopped after the first batch
    stopped = KeyRotation.objects.get()
    assert 0 < stopped.done < stopped.total and stopped.finished_at is None
    assert sorted(row.name for row in Patient.objects.all())[0] == "홍길1"  # old and new open side by side
    KeyRotation.objects.update(started_at=stopped.started_at - timedelta(minutes=5))
    done = rotation.go_on()
    assert done.finished_at and done.done == done.total
    assert sum(rotation.count_old(column, started.key_id) for column in rotation.columns()) == 0
    user.refresh_from_db()
    assert crypto.unseal(bytes(user.totp_secret), accounts.LABEL) == secret
    assert sorted(row.name for row in Patient.objects.all())[-1] == "홍길5" and not Identity.objects.exists()


def test_a_fee_file_goes_on_ends_and_never_overwrites(db, tmp_path, monkeypatch):
    monkeypatch.setattr(fees, "BATCH", 1)
    path = tmp_path / "master.csv"
    path.write_text(MASTER, encoding="cp949")
    take = fees._take_batch
    calls = []

    def dies_at_the_third(*args):
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return take(*args)

    monkeypatch.setattr(fees, "_take_batch", dies_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        fees.take(path, "master.csv", by=IT)
    assert FeeImport.objects.get().read == 2
    monkeypatch.setattr(fees, "_take_batch", take)
    run = fees.take(path, "master.csv", by=IT)
    assert (run.read, run.added, run.refused, FeeItem.objects.count()) == (4, 3, 1, 3)
    assert fees.take(path, "master.csv", by=IT).read == 4  # nothing again
    path.write_text(MASTER.replace("229.71", "300").replace("650000010,20260101,,", "650000010,20260101,20261231,"))
    run = fees.take(path, "changed.csv", by=IT)
    assert (run.added, run.ended, run.same, run.refused) == (0, 1, 1, 2)
    assert {row["key"] for row in run.refusals} == {"differs", "bad_date"}
    path.write_bytes(b"\x00\x01 no table")
    with pytest.raises(DomainError, match="fees_unreadable"):
        fees.take(path, "broken.csv", by=IT)


def test_in_real_use_an_unset_system_is_nowhere_and_a_kept_secret_stays_hidden(hospital, morning, user_of, monkeypatch):
    from tamna.connect import systems

    monkeypatch.delenv("TAMNA_CARD_URL", raising=False)
    assert systems.CARD.url == "" and not systems.probe(systems.CARD).connected
    client = Client()
    client.force_login(user_of("it"))
    form = {"url": "https://pos.example.kr/", "user_name": "", "secret": "s3cret-token"}
    assert client.post("/connections/card/address", form).status_code == 302
    assert systems.CARD.address.headers == {"Authorization": "Bearer s3cret-token"}
    assert client.post("/connections/card/address", {"url": "file:///etc/passwd"}).status_code == 409
    monkeypatch.setattr(systems, "probe_all", lambda: [])
    client.post("/connections/card/address", {**form, "secret": ""})
    connections.forget()
    assert systems.CARD.address.secret == "s3cret-token"
    Hospital.objects.update(is_synthetic=True)
    client.post("/connections/card/address", {"url": ""})
    connections.forget()
    assert systems.CARD.url.startswith("http://127.0.0.1:")
