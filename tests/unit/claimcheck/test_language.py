"""The rule language: SQL's NULL, dates, tables, and errors that say where."""

import pytest

from tamna.engines.claimcheck import RuleError, RuleSet
from tamna.engines.claimcheck.examples import statement
from tamna.engines.claimcheck.syntax import ExpressionError, parse

RULE = """
id: OWN-1
title: {ko: 시험, en: Test}
source: own
severity: %s
over: claims
hit: "%s"
"""


def hit(tmp_path, expression, **claim):
    file = tmp_path / "own.yaml"
    file.write_text(RULE % ("warn", expression), encoding="utf-8")
    report = RuleSet.load(extra_files=[file], only=["OWN-1"]).check_one(statement({"claim": claim}))
    return "not evaluated" if report.not_evaluated else bool(report.findings)


@pytest.mark.parametrize(
    ("expression", "claim", "wanted"),
    [
        ("age > 40", {"age": 41}, True),
        ("age > 40", {"age": None, "birth_date": None}, False),
        ("NOT age > 40", {"age": None, "birth_date": None}, False),
        ("age > 40 OR sex = 'M'", {"age": None, "birth_date": None, "sex": "M"}, True),
        ("department NOT IN ('01','02')", {"department": None}, False),
        ("department NOT IN ('01','02')", {"department": "03"}, True),
        ("first_visit_on >= '2026-09-01'", {}, True),
        ("first_visit_on BETWEEN '2026-09-02' AND '2026-09-30'", {}, False),
        ("date_diff_days(claim_on, first_visit_on) = 34", {}, True),
        ("total_amount / 0 > 1", {}, False),
        ("coalesce(ktas, 5) = 5", {}, True),
        ("table:kcd(principal_code).complete = 1", {}, True),
        ("table:department_codes(department) missing", {"department": "77"}, True),
        ("table:department_codes(department) missing", {"department": None}, False),
        ("ktas = 1", {}, "not evaluated"),
        ("newcol = 'x'", {"newcol": "x"}, True),
        ("newcol > 3", {"newcol": "x"}, False),
        ("card_no LIKE '1000%1'", {}, True),
        ("floor10(total_amount + 9) = total_amount", {}, True),
    ],
)
def test_meaning(tmp_path, expression, claim, wanted):
    assert hit(tmp_path, expression, **claim) == wanted


@pytest.mark.parametrize("text", ["age >", "age > 40)", "nosuch(1)", "a = 'x", "age IN (1, sex)", "", "table:x(a)"])
def test_broken_expressions_are_refused(text):
    with pytest.raises(ExpressionError):
        parse(text)


@pytest.mark.parametrize(
    ("severity", "expression", "told"),
    [
        ("grave", "age > 1", "severity"),
        ("warn", "table:nothing(age) exists", "no table nothing"),
        ("warn", "table:kcd(principal_code).colour = 1", "no column colour"),
        ("warn", "first_visit_on > 'tomorrow'", "is not a date"),
        ("warn", "nth > 1", "needs `per`"),
    ],
)
def test_a_bad_rule_says_file_rule_and_fault(tmp_path, severity, expression, told):
    file = tmp_path / "own.yaml"
    file.write_text(RULE % (severity, expression), encoding="utf-8")
    with pytest.raises(RuleError, match=r"own\.yaml: rule OWN-1") as refused:
        RuleSet.load(extra_files=[file])
    assert told in str(refused.value)


def test_a_rule_file_replaces_a_shipped_rule(tmp_path):
    file = tmp_path / "own.yaml"
    file.write_text((RULE % ("warn", "age > 200")).replace("OWN-1", "F003"), encoding="utf-8")
    rules = RuleSet.load(extra_files=[file])
    assert len(rules.rules) == len(RuleSet.load().rules)
    assert rules.check_one(statement({"claim": {"card_no": ""}})).findings == ()
