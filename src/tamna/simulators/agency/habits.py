"""How sharply the agency looks (심사 강도): by quarter, reviewer and doctor. All of it hidden from the hospital, and the same for a seed."""

from datetime import date
from functools import cached_property, lru_cache
from hashlib import blake2b
from importlib import resources
from math import exp
from random import Random
from typing import Any

import yaml

LIMIT = float(1 << 64)


@lru_cache(maxsize=1)
def criteria() -> Any:
    """The agency's own criteria."""
    path = resources.files("tamna.simulators.agency").joinpath("criteria.yaml")
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@lru_cache(maxsize=4)
def listed(name: str) -> frozenset[str]:
    """Codes of a public list (`diseases`, `items`)."""
    path = resources.files("tamna.simulators.agency").joinpath(f"{name}.txt")
    return frozenset(path.read_text(encoding="utf-8").split())


def chance(*names: object) -> float:
    """A number in [0, 1) that depends on the names alone: a statement sent twice meets the same dice."""
    digest = blake2b("\0".join(map(str, names)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / LIMIT


class Habits:
    """Strictness of one seed's agency."""

    CRITERIA = (
        "counts",
        "needs",
        "pairs",
        "double",
        "drugs",
        "first_visit",
        "stay",
        "emergency",
        "repeat",
        "screen",
        "judgement",
    )

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.table = criteria()
        self._drifts: dict[tuple[int, int], dict[str, float]] = {}

    @cached_property
    def reviewers(self) -> list[dict[str, float]]:
        """Each reviewer's strictness by criterion: a level of his own and a taste."""
        dice, table = Random(f"{self.seed}:reviewers"), self.table["reviewers"]
        found = []
        for _ in range(table["count"]):
            level = dice.gauss(0, table["sd"])
            found.append({name: exp(level + dice.gauss(0, table["taste_sd"])) for name in self.CRITERIA})
        return found

    def reviewer(self, department: str, on: date) -> dict[str, float]:
        """Who reads this department's statements in this week."""
        year, week, _ = on.isocalendar()
        return self.reviewers[int(chance(self.seed, "reader", department, year, week) * len(self.reviewers))]

    def drift(self, on: date) -> dict[str, float]:
        """Strictness of each criterion in the quarter of a day (심사 기준 변화)."""
        quarter = (on.year, (on.month - 1) // 3)
        if quarter not in self._drifts:
            table = self.table["drift"]
            level = dict.fromkeys(self.CRITERIA, 1.0)
            number = (quarter[0] - table["first_year"]) * 4 + quarter[1]
            for turn in range(number):
                dice = Random(f"{self.seed}:drift:{turn}")
                for name in dice.sample(self.CRITERIA, dice.choice(table["a_quarter"])):
                    step = 1 + table["step"] if dice.random() < 0.55 else 1 / (1 + table["step"])
                    level[name] = min(table["high"], max(table["low"], level[name] * step))
            self._drifts[quarter] = level
        return self._drifts[quarter]

    def doctor(self, license_no: str) -> float:
        """How hard reviewers are on a doctor, mean about 1."""
        sd = self.table["judgement"]["doctor_sd"]
        return exp(Random(f"{self.seed}:doctor:{license_no}").gauss(-sd * sd / 2, sd))

    @cached_property
    def doctors(self) -> dict[str, float]:
        return {}

    def on_doctor(self, license_no: str) -> float:
        if license_no not in self.doctors:
            self.doctors[license_no] = self.doctor(license_no)
        return self.doctors[license_no]
