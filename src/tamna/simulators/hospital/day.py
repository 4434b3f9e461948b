"""One day of the hospital: who comes, when, to whom, with what, how long it takes, what is ordered.

Minutes are after midnight. Waits of the past come from playing each doctor's queue; the live hospital uses arrival and
consultation lengths only and lets the product's queue decide the rest.
"""

import heapq
import math
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import holidays
import numpy as np

from tamna.simulators.hospital.figures import departments, figures
from tamna.simulators.hospital.people import Doctor, World

MORNING, AFTERNOON = (540, 750), (810, 1020)
EMERGENCY = "24"


@dataclass
class Visit:
    """One booking or visit of a day. A no-show has `arrival_min` None."""

    number: int
    person: int  # index in the pool
    department: str
    doctor: Doctor
    kind: str  # booked, walkin, emergency
    booked_min: int | None
    lead_days: int
    no_show: bool
    arrival_min: float | None
    consult_min: float
    first_visit: bool
    ktas: int | None
    payer: str
    diagnoses: tuple[str, ...]
    orders: tuple[tuple[str, int], ...]
    tender: str
    desk_min: float = 0.0
    call_min: float = 0.0
    end_min: float = 0.0
    cashier_min: float = 0.0


@lru_cache(maxsize=64)
def _holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("KR", years=year))


def is_closed(on: date) -> bool:
    """Sundays and public holidays: the emergency room only."""
    return on.weekday() == 6 or on in _holidays(on.year)


def expected_outpatients(on: date) -> float:
    """Mean of the day: level × weekday × month × day after a holiday."""
    if is_closed(on):
        return 0.0
    table = figures()
    after = table["after_holiday"]["value"] if (on - timedelta(days=1)) in _holidays(on.year) else 1.0
    return float(
        table["level"]["outpatients"]
        * table["weekday"]["values"][on.weekday()]
        * table["month"]["values"][on.month - 1]
        * after
    )


def plan_day(world: World, on: date) -> list[Visit]:
    """Every person of the day in order of arrival (no-shows last)."""
    rng = world.rng(7, on.toordinal())
    noise = figures()["day_noise"]
    mean = expected_outpatients(on) * rng.lognormal(0, noise["lognormal_sd"])
    count = int(rng.negative_binomial(mean, 1 / noise["variance_to_mean"])) if mean else 0
    visits = _outpatients(world, on, rng, count) + _emergencies(world, on, rng)
    visits.sort(key=lambda visit: (visit.arrival_min is None, visit.arrival_min or visit.booked_min or 0.0))
    for number, visit in enumerate(visits, start=1):
        visit.number = number
    _play_queues(rng, visits)
    return visits


def _outpatients(world: World, on: date, rng: np.random.Generator, count: int) -> list[Visit]:
    table = [item for item in departments() if item["share"]]
    shares = np.array([item["share"] for item in table], dtype=float)
    chosen = rng.choice(len(table), count, p=shares / shares.sum())
    saturday = on.weekday() == 5
    doctors = _on_duty(world, table, np.bincount(chosen, minlength=len(table)), rng, saturday)
    draws = rng.random((count, 8))
    visits: list[Visit] = []
    seen: set[int] = set()
    for i in range(count):
        item, draw = table[int(chosen[i])], draws[i]
        person, chronic = _pick(world, item, rng, draw[0])
        if person in seen:
            continue
        seen.add(person)
        booked = draw[1] < figures()["booked_share"]["value"] * (1.25 if chronic else 0.8)
        session = 0 if saturday or draw[2] < figures()["walk_in"]["morning"] else 1
        doctor = doctors[item["code"], session][int(draw[3] * len(doctors[item["code"], session]))]
        start, end = (MORNING, AFTERNOON)[session]
        lead, booked_min, arrival, no_show = 0, None, 0.0, False
        if booked:
            lead = int(min(90, rng.lognormal(2.4, 1.1)))
            booked_min = int(start + 10 * int(draw[4] * (end - start) / 10))
            no_show = bool(draw[5] < _no_show_chance(world.people[person].no_show, lead))
            arrival = booked_min - float(rng.normal(14, 11))
        else:
            shape = (1.5, 2.6) if session == 0 else (1.4, 2.6)
            low, high = ((515, 715), (795, 995))[session]
            arrival = low + (high - low) * float(rng.beta(*shape))
        first = not chronic and draw[6] < 0.4
        minutes = item["minutes"] * float(rng.lognormal(0, 0.55)) * (1.6 if first else 1.0)
        diagnoses = _diagnoses(world, item, person, chronic, rng)
        visits.append(
            Visit(
                0, person, item["code"], doctor, "booked" if booked else "walkin", booked_min, lead, no_show,
                None if no_show else max(490.0, arrival), minutes, first, None,
                _payer(world, person, item["code"], draw[7]), diagnoses, _orders(item["code"], diagnoses, rng), _tender(rng),
            )
        )  # fmt: skip
    return visits


def _no_show_chance(habit: float, lead: int) -> float:
    """Habit × lead time; the mean over bookings is about 9 %."""
    by_lead = 0.3 if lead == 0 else 0.75 if lead == 1 else 0.85 if lead <= 7 else 1.05
    return min(0.9, habit * by_lead)


def _on_duty(world: World, table: list[dict[str, Any]], load: np.ndarray, rng: np.random.Generator, saturday: bool) -> dict[tuple[str, int], list[Doctor]]:  # fmt: skip
    """Doctors seeing outpatients in each half day: as many as the expected load needs at a use that gives the waits of the surveys."""
    duty = {}
    for item, patients in zip(table, load, strict=True):
        pool = [doctor for doctor in world.doctors if doctor.department == item["code"]]
        order = [pool[i] for i in rng.permutation(len(pool))]
        for session, part in ((0, 1.0 if saturday else 0.62), (1, 0.0 if saturday else 0.38)):
            needed = math.ceil(patients * part * item["minutes"] * 1.35 / (185 * 1.75)) if part else 1
            duty[item["code"], session] = order[: max(1, min(len(order), needed))]
    return duty


