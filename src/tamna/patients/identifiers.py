"""Resident, foreigner and passport numbers (고유식별정보): are they possible, and what do they say.

Law: 주민등록법 시행규칙 제2조 (number of 13 digits: birth date, century and sex, …, check digit). Numbers given or changed since
2020-10 need not keep the check rule, whatever the birth date: a wrong check digit is a warning, never a refusal.
"""

import re
from dataclasses import dataclass
from datetime import date

from tamna.engines.identity import travel

CENTURY = {"9": 1800, "0": 1800, "1": 1900, "2": 1900, "5": 1900, "6": 1900, "3": 2000, "4": 2000, "7": 2000, "8": 2000}
WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)


@dataclass(frozen=True)
class Identifier:
    """A checked number and what it says. A passport typed by its number alone says nothing else."""

    kind: str
    number: str
    birth_on: date | None = None
    sex: str = ""
    check_digit_ok: bool = True
    nationality: str = ""
    name: str = ""
    has_expired: bool = False


def parse(kind: str, raw: str, on: date) -> Identifier | None:
    """Read a number, or the lines of a passport, on a day; None when it cannot be one."""
    if kind == "passport":
        return _passport(raw, on)
    text = re.sub(r"[\s-]", "", raw)
    if not re.fullmatch(r"[0-9]{13}", text):
        return None
    is_foreign = text[6] in "5678"
    if (kind == "foreigner") != is_foreign:
        return None
    try:
        birth_on = date(CENTURY[text[6]] + int(text[:2]), int(text[2:4]), int(text[4:6]))
    except ValueError:
        return None
    if birth_on > on:
        return None
    total = (11 - sum(int(digit) * weight for digit, weight in zip(text, WEIGHTS, strict=False)) % 11) % 10
    expected = (total + 2) % 10 if is_foreign else total
    return Identifier(kind, text, birth_on, "M" if int(text[6]) % 2 else "F", expected == int(text[12]))


def _passport(raw: str, on: date) -> Identifier | None:
    if travel.looks_like_lines(raw):
        try:
            said = travel.read(raw, on)
        except travel.NotReadable:
            return None
        return Identifier("passport", said.number, said.birth_on, said.sex, nationality=said.nationality, name=said.name,
                          has_expired=said.expires_on < on)  # fmt: skip
    text = re.sub(r"[\s-]", "", raw).upper()
    return Identifier("passport", text) if re.fullmatch(r"[A-Z0-9]{6,12}", text) else None
