"""No-shows: the past of a patient tells, nothing later than a booking does, and little data gives the overall rate."""

import csv
import io
import json
from datetime import datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamna.cli import main
from tamna.engines.errors import InputError
from tamna.engines.noshow import NoShows, backtest, fit
from tamna.engines.noshow.history import Clocks, derived
from tests.unit.noshow.bookings import COLUMNS, bookings

LATER = datetime(2026, 7, 24)


@pytest.fixture(scope="module")
def known():
    return fit(bookings(), origins=3)


@pytest.fixture(scope="module")
def later():
    return bookings(150, 2, LATER, 40)


def told(found, table):
    return {answer.id: answer.probability for answer in found.predict(table)}


def past(*rows):
    table = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")
    return derived(table, Clocks.of(table))[0].to_dicts()


def test_the_past_of_a_patient_tells_on_later_slots(known, later):
    found = known.evaluate(later)
    assert found["task"] == "noshow" and found["split"]["kind"] == "later" and not known.is_baseline
    assert found["metrics"]["auc"] > 0.75 and found["metrics"]["brier"] < found["rate"] * (1 - found["rate"])
    assert {"sex", "age", "department", "booked_ahead"} == set(found["groups"])


@settings(max_examples=30, deadline=None)
@given(cut=st.integers(0, 149), chance=st.randoms(use_true_random=False))
def test_nothing_later_than_a_booking_changes_its_chance(known, later, cut, chance):
    mine = later.row(cut, named=True)
    rows = []
    for row in later.to_dicts():
        if row["booking_id"] != mine["booking_id"]:
            if row["booked_at"] >= mine["booked_at"]:
                if chance.random() < 0.3:
                    continue
                row["patient_id"] = mine["patient_id"]
            if row["slot_at"] >= mine["booked_at"]:
                row["no_show"] = chance.choice(["", "0", "1"])
        else:
            row["no_show"] = chance.choice(["", "0", "1"])
        rows.append(row)
    changed = told(known, pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String)))
    assert changed[mine["booking_id"]] == told(known, later)[mine["booking_id"]]


def test_only_slots_that_were_over_count():
    rows = past(
        ("1", "P", "2026-01-01 09:00", "2026-01-05 10:00", "F", "50", "IM", "yes"),
        ("2", "P", "2026-01-03 09:00", "2026-01-20 10:00", "F", "50", "IM", "no"),
        ("3", "P", "2026-01-06 09:00", "2026-01-16 09:00", "F", "50", "IM", ""),
        ("4", "Q", "2026-01-06 09:00", "2026-01-16 09:00", "F", "50", "IM", ""),
    )
    assert [row["earlier_bookings"] for row in rows] == ["0", "1", "2", "0"]
    assert [row["earlier_no_shows"] for row in rows] == ["0", "0", "1", "0"]
    assert rows[2]["last_outcome"] == "missed" and rows[2]["open_bookings"] == "1" and rows[2]["lead_days"] == "10.0"
    assert [row["no_show"] for row in rows] == ["1", "0", None, None]


def test_a_slot_without_a_clock_is_known_the_next_day():
    first = ("1", "P", "2026-01-01", "2026-01-05", "F", "50", "IM", "1")
    same, next_day = (("2", "P", f"2026-01-0{day}", "2026-01-20", "F", "50", "IM", "") for day in (5, 6))
    assert [row["earlier_no_shows"] for row in past(first, same)] == ["0", "0"]
    assert [row["earlier_no_shows"] for row in past(first, next_day)] == ["0", "1"]


def test_the_model_remembers_outcomes_for_new_bookings(known, later):
    one = later.filter(pl.col("patient_id").is_in(["P1", "P2", "P3"])).with_columns(pl.lit("").alias("no_show"))
    stranger = one.with_columns(pl.lit("nobody").alias("patient_id"))
    assert told(known, one) != told(known, stranger)


def test_blanks_strangers_and_missing_columns_are_answered(known, later):
    odd = later.with_columns(pl.lit("").alias("booked_at"), pl.lit("").alias("age"), pl.lit("new").alias("department"))
    few = later.select("booking_id", "slot_at")
    for table in (odd, few):
        assert all(0 < chance < 1 for chance in told(known, table).values())


def test_little_data_gives_the_overall_rate():
    table = bookings(40, 3)
    found = fit(table)
    chances = set(told(found, table).values())
    assert found.is_baseline and found.card["reason"] == "too_little_data" and len(chances) == 1


def test_a_folder_tells_the_same(known, later, tmp_path):
    known.save(tmp_path / "model")
    assert told(NoShows.load(tmp_path / "model"), later) == told(known, later)
    text = (tmp_path / "model" / "model.json").read_text(encoding="utf-8")
    assert "B1-1" not in text and '"P1"' not in text
    with pytest.raises(InputError, match="holds"):
        from tamna.engines.risk import Risk

        Risk.load(tmp_path / "model")


def test_a_backtest_goes_by_slots():
    found = backtest(bookings(), origins=3)
    assert found["task"] == "noshow" and found["split"]["time"] == "slot_at" and found["metrics"]["auc"] > 0.7


def test_from_the_shell(tmp_path, later, capsys):
    bookings(300).write_csv(tmp_path / "known.csv")
    later.head(20).write_csv(tmp_path / "new.csv")
    words = ["noshow", "fit", str(tmp_path / "known.csv"), "--model", str(tmp_path / "model"), "--origins", "2"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["form"] == "tamna-noshow/1"
    ask = ["noshow", "predict", str(tmp_path / "new.csv"), "--model", str(tmp_path / "model")]
    assert main([*ask, "--lang", "ko"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert list(rows[0]) == ["booking_id", "probability", "reasons"] and len(rows) == 20 and rows[0]["reasons"]
    assert main(["noshow", "evaluate", str(tmp_path / "new.csv"), "--model", str(tmp_path / "model")]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 20


def test_rows_without_a_slot_are_told(tmp_path, capsys):
    table = bookings(60)
    fit(table).save(tmp_path / "model")
    table.with_columns(
        pl.when(pl.int_range(pl.len()) == 4).then(pl.lit("soon")).otherwise(pl.col("slot_at")).alias("slot_at")
    ).write_csv(tmp_path / "odd.csv")
    assert main(["noshow", "predict", str(tmp_path / "odd.csv"), "--model", str(tmp_path / "model")]) == 3
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 60
    error = json.loads(said.err)
    assert (error["code"], error["row"], error["field"]) == ("bad_time", 5, "slot_at")


def test_an_outcome_that_nobody_can_read_is_told(tmp_path, capsys):
    table = bookings(60).with_columns(
        pl.when(pl.int_range(pl.len()) == 7).then(pl.lit("perhaps")).otherwise(pl.col("no_show")).alias("no_show")
    )
    table.write_csv(tmp_path / "odd.csv")
    assert main(["noshow", "fit", str(tmp_path / "odd.csv"), "--model", str(tmp_path / "model")]) == 3
    error = json.loads(capsys.readouterr().err.splitlines()[0])
    assert (error["code"], error["row"], error["field"]) == ("bad_outcome", 8, "no_show")


def test_what_cannot_be_learnt_from():
    for table in (
        bookings(30).drop("no_show"),
        bookings(30).drop("slot_at"),
        bookings(30).with_columns(pl.lit("perhaps").alias("no_show")),
    ):
        with pytest.raises(InputError):
            fit(table)
