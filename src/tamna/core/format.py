"""How dates, won, minutes and shares are written in Korean and English, and for patients in Chinese and Japanese."""

from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from django.utils import formats, translation

from tamna.core.clock import SEOUL

WEEKDAYS = {"ko": "월화수목금토일", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
            "zh": "一二三四五六日", "ja": "月火水木金土日"}  # fmt: skip
WON = {"ko": "원", "zh": "韩元", "ja": "ウォン"}
MINUTES = {"ko": "분", "zh": "分钟", "ja": "分"}


def language() -> str:
    return (translation.get_language() or "ko")[:2]


class Named(Protocol):
    """What has a name in Korean and, where somebody wrote it, in English."""

    name_ko: str
    name_en: str


def named(row: Named | None) -> str:
    """The name in the reader's language; the Korean one where no English one is written."""
    return "" if row is None else row.name_ko if language() == "ko" or not row.name_en else row.name_en


def number(value: int | Decimal | None, places: int = 0) -> str:
    return "–" if value is None else f"{value:,.{places}f}"


def won(value: int | None, *, short: bool = False) -> str:
    """12,300원 / ₩12,300 / 12,300韩元; short: 4,182만원 / ₩41.8M."""
    if value is None:
        return "–"
    sign, size = ("−" if value < 0 else ""), abs(value)
    if language() == "ko":
        if short and size >= 100_000_000:
            return f"{sign}{size / 100_000_000:,.2f}억원"
        if short and size >= 100_000:
            return f"{sign}{size // 10_000:,}만원"
        return f"{sign}{size:,}원"
    if language() in WON:
        return f"{sign}{size:,}{WON[language()]}"
    if short and size >= 1_000_000:
        return f"{sign}₩{size / 1_000_000:,.1f}M"
    return f"{sign}₩{size:,}"


def _local(value: datetime | date) -> datetime | date:
    return value.astimezone(SEOUL) if isinstance(value, datetime) else value


def day(value: datetime | date | None) -> str:
    """2026. 11. 24. (화) / 24 Nov 2026 (Tue) / 2026年11月24日（火）"""
    if value is None:
        return "–"
    at = _local(value)
    name = WEEKDAYS[language()][at.weekday()]
    if language() == "ko":
        return f"{at.year}. {at.month}. {at.day}. ({name})"
    if language() in ("zh", "ja"):
        return f"{at.year}年{at.month}月{at.day}日（{name}）"
    return f"{at.day} {formats.date_format(at, 'M')} {at.year} ({name})"


def clock_time(value: datetime | None) -> str:
    return "–" if value is None else f"{_local(value):%H:%M}"


def moment(value: datetime | None) -> str:
    return "–" if value is None else f"{day(value)} {clock_time(value)}"


def minutes(value: int | float | Decimal | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}{MINUTES[language()]}" if language() in MINUTES else f"{value:,.0f} min"


def percent(value: float | Decimal | None, places: int = 1) -> str:
    return "–" if value is None else f"{float(value) * 100:,.{places}f}%"
