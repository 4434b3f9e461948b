"""The forecaster: better than the season before where there is something to tell, honest intervals, nothing from later rows."""

import math
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamna.engines.errors import InputError
from tamna.engines.forecast import backtest, forecast, load, save, unplaced


def table(values, *, first=date(2026, 1, 5), step=1, **columns):
    days = [(first + timedelta(days=step * k)).isoformat() for k in range(len(values))]
    return pl.DataFrame(
        {"ds": days, "y": [None if v is None else str(v) for v in values]} | columns, schema_overrides={"y": pl.String}
    )


def arrivals(days, seed=0, level=200.0):
    chance = np.random.default_rng(seed)
    week = np.array([30, 10, 0, -5, -5, -15, -15])
    return [round(float(level + week[k % 7] + 0.1 * k + chance.normal(0, 12)), 2) for k in range(days)]


def test_a_week_with_noise_is_told_a_fifth_better_than_by_the_week_before():
    found = backtest(table(arrivals(300)), freq="D", horizon=14, origins=6)
    assert found["mase"] < 0.8 * found["naive"]["mase"]
    assert found["n"] == 84


def test_intervals_hold_their_word_over_many_series():
    frames = [table(arrivals(220, seed), series=[f"s{seed}"] * 220) for seed in range(12)]
    found = backtest(pl.concat(frames), freq="D", horizon=14, origins=2)
    assert found["coverage80"] == pytest.approx(0.80, abs=0.06)
    assert found["coverage95"] == pytest.approx(0.95, abs=0.04)


def test_nothing_is_told_from_later_rows():
    values = arrivals(160)
    early, _ = forecast(table(values[:120]), freq="D", horizon=14)
    judged = backtest(table([*values[:120], *([9_999.0] * 14)]), freq="D", horizon=14, origins=1)
    told = np.mean([abs(row.mean - 9_999.0) for row in early])
    assert judged["mae"] == pytest.approx(told, abs=0.01)


def test_holidays_of_the_country_are_learnt():
    from tamna.engines.calendar import is_holiday

    days = [date(2023, 1, 2) + timedelta(days=k) for k in range(1_000)]
    values = [20.0 if is_holiday(day) or day.weekday() == 6 else 100.0 for day in days]
    rows, _ = forecast(table(values, first=days[0]), freq="D", horizon=30, country="KR")
    told = {row.ds: row.mean for row in rows}
    assert is_holiday(date(2025, 10, 3)) and told["2025-10-03"] < 45
    assert told["2025-10-15"] > 90


def test_a_regressor_known_ahead_moves_the_answer_and_one_that_is_not_is_left_out():
    chance = np.random.default_rng(2)
    promo = [int(chance.random() < 0.3) for _ in range(214)]
    values = [100.0 + 50 * each + float(chance.normal(0, 3)) for each in promo[:200]] + [None] * 14
    rows, card = forecast(table(values, promo=[str(each) for each in promo]), freq="D", horizon=14)
    on = [row.mean for row, each in zip(rows, promo[200:], strict=True) if each]
    off = [row.mean for row, each in zip(rows, promo[200:], strict=True) if not each]
    assert card["regressors"] == ["promo"] and min(on) > max(off) + 20
    _, card = forecast(table(values[:200], promo=[str(each) for each in promo[:200]]), freq="D", horizon=14)
    assert card["regressors"] == [] and card["regressors_not_known_ahead"] == ["promo"]


def test_a_short_series_gets_the_season_before_and_says_so():
    rows, card = forecast(table([5, 6, 7, 8, 9, 1, 2, 5, 6]), freq="D", horizon=7)
    assert [row.mean for row in rows] == [7, 8, 9, 1, 2, 5, 6]
    assert card["baseline_used"] == {"": "too_little_data"} and rows[0].model == "seasonal_naive"
    assert rows[0].lo80 < rows[0].mean < rows[0].hi80 < rows[0].hi95


def test_noise_without_season_is_not_sold_as_more_than_it_is():
    walk = np.cumsum(np.random.default_rng(5).normal(0, 1, 300)) + 500
    found = backtest(table(walk.round(3).tolist()), freq="D", horizon=7, origins=8)
    assert found["mase"] < found["naive"]["mase"] * 1.05


