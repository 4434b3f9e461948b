"""Each outside system as its own process, with its faults switched on: nothing twice, nothing lost, nothing false believed."""

from datetime import date
from uuid import uuid4

import httpx
import pytest
from procrastinate.jobs import Job

from tamna.billing import cards
from tamna.billing import services as billing
from tamna.billing.models import Payment
from tamna.connect import bank, messaging, nhis, payment, systems
from tamna.connect.errors import Garbled, Refused, Unreachable
from tamna.core import clock, outbox
from tamna.core.errors import DomainError
from tamna.core.models import Department, Event, InterfaceMessage
from tamna.core.tasks import BACKOFF
from tamna.patients import services as patients
from tamna.patients.models import Coverage
from tamna.reception import selectors, tasks
from tamna.reception import services as reception
from tamna.reception.models import Encounter
from tests.integration.test_flow import number

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def insured(hospital, morning, clerk):
    """A patient with a number, of whom nothing is known yet."""
    return patients.register_patient(name="모의환자", identity=("rrn", number(345)), by=clerk)


@pytest.fixture
def bill(hospital, visit, clerk):
    reception.finish(encounter_id=visit.pk, diagnoses=(("principal", "I10.9"),), by=clerk)
    outbox.deliver_all()
    return visit.invoices.get()


def receive(patient, clerk):
    return reception.receive(
        patient_id=patient.pk, department_id=Department.objects.get(code="01").pk, by=clerk
    ).encounter


@pytest.mark.parametrize(("fault", "error"), [
    ({"outage": 1}, Unreachable), ({"refuse_rate": 1}, Unreachable), ({"lost_rate": 1}, Unreachable), ({"garble_rate": 1}, Garbled),
    ({"delay_s": 1}, Unreachable),
], ids=lambda value: value.__name__ if isinstance(value, type) else next(iter(value)))  # fmt: skip
def test_every_fault_of_every_system_is_said_by_name(world, fault, error, morning):
    for simulator in world.values():
        simulator.fault(**fault)
    asked = nhis.Question(number="0000000000000", on=date(2026, 11, 24))
    with pytest.raises(error) as trouble:
        nhis.check(asked, timeout_s=0.3)
    assert "0000000000000" not in str(trouble.value) + repr(trouble.value.__context__)
    if "delay_s" in fault:
        return
    for ask in (bank.deposits, lambda: messaging.status("x"), lambda: messaging.send(_message("k"))):
        with pytest.raises((error, Refused)):
            ask()


def test_a_system_that_is_killed_is_unreachable_and_comes_back(world):
    world["bank"].kill()
    with pytest.raises(Unreachable):
        bank.deposits()
    assert not systems.probe(systems.BANK).reachable
    world["bank"].start()
    world["bank"].wait()
    assert systems.probe(systems.BANK).reachable and isinstance(bank.deposits(), list)


def test_the_screen_sees_which_faults_are_on(world):
    world["card"].fault(lost_rate=0.5)
    status = {row.system.key: row for row in systems.probe_all()}
    assert status["card"].is_troubled and status["card"].faults["lost_rate"] == 0.5 and status["card"].simulated
    assert not status["bank"].is_troubled
    with pytest.raises(Unreachable):
        systems.set_faults(systems.CARD, {"lost_rate": 7})
    assert systems.probe(systems.CARD).faults["lost_rate"] == 0.5


# -- eligibility -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("fault", ["outage", "garble_rate"])
def test_a_patient_is_received_without_the_insurer_and_checked_later(world, insured, clerk, fault):
    world["nhis"].fault(**{fault: 1})
    assert patients.check_coverage(patient=insured, by=clerk) is None
    visit = receive(insured, clerk)
    assert (visit.coverage, visit.payer) == (None, "self") and selectors.unchecked_visits() == [visit]
    assert Event.objects.filter(name="coverage.unreachable").exists()
    assert tasks.recheck_coverage(0) == 0
    world["nhis"].quiet()
    assert tasks.recheck_coverage(0) == 1
    visit.refresh_from_db()
    assert visit.coverage.checked_on == clock.today() and visit.payer == visit.coverage.payer
    assert tasks.recheck_coverage(0) == 0 and selectors.unchecked_visits() == []
    assert Coverage.objects.count() == 1


def test_an_old_answer_is_used_and_marked_while_the_insurer_is_away(world, insured, clerk):
    known = Coverage.objects.create(
        patient=insured, payer="near_poor_2", checked_on=date(2026, 10, 1), checked_at=clock.now()
    )
    world["nhis"].fault(outage=1)
    assert patients.check_coverage(patient=insured, by=clerk) == known
    visit = receive(insured, clerk)
    assert visit.payer == "near_poor_2" and selectors.unchecked_visits() == [visit]
    world["nhis"].quiet()
    assert tasks.recheck_coverage(0) == 1
    visit.refresh_from_db()
    assert visit.coverage != known and visit.payer == visit.coverage.payer and visit.coverage.changed


