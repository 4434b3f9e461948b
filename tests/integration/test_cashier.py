"""The cashier in full: deposits, several tenders, plans, write-offs, day closes, third payers. Books balance after every one."""

from datetime import date, timedelta

import pytest
from django.db.models import Sum

from tamna.billing import cards, selectors
from tamna.billing import services as billing
from tamna.billing.models import CashClosing, CashCount, Deposit, HouseClosing, Payment, PaymentPlan, Printout
from tamna.core import automations, clock, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.models import AuditEntry
from tamna.core.models import Proposal as Made
from tamna.insight import services as insight
from tamna.ledger.models import JournalLine
from tamna.ledger.selectors import counter_day
from tamna.patients import services as patients
from tamna.patients.models import Coverage
from tamna.reception import services as reception
from tests.integration.test_flow import number, patient, race, visit  # noqa: F401  (a fixture and ways through the hospital)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(user_of):
    user = user_of("cashier")
    return Actor("person", user.username, user.pk, user.role, user.team)


def balance(account):
    sums = JournalLine.objects.filter(account__code=account).aggregate(debit=Sum("debit_won"), credit=Sum("credit_won"))
    return (sums["debit"] or 0) - (sums["credit"] or 0)


@pytest.fixture(autouse=True)
def _books_balance(request):
    yield
    if "hospital" in request.fixturenames:
        outbox.deliver_all()
        sums = JournalLine.objects.aggregate(debit=Sum("debit_won"), credit=Sum("credit_won"))
        assert (sums["debit"] or 0) == (sums["credit"] or 0)
        today = clock.today()
        assert insight.stored(today, today) == insight.from_facts(today, today)


def refused(why, do, /, **fields):
    with pytest.raises(DomainError) as caught:
        do(**fields)
    assert caught.value.key == f"billing.{why}" and caught.value.message != caught.value.key
    return caught.value


def uninsured(clerk, serial=346):
    made = patients.register_patient(name="김관광", identity=("rrn", number(serial)), phone="01012342215", by=clerk)
    Coverage.objects.create(patient=made, payer="self", checked_on=clock.today(), checked_at=clock.now())
    return made


# -- deposits ----------------------------------------------------------------------------------------------------------
def test_a_deposit_is_held_used_given_back_and_the_books_say_so(patient, clerk, desk):  # noqa: F811
    held = billing.take_deposit(
        patient_id=patient.pk, amount_won=20_000, tender="cash", kind="advance", key="d", by=desk
    )
    assert (
        billing.take_deposit(patient_id=patient.pk, amount_won=20_000, tender="cash", kind="advance", key="d", by=desk)
        == held
    )
    bill = visit(patient, clerk).invoices.get()
    used = billing.use_deposit(deposit_id=held.pk, invoice_id=bill.pk, amount_won=5_000, key="u", by=desk)
    refused(
        "deposit_too_little",
        billing.return_deposit,
        deposit_id=held.pk,
        amount_won=15_001,
        reason="x",
        key="r",
        by=desk,
    )
    billing.return_deposit(deposit_id=held.pk, amount_won=10_000, reason="퇴원", key="r", by=desk)
    billing.refund(payment_id=used.pk, amount_won=5_000, reason="취소", key="b", by=desk)  # back into the deposit
    held.refresh_from_db()
    bill.refresh_from_db()
    assert (held.left_won, bill.paid_won, billing.held_won(patient.pk)) == (10_000, 0, 10_000)
    outbox.deliver_all()
    assert balance("2112") == -10_000 and balance("1101") == 10_000 and counter_day(clock.today()) == 10_000


def test_nothing_beyond_the_copayment_may_be_asked_of_an_insured_patient(patient, clerk, desk):  # noqa: F811
    fields = {"amount_won": 100_000, "tender": "cash", "kind": "guarantee", "by": desk}
    refused("guarantee_not_allowed", billing.take_deposit, patient_id=patient.pk, key="g", **fields)
    assert billing.take_deposit(patient_id=uninsured(clerk).pk, key="h", **fields).kind == "guarantee"


