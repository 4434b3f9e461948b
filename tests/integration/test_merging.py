"""Records of one person: found, merged without losing a row, taken apart to the last one."""

from datetime import date

import pytest
from django.apps import apps
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tamna.billing.models import Deposit, Invoice
from tamna.billing.services import held_won, take_deposit
from tamna.core import automations, clock, crypto, outbox
from tamna.core.errors import DomainError
from tamna.core.models import Department
from tamna.core.models import Proposal as Made
from tamna.engines.identity.likeness import Described
from tamna.patients import consent_forms, consents, duplicates, merging, selectors, services
from tamna.patients.models import Coverage, Merge, Patient
from tamna.reception import services as reception
from tamna.reception.models import Ticket

pytestmark = pytest.mark.django_db
BORN = date(1980, 5, 17)


@pytest.fixture
def person(hospital, morning, clerk):
    crypto.seal(str(crypto.blind_token("", "")), "")  # the keys are made before anything is rolled back

    def make(name="홍길동", phone="01012345678", number="", **more):
        more = {"birth_on": BORN, "sex": "F", **more}
        return services.register_patient(
            name=name, phone=phone, identity=("rrn", number) if number else None, by=clerk, **more
        )

    return make


def visit(patient, clerk, code="01"):
    ticket = reception.receive(
        patient_id=patient.pk, department_id=Department.objects.get(code=code).pk, payer="self", by=clerk
    )
    reception.call_next(department_id=ticket.department_id, by=clerk)
    reception.move(ticket_id=ticket.pk, step="enter", by=clerk)
    reception.finish(encounter_id=ticket.encounter_id, diagnoses=[("principal", "Z00.0")], by=clerk)
    outbox.deliver_all()
    return ticket.encounter_id


def owners():
    """Whose each row is, of every table that names a patient."""
    return {
        (key, pk): owner
        for key, model, field in merging.links()
        for pk, owner in model.objects.values_list("pk", f"{field}_id")
    } | {("deposit", row.pk): row.patient_id for row in Deposit.objects.all()}


@pytest.mark.django_db(transaction=True)  # events are delivered
def test_a_merge_takes_everything_along_and_its_undoing_gives_it_back(person, clerk):
    kept, gone = person(number="8005172000009"), person("Hong Gildong", "01099998888")
    first, second = visit(kept, clerk), visit(gone, clerk)
    Coverage.objects.create(patient=gone, payer="nhi", checked_on=clock.today(), checked_at=clock.now())
    take_deposit(patient_id=gone.pk, amount_won=5_000, tender="cash", kind="advance", key="d", by=clerk)
    before, bills = owners(), set(Invoice.objects.values_list("pk", "encounter_id"))
    assert len(bills) == 2
    made = merging.merge(kept_id=kept.pk, gone_id=gone.pk, reason="본인 확인", by=clerk)
    assert {row.pk for row in kept.encounters.all()} == {first, second}
    assert set(Invoice.objects.values_list("pk", "encounter_id")) == bills and held_won(kept.pk) == 5_000
    for sign in ("Hong", "99998888", "홍길동", gone.chart_no, "8005172000009"):  # found under every old sign
        assert [row.pk for row in selectors.find(sign)] == [kept.pk], sign
    services.update_contact(patient_id=kept.pk, phone="01055556666", address="", by=clerk)
    assert [row.pk for row in selectors.find("99998888")] == [kept.pk]
    with pytest.raises(DomainError, match="merge_gone"):
        merging.merge(kept_id=gone.pk, gone_id=kept.pk, reason="다시", by=clerk)
    ticket = reception.receive(
        patient_id=gone.pk, department_id=Department.objects.get(code="05").pk, payer="self", by=clerk
    )
    assert ticket.encounter.patient_id == kept.pk  # who still holds the old record meets the one that stands
    merging.unmerge(merge_id=made.pk, by=clerk)
    after = owners()
    assert {key: after[key] for key in before} == before
    assert [row.pk for row in selectors.find("Hong")] == [gone.pk] and ticket.encounter.patient_id == kept.pk
    assert set(Invoice.objects.values_list("pk", "encounter_id")) == bills
    with pytest.raises(DomainError, match="merge_undone"):
        merging.unmerge(merge_id=made.pk, by=clerk)


def test_two_resident_numbers_are_two_people(person, clerk):
    one, other = person(number="8005172000009"), person(number="8005172000018")
    with pytest.raises(DomainError, match="merge_different"):
        merging.merge(kept_id=one.pk, gone_id=other.pk, reason="같아 보임", by=clerk)
    assert not Merge.objects.exists()


def test_the_later_answer_to_a_consent_holds_and_both_come_back(person, clerk):
    one, other = person(), person("홍 길동", "01099998888")
    text = consent_forms.form_of("survey", clock.today()).text("ko")
    said = {"purpose": "survey", "language": "ko", "shown": text.digest, "by": clerk, "how": "paper"}
    consents.answer(patient_id=one.pk, is_given=True, **said)
    consents.answer(patient_id=other.pk, is_given=False, **said)
    made = merging.merge(kept_id=one.pk, gone_id=other.pk, reason="본인 확인", by=clerk)
    assert not consents.consented(one, "survey")
    merging.unmerge(merge_id=made.pk, by=clerk)
    assert consents.consented(one, "survey") and not consents.consented(other, "survey")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=7), data=st.data())
