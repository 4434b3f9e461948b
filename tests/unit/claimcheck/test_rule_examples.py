"""Every shipped rule carries its own tests: a hit and a near miss, judged by both ways of checking."""

import pytest

from tamna.engines.claimcheck import RuleSet, schema
from tamna.engines.claimcheck.examples import examples_of, rules_for, statement
from tamna.engines.claimcheck.frame_documents import frames_of
from tamna.engines.claimcheck.frames import FramesCheck
from tamna.engines.claimcheck.ruleset import columns_of

RULES = RuleSet.load()
CASES = [(rule, example) for rule in RULES.rules for example in examples_of(rule)]


@pytest.mark.parametrize(("rule", "example"), CASES, ids=[f"{rule.id} {example.name}" for rule, example in CASES])
def test_example_holds_for_one_claim(rule, example):
    rules = rules_for(rule, example) if example.tables or example.engines else RULES
    report = rules.check_one(example.document, history=example.history, archive=example.archive)
    assert rule.id not in report.not_evaluated
    found = [finding for finding in report.findings + report.hidden if finding.rule_id == rule.id]
    if isinstance(example.hits, bool):
        assert bool(found) is example.hits
    else:
        assert [finding.line_no for finding in found] == example.hits


@pytest.mark.parametrize(
    ("rule", "example"), [case for case in CASES if not case[1].tables and not case[1].engines][::6]
)
def test_example_holds_over_tables(rule, example):
    documents = [schema.normal(document) for document in (*example.history, example.document)]
    rules = RuleSet.load(only=[rule.id])
    found = FramesCheck(rules).check(frames_of(documents), columns_of(documents[-1]), documents)
    mine = found.filter(found["claim"] == len(documents) - 1)
    assert bool(len(mine)) is bool(example.hits)


def test_every_rule_has_a_hit_and_a_near_miss():
    lacking = [
        rule.id for rule in RULES.rules if {bool(example.hits) for example in examples_of(rule)} != {True, False}
    ]
    assert lacking == []


def test_every_rule_names_its_source_mark_and_both_languages():
    for rule in RULES.rules:
        assert rule.source and rule.mark in {"S", "K", "?", "sim"}, rule.id
        assert rule.title["ko"] and rule.title["en"] and rule.message["ko"] and rule.message["en"], rule.id


def test_the_clean_statement_is_clean():
    report = RULES.check_one(statement({}))
    assert [finding.rule_id for finding in report.findings + report.hidden] == []
    assert report.score == 100
