"""A booked session played many times (진료 회기 모의): waits, idle and overtime of one way of spacing bookings.

Individual appointments with an optional block at the beginning (Bailey & Welch 1952). In: how many are booked, minutes between
them, mean and spread of a consultation, chance of missing. Out: means over the plays with 80 % intervals of a single day.
"""

from dataclasses import dataclass

import numpy as np

EARLY_MEAN, EARLY_SPREAD = -5.0, 8.0  # minutes around the booked time [?]


@dataclass(frozen=True)
class Plan:
    """How a session is booked."""

    booked: int
    every_min: float
    visit_min: float
    visit_spread: float = 0.55  # of the logarithm
    missing: float = 0.09
    at_start: int = 1  # booked for the first minute


@dataclass(frozen=True)
class Outcome:
    """Mean and 80 % interval of a day's mean wait; means of idle minutes and of minutes after the planned end."""

    wait: float
    low80: float
    high80: float
    idle: float
    overtime: float


def play(plan: Plan, *, times: int = 400, seed: int = 0) -> Outcome:
    """The same seed draws the same patients, so that two plans differ by the plan alone."""
    chance = np.random.default_rng(seed)
    size = (times, plan.booked)
    place = np.maximum(np.arange(plan.booked) - (plan.at_start - 1), 0)
    booked = place * plan.every_min
    arrives = np.maximum(booked + chance.normal(EARLY_MEAN, EARLY_SPREAD, size), -30)
    takes = plan.visit_min * np.exp(chance.normal(-(plan.visit_spread**2) / 2, plan.visit_spread, size))
    comes = chance.random(size) >= plan.missing
    free = np.zeros(times)
    idle, waits = np.zeros(times), np.zeros(size)
    for n in range(plan.booked):
        begins = np.maximum(free, np.maximum(arrives[:, n], 0.0))
        waits[:, n] = np.maximum(begins - np.maximum(arrives[:, n], booked[n]), 0)
        idle += np.where(comes[:, n], begins - free, 0)
        free = np.where(comes[:, n], begins + takes[:, n], free)
    came = np.maximum(comes.sum(axis=1), 1)
    days = np.where(comes, waits, 0).sum(axis=1) / came
    low, high = np.quantile(days, (0.1, 0.9))
    end = plan.booked * plan.every_min
    return Outcome(
        *(round(float(value), 1) for value in (days.mean(), low, high, idle.mean(), np.maximum(free - end, 0).mean()))
    )
