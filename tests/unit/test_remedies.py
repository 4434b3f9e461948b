"""Terms, chances and ranks of objections and appeals."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamna.engines import remedies
from tamna.engines.statutes import cite

DAYS = st.dates(date(2024, 1, 1), date(2030, 12, 31))


def test_an_objection_ends_ninety_days_after_it_is_known():
    term = remedies.term("objection", insurer_kind="4", decided_on=date(2026, 11, 2), known_on=date(2026, 11, 3))
    assert (term.due_on, term.law, term.article) == (date(2027, 2, 1), "국민건강보험법", "제87조제2항")


def test_a_late_notice_cannot_outlast_half_a_year():
    term = remedies.term("objection", insurer_kind="5", decided_on=date(2026, 1, 1), known_on=date(2026, 6, 1))
    assert term.due_on == date(2026, 1, 1) + timedelta(days=180)
    assert term.law == "의료급여법"


@pytest.mark.parametrize("kind", remedies.KINDS)
@pytest.mark.parametrize("insurer", ["4", "5"])
def test_every_term_names_an_article_that_exists(kind, insurer):
    term = remedies.term(kind, insurer_kind=insurer, decided_on=date(2026, 11, 1), known_on=date(2026, 11, 1))
    assert str(cite(term.law, term.article, date(2026, 11, 1)))


def test_other_insurers_go_other_ways():
    assert remedies.is_governed("4")
    assert remedies.is_governed("5")
    assert not remedies.is_governed("8")


@given(DAYS, st.integers(0, 200))
def test_no_term_ends_after_any_of_its_limits(decided_on, late):
    known_on = decided_on + timedelta(days=late)
    term = remedies.term("appeal", insurer_kind="4", decided_on=decided_on, known_on=known_on)
    assert term.due_on <= known_on + timedelta(days=90)
    assert term.due_on <= decided_on + timedelta(days=180)


@given(st.integers(1, 10**9), st.decimals("0.001", "1", places=3), st.integers(0, 1000))
def test_rank_falls_with_time_and_rises_with_won(won, share, days):
    assert remedies.rank(won, share, days) >= remedies.rank(won, share, days + 1)
    assert remedies.rank(won + 1000, share, days) >= remedies.rank(won, share, days)
    assert remedies.rank(won, share, -1) == 0


@given(st.integers(0, 500), st.integers(0, 500))
def test_chance_is_a_share_and_moves_to_the_record(won, more):
    share = remedies.chance("objection", won, won + more)
    assert 0 < share < 1 or (won, more) == (0, 0)
    assert remedies.chance("objection", 0, 0) == Decimal("0.400")
