"""tamna check: JSON lines and a Parquet folder give the same answer; bad rows are told, good ones answered."""

import json

import polars as pl
import pytest

from tamna.cli import main
from tamna.engines.claimcheck.examples import statement

GOOD = statement({})
FAULTY = statement({"claim": {"claim_id": "C2", "patient_ref": "P2", "card_no": ""}, "lines": [{"amount": 1}]})


def jsonl(path, *documents):
    path.write_text("\n".join(json.dumps(document) for document in documents), encoding="utf-8")
    return str(path)


def answers(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_json_lines(tmp_path, capsys):
    assert main(["check", jsonl(tmp_path / "claims.jsonl", GOOD, FAULTY), "--lang", "en"]) == 0
    clean, faulty = answers(capsys)
    assert clean["claim_id"] == "C1" and clean["score"] == 100 and clean["findings"] == []
    assert [(one["rule_id"], one["line_no"], one["severity"]) for one in faulty["findings"]] == [
        ("A004", 1, "reject"),
        ("F003", None, "reject"),
    ]
    assert faulty["score"] < 50 and faulty["findings"][1]["message"].startswith("Insurance card number missing")
    assert [one["rule_id"] for one in faulty["detail"]] == ["A005"]
    assert "R002" in faulty["not_evaluated"]


def test_parquet_folder_says_the_same(tmp_path, capsys):
    main(["check", jsonl(tmp_path / "claims.jsonl", GOOD, FAULTY)])
    from_json = answers(capsys)
    for part in ("claims", "lines", "diagnoses"):
        rows = []
        for document in (GOOD, FAULTY):
            own = [document["claim"]] if part == "claims" else document[part]
            rows += [row | {"claim_id": document["claim"]["claim_id"]} for row in own]
        pl.DataFrame(rows).write_parquet(tmp_path / f"{part}.parquet")
    assert main(["check", str(tmp_path)]) == 0
    from_folder = answers(capsys)
    for one, other in zip(from_json, from_folder, strict=True):
        assert one["findings"] == other["findings"] and one["score"] == other["score"]


def test_bad_rows_are_told_and_good_ones_answered(tmp_path, capsys):
    bad_date = statement({"claim": {"first_visit_on": "2026-13-01"}})
    file = jsonl(tmp_path / "claims.jsonl", bad_date, GOOD)
    assert main(["check", file]) == 3
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 1
    error = json.loads(told.err)
    assert (error["code"], error["row"], error["field"]) == ("bad_date", 1, "claim.first_visit_on")
    assert main(["check", file, "--strict"]) == 2


def folder_of(path, claims=(), lines=()):
    for part, changes in (("claims", claims), ("lines", lines), ("diagnoses", ())):
        rows = []
        for document in (GOOD, FAULTY):
            own = [document["claim"]] if part == "claims" else document[part]
            rows += [row | {"claim_id": document["claim"]["claim_id"]} for row in own]
        pl.DataFrame(rows).with_columns(changes).write_parquet(path / f"{part}.parquet")
    return str(path)


@pytest.mark.parametrize(
    ("claims", "lines", "told", "answered"),
    [
        (pl.Series("total_amount", ["14510", "much"]), (), [("bad_int", 2, "claims.total_amount")], ["C1"]),
        (pl.Series("age", [52.5, 52.0]), (), [("bad_int", 1, "claims.age")], ["C2"]),
        ((), pl.Series("service_on", ["2026-02-30", "2026-09-01"]), [("bad_date", 1, "lines.service_on")], ["C2"]),
        ((), pl.Series("claim_id", ["C1", "lost"]), [("no_such_claim", 2, "lines.claim_id")], ["C1", "C2"]),
        (pl.Series("claim_id", ["C1", "C1"]), (), [("claim_id_twice", 2, "claims.claim_id")] * 1, ["C1"]),
    ],
)
def test_a_folder_tells_bad_rows_and_answers_the_others(tmp_path, capsys, claims, lines, told, answered):
    folder = folder_of(tmp_path, claims, lines)
    assert main(["check", folder]) == 3
    out = capsys.readouterr()
    errors = [json.loads(line) for line in out.err.splitlines()]
    assert [(one["code"], one["row"], one["field"]) for one in errors][:1] == told
    assert [json.loads(line)["claim_id"] for line in out.out.splitlines()] == answered
    assert main(["check", folder, "--strict"]) == 2


def test_a_folder_with_other_types_and_columns_says_the_same(tmp_path, capsys):
    main(["check", jsonl(tmp_path / "claims.jsonl", GOOD, FAULTY)])
    plain = answers(capsys)
    text = pl.all().cast(pl.String())
    other = [pl.col("setting").cast(pl.Categorical()), pl.col("total_amount").cast(pl.Decimal(12, 0))]
    for turn, changes in enumerate((text, [*other, pl.Series("extra", [[1], [2]])])):
        path = tmp_path / str(turn)
        path.mkdir()
        assert main(["check", folder_of(path, changes, text if changes is text else ())]) == 0
        assert [one["findings"] for one in answers(capsys)] == [one["findings"] for one in plain]


def test_own_tables_that_lack_a_column_silence_only_their_rules(tmp_path, capsys):
    (tmp_path / "staff.csv").write_text("doctor_license\n99999\n", encoding="utf-8")
    (tmp_path / "fees.csv").write_text("code,unit_price_won\nAA256,14510\n", encoding="utf-8")
    assert main(["check", jsonl(tmp_path / "claims.jsonl", GOOD), "--tables", str(tmp_path)]) == 0
    (answer,) = answers(capsys)
    assert "L004" in [one["rule_id"] for one in answer["findings"]]  # no kind: L001 and L003 cannot be judged
    assert {"L001", "L003", "C004", "Q001", "N001"} <= set(answer["not_evaluated"])
    assert main(["check", "--bench", "1", "--tables", str(tmp_path / "none")]) == 2
    assert main(["check", "--bench", "1", "--out", str(tmp_path / "none" / "x")]) == 2


def test_nothing_usable(tmp_path, capsys):
    assert main(["check", jsonl(tmp_path / "claims.jsonl", {"lines": []})]) == 2
    assert json.loads(capsys.readouterr().err)["code"] == "no_claim"
    assert main(["check", str(tmp_path / "none.jsonl")]) == 2
    assert main(["check", "--rules", str(tmp_path / "none.yaml"), "--bench", "1"]) == 2


def test_only_and_on(tmp_path, capsys):
    file = jsonl(tmp_path / "claims.jsonl", FAULTY)
    main(["check", file, "--only", "F003"])
    assert [one["rule_id"] for one in answers(capsys)[0]["findings"]] == ["F003"]
    main(["check", file, "--on", "2017-01-01"])
    assert answers(capsys)[0]["findings"] == []


def test_bench_is_one_json(capsys):
    assert main(["check", "--bench", "50"]) == 0
    (figures,) = answers(capsys)
    assert figures["claims"] == 50 and figures["rules"] > 100 and figures["synthetic"]
    assert {"claims_per_s", "lines_per_s", "peak_mib"} <= figures.keys()
