"""How dates, won, minutes and shares are written in Korean and English."""

from datetime import date, datetime
from decimal import Decimal

from django.utils import formats, translation

from tamna.core.clock import SEOUL

WEEKDAYS = {"ko": "월화수목금토일", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}


def language() -> str:
    return (translation.get_language() or "ko")[:2]


def number(value: int | Decimal | None, places: int = 0) -> str:
    return "–" if value is None else f"{value:,.{places}f}"


def won(value: int | None, *, short: bool = False) -> str:
    """12,300원 / ₩12,300; short: 4,182만원 / ₩41.8M."""
    if value is None:
        return "–"
    sign, size = ("−" if value < 0 else ""), abs(value)
    if language() == "ko":
        if short and size >= 100_000_000:
            return f"{sign}{size / 100_000_000:,.2f}억원"
        if short and size >= 100_000:
            return f"{sign}{size // 10_000:,}만원"
        return f"{sign}{size:,}원"
    if short and size >= 1_000_000:
        return f"{sign}₩{size / 1_000_000:,.1f}M"
    return f"{sign}₩{size:,}"


def _local(value: datetime | date) -> datetime | date:
    return value.astimezone(SEOUL) if isinstance(value, datetime) else value


def day(value: datetime | date | None) -> str:
    """2026. 11. 24. (화) / 24 Nov 2026 (Tue)"""
    if value is None:
        return "–"
    at = _local(value)
    name = WEEKDAYS[language()][at.weekday()]
    if language() == "ko":
        return f"{at.year}. {at.month}. {at.day}. ({name})"
    return f"{at.day} {formats.date_format(at, 'M')} {at.year} ({name})"


def clock_time(value: datetime | None) -> str:
    return "–" if value is None else f"{_local(value):%H:%M}"


def moment(value: datetime | None) -> str:
    return "–" if value is None else f"{day(value)} {clock_time(value)}"


def minutes(value: int | float | Decimal | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}분" if language() == "ko" else f"{value:,.0f} min"


def percent(value: float | Decimal | None, places: int = 1) -> str:
    return "–" if value is None else f"{float(value) * 100:,.{places}f}%"
