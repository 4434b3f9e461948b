"""The year around the hospital: holidays with substitutes, weather, typhoons, flu, visitors to Jeju, expected arrivals of each day.

Each day is a row; a month depends on nothing but the seed and its own year, so any month can be made alone.
Expected numbers are means, not draws. Marks and sources: figures.yaml, years.yaml.
"""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import holidays
import numpy as np
import polars as pl

from tamna.simulators.hospital.figures import figures
from tamna.simulators.hospital.people import World

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> "Month":
        """From `2026-09`. Raises ValueError."""
        first = date.fromisoformat(f"{text}-01")
        return cls(first.year, first.month)

    @property
    def first(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def length(self) -> int:
        return calendar.monthrange(self.year, self.month)[1]

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=i) for i in range(self.length)]

    @property
    def number(self) -> int:
        """Months since year 0: a stream number of its own."""
        return self.year * 12 + self.month - 1

    def shifted(self, months: int) -> "Month":
        year, month = divmod(self.number + months, 12)
        return Month(year, month + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


def day_number(on: date) -> int:
    return (on - EPOCH).days


@lru_cache(maxsize=64)
def _names(year: int) -> dict[date, str]:
    return dict(holidays.country_holidays("KR", years=year, language="ko"))


def holiday_name(on: date) -> str:
    """Public holiday in Korean (대체공휴일 included), or ''."""
    return _names(on.year).get(on, "")


def is_shut(on: date) -> bool:
    """Sunday or public holiday: the emergency room only."""
    return on.weekday() == 6 or bool(holiday_name(on))


@lru_cache(maxsize=64)
def typhoons(seed: int, year: int) -> frozenset[date]:
    """Days of a typhoon warning (태풍 특보), one or two days each."""
    table = figures("years")["typhoon"]
    rng = World(seed).rng(31, year)
    months, chances = list(table["months"]), np.array(list(table["months"].values()), dtype=float)
    hit: set[date] = set()
    for _ in range(int(rng.poisson(table["a_year"]))):
        first = date(year, int(rng.choice(months, p=chances / chances.sum())), int(rng.integers(1, 28)))
        hit |= {first + timedelta(days=i) for i in range(1 + int(rng.random() < 0.4))}
    return frozenset(hit)


@lru_cache(maxsize=64)
def _strength(seed: int, winter: int) -> float:
    return float(World(seed).rng(32, winter).lognormal(0, 0.35))


def _bump(on: date, peak_day: int, width_days: float) -> float:
    """A hill over the year, 1 at its top."""
    distance = (on.timetuple().tm_yday - peak_day + 182.5) % 365 - 182.5
    return float(np.exp(-0.5 * (distance / width_days) ** 2))


def flu(seed: int, on: date) -> float:
    """How much of a usual flu wave is on (0 none, 1 the top of a usual winter)."""
    table = figures("years")["flu"]
    winter = on.year + (on.month >= 7)
    return _bump(on, table["peak_day"], table["width_days"]) * _strength(seed, winter)


def stomach(on: date) -> float:
    table = figures("years")["stomach"]
    return _bump(on, table["peak_day"], table["width_days"])


def _wave(seed: int, month: Month, part: float) -> float:
    """A slow up and down, between this month's level and the next one's."""
    sd = figures("years")["wave_sd"]
    here, there = (float(World(seed).rng(34, one.number).normal(0, sd)) for one in (month, month.shifted(1)))
    return float(np.exp(here * (1 - part) + there * part))


def _trend(on: date) -> float:
    table = figures("years")["trend"]
    first, last = date.fromisoformat(table["first"]), date.fromisoformat(table["last"])
    part = min(1.0, max(0.0, (on - first).days / (last - first).days))
    return float(table["from"] + (table["to"] - table["from"]) * part)


@lru_cache(maxsize=8)
def days(seed: int, month: Month) -> pl.DataFrame:
    """One row a day: what the world brings and how many people are expected (달력)."""
    table, more = figures(), figures("years")
    rng = World(seed).rng(33, month.number)
    drawn = rng.random((month.length, 3))
    warm = rng.normal(0, more["weather"]["sd"], month.length)
    rows = []
    for i, on in enumerate(month.days):
        shut, before = is_shut(on), on - timedelta(days=1)
        typhoon = on in typhoons(seed, on.year)
        snow = not typhoon and drawn[i, 0] < more["snow"]["chance"].get(on.month, 0)
        visitors = table["visitors_month"]["values"][on.month - 1]
        level = 0.0
        if not shut:
            level = table["level"]["outpatients"] * table["weekday"]["values"][on.weekday()]
            level *= table["month"]["values"][on.month - 1] * _trend(on) * _wave(seed, month, i / month.length)
            level *= 1 + more["flu_visits"] * flu(seed, on)
            level *= table["after_holiday"]["value"] if holiday_name(before) else 1.0
            level *= more["typhoon"]["outpatient"] if typhoon else 1.0
            level *= more["typhoon"]["next_day"] if before in typhoons(seed, before.year) and not typhoon else 1.0
            level *= more["snow"]["outpatient"] if snow else 1.0
        emergency = (
            table["level"]["emergency"] * (0.9 + 0.1 * visitors) * (1.25 if shut else 1.0) * (0.9 + 0.1 * _trend(on))
        )
        emergency *= more["typhoon"]["emergency"] if typhoon else 1.0
        emergency *= 1 + 0.08 * flu(seed, on)
        rows.append(
            {
                "on": on, "weekday": on.weekday(), "holiday": holiday_name(on), "is_closed": shut, "is_typhoon": typhoon,
                "is_snow": snow, "temperature": round(_temperature(on) + float(warm[i]), 1),
                "rain_mm": round(float(typhoon * 60 + (drawn[i, 1] < more["weather"]["rain"][on.month - 1]) * 22 * drawn[i, 2]), 1),
                "flu": round(flu(seed, on), 4), "visitors_index": visitors,
                "expected_outpatients": round(level, 3), "expected_emergency": round(emergency, 3),
            }
        )  # fmt: skip
    return pl.DataFrame(rows, schema_overrides={"rain_mm": pl.Float64, "expected_outpatients": pl.Float64})


def _temperature(on: date) -> float:
    """Mean of the day, between the means of the months."""
    means = figures("years")["weather"]["mean"]
    middle = (on.day - 15) / 30
    other = means[(on.month - 1 + (1 if middle > 0 else -1)) % 12]
    return float(means[on.month - 1] + (other - means[on.month - 1]) * abs(middle))
