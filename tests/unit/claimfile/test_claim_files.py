"""Claim files: what is written is read again, in both dresses; the text stands at the bytes of the official layout."""

import copy
import hashlib
import json
import random
import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamna.engines.claimfile import BadFile, Person, Unwritable, answers, fixed, load_layout, ndjson
from tamna.engines.claimfile.layout import layout_of
from tamna.params import ParamsError, load_raw
from tests.unit.claimfile.claims import batch, claim

LAYOUT = load_layout()
MOVED = {("selective", 30): "D", ("selective", 50): "A", ("selective", 80): "B", ("selective", 90): "E"}
SUBS = {"drug": "01", "prepared": "01", "material": "02"}


# -- what a text can carry, worked out without the writer ---------------------------------------------------------------
def letters(text: str) -> str:
    text = "".join(" " if ord(letter) < 32 or 127 <= ord(letter) < 160 else letter for letter in text)
    return text.encode("cp949", "replace").decode("cp949")


def bytes_of(text: str, most: int) -> str:
    """The longest start of at most so many bytes, ending at a letter; trailing blanks cannot be told."""
    text = letters(text)
    while len(text.encode("cp949")) > most:
        text = text[:-1]
    return text.rstrip(" ")


def rounded(value: float, places: int) -> float | int:
    exact = Decimal(str(value)).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return int(exact) if exact == int(exact) else float(exact)


def carried_line(row: dict) -> dict:
    kind, drug = row["code_kind"], row["code_kind"] in ("drug", "prepared")
    moved = "U" if row["copay_kind"] == "full_self" else MOVED.get((row["copay_kind"], row["selective_rate"]))
    times = row["times_per_day"] if drug else Decimal(str(row["dose"])) * Decimal(str(row["times_per_day"]))
    dose = rounded(row["dose"], 4) if drug else 1
    made = {
        "item_class": moved or row["item_class"], "item_sub": SUBS.get(kind, "03") if moved else row["item_sub"], "line_no": row["line_no"],
        "code_kind": kind, "code": row["code"], "unit_price": rounded(row["unit_price"], 2), "times_per_day": rounded(times, 2),
        "days": row["days"], "dose": dose, "amount": row["amount"], "copay_kind": row["copay_kind"], "selective_rate": row["selective_rate"],
    }  # fmt: skip
    made["quantity"] = rounded(Decimal(str(made["dose"])) * Decimal(str(made["times_per_day"])) * made["days"], 4)
    return made | {name: row[name] for name in ("changed_on", "license_kind", "doctor_license") if name in row}


def carried_notes(rows: list[dict]) -> list[dict]:
    """A note of full 699 bytes and another of the same key are one to a reader: the record says "goes on" in no other way."""
    made: list[dict] = []
    open_ended = False
    for row in rows:
        text, key = letters(row["text"]), {name: value for name, value in row.items() if name != "text"}
        if open_ended and key == {name: value for name, value in made[-1].items() if name != "text"}:
            made[-1]["text"] += text
        else:
            made.append({**key, "text": text})
        last = text
        while len(last.encode("cp949")) > 700:
            last = last[len(bytes_cut(last)) :]
        open_ended = len(last.encode("cp949")) >= 699
    return made


def bytes_cut(text: str) -> str:
    while len(text.encode("cp949")) > 700:
        text = text[:-1]
    return text


OF_THE_GENERAL_PART = {
    item.id for item in LAYOUT.record("claim").fields if item.value is None and not item.person
}  # fmt: skip


def carried(statement: dict, batch_no: str) -> dict:
    head = statement["claim"]
    general = {name: value for name, value in head.items() if name in OF_THE_GENERAL_PART and value is not None}
    diagnoses = []
    for row in statement["diagnoses"]:
        made = {"seq": row["seq"], "kind": row["kind"], "code": row["code"], "onset_on": row["onset_on"] or head["first_visit_on"],
                "department": row["department"] or head["department"], "license_kind": "1", "doctor_license": "90001"}  # fmt: skip
        diagnoses.append(made | ({"dept_sub": row["dept_sub"]} if row["dept_sub"] else {}))
    return {
        "claim": general | {"batch_no": batch_no, "insurer_kind": "4", "setting": "outpatient", "claim_type": "ffs"},
        "diagnoses": diagnoses,
        "lines": [carried_line(row) for row in statement["lines"]],
        "prescriptions": [dict(row) for row in statement["prescriptions"]],
        "notes": carried_notes(statement["notes"]),
    }


