"""Each automation on a real database: what causes it, what it proposes, what accepting does, and how it is measured."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tamna.billing import services as billing
from tamna.billing.models import CashClosing, Invoice, OrderCode
from tamna.claims import services as claims
from tamna.claims.models import Claim, ClaimResponse, Finding
from tamna.core import automations, clock, outbox
from tamna.core.actor import Actor
from tamna.core.models import DeadLetter, Department, Outcome, User
from tamna.core.models import Proposal as Made
from tamna.patients import services
from tamna.patients.models import Coverage
from tamna.reception import services as reception
from tamna.reception.models import Encounter, Ticket
from tests.integration.test_flow import number, visit

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def patient(hospital, morning, clerk):
    made = services.register_patient(name="홍길동", identity=("rrn", number(345)), phone="01012342214", by=clerk)
    Coverage.objects.create(
        patient=made, payer="nhi", card_no="71234567890", checked_on=clock.today(), checked_at=clock.now()
    )
    return made


def hour(clerk, at, on=None):
    """The hospital clock strikes."""
    on = on or clock.today()
    outbox.record("business.hour", {"date": on.isoformat(), "hour": at}, by=clerk, at=clock.at_seoul(on, at * 60))
    outbox.deliver_all()


def made(key, **more):
    return list(Made.objects.filter(automation=key, **more).order_by("id"))


def answer(claim, clerk, status, decided):
    """The agency's answer about one statement."""
    response = ClaimResponse.objects.create(
        claim=claim, document_id=f"t:{ClaimResponse.objects.count()}", kind="result", status=status, requested_won=claim.insurer_won,
        decided_won=decided, reason_code="A12", decided_on=clock.today(), received_at=clock.now(),
    )  # fmt: skip
    Claim.objects.filter(pk=claim.pk).update(status={"returned": "returned", "full": "full"}.get(status, "adjusted"))
    facts = {"claim_id": claim.pk, "response_id": response.pk, "status": status, "won": decided}
    outbox.record("claim.answered", {**facts, "cut_won": claim.insurer_won - decided}, by=clerk)
    outbox.deliver_all()
    return response


def test_our_own_bills_raise_no_fault_of_the_share(patient, clerk):
    assert not Finding.objects.filter(
        claim=visit(patient, clerk, orders=(("ZU006", 1),)).claims.get(), rule_id="A007"
    ).exists()
    poor = services.register_patient(name="김모의", birth_on=clock.today().replace(year=1958), sex="M", by=clerk)
    Coverage.objects.create(patient=poor, payer="near_poor_2", checked_on=clock.today(), checked_at=clock.now())
    claim = visit(poor, clerk).claims.get()
    found = set(claim.findings.values_list("rule_id", flat=True))
    assert claim.payer == "near_poor_2" and not found & {"A007", "T006", "T010"}


def test_two_fixes_of_one_claim_are_both_applied_and_the_answer_tells(patient, clerk):
    claim = visit(patient, clerk).claims.get()
    claim.lines.filter(code="AA156").update(amount_won=19_000)
    claim.lines.filter(code="ZL001").update(quantity=2)
    claims.check(claim_id=claim.pk, by=clerk)
    outbox.deliver_all()
    rows = made("claim.fix", state="open")
    assert len(rows) >= 2, [row.key for row in rows]
    for row in rows:  # a new check gives the findings new numbers
        if Made.objects.get(pk=row.pk).state == "open":
            assert automations.decide(row.pk, "accepted", by=clerk).state == "accepted"
            outbox.deliver_all()
    claim.refresh_from_db()
    assert claim.rejects == 0 and not made("claim.fix", state="open")
    answer(claim, clerk, "full", claim.insurer_won)
    assert set(Outcome.objects.values_list("is_good", flat=True)) == {True}


def test_a_finding_mended_by_hand_closes_its_proposal(patient, clerk):
    claim = visit(patient, clerk).claims.get()
    claim.lines.filter(code="AA156").update(amount_won=19_000)
    claims.check(claim_id=claim.pk, by=clerk)
    outbox.deliver_all()
    (row, *_) = made("claim.fix", state="open")
    while finding := claim.findings.filter(state="open", fix__isnull=False).first():
        claims.apply_fix(finding_id=finding.pk, by=clerk)
    outbox.deliver_all()
    row.refresh_from_db()
    assert row.state == "expired" and row.decisions.get().verdict == "expired"


