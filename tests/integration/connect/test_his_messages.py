"""What each taken message does, what is refused, and that a second sending does nothing."""

from datetime import datetime

import pytest

from tamna.core import clock, outbox
from tamna.core.models import InterfaceMessage, Practitioner
from tamna.reception import services as reception
from tamna.reception.models import Appointment, Condition, Encounter, ServiceRequest, Slot
from tests.integration.connect.conftest import ORDER, TWO

AT = "20261125090000"


@pytest.fixture
def slot(hospital, morning):
    doctor = Practitioner.objects.get(license_no="90001")
    reception.open_slots(practitioner=doctor, starts=[datetime(2026, 11, 25, 9, tzinfo=clock.SEOUL)])
    return Slot.objects.get()


def booking(write, kind, control_id, at=AT, license_no="90001"):
    return write(kind, control_id, f"SCH|X1||||||^정기 진료||||^^^{at}", f"AIP|1||{license_no}", number="")


@pytest.mark.parametrize("kind", ["ORM^O01", "OML^O21", "OML^O21^OML_O21"])
def test_an_order_is_placed_once_however_often_it_is_sent(listener, write, visit, rows, kind):
    first = listener.tell(write(kind, "C1", *ORDER))
    assert (first.code, first.control_id) == ("AA", "C1")
    order = ServiceRequest.objects.get()
    assert (order.placer_number, order.code, order.name, order.quantity) == ("P-1", "ZL001", "Test", TWO)
    assert order.ordered_at == datetime(2026, 11, 24, 10, 25, tzinfo=clock.SEOUL) and order.encounter == visit
    after = rows()
    assert listener.tell(write(kind, "C1", *ORDER)).raw == first.raw
    assert listener.tell(write(kind, "C2", *ORDER)).code == "AA"  # the same placer number under a new control id
    assert rows() == after
    assert list(InterfaceMessage.objects.values_list("encounter_ref", flat=True)) == [visit.public_id] * 2


def test_an_order_is_cancelled_and_an_unknown_one_is_not(listener, write):
    listener.tell(write("ORM^O01", "C1", *ORDER))
    cancel = [segment.replace("|NW|", "|CA|") for segment in ORDER]
    assert listener.tell(write("ORM^O01", "C2", *cancel)).code == "AA"
    assert ServiceRequest.objects.get().status == "revoked"
    unknown = listener.tell(write("ORM^O01", "C3", *(segment.replace("P-1", "P-9") for segment in cancel)))
    assert (unknown.code, unknown.condition) == ("AE", 204)


def test_an_order_message_lands_whole_or_not_at_all(listener, write, rows):
    before = rows()
    answer = listener.tell(write("ORM^O01", "C1", *ORDER, "ORC|CA|P-9", "OBR|2|P-9||ZL002"))
    assert (answer.code, answer.condition) == ("AE", 204)
    assert rows() == before and InterfaceMessage.objects.get().status == "refused"
    assert listener.tell(write("ORM^O01", "C1", *ORDER, "ORC|CA|P-9", "OBR|2|P-9||ZL002")).raw == answer.raw


def test_charges_end_the_visit_with_its_diagnoses(listener, write, visit, rows):
    message = write("DFT^P03", "C1", "DG1|1||I10.9|||F", "DG1|2||E11.9|||R", "DG1|3||J00")
    assert listener.tell(message).code == "AA"
    visit.refresh_from_db()
    assert visit.status == "finished"
    kinds = list(Condition.objects.order_by("seq").values_list("kind", "code"))
    assert kinds == [("principal", "I10.9"), ("rule_out", "E11.9"), ("secondary", "J00")]
    outbox.deliver_all()
    after = rows()
    assert listener.tell(message).code == "AA" and listener.tell(message.replace("C1", "C2")).code == "AA"
    outbox.deliver_all()
    assert rows() == after


