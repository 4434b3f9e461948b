"""What was known when a booking was made (예약 이력): days ahead, and how the patient's earlier slots had gone by then.

An outcome is known after its slot, or from the next day on where slots have no clock. Patients and bookings are kept as digests.
"""

import hashlib
import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tamna.engines.errors import InputError
from tamna.engines.learning.columns import Column, Floats, present, understood

TARGET, ID, PATIENT, BOOKED, SLOT = "no_show", "booking_id", "patient_id", "booked_at", "slot_at"
YES = ("1", "1.0", "true", "t", "yes", "y", "no-show", "no_show", "noshow", "no show", "부도", "미방문", "미내원")
NO = ("0", "0.0", "false", "f", "no", "n", "show", "came", "arrived", "attended", "방문", "내원")
PULL = 4.0  # slots of the usual rate that a patient's own is mixed with
MOST_EARLIER = 100  # of a patient's own slots, the latest that are weighed
MINUTE = 1 / 1440
MOST_KEPT = 500_000  # the latest outcomes kept with the model
NAN = math.nan
GROUPS = ("sex", "age", "insurance", "payer", "department", "booked_ahead")


@dataclass(frozen=True, slots=True)
class Booking:
    """One earlier or present booking; NaN where a time or an outcome is unknown, empty where a name is."""

    id: str
    patient: str
    booked: float
    slot: float
    missed: float

    @property
    def known_from(self) -> float:
        """When its outcome can be known at the earliest."""
        return self.slot + MINUTE if self.slot % 1 else self.slot + 1

    @property
    def asked_at(self) -> float:
        """The moment that it is told for: when it was booked; at the beginning of the slot's day where that is not known."""
        day = math.floor(self.slot) if not math.isnan(self.slot) else NAN
        return day if math.isnan(self.booked) else self.booked if math.isnan(self.slot) else min(self.booked, self.slot)


@dataclass(frozen=True)
class Clocks:
    """How the two times are written."""

    booked: Column
    slot: Column

    @classmethod
    def of(cls, table: pl.DataFrame) -> "Clocks":
        """Raises InputError where slots have no readable time."""
        for name in (ID, SLOT):
            if name not in table.columns:
                raise InputError("no_such_column", f"the table has no column {name!r}", name, "booking_id,patient_id,booked_at,slot_at,sex,age,department,…,no_show")  # fmt: skip
        slot = _dated(SLOT, table)
        if slot.kind != "date":
            raise InputError("bad_time", "the slots have no readable time", SLOT, "dates such as 2026-04-06 09:30")
        return cls(_dated(BOOKED, table), slot)

    def reading(self, table: pl.DataFrame) -> "Clocks":
        """These where they can read the table, else the table's own."""
        own = Clocks.of(table)
        if np.isnan(self.slot.numbers(table[SLOT])).all():
            return own
        return self if BOOKED not in table.columns or not np.isnan(_times(self.booked, table)).all() else Clocks(own.booked, self.slot)  # fmt: skip


def _dated(name: str, table: pl.DataFrame) -> Column:
    if name not in table.columns:
        return Column(name, "empty")
    text = present(table[name])
    return understood(name, text.filter(text.str.contains(r"^\d")))


def _times(column: Column, table: pl.DataFrame) -> Floats:
    if column.kind != "date" or column.name not in table.columns:
        return np.full(len(table), NAN)
    return column.numbers(table[column.name])


def unplaced(table: pl.DataFrame, *, with_outcome: bool) -> list[tuple[int, str]]:
    """Rows without an id, without a readable slot or (where it is asked for) with an unreadable outcome, and the column to blame."""
    slots = _times(Clocks.of(table).slot, table)
    bad = {ID: present(table[ID]).is_null().to_numpy(), SLOT: np.isnan(slots)}
    if with_outcome and TARGET in table.columns:
        bad[TARGET] = (present(table[TARGET]).is_not_null() & outcome(table).is_null()).to_numpy()
    return sorted({int(row): name for name in reversed(bad) for row in np.flatnonzero(bad[name])}.items())


def outcome(table: pl.DataFrame) -> pl.Series:
    """The target as 1, 0 or nothing."""
    if TARGET not in table.columns:
        return pl.Series(TARGET, [None] * len(table), dtype=pl.String)
    said = present(table[TARGET]).str.to_lowercase()
    return said.replace_strict(
        dict.fromkeys(YES, "1") | dict.fromkeys(NO, "0"), default=None, return_dtype=pl.String
    ).alias(TARGET)


