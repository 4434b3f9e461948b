"""The phone page and the board: what each link may show, and a call time that moves with the queue."""

from datetime import timedelta

import pytest

from tamna.core import clock
from tamna.core.models import Department, Practitioner
from tamna.lobby import turns
from tamna.lobby.models import Device
from tamna.patients.services import register_patient
from tamna.reception import services as reception
from tests.integration.lobby.patients import device_client, link_client

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = ("홍길동", "김철수", "이영희")


@pytest.fixture
def queue(hospital, morning, clerk):
    """Three people wait for one doctor, the first to come first."""
    department, found = Department.objects.get(code="05"), []
    for number, name in enumerate(NAMES):
        patient = register_patient(name=name, birth_on=morning.date() - timedelta(days=15_000), sex="M", by=clerk)
        with clock.frozen(morning + timedelta(minutes=number)):
            found.append(reception.receive(patient_id=patient.pk, department_id=department.pk, by=clerk))
    return found


def test_ones_own_time_moves_with_the_queue(queue, morning, clerk):
    before = turns.turn(queue[2])
    assert before.ahead == 2 and before.latest - before.earliest >= timedelta(minutes=turns.LEAST_RANGE)
    with clock.frozen(morning + timedelta(minutes=5)):
        called = reception.call_next(department_id=queue[0].department_id, by=clerk)
        reception.move(ticket_id=called.pk, step="enter", by=clerk)
        after = turns.turn(queue[2])
    assert (
        called.pk == queue[0].pk
        and after.ahead == 1
        and after.latest - (morning + timedelta(minutes=5)) < before.latest - morning
    )


def test_a_slips_link_shows_its_turn_and_nothing_else(queue, clerk):
    ticket = queue[1]
    slip, own = link_client(ticket.encounter.patient, ticket), link_client(ticket.encounter.patient)
    page = slip.get("/lobby/me").content.decode()
    assert "김*수" in page and "내 예약" not in page and "내 진료비" not in page and "김철수" not in page
    assert "내 진료비" in own.get("/lobby/me").content.decode()
    reception.finish(encounter_id=ticket.encounter_id, diagnoses=[("principal", "M54.5")], by=clerk)
    from tamna.core import outbox

    outbox.deliver_all()
    bill = ticket.encounter.invoices.get()
    assert slip.get(f"/lobby/me/bills/{bill.public_id}").status_code == 404
    receipt = own.get(f"/lobby/me/bills/{bill.public_id}")
    assert receipt["Content-Type"] == "application/pdf" and receipt["Cache-Control"] == "no-store"
    other = link_client(queue[0].encounter.patient)
    assert other.get(f"/lobby/me/bills/{bill.public_id}").status_code == 404
    assert own.get("/lobby/me/manifest.json").json()["start_url"] == "/lobby/me"


def test_a_board_shows_numbers_and_names_only_by_its_policy(queue, clerk):
    board = device_client("board", "TV 1")
    reception.call_next(department_id=queue[0].department_id, by=clerk)
    page = board.get("/lobby/board/now", {"language": "zh-hans"}).content.decode()
    assert "骨科" in page and "请1号到骨科" in page and "홍*동" not in page
    Device.objects.update(shows_names=True)
    page = board.get("/lobby/board/now").content.decode()
    assert "홍*동" in page and "홍길동" not in page
    Device.objects.update(departments=["01"])
    assert "지금 기다리는 분이 없습니다" in board.get("/lobby/board").content.decode()
    assert Practitioner.objects.count() == 2  # and none of them is named
    assert "정형외과 의사" not in page
