"""Claims out, answers and money in: over a bad line, from an agency that dies, and from one that says false things."""

import json
import threading
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.db.models import Sum

from tamna.claims import services as claims
from tamna.claims.models import Batch, Claim, ClaimResponse
from tamna.connect import bank, hira
from tamna.connect.errors import Garbled, Refused, Unreachable
from tamna.core import clock, outbox
from tamna.core.errors import DomainError
from tamna.core.models import Event, InterfaceMessage, Notification
from tamna.engines.claimfile import BadFile, ndjson
from tamna.ledger.models import JournalEntry, JournalLine
from tamna.patients import services as patients
from tamna.patients.models import Coverage
from tests.integration.connect.simulators import Simulator
from tests.integration.test_flow import number, race, visit

pytestmark = pytest.mark.django_db(transaction=True)
LATER = datetime(2026, 12, 31, 10, 0, tzinfo=clock.SEOUL)


@pytest.fixture
def agency(world, tmp_path):
    """The agency with an empty memory."""
    world["hira"].kill()
    fresh = Simulator("hira", world["hira"].ports, tmp_path)
    fresh.start()
    fresh.wait()
    yield fresh
    fresh.kill()


@pytest.fixture
def batch(hospital, morning, clerk):
    """Five statements of one batch, ready to be sent."""
    for serial in range(345, 350):
        someone = patients.register_patient(name="모의환자", identity=("rrn", number(serial)), by=clerk)
        Coverage.objects.create(
            patient=someone, payer="nhi", card_no="71234567890", checked_on=clock.today(), checked_at=clock.now()
        )
        visit(someone, clerk, orders=(("ZL001", 1 + serial % 2),))
    (made,) = claims.make_batches(by=clerk)
    assert made.statements == 5
    return made


def answered(clerk) -> claims.Collected:
    with clock.frozen(LATER):
        found = claims.collect_answers(by=clerk)
        outbox.deliver_all()
    return found


def books() -> tuple[int, int, int]:
    outbox.deliver_all()
    return ClaimResponse.objects.count(), JournalEntry.objects.count(), Event.objects.filter(name="claim.paid").count()


def balanced() -> bool:
    sums = JournalLine.objects.aggregate(debit=Sum("debit_won"), credit=Sum("credit_won"))
    return sums["debit"] == sums["credit"] > 0


@pytest.fixture
def staff(user_of):
    """Who is told: one clerk of claims, one of IT."""
    return user_of("claims"), user_of("it")


def told(kind):
    return sorted(Notification.objects.filter(kind=kind).values_list("user__role", flat=True))


def test_from_the_batch_to_the_balanced_ledger(agency, batch, clerk, staff):
    seen = max((row.id for row in bank.deposits()), default=0)
    sent = claims.submit(batch_id=batch.pk, by=clerk)
    assert sent.receipt_no and set(sent.claims.values_list("status", flat=True)) == {"received"}
    assert claims.collect_answers(by=clerk).documents == 0  # nothing is due yet
    entries = JournalEntry.objects.count()
    assert answered(clerk).documents >= 2
    after = books()
    assert answered(clerk).documents == 0 and books() == after
    paid = ClaimResponse.objects.filter(kind="payment").aggregate(won=Sum("decided_won"))["won"]
    results = ClaimResponse.objects.filter(kind="result", claim__status="paid").aggregate(won=Sum("decided_won"))["won"]
    assert 0 < paid == results <= batch.insurer_won
    assert JournalEntry.objects.count() - entries == ClaimResponse.objects.filter(kind="payment").count()
    assert balanced()
    assert sum(row.won for row in bank.deposits(seen)) == paid  # what the books say is on the account
    documents = Event.objects.filter(name="batch.answered").count()
    outbox.replay("claims.tell_answered")
    outbox.deliver_all()
    assert told("batch.answered") == ["claims"] * documents and documents >= 1