def test_forty_desks_draw_one_deposit_no_further_than_it_goes(patient, clerk):  # noqa: F811
    held = billing.take_deposit(
        patient_id=patient.pk, amount_won=10_000, tender="cash", kind="advance", key="d", by=clerk
    )
    results = race(
        lambda n: billing.return_deposit(deposit_id=held.pk, amount_won=1_000, reason="x", key=f"r{n}", by=clerk),
        range(40),
    )
    assert sum(isinstance(row, Deposit) for row in results) == 10
    held.refresh_from_db()
    assert held.left_won == 0


# -- several tenders ---------------------------------------------------------------------------------------------------
def test_one_bill_by_cash_transfer_and_deposit(patient, clerk, desk):  # noqa: F811
    billing.take_deposit(patient_id=patient.pk, amount_won=3_000, tender="cash", kind="advance", key="d1", by=desk)
    billing.take_deposit(patient_id=patient.pk, amount_won=3_000, tender="transfer", kind="advance", key="d2", by=desk)
    bill = visit(patient, clerk).invoices.get()
    parts = {"cash": bill.patient_won - 6_000, "transfer": 2_000, "deposit": 4_000}
    taken = cards.pay_parts(invoice_id=bill.pk, parts=parts, key="p", by=desk)
    again = cards.pay_parts(invoice_id=bill.pk, parts=parts, key="p", by=desk)
    assert {row.pk for row in again} == {
        row.pk for row in taken
    } and Payment.objects.count() == 4  # two deposits were drawn
    bill.refresh_from_db()
    assert billing.due_won(bill) == 0 and billing.held_won(patient.pk) == 2_000
    refused("already_paid", cards.pay_parts, invoice_id=bill.pk, parts={"cash": 1}, key="q", by=desk)
    refused("amount_positive", cards.pay_parts, invoice_id=bill.pk, parts={"cash": -1}, key="q", by=desk)


def test_what_was_taken_stays_when_a_later_part_is_refused(patient, clerk, desk):  # noqa: F811
    bill = visit(patient, clerk).invoices.get()
    refused(
        "overpaid",
        cards.pay_parts,
        invoice_id=bill.pk,
        parts={"cash": 1, "transfer": bill.patient_won},
        key="o",
        by=desk,
    )
    assert not Payment.objects.exists()
    error = refused(
        "deposit_too_little",
        cards.pay_parts,
        invoice_id=bill.pk,
        parts={"deposit": 1_000, "cash": 1_000},
        key="p",
        by=desk,
    )
    assert error.facts["left"] == "0" and not Payment.objects.exists()


# -- unpaid ------------------------------------------------------------------------------------------------------------
def test_instalments_are_kept_or_broken_by_their_days(patient, clerk, desk):  # noqa: F811
    bill = visit(patient, clerk).invoices.get()
    today, due = clock.today(), bill.patient_won
    refused("plan_sum", billing.agree_plan, invoice_id=bill.pk, instalments=[(today, due - 1)], by=desk)
    refused(
        "plan_days", billing.agree_plan, invoice_id=bill.pk, instalments=[(today - timedelta(days=1), due)], by=desk
    )
    rows = billing.even_instalments(due, 3, today + timedelta(days=7))
    assert sum(won for _, won in rows) == due and len(rows) == 3
    plan = billing.agree_plan(invoice_id=bill.pk, instalments=rows, by=desk, agreed_with="환자")
    outbox.deliver_all()
    with clock.frozen(clock.now() + timedelta(days=8)):
        outbox.record("business.day", {"date": clock.today().isoformat()}, by=clerk)
        outbox.deliver_all()
        plan.refresh_from_db()
        (row,) = Made.objects.filter(automation="bill.pay", key=f"plan:{plan.pk}")
        assert plan.state == "broken" and row.won == rows[0][1] and "홍길동" not in str(row.fields)
        again = billing.agree_plan(invoice_id=bill.pk, instalments=[(clock.today(), due)], by=desk)
        billing.record_payment(invoice_id=bill.pk, amount_won=due, tender="cash", key="k", by=desk)
        outbox.deliver_all()
        again.refresh_from_db()
        assert (again.kind, again.state) == ("promise", "kept")


