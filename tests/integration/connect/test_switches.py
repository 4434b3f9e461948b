"""Faults switched on the Connections screen, as a visitor does it: what each does to the simulator, what the hospital does
meanwhile, who is told, and that all that waited is done once when it is switched off."""

import asyncio
import time
from datetime import timedelta

import httpx
import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections
from django.test import Client

from tamna.billing import cards
from tamna.billing import services as billing
from tamna.billing import tasks as billing_tasks
from tamna.billing.models import Payment
from tamna.claims import services as claims
from tamna.claims.models import Batch
from tamna.claims.tasks import submit_batch
from tamna.connect import bank, payment
from tamna.connect.errors import Garbled, Unreachable
from tamna.core import clock, notices, outbox, watch
from tamna.core.errors import DomainError
from tamna.core.models import AuditEntry, Department, Event, InterfaceMessage, Notification, User
from tamna.core.tasks import app, clear_jobs, verify_audit
from tamna.core.worker import with_fresh_connection
from tamna.patients import services as patients
from tamna.patients.models import Coverage
from tamna.reception import selectors, tasks
from tamna.reception import services as reception
from tamna.reception.models import ServiceRequest
from tests.integration.connect.conftest import listening
from tests.integration.connect.test_hira import agency, batch  # noqa: F401 - fixtures
from tests.integration.test_flow import number

pytestmark = pytest.mark.django_db(transaction=True)
SWITCHES = {"delay_s": 2.5, "refuse_rate": 0.75, "lie_rate": 0.5, "garble_rate": 0.35, "lost_rate": 0.25, "outage": 1.0}


@pytest.fixture(autouse=True)
def no_jobs(transactional_db):
    """The job tables are not Django's own: they are emptied here."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")


@pytest.fixture
def it(hospital, morning, user_of):
    """IT before the Connections screen; a person of every team is there to be told."""
    for role in ("front_lead", "cashier", "claims", "general"):
        user_of(role)
    client = Client()
    client.force_login(user_of("it"))
    client.cookies["tamna_language"] = "en"
    return client


def switch(it, key, **faults):
    """Fill the form of one system as the page shows it, and press Switch."""
    page = it.get("/connections").content.decode()
    assert f'action="/connections/{key}/faults"' in page and f'id="outage-{key}"' in page
    assert it.post(f"/connections/{key}/faults", dict.fromkeys(SWITCHES, "0") | faults)["Location"] == "/connections"


def told(kind) -> list[str]:
    return sorted(Notification.objects.filter(kind=kind).values_list("user__role", flat=True))


def look() -> int:
    """The minute's look at the outside world, and what follows from it."""
    changes = watch.outside()
    outbox.deliver_all()
    return changes


def work(*queues) -> None:
    """Run the jobs of these queues that are due, as the worker does."""
    jobs = app.with_connector(app.connector.get_worker_connector())
    jobs.run_worker(wait=False, queues=list(queues), install_signal_handlers=False, delete_jobs="never",
                    task_middleware=[with_fresh_connection])  # fmt: skip
    asyncio.run(sync_to_async(connections.close_all)())  # the thread in which periodic jobs were put into their queues


def later() -> None:
    """The pauses between retries have passed."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = now() WHERE status = 'todo'")


def states(task) -> list[tuple[str, bool]]:
    """(status, whether it was tried before) of a task's jobs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT status::text, attempts > 0 FROM procrastinate_jobs WHERE task_name LIKE %s", [f"%.{task}"]
        )
        return cursor.fetchall()


def test_every_switch_reaches_its_simulator_and_no_other(world, it):
    quiet = dict.fromkeys(SWITCHES, 0.0)
    for key in world:
        switch(it, key, **{fault: str(value) for fault, value in SWITCHES.items()})
        found = {name: httpx.get(f"{one.url}/status").json()["faults"] for name, one in world.items()}
        assert found.pop(key) == quiet | SWITCHES and all(one == quiet for one in found.values()), key
        page = it.get("/connections").content.decode()
        assert all(f'value="{value}"' in page for value in SWITCHES.values())
        switch(it, key)
        assert httpx.get(f"{world[key].url}/status").json()["faults"] == quiet
    assert AuditEntry.objects.filter(action="simulator.faults").count() == 6 * 2
    assert "message=" in it.post("/connections/card/faults", {"lost_rate": "7"})["Location"]
    assert "message=" in it.post("/connections/card/faults", {"lost_rate": "much"})["Location"]
    assert it.post("/connections/nobody/faults", {}).status_code == 404


@pytest.mark.parametrize(("key", "people"), [
    ("nhis", ["cashier", "front_lead"]), ("hira", ["claims"]), ("his", ["cashier", "front_lead"]), ("messaging", ["cashier", "front_lead"]),
    ("card", ["cashier", "front_lead"]), ("bank", ["general"]),
])  # fmt: skip
def test_an_outage_is_told_once_to_who_works_with_it_and_its_end_once(world, it, key, people):
    assert look() == 0
    switch(it, key, outage="1")
    assert (look(), look(), look()) == (1, 0, 0)
    assert told("system.away") == sorted([*people, "it"]) and told("system.back") == []
    assert notices.says(Notification.objects.first())
    switch(it, key)
    assert (look(), look()) == (1, 0)
    assert told("system.away") == told("system.back") == sorted([*people, "it"])
    switch(it, key, refuse_rate="0.5")  # it answers, if badly
    assert look() == 0


