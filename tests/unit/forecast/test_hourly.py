"""A day's forecast spread over departments and hours: adds up, covers what comes, knows the weekday."""

from datetime import date, timedelta

import numpy as np

from tamna.engines.forecast.hourly import by_hour

FIRST = date(2026, 9, 1)


def past(days: int, seed: int) -> dict[tuple[date, str, int], int]:
    """Two departments whose busiest hour is ten o'clock, Mondays half as many again."""
    chance, counts = np.random.default_rng(seed), {}
    for n in range(days):
        on = FIRST + timedelta(days=n)
        for department, rate in (("01", 8.0), ("05", 4.0)):
            for hour in range(9, 17):
                mean = rate * (1.8 if hour == 10 else 0.8) * (1.5 if on.weekday() == 0 else 1)
                counts[on, department, hour] = int(chance.poisson(mean))
    return counts


def test_hours_add_up_to_the_day_and_intervals_cover_what_comes():
    counts = past(63, 1)
    days = [FIRST + timedelta(days=63 + n) for n in range(14)]
    told = {on: (130.0 if on.weekday() == 0 else 87.0, 78.0, 96.0) for on in days}
    rows = by_hour(counts, told)
    for on in days:
        assert abs(sum(row.mean for row in rows if row.on == on) - told[on][0]) < 1
    assert max((row for row in rows if row.on == days[0]), key=lambda row: row.mean).hour == 10
    later = {
        (FIRST + timedelta(days=63 + n), *key[1:]): value
        for key, value in past(14, 2).items()
        for n in [(key[0] - FIRST).days]
    }
    covered = [row.low80 <= later[row.on, row.department, row.hour] <= row.high80 for row in rows]
    assert 0.76 <= np.mean(covered) <= 0.97  # whole numbers cover more


def test_nothing_is_told_without_a_past_and_the_baseline_is_the_week_before():
    assert by_hour({}, {FIRST: (10, 8, 12)}) == []
    counts = past(21, 3)
    on = FIRST + timedelta(days=21)
    row = by_hour(counts, {on: (87, 80, 95)})[0]
    assert row.baseline == counts[on - timedelta(days=7), row.department, row.hour]
