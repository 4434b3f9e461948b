"""A rule tried on claims whose end is known."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamna.engines.claimcheck.trial import HIT, WHOLE, Tally, compared

ENDS = ("full", "adjusted", "returned", "impossible", "held", "waiting")


def part(rows, found, reason=""):
    """(whole, hit) of claims (id, department, end, reasons) and the places found, once or more."""
    whole = pl.DataFrame(
        [(row[1], "202610", row[2], 1, int(reason in row[3])) for row in rows], schema=WHOLE, orient="row"
    )
    hit = [(found.count(at), 1000 * found.count(at), row[0], row[1], "202610", row[2], 700 * (row[2] == "adjusted"), reason in row[3])
           for at, row in enumerate(rows) if at in found]  # fmt: skip
    return whole, pl.DataFrame(hit, schema=HIT, orient="row")


def test_figures_against_the_agency():
    tally = Tally(reason="A12")
    first = [
        ("C1", "01", "adjusted", ["A12"]),
        ("C2", "01", "full", []),
        ("C3", "05", "adjusted", ["A10"]),
        ("C4", "05", "waiting", []),
    ]
    tally.add(*part(first, [0, 0, 1, 3], "A12"))
    tally.add(*part([("C5", "01", "returned", ["A12"]), ("C6", "01", "full", [])], [], "A12"))
    figures = tally.figures()
    assert (figures["claims"], figures["findings"], figures["found"], figures["won"]) == (6, 4, 3, 4000)
    assert figures["ended"] == dict.fromkeys(ENDS, 0) | {"adjusted": 1, "full": 1, "waiting": 1}
    assert (figures["answered"], figures["bad"], figures["precision"]) == (2, 1, 0.5)
    assert figures["precision_low"] < 0.5 < figures["precision_high"]
    assert figures["usual"] == pytest.approx(3 / 5)
    assert figures["reason"] == {"code": "A12", "found": 1, "all": 2}
    assert {row["key"]: (row["claims"], row["found"], row["bad"]) for row in figures["by_department"]} == {
        "01": (4, 2, 1),
        "05": (2, 1, 0),
    }
    assert [row["claim_id"] for row in figures["examples"]] == ["C1", "C2", "C4"]


def test_nothing_found_is_said_without_a_share():
    tally = Tally()
    assert tally.figures()["precision"] is None and tally.figures()["claims"] == 0
    tally.add(*part([("C1", "01", "waiting", [])], []))
    assert tally.figures()["usual"] is None and tally.figures()["found"] == 0


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(ENDS), st.booleans(), st.booleans()), max_size=40))
def test_two_versions_share_out_what_they_find(rows):
    claims = [(f"C{number}", "01", end, []) for number, (end, _, _) in enumerate(rows)]
    one, other = Tally(), Tally()
    one.add(*part(claims, [number for number, row in enumerate(rows) if row[1]]))
    other.add(*part(claims, [number for number, row in enumerate(rows) if row[2]]))
    parts = compared(one, other)
    assert parts["only_a"]["found"] + parts["both"]["found"] == one.figures()["found"]
    assert parts["only_b"]["found"] + parts["both"]["found"] == other.figures()["found"]
    assert sum(sum(part["ended"].values()) for part in parts.values()) == len([row for row in rows if row[1] or row[2]])
