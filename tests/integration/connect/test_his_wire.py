"""Bytes as they really come: cut, glued, in other character sets and with other marks, without an end, without sense."""

import contextlib
import threading

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tamna.connect.his import mllp
from tamna.connect.his.form import MAX_BYTES
from tamna.core.models import AuditEntry, Event, InterfaceMessage
from tamna.reception import his
from tamna.reception.models import ServiceRequest
from tests.integration.connect.conftest import ORDER, Answer


def framed(message: str) -> bytes:
    return mllp.START + message.encode() + mllp.END


def korean(write, control_id, charset):
    head = f"P|2.5||||||{charset}"
    return write("ORM^O01", control_id, ORDER[0], ORDER[1].replace("Test", "혈액검사"), head=head)


def test_korean_in_every_character_set(listener, write):
    for index, (charset, encoding) in enumerate([
        ("UNICODE UTF-8", "utf-8"), ("", "utf-8"), ("KS X 1001", "cp949"), ("EUC-KR", "euc-kr"), ("KS X 1001~UNICODE UTF-8", "cp949"),
    ]):  # fmt: skip
        message = korean(write, f"C{index}", charset).replace("P-1", f"P-{index}")
        assert listener.tell(message, encoding).code == "AA", charset
    assert set(ServiceRequest.objects.values_list("name", flat=True)) == {"혈액검사"}


def test_text_that_does_not_fit_its_character_set(listener, write, rows):
    before = rows()
    wrong = listener.tell(korean(write, "C1", "UNICODE UTF-8"), "cp949")
    assert (wrong.code, wrong.control_id, wrong.segments["ERR"][2]) == ("AE", "C1", "MSH^1^18")
    unknown = listener.tell(korean(write, "C2", "UNICODE UTF-16"))
    assert (unknown.code, unknown.control_id) == ("AR", "C2")
    assert rows() == before


def test_other_marks_and_escapes(listener, write):
    message = write("ORM^O01", "C1", *ORDER).replace("^Test", r"^a\T\b\S\c\F\d")
    other = message.translate(str.maketrans({"|": "#", "^": "@", "~": "*", "\\": "!", "&": "%"}))
    assert other.startswith("MSH#@*!%#") and "!T!" in other
    answer = listener.tell(other)
    assert (answer.code, answer.control_id) == ("AA", "C1")
    assert ServiceRequest.objects.get().name == "a%b@c#d"


def test_every_line_end(listener, write):
    for index, end in enumerate(("\r", "\n", "\r\n", "\n\r", "\r\r")):
        message = write("ORM^O01", f"C{index}", *(part.replace("P-1", f"P-{index}") for part in ORDER))
        assert listener.tell(message.replace("\r", end)).code == "AA", repr(end)
    assert ServiceRequest.objects.count() == 5


def test_several_messages_in_one_packet_and_one_message_in_many(listener, write):
    line = listener.line()
    line.put(b"".join(framed(write("ADT^A04", f"C{index}")) for index in range(20)))
    assert [line.answer().control_id for _ in range(20)] == [f"C{index}" for index in range(20)]
    for byte in framed(write("ADT^A04", "CUT")):
        line.put(bytes([byte]))
    cut = line.answer()
    assert (cut.code, cut.control_id) == ("AA", "CUT")
    line.close()


def test_noise_between_messages_and_a_lost_end(listener, write):
    line = listener.line()
    line.put(b"GET / HTTP/1.1\r\n\r\n" + framed(write("ADT^A04", "C1")) + b"\x1c\r\x00\xff")
    assert line.answer().control_id == "C1"
    lost = mllp.START + write("ORM^O01", "LOST", *ORDER).encode()
    line.put(lost + framed(write("ADT^A04", "C2")))
    assert line.answer().control_id == "C2"  # what lost its end is not answered, so it is sent again
    assert not ServiceRequest.objects.exists()
    line.put(lost + mllp.END)
    assert line.answer().code == "AA" and ServiceRequest.objects.exists()
    line.close()


def test_without_an_end_nothing_happens(listener, write, rows):
    before = rows()
    line = listener.line()
    line.put(mllp.START + write("ORM^O01", "C1", *ORDER).encode())
    line.close()
    assert listener.tell(write("ADT^A04", "C2")).code == "AA"
    assert rows() == before and not InterfaceMessage.objects.filter(control_id="C1").exists()