def test_a_bill_with_a_plan_is_not_reminded(patient, clerk, desk):  # noqa: F811
    bill = visit(patient, clerk).invoices.get()
    billing.agree_plan(
        invoice_id=bill.pk, instalments=[(clock.today() + timedelta(days=20), bill.patient_won)], by=desk
    )
    with clock.frozen(clock.now() + timedelta(days=2)):
        outbox.record("business.hour", {"date": clock.today().isoformat(), "hour": 10}, by=clerk)
        outbox.deliver_all()
    assert not Made.objects.filter(automation="bill.pay").exists()


def test_nobody_is_written_to_at_night():
    for hour, quiet in ((7, True), (8, False), (20, False), (21, True), (23, True)):
        at = clock.at_seoul(date(2026, 11, 24), hour * 60)
        later = billing.quiet_until(at)
        assert (later is not None) == quiet
        assert later is None or (later > at and later.astimezone(clock.SEOUL).hour == 8)


def test_a_reminder_of_the_evening_waits_for_the_morning(patient, clerk):  # noqa: F811
    from django.db import connection

    from tamna.billing.tasks import send_reminder

    bill = visit(patient, clerk).invoices.get()
    with clock.frozen(clock.at_seoul(clock.today(), 22 * 60)):
        send_reminder(invoice_id=bill.pk, pay_by="2026-12-10")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT args->>'invoice_id', scheduled_at > now() FROM procrastinate_jobs WHERE task_name LIKE '%%send_reminder'"
        )
        assert cursor.fetchall() == [(str(bill.pk), True)]  # nothing was sent: it is asked again at eight
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


def test_a_bulk_load_keeps_the_columns_that_the_database_would_fill(patient, clerk):  # noqa: F811
    from uuid import uuid4

    from tamna.core.bulk import copy_in

    charge = visit(patient, clerk).charges.first()
    charge.pk, charge.public_id, charge.key, charge.name_en, charge.service_request = (
        None,
        uuid4(),
        "copy",
        "Loaded",
        None,
    )
    copy_in([charge])
    assert type(charge).objects.get(key="copy").name_en == "Loaded"


def test_only_the_director_gives_a_bill_up_and_a_late_payment_takes_it_back(patient, clerk, desk, user_of):  # noqa: F811
    bill = visit(patient, clerk).invoices.get()
    refused("write_off_authority", billing.write_off, invoice_id=bill.pk, amount_won=1, reason="x", key="w", by=desk)
    billing.ask_write_off(invoice_id=bill.pk, reason="주소 불명, 3회 반송", by=desk)
    outbox.deliver_all()
    (row,) = Made.objects.filter(automation="bill.pay", action="WriteOff")
    assert (row.team, row.won) == ("director", bill.patient_won)
    with pytest.raises(DomainError):
        automations.decide(row.pk, "accepted", by=desk)
    chief = user_of("director")
    automations.decide(row.pk, "accepted", by=Actor("person", chief.username, chief.pk, chief.role, chief.team))
    outbox.deliver_all()
    bill.refresh_from_db()
    assert billing.due_won(bill) == 0 and balance("5381") == bill.patient_won and counter_day(clock.today()) == 0
    gone = Payment.objects.get(tender="writeoff")
    billing.refund(payment_id=gone.pk, amount_won=4_000, reason="뒤늦게 납부", key="back", by=desk)
    billing.record_payment(invoice_id=bill.pk, amount_won=4_000, tender="cash", key="late", by=desk)
    outbox.deliver_all()
    assert balance("5381") == bill.patient_won - 4_000 and balance("1121") == 0


def test_what_has_lapsed_is_proposed_to_the_director_once(patient, clerk):  # noqa: F811
    bill = visit(patient, clerk).invoices.get()
    assert billing.lapses_on(date(2024, 2, 29)) == date(2027, 3, 1)
    with clock.frozen(clock.now() + timedelta(days=3 * 365 + 1)):  # a leap year lies between
        for _ in range(2):
            outbox.record("business.hour", {"date": clock.today().isoformat(), "hour": 10}, by=clerk)
            outbox.deliver_all()
        (row,) = Made.objects.filter(action="WriteOff")
        assert row.subject_ref == str(bill.public_id)
        assert [bills for _, _, bills, _ in selectors.ageing()] == [0, 0, 0, 0, 1]


