"""A month of bookings, walk-ins and emergencies drawn as columns, with the waits that follow from playing the queues.

Minutes are after midnight. A no-show has no times. The chance behind each no-show is kept for the truth file only.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from tamna.simulators.hospital.crowd import DEPARTMENTS, DISEASES, PAYERS, Crowd, crowd, residents
from tamna.simulators.hospital.day import AFTERNOON, EMERGENCY, MORNING
from tamna.simulators.hospital.figures import departments, figures
from tamna.simulators.hospital.people import World
from tamna.simulators.hospital.seasons import Month, days, stomach

WALKIN, BOOKED, ED = 0, 1, 2
KINDS = ["walkin", "booked", "emergency"]
NONE = -1


@dataclass
class Visits:
    """Columns over the bookings and visits of a month, in order of day and arrival."""

    day: np.ndarray  # index of the day in the month
    person: np.ndarray
    department: np.ndarray
    doctor: np.ndarray  # index in World.doctors
    kind: np.ndarray
    lead: np.ndarray
    booked: np.ndarray  # minute of the booking, NaN for none
    no_show: np.ndarray
    no_show_chance: np.ndarray
    first: np.ndarray
    payer: np.ndarray
    ktas: np.ndarray  # 0 outside the emergency room
    admitted: np.ndarray
    principal: np.ndarray  # index of DISEASES
    second: np.ndarray
    third: np.ndarray
    tender: np.ndarray
    arrive: np.ndarray
    desk: np.ndarray
    call: np.ndarray
    end: np.ndarray
    paid: np.ndarray

    def __len__(self) -> int:
        return len(self.day)

    def taken(self, chosen: np.ndarray) -> "Visits":
        return Visits(**{name: column[chosen] for name, column in vars(self).items()})


def drawn(rng: np.random.Generator, mean: np.ndarray, day_sd: float, ratio: float) -> np.ndarray:
    """Counts with the given variance/mean around a mean that itself wavers from day to day."""
    wavering = mean * rng.lognormal(0, day_sd, len(mean)) if day_sd else mean
    counts = np.zeros(len(mean), dtype=np.int64)
    busy = wavering > 0
    counts[busy] = rng.negative_binomial(wavering[busy] / (ratio - 1), 1 / ratio)
    return counts


def pick(rng: np.random.Generator, weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """For each row number, a column drawn by that row's weights."""
    cumulated = np.cumsum(weights, axis=1)
    cumulated /= cumulated[:, -1:]
    return (rng.random(len(rows))[:, None] > cumulated[rows]).sum(axis=1)


@lru_cache(maxsize=1)
def _department_columns() -> dict[str, np.ndarray]:
    table = departments()
    return {name: np.array([item[name] for item in table], dtype=float) for name in ("share", "minutes", "chronic")}


def _disease_weights(seed: int, month: Month) -> tuple[np.ndarray, np.ndarray]:
    """Weights (day, department) and (department, disease) of the month's season."""
    calendar = days(seed, month)
    table, more = departments(), figures("years")
    flu = calendar["flu"].to_numpy()
    middle = float(flu.mean())
    shares = np.tile(_department_columns()["share"], (month.length, 1))
    for code, strength in more["flu_departments"].items():
        shares[:, DEPARTMENTS.index(code)] *= 1 + strength * flu
    tummy = stomach(month.days[14])
    diseases = np.zeros((len(table), len(DISEASES)))
    for row, item in enumerate(table):
        for code, weight in item["kcd"].items():
            season = 1 + more["flu"]["weight"] * middle * more["flu_codes"].get(code, 0)
            season *= 1 + more["stomach"]["weight"] * tummy * more["stomach_codes"].get(code, 0)
            diseases[row, DISEASES.index(code)] = weight * season
    return shares, diseases


