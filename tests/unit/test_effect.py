"""Difference in differences: a fall that the comparison shares is no effect; one that it does not share is, with an interval around it."""

from collections import Counter
from datetime import date

import pytest

from tamna.claims.effect import told, weighed

RULES = Counter({"F03": 4, "A01": 2})


def sides(before, after, n=10_000):
    return Counter({"": n, **before}), Counter({"": n, **after})


def test_a_fall_of_the_watched_reasons_alone_is_an_effect():
    found = weighed(*sides({"F03": 200, "B02": 100}, {"F03": 40, "B02": 100}), RULES)
    assert found.whole.change == pytest.approx(-0.016, abs=0.0005)
    assert found.whole.is_sure and found.whole.high < 0
    assert (found.comparison_before, found.comparison_after) == (0.01, 0.01)
    assert [row.reason for row in found.reasons] == ["F03"] and found.reasons[0].rules == 4


def test_a_milder_agency_is_not_taken_for_an_effect():
    found = weighed(*sides({"F03": 200, "B02": 400}, {"F03": 100, "B02": 200}), RULES)
    assert abs(found.whole.change) < 0.0005
    assert not found.whole.is_sure


def test_a_stricter_agency_hides_no_effect():
    found = weighed(*sides({"F03": 200, "B02": 200}, {"F03": 200, "B02": 400}), RULES)
    assert found.whole.change == pytest.approx(-0.02, abs=0.001) and found.whole.is_sure


def test_few_answers_say_nothing():
    found = weighed(*sides({"F03": 9, "B02": 5}, {"F03": 0, "B02": 5}, n=150), RULES)
    assert found.whole.change is None and not found.is_enough
    empty = weighed(Counter(), Counter(), RULES)
    assert empty.whole.before == 0 and empty.reasons == []


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    import numpy as np

    dice, held = np.random.default_rng(4), 0
    for _ in range(400):
        before = {"F03": int(dice.binomial(8_000, 0.02)), "B02": int(dice.binomial(8_000, 0.01))}
        after = {"F03": int(dice.binomial(8_000, 0.012)), "B02": int(dice.binomial(8_000, 0.013))}
        row = weighed(*sides(before, after, 8_000), RULES).whole
        held += row.low <= 0.012 - 0.02 * 1.3 <= row.high
    assert 0.92 < held / 400 <= 0.985


def test_a_rule_is_told_only_with_a_before_and_enough_of_its_reason():
    day = date(2026, 6, 1)
    good = told("F03", day, *sides({"F03": 200, "B02": 100}, {"F03": 40, "B02": 100}), RULES)
    assert good.effect.is_sure and good.effect.change == pytest.approx(-0.016, abs=0.0005) and not good.why
    assert (good.hits_before, good.hits_after, good.answered_before) == (200, 40, 10_000)
    for before, after, n in (
        ({"F03": 4, "B02": 9}, {"F03": 1}, 10_000),
        ({"F03": 20, "B02": 9}, {"F03": 1}, 150),
        ({"F03": 50}, {"F03": 9}, 10_000),
    ):
        few = told("F03", day, *sides(before, after, n), RULES)
        assert few.effect is None and few.why and few.hits_before == before["F03"]
