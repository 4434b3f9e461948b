"""Codes from a chart's words: suggested with their words, added only when a person accepts, learnt from both answers."""

import pytest
from django.db import connection
from django.test import Client

from tamna.claims.coding import services
from tamna.claims.models import Claim, ClinicalNote
from tamna.core import automations, clock, outbox
from tamna.core.errors import DomainError
from tamna.core.models import Proposal as Made
from tamna.patients import services as patients
from tamna.patients.models import Coverage
from tests.integration.test_flow import number, visit

pytestmark = pytest.mark.django_db(transaction=True)
NOTE = "HTN, DM으로 f/u 중. 천식 없음. 부친 위암."


@pytest.fixture
def claim(hospital, morning, clerk) -> Claim:
    someone = patients.register_patient(name="모의환자", identity=("rrn", number(352)), by=clerk)
    Coverage.objects.create(
        patient=someone, payer="nhi", card_no="71234567890", checked_on=clock.today(), checked_at=clock.now()
    )
    visit(someone, clerk, orders=(("ZL001", 1),))
    outbox.deliver_all()
    return Claim.objects.get()


def codes(claim: Claim) -> list[str]:
    return list(claim.encounter.conditions.order_by("seq").values_list("code", flat=True))


def test_a_code_is_added_only_when_a_person_accepts(claim, clerk, user_of):
    before = codes(claim)
    services.write_note(encounter_id=claim.encounter_id, text=NOTE, by=clerk)
    outbox.deliver_all()
    made = {row.fields["code"]: row for row in Made.objects.filter(automation="claim.code")}
    assert set(made) | set(before) >= {"I10.9", "E11.9"} and not {"J45.9", "C16.9"} & set(made)
    assert codes(claim) == before
    automations.decide(made["E11.9"].pk, "accepted", by=clerk)
    outbox.deliver_all()
    assert codes(claim) == [*before, "E11.9"]
    assert Claim.objects.get(pk=claim.pk).status in ("checked", "approved")  # written anew and checked again
    client = Client()
    client.force_login(user_of("claims"))
    page = client.get(f"/claims/{claim.public_id}").content.decode()
    assert "“DM”" in page and "“HTN”" in page


def test_a_later_note_closes_what_it_does_not_say(claim, clerk):
    services.write_note(encounter_id=claim.encounter_id, text=NOTE, by=clerk)
    outbox.deliver_all()
    services.write_note(encounter_id=claim.encounter_id, text="DM f/u", by=clerk)
    outbox.deliver_all()
    left = Made.objects.filter(automation="claim.code", state="open")
    assert [row.fields["code"] for row in left] == ["E11.9"]


def test_a_statement_that_was_sent_takes_no_code(claim, clerk):
    services.write_note(encounter_id=claim.encounter_id, text=NOTE, by=clerk)
    outbox.deliver_all()
    Claim.objects.filter(pk=claim.pk).update(status="received")
    row = Made.objects.filter(automation="claim.code").first()
    automations.decide(row.pk, "accepted", by=clerk)
    assert row.fields["code"] not in codes(claim)


def test_a_note_is_sealed_and_has_limits(claim, clerk):
    for text in (" ", "가" * 8001):
        with pytest.raises(DomainError):
            services.write_note(encounter_id=claim.encounter_id, text=text, by=clerk)
    services.write_note(encounter_id=claim.encounter_id, text=NOTE, by=clerk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM claims_clinicalnote")
        assert b"HTN" not in bytes(cursor.fetchone()[0])
    assert ClinicalNote.objects.get().text == NOTE