@lru_cache(maxsize=2)
def outpatients(seed: int, month: Month) -> Visits:
    """Bookings and walk-ins of the month. Raises nothing; closed days have none."""
    world, people = residents(seed)[0], crowd(seed, month)
    rng, noise = world.rng(51, month.number), figures()["day_noise"]
    calendar = days(seed, month)
    counts = drawn(rng, calendar["expected_outpatients"].to_numpy(), noise["lognormal_sd"], noise["variance_to_mean"])
    day = np.repeat(np.arange(month.length), counts)
    shares, diseases = _disease_weights(seed, month)
    department = pick(rng, shares, day)
    person, chronic = _persons(people, rng, month, day, department)
    _, kept = np.unique(day * 1_000_000 + person, return_index=True)
    kept.sort()
    day, department, person, chronic = day[kept], department[kept], person[kept], chronic[kept]
    n = len(day)
    saturday = calendar["weekday"].to_numpy()[day] == 5
    afternoon = ~saturday & (rng.random(n) >= figures()["walk_in"]["morning"])
    booked = rng.random(n) < figures()["booked_share"]["value"] * np.where(chronic, 1.18, 0.8)
    booked &= person < people.residents
    lead = np.where(booked, np.minimum(90, rng.lognormal(2.4, 1.1, n)).astype(int), 0)
    chance = np.where(booked, _no_show_chance(people, person, lead, month), 0.0)
    no_show = rng.random(n) < chance
    start = np.where(afternoon, AFTERNOON[0], MORNING[0])
    slot = start + 10 * rng.integers(0, 21, n)
    early = np.where(rng.random(n) < 0.03, rng.normal(-6, 6, n), rng.normal(14, 11, n))
    walk = np.where(afternoon, 795 + 200 * rng.beta(1.4, 2.6, n), 515 + 200 * rng.beta(1.5, 2.6, n))
    arrive = np.maximum(490.0, np.where(booked, slot - early, walk))
    first = ~chronic & (rng.random(n) < 0.4)
    minutes = _department_columns()["minutes"][department] * rng.lognormal(0, 0.55, n) * np.where(first, 1.6, 1.0)
    doctor = _on_duty(world, rng, day, department, afternoon, saturday)
    payer = _payers(people, rng, person, department)
    principal, second, third = _diagnoses(people, rng, diseases, person, department, chronic)
    visits = Visits(
        day=day, person=person, department=department, doctor=doctor, kind=np.where(booked, BOOKED, WALKIN), lead=lead,
        booked=np.where(booked, slot, np.nan), no_show=no_show, no_show_chance=chance, first=first, payer=payer,
        ktas=np.zeros(n, dtype=np.int64), admitted=np.zeros(n, dtype=bool), principal=principal, second=second, third=third,
        tender=_tenders(rng, n), arrive=arrive, desk=arrive, call=arrive, end=minutes, paid=arrive,
    )  # fmt: skip
    visits = visits.taken(np.lexsort((visits.arrive, visits.day)))
    _play(world, rng, visits, people)
    return visits


