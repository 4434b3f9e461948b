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


def test_the_share_covers_what_the_total_covers():
    # a joint ultrasound at 80 % (47,040) beside half of 14,510 (7,200): one total, one share, no finding
    line = {"line_no": 2, "code": "ZU006", "item_class": "09", "item_sub": "01", "code_kind": "fee", "unit_price": 58_800,
            "amount": 58_800, "copay_kind": "selective", "selective_rate": 80}  # fmt: skip
    head = {"area": "dong", "total_amount": 73_310, "patient_share": 54_240, "insurer_share": 19_070}
    together = statement({"claim": head, "lines": [{}, line]})
    assert "A007" not in [finding.rule_id for finding in RULES.check_one(together).findings]
    apart = statement({"claim": {**head, "patient_share": 7_200, "insurer_share": 7_310, "total_amount": 14_510,
                                 "selective_total": 58_800}, "lines": [{}, line]})  # fmt: skip
    assert "A007" not in [finding.rule_id for finding in RULES.check_one(apart).findings]


def test_a_near_poor_persons_share_is_14_percent():
    poor = {"area": "dong", "near_poor": "2", "official_injury": "E", "copay_code": "E"}
    right = statement({"claim": {**poor, "patient_share": 2_000, "insurer_share": 12_510}})
    assert RULES.check_one(right).findings == ()