def check_round_trip(header: dict, statements: list[dict], persons: list[Person]) -> None:
    written = fixed.write(header, statements, persons)
    back = fixed.read(written.content)
    assert back.header == {name: value for name, value in header.items() if value is not None}
    for found, sent in zip(back.statements, statements, strict=True):
        assert found == carried(sent, header["batch_no"])
    for found, sent in zip(back.persons, persons, strict=True):
        assert (found.patient_name, found.subscriber_name) == (
            bytes_of(sent.patient_name, 20),
            bytes_of(sent.subscriber_name, 20),
        )
        assert found.resident_no == sent.resident_no
    again = fixed.write(back.header, back.statements, back.persons)
    assert again.content == written.content and not again.warnings  # what was read is written the same


def test_ten_thousand_random_claims_come_back_from_both_dresses():
    for seed, strange in ((1, False), (2, True)):
        header, statements, persons = batch(5_000, seed, strange)
        check_round_trip(header, statements, persons)
        content = ndjson.write(header, statements)
        back_header, back = ndjson.read(content)
        assert back == json.loads(json.dumps(statements)) and back_header == {"layout": "tamna-hira/1", **header}
        assert ndjson.write({name: value for name, value in back_header.items() if name != "layout"}, back) == content


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.text(max_size=900), st.text(min_size=1, max_size=20))
def test_any_text_comes_back_as_far_as_the_letters_go(seed, words, name):
    header, statements, persons = batch(2, seed)
    statements[0]["notes"] = [{"unit": "statement", "code": "MX999", "text": words}]
    if not words:
        return
    check_round_trip(header, statements, [Person(name, "5504122123457", name), persons[1]])


# -- the text at its bytes ----------------------------------------------------------------------------------------------
def one(**changes) -> tuple[dict, list[dict], list[Person]]:
    header, statements, _persons = batch(1, 7)
    statement = statements[0]
    statement["claim"] |= {
        "claim_kind": "original", "form_code": "H011", "setting": "outpatient", "previous_receipt_no": None, "previous_serial_no": None, "return_reason": None,
        "first_admitted_on": None, "card_no": "71234567890", "result_code": "9", "total_amount": 14510, "patient_share": 4300,
        "insurer_share": 10210, "benefit_days": 3, "visit_days": 1, "official_injury": None, "admit_route": None, "selective_total": None,
    }  # fmt: skip
    statement["diagnoses"] = [
        {"seq": 1, "kind": "principal", "code": "E11.9", "department": "01", "onset_on": "2026-09-03", "dept_sub": "04"}
    ]
    statement["lines"] = [
        {"line_no": 1, "item_class": "03", "item_sub": "01", "code_kind": "drug", "code": "645100120", "unit_price": 720, "dose": 0.5,
         "times_per_day": 3, "days": 7, "quantity": 10.5, "amount": 7560, "copay_kind": "partial", "selective_rate": None},
        {"line_no": 2, "item_class": "09", "item_sub": "01", "code_kind": "fee", "code": "D3063", "unit_price": 6950, "dose": 1,
         "times_per_day": 1, "days": 1, "quantity": 1, "amount": 6950, "copay_kind": "selective", "selective_rate": 50},
    ]  # fmt: skip
    statement["prescriptions"], statement["notes"] = (
        [],
        [{"unit": "line", "line_no": 2, "code": "JX999", "text": "재촬영 사유"}],
    )
    statement["claim"] |= changes
    header |= {"total_amount": 14510, "patient_share": 4300, "insurer_share": 10210}
    return header, statements, [Person("홍길동", "5504122123457", "홍길동")]


