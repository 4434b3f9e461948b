"""A thief has the whole data folder and a dump (도난된 데이터베이스): none of the planted names, numbers, phones, addresses or signatures is in it.

Planted through every door: the desk, the API with a repeated key, an import, consents, documents, notes, openings, messages,
merges, proposals, jobs, a search that fails. The keys lie outside the database; with them gone the values are noise.
"""

import base64
import json
import time
from datetime import date
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from tamna.core import audit, clock, outbox
from tamna.core.api import token_hash
from tamna.core.models import ApiToken, Department, Hospital
from tamna.patients import consent_forms, consents, documents, merging, openings, services
from tamna.patients.models import Coverage, Patient
from tamna.reception import services as reception

pytestmark = pytest.mark.django_db(transaction=True)
STARTED = time.time() - 60
NAME, OTHER, LATIN = "남궁탐라별", "독고한라솔", "Quillfeather Zinnia"
NUMBER, PASSPORT, CARD = "8005172719436", "QX7719436Z", "70719436255"
PHONE, ADDRESS = "01071943628", "제주시 비밀오름길 7194"
SIGNATURE = "M71,94L36,28L17,94L63,82L71,9"
TEXT = "주호소 비밀스러운두통 현병력 칠일구사"
PLANTED = (NAME, OTHER, LATIN, NUMBER, PASSPORT, CARD, PHONE, ADDRESS, SIGNATURE, TEXT, "비밀스러운두통", "비밀오름길")
WRITTEN = (f"{NUMBER[:6]}-{NUMBER[6:]}", f"{PHONE[:3]}-{PHONE[3:7]}-{PHONE[7:]}", "Quillfeather")


def disguises(text):
    """The bytes under which a text may lie in a file."""
    raw = text.encode()
    yield raw
    yield text.encode("utf-16-le")
    yield raw.hex().encode()
    yield json.dumps(text)[1:-1].encode()
    yield base64.b64encode(raw)[: len(raw) * 4 // 3 - 2]


@pytest.fixture
def planted(hospital, morning, clerk, user_of):
    """A hospital in which these people did everything that leaves a trace."""
    ApiToken.objects.create(
        name="t", hash=token_hash("secret"), scopes=["patients.register", "patients.see"], made_by="test"
    )
    api = Client(headers={"Authorization": "Bearer secret"})
    body = {"name": NAME, "phone": PHONE, "address": ADDRESS, "identity_kind": "rrn", "identity_number": NUMBER}
    for _ in range(2):
        reply = api.post("/api/v1/patients", body, "application/json", headers={"Idempotency-Key": "k"})
        assert reply.status_code == 200 and reply.json()["name"] == NAME
    one = Patient.objects.get()
    Coverage.objects.create(patient=one, payer="nhi", card_no=CARD, checked_on=clock.today(), checked_at=clock.now())
    other = services.register_patient(name=OTHER, birth_on=one.birth_on, sex=one.sex, phone=PHONE, by=clerk)
    guest = services.register_patient(
        name=LATIN, birth_on=date(1990, 1, 1), sex="F", identity=("passport", PASSPORT), is_restricted=True, by=clerk
    )
    user = user_of("front_lead")
    desk = Client()
    desk.force_login(user)
    for address in (
        f"/reception/?q={NAME}",
        f"/reception/?q={PHONE}",
        f"/search?q={NUMBER}",
        f"/patients/?q={LATIN}&format=csv",
    ):
        assert desk.get(address).status_code == 200
    desk.post("/reception/patients/check", {"kind": "rrn", "number": NUMBER, "name": NAME, "phone": PHONE})
    desk.post("/reception/patients/new", {"name": NAME, "kind": "rrn", "number": NUMBER})  # refused
    desk.post(f"/patients/{guest.public_id}/open", {"reason": "응급 진료 확인"})
    text = consent_forms.form_of("survey", clock.today()).text("ko")
    consents.answer(
        patient_id=one.pk,
        purpose="survey",
        language="ko",
        shown=text.digest,
        is_given=True,
        signature=SIGNATURE,
        by=clerk,
    )
    documents.file(patient_id=one.pk, title=f"{NAME} 외래기록", text=TEXT, written_on=clock.today(), by=clerk)
    documents.file(
        patient_id=one.pk,
        title="스캔",
        content=f"{NAME} {TEXT}".encode(),
        media_type="image/png",
        written_on=clock.today(),
        by=clerk,
    )
    ticket = reception.receive(
        patient_id=one.pk, department_id=Department.objects.get(code="01").pk, payer="self", by=clerk
    )
    reception.call_next(department_id=ticket.department_id, by=clerk)
    reception.move(ticket_id=ticket.pk, step="enter", by=clerk)
    reception.finish(encounter_id=ticket.encounter_id, diagnoses=[("principal", "Z00.0")], by=clerk)
    merging.merge(kept_id=one.pk, gone_id=other.pk, reason="본인 확인", by=clerk)
    outbox.deliver_all()
    assert openings.is_open(user, guest)
    audit.seal()
    return one


def test_neither_the_files_nor_a_dump_nor_the_logs_hold_what_was_planted(planted, capfd):
    needles = {form for text in (*PLANTED, *WRITTEN) for form in disguises(text)}
    shown = lambda raw: sorted(needle for needle in needles if needle in raw)  # noqa: E731
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
        cursor.execute(
            "SELECT current_setting('data_directory'), oid FROM pg_database WHERE datname = current_database()"
        )
        folder, database = cursor.fetchone()
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        held = 0
        for (table,) in cursor.fetchall():
            with cursor.copy(f'COPY "{table}" TO STDOUT') as dump:
                text = b"".join(bytes(part) for part in dump)
            held += len(text)
            assert not shown(text), table
    places = [Path(folder) / "base" / str(database), Path(folder) / "global", Path(folder) / "pg_wal"]
    files = [
        path for place in places for path in place.rglob("*") if path.is_file() and path.stat().st_mtime >= STARTED
    ]
    assert [path.name for path in files if shown(path.read_bytes())] == []
    assert (
        held > 50_000
        and sum(path.stat().st_size for path in files) > 10_000_000
        and any(path.parent.name == "pg_wal" for path in files)
    )
    said = "".join(capfd.readouterr())
    assert not shown(said.encode())
    assert Patient.objects.get(pk=planted.pk).name == NAME  # with the keys it opens


def test_the_search_for_it_finds_what_is_left_in_clear(hospital, morning):
    """The proof proves: a name written in clear anywhere would have been seen."""
    Hospital.objects.update(name_en=NAME)
    with connection.cursor() as cursor, cursor.copy("COPY core_hospital TO STDOUT") as dump:
        text = b"".join(bytes(part) for part in dump)
    assert any(form in text for form in disguises(NAME))
