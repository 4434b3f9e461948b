"""Who looked: protected records open for an hour with a reason, the patient sees it, a month of unusual looks is signed."""

from datetime import date, timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from tamna.core import audit, clock
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.models import AuditEntry, Department, Notification, User
from tamna.patients import openings, review, services
from tamna.patients.models import AccessReview, RecordOpening
from tamna.reception import services as reception
from tests.integration.conftest import TUESDAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(hospital, morning, user_of):
    """Three people with names and an auditor."""
    people = {}
    for username, name, role in (
        ("kim", "김하나", "reception"),
        ("lee", "이두리", "claims"),
        ("hong", "홍세라", "cashier"),
    ):
        people[username] = User.objects.create_user(
            username=username, password="correct horse battery", name_ko=name, role=role, team="front"
        )
    people["auditor"] = user_of("auditor")
    cache.delete("people.names")  # another test's names
    return people


def known(name, clerk, **more):
    """Registered long ago, so that a registration explains no look today."""
    with clock.frozen(TUESDAY - timedelta(days=400)):
        return services.register_patient(name=name, birth_on=date(1980, 1, 1), sex="F", by=clerk, **more)


def look(user, patient, at=TUESDAY):
    with clock.frozen(at):
        services.seen(patient, by=Actor("person", user.username, user.pk, user.role), screen="patient")


def test_a_protected_record_opens_for_an_hour_with_a_reason_and_the_officer_is_told(staff, clerk):
    vip = known("한유명", clerk, is_restricted=True)
    client = Client()
    client.force_login(staff["kim"])
    address = f"/patients/{vip.public_id}"
    for path in (address, f"{address}/consents", f"{address}/documents", f"{address}/same", f"{address}/seen-by"):
        assert (
            "보호" in client.get(path).content.decode()
            and not AuditEntry.objects.filter(action="patient.seen").exists()
        )
    assert client.post(f"{address}/open", {"reason": "."}).status_code == 409
    assert client.post(f"{address}/open", {"reason": "응급실 내원 확인"}).status_code == 302
    assert (
        vip.masked_name in client.get(address).content.decode()
        and "에게 알렸습니다" in client.get(address).content.decode()
    )
    assert AuditEntry.objects.get(action="patient.break_glass").reason == "응급실 내원 확인"
    assert Notification.objects.get(kind="record.opened").user == staff["auditor"]
    assert not openings.is_open(staff["hong"], vip)  # for one person only
    RecordOpening.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert "open" in client.get(address).content.decode() and vip.chart_no not in client.get(address).content.decode()


def test_a_patient_sees_who_looked_on_screen_and_on_paper(staff, clerk):
    patient = known("박환자", clerk)
    look(staff["hong"], patient)
    client = Client()
    client.force_login(staff["kim"])
    assert "홍세라" in client.get(f"/patients/{patient.public_id}/seen-by").content.decode()
    for lang in ("ko", "en"):
        client.cookies["tamna_language"] = lang
        paper = client.get(f"/patients/{patient.public_id}/seen-by/paper")
        assert paper.content.startswith(b"%PDF") and paper["Content-Type"] == "application/pdf"
    assert AuditEntry.objects.filter(action="access.printed").count() == 2
    client.force_login(staff["hong"])
    assert client.get(f"/patients/{patient.public_id}/seen-by").status_code == 403


def test_a_month_is_looked_through_and_signed(staff, clerk, django_assert_max_num_queries):
    own, colleague, surname = known("김하나", clerk), known("이두리", clerk), known("홍모름", clerk)
    treated, late = known("박환자", clerk), known("최야간", clerk)
    for patient in (treated, late):
        reception.receive(
            patient_id=patient.pk, department_id=Department.objects.get(code="01").pk, payer="self", by=clerk
        )
    look(staff["kim"], own)
    look(staff["kim"], colleague)
    look(staff["hong"], surname)
    look(staff["hong"], treated)
    look(staff["kim"], late, TUESDAY.replace(hour=22))
    with django_assert_max_num_queries(12):
        made = review.make(TUESDAY.date())
    found = {(row["actor"], row["patient"]): set(row["kinds"]) for row in made.findings}
    assert found == {
        ("kim", str(own.public_id)): {"own", "no_visit"}, ("kim", str(colleague.public_id)): {"colleague", "no_visit"},
        ("hong", str(surname.public_id)): {"no_visit", "surname"}, ("kim", str(late.public_id)): {"late"},
    }  # fmt: skip
    assert made.findings[0]["kinds"][0] == "own" and made.figures["looks"] == 5
    assert not any(name in str(made.findings) for name in ("김하나", "이두리", "홍모름"))
    client = Client()
    client.force_login(staff["auditor"])
    page = client.get("/patients/access/2026-11").content.decode()
    assert "본인 기록" in page and own.chart_no in page
    assert client.post("/patients/access/2026-11", {"remark": "확인"}).status_code == 409  # the month still runs
    with clock.frozen(TUESDAY + timedelta(days=10)):
        with pytest.raises(DomainError, match="review_remark"):
            review.sign(review_id=made.pk, remark=" ", by=clerk)
        assert client.post("/patients/access/2026-11", {"remark": "본인 열람 소명 받음"}).status_code == 302
        with pytest.raises(DomainError, match="review_signed"):
            review.make(TUESDAY.date())
    made.refresh_from_db()
    assert AuditEntry.objects.get(action="access.reviewed").detail["sha256"] == review.digest(made)
    assert client.get("/patients/access").status_code == 200
    client.force_login(staff["kim"])
    assert client.get("/patients/access").status_code == 403


def test_the_first_of_a_month_begins_the_review_of_the_last(staff, clerk):
    from tamna.patients.tasks import review_access

    look(staff["kim"], known("김하나", clerk))
    audit.seal()
    with clock.frozen(TUESDAY + timedelta(days=8)):
        review_access.func()
        review_access.func()
    assert (
        AccessReview.objects.get().month == date(2026, 11, 1)
        and Notification.objects.filter(kind="access.review").count() == 1
    )
