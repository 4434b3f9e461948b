"""Learnt waits: strictly online, better than the naive rule, and true to blanks, newcomers and those who jump the queue."""

import math
from datetime import date

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tamna.engines.errors import InputError
from tamna.engines.waits import Waits, backtest, fit
from tamna.engines.waits.habits import Habits, calling, rest_minutes
from tamna.engines.waits.log import as_days, day_column, visits
from tamna.engines.waits.replay import FEATURES, replay
from tests.unit.waits.logs import COLUMNS, log


@pytest.fixture(scope="module")
def waits():
    return fit(log())


@pytest.fixture(scope="module")
def later():
    return log(6, 2, first=date(2026, 4, 20))


def told(waits, table):
    return {wait.row: (wait.predicted, wait.lo80, wait.hi80) for wait in waits.predict(table)}


def rows_of(table):
    return [dict(row) for row in table.to_dicts()]


def test_it_beats_the_naive_rule_on_later_days(waits, later):
    found = waits.evaluate(later)
    assert not waits.is_baseline and found["split"]["kind"] == "later"
    assert found["metrics"]["mae"] < found["naive"]["mae"]
    assert 0.7 <= found["metrics"]["coverage80"] <= 0.9


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 359), chance=st.randoms(use_true_random=False))
def test_nothing_later_changes_an_earlier_answer(waits, later, cut, chance):
    rows = rows_of(later)
    mine = rows[cut]
    now = (mine["day"], float(mine["checkin_min"]))
    changed = []
    for row in rows:
        row = dict(row)
        if row is not mine and (row["day"], float(row["checkin_min"])) > now:
            if chance.random() < 0.3:
                continue
            row |= {"doctor": chance.choice(["IM1", "OS1", "X"]), "kind": chance.choice(["", "walkin", "emergency"])}
            row["appt_min"] = chance.choice(["", "1", "600"])
            row["checkin_min"] = str(chance.uniform(now[1] + 0.01, 1400))
        for name in ("start_min", "end_min"):
            if row["day"] > now[0] or (row["day"] == now[0] and float(row[name]) >= now[1]):
                row[name] = chance.choice(["", str(chance.uniform(now[1], 1440))])
        changed.append(row)
    place = next(place for place, row in enumerate(changed) if all(row[name] == mine[name] for name in COLUMNS[:7]))
    table = pl.DataFrame(changed, schema=dict.fromkeys(COLUMNS, pl.String))
    assert told(waits, table)[place] == told(waits, later)[cut]


def test_the_order_of_the_rows_does_not_matter(waits, later):
    order = sorted(range(len(later)), key=lambda place: place * 7919 % 997)
    shuffled = told(waits, later[order])
    straight = told(waits, later)
    assert all(shuffled[new] == straight[old] for new, old in enumerate(order))


def test_repeated_rows_change_nothing(waits, later):
    straight = told(waits, later)
    twice = told(waits, pl.concat([later, later]))
    assert all(twice[row] == twice[row + len(later)] == straight[row] for row in straight)


def test_blanks_newcomers_and_further_columns_are_answered(waits, later):
    odd = later.with_columns(pl.lit("x").alias("remark"))
    for name, step in (
        ("doctor", 5),
        ("dept", 7),
        ("kind", 3),
        ("first_visit", 4),
        ("appt_min", 6),
        ("start_min", 8),
        ("end_min", 9),
    ):
        odd = odd.with_columns(
            pl.when(pl.int_range(pl.len()) % step == 0).then(pl.lit("")).otherwise(pl.col(name)).alias(name)
        )
    new = later.with_columns(pl.lit("NEW").alias("dept"), pl.lit("NEW1").alias("doctor"))
    few = later.select("day", "checkin_min")
    for table in (odd, new, few):
        answers = waits.predict(table)
        assert [answer.row for answer in answers] == list(range(len(table)))
        assert all(0 <= answer.lo80 <= answer.predicted <= answer.hi80 < 1000 for answer in answers)
    assert len(fit(pl.concat([odd, log(20).with_columns(pl.lit("").alias("remark"))])).predict(odd)) == len(odd)


def test_rows_without_a_check_in_are_seen_but_not_answered(waits, later):
    blank = later.with_columns(
        pl.when(pl.int_range(pl.len()) == 3).then(None).otherwise(pl.col("checkin_min")).alias("checkin_min")
    )
    assert 3 not in told(waits, blank) and len(told(waits, blank)) == len(later) - 1