def test_any_merges_undone_in_any_order_that_is_allowed_restore_every_owner(person, clerk, steps, data):
    with transaction.atomic():
        people = [person(f"홍길동{n}", f"0101234567{n}") for n in range(4)]
        for each in people:
            reception.receive(patient_id=each.pk, department_id=_new_department(), payer="self", by=clerk)
            Coverage.objects.create(patient=each, payer="nhi", checked_on=clock.today(), checked_at=clock.now())
        before, tickets = owners(), dict(Ticket.objects.values_list("pk", "encounter_id"))
        for kept, gone in steps:
            try:
                merging.merge(kept_id=people[kept].pk, gone_id=people[gone].pk, reason="시험", by=clerk)
            except DomainError as refused:
                assert refused.key in ("patients.merge_same", "patients.merge_gone")
        assert all(row.merged_into.merged_into_id is None for row in Patient.objects.exclude(merged_into=None))
        while left := list(Merge.objects.filter(undone_at=None).order_by("pk")):
            made = data.draw(st.sampled_from(left))
            try:
                merging.unmerge(merge_id=made.pk, by=clerk)
            except DomainError as refused:
                assert refused.key == "patients.merge_order"
        after = owners()
        assert {key: after[key] for key in before} == before
        assert dict(Ticket.objects.values_list("pk", "encounter_id")) == tickets
        transaction.set_rollback(True)


def _new_department():
    number = Department.objects.count()
    row = Department.objects.create(code=f"{number + 40}", name_ko=f"과 {number}", name_en=f"Department {number}")
    row.practitioners.create(license_no=f"7{number:04d}", name_ko="의사", department=row)
    return row.pk


def test_who_is_registered_already_is_found_by_any_sign(person, django_assert_max_num_queries):
    hong = person()
    person("김철수", "01000001111", sex="M", birth_on=date(1955, 1, 2))
    with django_assert_max_num_queries(4):
        found = duplicates.like(Described("Hong Gil Dong", BORN, "F", "010-1234-5678"))
    assert [(each.patient.pk, each.likeness.points) for each in found] == [(hong.pk, 90)]
    assert (
        duplicates.like(Described("홍길동", date(1980, 7, 15), "F", "01012345678"))[0].likeness.points == 85
    )  # a slip in the date
    assert not duplicates.like(Described("홍길순", BORN, "F", "01012345678"))  # a twin
    assert not duplicates.like(Described("박영수", BORN, "M", "01077778888"))


@pytest.mark.django_db(transaction=True)  # events are delivered
def test_a_pair_is_proposed_done_by_the_accepting_and_undone_with_it(person, clerk):
    hong = person()
    other = person("Hong Gildong")
    person("홍길순", "01012345678")  # a twin: nothing is said
    outbox.deliver_all()
    row = Made.objects.get(automation="rec.newpatient")
    assert row.fields == {"kept_id": hong.pk, "gone_id": other.pk} and "홍" not in str(row.__dict__)
    automations.decide(row.pk, "accepted", by=clerk)
    other.refresh_from_db()
    assert other.merged_into_id == hong.pk
    automations.undo(row.pk, by=clerk)
    other.refresh_from_db()
    assert other.merged_into_id is None


def test_the_form_reads_numbers_and_shows_who_is_known_while_typing(person, user_of):
    hong = person(number="8005172000009")
    client = Client()
    client.force_login(user_of("front_lead"))
    check = lambda **typed: client.post("/reception/patients/check", {"kind": "rrn", **typed}).content.decode()  # noqa: E731
    assert hong.chart_no in check(number="800517-2000009")
    read = check(number="800517-2000017", name="이영희")
    assert 'value="1980-05-17"' in read and "검증 숫자" in read
    assert hong.chart_no in check(name="Hong Gildong", birth_on="1980-05-17", phone="010-1234-5678")
    assert "맞지 않는 번호" in check(number="8013172000009") and "맞지 않는 번호" not in check(number="80051")
    made = client.post(
        "/reception/patients/new", {"kind": "rrn", "number": "8005172000017", "name": "이영희", "phone": "01000000000"}
    )
    assert made.status_code == 302 and Patient.objects.get(pk=Patient.objects.latest("pk").pk).sex == "F"
    other = person("홍길동", "01012345678")
    address = f"/patients/{hong.public_id}/same"
    assert other.chart_no in client.get(address).content.decode()
    assert client.post(f"{address}/{other.public_id}", {"reason": ""}).status_code == 422
    assert client.post(f"{address}/{other.public_id}", {"reason": "신분증 확인"}).status_code == 302
    assert client.get(f"/patients/{other.public_id}")["Location"].endswith(str(hong.public_id))
    assert client.get("/patients/merges").status_code == 200
    client.post(f"/patients/merges/{Merge.objects.get().public_id}/undo")
    other.refresh_from_db()
    assert other.merged_into_id is None


def test_every_link_to_a_patient_is_moved_or_named_as_staying():
    known = {key.rpartition(".")[0] for key, _, _ in merging.links()} | merging.STAYS
    pointing = {
        model._meta.label_lower
        for model in apps.get_models()
        for field in model._meta.local_fields
        if field.related_model is Patient
    }
    assert pointing == known
