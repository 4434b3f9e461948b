"""From ready statements to receipt, answers, corrections and the balanced receivable; killed at every point, sent once."""

import json
import os
import signal
import subprocess
import sys
from datetime import datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from tamna.claims import services as claims
from tamna.claims.models import Batch, BatchEntry, BatchFile, Claim, ClaimResponse, RecordRequest
from tamna.claims.submission import corrections, records, selectors, sending, terms
from tamna.connect import hira
from tamna.core import clock, outbox
from tamna.core.errors import DomainError
from tamna.core.models import AuditEntry, Event, Proposal, Subscription
from tamna.engines.claimfile import answers as text
from tamna.engines.claimfile import fixed, ndjson
from tamna.ledger.receivables import reconcile
from tests.integration.test_flow import number, visit

pytestmark = pytest.mark.django_db(transaction=True)
LATER = datetime(2026, 12, 31, 10, 0, tzinfo=clock.SEOUL)


def answered(clerk, at=LATER):
    with clock.frozen(at):
        found = claims.collect_answers(by=clerk)
        outbox.deliver_all()
    return found


def told(batch, clerk, number_, kind, status, *, serials=("00001",), decided=0, **more):
    """An answer as the agency would write it, kept at once."""
    claims_ = {entry.serial_no: entry for entry in batch.entries.all()}
    rows = [
        {"serial_no": serial, "status": status, "requested": claims_[serial].insurer_won, "decided": decided, **more}
        for serial in serials
    ]
    raw = {"id": number_, "kind": kind, "batch_no": batch.batch_no, "receipt_no": batch.receipt_no, "on": "2026-12-01", "statements": rows,
           "count": len(rows), "decided_sum": decided * len(rows)}  # fmt: skip
    kept = claims.keep_document(hira.Document.model_validate(raw), clerk)
    outbox.deliver_all()
    return kept


# -- completeness -------------------------------------------------------------------------------------------------------
def test_incomplete_statements_stay_with_every_reason_and_the_complete_ones_go(ready, somebody, clerk):
    bad = visit(somebody(360, card_no=""), clerk)
    Claim.objects.filter(encounter=bad).update(
        status="approved", total_won=1, gaps=[]
    )  # as if somebody had let it through
    (batch,) = claims.make_batches(by=clerk)
    assert batch.statements == len(ready) and set(
        Claim.objects.exclude(encounter=bad).values_list("status", flat=True)
    ) == {"batched"}
    kept = Claim.objects.get(encounter=bad)
    assert kept.status == "checked" and kept.batch is None
    assert {("missing", "card_no"), ("total", "total_amount"), ("shares", "insurer_share")} <= {
        (row["code"], row["field"]) for row in kept.gaps
    }
    assert list(selectors.incomplete()) == [kept] and Event.objects.filter(name="claim.incomplete").count() == 1
    with pytest.raises(DomainError) as refused:
        claims.approve(claim_id=kept.pk, by=clerk)
    assert refused.value.key in ("claims.incomplete", "claims.rejects_open")
    outbox.deliver_all()
    claims.check(claim_id=kept.pk, by=clerk)  # the check before sending asks the same engine
    kept.refresh_from_db()
    assert kept.status == "checked" and any(row["field"] == "card_no" for row in kept.gaps)


def test_the_screen_tells_what_would_go_and_what_is_missing_in_both_languages(ready, somebody, clerk, user_of):
    visit(somebody(361, card_no=""), clerk)
    browser = Client()
    browser.force_login(user_of("claims"))
    korean = browser.get("/claims/ready").content.decode()
    assert "증번호 누락" in korean and "202611" in korean
    browser.cookies.load({"django_language": "en"})
    english = browser.get("/claims/ready", headers={"accept-language": "en"}).content.decode()
    assert "card no is missing" in english or "증번호 누락" in english


# -- the seal -----------------------------------------------------------------------------------------------------------
def refused_by_the_database(change):
    with pytest.raises(IntegrityError), transaction.atomic():
        change()


