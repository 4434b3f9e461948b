"""Consent: what was shown is what was signed, a withdrawal holds at once in every flow, and every flow that sends asks."""

import ast
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.test import Client

from tamna.core import clock
from tamna.core.errors import DomainError
from tamna.core.models import AuditEntry, InterfaceMessage
from tamna.patients import consent_forms, consents, sending
from tamna.patients.models import Consent
from tamna.patients.services import register_patient
from tamna.reception.fhir import giving

pytestmark = pytest.mark.django_db
SIGNATURE = "M10,10L20,30L40,60L80,90L90,20"
SOURCE = Path(consents.__file__).parents[1]


@pytest.fixture
def hong(hospital, morning, clerk):
    return register_patient(name="홍길동", birth_on=date(1980, 1, 1), sex="F", phone="01012345678", by=clerk)


def agree(patient, clerk, purpose=consents.EXCHANGE, language="ko", **more):
    text = consent_forms.form_of(purpose, clock.today()).text(language)
    said = {"is_given": True, "signature": SIGNATURE, "shown": text.digest, **more}
    return consents.answer(patient_id=patient.pk, purpose=purpose, language=language, by=clerk, **said)


def test_every_purpose_is_complete_in_four_languages():
    texts = {}
    for purpose in consent_forms.purposes():
        form = consent_forms.form_of(purpose, date(2026, 11, 24))
        assert set(form.texts) == set(consent_forms.LANGUAGES) and form.law
        for text in form.texts.values():
            assert text.title and all(sentence for _, sentence in text.parts) and len(text.parts) == 5
            texts[text.digest] = text
    assert len(texts) == 4 * len(consent_forms.purposes())
    assert consent_forms.form_of("survey", date(2026, 11, 24)).text("zh").language == "zh_Hans"


def test_the_shipped_first_versions_are_never_edited():
    """Somebody has signed them. Write a new version instead."""
    import hashlib

    first = "".join(
        text.digest
        for purpose in consent_forms.purposes()
        for text in consent_forms.version_of(purpose, 1).texts.values()
    )
    assert hashlib.sha256(first.encode()).hexdigest()[:16] == "ed3547e45b117718"


def test_an_answer_keeps_the_hash_and_the_sealed_signature_and_the_next_one_ends_it(hong, clerk):
    given = agree(hong, clerk, language="ja")
    assert given.text_hash == consent_forms.version_of("exchange", 1).texts["ja"].digest
    assert consents.consented(hong, consents.EXCHANGE)
    agree(hong, clerk, is_given=False, signature="")
    assert not consents.consented(hong, consents.EXCHANGE)
    given.refresh_from_db()
    assert (given.end, given.signature) == ("replaced", SIGNATURE)
    assert hong.consents.filter(ended_at=None).count() == 1


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"shown": "0" * 64}, "consent_text_changed"), ({"signature": ""}, "consent_signature"),
        ({"signature": "<script>"}, "consent_signature"),
    ],
)  # fmt: skip
def test_what_was_not_read_or_not_signed_is_refused(hong, clerk, more, key):
    with pytest.raises(DomainError, match=key):
        agree(hong, clerk, **more)
    assert not Consent.objects.exists()


def test_a_child_is_answered_for_by_a_legal_representative(hong, clerk):
    child = register_patient(name="홍아기", birth_on=clock.today() - timedelta(days=365 * 13), sex="F", by=clerk)
    with pytest.raises(DomainError, match="consent_guardian"):
        agree(child, clerk)
    assert agree(child, clerk, signer="guardian").is_given


def test_silence_means_no_except_where_the_contract_carries_the_flow(hong):
    said = {standing.form.purpose: standing.is_allowed for standing in consents.standings(hong)}
    assert said == {purpose: purpose == "messages" for purpose in consent_forms.purposes()}


def test_a_withdrawal_holds_at_once_for_messages_and_exchange(hong, clerk, monkeypatch):
    sent = []
    monkeypatch.setattr(sending, "send", lambda message: sent.append(message.key) or sending_answer())
    write = lambda key: sending.write_to(hong, purpose=consents.MESSAGES, kind="reminder", key=key, text="…")  # noqa: E731
    assert write("a")
    consents.withdraw(patient_id=hong.pk, purpose=consents.MESSAGES, by=clerk)
    assert not write("b") and sent == ["a"]
    assert [row.control_id for row in InterfaceMessage.objects.filter(system="messaging")] == ["a"]
    agree(hong, clerk)
    assert "Patient" in giving.bundle_of(hong, by=clerk, recipient="다른 병원")
    consents.withdraw(patient_id=hong.pk, purpose=consents.EXCHANGE, by=clerk)
    with pytest.raises(DomainError, match="no_consent"):
        giving.bundle_of(hong, by=clerk, recipient="다른 병원")
    assert "Patient" in giving.bundle_of(hong, by=clerk)  # the patient's own copy