@lru_cache(maxsize=4)
def emergencies(seed: int, month: Month) -> Visits:
    """The emergency room, day and night (응급실)."""
    world, people = residents(seed)[0], crowd(seed, month)
    rng, more, calendar = world.rng(52, month.number), figures("years"), days(seed, month)
    counts = drawn(rng, calendar["expected_emergency"].to_numpy(), 0.0, figures()["day_noise"]["variance_to_mean"])
    day = np.repeat(np.arange(month.length), counts)
    n = len(day)
    hours = np.array(figures()["ed_hour"]["values"])
    arrive = np.sort(rng.choice(24, n, p=hours / hours.sum()) * 60 + rng.random(n) * 60)[rng.permutation(n)]
    alive = np.flatnonzero(people.born[: people.residents] < _born_before(month))
    person = alive[rng.integers(0, len(alive), n)]
    tourist = rng.random(n) < more["tourist_share"]["emergency"] * calendar["visitors_index"].to_numpy()[day]
    person = np.where(tourist, rng.integers(people.residents, len(people.born), n), person)
    department = np.full(n, DEPARTMENTS.index(EMERGENCY))
    ktas = rng.choice(5, n, p=more["emergency"]["ktas"]) + 1
    admitted = rng.random(n) < np.array(more["emergency"]["admitted"])[ktas - 1]
    _, diseases = _disease_weights(seed, month)
    nobody = np.zeros(n, dtype=bool)
    principal, second, third = _diagnoses(people, rng, diseases, person, department, nobody)
    staff = np.array([i for i, doctor in enumerate(world.doctors) if doctor.department == EMERGENCY])
    desk = arrive + 1 + rng.exponential(2.0, n)
    call = desk + rng.exponential(np.where(ktas <= 2, 4.0, 14.0))
    end = call + 8 + rng.lognormal(1.8, 0.6, n)
    visits = Visits(
        day=day, person=person, department=department, doctor=staff[(arrive // 360).astype(int) % len(staff)],
        kind=np.full(n, ED), lead=np.zeros(n, dtype=np.int64), booked=np.full(n, np.nan), no_show=nobody, no_show_chance=np.zeros(n),
        first=~nobody, payer=_payers(people, rng, person, department), ktas=ktas, admitted=admitted, principal=principal,
        second=second, third=third, tender=_tenders(rng, n), arrive=arrive, desk=desk, call=call, end=end,
        paid=end + 30 + rng.lognormal(4.6, 0.7, n),
    )  # fmt: skip
    _, kept = np.unique(day * 1_000_000 + person, return_index=True)
    visits = visits.taken(kept)
    return visits.taken(np.lexsort((visits.arrive, visits.day)))


def _born_before(month: Month) -> int:
    from tamna.simulators.hospital.seasons import day_number

    return day_number(month.first) - 30


def _persons(
    people: Crowd, rng: np.random.Generator, month: Month, day: np.ndarray, department: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A chronic patient of the department, somebody fitting, or a visitor."""
    known = people.residents
    years = (_born_before(month) + 45 - people.born[:known]) / 365.25
    alive = people.born[:known] < _born_before(month)
    female = people.female[:known]
    fitting = {
        "11": alive & (years < 16), "10": alive & female & (years > 16) & (years < 76), "15": alive & ~female & (years > 36),
    }  # fmt: skip
    person, chronic = np.zeros(len(day), dtype=np.int64), np.zeros(len(day), dtype=bool)
    table = departments()
    for index in np.unique(department):
        rows = np.flatnonzero(department == index)
        code = table[index]["code"]
        pool = np.flatnonzero(fitting.get(code, alive & (years > 18)))
        own = np.flatnonzero(alive & (people.home[:known] == index))
        is_own = (rng.random(len(rows)) < table[index]["chronic"]) & (len(own) > 30)
        person[rows] = np.where(
            is_own, own[rng.integers(0, max(1, len(own)), len(rows))] if len(own) else 0, pool[rng.integers(0, len(pool), len(rows))]
        )  # fmt: skip
        chronic[rows] = is_own
    share = figures("years")["tourist_share"]["outpatient"]
    tourist = ~chronic & (rng.random(len(day)) < share / 0.45)
    grown = np.isin(department, [DEPARTMENTS.index(code) for code in ("10", "11", "15")])
    tourist &= ~grown
    person = np.where(tourist, rng.integers(known, len(people.born), len(day)), person)
    return person, chronic


def _no_show_chance(people: Crowd, person: np.ndarray, lead: np.ndarray, month: Month) -> np.ndarray:
    """Level × habit × lead time × age, held under 0.9."""
    more = figures("years")
    by_lead, by_age = more["lead_no_show"], more["age_no_show"]
    years = (_born_before(month) + 45 - people.born[person]) / 365.25
    factor = np.array(by_lead["values"])[np.digitize(lead, by_lead["edges"])] / 0.27
    factor = factor * np.array(by_age["values"])[np.digitize(years, by_age["edges"])] / 0.18
    habit = people.no_show[person] / figures()["no_show"]["mean"]
    return np.minimum(0.9, more["no_show_level"] * habit * factor)


def _on_duty(
    world: World, rng: np.random.Generator, day: np.ndarray, department: np.ndarray, afternoon: np.ndarray, saturday: np.ndarray
) -> np.ndarray:  # fmt: skip
    """A doctor for each: as many see patients in a half day as the expected load needs, in an order of the day."""
    more, table = figures("years")["waits"], departments()
    doctor = np.zeros(len(day), dtype=np.int64)
    for index in np.unique(department):
        pool = np.array([i for i, one in enumerate(world.doctors) if one.department == table[index]["code"]])
        rows = np.flatnonzero(department == index)
        half = day[rows] * 2 + afternoon[rows]
        load = np.bincount(half, minlength=(int(day.max()) + 1) * 2)
        needed = np.ceil(load * table[index]["minutes"] * more["use"] / more["session_min"]).astype(int)
        needed = np.clip(needed, 1, len(pool))
        orders = np.array([rng.permutation(pool) for _ in range(len(load))])
        place = (rng.random(len(rows)) * needed[half]).astype(int)
        doctor[rows] = orders[half, place]
    return doctor


def _payers(people: Crowd, rng: np.random.Generator, person: np.ndarray, department: np.ndarray) -> np.ndarray:
    """Accidents have their own payer for that visit."""
    draw = rng.random(len(person))
    accident = np.isin(department, [DEPARTMENTS.index(code) for code in ("05", "06", EMERGENCY)]) & (draw < 0.06)
    return np.where(
        accident, np.where(draw < 0.045, PAYERS.index("auto"), PAYERS.index("industrial")), people.payer[person]
    )


def _diagnoses(
    people: Crowd, rng: np.random.Generator, weights: np.ndarray, person: np.ndarray, department: np.ndarray, chronic: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Principal and up to two others (NONE). A symptom stands alone; an injury brings its cause."""
    n = len(person)
    own = people.disease[person]
    principal = pick(rng, weights, department)
    principal = np.where(chronic & (own >= 0), own, principal)
    letters = np.array([code[0] for code in DISEASES])
    draw = rng.random((n, 3))
    second = np.where(draw[:, 0] < 0.45, pick(rng, weights, department), NONE)
    third = np.where((second != NONE) & (draw[:, 1] < 0.2), pick(rng, weights, department), NONE)
    for column in (second, third):
        column[(column != NONE) & (np.isin(letters[column], ("R", "S", "T")) | (column == principal))] = NONE
    third[third == second] = NONE
    injury = np.isin(letters[principal], ("S", "T")) & (draw[:, 2] < 0.9)
    second = np.where(injury, DISEASES.index("W19"), np.where(letters[principal] == "R", NONE, second))
    third = np.where(injury | (letters[principal] == "R"), NONE, third)
    return principal, second, third


TENDERS = ["card", "cash", "transfer"]


def _tenders(rng: np.random.Generator, n: int) -> np.ndarray:
    table: dict[str, Any] = figures()["tender"]
    return rng.choice(3, n, p=[table[name] for name in TENDERS])


def _served(ready: np.ndarray, minutes: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Ends of service, first come first served, one server a line; rows of a line stand together in order of coming.

    end(n) = work(n) + max over k ≤ n of (ready(k) − work(k−1)): one running maximum, lines kept apart by an offset.
    """
    if not len(ready):
        return ready
    starts = np.flatnonzero(np.r_[True, line[1:] != line[:-1]])
    place = np.cumsum(np.r_[True, line[1:] != line[:-1]]) - 1
    work = np.cumsum(minutes)
    before = work - minutes
    work, before = work - before[starts][place], before - before[starts][place]
    offset = place * 1e5
    return work + np.maximum.accumulate(ready - before + offset) - offset


def _play(world: World, rng: np.random.Generator, visits: Visits, people: Crowd) -> None:
    """Desks, doctors and cashiers as they would have gone without help. Turns `end` (a length) into a time."""
    waits = figures("years")["waits"]
    came = ~visits.no_show
    rows = np.flatnonzero(came)
    n = len(rows)
    medians = np.where(
        people.foreign[visits.person[rows]], waits["desk_foreign"], np.where(visits.first[rows], waits["desk_first"], waits["desk_return"])
    )  # fmt: skip
    line = visits.day[rows] * waits["desks"] + np.arange(n) % waits["desks"]
    order = np.argsort(line, kind="stable")
    ends = np.empty(n)
    ends[order] = _served(visits.arrive[rows][order], (medians * rng.lognormal(0, 0.35, n))[order], line[order])
    visits.desk[rows] = ends
    afternoon = visits.arrive[rows] >= 770
    late = np.abs(rng.normal(0, waits["late_mean"] * 1.2533, (int(visits.day.max()) + 1, len(world.doctors), 2)))
    opens = (
        np.where(afternoon, AFTERNOON[0], MORNING[0])
        + late[visits.day[rows], visits.doctor[rows], afternoon.astype(int)]
    )
    line = (visits.day[rows] * len(world.doctors) + visits.doctor[rows]) * 2 + afternoon
    ready = np.maximum(ends, opens)
    order = np.lexsort((ready, line))
    minutes = visits.end[rows]
    done = np.empty(n)
    done[order] = _served(ready[order], minutes[order], line[order])
    visits.call[rows], visits.end[rows] = done - minutes, done
    visits.paid[rows] = done + 1 + rng.lognormal(np.log(4.0), 0.6, n)
    for column in (visits.arrive, visits.desk, visits.call, visits.end, visits.paid):
        column[~came] = np.nan