def test_every_record_stands_at_the_bytes_of_the_official_layout():
    written = fixed.write(*one())
    rows = written.content.split(b"\r\n")
    assert [len(row) for row in rows[:5]] == [346, 348, 78, 234, 234] and rows[-1] == b""
    head, general, disease, drug, test, note = rows[:6]

    def at(row: bytes, pos: int, length: int) -> str:
        return row[pos - 1 : pos - 1 + length].decode("cp949")

    assert (at(head, 7, 10), at(head, 17, 1), at(head, 18, 3), at(head, 36, 6)) == ("202609O001", "H", "092", "202609")
    assert (at(head, 42, 6), at(head, 48, 12), at(head, 84, 12)) == ("     1", "       14510", "       10210")
    assert (at(general, 11, 5), at(general, 16, 1), at(general, 17, 4), at(general, 43, 1)) == (
        "00001",
        "A",
        "H011",
        " ",
    )
    assert (at(general, 106, 20), at(general, 126, 13)) == ("홍길동" + " " * 14, "5504122123457")
    assert (at(general, 139, 3), at(general, 178, 1), at(general, 179, 10)) == ("  3", "9", "     14510")
    assert (at(disease, 16, 2), at(disease, 18, 6), at(disease, 24, 4), at(disease, 28, 8)) == (
        "B1",
        "E119  ",
        "0104",
        "20260903",
    )
    assert (at(drug, 17, 4), at(drug, 25, 1), at(drug, 26, 9), at(drug, 35, 12)) == (
        "0301",
        "3",
        "645100120",
        "       72000",
    )
    assert (at(drug, 47, 7), at(drug, 54, 3), at(drug, 57, 9), at(drug, 66, 10)) == (
        "    300",
        "  7",
        "     5000",
        "      7560",
    )
    assert (at(test, 17, 4), at(test, 47, 7), at(test, 57, 9)) == (
        "A 03",
        "    100",
        " " * 9,
    )  # 50/100 leaves its section
    assert (at(note, 16, 2), at(note, 31, 4), at(note, 35, 5), note[39:].decode("cp949")) == (
        "E2",
        "   2",
        "JX999",
        "재촬영 사유",
    )


def test_the_form_of_diagnosis_groups_shifts_its_records():
    header, statements, persons = one(
        form_code="D020", claim_type="drg", setting="inpatient", drg_code="L60010", drg_amount=14510
    )
    statements[0]["diagnoses"][0]["present_on_admission"] = "Y"
    statements[0]["lines"][0]["reward_rate"] = 100
    statements[0]["lines"][0]["changed_on"] = "2026-09-15"
    header |= {"batch_no": "202609D001", "setting": "inpatient"}
    rows = fixed.write(header, statements, persons).content.split(b"\r\n")
    assert (rows[2][23:24], rows[2][24:26], len(rows[2])) == (b"Y", b"01", 79)
    assert (rows[3][95:101], rows[3][101:109], len(rows[3])) == (b" 10000", b"20260915", 240)
    assert fixed.read(b"\r\n".join(rows)).statements[0]["diagnoses"][0]["present_on_admission"] == "Y"


def test_long_notes_go_on_in_further_records_at_a_letters_border():
    header, statements, persons = one()
    statements[0]["notes"] = [{"unit": "statement", "code": "MX999", "text": "a" + "가" * 1000 + " 끝"}]
    rows = [row for row in fixed.write(header, statements, persons).content.split(b"\r\n") if row[15:16] == b"E"]
    assert [len(row) - 39 for row in rows] == [699, 700, 605]
    assert all(row[:39] == rows[0][:39] for row in rows)


def test_what_cannot_be_held_is_told_and_numbers_are_never_cut():
    header, statements, persons = one()
    statements[0]["notes"][0]["text"] = "😀 좋음\n다음"
    written = fixed.write(header, statements, [Person("가나다라마바사아자차카", "5504122123457", "é")])
    assert sorted((row.code, row.record, row.field, row.serial_no) for row in written.warnings) == [
        ("controls_removed", "E", "text", "00001"), ("letters_replaced", "A", "subscriber_name", "00001"),
        ("letters_replaced", "E", "text", "00001"), ("text_cut", "A", "patient_name", "00001"),
    ]  # fmt: skip
    assert "가나" not in repr(written.warnings) and "5504122" not in repr(fixed.read(written.content))
    bad = copy.deepcopy(statements)
    bad[0]["lines"][0] |= {"amount": 10**10, "code": "0123456789", "code_kind": "magic"}
    bad[0]["claim"] |= {"visit_days": "many", "first_admitted_on": "2026-13-01"}
    with pytest.raises(Unwritable) as refused:
        fixed.write(header, bad, persons)
    assert sorted((row.code, row.record, row.field, row.row) for row in refused.value.faults) == [
        ("not_a_day", "A", "first_admitted_on", 0), ("not_a_number", "A", "visit_days", 0), ("too_long", "C", "amount", 1),
        ("too_long", "C", "code", 1), ("unknown_code", "C", "code_kind", 1),
    ]  # fmt: skip