def test_an_uncertain_statement_waits_for_a_person_and_can_be_released(patient, clerk):
    claim = visit(patient, clerk).claims.get()
    Finding.objects.create(
        claim=claim,
        rule_id="X012",
        severity="warn",
        message_ko="확인",
        message_en="look",
        source="t",
        won_at_risk=80_000,
    )
    outbox.record("claim.checked", {"claim_id": claim.pk, "rejects": 0, "adjusts": 0}, by=clerk)
    outbox.deliver_all()
    (row,) = made("claim.exception")
    automations.decide(row.pk, "accepted", by=clerk, edited={"note": "금액 확인"})
    claim.refresh_from_db()
    assert claim.status == "checked"
    automations.undo(row.pk, by=clerk)
    claim.refresh_from_db()
    assert claim.status == "approved"
    answer(claim, clerk, "adjusted", claim.insurer_won - 5_000)
    assert Outcome.objects.get(proposal=row).is_good is False


def test_what_comes_back_is_sent_again_and_small_cuts_are_let_go(patient, clerk):
    claim = visit(patient, clerk).claims.get()
    answer(claim, clerk, "returned", 0)
    (back,) = made("claim.reclaim")
    assert back.action == "TakeBack" and 0 < back.won < claim.insurer_won
    automations.decide(back.pk, "accepted", by=clerk)
    outbox.deliver_all()
    claim.refresh_from_db()
    assert claim.status in ("approved", "checked")
    answer(claim, clerk, "adjusted", claim.insurer_won - 1_000)
    assert Outcome.objects.get(proposal=back).is_good is False
    cut = made("claim.reclaim")[-1]
    assert cut.action == "LetCut"
    automations.decide(cut.pk, "accepted", by=clerk)
    assert ClaimResponse.objects.filter(seen_at__isnull=False).count() == 2  # taken back, and let go


def test_a_forgotten_visit_is_billed_and_claimed(patient, clerk):
    department = Department.objects.get(code="01")
    ticket = reception.receive(patient_id=patient.pk, department_id=department.pk, by=clerk)
    encounter = ticket.encounter
    reception.finish(encounter_id=encounter.pk, diagnoses=(("principal", "I10.9"),), by=clerk)
    billing.add_charge(encounter=encounter, code="AA156", key="t", by=clerk)
    Encounter.objects.filter(pk=encounter.pk).update(business_on=clock.today() - timedelta(days=2))
    encounter.refresh_from_db()
    from tamna.claims.automations.omit import propose_forgotten
    from tamna.core.models import Event

    event = Event(name="business.hour", payload={"hour": 8, "date": clock.today().isoformat()})
    (found,) = propose_forgotten(event)
    assert found.won > 0
    assert automations.run("claim.omit", event) == 1
    assert automations.decide(made("claim.omit")[0].pk, "accepted", by=clerk).state == "accepted"
    assert Claim.objects.filter(encounter=encounter).exists() and Invoice.objects.filter(encounter=encounter).exists()


def test_unpaid_bills_are_reminded_once_and_a_payment_tells(patient, clerk):
    bill = visit(patient, clerk).invoices.get()
    with clock.frozen(clock.now() + timedelta(days=2)):
        hour(clerk, 10)
        (row,) = made("bill.pay")
        assert row.won == bill.patient_won and "홍길동" not in str(row.fields)
        later = (clock.today() + timedelta(days=10)).isoformat()
        automations.decide(row.pk, "accepted", by=clerk, edited={"pay_by": later})
    with clock.frozen(clock.now() + timedelta(days=3)):
        hour(clerk, 10)
        assert len(made("bill.pay")) == 1  # nobody is reminded twice
        billing.record_payment(invoice_id=bill.pk, amount_won=bill.patient_won, tender="cash", key="late", by=clerk)
        outbox.deliver_all()
    result = Outcome.objects.get(proposal=row)
    assert result.is_good and result.won == bill.patient_won