def bookings(table: pl.DataFrame, clocks: Clocks) -> list[Booking]:
    """Every row, in the order of the table."""
    missed = outcome(table).cast(pl.Float64).fill_null(NAN).to_list()
    return [
        Booking(*row)
        for row in zip(
            _digests(table, ID), _digests(table, PATIENT), _times(clocks.booked, table).tolist(), _times(clocks.slot, table).tolist(), missed,
            strict=True,
        )
    ]  # fmt: skip


def _digests(table: pl.DataFrame, name: str) -> list[str]:
    if name not in table.columns:
        return [""] * len(table)
    return [hashlib.blake2b(text.encode(), digest_size=8).hexdigest() if text else "" for text in present(table[name]).fill_null("").to_list()]  # fmt: skip


class History:
    """Earlier bookings by patient, and the usual share of no-shows as time went."""

    def __init__(self, kept: Sequence[Booking]) -> None:
        once: dict[Any, Booking] = {}
        for place, booking in enumerate(kept):
            once[booking.id or place] = booking
        timed = (booking for booking in once.values() if not math.isnan(booking.slot))
        self.kept = sorted(timed, key=lambda booking: (booking.asked_at, booking.id))
        self.patients: dict[str, list[Booking]] = {}
        for booking in self.kept:
            if booking.patient:
                self.patients.setdefault(booking.patient, []).append(booking)
        told = sorted((b.known_from, b.missed) for b in self.kept if not math.isnan(b.missed))
        self.known_from = [known for known, _ in told]
        self.misses = np.concatenate([[0.0], np.cumsum([missed for _, missed in told])])

    def usual(self, now: float) -> float:
        """The share of no-shows among all outcomes known before a moment, drawn to one in ten while they are few."""
        n = bisect_right(self.known_from, now)
        return float((self.misses[n] + 1) / (n + 10))

    def before(self, booking: Booking) -> dict[str, float]:
        """What the patient's other bookings tell at the moment of this one."""
        now = booking.asked_at
        theirs = self.patients.get(booking.patient, [])
        place = 0 if math.isnan(now) else bisect_left(theirs, now, key=lambda other: other.asked_at)
        mine = [other for other in theirs[max(place - MOST_EARLIER, 0) : place] if other.id != booking.id]
        past = sorted((other for other in mine if other.known_from <= now), key=lambda other: other.slot)
        known = [other for other in past if not math.isnan(other.missed)]
        missed = [other for other in known if other.missed]
        return {
            "lead_days": booking.slot - booking.booked,
            "earlier_bookings": float(len(mine)),
            "earlier_visits": float(len(known)),
            "earlier_no_shows": float(len(missed)),
            "earlier_rate": round((len(missed) + PULL * self.usual(now)) / (len(known) + PULL), 4),
            "last_outcome": known[-1].missed if known else NAN,
            "days_since_last": past[-1].slot - now if past else NAN,
            "days_since_no_show": missed[-1].slot - now if missed else NAN,
            "open_bookings": float(len(mine) - len(past)),
        }

    def as_json(self) -> list[list[Any]]:
        def number(value: float) -> float | None:
            return None if math.isnan(value) else round(value, 5)

        return [[b.id, b.patient, number(b.booked), number(b.slot), number(b.missed)] for b in self.kept[-MOST_KEPT:]]

    @classmethod
    def of(cls, raw: Sequence[Any]) -> "History":
        def number(value: Any) -> float:
            return NAN if value is None else float(value)

        return cls([Booking(str(id_), str(patient), number(booked), number(slot), number(missed)) for id_, patient, booked, slot, missed in raw])  # fmt: skip


LAST = {0.0: "came", 1.0: "missed"}


def derived(table: pl.DataFrame, clocks: Clocks, earlier: Sequence[Booking] = ()) -> tuple[pl.DataFrame, History]:
    """The table with what its bookings and their patients' past tell, and that past."""
    rows = bookings(table, clocks)
    history = History([*earlier, *rows])
    found = [history.before(row) for row in rows]
    texts: Mapping[str, list[str | None]] = {
        name: [_text(name, each[name]) for each in found] for name in (found[0] if found else ())
    }
    ahead = [
        None if math.isnan(row.slot - row.booked) else "same day" if row.slot // 1 <= row.booked // 1 else "ahead"
        for row in rows
    ]
    columns = [pl.Series(name, values, dtype=pl.String) for name, values in texts.items()]
    return table.with_columns(outcome(table), pl.Series("booked_ahead", ahead, dtype=pl.String), *columns), history


def _text(name: str, value: float) -> str | None:
    if math.isnan(value):
        return None
    if name == "last_outcome":
        return LAST[value]
    return f"{abs(value):.1f}" if "days" in name else f"{value:.4g}"
