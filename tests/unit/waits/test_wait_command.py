"""tamna wait from the shell: the shared shape, bad rows told, the exit code."""

import csv
import io
import json
from datetime import date

import pytest

from tamna.cli import main
from tests.unit.waits.logs import log


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wait")
    log(20).write_csv(folder / "known.csv")
    log(2, 2, first=date(2026, 4, 20)).write_csv(folder / "new.csv")
    words = [
        "wait",
        "fit",
        str(folder / "known.csv"),
        "--model",
        str(folder / "model"),
        "--out",
        str(folder / "card.json"),
    ]
    assert main(words) == 0
    return folder


def told(capsys, *words):
    code = main(["wait", *words])
    said = capsys.readouterr()
    return code, said.out, [json.loads(line) for line in said.err.splitlines()]


def test_fit_says_what_it_learnt(place):
    card = json.loads((place / "card.json").read_text(encoding="utf-8"))
    assert card == json.loads((place / "model" / "card.json").read_text(encoding="utf-8"))
    assert card["model"] == "trees" and card["rows"]["days"] == 20 and card["calling"]["rule"] == "later of both"
    assert set(card["backtest"]["metrics"]) == set(card["backtest"]["naive"])


def test_predict_answers_every_row_in_order(place, capsys):
    code, out, errors = told(capsys, "predict", str(place / "new.csv"), "--model", str(place / "model"))
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (code, errors) == (0, [])
    assert list(rows[0]) == ["row", "predicted", "lo80", "hi80"]
    assert [int(row["row"]) for row in rows] == list(range(1, 121))


def test_predict_explains(place, capsys):
    _, out, _ = told(capsys, "predict", str(place / "new.csv"), "--model", str(place / "model"), "--explain")
    steps = json.loads(next(csv.DictReader(io.StringIO(out)))["steps"])
    assert {"ahead", "work", "rest", "sum"} <= set(steps)


def test_evaluate_stands_beside_the_naive_rule(place, capsys):
    code, out, _ = told(capsys, "evaluate", str(place / "new.csv"), "--model", str(place / "model"))
    found = json.loads(out)
    assert code == 0 and found["n"] == 120 and found["split"]["kind"] == "later"
    assert {"mae", "coverage80"} <= set(found["metrics"]) and found["naive"]["mae"] > 0
    code, out, _ = told(capsys, "evaluate", str(place / "known.csv"), "--backtest")
    assert code == 0 and json.loads(out)["split"]["kind"] == "rolling"


def test_a_row_without_a_check_in_is_told(place, capsys):
    lines = (place / "new.csv").read_text(encoding="utf-8").splitlines()
    fields = lines[2].split(",")
    fields[6] = ""
    (place / "blank.csv").write_text("\n".join([*lines[:2], ",".join(fields), *lines[3:]]), encoding="utf-8")
    ask = ("predict", str(place / "blank.csv"), "--model", str(place / "model"))
    code, out, errors = told(capsys, *ask)
    assert (code, len(out.splitlines())) == (3, 120)
    assert [(error["code"], error["row"], error["field"]) for error in errors] == [("no_time", 2, "checkin_min")]
    assert told(capsys, *ask, "--strict")[0] == 2


def test_nothing_to_evaluate_and_no_model_are_told(place, capsys):
    assert told(capsys, "evaluate", str(place / "new.csv"))[2][0]["code"] == "no_model"
    code, _, errors = told(capsys, "predict", str(place / "new.csv"), "--model", str(place / "none"))
    assert code == 2 and errors[0]["code"] == "no_such_model"
