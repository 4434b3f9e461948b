"""Disposal by two people: what is due and what is held, erased for good, the books untouched; documents and their classes."""

from datetime import date, timedelta

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.utils import timezone

from tamna.core import clock, crypto, outbox, rotation
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.fields import EncryptedTextField
from tamna.core.models import DataKey, Department, KeyRotation
from tamna.engines.filing import CLASSES, classify
from tamna.ledger.models import JournalLine
from tamna.patients import disposal, documents, retention, services
from tamna.patients.models import Disposal, FiledDocument, Identity, Patient
from tamna.reception import services as reception
from tests.integration.conftest import TUESDAY

pytestmark = pytest.mark.django_db(transaction=True)
BORN = date(1950, 5, 17)
PAPERS = (  # made up
    ("처방전", "교부번호 12 1일 투여횟수 3 총 투약일수 5", "prescription"), ("수술기록지", "수술명 충수절제술 집도의 소견", "surgery"),
    ("혈액 검사결과", "혈색소 13.2 참고치 12–16", "test"), ("흉부 CT 판독", "조영 증강 단층 촬영, 우상엽 음영", "imaging"),
    ("간호기록", "활력징후 안정, 낙상 위험 낮음", "nursing"), ("입퇴원확인서", "용도 보험회사 제출", "certificate"),
    ("외래기록", "주호소 기침 현병력 3일 전부터", "chart"), ("수술 동의서", "합병증과 후유증 설명을 들었으며 동의합니다", "consent"),
    ("진료의뢰서", "상급종합병원 의뢰사유", "referral"), ("조산기록", "분만 2기 태아심음 정상", "midwifery"),
)  # fmt: skip


@pytest.fixture
def two(user_of):
    """Two people who may."""
    return [
        Actor("person", user.username, user.pk, user.role, user.team) for user in (user_of("it"), user_of("auditor"))
    ]


@pytest.fixture
def old_patient(hospital, clerk):
    """Here once in 2014, with a bill, a number, a document; nothing since."""
    with clock.frozen(TUESDAY.replace(year=2014)):
        patient = services.register_patient(
            name="옛환자", phone="01098765432", address="제주시 옛길 1", identity=("rrn", "5005171000008"), by=clerk
        )
        ticket = reception.receive(
            patient_id=patient.pk, department_id=Department.objects.get(code="01").pk, payer="self", by=clerk
        )
        reception.call_next(department_id=ticket.department_id, by=clerk)
        reception.move(ticket_id=ticket.pk, step="enter", by=clerk)
        reception.finish(encounter_id=ticket.encounter_id, diagnoses=[("principal", "Z00.0")], by=clerk)
        outbox.deliver_all()
        documents.file(
            patient_id=patient.pk, title="외래기록", text="주호소 기침 현병력 3일", written_on=clock.today(), by=clerk
        )
    return patient


def settled():
    """A rotation as the job does it, after every process knows the new key."""
    rotation.go_on()
    KeyRotation.objects.filter(finished_at=None).update(started_at=timezone.now() - timedelta(hours=1))
    while rotation.go_on() is not None:
        pass


@pytest.mark.parametrize(("title", "text", "kind"), PAPERS)
def test_papers_are_classed_by_their_words(title, text, kind):
    found = classify(title, text)
    assert (found.key, found.confidence >= 0.85) == (kind, True) and found.words


def test_terms_are_those_of_the_law():
    assert {key: row.years for key, row in CLASSES.items() if row.mark == "S"} == {
        "chart": 10, "prescription": 2, "surgery": 10, "test": 5, "imaging": 5, "nursing": 5, "midwifery": 5, "certificate": 3,
    }  # fmt: skip


def test_what_the_words_do_not_decide_waits_for_a_person(old_patient, morning, user_of):
    client = Client()
    client.force_login(user_of("front_lead"))
    address = f"/patients/{old_patient.public_id}/documents"
    assert (
        client.post(address, {"title": "스캔 0012", "text": "알아볼 수 없음", "written_on": "2026-11-01"}).status_code
        == 302
    )
    row = FiledDocument.objects.latest("pk")
    assert (row.state, row.kind, row.keep_until) == ("waiting", "", None)
    assert "스캔 0012" in client.get("/patients/documents").content.decode()
    client.post(f"/patients/documents/{row.public_id}/class", {"kind": "test", "from": "sorting"})
    row.refresh_from_db()
    assert (row.state, row.keep_until, row.decided_by) == ("sorted", date(2031, 11, 1), "front_lead")
    assert "알아볼 수 없음" in client.get(f"/patients/documents/{row.public_id}").content.decode()
    assert client.post(address, {"title": ""}).status_code == 422
    extended = documents.extend(document_id=row.pk, reason="계속 진료", by=Actor.system("t"))
    assert extended.keep_until == date(2036, 11, 1)
    with pytest.raises(DomainError, match="document_extended"):
        documents.extend(document_id=row.pk, reason="또", by=Actor.system("t"))