# -- day closes --------------------------------------------------------------------------------------------------------
def test_a_day_is_counted_blind_closed_with_a_reason_and_then_the_house(patient, clerk, client, user_of):  # noqa: F811
    user, chief = user_of("cashier"), user_of("front_lead")
    by = Actor("person", user.username, user.pk, user.role, user.team)
    bill = visit(patient, clerk).invoices.get()
    billing.record_payment(invoice_id=bill.pk, amount_won=10_000, tender="cash", key="a", by=by)
    billing.take_deposit(patient_id=patient.pk, amount_won=7_770, tender="cash", kind="advance", key="d", by=by)
    outbox.deliver_all()
    client.force_login(user)
    blind = client.get("/billing/closing").content.decode()
    assert "17,770" not in blind and "7,770" not in blind
    client.post("/billing/closing/count", {"note-10000": "1", "note-5000": "1", "note-1000": "2", "note-500": "1"})
    assert CashCount.objects.get().counted_won == 17_500
    seen = client.get("/billing/closing").content.decode()
    assert "17,770" in seen
    assert client.post("/billing/closing/close", {"note": " "}).status_code == 409 and not CashClosing.objects.exists()
    refused("drawers_open", billing.close_house, on=clock.today(), by=by)
    client.post("/billing/closing/close", {"note": "거스름돈 착오"})
    closing = CashClosing.objects.get()
    assert (closing.expected_cash_won, closing.difference_won, closing.note) == (17_770, -270, "거스름돈 착오")
    refused("day_is_closed", billing.record_payment, invoice_id=bill.pk, amount_won=100, tender="cash", key="z", by=by)
    assert client.post("/billing/closing/house").status_code == 403
    client.force_login(chief)
    assert "17,770" in client.get("/billing/closing").content.decode()
    client.post("/billing/closing/house")
    house = HouseClosing.objects.get()
    assert (house.sums["cash"], house.difference_won, house.payments) == (17_770, -270, 2)
    late = billing.record_payment(invoice_id=bill.pk, amount_won=100, tender="cash", key="late", by=clerk)
    assert late.business_on == clock.today() + timedelta(days=1)  # after the house closed: the next day's money
    outbox.deliver_all()
    assert counter_day(clock.today()) == sum(house.sums.values())
    assert balance("5391") == 270 and balance("1101") == 17_770 + 100 - 270


def test_no_payment_slips_in_behind_a_closing(patient, clerk, user_of):  # noqa: F811
    user = user_of("cashier")
    by = Actor("person", user.username, user.pk, user.role, user.team)
    bill = visit(patient, clerk).invoices.get()

    def work(n):
        if n == 20:
            return billing.close_day(cashier=user, on=clock.today(), counted_cash_won=0, note="실사", by=by)
        return billing.record_payment(invoice_id=bill.pk, amount_won=10, tender="cash", key=f"p{n}", by=by)

    results = race(work, range(41))
    closing = next(row for row in results if isinstance(row, CashClosing))
    assert closing.expected_cash_won == 10 * Payment.objects.filter(closing=closing).count()
    assert not Payment.objects.filter(closing=None).exists()


# -- third payers ------------------------------------------------------------------------------------------------------
def accident(clerk, patient, payer="auto"):  # noqa: F811
    encounter = visit(patient, clerk)
    reception.change_payer(encounter_id=encounter.pk, payer=payer, special_case="", reason="사고 접수", by=clerk)
    outbox.deliver_all()
    return encounter


