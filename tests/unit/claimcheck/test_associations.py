"""What nearly always comes together is learnt from 200 statements on, setting by setting."""

import json

import polars as pl

from tamna.cli import main
from tamna.engines.claimcheck.associations import mined
from tamna.engines.claimcheck.examples import statement


def frames(both, alone, setting="outpatient"):
    claims = range(both + alone)
    lines = [(claim, "A") for claim in claims] + [(claim, "B") for claim in claims if claim < both]
    return (
        pl.DataFrame({"claim": list(claims), "setting": [setting] * len(claims)}),
        pl.DataFrame(lines, schema=["claim", "code"], orient="row"),
    )


def test_from_95_of_a_hundred_and_200_statements():
    (row,) = [row for row in mined(*frames(190, 10)) if row["code"] == "A"]
    assert (row["expected"], row["statements"], row["confidence"]) == ("B", 200, 0.95)
    assert [row["code"] for row in mined(*frames(189, 11))] == []
    assert mined(*frames(199, 0)) == []


def test_the_command_learns_from_its_input(tmp_path, capsys):
    """209 statements with a consultation and HbA1c, one without the test."""
    tested = [{}, {"code": "D3063", "item_class": "09", "item_sub": "01", "unit_price": 7280, "amount": 7280}]
    rows = [statement({"claim": {"claim_id": f"C{n}", "patient_ref": f"P{n}"}, "lines": tested}) for n in range(209)]
    rows.append(statement({"claim": {"claim_id": "last", "patient_ref": "last"}}))
    file = tmp_path / "claims.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    main(["check", str(file), "--only", "U004"])
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [answer["claim_id"] for answer in answers if answer["findings"]] == ["last"]
    assert answers[-1]["findings"][0]["rule_id"] == "U004"
