"""The administration's own records look like those of an office: weekdays, month ends, island delays, seasons."""

import numpy as np
import polars as pl
import pytest

from tamna.simulators.hospital.office import energy, items
from tamna.simulators.hospital.seasons import Month


def test_there_are_enough_administrative_records(tables):
    from tamna.synthetic.years import ADMINISTRATIVE

    assert sum(tables[name].height for name in ADMINISTRATIVE) * 12 > 1_000_000  # five months × 12 = five years


def test_stock_demand_has_its_classes_and_empty_weeks(tables):
    shares = dict(items(7)["demand_class"].value_counts(normalize=True).iter_rows())
    assert shares["intermittent"] == pytest.approx(0.45, abs=0.04)
    assert shares["lumpy"] == pytest.approx(0.30, abs=0.04)
    issues = tables["stock_moves"].filter(pl.col("kind") == "issue")
    weeks = issues.with_columns(week=pl.col("on").dt.truncate("1w")).select("item_id", "week").unique()
    whole = 1500 * issues["on"].dt.truncate("1w").n_unique()
    assert 1 - weeks.height / whole == pytest.approx(0.52, abs=0.06)


def test_stock_comes_in_as_it_goes_out(tables):
    moves = tables["stock_moves"]
    received = moves.filter(pl.col("kind") == "receipt").group_by("month", "item_id").agg(pl.col("units").sum())
    issued = moves.filter(pl.col("kind") == "issue").group_by("month", "item_id").agg(out=-pl.col("units").sum())
    both = issued.with_columns(month=pl.col("month") + 1).join(received, on=["month", "item_id"])
    assert both.height > 3000
    assert both.filter(pl.col("out") != pl.col("units")).height == 0


def test_letters_and_purchases_are_made_on_weekdays(tables):
    for name, column in (("documents", "registered_at"), ("purchases", "requested_at")):
        assert tables[name][column].dt.weekday().max() <= 5


def test_mondays_bring_more_tickets(tables):
    weekday = tables["it_tickets"]["opened_at"].dt.weekday()
    assert (weekday == 1).sum() > 1.3 * (weekday == 7).sum()


def test_nurses_cover_every_shift_of_every_day(tables):
    nurses = tables["roster"].filter(pl.col("person_ref").str.starts_with("NURSE"))
    covered = nurses.group_by("on", "shift").len()
    assert covered.group_by("on").len()["len"].min() == 3
    assert covered["len"].min() > 25
    assert nurses.select("person_ref", "on").is_duplicated().sum() == 0


def test_power_peaks_in_august_and_has_a_second_hill_in_january():
    mean = {month: energy(7, Month(2026, month))["power_kw"].mean() for month in (1, 4, 8, 10)}
    assert mean[8] > mean[1] > mean[4]
    assert mean[8] > 1.1 * mean[10]


def test_opinions_are_mostly_good_and_sometimes_both(tables):
    surveys = tables["surveys"]
    assert (surveys["stars"] >= 4).mean() == pytest.approx(0.93, abs=0.03)
    assert surveys["text"].str.contains("그런데").mean() == pytest.approx(0.15, abs=0.04)
    lengths = surveys["text"].str.len_chars()
    assert 3 <= lengths.min() <= lengths.max() <= 140
    assert surveys["topic"].n_unique() >= 7


def test_disks_fail_at_one_or_two_percent_a_year_and_warn_two_times_in_three():
    from tamna.simulators.hospital.office import _lives

    failed = warned = 0
    for seed in (7, 8, 9, 10, 11, 12):
        disks = _lives(seed).filter(pl.col("asset_class") == "disk")
        failed += (disks["event"] == "failed").sum()
        warned += (disks["event"] == "drift").sum()
    assert 0.008 < failed / (6 * 96 * 15) < 0.024
    assert 0.45 < warned / failed < 0.85


def test_machines_fail_oftener_the_older(tables):
    from tamna.simulators.hospital.office import _lives

    machines = (
        _lives(7).filter((pl.col("asset_class") == "imaging") & (pl.col("event") == "failed")).sort("asset_id", "day")
    )
    gaps = machines.with_columns(gap=pl.col("day").diff().over("asset_id")).drop_nulls("gap")["gap"].to_numpy()
    assert np.std(gaps) / np.mean(gaps) < 0.6  # a shape of 2.5; without ageing it would be 1
