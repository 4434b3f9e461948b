"""Overbooking by exact sums, suggested times without a person's score, sessions, staffing and seasons."""

import itertools
import math
from dataclasses import fields
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamna.engines.booking.icalendar import Visit, calendar
from tamna.engines.booking.overbooking import Weights, choose, coming, cost
from tamna.engines.booking.recommend import Candidate, Past, rank
from tamna.engines.booking.session import Plan, play
from tamna.engines.queueing import season
from tamna.engines.queueing.staffing import counters_for, mean_wait, shifts_of, staff

chances = st.lists(st.floats(0.01, 0.9), min_size=1, max_size=8)


@given(chances)
def test_how_many_come_is_the_exact_sum_over_every_way(missing):
    by_hand = [0.0] * (len(missing) + 1)
    for ways in itertools.product((0, 1), repeat=len(missing)):
        by_hand[sum(ways)] += math.prod(1 - p if comes else p for comes, p in zip(ways, missing, strict=True))
    assert coming(missing) == pytest.approx(by_hand)


@given(chances, st.floats(0.01, 0.9), st.integers(0, 3), st.randoms(use_true_random=False))
def test_the_chosen_number_is_the_cheapest_within_the_bound_whoever_is_who(missing, usual, most, luck):
    found = choose(missing, minutes=10, most=most, usual=usual)
    assert len(found.costs) == most + 1 and found.costs[found.extra] == min(found.costs) and found.saved >= 0
    mixed = missing[:]
    luck.shuffle(mixed)
    assert choose(mixed, minutes=10, most=most, usual=usual).costs == pytest.approx(found.costs, abs=0.011)


def test_those_who_always_come_are_never_overbooked_and_many_who_miss_are():
    assert choose([0.0] * 20, minutes=10, most=3, usual=0.09).extra == 0
    assert choose([0.3] * 20, minutes=10, most=3, usual=0.3).extra == 3
    assert cost(coming([0.0] * 4), 4, 10, Weights()) == 0


def test_times_follow_the_patients_own_and_no_chance_of_missing_is_asked():
    assert not [each.name for each in fields(Candidate) if "show" in each.name or "miss" in each.name]
    own = [Past(1, 600, 7)] * 4
    usual, other, crowded = (
        Candidate(1, 1, 610, 3, 12, 0.5, 7),
        Candidate(2, 4, 900, 3, 12, 0.5, 8),
        Candidate(3, 1, 610, 3, 39, 1, 7),
    )
    found = rank([other, crowded, usual], own)
    assert found[0].key == 1 and found[-1].key == 2
    assert [key for key, _ in found[0].reasons] == ["own_doctor", "usual_day", "usual_hour", "wait", "quiet_day"]
    assert rank([other, usual], [])[0].score == rank([usual, other], [])[0].score


def test_wider_spacing_waits_less_and_ends_later():
    tight, wide = play(Plan(20, 6, 8)), play(Plan(20, 10, 8))
    assert tight.wait > wide.wait and tight.idle < wide.idle and tight.low80 <= tight.wait <= tight.high80


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0, 60), min_size=10, max_size=20), st.floats(1, 6), st.floats(1, 15))
def test_shifts_cover_every_half_hour_and_waits_keep_the_target(arrivals, minutes, target):
    plan = staff(arrivals, minutes, target_min=target)
    assert all(have >= need for have, need in zip(plan.staffed, plan.needed, strict=True))
    assert all(wait <= target + 0.06 for wait in plan.waits)
    assert sum(count for _, count in plan.shifts) == plan.people


def test_the_queue_of_one_counter_is_the_textbooks_and_shifts_are_the_fewest():
    assert mean_wait(6, 3, 1) == pytest.approx(0.6 * 3 / 0.4)  # ρ/(μ−λ)
    assert mean_wait(11, 3, 1) == math.inf and counters_for(0, 3, 5) == 0
    plan = staff([6.0] * 18, 3.0, target_min=5)
    paid = sum(shift.paid * count for shift, count in plan.shifts)
    assert plan.is_exact and paid <= 18 * 1 + 6  # one counter all day, the break covered
    assert shifts_of(4) and staff([5, 5, 5, 5], 3).people >= 1


def test_a_busier_season_waits_longer_and_another_room_less():
    usual = [8.0] * 16
    calm = season.play(usual, season.Scenario("calm", 0.8, 2), times=60)
    peak = season.play(usual, season.Scenario("peak", 1.2, 2), times=60)
    more = season.play(usual, season.Scenario("peak with three", 1.2, 3), times=60)
    assert calm.wait < peak.wait and more.wait < peak.wait and peak.low80 <= peak.wait <= peak.high80
    longer = season.play(usual, season.Scenario("longer", 1.2, 2, opens=480), times=60)
    assert longer.wait < peak.wait and longer.used < 1


@given(st.text(max_size=300))
def test_a_calendar_file_is_folded_and_reads_back(words):
    at = datetime(2026, 11, 25, 9, 10, tzinfo=ZoneInfo("Asia/Seoul"))
    text = calendar(Visit("u@1", at, 10, words, "서귀포"), at)
    lines = text.split("\r\n")
    assert all(len(line.encode()) <= 75 for line in lines) and "DTSTART:20261125T001000Z" in lines
    whole = text.replace("\r\n ", "").split("\r\n")
    assert sum(line.startswith("SUMMARY:") for line in whole) == 1
