"""The before/after comparison: what is gained comes from rules that find real mistakes, and a target is said to be met only where it is."""

import json

import numpy as np
import pytest

from tamna.cli import main
from tamna.simulators.hospital.seasons import Month
from tamna.synthetic import experiment, kpi

LAST = Month(2026, 9)


@pytest.fixture(scope="module")
def ten_days():
    return experiment.run(3, LAST, 10)


@pytest.fixture(scope="module")
def one_rule():
    """The same hospital when the product knows one rule only."""
    return experiment.run(3, LAST, 10, ("X003",))


def test_both_arms_send_nearly_the_same_statements(ten_days):
    before, after = (ten_days.arms[arm].statements for arm in experiment.ARMS)
    assert before > 2_000
    assert abs(before - after) < 0.01 * before  # what is not claimed at all is held back


def test_rules_lower_mistakes_and_returns(ten_days):
    before, after = (ten_days.arms[arm].figures() for arm in experiment.ARMS)
    assert 0.02 < before["error_rate"] < 0.04
    assert after["error_rate"] < 0.6 * before["error_rate"]
    assert after["return_rate"] < 0.7 * before["return_rate"]
    assert after["minutes_a_claim"] < before["minutes_a_claim"]


def test_without_rules_it_is_worse_than_reading_by_hand(one_rule):
    """Nothing is gained by the arm itself: with one rule alone nearly every mistake goes out."""
    before, after = (one_rule.arms[arm].figures() for arm in experiment.ARMS)
    assert after["error_rate"] > 1.5 * before["error_rate"]
    kinds = {row["kind"]: row for row in kpi.unseen([one_rule])}
    assert kinds["diagnosis_cut_short"]["with"] > 0.9
    assert kinds["payer_changed"]["with"] == kinds["dose_typed"]["with"] == 0


def test_the_arm_by_hand_does_not_depend_on_the_rules(ten_days, one_rule):
    assert ten_days.arms["without"] == one_rule.arms["without"]


def test_what_no_rule_sees_stays(ten_days):
    row = next(row for row in kpi.unseen([ten_days]) if row["kind"] == "card_typed")
    assert row["made"] > 0 and row["with"] < 0.5


def test_a_target_is_met_only_by_its_figure():
    better = kpi._row("return_rate", [0.02, 0.03], [0.003, 0.005])
    worse = kpi._row("return_rate", [0.02, 0.03], [0.01, 0.012])
    assert (better["reached"], worse["reached"], worse["surely"]) == (True, False, False)
    assert kpi._row("minutes_a_claim", [10.0], [2.1])["reached"] is False


def test_intervals_are_paired_and_of_student():
    before = list(np.linspace(0.02, 0.04, 10))
    row = kpi._row("return_rate", before, [value * 0.5 for value in before])
    assert row["change"] == {"mean": -0.5, "low": -0.5, "high": -0.5}
    assert row["without"]["low"] < row["without"]["mean"] < row["without"]["high"]
    assert kpi._row("return_rate", [0.02], [0.01])["change"]["low"] is None


def test_the_command_says_that_it_is_a_simulation_and_what_is_missing(tmp_path, ten_days):
    found = kpi.report([ten_days], LAST, 10)
    text = json.dumps(found)
    assert found["is_synthetic"]
    assert "minutes_a_claim" in text
    missing = {row["id"] for row in found["kpi"] if not row["measured"]}
    assert missing == {"reception_minutes", "wait_minutes"} == set(found["not_measured"])
    for lang in ("ko", "en"):
        assert kpi.table(found, lang).count("\n") == 2 + 1 + len(found["kpi"])


@pytest.mark.parametrize(
    "words",
    [
        ["--seeds", "0"],
        ["--days", "400"],
        ["--last", "2027-13"],
        ["--last", "2020-01"],
        ["--seed", "-1"],
        ["--jobs", "0"],
    ],
)
def test_a_bad_number_is_refused_with_a_hint(words, capsys):
    assert main(["experiment", *words]) == 2
    error = json.loads(capsys.readouterr().err)
    assert error["field"] == words[0] and error["hint"]