def test_a_payer_chosen_by_hand_and_a_finished_visit_stay(world, insured, clerk):
    world["nhis"].fault(outage=1)
    department = Department.objects.get(code="01")
    by_hand = reception.receive(patient_id=insured.pk, department_id=department.pk, payer="auto", by=clerk).encounter
    world["nhis"].quiet()
    assert tasks.recheck_coverage(0) == 1
    by_hand.refresh_from_db()
    assert by_hand.payer == "auto" and by_hand.coverage is not None
    reception.finish(encounter_id=by_hand.pk, diagnoses=(("principal", "S13.4"),), by=clerk)
    again = Coverage.objects.create(patient=insured, payer="nhi", checked_on=clock.today(), checked_at=clock.now())
    assert not reception.attach_coverage(encounter_id=by_hand.pk, coverage=again)


# -- card --------------------------------------------------------------------------------------------------------------
def charged(key: str) -> int:
    found = payment.query(key)
    return found.amount_won if found else 0


def test_an_approval_whose_answer_was_lost_is_found_by_its_key(world, bill, clerk):
    key = f"pay-{uuid4()}"
    world["card"].fault(lost_rate=1)
    with pytest.raises(DomainError) as unknown:
        cards.pay_by_card(invoice_id=bill.pk, amount_won=bill.patient_won, key=key, by=clerk)
    assert unknown.value.key == "billing.card_unreachable" and not Payment.objects.exists()
    world["card"].quiet()
    assert charged(key) == bill.patient_won  # the terminal had charged it
    taken = cards.pay_by_card(invoice_id=bill.pk, amount_won=bill.patient_won, key=key, by=clerk)
    again = cards.pay_by_card(invoice_id=bill.pk, amount_won=bill.patient_won, key=key, by=clerk)
    assert again == taken == Payment.objects.get() and taken.approval_no
    assert payment.query(key).approval_no == taken.approval_no


@pytest.mark.parametrize("fault", ["lost_rate", "garble_rate", "refuse_rate"])
def test_a_bad_line_to_the_terminal_never_charges_twice(world, bill, clerk, fault):
    key = f"pay-{uuid4()}"
    world["card"].fault(**{fault: 0.6})
    for _ in range(60):
        try:
            cards.pay_by_card(invoice_id=bill.pk, amount_won=bill.patient_won, key=key, by=clerk)
            break
        except DomainError as error:
            assert error.key == "billing.card_unreachable"
    world["card"].quiet()
    assert Payment.objects.get().amount_won == charged(key) == bill.patient_won
    outbox.deliver_all()
    bill.refresh_from_db()
    assert bill.paid_won == bill.patient_won


def test_a_terminal_killed_after_the_approval_still_knows_it(world, bill, clerk):
    key = f"pay-{uuid4()}"
    world["card"].fault(lost_rate=1)
    with pytest.raises(DomainError):
        cards.pay_by_card(invoice_id=bill.pk, amount_won=bill.patient_won, key=key, by=clerk)
    world["card"].kill()
    with pytest.raises(DomainError):
        cards.pay_by_card(invoice_id=bill.pk, amount_won=bill.patient_won, key=key, by=clerk)
    world["card"].start()
    world["card"].wait()
    cards.pay_by_card(invoice_id=bill.pk, amount_won=bill.patient_won, key=key, by=clerk)
    assert Payment.objects.get().amount_won == charged(key)


def test_an_approval_is_given_back_when_the_bill_was_paid_meanwhile(world, bill, clerk, monkeypatch):
    key = f"pay-{uuid4()}"
    real = cards.terminal.approve

    def paid_in_cash_meanwhile(key, amount_won, method):
        approval = real(key, amount_won, method)
        billing.record_payment(invoice_id=bill.pk, amount_won=bill.patient_won, tender="cash", key="cash", by=clerk)
        return approval

    monkeypatch.setattr(cards.terminal, "approve", paid_in_cash_meanwhile)
    with pytest.raises(DomainError):
        cards.pay_by_card(invoice_id=bill.pk, amount_won=bill.patient_won, key=key, by=clerk)
    assert Payment.objects.get().tender == "cash"
    with pytest.raises(Refused) as over:  # all of it was given back already
        payment.cancel(key, 1, "more")
    assert over.value.code == "over_amount"


