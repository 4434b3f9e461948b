"""The compiled function and the Polars expressions give the same findings on any claims."""

import random
from operator import attrgetter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tamna.engines.claimcheck import Company, RuleSet, schema
from tamna.engines.claimcheck.examples import examples_of, rules_for
from tamna.engines.claimcheck.frame_documents import frames_of
from tamna.engines.claimcheck.frames import FramesCheck
from tamna.engines.claimcheck.ruleset import columns_of
from tamna.engines.claimcheck.samples import WRONG, synthetic

RULES = RuleSet.load()
EXAMPLES = [example.document for rule in RULES.rules for example in examples_of(rule)]


def both_ways(documents, rules=RULES):
    columns = {}
    for document in documents:
        for scope, names in columns_of(document).items():
            columns[scope] = columns.get(scope, frozenset()) | names
    over_tables = FramesCheck(rules).check(frames_of(documents), columns, documents)
    tables = {
        (row["claim"], row["rule_id"], row["at"], row["line_no"], row["severity"], row["won_at_risk"], row["hidden"])
        for row in over_tables.iter_rows(named=True)
    }
    singles = set()
    skipped = rules.not_evaluated(columns)
    for place, document in enumerate(documents):
        findings = rules.single.findings(document, documents[:place] + documents[place + 1 :], skipped, place)
        for hidden, some in enumerate(rules.suppressions.split(findings)):
            singles |= {
                (place, one.rule_id, one.at, one.line_no, one.severity, one.won_at_risk, bool(hidden)) for one in some
            }
    return tables, singles


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**9), st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), max_size=40))
def test_random_claims(seed, faults):
    documents = list(synthetic(12, seed, 0.5))
    for document in documents[:6]:
        document["claim"]["patient_ref"] = "SYN-same"
    for which, how in faults:
        spoil(documents[which % len(documents)], random.Random(how))
    tables, singles = both_ways(documents)
    assert tables == singles


def test_ten_thousand_claims():
    """Every claim alone with its patient's others, and all of them as tables."""
    documents = list(synthetic(10_000, 20_261_130, 0.5))
    chance = random.Random(7)
    for document in chance.sample(documents, 4_000):
        spoil(document, chance)
    columns = {scope: frozenset(names) for scope, names in columns_of(documents[0]).items()}
    for document in documents[:50]:
        columns = {scope: columns[scope] | names for scope, names in columns_of(document).items()}
    found = FramesCheck(RULES).check(frames_of(documents), columns, documents, peers=())
    tables = {(row[0], *row[2:]) for row in found.iter_rows()}
    by_patient: dict[str, list[int]] = {}
    for place, document in enumerate(documents):
        by_patient.setdefault(document["claim"]["patient_ref"], []).append(place)
    singles = set()
    for places in by_patient.values():
        for turn, place in enumerate(places):
            others = [documents[other] for other in places if other != place]
            report = RULES.checked(documents[place], Company(others, turn, frozenset(), columns))
            for hidden, some in enumerate((report.findings, report.hidden)):
                singles |= {
                    (
                        place,
                        one.rule_id,
                        one.rule.over,
                        one.at,
                        one.line_no,
                        one.severity,
                        one.won_at_risk,
                        bool(hidden),
                    )
                    for one in some
                }
    assert tables == singles and len(singles) > 10_000


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.integers(0, len(EXAMPLES) - 1), min_size=1, max_size=12, unique=True))
def test_examples_of_many_rules_side_by_side(chosen):
    """Columns of one claim are empty in another; all share a patient, so that windows reach across."""
    documents = [schema.normal(EXAMPLES[number]) for number in chosen]
    tables, singles = both_ways(documents)
    assert tables == singles


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES.rules if rule.across_patients or "tables" in rule.examples[0]], ids=attrgetter("id")
)
def test_rules_that_need_peers_or_tables(rule):
    for example in examples_of(rule):
        rules = rules_for(rule, example)
        documents = [schema.normal(document) for document in (*example.history, example.document)]
        tables, singles = both_ways(documents, rules)
        assert tables == singles
        assert bool(example.hits) is any(found[0] == len(documents) - 1 for found in tables), example.name


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**9), st.integers(1, 4))
def test_random_peers(seed, doctors):
    """Enough claims of one department and diagnosis for the rules that compare."""
    documents = list(synthetic(45, seed, 0.3))
    for turn, document in enumerate(documents):
        document["claim"] |= {"department": "01", "doctor_license": str(turn * 7 % doctors)}
        document["diagnoses"][0]["code"] = "I10.9"
        for line in document["lines"][1:]:
            line["code"] = "D3063" if turn % 2 else "D2700"
    rules = RuleSet.load(only=["U001", "U002", "U005", "U006", "V008", "X017", "P008"])
    tables, singles = both_ways(documents, rules)
    assert tables == singles


def test_parts_side_by_side_find_what_the_whole_finds():
    """Patients whose statements lie far apart, some without a patient, and rules that compare patients."""
    documents = list(synthetic(1_500, 5, 0.5))
    for turn, document in enumerate(documents):
        document["claim"] |= {"patient_ref": f"SYN{turn % 400}" if turn % 11 else None, "department": "01"}
    frames, columns = frames_of(documents), columns_of(documents[0])
    one, parts = (FramesCheck(RULES, many=many).check(frames, columns) for many in (10**9, 1))
    assert one.equals(parts) and {"U001", "F015", "I001", "M001"} <= set(one["rule_id"])


def spoil(document, chance):
    part = chance.choice(tuple(WRONG))
    column, value = chance.choice(WRONG[part])
    row = document["claim"] if part == "claim" else chance.choice(document[part])
    row[column] = value
