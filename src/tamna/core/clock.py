"""The hospital clock (병원 시계): business time. The synthetic hospital runs it at 1× to 60×; tests freeze it.

Security (sessions, tokens, locks) and the audit use wall time. No `timezone.now()` in departments or engines.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from tamna.engines import calendar

SEOUL = ZoneInfo("Asia/Seoul")
_frozen: ContextVar[datetime | None] = ContextVar("frozen", default=None)
_read_every_s = 1.0
_setting: tuple[float, "Reading"] | None = None


class Reading:
    """How business time follows wall time: `business = at_business + (wall - at_wall) × rate`."""

    def __init__(self, at_wall: datetime, at_business: datetime, rate: float) -> None:
        self.at_wall, self.at_business, self.rate = at_wall, at_business, rate

    def now(self) -> datetime:
        return self.at_business + (timezone.now() - self.at_wall) * self.rate


def reading() -> Reading | None:
    """The clock's setting, re-read once a second; None where business time is wall time."""
    global _setting
    if _setting is None or time.monotonic() - _setting[0] > _read_every_s:
        from tamna.core.models import HospitalClock

        row = HospitalClock.objects.first()
        _setting = (
            time.monotonic(),
            Reading(row.at_wall, row.at_business, float(row.rate))
            if row
            else Reading(timezone.now(), timezone.now(), 1.0),
        )
    return _setting[1]


def now() -> datetime:
    """The business instant (UTC-aware)."""
    fixed = _frozen.get()
    if fixed is not None:
        return fixed
    at = reading()
    return at.now() if at else timezone.now()


def wall_seconds_until(at: datetime) -> float:
    """How long to wait on the wall's clock until a business instant; ten minutes where business time stands still."""
    following = reading()
    rate = following.rate if following else 1.0
    return (at - now()).total_seconds() / rate if rate else 600.0


def today() -> date:
    """The business day (영업일) in Seoul."""
    return business_day(now())


def business_day(at: datetime) -> date:
    return at.astimezone(SEOUL).date()


def at_seoul(on: date, minutes: float = 0) -> datetime:
    """The instant `minutes` after midnight of a business day."""
    return datetime(on.year, on.month, on.day, tzinfo=SEOUL) + timedelta(minutes=minutes)


def close_of_work(at: datetime) -> datetime:
    """When the office next closes after an instant: by when people can be asked to decide."""
    return calendar.close_of_work(at.astimezone(SEOUL))


def set_clock(business: datetime, rate: float) -> None:
    """Set business time and its speed from this wall instant on."""
    global _setting
    from tamna.core.models import HospitalClock

    HospitalClock.objects.update_or_create(
        pk=1, defaults={"at_wall": timezone.now(), "at_business": business, "rate": rate}
    )
    _setting = None


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Hold business time still (tests)."""
    token = _frozen.set(at)
    try:
        yield
    finally:
        _frozen.reset(token)
