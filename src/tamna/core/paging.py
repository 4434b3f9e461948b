"""Keyset paging (커서 쪽매김): stable and quick at any depth, both ways and from the end; no OFFSET, no COUNT.

A page behind (x, y) is asked in one query a field: `a = x AND b > y`, then, where that was not enough, `a > x`. Each begins
in the middle of an index and is estimated rightly. `(a, b) > (x, y)` is estimated by `a > x` alone: behind the first of
many equal rows PostgreSQL expects none, joins all of them and sorts. With OR it reads the index from its start.
"""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet
from django.utils.dateparse import parse_date, parse_datetime

T = TypeVar("T", bound=Model)


@dataclass(frozen=True)
class Page(Generic[T]):
    rows: list[T]
    next_cursor: str = ""  # empty on the last page
    previous_cursor: str = ""

    @property
    def last_cursor(self) -> str:
        return LAST if self.next_cursor else ""


def page(query: QuerySet[T], order: Sequence[str], cursor: str = "", size: int = 50) -> Page[T]:
    """One page in `order` (field names, '-' for descending, never null, the last one unique). A broken cursor gives the first page."""
    backwards, values = _read(cursor, order)
    wanted = [_flip(field) for field in order] if backwards else list(order)
    rows = _after(query, wanted, values, size + 1) if values else list(query.order_by(*wanted)[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    if not rows:
        return page(query, order, "", size) if values else Page([])  # what the cursor stood at is gone
    has_next = bool(values) if backwards else more
    has_previous = more if backwards else bool(values)
    return Page(
        rows,
        cursor_at(rows[-1], order) if has_next else "",
        cursor_at(rows[0], order, "previous") if has_previous else "",
    )


def counted(model: type[Model], field: str, values: Sequence[str], limit: int) -> dict[str, int]:
    """How many rows have each value of an indexed field, counted no further than `limit` + 1 each. One query."""
    table, column = model._meta.db_table, model._meta.get_field(field).column  # type: ignore[union-attr]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT wanted, (SELECT count(*) FROM (SELECT 1 FROM "{table}" WHERE "{column}" = wanted LIMIT %s) AS counted)
                FROM unnest(%s::text[]) AS wanted""",  # noqa: S608 names of our own model, values as parameters
            [limit + 1, list(values)],
        )
        return dict(cursor.fetchall())


def _flip(field: str) -> str:
    return field[1:] if field.startswith("-") else f"-{field}"


def _after(query: QuerySet[T], order: Sequence[str], values: Sequence[Any], count: int) -> list[T]:
    """The first rows behind the values: those equal in all fields but the last, then in all but the last two, and so on."""
    names, rows = [field.lstrip("-") for field in order], list[T]()
    for place in range(len(order) - 1, -1, -1):
        behind = {f"{names[place]}__{'lt' if order[place].startswith('-') else 'gt'}": values[place]}
        equal = dict(zip(names[:place], values[:place], strict=True))
        rows += query.filter(**equal, **behind).order_by(*order[place:])[: count - len(rows)]
        if len(rows) == count:
            break
    return rows


def _value(row: Any, field: str) -> Any:
    for part in field.lstrip("-").split("__"):
        row = getattr(row, part)
    return row


def _pack(packed: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(packed).encode()).decode().rstrip("=")


LAST = _pack(["last"])


def cursor_at(row: Any, order: Sequence[str], way: str = "next") -> str:
    """The cursor of the page behind a row, or before it."""
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
    return _pack(packed)


def _read(cursor: str, order: Sequence[str]) -> tuple[bool, list[Any]]:
    """Whether to read backwards, and from where; nothing: from the start, or from the end."""
    if cursor == LAST:
        return True, []
    try:
        packed = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        convert: dict[str, Any] = {"t": parse_datetime, "d": parse_date, "n": Decimal, "v": lambda value: value}
        values = [convert[kind](value) for kind, value in packed[1:]]
    except (ValueError, KeyError, TypeError, IndexError, ArithmeticError):
        return False, []
    if len(values) != len(order) or any(value is None or isinstance(value, (list, dict)) for value in values):
        return False, []
    return packed[0] == "previous", values
