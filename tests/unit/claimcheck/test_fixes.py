"""A fix is offered only when the claim was checked again with it and is no worse."""

from tamna.engines.claimcheck import RuleSet
from tamna.engines.claimcheck.examples import statement
from tamna.engines.claimcheck.fixes import applied
from tamna.engines.claimcheck.schema import normal

RULES = RuleSet.load()


def fixes_of(**changes):
    document = statement(changes)
    return document, {proposal.finding.rule_id: proposal for proposal in RULES.verified_fixes(document)}


def mended(document, proposal):
    done = normal(document)
    for step in proposal.steps:
        done = applied(done, step)
    return RULES.checked(done)


def test_wrong_amount_is_recomputed():
    document, fixes = fixes_of(lines=[{"amount": 14_500}])
    assert fixes["A004"].steps[0].fields == {"amount": 14_510}
    assert mended(document, fixes["A004"]).score == 100


def test_removing_a_line_also_mends_the_sums():
    document, fixes = fixes_of(
        claim={"total_amount": 29_020, "patient_share": 14_500, "insurer_share": 14_520}, lines=[{}, {}]
    )
    proposal = fixes["V003"]
    assert [step.action for step in proposal.steps] == ["remove_line", "set_claim", "set_claim"]
    assert mended(document, proposal).findings == ()


def test_what_only_a_person_can_know_is_not_offered():
    _, fixes = fixes_of(claim={"card_no": ""}, diagnoses=[{"code": "I10"}])
    assert fixes == {}


def test_the_given_claim_is_not_changed():
    document, fixes = fixes_of(lines=[{"quantity": 3}])
    assert "A003" in fixes
    assert document["lines"][0]["quantity"] == 3
