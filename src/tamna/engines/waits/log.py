"""A visit log made ready to be replayed (방문 기록): one visit a row, minutes after midnight, blanks where nothing is known.

Extra columns are passed over. A row without a readable day or check-in cannot be answered, but its consultation is still seen.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from tamna.engines.errors import InputError
from tamna.engines.learning.columns import Column, as_numbers, present, understood

MINUTES = ("appt_min", "checkin_min", "start_min", "end_min")
NEEDED = ("day", "checkin_min")
YES = {"true": 1.0, "1": 1.0, "1.0": 1.0, "yes": 1.0, "y": 1.0, "t": 1.0, "초진": 1.0, "first": 1.0, "new": 1.0}
NO = {"false": 0.0, "0": 0.0, "0.0": 0.0, "no": 0.0, "n": 0.0, "f": 0.0, "재진": 0.0, "return": 0.0, "followup": 0.0}
NAN = math.nan


@dataclass(frozen=True, slots=True)
class Visit:
    """NaN where a number is unknown, empty where a name is."""

    row: int  # place in the table
    day: float
    dept: str
    doctor: str
    kind: str
    first_visit: float
    appt: float
    checkin: float
    start: float
    end: float

    @property
    def queue(self) -> tuple[str, str]:
        return self.dept, self.doctor

    @property
    def wait(self) -> float:
        """Minutes from check-in to the call; NaN where it is not known or not possible."""
        minutes = self.start - self.checkin
        return minutes if minutes >= 0 else NAN

    @property
    def seen_at(self) -> float:
        """When the hospital first knew of this visit."""
        return next((minute for minute in (self.checkin, self.start, self.end) if not math.isnan(minute)), NAN)

    @property
    def service(self) -> float:
        minutes = self.end - self.start
        return minutes if minutes > 0 else NAN


def day_column(table: pl.DataFrame) -> Column:
    """How the days of this log are written. Raises InputError where they are neither dates nor numbers."""
    for name in NEEDED:
        if name not in table.columns:
            raise InputError("no_such_column", f"the log has no column {name!r}", name, "day,dept,doctor,kind,first_visit,appt_min,checkin_min,start_min,end_min")  # fmt: skip
    text = present(table["day"])
    column = understood("day", text.filter(text.str.contains(r"^\d")))
    if column.kind not in ("date", "number"):
        raise InputError("bad_day", "the days are neither dates nor numbers", "day", "dates such as 2026-04-06, or 1, 2, 3")  # fmt: skip
    return column


def visits(table: pl.DataFrame, day: Column) -> list[Visit]:
    """Every row in the order of the table."""
    size = len(table)

    def names(name: str) -> Sequence[str]:
        return present(table[name]).fill_null("").to_list() if name in table.columns else [""] * size

    def numbers(name: str) -> Sequence[float]:
        return as_numbers(table[name]).to_list() if name in table.columns else [NAN] * size

    truth: Mapping[str, float] = YES | NO
    return [
        Visit(row, on, dept, doctor, kind.lower(), truth.get(first.lower(), NAN), *minutes)
        for row, (on, dept, doctor, kind, first, *minutes) in enumerate(
            zip(
                day.numbers(table["day"]).tolist(), names("dept"), names("doctor"), names("kind"), names("first_visit"),
                *(numbers(name) for name in MINUTES), strict=True,
            )
        )
    ]  # fmt: skip


def unplaced(table: pl.DataFrame) -> list[tuple[int, str]]:
    """Rows that cannot be answered, with the column that is to blame."""
    found = []
    for visit in visits(table, day_column(table)):
        if math.isnan(visit.day):
            found.append((visit.row, "day"))
        elif math.isnan(visit.checkin):
            found.append((visit.row, "checkin_min"))
    return found


def weekday(visit: Visit, day: Column) -> float:
    """Monday is 0; NaN where days are only counted."""
    return float((math.floor(visit.day) + 3) % 7) if day.kind == "date" else NAN


def once(log: Sequence[Visit]) -> tuple[list[Visit], dict[int, int]]:
    """The visits without repeated rows, and for every row of the table the row that stands for it."""
    first: dict[str, Visit] = {}
    stands = {visit.row: first.setdefault(repr(replace(visit, row=0)), visit).row for visit in log}
    return list(first.values()), stands


def as_days(log: Sequence[Visit]) -> list[list[Visit]]:
    """The visits of each day, days in order, each in the order in which the hospital came to know them."""
    days: dict[float, list[Visit]] = {}
    for visit in log:
        if not math.isnan(visit.day) and not math.isnan(visit.seen_at):
            days.setdefault(visit.day, []).append(visit)
    return [sorted(days[day], key=lambda visit: (visit.seen_at, visit.row)) for day in sorted(days)]