def test_duplicates_gaps_and_order_change_little_or_nothing():
    whole = table(arrivals(120))
    plain, _ = forecast(whole, freq="D", horizon=7)
    twice, card = forecast(
        pl.concat([whole, whole.head(40)]).sample(fraction=1.0, shuffle=True, seed=1), freq="D", horizon=7
    )
    assert plain == twice and card["noticed"]["duplicates"] == 40
    holed, card = forecast(whole.filter(~pl.col("ds").str.ends_with("-11")), freq="D", horizon=7)
    assert card["noticed"]["gaps"] == 4
    assert all(abs(a.mean - b.mean) < 10 for a, b in zip(plain, holed, strict=True))


def test_months_go_on_as_they_are_written():
    values = pl.Series([str(100 + 10 * (k % 12)) for k in range(40)])
    months = [f"{2021 + k // 12}-{k % 12 + 1:02d}" for k in range(40)]
    rows, _ = forecast(pl.DataFrame({"ds": months, "y": values}), freq="M", horizon=3)
    assert [row.ds for row in rows] == ["2024-05", "2024-06", "2024-07"]
    ends = ["2023-11-30", "2023-12-31", "2024-01-31"]
    rows, _ = forecast(pl.DataFrame({"ds": ends, "y": ["3", "4", "5"]}), freq="M", horizon=2)
    assert [row.ds for row in rows] == ["2024-02-29", "2024-03-31"]


def test_a_leap_day_is_a_day():
    rows, _ = forecast(table(arrivals(60), first=date(2023, 12, 31)), freq="D", horizon=2)
    assert [row.ds for row in rows] == ["2024-02-29", "2024-03-01"]


def test_hours_repeat_by_the_day():
    start = np.datetime64("2026-03-02T00")
    hours = [(start + np.timedelta64(k, "h")).astype("datetime64[s]").tolist() for k in range(24 * 30)]
    values = [str(round(50 + 30 * math.sin(2 * math.pi * moment.hour / 24) + moment.weekday(), 2)) for moment in hours]
    rows, _ = forecast(pl.DataFrame({"ds": [str(each) for each in hours], "y": values}), freq="H", horizon=24)
    wanted = [50 + 30 * math.sin(2 * math.pi * hour / 24) + 2 for hour in range(24)]
    assert rows[0].ds == "2026-04-01 00:00:00"
    assert np.mean([abs(row.mean - each) for row, each in zip(rows, wanted, strict=True)]) < 3


def test_negative_series_stay_negative_and_counts_never_fall_below_none():
    below, _ = forecast(table([-50 + (k % 7) for k in range(80)]), freq="D", horizon=7)
    assert all(row.mean < 0 for row in below)
    counts, _ = forecast(table([k % 2 for k in range(80)]), freq="D", horizon=7)
    assert all(0 <= row.lo95 <= row.lo80 <= row.mean <= row.hi80 <= row.hi95 for row in counts)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6, allow_nan=False)), min_size=1, max_size=70),
    st.sampled_from(["D", "W", "M"]), st.integers(1, 15),
)  # fmt: skip
def test_whatever_comes_the_answer_is_whole_and_ordered(values, freq, horizon):
    frame = table(values, step={"D": 1, "W": 7, "M": 31}[freq])
    if all(value is None for value in values):
        with pytest.raises(InputError):
            forecast(frame, freq=freq, horizon=horizon)
        return
    rows, _ = forecast(frame, freq=freq, horizon=horizon)
    assert len(rows) == horizon and len({row.ds for row in rows}) == horizon
    for row in rows:
        assert row.lo95 <= row.lo80 <= row.mean <= row.hi80 <= row.hi95 and math.isfinite(row.hi95 - row.lo95)
    backtest(frame, freq=freq, horizon=horizon, origins=2)


def test_the_folder_keeps_card_and_steps(tmp_path):
    rows, card = forecast(table(arrivals(90)), freq="D", horizon=7)
    save(tmp_path / "model", card, rows)
    assert load(tmp_path / "model") == (card, rows)
    again, same = forecast(table(arrivals(90)), freq="D", horizon=7)
    assert (again, same) == (rows, card)


def test_what_cannot_be_read_is_told():
    frame = pl.DataFrame({"ds": ["2026-01-01", "soon", "2026-01-03"], "y": ["1", "2", "many"]})
    assert unplaced(frame) == [(1, "ds"), (2, "y")]
    with pytest.raises(InputError, match="no_such_country"):
        forecast(table(arrivals(40)), freq="D", horizon=3, country="XX")
