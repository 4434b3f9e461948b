"""The people of the pool as columns, for drawing thousands of visits at once; with the visitors of one month behind the residents.

Row i of the residents is person i of the World. Visitors (tourists) are known by name for one month only. Nobody exists.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

import numpy as np
import polars as pl

from tamna.simulators.hospital.figures import departments, figures
from tamna.simulators.hospital.people import (
    FOREIGN,
    GIVEN_MID,
    GIVEN_NEW,
    GIVEN_OLD,
    SURNAME_WEIGHTS,
    SURNAMES,
    World,
    resident_number,
)
from tamna.simulators.hospital.seasons import Month, day_number

DEPARTMENTS = [item["code"] for item in departments()]
DISEASES = sorted({code for item in departments() for code in item["kcd"]} | {"W19"})
PAYERS = ["nhi", "medical_aid_1", "medical_aid_2", "near_poor_2", "veteran", "auto", "industrial", "self"]


@dataclass(frozen=True)
class Crowd:
    """Columns over people: residents first, then the visitors of the month."""

    born: np.ndarray  # day number
    female: np.ndarray
    payer: np.ndarray  # index of PAYERS
    home: np.ndarray  # index of DEPARTMENTS, -1 none
    disease: np.ndarray  # index of DISEASES, -1 none
    no_show: np.ndarray
    foreign: np.ndarray
    special: np.ndarray  # V193, V192 or ''
    special_from: np.ndarray  # day number
    ref: np.ndarray  # text
    residents: int


@lru_cache(maxsize=2)
def residents(seed: int) -> tuple[World, pl.DataFrame]:
    """The pool of five years, and its table (환자)."""
    world = World(seed, figures("years")["residents"])
    people = world.people
    frame = pl.DataFrame(
        {
            "patient_ref": [f"P{person.chart_no}" for person in people],
            "name": [person.name for person in people],
            "sex": [person.sex for person in people],
            "birth_date": [person.birth_on for person in people],
            "resident_number": [person.resident_number for person in people],
            "phone": [person.phone for person in people],
            "address": [person.address for person in people],
            "nationality": [person.nationality for person in people],
            "language": [person.language for person in people],
            "payer": [person.payer for person in people],
            "card_no": [f"{70_000_000_000 + person.ref}" for person in people],
            "special_code": [person.special_case for person in people],
            "special_from": [person.special_from for person in people],
            "special_to": [person.special_to for person in people],
            "chronic_department": [person.home for person in people],
            "is_visitor": [False] * len(people),
        }
    ).with_columns(is_synthetic=pl.lit(True))
    return world, frame


@lru_cache(maxsize=4)
def visitors(seed: int, month: Month) -> pl.DataFrame:
    """People of elsewhere who may come in this month (관광객)."""
    table = figures("years")
    count = table["visitors_a_month"]
    rng = World(seed).rng(41, month.number)
    nations = {key: value for key, value in table["nations"].items() if key != "mark"}
    ages = np.clip(rng.normal(41, 19, count), 1, 88)
    sexes = np.where(rng.random(count) < 0.5, "F", "M")
    foreign = rng.random(count) < table["tourist_share"]["foreign_of_tourists"]
    chosen = rng.choice(list(nations), count, p=np.array(list(nations.values())) / sum(nations.values()))
    surnames = rng.choice(SURNAMES, count, p=SURNAME_WEIGHTS / SURNAME_WEIGHTS.sum())
    given = rng.integers(0, 20, count)
    offsets = rng.integers(0, 365, count)
    rows = []
    for i in range(count):
        born = month.first - timedelta(days=int(ages[i] * 365.25) + int(offsets[i]))
        nation = str(chosen[i]) if foreign[i] else "KR"
        language, names = FOREIGN.get(nation, ("ko" if nation == "KR" else "en", ("Alex Tan", "Grace Lim")))
        group = GIVEN_OLD if ages[i] > 60 else GIVEN_MID if ages[i] > 25 else GIVEN_NEW
        name = str(surnames[i]) + group[int(given[i])] if nation == "KR" else names[int(given[i]) % len(names)]
        serial = month.number * 1000 + i
        rows.append(
            {
                "patient_ref": f"V{month.year}{month.month:02d}{i:04d}", "name": name, "sex": str(sexes[i]), "birth_date": born,
                "resident_number": resident_number(born, str(sexes[i]), serial, foreign=nation != "KR"),
                "phone": f"010{10_000_000 + serial * 97 % 89_999_999:08d}", "address": "", "nationality": nation, "language": language,
                "payer": "nhi" if nation == "KR" else "self", "card_no": f"700{month.year % 100:02d}{month.month:02d}{i:04d}", "special_code": "",
                "special_from": None, "special_to": None, "chronic_department": "", "is_visitor": True, "is_synthetic": True,
            }
        )  # fmt: skip
    return pl.DataFrame(rows, schema=residents(seed)[1].schema)


@lru_cache(maxsize=4)
def crowd(seed: int, month: Month) -> Crowd:
    world, known = residents(seed)
    table = pl.concat([known, visitors(seed, month)])
    n = table.height - known.height
    born = table["birth_date"].cast(pl.Int32).to_numpy()
    home = np.array([DEPARTMENTS.index(person.home) if person.home else -1 for person in world.people] + [-1] * n)
    disease = np.array([DISEASES.index(person.disease) if person.disease else -1 for person in world.people] + [-1] * n)
    habits = np.array([person.no_show for person in world.people])
    sharper = habits ** figures("years")["habit_power"]
    habits = np.r_[sharper * (habits.mean() / sharper.mean()), np.full(n, 0.12)]
    starts = table["special_from"].cast(pl.Int32).fill_null(day_number(month.first) + 999_999).to_numpy()
    return Crowd(
        born=born, female=(table["sex"] == "F").to_numpy(), payer=np.array([PAYERS.index(code) for code in table["payer"]]),
        home=home, disease=disease, no_show=habits, foreign=(table["nationality"] != "KR").to_numpy(),
        special=table["special_code"].to_numpy(), special_from=starts, ref=table["patient_ref"].to_numpy(), residents=known.height,
    )  # fmt: skip