def test_a_car_insurer_owes_what_the_health_insurance_owed_before(patient, clerk, desk):  # noqa: F811
    encounter = accident(clerk, patient)
    total = encounter.invoices.aggregate(sum=Sum("total_won"))["sum"]
    assert (balance("1122"), balance("1123")) == (0, total)
    insurer = billing.keep_payer(name="모의손해보험", kind="auto", by=desk)
    refused(
        "guarantee_missing",
        billing.bill_payer,
        encounter_id=encounter.pk,
        payer_id=insurer.pk,
        guarantee_no=" ",
        by=desk,
    )
    other = billing.keep_payer(name="모의공단", kind="industrial", by=desk)
    refused(
        "payer_differs", billing.bill_payer, encounter_id=encounter.pk, payer_id=other.pk, guarantee_no="A1", by=desk
    )
    bill = billing.bill_payer(encounter_id=encounter.pk, payer_id=insurer.pk, guarantee_no="A-2026-1", by=desk)
    assert bill.total_won == total
    refused(
        "nothing_to_bill",
        billing.bill_payer,
        encounter_id=encounter.pk,
        payer_id=insurer.pk,
        guarantee_no="A1",
        by=desk,
    )
    billing.send_payer_bill(payer_bill_id=bill.pk, by=desk)
    answer = {"payer_bill_id": bill.pk, "by": desk}
    refused("cut_reason", billing.take_answer, paid_won=1, cut_won=1, key="x", **answer)
    refused("payer_overpaid", billing.take_answer, paid_won=total + 1, cut_won=0, key="x", **answer)
    first = billing.take_answer(
        paid_won=total - 3_000, cut_won=1_000, cut_to="hospital", reason="과잉 진료", key="a1", **answer
    )
    assert (
        billing.take_answer(
            paid_won=total - 3_000, cut_won=1_000, cut_to="hospital", reason="과잉 진료", key="a1", **answer
        )
        == first
    )
    outbox.deliver_all()
    assert (balance("1123"), balance("4192"), balance("1103")) == (2_000, 1_000, total - 3_000)
    (row,) = [row for row in selectors.payer_balances() if row.payer == insurer]
    assert (row.bills, row.open_won, row.cut_won) == (1, 2_000, 1_000)
    with pytest.raises(DomainError):
        billing.take_answer(paid_won=0, cut_won=2_000, cut_to="patient", reason="과실 상계", key="a2", **answer)
    billing.take_answer(paid_won=2_000, cut_won=0, key="a3", **answer)
    bill.refresh_from_db()
    assert (bill.state, bill.left_won) == ("settled", 0)


def test_an_overseas_insurer_takes_over_and_its_cut_is_the_patients_again(clerk, desk, hospital, morning):
    guest = uninsured(clerk)
    bill = visit(guest, clerk).invoices.get()
    insurer = billing.keep_payer(name="Overseas Health", kind="overseas", country="US", currency="USD", by=desk)
    made = billing.bill_payer(
        encounter_id=bill.encounter_id, payer_id=insurer.pk, guarantee_no="GOP-1", limit_won=20_000, by=desk
    )
    bill.refresh_from_db()
    assert made.total_won == 20_000 and billing.due_won(bill) == bill.patient_won - 20_000
    billing.take_answer(
        payer_bill_id=made.pk, paid_won=15_000, cut_won=5_000, cut_to="patient", reason="deductible", key="a", by=desk
    )
    bill.refresh_from_db()
    assert billing.due_won(bill) == bill.patient_won - 15_000
    outbox.deliver_all()
    assert (balance("1123"), balance("1121"), balance("1103")) == (0, billing.due_won(bill), 15_000)
    second = billing.bill_payer(encounter_id=bill.encounter_id, payer_id=insurer.pk, guarantee_no="GOP-2", by=desk)
    billing.withdraw_payer_bill(payer_bill_id=second.pk, reason="보증 취소", by=desk)
    outbox.deliver_all()
    assert balance("1123") == 0 and balance("1121") == bill.patient_won - 15_000


# -- papers ------------------------------------------------------------------------------------------------------------
def test_the_second_printing_says_that_it_is_a_copy(patient, clerk, client, user_of):  # noqa: F811
    from tamna.billing.papers import count_printing, frame_of

    bill = visit(patient, clerk).invoices.get()
    client.force_login(user_of("cashier"))
    for kind in ("receipt", "statement"):
        for _ in range(2):
            answer = client.get(f"/billing/{bill.public_id}/{kind}")
            assert answer.status_code == 200 and answer.content.startswith(b"%PDF")
        assert list(Printout.objects.filter(kind=kind).order_by("copy_no").values_list("copy_no", flat=True)) == [1, 2]
        assert AuditEntry.objects.filter(action=f"{kind}.printed").count() == 2
    third = count_printing(invoice=bill, kind="receipt", by=clerk)
    assert frame_of(bill, third, "t", "f")["copy"] == "사본 2"