def test_contact_changes_and_what_is_not_said_stays(listener, write, patient):
    said = write("ADT^A08", "C1").replace("^^^TAMNA^MR", "^^^TAMNA^MR||||||||제주로 1^^서귀포시||010-1111-2222")
    assert listener.tell(said).code == "AA"
    patient.refresh_from_db()
    assert (patient.phone, patient.address) == ("010-1111-2222", "제주로 1 서귀포시")
    assert listener.tell(write("ADT^A08", "C2")).code == "AA"
    patient.refresh_from_db()
    assert patient.phone == "010-1111-2222"
    wrong = listener.tell(said.replace("C1", "C3").replace("010-1111-2222", "call me"))
    assert (wrong.code, wrong.condition) == ("AE", 102)


def test_movements_are_noted_on_the_visit(listener, write, visit, rows):
    before = rows()
    for kind in ("ADT^A01", "ADT^A02", "ADT^A04"):
        assert listener.tell(write(kind, kind[-3:])).code == "AA"
    assert rows() == before
    assert listener.tell(write("ADT^A03", "A03")).code == "AA"  # a discharge is an event, and nothing else yet
    assert {name: count - before[name] for name, count in rows().items() if count != before[name]} == {
        "Event": 1,
        "AuditEntry": 1,
    }
    assert set(InterfaceMessage.objects.values_list("encounter_ref", flat=True)) == {visit.public_id}


def test_a_visit_that_has_not_begun_is_cancelled_once(listener, write, visit):
    first = listener.tell(write("ADT^A11", "C1"))
    assert first.code == "AA" and listener.tell(write("ADT^A11", "C1")).raw == first.raw
    visit.refresh_from_db()
    assert visit.status == "cancelled"
    assert listener.tell(write("ADT^A11", "C2")).code == "AE"


def test_a_visit_that_has_begun_is_not_cancelled(listener, write, visit, clerk):
    reception.move(ticket_id=visit.tickets.get().pk, step="enter", by=clerk)
    assert listener.tell(write("ADT^A11", "C1")).code == "AE"
    assert Encounter.objects.get(pk=visit.pk).status == "in-progress"


def test_a_booking_is_made_and_cancelled_once(listener, write, slot, patient):
    made = listener.tell(booking(write, "SIU^S12", "C1"))
    assert made.code == "AA" and listener.tell(booking(write, "SIU^S12", "C1")).raw == made.raw
    assert Appointment.objects.get().patient == patient
    assert listener.tell(booking(write, "SIU^S12", "C2")).code == "AE"  # the slot is taken
    assert listener.tell(booking(write, "SIU^S15", "C3")).code == "AA"
    assert Appointment.objects.get().status == "cancelled"
    gone = listener.tell(booking(write, "SIU^S15", "C4"))
    assert (gone.code, gone.condition) == ("AE", 204)
    assert listener.tell(booking(write, "SIU^S12", "C5")).code == "AA"


def test_a_booking_with_a_zone_means_the_same_minute(listener, write, slot):
    assert listener.tell(booking(write, "SIU^S12", "C1", at="20261125000000+0000")).code == "AA"
    assert Appointment.objects.get().starts_at == slot.starts_at


def test_a_booking_that_cannot_be(listener, write, slot):
    for number, (at, license_no, condition) in enumerate([
        ("20261125091000", "90001", 204), (AT, "99999", 204), ("tomorrow", "90001", 102), ("", "90001", 101),
        (AT, "", 101), ("00010101000000", "90001", 102),
    ]):  # fmt: skip
        answer = listener.tell(booking(write, "SIU^S12", f"C{number}", at, license_no))
        assert (answer.code, answer.condition) == ("AE", condition), answer.raw
    assert not Appointment.objects.exists()


NOT_TAKEN = ("ADT^A40", "ADT^A05", "SIU^S13", "SIU^S14", "ORU^R01", "OML^O33", "MDM^T02", "ACK", "")