def test_a_sealed_batch_cannot_be_changed_even_in_the_database(ready, clerk):
    (batch,) = claims.make_batches(by=clerk)
    content = claims.file_of(batch)
    refused_by_the_database(lambda: Batch.objects.filter(pk=batch.pk).update(sha256="0" * 64))
    refused_by_the_database(lambda: Batch.objects.filter(pk=batch.pk).update(batch_no="202611O999"))
    refused_by_the_database(lambda: BatchFile.objects.update(content=b""))
    refused_by_the_database(lambda: BatchEntry.objects.update(serial_no="00009"))
    refused_by_the_database(lambda: BatchEntry.objects.all().delete())
    refused_by_the_database(
        lambda: Batch.objects.create(
            batch_no=batch.batch_no, made_at=clock.now(), insurer_kind="4", setting="outpatient"
        )
    )
    Claim.objects.filter(batch=batch).update(total_won=0)  # what is on file does not follow
    assert claims.file_of(Batch.objects.get()) == content
    header, statements = ndjson.read(content)
    assert header["insurer_share"] == batch.insurer_won == sum(row["claim"]["insurer_share"] for row in statements)
    assert all("claim_id" not in row["claim"] for row in statements)  # our own number stays here


def test_the_text_holds_names_and_numbers_and_nothing_else_does(ready, clerk, user_of, caplog):
    (batch,) = claims.make_batches(by=clerk)
    browser = Client()
    browser.force_login(user_of("claims"))
    text = browser.get(f"/claims/batches/{batch.public_id}/text")
    assert text["Content-Disposition"].endswith(f'{batch.batch_no}.TH1"')
    found = fixed.read(text.content)
    assert [row.resident_no for row in found.persons] == [number(serial) for serial in range(351, 355)]
    assert [row.patient_name for row in found.persons] == ["모의환자"] * 4
    assert found.header["insurer_share"] == batch.insurer_won
    note = AuditEntry.objects.filter(action="batch.downloaded").get()
    assert note.detail == {"dress": "text", "statements": 4, "with_identifiers": True}
    sealed = claims.file_of(batch).decode()
    for serial in range(351, 355):
        for place in (sealed, caplog.text, json.dumps(note.detail), repr(found)):
            assert number(serial) not in place
    assert Client().get(f"/claims/batches/{batch.public_id}/text").status_code in (302, 403)


def test_letters_that_the_text_cannot_hold_are_told_on_the_batch(somebody, clerk, user_of):
    visit(somebody(370, name="김😀수"), clerk)
    (batch,) = claims.make_batches(by=clerk)
    assert {(row["code"], row["field"], row["serial_no"]) for row in batch.file.warnings} >= {
        ("letters_replaced", "patient_name", "00001")
    }
    browser = Client()
    browser.force_login(user_of("claims"))
    assert "CP949" in browser.get(f"/claims/batches/{batch.public_id}").content.decode()


def test_the_agency_reads_both_dresses(agency, ready, clerk):
    (batch,) = claims.make_batches(by=clerk)
    text = sending.text_of(batch).content
    receipt = hira.submit(text, at=batch.made_at, kind=hira.FIXED_TEXT)
    assert receipt.batch_no == batch.batch_no and hira.submit(text, at=batch.made_at, kind=hira.FIXED_TEXT) == receipt
    found = hira.answers(0, at=LATER, kind=hira.FIXED_TEXT)
    assert found == hira.answers(0, at=LATER) and {row.serial_no for row in found[0].statements} <= {
        f"0000{n}" for n in range(1, 5)
    }