# -- the insurer -------------------------------------------------------------------------------------------------------
@pytest.fixture
def insured(hospital, morning, clerk):
    return patients.register_patient(name="모의환자", identity=("rrn", number(345)), by=clerk)


@pytest.mark.parametrize("fault", ["outage", "refuse_rate", "lost_rate", "delay_s"])
def test_the_desk_goes_on_without_the_insurer_and_asks_again_by_itself(world, it, insured, clerk, fault):
    switch(it, "nhis", **{fault: "4" if fault == "delay_s" else "1"})
    began = time.monotonic()
    assert patients.check_coverage(patient=insured, by=clerk) is None
    assert time.monotonic() - began < 20  # the desk is not held up for long
    desk = Client()
    desk.force_login(User.objects.get(role="front_lead"))
    assert desk.get(f"/reception/?patient={insured.public_id}").status_code == 200
    department = Department.objects.get(code="01")
    visit = reception.receive(patient_id=insured.pk, department_id=department.pk, by=clerk).encounter
    assert (visit.payer, selectors.unchecked_visits()) == ("self", [visit])
    switch(it, "nhis")
    assert tasks.recheck_coverage(0) == 1 and selectors.unchecked_visits() == []
    visit.refresh_from_db()
    assert visit.payer == visit.coverage.payer and Coverage.objects.count() == 1


def test_a_wrong_answer_of_the_insurer_is_shown_as_a_change(world, it, insured, clerk):
    truth = patients.check_coverage(patient=insured, by=clerk)
    with clock.frozen(clock.now() + timedelta(days=1)):
        switch(it, "nhis", lie_rate="1")
        wrong = patients.check_coverage(patient=insured, by=clerk)
    assert wrong.changed and wrong.payer != truth.payer
    with clock.frozen(clock.now() + timedelta(days=2)):
        switch(it, "nhis")
        again = patients.check_coverage(patient=insured, by=clerk)
    assert again.changed and again.payer == truth.payer


# -- the review agency -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("fault", ["outage", "refuse_rate", "lost_rate"])
def test_a_batch_waits_for_the_agency_and_is_received_once(world, it, agency, batch, fault):  # noqa: F811
    switch(it, "hira", **{fault: "1"})
    submit_batch.defer(batch_id=batch.pk)
    work("claims")
    later()
    work("claims")
    assert Batch.objects.get().receipt_no == "" and states("submit_batch") == [("todo", True)]
    switch(it, "hira")
    later()
    work("claims")
    assert Batch.objects.get().receipt_no and states("submit_batch") == [("succeeded", True)]
    assert Event.objects.filter(name="claim.submitted").count() == 1 and watch.given_up() == 0


def test_what_waited_goes_on_as_soon_as_the_agency_is_back(world, it, agency, batch):  # noqa: F811
    switch(it, "hira", outage="1")
    assert look() == 1
    submit_batch.defer(batch_id=batch.pk)
    work("claims")
    switch(it, "hira")
    work("claims")
    assert states("submit_batch") == [("todo", True)]  # its pause is not over
    assert look() == 1
    work("claims")
    assert states("submit_batch") == [("succeeded", True)] and Batch.objects.get().receipt_no


def test_a_wrong_answer_of_the_agency_waits_until_it_is_right(world, it, agency, batch, clerk):  # noqa: F811
    claims.submit(batch_id=batch.pk, by=clerk)
    switch(it, "hira", lie_rate="1")
    with clock.frozen(clock.at_seoul(clock.today() + timedelta(days=40))):
        for _ in range(3):
            claims.collect_answers(by=clerk)
        assert told("answer.unreadable") == ["claims", "it"]
        switch(it, "hira")
        claims.collect_answers(by=clerk)
    assert not InterfaceMessage.objects.filter(system="hira", status="failed").exists()
    outbox.deliver_all()
    assert set(told("batch.answered")) == {"claims"}


# -- the card terminal -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("fault", ["outage", "refuse_rate", "lost_rate", "lie_rate"])
def test_a_card_is_charged_once_whatever_the_terminal_says(world, it, visit, clerk, fault):
    reception.finish(encounter_id=visit.pk, diagnoses=(("principal", "I10.9"),), by=clerk)
    outbox.deliver_all()
    bill, key = visit.invoices.get(), f"switch-{fault}-{visit.public_id}"
    switch(it, "card", **{fault: "1"})
    for _ in range(2):
        with pytest.raises(DomainError) as away:
            cards.pay_by_card(invoice_id=bill.pk, amount_won=bill.patient_won, key=key, by=clerk)
        assert away.value.key == "billing.card_unreachable" and not Payment.objects.exists()
    switch(it, "card")
    for _ in range(2):
        cards.pay_by_card(invoice_id=bill.pk, amount_won=bill.patient_won, key=key, by=clerk)
    assert Payment.objects.get().amount_won == bill.patient_won == payment.query(key).amount_won


