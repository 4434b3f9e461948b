"""Are two records of one person (중복 환자 판정): points for what agrees, taken off for what speaks against it.

The points are our own choice (mark sim), to be read and argued with: name 40, birth date 35, phone 25; a hundred is all three. A
namesake born the same day without a common phone has 75 and is looked at; twins share day and phone, not the given name.
In: two `Described`. Out: `Likeness` with its parts. Nothing here decides: a person compares and merges.
"""

from dataclasses import dataclass
from datetime import date

from tamna.engines.identity import names

NAME, BIRTH, PHONE = 40, 35, 25
NEARLY = 0.85  # of a name: one letter of three syllables
LOOK, SURE = 70, 90


@dataclass(frozen=True)
class Described:
    """What two records are compared by."""

    name: str
    birth_on: date | None = None
    sex: str = ""
    phone: str = ""


@dataclass(frozen=True)
class Likeness:
    """Points of a hundred, and for what."""

    points: int
    parts: tuple[tuple[str, int], ...]  # what agrees or not, points

    @property
    def is_worth_a_look(self) -> bool:
        return self.points >= LOOK

    @property
    def is_nearly_sure(self) -> bool:
        return self.points >= SURE


def compare(one: Described, other: Described) -> Likeness:
    """How much speaks for one person."""
    parts = [part for part in (_name(one, other), _birth(one, other), _phone(one, other), _sex(one, other)) if part[1]]
    return Likeness(max(0, sum(points for _, points in parts)), tuple(parts))


def _name(one: Described, other: Described) -> tuple[str, int]:
    share = names.likeness(one.name, other.name)
    if share == 1:
        return "same_name", NAME
    return ("alike_name", 30) if share >= NEARLY else ("other_name", -20)


def _birth(one: Described, other: Described) -> tuple[str, int]:
    if one.birth_on is None or other.birth_on is None:
        return "birth_unknown", 0
    if one.birth_on == other.birth_on:
        return "same_birth", BIRTH
    first, second = one.birth_on.isoformat(), other.birth_on.isoformat()
    slips = sum(a != b for a, b in zip(first, second, strict=True))
    return ("near_birth", 20) if slips == 1 or sorted(first) == sorted(second) else ("other_birth", -30)


def _phone(one: Described, other: Described) -> tuple[str, int]:
    first, second = digits(one.phone), digits(other.phone)
    if len(first) < 8 or len(second) < 8:
        return "phone_unknown", 0
    if first[-8:] == second[-8:]:
        return "same_phone", PHONE
    return ("same_phone_end", 10) if first[-4:] == second[-4:] else ("other_phone", 0)


def _sex(one: Described, other: Described) -> tuple[str, int]:
    return ("other_sex", -25) if one.sex and other.sex and one.sex != other.sex else ("same_sex", 0)


def digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())
