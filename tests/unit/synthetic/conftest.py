"""A year and a half of visits, and five months of whole tables, of one fixed seed; made once for all tests of the room."""

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest

from tamna.simulators.hospital.crowd import crowd
from tamna.simulators.hospital.seasons import Month, day_number, days
from tamna.simulators.hospital.visits import BOOKED, emergencies, outpatients
from tamna.synthetic.years import tables_of

SEED = 7
LAST = Month(2026, 9)


@dataclass(frozen=True)
class Days:
    """Counts and means of each day, and the visits behind them."""

    calendar: pl.DataFrame
    clinic: np.ndarray
    emergency: np.ndarray
    wait: np.ndarray
    emergency_hour: np.ndarray
    bookings: pl.DataFrame
    tourist_in_emergency: float
    department: np.ndarray
    flu_cases: np.ndarray


@pytest.fixture(scope="session")
def year() -> Days:
    calendars, clinic, urgent, waits, hours, bookings, tourists, parts, flu = [], [], [], [], [], [], [], [], []
    for month in [LAST.shifted(-back) for back in range(17, -1, -1)]:
        visits, er, people = outpatients(SEED, month), emergencies(SEED, month), crowd(SEED, month)
        calendars.append(days(SEED, month))
        clinic.append(np.bincount(visits.day, minlength=month.length))
        urgent.append(np.bincount(er.day, minlength=month.length))
        came = ~visits.no_show
        waits.append((visits.call - visits.desk)[came])
        hours.append((er.arrive // 60).astype(int))
        tourists.append(er.person >= people.residents)
        parts.append(visits.department)
        flu.append(np.bincount(visits.day, weights=visits.department == 4, minlength=month.length))
        made = visits.taken(visits.kind == BOOKED)
        made = made.taken(np.lexsort((made.booked, made.day)))
        bookings.append(
            pl.DataFrame(
                {"person": made.person, "lead": made.lead, "no_show": made.no_show, "chance": made.no_show_chance,
                 "age": (day_number(month.first) - people.born[made.person]) / 365.25, "month": np.full(len(made), month.number)}
            )
        )  # fmt: skip
    return Days(
        pl.concat(calendars), np.concatenate(clinic), np.concatenate(urgent), np.concatenate(waits), np.concatenate(hours),
        pl.concat(bookings), float(np.concatenate(tourists).mean()), np.concatenate(parts), np.concatenate(flu),
    )  # fmt: skip


@pytest.fixture(scope="session")
def tables() -> dict[str, pl.DataFrame]:
    """Five months end to end; every row says its month. Truth tables begin with `truth.`."""
    found: dict[str, list[pl.DataFrame]] = {}
    for month in [LAST.shifted(-back) for back in range(4, -1, -1)]:
        plain, truth = tables_of(SEED, month)
        for name, frame in {**plain, **{f"truth.{key}": value for key, value in truth.items()}}.items():
            found.setdefault(name, []).append(frame.with_columns(month=pl.lit(month.number)))
    return {name: pl.concat(frames) for name, frames in found.items()}
