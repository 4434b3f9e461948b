"""Jejueo to standard Korean: the developer's sentences, sentences written last, spellings, and what must never be lost."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamna.engines.language.dialect import to_standard
from tamna.engines.language.hangul import conjugate, particle

GOLDEN = Path(__file__).parents[2] / "golden" / "jejueo"


def scored(name):
    """(share of key terms found, share of sentences with all of theirs)."""
    with (GOLDEN / name).open(encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    found = [[key in to_standard(row["jeju"]).standard for key in row["key_terms"].split(";")] for row in rows]
    return sum(map(sum, found)) / sum(map(len, found)), sum(map(all, found)) / len(found)


@pytest.mark.parametrize(("name", "terms", "whole"), [("dev.csv", 0.97, 0.93), ("held_out.csv", 0.93, 0.80)])
def test_key_terms_are_found(name, terms, whole):
    found_terms, found_whole = scored(name)
    assert found_terms >= terms and found_whole >= whole


@pytest.mark.parametrize(
    "said", ["ᄒᆞ꼼 지드립서", "호꼼 지드립서", "하꼼 지달립서", "ㅎㆍ꼼 지드립서", "ᄒᆞ꼼 지ᄃᆞ립서"]
)
def test_old_and_new_spellings_are_one(said):
    assert to_standard(said).standard == "조금 기다리세요"


@pytest.mark.parametrize(
    ("said", "standard"),
    [
        ("약은 먹지 맙서", "약은 먹지 마세요"),
        ("ᄌᆞᆷ을 못 잠수다", "잠을 못 잡니다"),
        ("돈이 엇수다", "돈이 없습니다"),
        ("안 아프우다", "안 아픕니다"),
        ("못먹엇수다", "못 먹었습니다"),
        ("급허지 아니허우다", "급하지 않습니다"),
    ],
)
def test_negation_stays(said, standard):
    found = to_standard(said)
    assert found.standard == standard and not found.doubts


def test_each_changed_word_is_explained_and_unknown_words_are_kept():
    found = to_standard("둑지가 왁왁작작 아판 왓수다.")
    assert found.standard == "어깨가 왁왁작작 아파서 왔습니다."
    assert [(word.said, word.standard) for word in found.words] == [
        ("둑지가", "어깨가"), ("아판", "아파서"), ("왓수다", "왔습니다"),
    ]  # fmt: skip
    assert found.kept == ("왁왁작작",)
    assert all(word.meaning and word.confidence for word in found.words)


def test_standard_korean_stays_as_it_is():
    for line in ("사진을 찍으려고 왔습니다.", "그동안 약을 먹었습니다.", "내일 오전 10시 30분에 예약했습니다.", ""):
        assert to_standard(line).standard == line


@given(st.text(max_size=60))
def test_any_text_is_answered_and_numbers_stay(text):
    found = to_standard(text)
    assert isinstance(found.standard, str)


@given(st.lists(st.integers(0, 9999), min_size=1, max_size=4))
def test_numbers_stay(numbers):
    said = " ".join(f"{number} 번 먹엇수다" for number in numbers)
    found = to_standard(said)
    assert not found.doubts and all(str(number) in found.standard for number in numbers)


@pytest.mark.parametrize(
    ("stem", "ending", "written"),
    [
        ("가렵", "A서", "가려워서"), ("걷", "U니까", "걸으니까"), ("붓", "Aㅆ습니다", "부었습니다"), ("모르", "A서", "몰라서"),
        ("아프", "Aㅆ습니다", "아팠습니다"), ("만들", "B니다", "만듭니다"), ("그렇", "U면", "그러면"), ("하", "A서", "해서"),
        ("돕", "A 주세요", "도와 주세요"), ("입", "U세요", "입으세요"), ("삐", "A서", "삐어서"), ("쉬", "A서", "쉬어서"),
    ],
)  # fmt: skip
def test_conjugation(stem, ending, written):
    assert conjugate(stem, ending) == written


def test_particles_follow_the_closing_consonant():
    assert [word + particle(word, "으로") for word in ("내과", "병원", "길")] == ["내과로", "병원으로", "길로"]
    assert [word + particle(word, "이") for word in ("배", "가슴")] == ["배가", "가슴이"]


def test_the_command_answers_each_line():
    asked = "베가 아판 왓수다.\n\n고맙수다예.\n"
    done = subprocess.run(
        [sys.executable, "-m", "tamna.cli", "dialect", "-"], input=asked, capture_output=True, text=True, check=True
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["standard"] for row in rows] == ["배가 아파서 왔습니다.", "", "고맙습니다."]
    assert set(rows[0]) == {"input", "standard", "words", "kept", "doubts"}
    assert set(rows[0]["words"][0]) == {"from", "to", "meaning", "confidence"}
