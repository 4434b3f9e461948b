"""Outliers and omissions: what is planted is found, what is usual is left alone, and the reasons are the right ones."""

import json
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from tamna.engines.risk import omissions, outliers

START = date(2026, 3, 2)


def statement(number, dice):
    """An outpatient statement of one of two departments: a consultation, a test always, another one in half of them."""
    clinic = number % 2
    on = START + timedelta(days=number // 40)
    codes = [("FU", "01", "02"), ("TEST" if clinic else "SCAN", "09", "01")]
    if dice.random() < 0.5:
        codes.append(("MORE", "09", "01"))
    claim = (
        f"C{number:05d}",
        f"P{number % 900}",
        "outpatient",
        "05" if clinic else "01",
        "M" if number % 3 else "F",
        date(1970, 1, 1),
        on,
        on,
        20_000 + int(dice.normal(0, 900)),
        None,
    )
    lines = [
        (claim[0], line, code, section, sub, 1.0, on, 5_000, 5_000)
        for line, (code, section, sub) in enumerate(codes, 1)
    ]
    return claim, lines, (claim[0], "principal", "M17.1" if clinic else "E11.9")


CLAIM = (
    "claim_id",
    "patient_ref",
    "setting",
    "department",
    "sex",
    "birth_date",
    "first_visit_on",
    "last_service_on",
    "total_amount",
    "stay_days",
)
LINE = ("claim_id", "line_no", "code", "item_class", "item_sub", "quantity", "service_on", "amount", "unit_price")


def tables(rows):
    claims = pl.DataFrame([row[0] for row in rows], schema={**dict.fromkeys(CLAIM, pl.String), "birth_date": pl.Date, "first_visit_on": pl.Date,
                          "last_service_on": pl.Date, "total_amount": pl.Int64, "stay_days": pl.Int64}, orient="row")  # fmt: skip
    lines = pl.DataFrame([line for row in rows for line in row[1]], schema={**dict.fromkeys(LINE, pl.String), "line_no": pl.Int64, "quantity": pl.Float64,
                         "service_on": pl.Date, "amount": pl.Int64, "unit_price": pl.Int64}, orient="row")  # fmt: skip
    return (
        claims,
        lines,
        pl.DataFrame(
            [row[2] for row in rows], schema=dict.fromkeys(("claim_id", "kind", "code"), pl.String), orient="row"
        ),
    )


@pytest.fixture(scope="module")
def past():
    dice = np.random.default_rng(5)
    return [statement(number, dice) for number in range(4_000)]


@pytest.fixture(scope="module")
def norms(past):
    return outliers.fit(*tables(past))


def changed(past, **change):
    """A later copy of an ordinary statement with its lines or claim changed."""
    claim, lines, diagnosis = past[101]
    claim = ("NEW", "P9999", *claim[2:])
    if "claim" in change:
        claim = change["claim"](claim)
    lines = [("NEW", *line[1:]) for line in lines]
    if "lines" in change:
        lines = change["lines"](lines)
    return [(claim, lines, ("NEW", *diagnosis[1:]))]


def first(norms, rows):
    found = outliers.scores(norms, *tables(rows))
    return found.row(0, named=True) if found.height else None


PLANTED = {
    "quantity": {"lines": lambda lines: [*lines[:1], (*lines[1][:5], 6.0, *lines[1][6:])]},
    "repeat": {"lines": lambda lines: [*lines, (lines[1][0], 9, *lines[1][2:])]},
    "place": {"lines": lambda lines: [*lines, (lines[0][0], 9, "SCAN", "09", "01", 1.0, lines[0][6], 5_000, 5_000)]},
    "amount": {"claim": lambda claim: (*claim[:8], 400_000, None)},
}


@pytest.mark.parametrize("part", sorted(PLANTED))
def test_a_planted_fact_is_told_first_with_its_line(part, past, norms):
    row = first(norms, changed(past, **PLANTED[part]))
    assert row is not None and row["p"] <= norms.cutoff
    assert row["part"] in (part, "pair")  # a code of elsewhere is also a pair never seen
    if part in ("quantity", "repeat"):
        assert row["part"] == part and row["line_no"] in (2, 9) and row["value"] >= 2


def test_an_ordinary_statement_is_left_alone(past, norms):
    row = first(norms, changed(past))
    assert row is None or row["p"] > norms.cutoff


def test_alarms_are_about_the_share_that_was_asked_for(past, norms):
    found = outliers.scores(norms, *tables(past)).group_by("claim_id").agg(pl.col("p").min())
    assert (found["p"] <= norms.cutoff).sum() <= 0.03 * len(past)


def test_norms_survive_json_and_answer_alike(past, norms):
    again = outliers.Norms.of(json.loads(json.dumps(norms.as_json())))
    for rows in (past[:50], changed(past, **PLANTED["repeat"])):
        one, two = (outliers.scores(each, *tables(rows)).sort("claim_id", "part") for each in (norms, again))
        assert one.select("claim_id", "part", "p").equals(two.select("claim_id", "part", "p"))


def test_nothing_is_known_of_a_patient(norms):
    text = json.dumps(norms.as_json())
    assert '"P1"' not in text and "C00001" not in text


def test_somebody_in_bed_is_no_outpatient():
    dice = np.random.default_rng(1)
    rows = [statement(number, dice) for number in range(0, 400)]
    on = rows[7][0][6]
    rows.append(
        (
            (
                "STAY",
                rows[7][0][1],
                "inpatient",
                "01",
                "M",
                date(1970, 1, 1),
                on - timedelta(days=2),
                on + timedelta(days=2),
                900_000,
                4,
            ),
            [],
            ("STAY", "principal", "E11.9"),
        )
    )
    claims, _, diagnoses = tables(rows)
    found = outliers.with_past(claims, diagnoses)
    assert found.filter(pl.col("in_bed"))["claim_id"].to_list() == [rows[7][0][0]]


def test_a_recent_visit_for_the_same_disease_counts_and_another_one_does_not():
    rows = []
    for number, (days, code) in enumerate(((0, "E11.9"), (10, "E11.9"), (20, "I10.9"))):
        on = START + timedelta(days=days)
        rows.append(
            (
                (f"V{number}", "P1", "outpatient", "01", "M", date(1970, 1, 1), on, on, 1, None),
                [],
                (f"V{number}", "principal", code),
            )
        )
    claims, _, diagnoses = tables(rows)
    assert outliers.with_past(claims, diagnoses)["gap_days"].to_list() == [None, 10, None]


@pytest.fixture(scope="module")
def companions(past):
    return omissions.fit(*tables(past))


def test_what_always_comes_is_missed_with_its_won(past, companions):
    rows = changed(past, lines=lambda lines: [line for line in lines if line[2] not in ("TEST", "SCAN")])
    found = omissions.missing(companions, *tables(rows))
    row = found.filter(pl.col("expected") == "TEST").row(0, named=True)
    assert row["expected_won"] == 5_000 and row["confidence"] == 1.0 and row["support"] > 1_000


def test_what_comes_in_half_of_them_is_never_missed(past, companions):
    assert "MORE" not in companions.rules["expected"].to_list()
    assert omissions.missing(companions, *tables(past)).is_empty()


def test_a_new_consultation_is_the_same_item_as_a_follow_up(past, companions):
    rows = changed(past, lines=lambda lines: [(lines[0][0], 1, "NEWFEE", "01", "01", 1.0, *lines[0][6:]), *lines[1:]])
    assert "consultation" not in omissions.missing(companions, *tables(rows))["expected"].to_list()
    gone = omissions.missing(companions, *tables(changed(past, lines=lambda lines: lines[1:])))
    assert "consultation" in gone["expected"].to_list()


def test_a_stay_lacks_the_days_it_was_not_charged_for():
    def stay(number, days, rooms):
        on = START + timedelta(days=number % 90)
        claim = (
            f"S{number}",
            f"P{number}",
            "inpatient",
            "01",
            "M",
            date(1970, 1, 1),
            on,
            on + timedelta(days=days),
            1,
            days,
        )
        line = (f"S{number}", 1, "ZR001", "02", "01", float(rooms), on, rooms * 50_000, 50_000)
        return claim, [line], (f"S{number}", "principal", "J18.9")

    known = omissions.fit(*tables([stay(number, 1 + number % 9, 1 + number % 9) for number in range(400)]))
    found = omissions.missing(known, *tables([stay(999, 7, 5), stay(998, 7, 7)]))
    assert found.select("claim_id", "expected", "reason", "expected_won").rows() == [("S999", "room", "2 / 7", 100_000)]


def test_rules_survive_json(companions):
    again = omissions.Companions.of(json.loads(json.dumps(companions.as_json())))
    assert again.rules.equals(companions.rules)


def test_nothing_to_learn_from_tells_nothing():
    empty = tables([])
    known = omissions.fit(*empty)
    assert known.rules.is_empty() and omissions.missing(known, *empty).is_empty()
    norms = outliers.fit(*empty)
    assert outliers.scores(norms, *empty).is_empty()


def test_where_nothing_was_ever_unusual_the_first_such_thing_is_told():
    dice = np.random.default_rng(2)
    calm = [row for row in (statement(number, dice) for number in range(3_000)) if len(row[1]) == 2]
    norms = outliers.fit(*tables([((*row[0][:8], 20_000, None), *row[1:]) for row in calm]))
    row = first(norms, changed(calm, **PLANTED["quantity"]))
    assert row["part"] == "quantity" and row["p"] <= norms.cutoff