def test_what_is_not_taken_is_refused_not_forgotten(listener, write, rows):
    before = rows()
    for kind in NOT_TAKEN:
        answer = listener.tell(write(kind, "C1", *ORDER))
        assert (answer.code, answer.control_id) == ("AR", "C1") and answer.condition in (200, 201), kind
    assert rows() == before and not InterfaceMessage.objects.exists()


CANNOT_BE_APPLIED = [
    ("ORM^O01", ORDER, "", 101),
    ("ORM^O01", ORDER, "6f0f6f1e-0000-4000-8000-000000000000", 204),
    ("ORM^O01", ORDER, "not a number of ours", 204),
    ("ORM^O01", (), None, 100),
    ("ORM^O01", ("ORC|XX|P-1", ORDER[1]), None, 103),
    ("ORM^O01", ("ORC|NW", "OBR|1|||ZL001"), None, 101),
    ("ORM^O01", ("ORC|NW|P-1", "OBR|1|P-1"), None, 101),
    ("ORM^O01", ("ORC|NW|" + "P" * 41, "OBR|1|||ZL001"), None, 102),
    ("ORM^O01", ("ORC|NW|P-1|||||||2026", ORDER[1]), None, 102),
    ("ORM^O01", ("ORC|NW|P-1", ORDER[1][:-1] + "many"), None, 102),
    ("ORM^O01", ("ORC|NW|P-1", ORDER[1][:-1] + "-1"), None, 103),
    ("ORM^O01", ("ORC|NW|P-1", ORDER[1][:-1] + "NaN"), None, 103),
    ("ORM^O01", ("ORC|NW|P-1", ORDER[1][:-1] + "1e9"), None, 103),
    ("DFT^P03", ("DG1|1",), None, 103),
    ("DFT^P03", ("DG1|1||DROP TABLE",), None, 103),
    ("DFT^P03", (), "", 101),
]  # fmt: skip


def test_content_that_cannot_be_applied_leaves_nothing(listener, write, rows):
    before = rows()
    for index, (kind, segments, number, condition) in enumerate(CANNOT_BE_APPLIED):
        answer = listener.tell(write(kind, f"C{index}", *segments, number=number))
        assert (answer.code, answer.control_id, answer.condition) == ("AE", f"C{index}", condition), answer.raw
    assert rows() == before


def test_another_patients_visit_is_out_of_reach(listener, write, patient, clerk, rows):
    from tamna.patients import services as patients

    other = patients.register_patient(name="다른환자", birth_on=patient.birth_on, sex="M", by=clerk)
    before = rows()
    answer = listener.tell(write("ORM^O01", "C1", *ORDER).replace(patient.chart_no, other.chart_no))
    assert (answer.code, answer.condition) == ("AE", 204) and rows() == before


def test_a_placer_number_belongs_to_one_visit(listener, write, visit, hospital, patient, clerk):
    from tamna.core.models import Department

    listener.tell(write("ORM^O01", "C1", *ORDER))
    other = Department.objects.get(code="05")
    second = reception.receive(patient_id=patient.pk, department_id=other.pk, by=clerk).encounter
    answer = listener.tell(write("ORM^O01", "C2", *ORDER, number=str(second.public_id)))
    assert (answer.code, answer.condition) == ("AE", 205) and not second.orders.exists()


def test_a_control_id_used_for_another_message_is_refused(listener, write):
    listener.tell(write("ORM^O01", "C1", *ORDER))
    answer = listener.tell(write("ORM^O01", "C1", *(segment.replace("P-1", "P-2") for segment in ORDER)))
    assert (answer.code, answer.condition, answer.control_id) == ("AR", 205, "C1")
    assert ServiceRequest.objects.get().placer_number == "P-1"


def test_two_connections_send_the_same_message_at_once(listener, write, visit):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: listener.tell(write("ORM^O01", "C1", *ORDER)).raw, range(16)))
    assert len(set(answers)) == 1 and b"MSA|AA|C1" in answers[0]
    assert ServiceRequest.objects.count() == 1
