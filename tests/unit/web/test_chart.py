"""Axes: round steps that hold every value, labels spread evenly."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tamna.web.chart import axis, evenly

figures = st.lists(st.integers(-(10**12), 10**12) | st.none(), max_size=40)


@given(figures, st.booleans())
def test_every_value_lies_on_the_axis(values, zero):
    scale = axis(values, zero)
    assert all(-0.01 <= scale.share(value) <= 100.01 for value in values if value is not None)
    assert (scale.share(scale.ticks[0]), scale.share(scale.ticks[-1])) == (0, 100)
    assert 2 <= len(scale.ticks) <= 7


def test_steps_are_round():
    assert axis([31, 468]).ticks == (0, 200, 400, 600)
    assert axis([Decimal("0.9"), Decimal("4.1")]).ticks == (0, 1, 2, 3, 4, 5)


def test_zero_makes_bars_honest():
    assert axis([480, 500]).low > 0
    assert axis([480, 500], zero=True).low == 0
    assert axis([-3, -1], zero=True).high == 0


def test_nothing_known_still_draws():
    assert axis([None]).ticks[0] == 0
    assert axis([0, 0]).share(0) == 0


@given(st.integers(1, 400), st.integers(2, 12))
def test_first_and_last_are_labelled(count, wanted):
    places = evenly(count, wanted)
    assert places[0] == 0
    assert places[-1] == count - 1
    assert len(places) <= wanted