def test_a_difference_of_the_day_is_explained(patient, clerk, user_of):
    user = user_of("cashier")
    by = Actor("person", user.username, user.pk, user.role, user.team)
    bill = visit(patient, clerk).invoices.get()
    paid = billing.record_payment(invoice_id=bill.pk, amount_won=bill.patient_won, tender="cash", key="a", by=by)
    closing = billing.close_day(cashier=user, on=clock.today(), counted_cash_won=0, note="모름", by=by)
    outbox.deliver_all()
    (row,) = made("bill.pay")
    automations.decide(row.pk, "accepted", by=by)
    assert str(paid.receipt_no) in CashClosing.objects.get(pk=closing.pk).finding and User.objects.count() == 1


def test_an_unknown_order_code_is_learnt_and_charged(patient, clerk):
    department = Department.objects.get(code="01")
    ticket = reception.receive(patient_id=patient.pk, department_id=department.pk, by=clerk)
    from tamna.billing import rating

    name = rating.master().at("ZL001", clock.today()).name_ko
    reception.place_orders(
        encounter=ticket.encounter, orders=[reception.Ordered("X1", "LAB-77", name, Decimal(1))], by=clerk
    )
    outbox.deliver_all()
    hour(clerk, 11)
    (row,) = made("bill.map")
    assert row.fields["fee_code"] == "ZL001" and row.confidence == 1
    automations.decide(row.pk, "accepted", by=clerk)
    assert OrderCode.objects.get(order_code="LAB-77").fee_code == "ZL001"
    assert ticket.encounter.charges.filter(code="ZL001").count() == 1


def test_old_answers_are_asked_for_before_the_visit(patient, clerk):
    from tamna.core.models import Practitioner
    from tamna.reception.models import Slot

    Coverage.objects.update(checked_on=clock.today() - timedelta(days=40))
    tomorrow = clock.today() + timedelta(days=1)
    reception.open_slots(practitioner=Practitioner.objects.first(), starts=[clock.at_seoul(tomorrow, 600)])
    booked = reception.book(slot_id=Slot.objects.get().pk, patient_id=patient.pk, by=clerk)
    hour(clerk, 16)
    (row,) = made("pat.eligibility")
    assert row.due_at == clock.at_seoul(clock.today(), 18 * 60)
    automations.decide(row.pk, "accepted", by=clerk, edited={"older_than_days": 30})
    with clock.frozen(clock.at_seoul(tomorrow, 595)):
        asked = Coverage.objects.create(
            patient=patient, payer="nhi", checked_on=tomorrow, checked_at=clock.now() - timedelta(hours=12)
        )
        reception.receive(
            patient_id=patient.pk, department_id=Department.objects.first().pk, appointment_id=booked.pk, by=clerk
        )
        outbox.deliver_all()
    assert asked.pk and Outcome.objects.get(proposal=row).is_good


@pytest.fixture
def queue(hospital, morning, clerk):
    """A doctor who sees somebody, and `stand(minutes, priority)` to put one more into the line since so long."""
    department = Department.objects.get(code="01")

    def stand(minutes, *, priority=50, born=1990):
        someone = services.register_patient(name="김모의", birth_on=clock.today().replace(year=born), sex="M", by=clerk)
        ticket = reception.receive(patient_id=someone.pk, department_id=department.pk, by=clerk)
        since = clock.now() - timedelta(minutes=minutes)
        Ticket.objects.filter(pk=ticket.pk).update(issued_at=since, due_at=since, priority=priority)
        outbox.deliver_all()
        ticket.refresh_from_db()
        return ticket

    first = stand(5)
    reception.move(ticket_id=first.pk, step="enter", by=clerk)
    return stand


