"""A007: the stated patient share against the copayment engine."""

from tamna.engines.claimcheck import RuleSet
from tamna.engines.claimcheck.examples import statement

RULES = RuleSet.load()


def test_wrong_share_is_found_and_mended():
    # general hospital in a dong, outpatient: half of 14,510, cut to 100 won
    right = statement({"claim": {"area": "dong"}})
    assert RULES.check_one(right).findings == ()
    wrong = statement({"claim": {"area": "dong", "patient_share": 7_300, "insurer_share": 7_210}})
    (finding,) = RULES.check_one(wrong).findings
    assert (finding.rule_id, finding.won_at_risk) == ("A007", 100)
    (proposal,) = RULES.verified_fixes(wrong)
    assert proposal.as_json()["steps"][0]["fields"] == {"patient_share": 7_200, "insurer_share": 7_310}


def test_an_unknown_share_is_no_finding():
    for changes in ({"area": "dong", "visit_days": 2}, {"area": "dong", "setting": "emergency"}):
        report = RULES.check_one(statement({"claim": changes}))
        assert "A007" not in [finding.rule_id for finding in report.findings]


def test_without_birth_date_or_area_it_is_not_evaluated():
    assert "A007" in RULES.check_one(statement({})).not_evaluated