def test_silent_connections_hold_up_nobody(listener, write):
    silent = [listener.line() for _ in range(40)]
    for line in silent[:20]:
        line.put(mllp.START + b"MSH|^~\\&|")
    assert listener.tell(write("ADT^A04", "C1")).code == "AA"
    for line in silent:
        line.close()


def test_a_sender_that_leaves_before_the_answer_gets_it_the_next_time(listener, write):
    line = listener.line()
    line.put(framed(write("ORM^O01", "C1", *ORDER)))
    line.close()
    assert listener.tell(write("ORM^O01", "C1", *ORDER)).code == "AA"
    assert ServiceRequest.objects.count() == 1


def test_two_megabytes_in_a_field(listener, write, rows):
    large = write("ORM^O01", "C1", *ORDER, "NTE|1||" + "가" * 700_000)
    assert len(large.encode()) > 2 << 20
    assert listener.tell(large).code == "AA"
    before = rows()
    too_long = write("ORM^O01", "C2", ORDER[0].replace("P-1", "P" * (2 << 20)), ORDER[1])
    assert listener.tell(too_long).code == "AE" and rows() == before


def test_a_message_over_the_limit_is_refused_by_name_and_the_line_closed(listener, write, rows):
    before = rows()
    line = listener.line()
    huge = framed(write("ORM^O01", "C1", *ORDER, "NTE|1||" + "x" * (MAX_BYTES + 4096)))
    writer = threading.Thread(target=lambda: _put_until_closed(line, huge), daemon=True)
    writer.start()
    answer = line.answer()
    assert (answer.code, answer.control_id) == ("AR", "C1") and rows() == before
    line.close()
    writer.join(10)
    assert listener.tell(write("ADT^A04", "C2")).code == "AA"


def _put_until_closed(line, raw):
    with contextlib.suppress(OSError):
        line.put(raw)


def test_broken_headers_are_refused_by_name_where_they_have_one(listener, write, rows):
    before = rows()
    good = write("ORM^O01", "C1", *ORDER)
    for message, control_id in (
        ("", ""), ("PID|1||1", ""), ("MSH", ""), ("MSH|", ""), (good.replace("MSH|", "msh|"), ""),
        (good.replace("|C1|", "||"), ""), (good.replace("|P|2.5", "|X|2.5"), "C1"), (good.replace("|2.5|", "|9.9|"), "C1"),
        (good.replace("|2.5|", "|2.1|"), "C1"), (good.replace("Test", "a\0b"), "C1"), (good.replace(r"^~\&", "^^^^"), "C1"),
        (good.replace("|C1|", "|" + "C" * 61 + "|"), "C" * 60), (good.replace("|C1|", "|검사|"), ""), (good + good, "C1"),
    ):  # fmt: skip
        answer = listener.tell(message)
        assert (answer.code, answer.control_id) == ("AR", control_id), answer.raw
    assert rows() == before and not InterfaceMessage.objects.exists()


def test_any_bytes_and_any_changed_message_are_answered_and_leave_nothing(transactional_db, write, rows):
    """The listener's own function, without the socket, so that thousands of messages can be tried."""
    good = write("ORM^O01", "C1", *ORDER).encode()
    before = rows()
    spoiled = st.binary(max_size=300) | st.builds(
        lambda at, cut, put: good[:at] + put + good[at + cut :],
        st.integers(0, len(good)), st.integers(0, 40), st.binary(max_size=20) | st.sampled_from([b"|", b"^", b"\r", b"\rMSH|", b"~", b"\\"]),
    )  # fmt: skip

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(spoiled)
    def try_one(raw: bytes) -> None:
        InterfaceMessage.objects.all().delete()
        events, orders, audited = Event.objects.count(), ServiceRequest.objects.count(), AuditEntry.objects.count()
        answer = Answer(his.receive(raw))
        made = ServiceRequest.objects.count() - orders
        assert Event.objects.count() - events == AuditEntry.objects.count() - audited == made
        assert b"send it again" not in answer.raw
        assert made in ((0, 1) if answer.code == "AA" else (0,)), answer.raw

    try_one()
    of_orders = ("Event", "ServiceRequest", "AuditEntry")
    after = rows()
    assert {name: count for name, count in after.items() if name not in of_orders} == {
        name: count for name, count in before.items() if name not in of_orders
    }