def test_a_spoiled_text_is_refused_with_its_row():
    content = fixed.write(*one()).content
    rows = content.split(b"\r\n")
    for bad, code, row in (
        (content[:-30], "cut", 6),
        (content.replace(b"202609O001", b"202609O002", 1), "serial", 2),
        (b"\r\n".join([rows[0], *rows[2:]]), "order", 2),
        (b"\r\n".join([*rows[:2], rows[2] + b" ", *rows[3:]]), "length", 3),
        (b"\r\n".join([*rows[:3], rows[3][:15] + b"Z" + rows[3][16:], *rows[4:]]), "unknown_record", 4),
        (b"\r\n".join([*rows[:3], rows[3][:65] + b"     12x45" + rows[3][75:], *rows[4:]]), "not_a_number", 4),
        (b"\r\n".join([rows[0][:41] + b"     2" + rows[0][47:], *rows[1:]]), "count", 1),
        (b"\r\n".join([*rows[:1], rows[1][:105] + b"\xff\xff" + rows[1][107:], *rows[2:]]), "letters", 2),
    ):
        with pytest.raises(BadFile) as refused:
            fixed.read(bad)
        assert (refused.value.code, refused.value.row) == (code, row)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=3))
def test_no_spoiled_bytes_break_the_reader(at, junk):
    content = fixed.write(*one()).content
    place = at % len(content)
    try:
        fixed.read(content[:place] + junk + content[place + 1 :])
    except BadFile as bad:
        assert bad.row >= 1


# -- JSON lines ---------------------------------------------------------------------------------------------------------
def test_the_json_dress_is_a_header_statements_and_a_trailer_over_all_bytes_before():
    header, statements, _persons = one()
    statements[0]["extra"] = ["kept"]
    lines = ndjson.write(header | {"kcd": "2026-01-01", "fees": "2026-01-01"}, statements).splitlines(keepends=True)
    first, statement, trailer = (json.loads(line) for line in lines)
    assert (first["type"], first["layout"], first["kcd"], first["fees"]) == (
        "header",
        "tamna-hira/1",
        "2026-01-01",
        "2026-01-01",
    )
    assert list(statement)[:5] == ["claim", "diagnoses", "lines", "prescriptions", "notes"] and statement["extra"] == [
        "kept"
    ]
    assert statement["claim"]["something_of_ours"] == {"kept": True}
    assert trailer == {"type": "trailer", "statements": 1, "sha256": hashlib.sha256(b"".join(lines[:-1])).hexdigest()}


def sealed(*rows: dict) -> bytes:
    body = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    return (
        body
        + json.dumps(
            {"type": "trailer", "statements": len(rows) - 1, "sha256": hashlib.sha256(body).hexdigest()}
        ).encode()
        + b"\n"
    )


def test_an_unknown_header_field_is_an_error_on_both_sides():
    header, statements, _persons = one()
    with pytest.raises(Unwritable) as refused:
        ndjson.write(header | {"colour": "blue", "mood": 1}, statements)
    assert [row.field for row in refused.value.faults] == ["colour", "mood"]
    good = {"type": "header", "layout": "tamna-hira/1", **header}
    assert ndjson.read(sealed(good, *statements))[0]["batch_no"] == "202609O001"
    for bad, code in (
        (sealed(good | {"colour": "blue"}, *statements), "header_field"), (sealed({**good, "layout": "other/2"}, *statements), "layout"),
        (sealed({key: value for key, value in good.items() if key != "batch_no"}, *statements), "missing"),
        (sealed(good | {"statement_count": 2}, *statements), "count"), (sealed(good, {"claim": {}}), "parts"),
        (sealed(good, *statements)[:-9], "not_json"), (sealed(good, *statements).replace(b"E11.9", b"E11.8"), "changed"),
        (b"", "cut"), (b"[]\n[]\n", "not_json"),
    ):  # fmt: skip
        with pytest.raises(BadFile) as refused_file:
            ndjson.read(bad)
        assert refused_file.value.code == code


