"""What a statement lacks before it may be sent: every reason at once, each with its place, in both languages."""

import copy
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamna.engines.claimfile import Fault, Person, header_faults, header_of, load_layout, statement_faults
from tamna.engines.claimfile.completeness import pattern_of
from tests.unit.claimfile.claims import batch
from tests.unit.claimfile.test_claim_files import one

SOMEBODY = Person("홍길동", "5504122123457")


def whole(**changes) -> dict:
    _header, (statement,), _persons = one(**changes)
    return statement


def codes(statement: dict, person: Person | None = SOMEBODY) -> set[tuple[str, str, str, int]]:
    return {(row.code, row.record, row.field, row.row) for row in statement_faults(statement, person)}


def test_a_whole_statement_has_no_fault():
    assert statement_faults(whole(), SOMEBODY) == []


def changed(part: str, place: int, **values) -> dict:
    statement = whole()
    (statement["claim"] if part == "claim" else statement[part][place]).update(values)
    return statement


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (changed("claim", 0, card_no=None), ("missing", "A", "card_no", 0)),
        (changed("claim", 0, card_no="1" * 21), ("too_long", "A", "card_no", 0)),
        (changed("claim", 0, result_code="7"), ("unknown_code", "A", "result_code", 0)),
        (changed("claim", 0, form_code="H010"), ("form", "A", "form_code", 0)),
        (changed("claim", 0, form_code="I011"), ("form", "A", "form_code", 0)),
        (changed("claim", 0, insurer_kind="5"), ("missing", "A", "aid_type", 0)),
        (changed("claim", 0, claim_type="drg", setting="inpatient", form_code="D020"), ("missing", "A", "drg_code", 0)),
        (changed("claim", 0, visit_days=1.5), ("not_whole", "A", "visit_days", 0)),
        (changed("claim", 0, visit_days=1000), ("too_long", "A", "visit_days", 0)),
        (changed("claim", 0, patient_share=-100, insurer_share=14610), ("negative", "A", "patient_share", 0)),
        (changed("claim", 0, total_amount=14500, insurer_share=10200), ("total", "A", "total_amount", 0)),
        (changed("claim", 0, insurer_share=10200), ("shares", "A", "insurer_share", 0)),
        (changed("claim", 0, special_code="V193"), ("note_demanded", "E", "text", 0)),
        (changed("claim", 0, claim_kind="supplement"), ("missing", "A", "return_reason", 0)),
        (changed("claim", 0, claim_kind="added"), ("missing", "A", "previous_receipt_no", 0)),
        (changed("claim", 0, claim_kind="split"), ("missing", "A", "first_admitted_on", 0)),
        (changed("claim", 0, last_service_on="2026-01-01"), ("after", "A", "last_service_on", 0)),
        (changed("diagnoses", 0, code=""), ("missing", "B", "code", 1)),
        (changed("diagnoses", 0, code="E11.99999"), ("too_long", "B", "code", 1)),
        (changed("diagnoses", 0, kind="secondary"), ("one_principal", "B", "kind", 0)),
        (changed("lines", 0, amount=7561), ("amount", "C", "amount", 1)),
        (changed("lines", 0, quantity=10), ("quantity", "C", "quantity", 1)),
        (changed("lines", 1, code=None), ("missing", "C", "code", 2)),
        (changed("lines", 1, code_kind="magic"), ("unknown_code", "C", "code_kind", 2)),
        (changed("lines", 1, line_no=1), ("twice", "C", "line_no", 1)),
        (changed("lines", 1, line_no=10_000), ("too_long", "C", "line_no", 10_000)),
        (changed("lines", 0, code="611201784"), ("note_demanded", "C", "text", 1)),
        (changed("notes", 0, code="MT026", text="36 hours"), ("note_format", "E", "text", 1)),
        (whole() | {"lines": []}, ("too_few", "C", "lines", 0)),
        (whole() | {"diagnoses": []}, ("too_few", "B", "diagnoses", 0)),
    ],
)
def test_each_gap_is_found_where_it_is(statement, expected):
    assert expected in codes(statement)