def test_a_lost_receipt_is_found_again_and_the_batch_counts_once(agency, batch, clerk):
    agency.fault(lost_rate=1)
    for _ in range(3):
        with pytest.raises(Unreachable):
            claims.submit(batch_id=batch.pk, by=clerk)
    assert Batch.objects.get().receipt_no == "" and not Event.objects.filter(name="claim.submitted").exists()
    agency.quiet()
    sent = claims.submit(batch_id=batch.pk, by=clerk)
    agency.kill()  # so that asking it again would be heard
    assert claims.submit(batch_id=batch.pk, by=clerk).receipt_no == sent.receipt_no
    agency.start()
    agency.wait()
    assert hira.submit(claims.file_of(sent), at=sent.made_at).receipt_no == sent.receipt_no  # it survived a kill
    assert Event.objects.filter(name="claim.submitted").count() == 1


def test_two_workers_send_a_batch_once(agency, batch, clerk):
    results = race(lambda _: claims.submit(batch_id=batch.pk, by=clerk).receipt_no, range(8), threads=4)
    assert len(set(results)) == 1 and Event.objects.filter(name="claim.submitted").count() == 1


def test_the_same_batch_number_with_other_content_is_refused(agency, batch, clerk, staff):
    header, statements = ndjson.read(claims.file_of(batch))
    del header["layout"]
    other = ndjson.write(header | {"statement_count": 4}, statements[:4])
    hira.submit(other, at=batch.made_at)
    for _ in range(2):
        with pytest.raises(DomainError) as refused:
            claims.submit(batch_id=batch.pk, by=clerk)
    assert told("batch.refused") == ["claims"]  # once, not per try
    assert refused.value.key == "claims.batch_refused" and refused.value.facts["code"] == "batch_reused"
    assert Batch.objects.get().receipt_no == "" and set(Claim.objects.values_list("status", flat=True)) == {"batched"}


def test_a_file_that_was_cut_is_refused_by_both_sides(agency, batch):
    content = claims.file_of(batch)
    assert claims.file_of(batch) == content
    for bad in (
        content[:-20],
        content.replace(b"outpatient", b"inpatient", 1),
        content.splitlines(keepends=True)[0],
        b"",
    ):
        with pytest.raises(BadFile):
            ndjson.read(bad)
    for bad in (content[:-20], content.replace(b"outpatient", b"inpatient", 1)):
        with pytest.raises(Refused):
            hira.submit(bad, at=batch.made_at)


@pytest.mark.parametrize("fault", ["lost_rate", "garble_rate", "outage"])
def test_answers_lost_on_the_way_are_read_later_and_once(agency, batch, clerk, fault):
    claims.submit(batch_id=batch.pk, by=clerk)
    before = books()
    agency.fault(**{fault: 1})
    for _ in range(2):
        with pytest.raises(Unreachable):
            answered(clerk)
    assert books() == before
    agency.quiet()
    assert answered(clerk).documents >= 2
    agency.kill()
    agency.start()
    agency.wait()
    after = books()
    assert answered(clerk).documents == 0 and books() == after and balanced()


def test_a_false_answer_stays_out_of_the_books_until_it_is_right(agency, batch, clerk, staff):
    claims.submit(batch_id=batch.pk, by=clerk)
    agency.fault(lie_rate=1)
    for _ in range(2):
        answered(clerk)
    aside = InterfaceMessage.objects.get(system="hira", status="failed")
    assert (
        aside.kind == "unreadable"
        and not ClaimResponse.objects.filter(document_id__endswith=f":{aside.control_id}").exists()
    )
    assert told("answer.unreadable") == ["claims", "it"]  # told once
    agency.quiet()
    answered(clerk)
    aside.refresh_from_db()
    assert aside.status == "accepted" and balanced()
    assert ClaimResponse.objects.filter(kind="result").count() == 5  # no statement was left out


def test_the_bank_was_away_when_the_agency_paid(agency, batch, clerk, world):
    seen = max((row.id for row in bank.deposits()), default=0)
    claims.submit(batch_id=batch.pk, by=clerk)
    world["bank"].fault(outage=1)
    answered(clerk)
    world["bank"].quiet()
    assert bank.deposits(seen) == []
    answered(clerk)
    paid = ClaimResponse.objects.filter(kind="payment").aggregate(won=Sum("decided_won"))["won"]
    assert sum(row.won for row in bank.deposits(seen)) == paid
    answered(clerk)
    assert sum(row.won for row in bank.deposits(seen)) == paid