# -- never twice --------------------------------------------------------------------------------------------------------
POINTS = (
    "before the commit of claim.batched", "after the batch was made", "before sending", "after sending", "before the commit of claim.submitted",
    "after the receipt was kept", "after the answers were read", "before the commit of claim.answered",
)  # fmt: skip


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_point_a_batch_is_sent_once_and_answers_count_once(agency, ready, clerk, point):
    outbox.deliver_all()
    name = connection.settings_dict["NAME"]
    connection.commit()
    child = subprocess.run(
        [sys.executable, "-m", "tests.integration.claims.sender", name, point], env=os.environ, timeout=300
    )
    assert child.returncode == -signal.SIGKILL
    agency.fault(lost_rate=0)
    with clock.frozen(LATER.replace(month=11, day=25)):
        claims.make_batches(by=clerk)  # as the next press, and the job that sends on
        for batch_id in sending.unsent() or Batch.objects.filter(receipt_no="").values_list("pk", flat=True):
            sending.submit(batch_id=batch_id, by=clerk)
    answered(clerk)
    after = ClaimResponse.objects.count()
    assert answered(clerk).documents == 0 and ClaimResponse.objects.count() == after
    batch = Batch.objects.get()  # one, whatever happened
    assert batch.receipt_no and batch.statements == len(ready) == BatchEntry.objects.count()
    assert Event.objects.filter(name="claim.submitted").count() == 1
    results = ClaimResponse.objects.filter(kind="result").exclude(status="held")
    assert results.count() == len(ready) == results.values("claim").distinct().count()
    assert reconcile().differing == 0 and reconcile().difference_won == 0


# -- corrections --------------------------------------------------------------------------------------------------------
@pytest.fixture
def received(agency, ready, clerk):
    """A batch with its receipt."""
    (batch,) = claims.make_batches(by=clerk)
    return claims.submit(batch_id=batch.pk, by=clerk)


def test_what_was_not_reviewable_is_followed_by_a_supplement_that_names_it(received, clerk):
    told(received, clerk, 1, "result", "impossible", reason="F17")
    old = received.entries.get(serial_no="00001").claim
    assert old.status == "impossible" and old.decided_won == 0
    offered = Proposal.objects.get(automation="claim.submit", action="WriteSupplement")
    assert offered.state == "open" and offered.won == old.insurer_won
    response = ClaimResponse.objects.get(claim=old)
    claims.mark_seen(response_id=response.pk, by=clerk)
    before = reconcile()
    new = claims.supplement(claim_id=old.pk, by=clerk)
    outbox.deliver_all()
    new.refresh_from_db(), old.refresh_from_db()
    assert (new.kind, new.previous_id, new.previous_receipt_no, new.previous_serial_no, new.return_reason) == (
        "supplement", old.pk, received.receipt_no, "00001", "04",
    )  # fmt: skip
    assert (new.insurer_won, new.status, old.status) == (old.insurer_won, "approved", "corrected")
    assert new.lines.count() == old.lines.count() > 0  # the old one is as it was
    for _ in range(2):
        with pytest.raises(DomainError) as refused:
            claims.supplement(claim_id=old.pk, by=clerk)
        assert refused.value.key == "claims.wrong_state"
    (batch,) = claims.make_batches(by=clerk)
    assert batch.claim_kind == "supplement" and batch.batch_no != received.batch_no
    (statement,) = ndjson.read(claims.file_of(batch))[1]
    assert (statement["claim"]["previous_receipt_no"], statement["claim"]["return_reason"]) == (
        received.receipt_no,
        "04",
    )
    assert claims.submit(batch_id=batch.pk, by=clerk).receipt_no
    told(batch, clerk, 2, "result", "full", decided=new.insurer_won)
    told(batch, clerk, 3, "payment", "paid", decided=new.insurer_won)
    after = reconcile()
    assert before.claims_won - after.claims_won == new.insurer_won and after.differing == 0


