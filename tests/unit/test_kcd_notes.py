"""KCD codes of Korean notes: what our own written notes are coded as, and that every suggestion shows its words."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamna.engines.coding.kcd import KcdIndex

GOLDEN = Path(__file__).parents[1] / "golden" / "coding"
INDEX = KcdIndex.shipped()


def notes(name: str) -> list[tuple[str, str, set[str]]]:
    rows = (line.split("\t") for line in (GOLDEN / name).read_text("utf-8").splitlines())
    return [(key, text, set(codes.split())) for key, text, codes in rows]


@pytest.mark.parametrize("name", ["kcd_developer.tsv", "kcd_held.tsv"])
def test_the_five_best_hold_nearly_every_code(name):
    rows = notes(name)
    hits = sum(len(codes & {one.code for one in INDEX.suggest(text).ranked[:5]}) for _, text, codes in rows)
    assert hits / sum(len(codes) for *_, codes in rows) >= 0.95


def test_what_is_accepted_is_nearly_always_meant():
    rows = notes("kcd_held.tsv")
    accepted = [(code, codes) for _, text, codes in rows for code in INDEX.suggest(text).accepted]
    assert sum(code in codes for code, codes in accepted) / len(accepted) >= 0.9


@given(st.text(max_size=200) | st.lists(st.sampled_from(["고혈압", "DM", "없음", " ", "r/o", "폐 렴", "\n", "(-)", "é", "𝒟", "무릎", "OA"]), max_size=12).map("".join))  # fmt: skip
def test_evidence_is_what_stands_there(text):
    for one in INDEX.suggest(text).ranked:
        assert text[one.evidence.start : one.evidence.end] == one.evidence.text
        assert one.evidence.text.strip()
        assert one.code in INDEX.rows


@pytest.mark.parametrize(
    ("text", "code", "is_accepted"),
    [
        ("고혈압으로 약 복용 중", "I10.9", True),
        ("고혈압 없음", "I10.9", False),
        ("HTN(-)", "I10.9", False),
        ("denies DM", "E11.9", False),
        ("부친 위암", "C16.9", False),
        ("폐 고혈압", "I10.9", True),
        ("admission 예정", "E11.9", False),
        ("r/o 폐렴", "J18.9", True),
        ("ra 30%", "M06.9", False),
        ("RA로 MTX 복용", "M06.9", True),
    ],
)
def test_words_beside_a_finding_count(text, code, is_accepted):
    assert (code in INDEX.suggest(text).accepted) == is_accepted


def test_codes_of_the_other_sex_or_age_are_left_out():
    assert "N40" not in {one.code for one in INDEX.suggest("전립선비대증", sex="F").ranked}
    assert "N40" in INDEX.suggest("전립선비대증", sex="M").accepted


def test_a_suspected_finding_comes_after_a_certain_one():
    scores = {one.code: one.score for one in INDEX.suggest("r/o 폐렴, 천식").ranked}
    assert scores["J45.9"] > scores["J18.9"] > 0.5


def test_nothing_is_suggested_for_nothing():
    assert INDEX.suggest("").ranked == ()
    assert INDEX.suggest("   \n").accepted == ()