# -- an agency that says what cannot be ----------------------------------------------------------------------------------
@pytest.fixture
def liar(monkeypatch):
    """An agency whose answers a test writes."""
    say: dict = {"documents": []}

    class Speaker(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            after = int(self.path.rpartition("=")[2])
            due = [row for row in say["documents"] if row["id"] > after]
            body = say.get("raw") if "raw" in say else json.dumps({"documents": due}).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Speaker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("TAMNA_HIRA_URL", f"http://127.0.0.1:{server.server_port}")
    yield say
    server.shutdown()
    server.server_close()


def document(batch, number=1, kind="result", status="full", **changes):
    rows = [
        {"serial_no": claim.serial_no, "status": status, "decided": claim.insurer_won, "reason": "", "requested": claim.insurer_won,
         "lines": []}
        for claim in batch.claims.order_by("serial_no")
    ]  # fmt: skip
    whole = {
        "id": number,
        "kind": kind,
        "batch_no": batch.batch_no,
        "receipt_no": "0000001",
        "on": "2026-12-01",
        "statements": rows,
    }
    return whole | {"count": len(rows), "decided_sum": sum(row["decided"] for row in rows)} | changes


def spoiled(batch, **row):
    whole = document(batch)
    whole["statements"][0] |= row
    return whole | {"decided_sum": sum(item["decided"] for item in whole["statements"])}


def test_what_contradicts_the_claim_is_told_and_not_booked(liar, batch, clerk, staff):
    before = books()
    wrong = [
        document(batch, batch_no="209912O001"),
        spoiled(batch, serial_no="99999"),
        spoiled(batch, requested=9_999_999, decided=9_999_999),
    ]
    liar["documents"] = [row | {"id": number} for number, row in enumerate(wrong, start=1)]
    assert claims.collect_answers(by=clerk).statements == 0
    assert books() == before
    kept = InterfaceMessage.objects.filter(system="hira").order_by("id")
    assert [(row.status, row.detail) for row in kept] == [
        ("refused", "unknown batch"), ("refused", "unknown statement"), ("refused", "another sum than was asked for"),
    ]  # fmt: skip
    assert told("answer.contradicts") == ["claims"] * 3
    liar["documents"].append(document(batch, 4))
    assert claims.collect_answers(by=clerk).statements == 5  # the others are not held up


def test_what_does_not_add_up_is_set_aside_and_does_not_hold_up_the_next(liar, batch, clerk):
    before = books()
    wrong = [
        document(batch, decided_sum=1), document(batch, count=4), document(batch, kind="payment"), document(batch, status="paid"),
        document(batch, on="someday"), document(batch, statements="none"), spoiled(batch, serial_no="00002"),
        spoiled(batch, decided=-1), spoiled(batch, decided=10**9), spoiled(batch, status="generous"), spoiled(batch, decided=0),
    ]  # fmt: skip
    liar["documents"] = [row | {"id": number} for number, row in enumerate(wrong, start=1)]
    claims.collect_answers(by=clerk)
    assert books() == before
    assert InterfaceMessage.objects.filter(system="hira", status="failed").count() == len(wrong)
    liar["documents"].append(document(batch, len(wrong) + 1))
    assert claims.collect_answers(by=clerk).statements == 5
    with clock.frozen(clock.now() + timedelta(days=2)):
        assert claims._last_document() == len(wrong) + 1  # given up after a day; the record stays for people
    assert set(Claim.objects.values_list("status", flat=True)) == {"full"}


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b'{"documents": 1}', b'{"documents": [{}]}', b'{"documents": [{"id": "x"}]}', b"<html>"]
)
def test_what_is_no_answer_at_all(liar, batch, clerk, raw):
    before = books()
    liar["raw"] = raw
    with pytest.raises(Garbled):
        claims.collect_answers(by=clerk)
    assert books() == before and not InterfaceMessage.objects.filter(system="hira").exists()