def test_charges_left_out_are_claimed_as_an_addition(received, clerk):
    from decimal import Decimal

    from tamna.billing import services as billing

    told(received, clerk, 1, "result", "full", decided=received.entries.get(serial_no="00001").insurer_won)
    old = received.entries.get(serial_no="00001").claim
    with pytest.raises(DomainError) as refused:
        claims.add_omitted(claim_id=old.pk, by=clerk)
    assert refused.value.key == "claims.nothing_omitted"
    billing.enter_charge(
        encounter_id=old.encounter_id,
        code="D3063",
        key="left-out",
        quantity=Decimal(1),
        days=1,
        reason="누락",
        by=clerk,
    )
    outbox.deliver_all()
    new = claims.add_omitted(claim_id=old.pk, by=clerk)
    assert (new.kind, new.previous_id, new.previous_serial_no, new.return_reason) == ("added", old.pk, "00001", "")
    assert [line.code for line in new.lines.all()] == ["D3063"] and 0 < new.insurer_won <= new.total_won
    billed = sum(row.insurer_won for row in old.encounter.invoices.all())
    assert 0 <= billed - old.insurer_won - new.insurer_won < 20  # below 10 won is cut twice
    old.refresh_from_db()
    assert old.status == "full" and corrections.omitted(old) == []


def test_a_returned_statement_gets_another_serial_and_late_answers_do_not_move_it(received, clerk):
    told(received, clerk, 1, "return", "returned", reason="F23")
    claim = received.entries.get(serial_no="00001").claim
    claims.reopen_returned(claim_id=claim.pk, by=clerk)
    outbox.deliver_all()
    (again,) = claims.make_batches(by=clerk)
    claim.refresh_from_db()
    assert claim.batch_id == again.pk and claim.entries.count() == 2
    told(received, clerk, 2, "result", "impossible", reason="F02")
    claim.refresh_from_db()
    assert claim.status == "batched" and ClaimResponse.objects.filter(claim=claim).count() == 2


def test_a_refused_batch_is_taken_back_and_its_number_never_used_again(agency, ready, clerk):
    (batch,) = claims.make_batches(by=clerk)
    header, statements = ndjson.read(claims.file_of(batch))
    del header["layout"]
    hira.submit(ndjson.write(header | {"statement_count": 3}, statements[:3]), at=batch.made_at)
    with pytest.raises(DomainError):
        claims.submit(batch_id=batch.pk, by=clerk)
    batch.refresh_from_db()
    assert batch.refused_code == "batch_reused" and batch.pk not in sending.unsent()
    sending.dissolve(batch_id=batch.pk, by=clerk)
    outbox.deliver_all()
    (again,) = claims.make_batches(by=clerk)
    assert again.batch_no != batch.batch_no and claims.submit(batch_id=again.pk, by=clerk).receipt_no
    with pytest.raises(DomainError):
        sending.dissolve(batch_id=again.pk, by=clerk)


# -- records, sums, terms -----------------------------------------------------------------------------------------------
def test_records_that_are_asked_for_become_a_task_with_its_day(received, agency, clerk):
    told(received, clerk, 1, "request_records", "held", reason="B01", what="의무기록 사본", due_on="2026-12-11")
    asked = RecordRequest.objects.get()
    assert asked.due_on.isoformat() == "2026-12-11" and asked.claim.status == "held"
    assert ClaimResponse.objects.get().kind == "request" and not Event.objects.filter(name="claim.answered").exists()
    offered = Proposal.objects.get(automation="claim.submit", action="SendRecords")
    assert clock.business_day(offered.due_at).isoformat() == "2026-12-11"
    with pytest.raises(DomainError) as empty:
        records.send(request_id=asked.pk, note=" ", by=clerk)
    assert empty.value.key == "claims.note_needed"
    with pytest.raises(DomainError) as refused:  # this agency asked for nothing: it says so and the task stays
        records.send(request_id=asked.pk, note="의무기록 12쪽", by=clerk)
    assert refused.value.key == "claims.records_refused" and list(records.waiting()) == [asked]
    with clock.frozen(LATER.replace(day=9)):
        assert selectors.late(clock.today()).records == 1


