"""Admissions with length of stay (입원): from the emergency room and by plan; each month's admissions can be drawn alone.

A month of work needs the stays of the two months before as well, since a stay lasts 60 days at most.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tamna.simulators.hospital.crowd import DEPARTMENTS, DISEASES, crowd, residents
from tamna.simulators.hospital.figures import departments, figures
from tamna.simulators.hospital.seasons import Month, day_number, days
from tamna.simulators.hospital.visits import emergencies

REACH = 2  # months back


@dataclass
class Stays:
    """Columns over admissions."""

    ref: np.ndarray  # text, patient_ref
    person: np.ndarray  # in the crowd of the month of admission
    department: np.ndarray
    doctor: np.ndarray
    admitted: np.ndarray  # day number
    discharged: np.ndarray  # day number
    payer: np.ndarray
    principal: np.ndarray
    second: np.ndarray
    by_er: np.ndarray
    died: np.ndarray
    moved: np.ndarray
    serial: np.ndarray  # within the month of admission
    month: np.ndarray  # Month.number of the admission
    tender: np.ndarray
    born: np.ndarray
    female: np.ndarray
    special: np.ndarray
    special_from: np.ndarray

    def __len__(self) -> int:
        return len(self.ref)

    @property
    def nights(self) -> np.ndarray:
        return self.discharged - self.admitted

    def taken(self, chosen: np.ndarray) -> "Stays":
        return Stays(**{name: column[chosen] for name, column in vars(self).items()})


@lru_cache(maxsize=4)
def admissions(seed: int, month: Month) -> Stays:
    """Stays that begin in the month."""
    world, people, table = residents(seed)[0], crowd(seed, month), figures("years")["stays"]
    rng = world.rng(61, month.number)
    visits = emergencies(seed, month)
    urgent = visits.taken(visits.admitted)
    weekdays = np.array([on.weekday() for on in month.days])
    calendar = days(seed, month)
    mean = table["elective_a_day"] * np.array(table["elective_weekday"]["values"])[weekdays] / 1.285
    mean = np.where(calendar["holiday"].to_numpy() != "", mean * 0.25, mean)
    day = np.repeat(np.arange(month.length), rng.poisson(mean))
    planned = len(day)
    shares = np.array([table["shares"].get(code, 0.0) for code in DEPARTMENTS], dtype=float)
    department = rng.choice(len(DEPARTMENTS), planned + len(urgent), p=shares / shares.sum())
    first = day_number(month.first)
    years = (first - people.born[: people.residents]) / 365.25
    alive = people.born[: people.residents] < first - 30
    female = people.female[: people.residents]
    weight = np.where(alive, 0.25 + np.clip(years, 0, 85) / 40, 0.0)  # the old are admitted more
    person = np.empty(planned, dtype=np.int64)
    for index in np.unique(department[:planned]):
        code, rows = DEPARTMENTS[index], np.flatnonzero(department[:planned] == index)
        fits = {"11": years < 16, "10": female & (years > 18) & (years < 76), "15": ~female & (years > 36)}.get(
            code, years > 18
        )
        chances = weight * fits
        person[rows] = rng.choice(people.residents, len(rows), p=chances / chances.sum())
    person = np.r_[person, urgent.person]
    age = (first - people.born[person]) / 365.25
    unfit = np.isin(department, [DEPARTMENTS.index(code) for code in ("11", "10", "15")])
    unfit[:planned] = False  # people of the emergency room go where their age and sex allow
    department = np.where(unfit, DEPARTMENTS.index("01"), department)
    department = np.where(age < 15, DEPARTMENTS.index("11"), department)
    n = len(person)
    stretch = np.array([table["los_department"].get(code, 1.0) for code in DEPARTMENTS])[department]
    nights = np.clip(
        rng.lognormal(np.log(table["los"]["median"]), table["los"]["sigma"], n) * stretch, 1, table["los"]["longest"]
    )
    admitted = first + np.r_[day, urgent.day]
    principal, second = _diagnoses(rng, department)
    draw = rng.random((n, 3))
    stays = Stays(
        ref=people.ref[person], person=person, department=department, doctor=_doctors(seed, rng, department), admitted=admitted,
        discharged=admitted + np.rint(nights).astype(np.int64), payer=np.r_[people.payer[person[:planned]], urgent.payer],
        principal=principal, second=second, by_er=np.arange(n) >= planned, died=draw[:, 0] < table["died"] * np.clip(age / 60, 0, 1.6),
        moved=draw[:, 1] < table["moved"], serial=np.arange(n), month=np.full(n, month.number),
        tender=rng.choice(3, n, p=[0.83, 0.05, 0.12]), born=people.born[person], female=people.female[person],
        special=people.special[person], special_from=people.special_from[person],
    )  # fmt: skip
    return _apart(stays)


def _apart(stays: Stays) -> Stays:
    """Nobody lies in two beds: a stay that begins within another of the month is left out."""
    order = np.lexsort((stays.admitted, stays.person))
    person, start, stop = stays.person[order], stays.admitted[order], stays.discharged[order]
    clash = np.r_[False, (person[1:] == person[:-1]) & (start[1:] <= stop[:-1])]
    return stays.taken(np.sort(order[~clash]))


def _diagnoses(rng: np.random.Generator, department: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    weights = np.zeros((len(DEPARTMENTS), len(DISEASES)))
    for row, item in enumerate(departments()):
        for code, weight in item["kcd"].items():
            weights[row, DISEASES.index(code)] = weight * (0.3 if code[0] == "R" else 1)
    cumulated = np.cumsum(weights, axis=1) / weights.sum(axis=1)[:, None]
    principal = (rng.random(len(department))[:, None] > cumulated[department]).sum(axis=1)
    second = (rng.random(len(department))[:, None] > cumulated[department]).sum(axis=1)
    letters = np.array([code[0] for code in DISEASES])
    none = (second == principal) | np.isin(letters[second], ("R", "S", "T")) | (rng.random(len(department)) < 0.35)
    second = np.where(none, -1, second)
    return principal, np.where(np.isin(letters[principal], ("S", "T")), DISEASES.index("W19"), second)


def _doctors(seed: int, rng: np.random.Generator, department: np.ndarray) -> np.ndarray:
    world = residents(seed)[0]
    doctor = np.zeros(len(department), dtype=np.int64)
    for index in np.unique(department):
        pool = np.array([i for i, one in enumerate(world.doctors) if one.department == DEPARTMENTS[index]])
        rows = department == index
        doctor[rows] = pool[rng.integers(0, len(pool), int(rows.sum()))]
    return doctor


@lru_cache(maxsize=2)
def around(seed: int, month: Month) -> Stays:
    """Every stay that touches the month."""
    parts = [admissions(seed, month.shifted(-back)) for back in range(REACH, -1, -1)]
    whole = Stays(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])})
    return whole.taken(whole.discharged >= day_number(month.first))


def census(seed: int, month: Month) -> np.ndarray:
    """Beds in use at midnight of each day (재원 환자 수)."""
    stays, first = around(seed, month), day_number(month.first)
    nights = first + np.arange(month.length)
    return ((stays.admitted[:, None] <= nights) & (stays.discharged[:, None] > nights)).sum(axis=0)
