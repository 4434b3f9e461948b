"""Messages that python-hl7 and hl7apy test themselves with, over a real socket: each gets the answer it deserves."""

import json
from pathlib import Path

import hl7
import pytest
from hl7apy.parser import parse_message

from tamna.connect.his.form import control_id_of
from tamna.core.models import InterfaceMessage

DATA = Path(__file__).parents[2] / "data" / "hl7"
MESSAGES = [json.loads(line) for path in sorted(DATA.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
OURS = [row for row in MESSAGES if row["condition"] == 204]


def test_there_are_many():
    assert len(MESSAGES) > 60 and len(OURS) >= 3
    assert {row["answer"] for row in MESSAGES} == {"AE", "AR"}


def test_each_message_gets_what_it_deserves_and_leaves_nothing(listener, hospital, rows):
    before, wrong = rows(), []
    for row in MESSAGES:
        answer = listener.tell(row["text"])
        head = row["text"].replace("\n", "\r").split("\r")[0]
        fields = head.split(head[3]) if head.startswith("MSH") else []
        deserved = (row["answer"], row["condition"] or answer.condition, fields[9].strip() if len(fields) > 9 else "")
        if (answer.code, answer.condition, answer.control_id) != deserved:
            wrong.append((row["from"], deserved, answer.raw))
        again = listener.tell(row["text"])
        if (again.code, again.control_id) != (answer.code, answer.control_id):
            wrong.append((row["from"], "a second sending", again.raw))
        InterfaceMessage.objects.all().delete()  # their tests use one control id for many messages
    assert wrong == []
    assert rows() == before


@pytest.mark.parametrize("row", OURS, ids=lambda row: row["from"])
def test_the_same_message_about_a_patient_of_ours_is_taken(listener, patient, rows, row):
    lines = row["text"].split("\r")
    at = next(index for index, line in enumerate(lines) if line.startswith("PID"))
    fields = lines[at].split("|")
    fields[3] = f"{patient.chart_no}^^^TAMNA^MR"
    lines[at] = "|".join(fields)
    before = rows()
    answer = listener.tell("\r".join(lines))
    assert (answer.code, answer.control_id) == ("AA", control_id_of(row["text"].encode()))
    assert listener.tell("\r".join(lines)).raw == answer.raw
    assert rows() == before
    assert InterfaceMessage.objects.get().status == "accepted"


def test_both_libraries_can_read_our_answers(listener, write):
    for message in (
        write("ADT^A04", "C1"),
        write("ADT^A04", "C2", number="x").replace("PID|1||", "PID|1||9"),
        "MSH|^~\\&|",
    ):
        raw = listener.tell(message).raw.decode()
        assert hl7.parse(raw).segment("MSA")[1][0] in ("AA", "AE", "AR")
        read = parse_message(raw, find_groups=False)
        assert read.msa.msa_1.value in ("AA", "AE", "AR") and read.msh.msh_9.value == "ACK"