def test_all_reasons_come_at_once_in_both_languages_and_name_nobody():
    statement = whole(card_no=None, result_code=None, total_amount=1)
    statement["lines"][0] |= {"amount": 1, "code": "1234567890"}
    found = statement_faults(statement, Person())
    assert {(row.code, row.field) for row in found} >= {
        ("missing", "card_no"), ("missing", "result_code"), ("total", "total_amount"), ("shares", "insurer_share"),
        ("amount", "amount"), ("too_long", "code"), ("missing", "patient_name"), ("missing", "resident_no"),
    }  # fmt: skip
    layout = load_layout()
    for row in found:
        korean, english = row.message("ko", layout), row.message("en", layout)
        assert korean != english and english.isascii() | ("×" in english) | ("–" in english), english
        assert Fault.of(row.as_json()) == row
    assert "일반내역 증번호 누락: 기재하세요" in [row.message("ko", layout) for row in found]
    assert "Lines no. 1 Amount" in " ".join(row.message("en", layout) for row in found)


def test_without_a_person_nobodys_name_is_asked_for():
    assert codes(whole(), None) == set() and {"patient_name", "resident_no"} == {
        row[2] for row in codes(whole(), Person())
    }


def test_a_demanded_note_may_stand_on_its_line_or_on_the_statement():
    statement = whole()
    statement["lines"][0]["code"] = "611201784"
    for unit, line_no in (("line", 1), ("statement", None)):
        statement["notes"] = [{"unit": unit, "line_no": line_no, "code": "JX999", "text": "MMSE 21, CDR 1"}]
        assert codes(statement) == set()
    statement["notes"][0] |= {"unit": "line", "line_no": 2}
    assert ("note_demanded", "C", "text", 1) in codes(statement)


def test_lines_paid_wholly_by_the_patient_stand_outside_of_the_total():
    statement = whole(total_amount=7560, patient_share=2300, insurer_share=5260)
    statement["lines"][1] |= {"copay_kind": "full_self", "selective_rate": None}
    assert codes(statement) == set()


@pytest.mark.parametrize(
    ("grammar", "good", "bad"),
    [
        ("9(5)", ("00036", "7"), ("36시간", "123456", "")),
        ("X(4)", ("V193",), ("V1931",)),
        ("9(6)/9(3)", ("550412/12",), ("550412", "550412/")),
        ("CCYYMMDD/hhmmhhmm", ("20260901/09001130",), ("2026-09-01/0900",)),
        ("X/X/X", ("가/나/다", "//"), ("가/나", "가/나/다/라")),
    ],
)
def test_a_note_is_held_to_its_grammar(grammar, good, bad):
    assert all(pattern_of(grammar).fullmatch(text) for text in good)
    assert not any(pattern_of(grammar).fullmatch(text) for text in bad)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_the_header_of_a_batch_adds_up_and_every_change_of_it_is_seen(seed):
    _header, statements, _persons = batch(4, seed)
    for row in statements:
        row["claim"] |= {
            "claim_kind": "original",
            "previous_receipt_no": None,
            "return_reason": None,
            "first_admitted_on": None,
        }
    header = header_of(
        "202609O001", statements, institution_id="39100103", setting="outpatient", claim_on=date(2026, 10, 5)
    )
    assert header_faults(header, statements) == []
    for name, value, code in (
        ("statement_count", 5, "header_count"), ("insurer_share", header["insurer_share"] + 10, "header_sum"), ("insurer_kind", "5", "header_mixed"),
        ("batch_no", "2026090001", "batch_no"), ("batch_no", "202613O001", "batch_no"), ("setting", "inpatient", "batch_no"),
        ("colour", "blue", "header_field"), ("institution_id", None, "missing"),
    ):  # fmt: skip
        found = header_faults(header | {name: value}, statements)
        assert code in {row.code for row in found}
    hole = copy.deepcopy(statements)
    hole[1]["claim"]["serial_no"] = "00009"
    assert "serial" in {row.code for row in header_faults(header, hole)}


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3),
    ),
    st.integers(0, 40),
)
def test_strange_values_are_faults_and_never_a_crash(value, place):
    statement = whole()
    name = list(statement["claim"])[place % len(statement["claim"])]
    statement["claim"][name] = value
    column = list(statement["lines"][0])[place % len(statement["lines"][0])]
    statement["lines"][0][column] = value
    assert isinstance(statement_faults(statement, SOMEBODY), list)
