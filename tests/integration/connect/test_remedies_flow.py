"""From a cut to the ruling, with the agency as a process of its own: offered, decided by a person, written, sent, ruled, paid, appealed."""

from datetime import datetime, timedelta

import pytest
from django.test import Client

from tamna.claims import services as claims
from tamna.claims.models import Claim, ClaimResponse, Remedy
from tamna.claims.remedies import letter, services
from tamna.core import automations, clock, outbox
from tamna.core.errors import DomainError
from tamna.core.models import Proposal as Made
from tamna.ledger.models import JournalEntry
from tamna.patients import services as patients
from tamna.patients.models import Coverage
from tamna.simulators.faults import Memory
from tests.integration.connect.simulators import Simulator
from tests.integration.test_flow import number, visit

pytestmark = pytest.mark.django_db(transaction=True)
CUT_WON = 5_000
TOLD = datetime(2026, 12, 4, 11, 0, tzinfo=clock.SEOUL)


@pytest.fixture
def claim(hospital, morning, clerk) -> Claim:
    """A statement that was sent."""
    someone = patients.register_patient(name="모의환자", identity=("rrn", number(351)), by=clerk)
    Coverage.objects.create(
        patient=someone, payer="nhi", card_no="71234567890", checked_on=clock.today(), checked_at=clock.now()
    )
    visit(someone, clerk, orders=(("ZL001", 1),))
    (batch,) = claims.make_batches(by=clerk)
    batch.receipt_no, batch.status = "7654321", "received"
    batch.save()
    batch.claims.update(status="received")
    return batch.claims.get()


def agency(world, place, claim: Claim, status: str) -> Simulator:
    """An agency that has decided about the statement and not told it yet."""
    world["hira"].kill()
    cut = CUT_WON if status == "adjusted" else claim.insurer_won
    row = {"serial_no": claim.serial_no, "status": status, "requested": claim.insurer_won, "decided": claim.insurer_won - cut, "reason": "F03" if status == "impossible" else "A07",
           "lines": [{"line_no": 1, "amount": cut, "reason": "A07"}] if status == "adjusted" else []}  # fmt: skip
    memory = Memory(str(place / "hira.db"))
    memory.put(
        "due",
        "told",
        {
            "due": TOLD.isoformat(),
            "kind": "result",
            "batch_no": claim.batch.batch_no,
            "receipt_no": "7654321",
            "statements": [row],
        },
    )
    memory.file.close()
    started = Simulator("hira", world["hira"].ports, place)
    started.start()
    started.wait()
    return started


@pytest.fixture
def cut(world, tmp_path, claim):
    started = agency(world, tmp_path, claim, "adjusted")
    yield claim
    started.kill()


def read(at: datetime, clerk) -> None:
    with clock.frozen(at):
        claims.collect_answers(by=clerk)
        services.collect_rulings(by=clerk)
        outbox.deliver_all()


