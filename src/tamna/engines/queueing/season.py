"""A day under another season, staffing or opening hours, played many times (성수기·비수기 모의).

Arrivals are Poisson by half hour, scaled by the season; whoever comes is served in order by `servers` rooms or counters between opening
and closing (Kiefer & Wolfowitz 1955). Who comes before opening waits for it; who is there at closing is still served.
In: arrivals a half hour of a usual day. Out: means with 80 % intervals over the plays.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

STEP = 30.0


@dataclass(frozen=True)
class Scenario:
    """What is asked. Minutes are of the day."""

    name: str
    demand: float = 1.0
    servers: int = 1
    opens: int = 9 * 60
    closes: int = 17 * 60 + 30
    visit_min: float = 7.0
    visit_spread: float = 0.55


@dataclass(frozen=True)
class Expected:
    """A day: people, mean wait with its interval, share that waits over half an hour, minutes after closing, use of the rooms."""

    people: float
    wait: float
    low80: float
    high80: float
    over_30: float
    overtime: float
    used: float


def play(
    arrivals: Sequence[float], scenario: Scenario, *, first_minute: int = 480, times: int = 200, seed: int = 0
) -> Expected:
    """The same seed draws the same days for every scenario of one demand."""
    chance = np.random.default_rng(seed)
    means, longs, after, busy, counts = [], [], [], [], []
    rates = np.maximum(np.asarray(arrivals, dtype=float), 0) * scenario.demand
    for _ in range(times):
        numbers = chance.poisson(rates)
        comes = np.sort(
            np.repeat(first_minute + STEP * np.arange(len(rates)), numbers)
            + chance.uniform(0, STEP, int(numbers.sum()))
        )
        comes = comes[comes < scenario.closes]
        takes = scenario.visit_min * np.exp(
            chance.normal(-(scenario.visit_spread**2) / 2, scenario.visit_spread, len(comes))
        )
        free = [float(scenario.opens)] * max(scenario.servers, 1)
        waits = np.empty(len(comes))
        for n, (at, takes_min) in enumerate(zip(comes.tolist(), takes.tolist(), strict=True)):
            k = free.index(min(free))
            begins = max(at, free[k])
            waits[n] = begins - at
            free[k] = begins + takes_min
        counts.append(len(comes))
        means.append(waits.mean() if len(waits) else 0.0)
        longs.append(float((waits > 30).mean()) if len(waits) else 0.0)
        after.append(max(0.0, max(free) - scenario.closes))
        busy.append(takes.sum() / (len(free) * (scenario.closes - scenario.opens)))
    low, high = np.quantile(means, (0.1, 0.9))
    return Expected(
        *(
            round(float(value), 3)
            for value in (np.mean(counts), np.mean(means), low, high, np.mean(longs), np.mean(after), np.mean(busy))
        )
    )