def test_a_long_waiter_is_moved_up_and_back(queue, clerk):
    automations.set_level("rec.priority", "propose", by=clerk)
    first = queue(70)
    assert not made("rec.priority")  # next anyway
    for _ in range(3):
        queue(5, priority=40)
    queue(1)
    (row,) = made("rec.priority")
    automations.decide(row.pk, "accepted", by=clerk)
    first.refresh_from_db()
    assert (first.priority, first.priority_reason) == (35, "70분 대기")
    automations.undo(row.pk, by=clerk)
    first.refresh_from_db()
    assert first.priority == 50
    reception.move(ticket_id=first.pk, step="call", by=clerk)
    reception.move(ticket_id=first.pk, step="enter", by=clerk)
    outbox.deliver_all()
    assert Outcome.objects.get(proposal=row).is_good


def test_one_long_waiter_of_a_department_is_proposed_at_a_time(queue, clerk):
    automations.set_level("rec.priority", "propose", by=clerk)
    longest, long, old = queue(90), queue(70), queue(40, born=1940)
    for _ in range(4):
        queue(3, priority=40)
    (row,) = made("rec.priority", state="open")
    assert row.subject_ref == str(longest.public_id)
    reception.move(ticket_id=longest.pk, step="call", by=clerk)
    outbox.deliver_all()
    (row,) = made("rec.priority", state="open")  # the queue changed: the next longest instead
    assert row.subject_ref == str(long.public_id) and row.key.endswith(
        ":1"
    )  # it had been proposed and overtaken before
    automations.decide(row.pk, "refused", by=clerk, reason="no")
    queue(1)
    assert made("rec.priority", state="open")[0].subject_ref == str(old.public_id)  # 40 minutes, but over 75
    reception.move(ticket_id=old.pk, step="cancel", by=clerk)
    outbox.deliver_all()
    assert not made("rec.priority", state="open")


def test_nobody_is_proposed_while_no_doctor_sees_anyone_and_all_is_shadow_until_a_lead_asks(queue, clerk):
    long = queue(90)
    for _ in range(3):
        queue(3, priority=40)
    (row,) = made("rec.priority")
    assert row.state == "shadow" and row.subject_ref == str(long.public_id)
    Ticket.objects.filter(status="in_room").update(status="done", ended_at=clock.now())
    Made.objects.all().delete()
    queue(1)
    assert not made("rec.priority")


def test_sending_is_due_while_people_work_and_today_s_holds_yesterday_s(patient, clerk):
    visit(patient, clerk)
    tuesday = clock.today()
    for day in (0, 1, 3, 4):  # Tuesday, Wednesday, Friday, Saturday
        on = tuesday + timedelta(days=day)
        with clock.frozen(clock.at_seoul(on, 16 * 60)):
            automations.expire()
            hour(clerk, 15, on)
            hour(clerk, 16, on)
            hour(clerk, 16, on)
    rows = made("claim.submit")
    close = [clock.at_seoul(tuesday + timedelta(days=day), 18 * 60) for day in (0, 1, 2, 3, 6, 7)]
    assert [row.due_at for row in rows] == [close[0], close[1], close[3], close[4]]  # Saturday's on Monday
    assert [row.expires_at for row in rows] == [close[1], close[2], close[4], close[5]]
    assert [row.state for row in rows] == ["expired", "expired", "expired", "open"]
    assert (
        rows[0].decisions.get().reason and not rows[1].decisions.exists()
    )  # held by the next day's; let go on Thursday


def test_a_delivery_given_up_for_a_passing_reason_is_tried_again(hospital, morning, clerk):
    seen = []
    outbox.on("ground.tested", key="test.heal")(seen.append)
    try:
        event = outbox.record("ground.tested", {}, by=clerk)
        outbox.deliver(only="test.heal")
        letter = DeadLetter.objects.create(
            handler="test.heal", event=event, error="OperationalError: the connection is lost"
        )
        DeadLetter.objects.create(handler="test.heal2", event=event, error="ValueError: no")
        hour(clerk, 11)
        (row,) = made("it.heal")
        automations.decide(row.pk, "accepted", by=clerk)
        letter.refresh_from_db()
        assert letter.solved_at and len(seen) == 2
        hour(clerk, 12)
        assert Outcome.objects.get(proposal=row).is_good
    finally:
        outbox._listeners.pop("test.heal")
