"""`tamna price` on unusual but legal input, and on what nobody should send."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamna import cli
from tamna.commands.price import answer
from tamna.params import table

CODES = [row["code"] for row in table("tariff/fee_items")]
DAY = {
    "date": "2026-04-06",
    "institution": {"type": "general"},
    "patient": {"birth_date": "1979-09-09", "payer": "nhi"},
}


def priced(*lines, **more):
    return answer({**DAY, "lines": list(lines), **more}, 1, explain=False)


def fields(raw):
    with pytest.raises(ExceptionGroup) as caught:
        answer(raw, 1, explain=False)
    return {error.field for error in caught.value.exceptions}


def test_all_mistakes_are_told_at_once_each_by_its_field():
    lines = [5, {"code": "AA156", "quantity": "NaN"}, {"code": "AA156", "days": "x"}, {"code": "AA156", "service_at": "noon"}, {"code": "NOSUCH"},
             {"code": True}]  # fmt: skip
    raw = {"date": "2026-02-30", "institution": [], "patient": {"payer": "gold", "birth_date": 7}, "lines": lines}
    assert fields(raw) == {
        "date", "institution", "patient.payer", "patient.birth_date", "lines[0].code", "lines[1].quantity", "lines[2].days", "lines[3].service_at",
        "lines[5].code",
    }  # fmt: skip
    assert fields({**DAY, "lines": [{"code": "NOSUCH"}]}) == {"lines[0].code"}
    assert fields({**DAY, "patient": {"birth_date": "2026-04-07"}, "lines": []}) == {"patient.birth_date"}
    assert fields({**DAY, "date": "2031-01-01", "lines": [{"code": "AA156"}]}) == {
        "lines[0].service_at"
    }  # no factor is known for that year
    assert fields([]) == {"lines"}


def test_an_instant_with_a_zone_is_read_in_seoul():
    night, same = (
        {"code": "AA156", "service_at": "2026-04-06T10:30:00+00:00"},
        {"code": "AA156", "service_at": "2026-04-06T19:30"},
    )
    assert priced(night)["lines"] == priced(same)["lines"]
    assert priced(night)["total"] > priced({"code": "AA156", "service_at": "2026-04-06T10:30"})["total"]


def test_small_letters_empty_sections_and_no_lines_are_fine():
    assert priced({"code": " aa156 "})["lines"][0]["code"] == "AA156"
    assert (
        answer({"date": "2026-04-06", "patient": None, "institution": None, "lines": []}, 1, explain=False)["total"]
        == 0
    )


@given(st.sampled_from(CODES), st.integers(1, 500), st.sampled_from(("nhi", "medical_aid_1", "auto", "self")),
       st.sampled_from(("tertiary", "general", "hospital", "clinic")))  # fmt: skip
def test_a_price_is_whole_never_negative_and_grows_with_the_quantity(code, quantity, payer, institution):
    more = {"patient": {"payer": payer}, "institution": {"type": institution}}
    one, many = priced({"code": code}, **more), priced({"code": code, "quantity": quantity}, **more)
    line = many["lines"][0]
    assert isinstance(line["amount"], int) and line["amount"] == line["unit_price"] * quantity >= one["total"] >= 0
    assert many["total"] == line["amount"] == sum(
        sum(part["amount"] for part in won) if name == "selective" else won for name, won in many["amounts"].items() if name != "consultation"
    )  # fmt: skip


def test_a_fraction_of_a_unit_is_rounded_half_up_to_the_won():
    unit = priced({"code": "AA156"})["lines"][0]["unit_price"]
    line = priced({"code": "AA156", "quantity": 0.3333})["lines"][0]
    assert line["amount"] == int((Decimal(unit) * Decimal("0.3333")).quantize(Decimal(1), rounding="ROUND_HALF_UP"))


def test_good_rows_are_answered_beside_bad_ones(tmp_path, capsys):
    path = tmp_path / "in.jsonl"
    path.write_text(
        "\n".join(json.dumps({**DAY, "id": n, "lines": [{"code": "AA156" if n else "NOSUCH"}]}) for n in range(3)),
        encoding="utf-8",
    )
    assert cli.main(["price", str(path)]) == 3
    said = capsys.readouterr()
    assert [json.loads(line)["id"] for line in said.out.splitlines()] == ["1", "2"]
    assert json.loads(said.err)["field"] == "lines[0].code"
    path.write_text("", encoding="utf-8")
    assert cli.main(["price", str(path)]) == 2
