"""tamna forecast from the shell: the contract's columns, the back-test's figures, rows refused, the exit code."""

import csv
import io
import json

import pytest

from tamna.cli import main
from tests.unit.forecast.test_forecast import arrivals, table


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forecast")
    table(arrivals(150)).write_csv(folder / "arrivals.csv")
    return folder


def told(capsys, *words):
    code = main(["forecast", *map(str, words)])
    said = capsys.readouterr()
    return code, said.out, [json.loads(line) for line in said.err.splitlines()]


def test_the_next_steps_come_as_the_contract_says(place, capsys):
    code, out, errors = told(capsys, place / "arrivals.csv", "--freq", "D", "--horizon", 5, "--country", "kr")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0 and errors == []
    assert list(rows[0]) == ["series", "ds", "mean", "lo80", "hi80", "lo95", "hi95"]
    assert [row["ds"] for row in rows][:2] == ["2026-06-04", "2026-06-05"] and len(rows) == 5


def test_a_back_test_stands_beside_the_naive_rule(place, capsys):
    code, out, _ = told(capsys, place / "arrivals.csv", "--freq", "D", "--horizon", 7, "--backtest", "--origins", 3)
    found = json.loads(out)
    assert code == 0
    for name in ("mase", "mape", "coverage80", "coverage95"):
        assert isinstance(found[name], float) and isinstance(found["naive"][name], float)
    assert (
        json.loads(told(capsys, "evaluate", place / "arrivals.csv", "--freq", "D", "--horizon", 7, "--origins", 3)[1])
        == found
    )


def test_a_bad_row_is_told_and_the_others_answered(place, capsys):
    bad = place / "bad.csv"
    bad.write_text((place / "arrivals.csv").read_text() + "never,5\n2026-06-04,lots\n")
    code, out, errors = told(capsys, bad, "--freq", "D", "--horizon", 2)
    assert code == 3 and len(out.splitlines()) == 3
    assert [(each["code"], each["row"], each["field"]) for each in errors] == [
        ("bad_time", 151, "ds"),
        ("bad_number", 152, "y"),
    ]
    assert told(capsys, bad, "--freq", "D", "--strict")[0] == 2


def test_a_short_series_says_that_it_gets_the_baseline(place, capsys):
    short = place / "short.csv"
    short.write_text("ds,y\n2026-01-01,3\n2026-01-02,4\n")
    code, out, errors = told(capsys, short, "--freq", "D", "--horizon", 2, "--explain")
    assert code == 0 and errors[0]["code"] == "too_little_data"
    assert {row["model"] for row in csv.DictReader(io.StringIO(out))} == {"seasonal_naive"}


def test_a_model_folder_is_learnt_once_and_read_after(place, capsys):
    code, out, _ = told(
        capsys, "fit", place / "arrivals.csv", "--freq", "D", "--horizon", 4, "--model", place / "model"
    )
    assert code == 0 and json.loads(out)["form"] == "tamna-forecast/1"
    kept = told(capsys, "predict", "--model", place / "model")[1]
    assert kept == told(capsys, place / "arrivals.csv", "--freq", "D", "--horizon", 4)[1]