def test_the_receipt_adds_up_by_row_and_column(patient, clerk):  # noqa: F811
    from tamna.billing import receipts

    encounter = visit(patient, clerk, orders=(("ZL001", 1), ("G2101", 2)))
    bill = encounter.invoices.get()
    billing.record_payment(invoice_id=bill.pk, amount_won=1_000, tender="cash", key="k", by=clerk)
    table, sums = receipts._table(bill), dict(receipts._sums(bill)["sums"])
    columns = [int(cell.replace(",", "")) for cell in table["sum"][1:]]
    assert columns[0] == bill.patient_won and columns[1] == bill.insurer_won and sum(columns) == bill.total_won
    assert sums["진료비 총액 ⑥ = ① + ② + ③ + ④ + ⑤"] == f"{bill.total_won:,}"
    rows = dict(receipts._sums(bill)["paid"])
    assert rows["수납 후 남은 금액"] == f"{bill.patient_won - 1_000:,}"


def test_the_tax_file_holds_what_was_paid_and_needs_a_reason(patient, clerk, client, user_of):  # noqa: F811
    bill = visit(patient, clerk).invoices.get()
    taken = billing.record_payment(invoice_id=bill.pk, amount_won=5_000, tender="cash", key="k", by=clerk)
    billing.refund(payment_id=taken.pk, amount_won=1_000, reason="착오", key="r", by=clerk)
    client.force_login(user_of("front_lead"))
    page = client.get("/billing/tax").content.decode()
    assert "4,000" in page and "홍길동" not in page and number(345) not in page
    assert client.post("/billing/tax", {"reason": ""}).status_code == 409
    file = b"".join(client.post("/billing/tax", {"reason": "연말정산 제출"}).streaming_content).decode("utf-8-sig")
    assert number(345) in file and ",4000," in file
    assert AuditEntry.objects.get(action="tax_file.made").reason == "연말정산 제출"
    client.force_login(user_of("cashier"))
    assert client.get("/billing/tax").status_code == 403


def test_nobody_is_called_by_the_name_of_a_token(patient, clerk, client, user_of):  # noqa: F811
    bill = visit(patient, clerk).invoices.get()
    billing.record_payment(
        invoice_id=bill.pk, amount_won=1_000, tender="cash", key="k", by=Actor("system", "api:robots")
    )
    client.force_login(user_of("cashier"))
    for address in (f"/billing/{bill.public_id}", "/billing/payments", "/billing/closing"):
        page = client.get(address).content.decode()
        assert "api:robots" not in page
    assert "모의 직원" in client.get("/billing/payments").content.decode()
    assert "모의 직원" in client.get("/billing/payments?cashier=모의 직원").content.decode()


def test_the_screens_of_the_cashier_answer_in_both_languages(patient, clerk, client, user_of):  # noqa: F811
    encounter = accident(clerk, patient)
    chief = user_of("front_lead")
    insurer = billing.keep_payer(name="모의손해보험", kind="auto", by=clerk)
    made = billing.bill_payer(encounter_id=encounter.pk, payer_id=insurer.pk, guarantee_no="A-1", by=clerk)
    bill = encounter.invoices.order_by("seq").first()
    addresses = (
        f"/billing/patients/{patient.public_id}", "/billing/unpaid", "/billing/unpaid?age=30&plan=none", f"/billing/{bill.public_id}/plan",
        "/billing/payers", f"/billing/payers/{made.public_id}", f"/billing/visits/{encounter.public_id}/bill-payer", "/billing/order-codes",
        "/billing/tax", f"/billing/{bill.public_id}", f"/billing/visits/{encounter.public_id}",
    )  # fmt: skip
    client.force_login(chief)
    for lang in ("ko", "en"):
        chief.language = lang
        chief.save(update_fields=["language"])
        for address in addresses:
            assert client.get(address).status_code == 200, (lang, address)
            assert client.get(f"/billing/payers/{made.public_id}/paper").content.startswith(b"%PDF")
    assert PaymentPlan.objects.count() == 0
