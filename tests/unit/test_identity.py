"""One person or two: names in any writing, points that a clerk can add up, passports whose check digits hold."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamna.engines.identity import travel
from tamna.engines.identity.likeness import NEARLY, Described, compare
from tamna.engines.identity.names import likeness
from tamna.patients import identifiers

ON = date(2026, 11, 24)
BORN = date(1980, 5, 17)
LINES = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10"  # ICAO Doc 9303's own example


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("홍길동", "홍길동"), ("홍길동", "홍 길동"), ("홍길동", "홍길둥"), ("홍길동", "Hong Gil-dong"), ("홍길동", "GILDONG HONG"), ("홍길동", "Hong, Kildong"),
        ("이영희", "Lee Young Hee"), ("이영희", "Yi Yeonghui"), ("박철수", "Park Chul-soo"), ("박철수", "Bak Cheolsu"), ("최지우", "Choi Ji Woo"),
        ("정현", "Jung Hyun"), ("노무현", "Roh Muhyun"), ("임재범", "Lim Jae Beom"), ("Nguyễn Văn An", "NGUYEN VAN AN"), ("John Smith", "Smith John"),
    ],
)  # fmt: skip
def test_writings_of_one_name_are_alike(one, other):
    assert likeness(one, other) >= NEARLY and likeness(other, one) >= NEARLY


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("홍길동", "홍길순"),
        ("김영희", "김철수"),
        ("이영희", "Park Young Hee"),
        ("홍길동", "Kim Gildong"),
        ("John Smith", "John Smyth Brown"),
        ("홍길동", ""),
    ],
)
def test_other_names_are_not(one, other):
    assert likeness(one, other) < NEARLY


@pytest.mark.parametrize(
    ("other", "points"),
    [
        (Described("홍길동", BORN, "F", "010-1234-5678"), 100), (Described("Hong Gildong", BORN, "F", "01012345678"), 90),
        (Described("홍길동", BORN, "F"), 75), (Described("홍길동", date(1980, 7, 15), "F", "01012345678"), 85),  # digits in another order
        (Described("홍길순", BORN, "F", "01012345678"), 40), (Described("홍길동", BORN, "M", "01012345678"), 75),
        (Described("홍길동", date(1955, 1, 2), "F"), 10),
    ],
)  # fmt: skip
def test_points_can_be_added_by_hand(other, points):
    assert compare(Described("홍길동", BORN, "F", "01012345678"), other).points == points


@given(st.builds(Described, st.text(max_size=12), st.dates(), st.sampled_from("MF"), st.text("0123456789-", max_size=13)),
       st.builds(Described, st.text(max_size=12), st.dates(), st.sampled_from("MF"), st.text("0123456789-", max_size=13)))  # fmt: skip
def test_comparing_is_the_same_both_ways_and_bounded(one, other):
    assert compare(one, other) == compare(other, one) and 0 <= compare(one, other).points <= 100


def test_the_lines_of_a_passport_are_read():
    found = travel.read(LINES, ON)
    assert (found.number, found.birth_on, found.sex) == ("L898902C3", date(1974, 8, 12), "F")
    assert (found.name, found.expires_on, found.nationality) == ("ERIKSSON ANNA MARIA", date(2012, 4, 15), "")
    assert travel.read(LINES[44:].lower(), ON).number == "L898902C3"


@given(st.integers(44, 87), st.sampled_from("0123456789"))
def test_a_slip_in_number_or_dates_is_noticed(at, digit):
    """One wrong digit in a checked field never passes as another passport."""
    wrong = LINES[:at] + digit + LINES[at + 1 :]
    checked = at - 44 in (*range(10), *range(13, 20), *range(21, 28))
    if checked and LINES[at] != digit and LINES[at].isdigit():
        with pytest.raises(travel.NotReadable):
            travel.read(wrong, ON)


def test_a_wrong_check_digit_of_a_resident_number_is_a_warning():
    good, bad = identifiers.parse("rrn", "8005172000009", ON), identifiers.parse("rrn", "8005172000001", ON)
    assert bad and bad.birth_on == BORN and bad.sex == "F"
    assert {good.check_digit_ok, bad.check_digit_ok} <= {True, False} and not (
        good.check_digit_ok and bad.check_digit_ok
    )
    assert identifiers.parse("rrn", "8013172000009", ON) is None  # no thirteenth month
    assert identifiers.parse("foreigner", "8005172000009", ON) is None  # a resident's seventh digit
    assert identifiers.parse("rrn", "9905173000009", ON) is None  # born in 2099
    passport = identifiers.parse("passport", LINES, ON)
    assert passport and (passport.number, passport.birth_on, passport.has_expired) == (
        "L898902C3",
        date(1974, 8, 12),
        True,
    )
    assert identifiers.parse("passport", LINES.replace("L898902C36", "L898902C37"), ON) is None
