"""The machine-readable lines of a passport (여권 MRZ, ICAO Doc 9303 part 4, TD3): two lines of 44 letters.

In: one or both lines as scanned or typed. Out: `Passport`; the check digits of number, birth date and expiry must hold, for
unlike a resident number's they always do. The year of birth is the last one that is not in the future. Raises NotReadable.
"""

import re
from dataclasses import dataclass
from datetime import date

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LINE = 44
COUNTRIES = {  # those that come to Jeju most, and our neighbours; others are chosen by hand
    "KOR": "KR", "CHN": "CN", "TWN": "TW", "HKG": "HK", "JPN": "JP", "USA": "US", "VNM": "VN", "THA": "TH", "PHL": "PH", "IDN": "ID",
    "MYS": "MY", "SGP": "SG", "MNG": "MN", "RUS": "RU", "UZB": "UZ", "KAZ": "KZ", "KGZ": "KG", "IND": "IN", "NPL": "NP", "LKA": "LK",
    "BGD": "BD", "PAK": "PK", "MMR": "MM", "KHM": "KH", "LAO": "LA", "AUS": "AU", "NZL": "NZ", "CAN": "CA", "GBR": "GB", "IRL": "IE",
    "D": "DE", "FRA": "FR", "ITA": "IT", "ESP": "ES", "NLD": "NL", "CHE": "CH", "TUR": "TR", "UKR": "UA", "ZAF": "ZA", "BRA": "BR",
    "YEM": "YE",
}  # fmt: skip


class NotReadable(ValueError):
    """Not two lines of a passport, or a check digit does not hold."""


@dataclass(frozen=True)
class Passport:
    """What the lines say. `name` is empty where only the second line was given, `nationality` where the country is not known."""

    number: str
    birth_on: date
    sex: str  # M, F or nothing
    expires_on: date
    nationality: str
    name: str = ""


def looks_like_lines(text: str) -> bool:
    return "<" in text and len(re.sub(r"\s", "", text)) >= LINE


def read(text: str, on: date) -> Passport:
    """Both lines, or the second alone."""
    letters = re.sub(r"\s", "", text).upper()
    second = letters[-LINE:]
    if len(letters) not in (LINE, 2 * LINE) or not re.fullmatch(r"[A-Z0-9<]{44}", second):
        raise NotReadable("not two lines of 44 letters")
    number, birth, expiry = second[:9], second[13:19], second[21:27]
    for value, digit in ((number, second[9]), (birth, second[19]), (expiry, second[27])):
        if str(check_digit(value)) != digit.replace("<", "0"):
            raise NotReadable("a check digit does not hold")
    first = letters[:LINE] if len(letters) == 2 * LINE else ""
    return Passport(
        number.replace("<", ""), _day(birth, on, future=False), second[20] if second[20] in "MF" else "", _day(expiry, on, future=True),
        COUNTRIES.get(second[10:13].replace("<", ""), ""), _name(first[5:]),
    )  # fmt: skip


def check_digit(value: str) -> int:
    """Weights 7, 3, 1; letters count from ten, the filler is nought."""
    return (
        sum((0 if letter == "<" else ALPHABET.index(letter)) * (7, 3, 1)[at % 3] for at, letter in enumerate(value))
        % 10
    )


def _day(text: str, on: date, *, future: bool) -> date:
    try:
        year, month, day = int(text[:2]), int(text[2:4]), int(text[4:6])
        found = date(2000 + year, month, day)
    except ValueError as error:
        raise NotReadable("a day cannot be read") from error
    return found if future or found <= on else date(1900 + year, month, day)


def _name(field: str) -> str:
    surname, _, given = field.partition("<<")
    return " ".join(f"{surname} {given}".replace("<", " ").split())
