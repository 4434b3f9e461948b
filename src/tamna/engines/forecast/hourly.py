"""A day's forecast spread over departments and hours (과·시간대별 내원), each with an 80 % interval.

Shares are those of the last eight days of the same weekday, drawn to the shares of every weekday; the spread of counts around them
(variance over mean, at least Poisson's) is measured on the same days; the day's own uncertainty is added. In: counts of past days,
told days. Out: one row a day, department and hour. Rows without a past are left out.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

WEEKS = 8
PULL = 60.0  # visits of the usual shares that a weekday's own are mixed with
Z80 = 1.2816

Counts = Mapping[tuple[date, str, int], int]  # (day, department, hour) → visits


@dataclass(frozen=True)
class Hour:
    """One hour of one department; `baseline` is the same hour a week before (or two)."""

    on: date
    department: str
    hour: int
    mean: float
    low80: float
    high80: float
    baseline: float


def by_hour(counts: Counts, told: Mapping[date, tuple[float, float, float]]) -> list[Hour]:
    """Rows of the days told as (mean, low80, high80), in order."""
    from scipy.stats import nbinom, poisson

    totals: dict[date, float] = defaultdict(float)
    for (on, _, _), n in counts.items():
        totals[on] += n
    days = sorted(totals)
    cells = sorted({(department, hour) for _, department, hour in counts})
    usual = _shares(counts, days, cells)
    found = []
    for on, (mean, low, high) in sorted(told.items()):
        alike = [day for day in days if day.weekday() == on.weekday() and day < on][-WEEKS:]
        shares = _drawn(_sums(counts, alike, cells), sum(totals[day] for day in alike), usual)
        wide = _dispersion(counts, alike, shares, totals)
        spread = max(high - low, 0.0) / (2 * Z80)
        for cell in cells:
            centre = mean * shares[cell]
            if centre < 0.05:
                continue
            variance = wide * centre + (shares[cell] * spread) ** 2
            if variance > centre * 1.01:
                size = centre * centre / (variance - centre)
                ends = nbinom.ppf((0.1, 0.9), size, size / (size + centre))
            else:
                ends = poisson.ppf((0.1, 0.9), centre)
            before = next((counts.get((day, *cell), 0) for day in reversed(alike)), 0)
            found.append(
                Hour(
                    on,
                    *cell,
                    round(centre, 2),
                    min(float(ends[0]), float(math.floor(centre))),
                    max(float(ends[1]), float(math.ceil(centre))),
                    float(before),
                )
            )
    return found


def _sums(counts: Counts, days: Iterable[date], cells: Iterable[tuple[str, int]]) -> dict[tuple[str, int], float]:
    known = list(days)
    return {cell: float(sum(counts.get((day, *cell), 0) for day in known)) for cell in cells}


def _shares(counts: Counts, days: list[date], cells: list[tuple[str, int]]) -> dict[tuple[str, int], float]:
    sums = _sums(counts, days, cells)
    total = sum(sums.values())
    return {cell: n / total if total else 0.0 for cell, n in sums.items()}


def _drawn(
    sums: Mapping[tuple[str, int], float], total: float, usual: Mapping[tuple[str, int], float]
) -> dict[tuple[str, int], float]:
    return {cell: (n + PULL * usual[cell]) / (total + PULL) for cell, n in sums.items()}


def _dispersion(
    counts: Counts, days: list[date], shares: Mapping[tuple[str, int], float], totals: Mapping[date, float]
) -> float:
    """Variance over mean around the shares, over the days they come from."""
    squares = expected = 0.0
    for day in days:
        for cell, share in shares.items():
            centre = share * totals[day]
            if centre > 0:
                squares += (counts.get((day, *cell), 0) - centre) ** 2
                expected += centre
    free = max(len(days) - 1, 1) / max(len(days), 1)
    return max(1.0, squares / expected / free) if expected and math.isfinite(squares) else 1.0
