"""Every shipped rule carries its own tests: a hit and a near miss, judged by both ways of checking."""

import csv

import pytest

from tamna.engines.claimcheck import Rule, RuleSet, schema
from tamna.engines.claimcheck.examples import Example, examples_of, statement
from tamna.engines.claimcheck.frames import FramesCheck, frames_of
from tamna.engines.claimcheck.ruleset import columns_of

RULES = RuleSet.load()
CASES = [(rule, example) for rule in RULES.rules for example in examples_of(rule)]


def rules_for(rule: Rule, example: Example, folder) -> RuleSet:
    """The shared rule set, or one with the example's own tables and engines."""
    if not example.tables and not example.engines:
        return RULES
    for name, rows in example.tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    engines = {name: (lambda _, won=won: won) for name, won in example.engines.items()}
    return RuleSet.load(only=[rule.id], tables_folder=folder, engines=engines)


@pytest.mark.parametrize(("rule", "example"), CASES, ids=[f"{rule.id} {example.name}" for rule, example in CASES])
def test_example_holds_for_one_claim(rule, example, tmp_path):
    rules = rules_for(rule, example, tmp_path)
    report = rules.check_one(example.document, history=example.history)
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