def sending_answer():
    from tamna.connect.messaging import Sent

    return Sent(message_id="m")


def test_every_flow_that_sends_asks():
    """A message leaves by `sending.write_to` alone, and a record for others by `giving.bundle_of`: both ask `consented`."""
    senders = set()
    for path in SOURCE.rglob("*.py"):
        if path.relative_to(SOURCE).parts[0] in ("connect", "simulators"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "tamna.connect.messaging":
                senders |= {path.relative_to(SOURCE).as_posix() for name in node.names if name.name == "send"}
            if isinstance(node, ast.Attribute) and node.attr == "send" and getattr(node.value, "id", "") == "messaging":
                senders.add(path.relative_to(SOURCE).as_posix())
    assert senders == {"patients/sending.py"}
    for name in ("patients/sending.py", "reception/fhir/giving.py"):
        assert "consented(patient, " in (SOURCE / name).read_text("utf-8")


def test_the_desk_asks_signs_and_withdraws_on_screen(hong, user_of):
    client = Client()
    client.force_login(user_of("reception"))
    address = f"/patients/{hong.public_id}/consents"
    page = client.get(f"{address}/survey?lang=en").content.decode()
    assert "Satisfaction survey" in page and 'lang="en"' in page
    text = consent_forms.form_of("survey", clock.today()).text("en")
    form = {"lang": "en", "shown": text.digest, "signature": SIGNATURE, "answer": "yes"}
    assert client.post(f"{address}/survey", {**form, "signature": ""}).status_code == 422
    assert client.post(f"{address}/survey", form).status_code == 302 and consents.consented(hong, "survey")
    shown = client.get(f"/patients/consents/{Consent.objects.get().public_id}").content.decode()
    assert SIGNATURE in shown and text.title in shown
    assert client.post(f"{address}/survey/withdraw").status_code == 302 and not consents.consented(hong, "survey")
    assert client.get(f"{address}/nothing").status_code == 404
    client.force_login(user_of("cashier"))
    assert client.get(address).status_code == 200 and client.post(f"{address}/survey", form).status_code == 403


def test_a_patient_answers_and_withdraws_on_the_phone_in_the_own_language(hong):
    from tests.integration.lobby.patients import link_client

    phone = link_client(hong)
    for code, word in (
        ("ja", "満足度調査"),
        ("zh-hans", "满意度调查"),
        ("en", "Satisfaction survey"),
        ("ko", "만족도 조사"),
    ):
        phone.cookies["tamna_patient_language"] = code
        assert word in phone.get("/lobby/me/consents").content.decode()
        text = consent_forms.form_of("survey", clock.today()).text(code)
        assert text.digest in phone.get("/lobby/me/consents/survey").content.decode()
    form = {"shown": text.digest, "answer": "yes"}
    assert phone.post("/lobby/me/consents/survey", form).status_code == 422
    assert phone.post("/lobby/me/consents/survey", {**form, "signature": SIGNATURE}).status_code == 302
    assert consents.consented(hong, "survey") and Consent.objects.get().how == "phone"
    phone.post("/lobby/me/consents/survey/withdraw")
    phone.post("/lobby/me/consents/messages/withdraw")
    assert not consents.consented(hong, "survey") and not consents.consented(hong, "messages")
    assert phone.get("/lobby/me/consents/nothing").status_code == 404
    assert Client().get("/lobby/me/consents").status_code == 403


def test_records_leave_for_another_hospital_on_screen_with_consent_only(hong, clerk, user_of):
    client = Client()
    client.force_login(user_of("reception"))
    address = f"/reception/patients/{hong.public_id}/exchange"
    assert "own" in client.get(address).content.decode()
    assert client.post(address, {"whose": "other", "recipient": "다른 병원"}).status_code == 422
    assert client.post(address, {"whose": "own"}).json()["resourceType"] == "Bundle"
    agree(hong, clerk)
    assert client.post(address, {"whose": "other", "recipient": " "}).status_code == 422
    given = client.post(address, {"whose": "other", "recipient": "다른 병원"})
    assert given["Content-Disposition"].startswith("attachment") and given.json()["resourceType"] == "Bundle"
    assert AuditEntry.objects.filter(action="patient.exported").latest("pk").detail["recipient"] == "다른 병원"