def test_the_sums_of_a_batch_add_up_at_every_step(received, clerk):
    def adds_up() -> selectors.Sums:
        sums = selectors.sums_of(received)
        assert sums.asked == received.insurer_won == sums.decided + sums.cut + sums.back + sums.open
        return sums

    first = received.entries.get(serial_no="00001").insurer_won
    assert adds_up().open == received.insurer_won
    told(received, clerk, 1, "result", "adjusted", decided=first - 1000, reason="A01")
    told(received, clerk, 2, "return", "returned", serials=("00002",), reason="F23")
    told(received, clerk, 3, "payment", "paid", decided=first - 1000)
    sums = adds_up()
    assert (sums.cut, sums.paid, sums.to_pay) == (1000, first - 1000, 0) and sums.back > 0
    told_as = [
        text.read(text.write([selectors.document_of(received, row)]))[0] for row in selectors.answers_of(received)
    ]
    assert [(row["kind"], row["id"], row["decided_sum"]) for row in told_as] == [
        ("result", 1, first - 1000), ("return", 2, 0), ("payment", 3, first - 1000),
    ]  # fmt: skip
    assert reconcile().differing == 0
    assert {row.state for row in reconcile().buckets} >= {"cut_open", "returned", "received"}
    claims.accept_cut(response_id=ClaimResponse.objects.get(status="adjusted").pk, by=clerk)
    outbox.deliver_all()
    after = reconcile()
    assert after.differing == 0 and after.difference_won == 0 and "cut_open" not in {row.state for row in after.buckets}
    assert {
        row.handler: row.last_error for row in Subscription.objects.exclude(last_error="")
    } == {}  # whoever counts took every step


def test_the_page_tells_a_ledger_that_is_behind_from_a_difference(received, clerk, user_of):
    browser = Client()
    browser.force_login(user_of("director"))
    assert "양쪽 일치" in browser.get("/ledger/receivables").content.decode()
    serial = received.entries.get(serial_no="00001")
    raw = {"id": 1, "kind": "payment", "batch_no": received.batch_no, "receipt_no": received.receipt_no, "on": "2026-12-01", "count": 1,
           "decided_sum": serial.insurer_won, "statements": [{"serial_no": "00001", "status": "paid", "requested": serial.insurer_won, "decided": serial.insurer_won}]}  # fmt: skip
    claims.keep_document(hira.Document.model_validate(raw), clerk)  # its event is not delivered yet
    assert "기장하지 않은 사건이" in browser.get("/ledger/receivables").content.decode()
    outbox.deliver_all()
    assert "양쪽 일치" in browser.get("/ledger/receivables").content.decode()


def test_a_difference_between_claims_and_ledger_is_found_by_visit(received, clerk):
    told(received, clerk, 1, "result", "full", decided=received.entries.get(serial_no="00001").insurer_won)
    claim = received.entries.get(serial_no="00001").claim
    ClaimResponse.objects.create(
        claim=claim, batch=received, document_id="payment:77", kind="payment", status="paid", requested_won=claim.insurer_won,
        decided_won=500, decided_on=clock.today(), received_at=clock.now(),
    )  # a payment that never reached the books  # fmt: skip
    found = reconcile()
    assert (found.differing, found.difference_won) == (1, 500)
    assert found.differences[0].encounter_ref == claim.encounter.public_id and found.differences[0].won == 500


def test_the_right_to_a_claim_lapses_after_three_years_and_is_warned_of(ready, clerk):
    assert (
        terms.lapses_on("202611").isoformat() == "2029-11-30" and terms.lapses_on("202402").isoformat() == "2027-02-28"
    )
    assert terms.warns_on("202611").isoformat() == "2029-05-31"
    day = terms.warns_on("202611")
    assert terms.lapsing_month(day) == "202611" and terms.lapsing_month(day.replace(day=30)) == "202610"
    assert selectors.late(day).lapsing == len(ready) and selectors.late(day.replace(day=30)).lapsing == 0
