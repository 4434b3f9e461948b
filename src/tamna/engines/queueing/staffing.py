"""Counters for each half hour, and whole shifts that cover them (창구 인력 배치).

Paper: Erlang 1917 (M/M/c); Green, Kolesar & Soares 2001 (stationary by period, arrivals lagged by a service time). The least number of
counters keeps the mean wait within the target; shifts are a covering problem solved exactly by HiGHS (`scipy.optimize.milp`).
In: people an interval, minutes a person. Out: counters and expected waits by interval, shifts. Raises InputError.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tamna.engines.errors import InputError

STEP_MIN = 30.0
MOST = 40


@dataclass(frozen=True)
class Shift:
    """Someone's day: first interval, how many, which of them is the break (-1: none)."""

    first: int
    length: int
    pause: int = -1
    pause_length: int = 0

    def covers(self, step: int) -> bool:
        inside = self.first <= step < self.first + self.length
        return inside and not (self.pause_length and self.pause <= step < self.pause + self.pause_length)

    @property
    def paid(self) -> int:
        return self.length - self.pause_length


@dataclass(frozen=True)
class Staffing:
    """Counters needed, staffed, and the mean wait told for each interval; shifts as (shift, people)."""

    needed: tuple[int, ...]
    staffed: tuple[int, ...]
    waits: tuple[float, ...]
    shifts: tuple[tuple[Shift, int], ...]
    is_exact: bool

    @property
    def people(self) -> int:
        return sum(count for _, count in self.shifts)


def mean_wait(arrivals: float, minutes: float, counters: int, step_min: float = STEP_MIN) -> float:
    """Mean minutes in the queue of M/M/c; infinite where more come than can be served."""
    if arrivals <= 0:
        return 0.0
    load = arrivals * minutes / step_min
    if counters <= load:
        return math.inf
    term = total = 1.0
    for n in range(1, counters):
        term *= load / n
        total += term
    term *= load / counters
    delayed = term / (1 - load / counters)
    return delayed / (total + delayed) * minutes / (counters - load)


def counters_for(arrivals: float, minutes: float, target_min: float, step_min: float = STEP_MIN) -> int:
    """The fewest counters within the target; none where nobody comes."""
    if arrivals <= 0:
        return 0
    return next((n for n in range(1, MOST) if mean_wait(arrivals, minutes, n, step_min) <= target_min), MOST)


def shifts_of(steps: int, *, full: int = 18, half: int = 8, pause: int = 2) -> list[Shift]:
    """Full days of nine hours with an hour's break in the middle, and half days of four hours, on every half hour."""
    found = [Shift(first, half) for first in range(steps - half + 1)]
    for first in range(steps - full + 1):
        found += [Shift(first, full, first + middle, pause) for middle in range(6, 12)]
    return found or [Shift(0, steps)]


def staff(
    arrivals: Sequence[float], minutes: float, *, target_min: float = 5.0, spare: int = 0, least: int = 1
) -> Staffing:
    """Counters and shifts of one day of half hours."""
    if minutes <= 0 or target_min <= 0 or not arrivals:
        raise InputError("bad_plan", "minutes and target must be above nought", "target_min", "5")
    needed = [max(least, counters_for(people, minutes, target_min)) + spare for people in arrivals]
    shifts = shifts_of(len(needed))
    counts, is_exact = _cover(needed, shifts)
    staffed = [
        sum(count for shift, count in zip(shifts, counts, strict=True) if shift.covers(step))
        for step in range(len(needed))
    ]
    waits = [min(mean_wait(people, minutes, number), 999.0) for people, number in zip(arrivals, staffed, strict=True)]
    used = tuple((shift, count) for shift, count in zip(shifts, counts, strict=True) if count)
    return Staffing(tuple(needed), tuple(staffed), tuple(round(wait, 1) for wait in waits), used, is_exact)


def _cover(needed: Sequence[int], shifts: Sequence[Shift]) -> tuple[list[int], bool]:
    """The cheapest whole numbers of shifts: paid half hours first, then people."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    covers = np.array([[float(shift.covers(step)) for shift in shifts] for step in range(len(needed))])
    prices = np.array([shift.paid + 0.5 for shift in shifts])
    found = milp(prices, constraints=LinearConstraint(covers, lb=np.array(needed, dtype=float)), integrality=np.ones(len(shifts)),
                 bounds=Bounds(0, MOST), options={"time_limit": 10.0})  # fmt: skip
    if found.x is None:
        raise InputError("no_plan", "no shifts cover these hours", "arrivals", "half hours of one day")
    return [round(value) for value in found.x], bool(found.status == 0)