def test_erased_for_good_while_the_books_stay(old_patient, morning, two):
    """Not even somebody who kept a copy of the row, the running program and its master key brings it back."""
    it, auditor = two
    lines, bills = (
        JournalLine.objects.count(),
        list(apps.get_model("billing", "Invoice").objects.values_list("number", "patient_won")),
    )
    document = FiledDocument.objects.get()
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, phone FROM patients_patient WHERE id = %s", [old_patient.pk])
        stolen = [bytes(value) for value in cursor.fetchone()]
    assert [row.pk for row in retention.documents_due()] == [document.pk] and retention.people_due() == []
    first = disposal.ask(documents=[document.pk], by=it)
    with pytest.raises(DomainError, match="disposal_nothing"):
        disposal.ask(documents=[document.pk], by=auditor)
    with pytest.raises(DomainError, match="disposal_two_people"):
        disposal.approve(disposal_id=first.pk, by=it)
    disposal.approve(disposal_id=first.pk, by=auditor)
    disposal.carry_out(disposal_id=first.pk)
    assert [patient.pk for patient, _ in retention.people_due()] == [old_patient.pk]
    second = disposal.ask(people=[old_patient.pk], by=auditor)
    disposal.approve(disposal_id=second.pk, by=it)
    disposal.carry_out(disposal_id=second.pk)
    assert crypto.unseal(stolen[0], "patients_patient.name") == "옛환자"  # not final yet: the old key lives
    assert disposal.finish() == 0
    settled()
    assert disposal.finish() == 2
    for value, column in zip(stolen, ("name", "phone"), strict=True):
        with pytest.raises(crypto.Unreadable):
            crypto.unseal(value, f"patients_patient.{column}")
    assert DataKey.objects.filter(purpose="field", destroyed_at=None).count() == 1
    patient, gone = Patient.objects.get(pk=old_patient.pk), FiledDocument.objects.get()
    assert (patient.name, patient.phone, patient.address, patient.search_tokens) == ("", "", "", [])
    assert (gone.title, gone.content, gone.state) == ("", "", "erased") and not Identity.objects.exists()
    assert (
        services.register_patient(name="옛환자", identity=("rrn", "5005171000008"), by=it).pk != patient.pk
    )  # the number is free again
    assert (
        JournalLine.objects.count(),
        list(apps.get_model("billing", "Invoice").objects.values_list("number", "patient_won")),
    ) == (lines, bills)
    client = Client()
    client.force_login(apps.get_model("core", "User").objects.get(username="auditor"))
    assert client.get(f"/patients/disposals/{second.public_id}/certificate").content.startswith(b"%PDF")
    assert (
        client.get(f"/patients/disposals/{second.public_id}").status_code
        == client.get("/patients/disposals").status_code
        == 200
    )


def test_what_is_held_or_came_back_is_not_erased(old_patient, morning, two):
    it, auditor = two
    document = FiledDocument.objects.get()
    made = disposal.ask(documents=[document.pk], by=it)
    disposal.approve(disposal_id=made.pk, by=auditor)
    hold = retention.hold(patient=old_patient, reason="의료분쟁 조정 중", by=auditor)
    disposal.carry_out(disposal_id=made.pk)
    item = made.items.get()
    assert (item.is_erased, item.left_because) == (False, "held") and documents.bytes_of(FiledDocument.objects.get())
    assert not retention.documents_due().exists()
    with pytest.raises(DomainError, match="held_already"):
        retention.hold(patient=old_patient, reason="또", by=auditor)
    retention.lift(hold_id=hold.pk, by=it)
    assert retention.documents_due().exists()
    again = disposal.ask(documents=[document.pk], by=it)
    disposal.refuse(disposal_id=again.pk, reason="진료 예정", by=auditor)
    assert Disposal.objects.get(pk=again.pk).state == "refused" and FiledDocument.objects.get().title == "외래기록"


def test_every_sealed_column_is_erased_with_its_person_or_named():
    sealed = {
        (model._meta.label_lower, field.name)
        for model in apps.get_models()
        for field in model._meta.local_fields
        if isinstance(field, EncryptedTextField)
    }
    named = {(label, column) for label, (_, columns) in disposal.SEALED.items() for column in columns}
    assert {each for each in sealed - named if each[0] not in (*disposal.DELETED, *disposal.OF_NOBODY)} == set()
    assert named <= sealed
    for label, (way, _) in disposal.SEALED.items():
        apps.get_model(label).objects.filter(**{way: 0}).count()  # the way leads to a patient
