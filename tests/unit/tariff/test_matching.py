"""Which fee an unknown order may mean: names spelt another way, what was confirmed before, and how sure it is."""

import random

from hypothesis import given
from hypothesis import strategies as st

from bench.matching import spelt
from tamna.engines.tariff.matching import LEAST, Index, plain
from tamna.params import table

FEES = [(row["code"], row["name_ko"], row["name_en"]) for row in table("tariff/fee_items")]
INDEX = Index(FEES)


def test_the_very_name_of_one_fee_is_certain_of_two_is_half():
    code, name, _ = FEES[100]
    assert (INDEX.nearest(name)[0].code, INDEX.nearest(name)[0].confidence) == (code, 1.0)
    twins = Index([("A", "흉부 촬영", ""), ("B", "흉부촬영", ""), ("C", "뇌파", "")])
    assert {row.confidence for row in twins.nearest("흉부 촬영")[:2]} == {0.5}


def test_most_misspelt_names_find_their_fee_and_confidence_does_not_flatter():
    dice = random.Random(5)
    orders = [(spelt(name, dice), code) for code, name, _ in dice.sample(FEES, 150)]
    found = [(INDEX.nearest(order), code) for order, code in orders]
    right = [bool(rows) and rows[0].code == code for rows, code in found]
    assert sum(right) / len(right) > 0.93
    sure = [rows[0].code == code for rows, code in found if rows and rows[0].confidence >= 0.8]
    assert len(sure) > 30 and sum(sure) / len(sure) > 0.95


def test_what_people_confirmed_is_learnt_unless_the_fee_is_gone():
    code = FEES[7][0]
    taught = Index(FEES, [("원무과 특별 검사 갑", code), ("없어진 검사", "NOSUCH")])
    best = taught.nearest("원무과 특별검사(갑)")[0]
    assert (best.code, best.confidence, best.learnt) == (code, 1.0, True)
    assert all(row.code != "NOSUCH" for row in taught.nearest("없어진 검사"))


@given(st.text(max_size=60))
def test_any_text_is_answered_in_order_each_fee_once(text):
    rows = INDEX.nearest(text, 5)
    assert len({row.code for row in rows}) == len(rows) <= 5
    assert all(LEAST <= row.likeness <= 1 and 0 < row.confidence <= 1 for row in rows)
    assert [row.likeness for row in rows] == sorted((row.likeness for row in rows), reverse=True)
    assert plain(text) or not rows


def test_nothing_is_near_where_there_is_nothing():
    assert Index([]).nearest("무엇") == [] and INDEX.nearest("") == [] and INDEX.nearest("qqqqxxxxzzzz") == []
