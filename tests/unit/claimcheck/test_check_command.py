"""tamna check: JSON lines and a Parquet folder give the same answer; bad rows are told, good ones answered."""

import json

import polars as pl

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