# -- another layout is another file of data -----------------------------------------------------------------------------
def test_another_layout_needs_no_code():
    raw = copy.deepcopy(load_raw("claim_layout/tamna-hira-1"))
    raw |= {"layout": "other/1", "encoding": "utf-8", "newline": "\n"}
    general = raw["records"]["A"]["fields"]
    general.append({"pos": 349, "len": 12, "id": "copay_code", "ko": "본인부담구분"})
    raw["records"]["A"]["length"] = 360
    other = layout_of(raw, "other")
    header, statements, persons = one(copay_code="C")
    content = fixed.write(header, statements, persons, other).content
    assert (
        len(content.split(b"\n")[1]) == 360 and fixed.read(content, other).statements[0]["claim"]["copay_code"] == "C"
    )
    with pytest.raises(BadFile):
        fixed.read(content)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda fields: fields.pop(3),
        lambda fields: fields[4].update(pos=99),
        lambda fields: fields[4].update(len=1),
        lambda fields: fields[4].update(type="z"),
        lambda fields: fields[4].update(colour="blue"),
    ],
)
def test_a_layout_with_a_gap_an_overlap_or_a_strange_word_is_refused(spoil):
    raw = copy.deepcopy(load_raw("claim_layout/tamna-hira-1"))
    spoil(raw["records"]["A"]["fields"])
    with pytest.raises(ParamsError):
        layout_of(raw, "spoiled")


def test_positions_are_those_of_the_facts():
    """Lengths of the records and a few positions, read from the table of facts (SAM 092)."""
    assert {record.kind: record.length for record in LAYOUT.records} == {
        "H": 346,
        "A": 348,
        "B": 78,
        "C": 234,
        "D": 63,
        "E": 739,
    }
    where = {(record.kind, item.id): (item.pos, item.len) for record in LAYOUT.records for item in record.fields}
    assert where["H", "software_certificate"] == (307, 35) and where["H", "diff_index"] == (226, 8)
    assert where["A", "resident_no"] == (126, 13) and where["A", "selective_veterans"] == (339, 10)
    assert (
        where["C", "doctor_license"] == (105, 100)
        and where["D", "copay_kind"] == (63, 1)
        and where["E", "text"] == (40, 700)
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", LAYOUT.starts_on.isoformat()) and LAYOUT.starts_on <= date(2026, 1, 1)


def test_random_claims_differ():
    dice = random.Random(0)
    assert claim(dice, 1) != claim(dice, 2)


# -- what comes back ----------------------------------------------------------------------------------------------------
def test_answers_come_back_from_the_text_as_they_were():
    rows = [
        {"serial_no": "00007", "status": "adjusted", "requested": 10_210, "decided": 9_000, "reason": "A01", "text": "횟수 초과",
         "lines": [{"line_no": 2, "amount": 1_210, "reason": "A01"}]},
        {"serial_no": "00002", "status": "full", "requested": 500, "decided": 500, "lines": []},
    ]  # fmt: skip
    result = {"id": 12, "kind": "result", "batch_no": "202609O001", "receipt_no": "0001234", "on": "2026-10-20", "count": 2, "decided_sum": 9_500,
              "statements": rows}  # fmt: skip
    held = {
        "serial_no": "00001",
        "status": "held",
        "requested": 10,
        "decided": 0,
        "reason": "B01",
        "what": "의무기록",
        "due_on": "2026-11-01",
        "lines": [],
    }
    asked = result | {"id": 13, "kind": "request_records", "count": 1, "decided_sum": 0, "statements": [held]}
    content = answers.write([result, asked])
    assert answers.read(content) == [result, asked] and answers.read(b"") == []
    assert {len(line) for line in content.split(b"\r\n")[:-1]} == {61, 353, 38}
    for bad in (content[:-9], content.replace(b"00007S", b"00007Z", 1), content[62:]):
        with pytest.raises(BadFile):
            answers.read(bad)
