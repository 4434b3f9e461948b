"""Resident, foreigner and passport numbers (고유식별정보): are they possible, and what do they say.

Law: 주민등록법 시행규칙 제2조 (number of 13 digits: birth date, century and sex, …, check digit). Numbers given out since
2020-10 need not keep the check rule, so a wrong check digit is a warning there, an error before.
"""

import re
from dataclasses import dataclass
from datetime import date

CENTURY = {"9": 1800, "0": 1800, "1": 1900, "2": 1900, "5": 1900, "6": 1900, "3": 2000, "4": 2000, "7": 2000, "8": 2000}
WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
RANDOM_SINCE = date(2020, 10, 5)


@dataclass(frozen=True)
class Identifier:
    """A checked number. `birth_on` and `sex` are None for passports."""

    kind: str
    number: str
    birth_on: date | None = None
    sex: str | None = None
    check_digit_ok: bool = True


def parse(kind: str, raw: str) -> Identifier | None:
    """Read a number; None when it cannot be one."""
    text = re.sub(r"[\s-]", "", raw).upper()
    if kind == "passport":
        return Identifier(kind, text) if re.fullmatch(r"[A-Z0-9]{6,12}", text) else None
    if not re.fullmatch(r"\d{13}", text):
        return None
    is_foreign = text[6] in "5678"
    if (kind == "foreigner") != is_foreign:
        return None
    try:
        birth_on = date(CENTURY[text[6]] + int(text[:2]), int(text[2:4]), int(text[4:6]))
    except (ValueError, KeyError):
        return None
    total = (11 - sum(int(digit) * weight for digit, weight in zip(text, WEIGHTS, strict=False)) % 11) % 10
    expected = (total + 2) % 10 if is_foreign else total
    ok = expected == int(text[12])
    if not ok and birth_on < RANDOM_SINCE and not is_foreign:
        return None
    return Identifier(kind, text, birth_on, "M" if int(text[6]) % 2 else "F", ok)