def test_a_cut_is_offered_written_sent_and_ruled_upon(cut, clerk, user_of):
    read(TOLD, clerk)
    remedy = Remedy.objects.get()
    assert (remedy.kind, remedy.status, remedy.asked_won) == ("objection", "offered", CUT_WON)
    assert remedy.due_on == TOLD.date() + timedelta(days=90)
    made = Made.objects.get(automation="claim.reclaim", action="BeginRemedy")
    with clock.frozen(TOLD):
        automations.decide(made.pk, "accepted", by=clerk)
        assert Remedy.objects.get().status == "draft"  # nothing is sent by deciding
        with pytest.raises(DomainError) as refused:
            services.write(remedy_id=remedy.pk, reason="의료법 제999조에 따릅니다.", by=clerk)
        assert refused.value.key == "claims.no_such_article"
        remedy = services.write(remedy_id=remedy.pk, reason="국민건강보험법 제41조에 따라 실시하였습니다.", by=clerk)
        text = letter.text_of(remedy)
        assert "국민건강보험법 제87조제2항(이의신청)" in text and "5,000원의 인정" in text and "모의환자" not in text
        assert letter.page_of(remedy).startswith(b"%PDF")
        first = services.file(remedy_id=remedy.pk, by=clerk).receipt_no
        assert first and Remedy.objects.get().status == "filed"
        with pytest.raises(DomainError) as held:
            claims.accept_cut(response_id=remedy.response_id, by=clerk)
        assert held.value.key == "claims.remedy_filed"
        with pytest.raises(DomainError):
            services.file(remedy_id=remedy.pk, by=clerk)
    read(TOLD + timedelta(days=1), clerk)
    assert Remedy.objects.get().status == "filed"
    entries = JournalEntry.objects.count()
    read(TOLD + timedelta(weeks=9), clerk)
    remedy = Remedy.objects.get(kind="objection")
    assert remedy.status in ("upheld", "partly", "dismissed") and (remedy.regained_won > 0) == (
        remedy.status != "dismissed"
    )
    regained = ClaimResponse.objects.filter(kind="payment")
    assert sum(row.decided_won for row in regained) == remedy.regained_won
    assert JournalEntry.objects.count() - entries == (1 if remedy.regained_won else 0)
    appeal = Remedy.objects.filter(kind="appeal").first()
    assert (appeal is not None) == (remedy.regained_won < CUT_WON)
    if appeal:
        assert appeal.asked_won == CUT_WON - remedy.regained_won and appeal.previous == remedy
    assert not ClaimResponse.objects.get(kind="result").seen_at  # the cut itself still waits for a person


def test_a_late_or_decided_remedy_is_left_alone(cut, clerk):
    read(TOLD, clerk)
    pk = Remedy.objects.get().pk
    with clock.frozen(TOLD + timedelta(days=91)), pytest.raises(DomainError) as late:
        services.begin(remedy_id=pk, by=clerk)
    assert late.value.key == "claims.remedy_late"
    with clock.frozen(TOLD):
        with pytest.raises(DomainError):
            services.let_go(remedy_id=pk, reason=" ", by=clerk)
        services.let_go(remedy_id=pk, reason="실익 없음", by=clerk)
        with pytest.raises(DomainError):
            services.begin(remedy_id=pk, by=clerk)
    assert not JournalEntry.objects.filter(key__startswith="claim.cut_accepted").exists()


def test_the_screens_show_what_is_left(cut, clerk, user_of):
    read(TOLD, clerk)
    remedy = Remedy.objects.get()
    with clock.frozen(TOLD):
        client = Client()
        client.force_login(user_of("claims"))
        page = client.get("/claims/remedies").content.decode()
        assert remedy.claim.claim_no in page
        assert client.post(f"/claims/remedies/{remedy.public_id}/begin").status_code == 302
        page = client.get(f"/claims/remedies/{remedy.public_id}").content.decode()
        assert "제87조제2항" in page and "5,000" in page
        assert client.get(f"/claims/remedies/{remedy.public_id}/letter").content.startswith(b"%PDF")
        assert (
            client.get(f"/claims/remedies/{remedy.public_id}/letter?as=text").content.decode().startswith("이의신청서")
        )
        services.rank_anew(clock.today() + timedelta(days=50))
    assert Remedy.objects.get().rank > remedy.rank


def test_only_what_was_not_regained_is_written_off(cut, clerk):
    read(TOLD, clerk)
    remedy = Remedy.objects.get()
    Remedy.objects.filter(pk=remedy.pk).update(status="partly", regained_won=2_000, ruled_on=TOLD.date())
    with clock.frozen(TOLD):
        claims.accept_cut(response_id=remedy.response_id, by=clerk)
        outbox.deliver_all()
    entry = JournalEntry.objects.get(key=f"claim.cut_accepted:{remedy.response_id}")
    assert sum(line.debit_won for line in entry.lines.all()) == CUT_WON - 2_000