def test_emergencies_are_called_first():
    table = log(12, 3, emergencies=0.15)
    day = day_column(table)
    days = as_days(visits(table, day))
    assert calling(days) == ("later of both", ("emergency",))
    found = fit(table)
    waiting = [wait for wait in found.predict(table) if wait.known["ahead"] + wait.known["behind"] > 3]
    kinds = table["kind"].to_list()
    assert all(wait.known["ahead"] <= 3 for wait in waiting if kinds[wait.row] == "emergency")
    assert max(wait.known["ahead"] for wait in waiting if kinds[wait.row] != "emergency") > 3


@pytest.mark.parametrize("rule", ["check-in", "booked first"])
def test_another_hospitals_rule_is_found(rule):
    table = log(6, 4)
    rows = [row for row in rows_of(table) if row["doctor"] == "IM1"]
    for day in {row["day"] for row in rows}:
        left, free = [row for row in rows if row["day"] == day], 540.0
        while left:
            free = max(free, min(float(row["checkin_min"]) for row in left))
            here = [row for row in left if float(row["checkin_min"]) <= free]
            chosen = min(here, key=lambda row: (rule == "booked first" and not row["appt_min"], float((rule == "booked first" and row["appt_min"]) or row["checkin_min"])))  # fmt: skip
            left.remove(chosen)
            chosen["start_min"], free = f"{free:.2f}", free + 9
            chosen["end_min"] = f"{free:.2f}"
    named = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String))
    assert calling(as_days(visits(named, day_column(named))))[0] == rule


def test_little_data_gives_the_queues_own_sum_and_says_so():
    table = log(2, 5)
    found = fit(table)
    assert found.is_baseline and found.card["reason"] == "too_little_data"
    assert found.card["backtest"]["n"] == 0
    assert len(found.predict(table)) == len(table)


def test_the_room_closes_at_noon_and_the_sum_waits_for_it():
    rows = [(str(day), "A", "A1", "walkin", "", "", "700", "800", "810") for day in range(1, 9)]
    rows += [(str(day), "A", "A1", "walkin", "", "", "600", "600", "610") for day in range(1, 9)]
    table = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")
    day, habits = day_column(table), Habits()
    moments = [moment for moment in replay(visits(table, day), day, habits) if moment.visit.checkin == 700]
    assert moments[-1].known["sum"] == pytest.approx(100)


def test_whoever_left_is_not_waited_for():
    rows = [("1", "A", "A1", "walkin", "", "", "600", "", "")]
    rows += [
        ("1", "A", "A1", "walkin", "", "", str(610 + 10 * n), str(612 + 10 * n), str(615 + 10 * n)) for n in range(5)
    ]
    table = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")
    day = day_column(table)
    ahead = [moment.known["ahead"] for moment in replay(visits(table, day), day, Habits())]
    assert ahead == [0, 1, 1, 1, 0, 0]


def test_the_rest_of_a_consultation():
    mean, spread = math.log(6), 0.5
    whole, _ = rest_minutes(mean, spread, 0)
    assert whole == pytest.approx(6 * math.exp(0.125))
    assert 0 < rest_minutes(mean, spread, 5)[0] < whole
    assert rest_minutes(mean, spread, 10_000)[0] > 0


def test_the_same_log_gives_the_same_folder(tmp_path):
    table = log(16, 6)
    for name in ("one", "two"):
        fit(table).save(tmp_path / name)
    assert all(
        (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
        for file in ("card.json", "model.json")
    )
    assert told(Waits.load(tmp_path / "one"), table) == told(fit(table), table)


def test_a_backtest_knows_only_earlier_days():
    found = backtest(log(20, 7))
    blocks = found["split"]["blocks"]
    assert all(block["known_before"] <= block["judged_through"] for block in blocks)
    assert found["n"] == sum(block["n"] for block in blocks) and found["metrics"]["mae"] <= found["naive"]["mae"]


def test_every_feature_is_known_at_each_check_in():
    table = log(2, 8)
    day = day_column(table)
    assert all(
        tuple(sorted(moment.known)) == tuple(sorted(FEATURES)) for moment in replay(visits(table, day), day, Habits())
    )


def test_a_log_without_days_or_check_ins_is_refused(waits):
    for table in (log(2).drop("day"), log(2).drop("checkin_min"), log(2).with_columns(pl.lit("Monday").alias("day"))):
        with pytest.raises(InputError):
            fit(table)
    with pytest.raises(InputError, match="no row says"):
        waits.evaluate(log(2).with_columns(pl.lit("").alias("start_min")))


def test_who_would_join_now_is_told_the_same_from_a_log_that_is_ready_made(waits, later):
    day = later.filter(pl.col("day") == later["day"][0])
    made = visits(day, waits.day)
    wanted = [len(made) // 3, len(made) // 2, len(made) - 1]
    answers = waits.predict(day)
    for _ in range(2):  # what a day teaches is forgotten with it
        assert [row.predicted for row in waits.tell(made, wanted)] == [answers[row].predicted for row in wanted]
