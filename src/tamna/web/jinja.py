"""The Jinja2 environment: translations, links, and the few filters that write Korean dates, won and minutes."""

import hashlib
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.urls import reverse
from django.utils import formats, translation
from django.utils.translation import gettext, ngettext
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from tamna.core.clock import SEOUL
from tamna.web.chart import axis, evenly

WEEKDAYS = {"ko": "월화수목금토일", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}


def environment(**options: Any) -> Environment:
    options.pop("loader", None)
    folders = [Path(config.path) / "templates" for config in apps.get_app_configs() if config.name.startswith("tamna.")]
    env = Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders if folder.exists()]),
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        **{key: value for key, value in options.items() if key not in {"extensions", "undefined", "autoescape"}},
    )
    env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.globals.update(url=url, static=static, language=language, axis=axis, evenly=evenly)
    env.filters.update(
        won=won, day=day, clock=clock_time, moment=moment, minutes=minutes, number=number, percent=percent
    )
    return env


def language() -> str:
    return (translation.get_language() or "ko")[:2]


def url(name: str, *args: Any, **kwargs: Any) -> str:
    return reverse(name, args=args or None, kwargs=kwargs or None)


@lru_cache(maxsize=512)
def _version(name: str) -> str:
    for config in apps.get_app_configs():
        path = Path(config.path) / "static" / name
        if path.is_file():
            return hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    raise FileNotFoundError(name)


def static(name: str) -> str:
    return f"{settings.STATIC_URL}{name}" + ("" if settings.DEBUG else f"?v={_version(name)}")


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
