"""Keyset paging (커서 쪽매김): stable and quick at any depth; no OFFSET, no COUNT."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils.dateparse import parse_date, parse_datetime

T = TypeVar("T", bound=Model)


@dataclass(frozen=True)
class Page(Generic[T]):
    rows: list[T]
    next_cursor: str = ""  # empty on the last page
    previous_cursor: str = ""


def page(query: QuerySet[T], order: Sequence[str], cursor: str = "", size: int = 50) -> Page[T]:
    """One page in `order` (field names, '-' for descending, the last one unique). A broken cursor gives the first page."""
    backwards, values = _read(cursor, order)
    wanted = [_flip(field) for field in order] if backwards else list(order)
    rows = list((query.filter(_after(wanted, values)) if values else query).order_by(*wanted)[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    if not rows:
        return Page([])
    has_next = backwards or more
    has_previous = more if backwards else bool(values)
    return Page(
        rows,
        _write(rows[-1], order, "next") if has_next else "",
        _write(rows[0], order, "previous") if has_previous else "",
    )


def _flip(field: str) -> str:
    return field[1:] if field.startswith("-") else f"-{field}"


def _after(order: Sequence[str], values: Sequence[Any]) -> Q:
    """(a, b) > (x, y) spelled so that each field may have its own direction."""
    condition, equal = Q(pk__in=[]), Q()
    for field, value in zip(order, values, strict=True):
        name = field.lstrip("-")
        condition |= equal & Q(**{f"{name}__{'lt' if field.startswith('-') else 'gt'}": value})
        equal &= Q(**{name: value})
    return condition


def _value(row: Any, field: str) -> Any:
    for part in field.lstrip("-").split("__"):
        row = getattr(row, part)
    return row


def _write(row: Any, order: Sequence[str], way: str) -> str:
    packed: list[Any] = [way]
    for field in order:
        value = _value(row, field)
        if isinstance(value, datetime):
            packed.append(["t", value.isoformat()])
        elif isinstance(value, date):
            packed.append(["d", value.isoformat()])
        elif isinstance(value, Decimal):
            packed.append(["n", str(value)])
        else:
            packed.append(["v", value])
    return base64.urlsafe_b64encode(json.dumps(packed).encode()).decode().rstrip("=")


def _read(cursor: str, order: Sequence[str]) -> tuple[bool, list[Any]]:
    try:
        packed = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        convert: dict[str, Any] = {"t": parse_datetime, "d": parse_date, "n": Decimal, "v": lambda value: value}
        values = [convert[kind](value) for kind, value in packed[1:]]
    except (ValueError, KeyError, TypeError, IndexError):
        return False, []
    if len(values) != len(order) or any(value is None for value in values):
        return False, []
    return packed[0] == "previous", values
