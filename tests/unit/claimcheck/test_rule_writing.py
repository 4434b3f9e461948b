"""A rule while it is written: faults name their place and what may have been meant; sentences say what is judged."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tamna.engines.claimcheck import RuleSet, schema, words
from tamna.engines.claimcheck.examples import statement
from tamna.engines.claimcheck.frame_documents import frames_of
from tamna.engines.claimcheck.frames import FramesCheck
from tamna.engines.claimcheck.rules import raw_rules, shipped
from tamna.engines.claimcheck.ruleset import columns_of
from tamna.engines.claimcheck.wording import condition, sentence
from tamna.engines.claimcheck.writing import expression, faults, tried

RULES = RuleSet.load()
RAW = {
    "id": "OWN-1", "group": "own", "title": {"ko": "소아 상담료", "en": "Child counselling"}, "source": "원내 지침 3조", "mark": "K",
    "severity": "adjust", "over": "lines", "hit": "code = 'AA256' AND age < 12",
    "examples": [
        {"name": "걸린다", "claim": {"age": 8}, "lines": [{"code": "AA256"}], "hits": [1]},
        {"name": "열두 살", "claim": {"age": 12}, "lines": [{"code": "AA256"}], "hits": []},
    ],
}  # fmt: skip


def test_every_shipped_rule_could_have_been_written_at_the_desk():
    found = {raw["id"]: faults(raw, RULES.typing) for name, text in shipped() for raw in raw_rules(text, name)}
    assert len(found) == len(RULES.rules)
    assert {key: value for key, value in found.items() if value} == {}


@pytest.mark.parametrize(
    ("text", "code", "marked", "instead"),
    [
        ("agee < 12", "unknown_name", "agee", "age"),
        ("sex = 'F' AND 나이 < 12", "korean_name", "나이", "age"),
        ("진료과 = '05'", "korean_name", "진료과", "department"),
        ("setting = 'outpatien'", "unknown_value", "'outpatien'", "outpatient"),
        ("age = '12'", "wrong_type", "'12'", None),
        ("department = 5", "wrong_type", "5", None),
        ("sex = 'F' AND age IN (1, 'x')", "wrong_type", "'x'", None),
        ("fooo(age) = 2", "unknown_function", "fooo", "floor"),
        ("code_present(AC101)", "unquoted", "AC101", "'AC101'"),
        ("table:feees(department) exists", "unknown_table", "feees", "fees"),
        ("age < 12 & sex = 'F'", "unreadable", "&", None),
        ("quantity > 3", "of_other_rows", "quantity", None),
        ("(age < 12", "expected", None, None),
        ("age <", "expected", None, None),
    ],
)
def test_a_fault_points_at_its_place_and_suggests(text, code, marked, instead):
    (fault,) = expression(text, "hit", "claims", RULES.typing)
    assert fault.code == code
    if marked is not None:
        assert text[fault.at : fault.at + fault.length] == marked
    assert instead is None or instead in fault.instead


def test_every_fault_of_a_form_is_told_at_once():
    found = faults(
        {"id": "own 1", "severity": "grave", "over": "lines", "hit": "agee < 3", "where": "x = 1"}, RULES.typing
    )
    assert {(fault.where, fault.code) for fault in found} >= {
        ("group", "missing"), ("title", "missing"), ("source", "missing"), ("mark", "missing"), ("id", "bad_id"), ("severity", "not_listed"),
        ("hit", "unknown_name"), ("where", "unknown_name"),
    }  # fmt: skip
    assert faults(RAW, RULES.typing) == []
    assert [fault.code for fault in faults(RAW | {"hit": "nth > 1"}, RULES.typing)] == ["refused"]
    assert [fault.code for fault in faults(RAW | {"examples": [{"name": "x"}]}, RULES.typing)] == ["bad_example"]


def test_examples_are_judged_now():
    rule = built(RAW)
    assert [(one.holds, one.found) for one in tried(rule, RULES)] == [(True, [1]), (True, [])]
    wrong = built(RAW | {"hit": "code = 'AA256' AND age <= 12"})
    assert [one.holds for one in tried(wrong, RULES)] == [True, False]
    odd = built(RAW | {"examples": [{"name": "?", "claim": {"age": "old"}, "hits": True}]})
    assert [(one.holds, one.fault) for one in tried(odd, RULES)] == [(False, "claim.age")]


def built(raw):
    from tamna.engines.claimcheck.rules import OWN
    from tamna.engines.claimcheck.rules import built as make

    return make({**OWN, **raw}, RULES.typing, "test")


def test_a_rule_reads_as_a_sentence():
    assert sentence(built(RAW)) == "진료내역 줄에서 코드가 AA256이고 나이가 12 미만이면, 삭감될 수 있다고 알린다."
    assert sentence(built(RAW), "en") == "For a line: if code is AA256 and age is below 12, the claim would be cut."
    node = built(RAW | {"hit": "NOT (age < 12 OR setting = 'inpatient') AND has_note('JX999')"}).hit
    assert "입원" in condition(node, "lines") and "해당하지 않" in condition(node, "lines")


def test_every_shipped_rule_reads_in_both_languages():
    for rule in RULES.rules:
        for lang in ("ko", "en"):
            text = sentence(rule, lang)
            assert text.endswith("."), rule.id
            unnamed = {
                word
                for word in text.replace("’", " ").replace("‘", " ").split()
                if word in schema.CLAIM or word in schema.LINE
            }
            assert lang == "en" or not unnamed, (rule.id, unnamed)


def test_every_name_of_the_product_has_words():
    for over in schema.SCOPES:
        for word in words.visible(over, per=True, pair=True):
            assert word.title("ko") and word.title("en"), word
            assert over not in ("claims", "lines", "diagnoses") or word.title("ko") != word.name, word


@settings(deadline=None)
@given(st.text(alphabet="age()<>=' ANDortable:fs가나1.,", max_size=40))
@example("''")  # a text is no condition
def test_whatever_is_typed_gets_faults_or_a_sentence(text):
    found = expression(text, "hit", "lines", RULES.typing)
    if not found:
        from tamna.engines.claimcheck.syntax import parse

        node = RULES.typing.resolved(parse(text), "lines")
        assert condition(node, "lines") and condition(node, "lines", "en")
    for fault in found:
        assert fault.at is None or 0 <= fault.at <= len(text)


def test_two_versions_of_a_rule_each_speak_on_their_own_days():
    """One set holds both; each is in force for days of its own, for one claim and over tables alike."""
    december = date(2026, 12, 1)
    first = replace(built(RAW), ends_on=december)
    window = {"over": "lines", "where": "code = 'AA256'", "per": ["claim_id", "code"], "hit": "nth > 1"}
    second = replace(built(RAW | window), starts_on=december, turn=1)
    rules = RULES.of((first, second))
    documents = []
    for number, day in enumerate(("2026-11-20", "2026-12-02")):
        claim = {"claim_id": f"C{number}", "age": 8, "first_visit_on": day, "last_service_on": day}
        documents.append(
            schema.normal(statement({"claim": claim, "lines": [{"code": "AA256", "service_on": day}] * 2}))
        )
    alone = [[finding.line_no for finding in rules.checked(document).findings] for document in documents]
    assert alone == [[1, 2], [2]]
    found = FramesCheck(rules).check(frames_of(documents), columns_of(documents[0]), documents)
    assert found.select("claim", "line_no").rows() == [(0, 1), (0, 2), (1, 2)]
    assert rules.checked(documents[0]).as_json()["not_evaluated"] == []