def test_a_refund_whose_answer_was_lost_goes_back_once(world, bill, clerk):
    key, back = f"pay-{uuid4()}", f"back-{uuid4()}"
    taken = cards.pay_by_card(invoice_id=bill.pk, amount_won=bill.patient_won, key=key, by=clerk)
    world["card"].fault(lost_rate=1)
    with pytest.raises(DomainError):
        cards.refund_by_card(payment=taken, amount_won=1000, reason="이중 수납", key=back, by=clerk)
    assert Payment.objects.count() == 1
    world["card"].quiet()
    for _ in range(2):
        refund = cards.refund_by_card(payment=taken, amount_won=1000, reason="이중 수납", key=back, by=clerk)
    assert refund.amount_won == -1000 and Payment.objects.count() == 2
    with pytest.raises(Refused):
        payment.cancel(key, bill.patient_won - 999, "too much")


def test_an_approval_of_another_terminal_is_given_back_once_and_no_more_than_it_was(world, bill, clerk):
    taken = billing.record_payment(
        invoice_id=bill.pk,
        amount_won=bill.patient_won,
        tender="card",
        key="elsewhere",
        approval_no="12345678",
        by=clerk,
    )
    refund = cards.refund_by_card(payment=taken, amount_won=bill.patient_won, reason="취소", key="b1", by=clerk)
    assert (refund.approval_no, refund.amount_won) == ("12345678", -bill.patient_won)
    with pytest.raises(DomainError, match="refund_too_much"):
        cards.refund_by_card(payment=taken, amount_won=1, reason="더", key="b2", by=clerk)


# -- messages and bank -------------------------------------------------------------------------------------------------
def _message(key: str) -> messaging.Message:
    return messaging.Message(key=key, to="01000000000", text="예약 안내")


def test_a_message_is_sent_once_under_retries(world):
    key = f"m-{uuid4()}"
    world["messaging"].fault(lost_rate=0.7)
    tries, sent = 0, None
    while sent is None and tries < 100:
        tries += 1
        try:
            sent = messaging.send(_message(key))
        except Unreachable:
            continue
    world["messaging"].quiet()
    assert sent == messaging.send(_message(key)) and sent.status == "accepted"
    assert messaging.status(sent.message_id).status == "delivered"
    assert "예약 안내" not in repr(_message(key)) and "01000000000" not in repr(_message(key))
    with pytest.raises(Refused):
        messaging.send(messaging.Message(key=f"m-{uuid4()}", to="", text=""))


def test_the_statement_is_read_forward_and_a_deposit_counts_once(world):
    seen = max((row.id for row in bank.deposits()), default=0)
    for reference, won in (("t-1", 1000), ("t-2", 2000), ("t-1", 1000)):
        body = {"on": "2026-11-24", "won": won, "payer": "NHIS", "reference": f"{reference}-{seen}"}
        httpx.post(f"{world['bank'].url}/deposits", json=body).raise_for_status()
    found = bank.deposits(seen)
    assert [row.won for row in found] == [1000, 2000] and bank.deposits(found[-1].id) == []
    world["bank"].fault(garble_rate=1)
    with pytest.raises(Garbled):
        bank.deposits(0)


# -- telling the HIS ---------------------------------------------------------------------------------------------------
def counts(world) -> dict[str, int]:
    return httpx.get(f"{world['his'].url}/counts").json()


def test_the_his_hears_of_an_arrival_once_and_in_spite_of_refusals(world, visit):
    before = counts(world)["told"]
    world["his"].fault(outage=1)
    with pytest.raises(Unreachable):
        tasks.send_arrival(visit.pk)
    world["his"].fault(outage=0, refuse_rate=1)
    with pytest.raises(Unreachable):
        tasks.send_arrival(visit.pk)
    world["his"].quiet()
    tasks.send_arrival(visit.pk)
    tasks.send_arrival(visit.pk)
    assert counts(world)["told"] == before + 1
    assert InterfaceMessage.objects.get(direction="out").status == "sent"
    assert Encounter.objects.get(pk=visit.pk).status == "arrived"


def test_an_absent_system_is_asked_for_a_day_and_a_fault_of_ours_six_times():
    def tries(error: Exception) -> tuple[int, int]:
        waits = []
        while True:
            job = Job(id=1, queue="q", lock=None, queueing_lock=None, task_name="t", attempts=len(waits))
            decision = BACKOFF.get_retry_decision(exception=error, job=job)
            if decision is None:
                return len(waits), round(sum(waits))
            waits.append(min(3 ** min(job.attempts + 1, 6), 300))

    assert tries(ValueError())[0] == 6
    asked, seconds = tries(Unreachable("hira"))
    assert asked > 200 and seconds > 23 * 3600
