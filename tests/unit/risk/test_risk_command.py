"""tamna risk from the shell: every format the same, bad rows told, the exit code, and nothing heavy loaded by other verbs."""

import csv
import gzip
import io
import json
import subprocess
import sys

import polars as pl
import pytest

from tamna.cli import main
from tests.unit.risk.tables import claims

ROLES = ("--target", "outcome", "--positive", "returned", "--id", "claim_id", "--time", "sent_on")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with tables to learn from and to tell, and a model."""
    folder = tmp_path_factory.mktemp("risk")
    claims(700).write_csv(folder / "known.csv")
    claims(60, 2, first_day=700).write_csv(folder / "new.csv")
    assert (
        main(
            [
                "risk",
                "fit",
                str(folder / "known.csv"),
                "--model",
                str(folder / "model"),
                *ROLES,
                "--out",
                str(folder / "card.json"),
            ]
        )
        == 0
    )
    return folder


def told(capsys, *words):
    code = main(["risk", *words])
    said = capsys.readouterr()
    return code, said.out, [json.loads(line) for line in said.err.splitlines()]


def test_fit_says_what_it_learnt(place):
    card = json.loads((place / "card.json").read_text(encoding="utf-8"))
    assert card == json.loads((place / "model" / "card.json").read_text(encoding="utf-8"))
    assert card["rows"]["learnt_from"] == 700 and card["versions"]["lightgbm"]
    assert (
        set(card["backtest"]["metrics"]) == set(card["backtest"]["naive"]) == {"auc", "ap", "brier", "log_loss", "ece"}
    )
    assert card["backtest"]["split"]["kind"] == "rolling"


def test_predict_answers_every_row_in_order(place, capsys):
    code, out, errors = told(capsys, "predict", str(place / "new.csv"), "--model", str(place / "model"), "--lang", "en")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (code, errors) == (0, [])
    assert list(rows[0]) == ["id", "probability", "reasons"]
    assert [row["id"] for row in rows] == claims(60, 2, first_day=700)["claim_id"].to_list()
    assert all(0 < float(row["probability"]) < 1 and row["reasons"] for row in rows)


def test_every_format_gives_the_same_bytes(place, capsys, monkeypatch):
    table = pl.read_csv(place / "new.csv", infer_schema=False)
    table.write_csv(place / "new.tsv", separator="\t")
    table.write_ndjson(place / "new.jsonl")
    (place / "new.json").write_text(json.dumps(table.to_dicts(), ensure_ascii=False), encoding="utf-8")
    typed = table.with_columns(pl.col("sent_on", "visit_on").str.to_date(), pl.col("age").cast(pl.Int64, strict=False))
    typed.write_parquet(place / "new.parquet")
    for name in ("new.csv", "new.jsonl"):
        (place / f"{name}.gz").write_bytes(gzip.compress((place / name).read_bytes()))
    ask = ("--model", str(place / "model"))
    _, first, _ = told(capsys, "predict", str(place / "new.csv"), *ask)
    for name in ("new.tsv", "new.jsonl", "new.json", "new.parquet", "new.csv.gz", "new.jsonl.gz"):
        assert told(capsys, "predict", str(place / name), *ask)[:2] == (0, first), name
    for name in ("new.csv", "new.tsv", "new.jsonl", "new.parquet", "new.csv.gz"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((place / name).read_bytes())))
        assert told(capsys, "predict", "-", *ask)[:2] == (0, first), name


def test_out_says_the_format(place, capsys):
    ask = ("predict", str(place / "new.csv"), "--model", str(place / "model"), "--explain", "--out")
    assert told(capsys, *ask, str(place / "out.jsonl"))[0] == 0
    first = json.loads((place / "out.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert isinstance(first["reasons"], list) and set(first["steps"][0]) == {"column", "value", "points"}
    assert told(capsys, *ask, str(place / "out.parquet"))[0] == 0
    assert pl.read_parquet(place / "out.parquet").columns == ["id", "probability", "reasons", "steps"]


def test_evaluate_prints_the_naive_rule_beside(place, capsys):
    code, out, _ = told(capsys, "evaluate", str(place / "new.csv"), "--model", str(place / "model"), "--group", "sex")
    found = json.loads(out)
    assert code == 0 and found["n"] == 60 and found["split"]["kind"] == "later"
    assert found["metrics"].keys() == found["naive"].keys() and found["calibration"]["bins"] and found["groups"]["sex"]


def test_backtest_needs_no_model(place, capsys):
    code, out, _ = told(capsys, "evaluate", str(place / "known.csv"), "--backtest", *ROLES, "--origins", "3")
    found = json.loads(out)
    assert code == 0 and found["split"]["kind"] == "rolling" and len(found["split"]["blocks"]) == 2
    assert found["metrics"]["auc"] > found["naive"]["auc"]


def test_bad_rows_are_told_and_the_rest_answered(place, capsys):
    lines = (place / "new.csv").read_text(encoding="utf-8").splitlines()
    broken = [*lines[:3], "C,too,short", *lines[3:5], "," + lines[5].split(",", 1)[1]]
    (place / "broken.csv").write_text("\n".join(broken), encoding="utf-8")
    code, out, errors = told(capsys, "predict", str(place / "broken.csv"), "--model", str(place / "model"))
    assert code == 3 and len(out.splitlines()) == 5
    assert [(error["code"], error["row"]) for error in errors] == [("bad_row", 3), ("no_id", 6)]
    assert told(capsys, "predict", str(place / "broken.csv"), "--model", str(place / "model"), "--strict")[0] == 2
    timeless = [*lines[:50], lines[50].replace(lines[50].split(",")[1], "one day")]
    (place / "timeless.csv").write_text("\n".join(timeless), encoding="utf-8")
    code, _, errors = told(capsys, "fit", str(place / "timeless.csv"), "--model", str(place / "other"), *ROLES)
    assert code == 3 and [(error["code"], error["row"]) for error in errors] == [
        ("bad_time", 50),
        ("too_little_data", None),
    ]


@pytest.mark.parametrize(
    ("text", "more", "code"),
    [
        ("", (), "empty"), ("claim_id,outcome\n", (), "empty"), ("a,a\n1,2\n", (), "column_twice"),
        ("x,y\n1,2\n", (), "no_such_column"), ("claim_id,outcome,sent_on\n1,paid,2026-01-01\n2,held,2026-01-02\n", (), "positive_not_found"),
        ("claim_id,outcome,sent_on\n1,,2026-01-01\n", (), "no_target"),
    ],
)  # fmt: skip
def test_what_cannot_be_learnt_from(tmp_path, capsys, text, more, code):
    (tmp_path / "table.csv").write_text(text, encoding="utf-8")
    exit_code, out, errors = told(
        capsys, "fit", str(tmp_path / "table.csv"), "--model", str(tmp_path / "model"), *ROLES, *more
    )
    assert (exit_code, out, errors[-1]["code"]) == (2, "", code)
    assert set(errors[-1]) == {"code", "message", "row", "field", "hint"}
    assert not (tmp_path / "model").exists()


def test_what_cannot_be_opened(place, tmp_path, capsys):
    (tmp_path / "latin.csv").write_bytes("id,이름\n1,홍\n".encode("cp949"))
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"id\n1\n")[:-6])
    for file, model, code in (
        ("none.csv", "model", "no_such_file"), ("latin.csv", "model", "not_utf8"), ("cut.csv.gz", "model", "unreadable"),
        (str(place / "new.csv"), "none", "no_such_model"),
    ):  # fmt: skip
        exit_code, _, errors = told(capsys, "predict", str(tmp_path / file), "--model", str(place / model))
        assert (exit_code, errors[-1]["code"]) == (2, code)


def test_a_table_of_something_else_is_refused(place, tmp_path, capsys):
    (tmp_path / "other.csv").write_text("claim_id,x\n1,2\n", encoding="utf-8")
    code, _, errors = told(capsys, "predict", str(tmp_path / "other.csv"), "--model", str(place / "model"))
    assert (code, errors[-1]["code"]) == (2, "no_such_column")


def test_without_libgomp_the_line_stands_alone(place, tmp_path):
    """A LightGBM that the system cannot load: learning goes on without trees and says so, a model with trees says what it needs."""
    (tmp_path / "lightgbm.py").write_text(
        "raise OSError('libgomp.so.1: cannot open shared object file')", encoding="utf-8"
    )

    def run(*words):
        program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from tamna.cli import main; sys.exit(main(sys.argv[1:]))"
        done = subprocess.run(
            [sys.executable, "-c", program, "risk", *words], capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout, [json.loads(line)["code"] for line in done.stderr.splitlines()]

    code, card, errors = run("fit", str(place / "known.csv"), "--model", str(tmp_path / "model"), *ROLES)
    assert (code, errors) == (0, ["no_trees"]) and json.loads(card)["model"].startswith("line")
    assert run("predict", str(place / "new.csv"), "--model", str(tmp_path / "model"))[0] == 0
    trees = json.loads((place / "card.json").read_text(encoding="utf-8"))["model"]
    expected = (2, ["no_trees"]) if "+" in trees or trees.startswith(("trees", "pairs")) else (0, [])
    code, _, errors = run("predict", str(place / "new.csv"), "--model", str(place / "model"))
    assert (code, errors) == expected


@pytest.mark.parametrize(
    "program",
    [
        "from tamna.cli import main; main(['--help'])",
        "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'tamna.web.settings'; django.setup(); import tamna.web.urls",
    ],
)
def test_nothing_else_loads_what_learning_needs(program):
    heavy = "import sys; print(sorted({'sklearn', 'lightgbm', 'scipy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", f"{program}; {heavy}"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