def test_cash_is_taken_while_the_terminal_is_away(world, it, visit, clerk):
    reception.finish(encounter_id=visit.pk, diagnoses=(("principal", "I10.9"),), by=clerk)
    outbox.deliver_all()
    bill = visit.invoices.get()
    switch(it, "card", outage="1")
    billing.record_payment(invoice_id=bill.pk, amount_won=bill.patient_won, tender="cash", key="cash", by=clerk)
    assert Payment.objects.get().tender == "cash"


# -- messages ----------------------------------------------------------------------------------------------------------
@pytest.fixture
def reminded(visit, clerk):
    """An unpaid bill whose reminder waits to be sent."""
    reception.finish(encounter_id=visit.pk, diagnoses=(("principal", "I10.9"),), by=clerk)
    outbox.deliver_all()
    bill = visit.invoices.get()
    billing.remind(invoice_ids=[bill.pk], pay_by=clock.today() + timedelta(days=7), by=clerk)
    return bill


@pytest.mark.parametrize("fault", ["outage", "refuse_rate", "lost_rate"])
def test_a_reminder_waits_for_the_carrier_and_goes_once(world, it, reminded, fault):
    switch(it, "messaging", **{fault: "1"})
    work("messages")
    assert (
        states("send_reminder") == [("todo", True)] and not InterfaceMessage.objects.filter(system="messaging").exists()
    )
    switch(it, "messaging")
    later()
    work("messages")
    assert states("send_reminder") == [("succeeded", True)]
    assert billing_tasks.check_deliveries(0) == 0
    assert InterfaceMessage.objects.get(system="messaging").status == "accepted" and told("message.failed") == []


def test_a_reminder_that_did_not_arrive_is_told_once(world, it, reminded):
    switch(it, "messaging", lie_rate="1")
    work("messages")
    for _ in range(2):
        billing_tasks.check_deliveries(0)
    assert told("message.failed") == ["cashier", "front_lead"]


# -- the bank ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("fault", "error"), [("outage", Unreachable), ("refuse_rate", Unreachable), ("lost_rate", Unreachable), ("lie_rate", Garbled)])  # fmt: skip
def test_the_statement_is_read_whole_and_once_after_trouble(world, it, fault, error):
    before = max((row.id for row in bank.deposits()), default=0)
    body = {"on": "2026-11-24", "won": 1000, "payer": "NHIS", "reference": f"switch-{fault}"}
    httpx.post(f"{world['bank'].url}/deposits", json=body).raise_for_status()
    switch(it, "bank", **{fault: "1"})
    with pytest.raises(error):
        bank.deposits(before)
    switch(it, "bank")
    assert [row.won for row in bank.deposits(before)] == [1000]


# -- the HIS -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("fault", ["outage", "refuse_rate", "lost_rate"])
def test_the_his_hears_of_an_arrival_once_after_trouble(world, it, visit, fault):
    before = httpx.get(f"{world['his'].url}/counts").json()["told"]
    switch(it, "his", **{fault: "1"})
    tasks.send_arrival.defer(encounter_id=visit.pk)
    work("his")
    later()
    work("his")
    assert {status for status, _ in states("send_arrival")} == {"todo"}
    switch(it, "his")
    later()
    work("his")
    assert {status for status, _ in states("send_arrival")} == {"succeeded"}
    assert httpx.get(f"{world['his'].url}/counts").json()["told"] == before + 1


def test_what_the_his_says_twice_counts_once(world, it, visit):
    switch(it, "his", lie_rate="1")
    body = {"visit": str(visit.public_id), "chart_no": visit.patient.chart_no, "at": clock.now().isoformat()}
    with listening(world["his"].ports["product_mllp"]):
        httpx.post(f"{world['his'].url}/orders", json=body | {"orders": [["ZL001", 2]]}).raise_for_status()
        for _ in range(200):
            if not httpx.get(f"{world['his'].url}/counts").json()["waiting"]:
                break
            time.sleep(0.1)
    assert ServiceRequest.objects.count() == 1
    assert InterfaceMessage.objects.filter(system="his", direction="in").count() == 1


def test_jobs_that_ended_well_are_cleared_after_a_week_and_given_up_ones_stay(it):
    jobs = [verify_audit.configure(queueing_lock=f"test{one}").defer(timestamp=0) for one in range(3)]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing'")
        for number, status in zip(jobs, ("succeeded", "failed", "succeeded"), strict=True):
            cursor.execute(f"SELECT procrastinate_finish_job_v1(%s, '{status}', false)", [number])
        cursor.execute("UPDATE procrastinate_events SET at = at - interval '8 days' WHERE job_id = ANY(%s)", [jobs[:2]])
    clear_jobs.configure(queueing_lock="test").defer(timestamp=0)
    work("core")
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM procrastinate_jobs WHERE id = ANY(%s) ORDER BY id", [jobs])
        assert [row[0] for row in cursor.fetchall()] == jobs[1:]
