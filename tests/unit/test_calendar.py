"""When the office closes next: working days only, holidays and their substitutes left out."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamna.engines.calendar import CLOSES, close_of_work, is_weekday, last_weekday

SEOUL = ZoneInfo("Asia/Seoul")


@pytest.mark.parametrize(("at", "closes"), [
    ("2026-11-24 08:00", "2026-11-24"), ("2026-11-24 17:59", "2026-11-24"), ("2026-11-24 18:00", "2026-11-25"),
    ("2026-11-27 19:00", "2026-11-30"), ("2026-11-28 10:00", "2026-11-30"), ("2026-12-24 18:30", "2026-12-28"),
    ("2026-08-14 18:30", "2026-08-18"), ("2026-02-13 18:30", "2026-02-19"),
], ids=["before work", "last minute", "closed", "Friday night", "Saturday", "Christmas", "Liberation day's substitute", "Lunar new year"])  # fmt: skip
def test_the_next_close_of_work(at, closes):
    found = close_of_work(datetime.fromisoformat(at).replace(tzinfo=SEOUL))
    assert (found.date().isoformat(), found.time(), found.tzinfo) == (closes, CLOSES, SEOUL)


@given(st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)))
def test_it_is_always_ahead_on_a_working_day_and_within_ten_days(at):
    found = close_of_work(at)
    assert at < found <= at + timedelta(days=11) and is_weekday(found.date())
    assert last_weekday(at.date()) <= at.date() < found.date() + timedelta(days=1) and is_weekday(
        last_weekday(at.date())
    )