def _pick(world: World, item: dict[str, Any], rng: np.random.Generator, draw: float) -> tuple[int, bool]:
    """A chronic patient of the department, or somebody fitting (children, women, men, anyone)."""
    own = world.by_home.get(item["code"])
    if own is not None and len(own) > 30 and draw < item["chronic"]:
        return int(own[int(rng.integers(0, len(own)))]), True
    groups = {"11": world.children, "10": world.women, "15": world.men}
    pool = groups.get(item["code"], world.adults)
    return int(pool[int(rng.integers(0, len(pool)))]), False


def _diagnoses(
    world: World, item: dict[str, Any], person: int, chronic: bool, rng: np.random.Generator
) -> tuple[str, ...]:
    codes = list(item["kcd"])
    chances = np.array(list(item["kcd"].values()), dtype=float)
    first = world.people[person].disease if chronic and world.people[person].disease in item["kcd"] else None
    if first is None:
        first = codes[int(rng.choice(len(codes), p=chances / chances.sum()))]
    if first[0] == "R":  # a symptom is the principal diagnosis only where nothing was found
        return (first,)
    if first[0] in "ST" and rng.random() < 0.9:
        return (first, "W19")
    others = [codes[int(i)] for i in rng.integers(0, len(codes), int(rng.random() < 0.45) + int(rng.random() < 0.2))]
    return tuple(dict.fromkeys([first, *(code for code in others if code[0] != "R")]))


def _orders(department: str, diagnoses: tuple[str, ...], rng: np.random.Generator) -> tuple[tuple[str, int], ...]:
    menu = figures("orders")
    sets = list(menu["departments"].get(department, ()))
    for code in diagnoses:
        sets += menu["kcd"].get(code, ())
    draws = rng.random(len(sets))
    chosen: dict[str, int] = {}
    for (chance, code, quantity), draw in zip(sets, draws, strict=True):
        if draw < chance:
            chosen.setdefault(code, quantity)
    return tuple(chosen.items())


def _payer(world: World, person: int, department: str, draw: float) -> str:
    """Accidents have their own payer for that visit."""
    if department in ("05", "06", "24") and draw < 0.06:
        return "auto" if draw < 0.045 else "industrial"
    return world.people[person].payer


def _tender(rng: np.random.Generator) -> str:
    draw = rng.random()
    return "card" if draw < 0.78 else "cash" if draw < 0.93 else "transfer"


def _emergencies(world: World, on: date, rng: np.random.Generator) -> list[Visit]:
    table = next(item for item in departments() if item["code"] == EMERGENCY)
    visitors = figures()["visitors_month"]["values"][on.month - 1]
    mean = figures()["level"]["emergency"] * (0.9 + 0.1 * visitors) * (1.25 if is_closed(on) else 1.0)
    weights = np.array(figures()["ed_hour"]["values"])
    doctors = [doctor for doctor in world.doctors if doctor.department == EMERGENCY]
    visits = []
    for _ in range(int(rng.negative_binomial(mean, 0.5))):
        hour = int(rng.choice(24, p=weights / weights.sum()))
        person = int(rng.integers(0, len(world.people)))
        ktas = int(rng.choice(5, p=[0.01, 0.07, 0.37, 0.43, 0.12])) + 1
        diagnoses = _diagnoses(world, table, person, False, rng)
        visits.append(
            Visit(
                0, person, EMERGENCY, doctors[hour // 6 % len(doctors)], "emergency", None, 0, False,
                hour * 60 + float(rng.random() * 60), 8 + float(rng.lognormal(1.8, 0.6)), True, ktas,
                _payer(world, person, EMERGENCY, float(rng.random())), diagnoses, _orders(EMERGENCY, diagnoses, rng), _tender(rng),
            )
        )  # fmt: skip
    return visits


def _play_queues(rng: np.random.Generator, visits: list[Visit]) -> None:
    """Play desks, doctors and cashiers as they would have gone without help."""
    desks = [0.0] * 3
    free: dict[str, float] = {}
    late: dict[str, float] = {}
    for visit in visits:
        if visit.arrival_min is None:
            continue
        at = heapq.heappop(desks)
        begins = max(at, visit.arrival_min)
        visit.desk_min = begins + float(rng.lognormal(math.log(4.0 if visit.first_visit else 2.0), 0.35))
        heapq.heappush(desks, visit.desk_min)
        doctor = visit.doctor.license_no
        if visit.kind != "emergency" and doctor not in late:
            late[doctor] = abs(float(rng.normal(0, 6.0)))
        opens = (
            0.0
            if visit.kind == "emergency"
            else (MORNING[0] if visit.arrival_min < 780 else AFTERNOON[0]) + late[doctor]
        )
        visit.call_min = max(visit.desk_min, free.get(doctor, 0.0), opens)
        if visit.kind != "emergency" and MORNING[1] < visit.call_min < AFTERNOON[0] and visit.arrival_min > 770:
            visit.call_min = float(AFTERNOON[0])
        if visit.kind == "emergency":
            visit.call_min = visit.desk_min + float(rng.exponential(4.0 if (visit.ktas or 3) <= 2 else 14.0))
        visit.end_min = visit.call_min + visit.consult_min
        free[doctor] = visit.end_min if visit.kind != "emergency" else 0.0
        visit.cashier_min = visit.end_min + 1 + float(rng.lognormal(math.log(4.0), 0.6))
