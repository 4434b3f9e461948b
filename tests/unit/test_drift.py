"""Drift of a share: a real change is found near its week, chance alone is told no more often than said, the naive look far more often."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamna.engines.drift import Week, changes
from tamna.engines.shares import p_of, wilson, z_of

MONDAY = date(2026, 1, 5)


def weeks(shares, n=1500, seed=1, length=52):
    dice = np.random.default_rng(seed)
    return [
        Week(
            MONDAY + timedelta(weeks=week),
            n,
            {key: int(dice.binomial(n, share(week))) for key, share in shares.items()},
        )
        for week in range(length)
    ]


def test_a_criterion_that_became_stricter_is_found_near_its_week():
    found = changes(weeks({"F03": lambda week: 0.01 if week < 30 else 0.02, "B02": lambda week: 0.01}))
    first = found[0]
    assert first.key == "F03" and first.is_sure and first.after > first.before and first.low > 0
    assert abs((first.since - MONDAY).days // 7 - 30) <= 2
    assert not found[1].is_sure
    assert first.looks == 2 * (52 - 8 + 1)


def test_chance_alone_is_told_at_most_as_often_as_said_and_the_naive_look_far_more_often():
    told = by_eye = 0
    for seed in range(120):
        found = changes(weeks({key: lambda week: 0.01 for key in "ABCDEFGH"}, n=600, seed=seed, length=40))
        told += any(one.is_sure for one in found)
        by_eye += any(one.naive_is_sure for one in found)
    assert told / 120 <= 0.05
    assert by_eye / 120 > 0.2


def test_a_clumped_reason_is_not_taken_for_a_change():
    """Hits come in bunches of ten: the plain test would cry wolf, the widened one does not."""
    told = 0
    for seed in range(60):
        dice = np.random.default_rng(seed)
        bunched = [
            Week(MONDAY + timedelta(weeks=week), 1500, {"A": 10 * int(dice.binomial(150, 0.01))}) for week in range(52)
        ]
        told += changes(bunched)[0].is_sure
    assert told <= 3


def test_too_few_weeks_or_answers_say_nothing():
    for found in (
        changes(weeks({"A": lambda week: 0.1}, length=7)),
        changes(weeks({"A": lambda week: 0.1}, n=20, length=12)),
    ):
        assert found[0].since is None and found[0].p == 1.0 and not found[0].is_sure
    assert changes([]) == []


@given(st.integers(0, 500), st.integers(1, 500))
def test_wilson_holds_the_share_and_stays_a_share(hits, of):
    hits = min(hits, of)
    low, high = wilson(hits, of)
    assert 0 <= low <= hits / of + 1e-12 and hits / of - 1e-12 <= high <= 1 and low < high


def test_known_values():
    assert wilson(8, 100) == (pytest.approx(0.0411, abs=1e-4), pytest.approx(0.1500, abs=1e-4))
    assert z_of(30, 1000, 50, 1000) == pytest.approx(2.2822, abs=1e-4)
    assert p_of(1.959964) == pytest.approx(0.05, abs=1e-6)
    assert wilson(0, 0) == (0.0, 1.0) and z_of(0, 0, 1, 1) == 0.0
