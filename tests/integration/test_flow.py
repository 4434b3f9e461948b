"""From the door to the ledger on a real database: booking, arrival, queue, orders, bill, money, claim, journal."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import Sum

from tamna.billing import services as billing
from tamna.billing.models import Invoice, Payment
from tamna.claims.models import Claim
from tamna.core import clock, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.models import AuditEntry, Department, Practitioner, User
from tamna.insight import services as insight
from tamna.ledger.models import JournalEntry, JournalLine
from tamna.patients import selectors, services, timeline
from tamna.patients.models import Coverage, Identity
from tamna.reception import services as reception
from tamna.reception.models import Appointment, Slot, Ticket

pytestmark = pytest.mark.django_db(transaction=True)
RRN = "5504122123457"  # a possible number of nobody


def _check_digit(first12: str) -> str:
    weights = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
    return str((11 - sum(int(d) * w for d, w in zip(first12, weights, strict=True)) % 11) % 10)


def number(serial: int) -> str:
    first = f"550412212{serial:03d}"
    return first + _check_digit(first)


@pytest.fixture
def patient(hospital, morning, clerk):
    made = services.register_patient(name="홍길동", identity=("rrn", number(345)), phone="01012342214", by=clerk)
    Coverage.objects.create(
        patient=made, payer="nhi", card_no="71234567890", checked_on=clock.today(), checked_at=clock.now()
    )
    return made


def visit(patient, clerk, *, orders=(("ZL001", 1),), diagnoses=(("principal", "I10.9"),)):
    department = Department.objects.get(code="01")
    ticket = reception.receive(patient_id=patient.pk, department_id=department.pk, by=clerk)
    reception.call_next(department_id=department.pk, by=clerk)
    reception.move(ticket_id=ticket.pk, step="enter", by=clerk)
    placed = [
        reception.Ordered(f"P{ticket.pk}-{i}", code, code, Decimal(count)) for i, (code, count) in enumerate(orders)
    ]
    reception.place_orders(encounter=ticket.encounter, orders=placed, by=clerk)
    reception.finish(encounter_id=ticket.encounter_id, diagnoses=diagnoses, by=clerk)
    outbox.deliver_all()
    return ticket.encounter


def test_one_visit_runs_from_the_door_to_the_ledger(patient, clerk):
    encounter = visit(patient, clerk)
    bill = encounter.invoices.get()
    assert bill.total_won == bill.patient_won + bill.insurer_won
    assert {charge.code for charge in bill.charges.all()} == {"AA156", "ZL001"}
    billing.record_payment(invoice_id=bill.pk, amount_won=bill.patient_won, tender="cash", key="k1", by=clerk)
    outbox.deliver_all()
    claim = Claim.objects.get(encounter=encounter)
    assert claim.checked_at and claim.lines.count() == 2
    assert claim.status == "approved", [(f.rule_id, f.message_ko) for f in claim.findings.all()]
    sums = JournalLine.objects.aggregate(debit=Sum("debit_won"), credit=Sum("credit_won"))
    assert sums["debit"] == sums["credit"] > 0
    assert JournalEntry.objects.filter(encounter_ref=encounter.public_id).count() == 2
    entries = timeline.of_encounter(encounter.pk)
    assert {2, 4, 6, 8, 9, 10, 11, 12, 20, 21, 30} <= {entry.order for entry in entries}
    for entry in entries:  # every step has its record, its reason and its audit
        assert entry.url and entry.why, entry.title
        kind, ref = entry.subject
        assert AuditEntry.objects.filter(subject_type=kind, subject_id=ref).exists(), (entry.title, entry.subject)
    assert len({entry.key for entry in entries}) == len(entries)
    assert [phase.key != "" for phase in timeline.phases(entries)] == [True] * 6 + [False] * 2 + [True]
    assert {figure.label for figure in timeline.figures_of(encounter.pk)} >= {"총액", "수납됨", "미수금"}
    today = clock.today()
    assert insight.stored(today, today) == insight.from_facts(today, today)


def test_events_delivered_twice_change_nothing(patient, clerk):
    encounter = visit(patient, clerk)
    before = (Invoice.objects.count(), JournalEntry.objects.count(), Claim.objects.count())
    for handler in ("billing.order", "billing.finished", "claims.draft", "ledger.invoice", "claims.check"):
        outbox.replay(handler)
    outbox.deliver_all()
    assert (Invoice.objects.count(), JournalEntry.objects.count(), Claim.objects.count()) == before
    assert encounter.charges.count() == 2


def test_a_late_order_makes_a_difference_bill_and_the_old_one_stays(patient, clerk):
    encounter = visit(patient, clerk)
    first = encounter.invoices.get()
    reception.place_orders(encounter=encounter, orders=[reception.Ordered("LATE", "G2101", "x-ray")], by=clerk)
    outbox.deliver_all()
    old, new = encounter.invoices.order_by("seq")
    assert (old.pk, old.total_won) == (first.pk, first.total_won)
    assert new.kind == "difference" and new.corrects_id == old.pk and new.total_won > 0


def test_a_bill_and_a_payment_cannot_be_rewritten(patient, clerk):
    from django.db import IntegrityError

    bill = visit(patient, clerk).invoices.get()
    with pytest.raises(IntegrityError):
        Invoice.objects.filter(pk=bill.pk).update(total_won=1)
    billing.record_payment(invoice_id=bill.pk, amount_won=bill.patient_won, tender="cash", key="k", by=clerk)
    with pytest.raises(IntegrityError):
        Payment.objects.update(amount_won=5)


def race(work, items, threads=16):
    """Run work(item) in real threads; collect results and domain errors."""
    gate = threading.Barrier(threads)

    def run(item):
        with clock.frozen(clock.at_seoul(date(2026, 11, 24), 630)):
            try:
                return work(item)
            except DomainError as error:
                return error
            finally:
                connection.close()

    def first(item):
        gate.wait(10)
        return run(item)

    with ThreadPoolExecutor(threads) as pool:
        jobs = [pool.submit(first if index < threads else run, item) for index, item in enumerate(items)]
        return [job.result() for job in jobs]


def test_two_hundred_cashiers_take_one_bill_once(patient, clerk):
    bill = visit(patient, clerk).invoices.get()
    results = race(
        lambda n: billing.record_payment(
            invoice_id=bill.pk, amount_won=bill.patient_won, tender="cash", key=f"c{n}", by=clerk
        ),
        range(200),
    )
    taken = [row for row in results if isinstance(row, Payment)]
    assert len(taken) == 1 and Payment.objects.count() == 1
    bill.refresh_from_db()
    assert bill.paid_won == bill.patient_won
    assert {row.key for row in results if isinstance(row, DomainError)} == {"billing.already_paid"}


def test_a_double_click_pays_once(patient, clerk):
    bill = visit(patient, clerk).invoices.get()
    results = race(
        lambda n: billing.record_payment(
            invoice_id=bill.pk, amount_won=bill.patient_won, tender="cash", key="same", by=clerk
        ),
        range(16),
    )
    assert len({row.pk for row in results}) == 1


def test_a_thousand_bookers_share_a_hundred_slots(hospital, morning, clerk):
    doctor = Practitioner.objects.first()
    starts = [clock.at_seoul(date(2026, 11, 25), 10 * i) for i in range(100)]
    reception.open_slots(practitioner=doctor, starts=starts)
    people = [
        services.register_patient(name=f"모의{i}", birth_on=date(1980, 1, 1), sex="F", by=clerk) for i in range(40)
    ]
    slots = list(Slot.objects.values_list("pk", flat=True))
    jobs = [(slots[i % 100], people[(i * 7) % 40].pk) for i in range(1000)]
    results = race(lambda job: reception.book(slot_id=job[0], patient_id=job[1], by=clerk), jobs)
    assert sum(isinstance(row, Appointment) for row in results) == 100
    assert {row.key for row in results if isinstance(row, DomainError)} <= {
        "reception.slot_taken",
        "reception.patient_elsewhere",
    }


def test_ticket_numbers_are_never_given_twice(hospital, morning, clerk):
    people = [
        services.register_patient(name=f"모의{i}", birth_on=date(1980, 1, 1), sex="F", by=clerk) for i in range(32)
    ]
    department = Department.objects.get(code="01")
    race(lambda p: reception.receive(patient_id=p.pk, department_id=department.pk, by=clerk), people)
    assert sorted(Ticket.objects.values_list("number", flat=True)) == list(range(1, 33))


def test_two_desks_never_call_the_same_patient(hospital, morning, clerk):
    department = Department.objects.get(code="01")
    for i in range(20):
        someone = services.register_patient(name=f"모의{i}", birth_on=date(1980, 1, 1), sex="F", by=clerk)
        reception.receive(patient_id=someone.pk, department_id=department.pk, by=clerk)
    called = race(lambda n: reception.call_next(department_id=department.pk, by=clerk), range(20))
    assert len({row.pk for row in called if isinstance(row, Ticket)}) == sum(isinstance(row, Ticket) for row in called)


def test_money_goes_back_to_where_it_came_from_and_the_day_closes_to_the_won(patient, clerk, user_of):
    user = user_of("cashier")
    by = Actor("person", user.username, user.pk, user.role, user.team)
    bill = visit(patient, clerk).invoices.get()
    taken = billing.record_payment(invoice_id=bill.pk, amount_won=bill.patient_won, tender="cash", key="a", by=by)
    with pytest.raises(DomainError) as refused:
        billing.refund(payment_id=taken.pk, amount_won=bill.patient_won + 100, reason="x", key="r0", by=by)
    assert refused.value.key == "billing.refund_too_much"
    back = billing.refund(payment_id=taken.pk, amount_won=1000, reason="이중 수납", key="r1", by=by)
    assert (back.tender, back.amount_won, back.refund_of_id) == ("cash", -1000, taken.pk)
    counted = {"cashier": user, "on": clock.today(), "counted_cash_won": bill.patient_won - 1000 - 50, "by": by}
    with pytest.raises(DomainError) as refused:  # a difference is never left without a word
        billing.close_day(**counted)
    assert refused.value.key == "billing.difference_reason"
    closing = billing.close_day(**counted, note="잔돈 부족")
    assert (closing.expected_cash_won, closing.difference_won) == (bill.patient_won - 1000, -50)
    outbox.deliver_all()
    assert JournalEntry.objects.filter(source_type="closing").exists()
    assert sorted(Payment.objects.values_list("receipt_no", flat=True)) == [1, 2]
    with pytest.raises(DomainError):
        billing.record_payment(invoice_id=bill.pk, amount_won=500, tender="cash", key="late", by=by)
    assert User.objects.count() == 1


def test_a_person_is_found_by_any_sign_and_nothing_lies_open_in_the_database(patient, clerk):
    for words in (
        "홍길동",
        "길동",
        "ㅎㄱㄷ",
        "2214",
        "01012342214",
        patient.chart_no,
        number(345),
        "1955-04-12",
        "19550412",
        "홍 19550412",
    ):
        assert patient in selectors.find(words), words
    assert not selectors.find("김철수") and not selectors.find("1955-04-13") and not selectors.find("김 19550412")
    with connection.cursor() as cursor:
        for table in ("patients_patient", "patients_identity", "core_event", "core_auditentry"):
            cursor.execute(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t")
            dump = cursor.fetchone()[0]
            assert "홍길동" not in dump and number(345) not in dump and "01012342214" not in dump
    with pytest.raises(DomainError) as again:
        services.register_patient(name="홍길동", identity=("rrn", number(345)), by=clerk)
    assert again.value.key == "patients.identity_taken" and Identity.objects.count() == 1
