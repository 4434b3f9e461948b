"""One way to list (목록): filters, sorting by an index, keyset pages, bounded counts, saved views, CSV and Excel.

A department describes each list once as a `Listing` in its `lists.py`; a view answers with `show`, a template draws it
with `components/list.html`. A download holds exactly what is filtered, at most `DOWNLOAD_ROWS` rows, and is audited.
A filter marked `personal` (a name, a phone) is never saved in a view nor written to the audit log.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tamna.core import access, audit
from tamna.core.actor import Actor
from tamna.core.export import as_csv, as_excel
from tamna.core.models import SavedView
from tamna.core.paging import Page, page

DOWNLOAD_ROWS = 50_000
COUNTED_ROWS = 1_000
Rows = QuerySet[Any] | Sequence[Any]


@dataclass(frozen=True)
class Column:
    """A column: `value` is what a download writes (none: on screen only), `sort` the fields of an index, ascending."""

    key: str
    label: str  # message id
    value: Callable[[Any], Any] | None = None
    sort: tuple[str, ...] = ()
    number: bool = False
    wide: bool = False  # hidden on a phone
    unseen: bool = False
    in_file: bool = False  # in a download only


@dataclass(frozen=True)
class Filter:
    """A field above the list. kind: words, day, choice, or kept (a tab: carried along, not drawn)."""

    key: str
    label: str  # message id
    narrow: Callable[[Any, str], Any]
    kind: str = "words"
    options: Callable[[], Iterable[tuple[str, str]]] = tuple
    default: Callable[[], str] = str
    personal: bool = False


@dataclass(frozen=True)
class Listing:
    """A list as it is described once. `view` is its url name; without one it has no saved views."""

    key: str
    title: str  # message id
    capability: str
    columns: tuple[Column, ...]
    order: tuple[str, ...]  # the last one unique
    filters: tuple[Filter, ...] = ()
    view: str = ""
    size: int = 50
    empty: str = ""
    hint: str = ""  # what to do when nothing is there yet
    of_patients: bool = False  # a download reads personal data
    each: Callable[[Any], Iterable[Any]] = field(
        default=lambda row: (row,)
    )  # rows of a download, where one holds several


_listings: dict[str, Listing] = {}


def define(listing: Listing) -> Listing:
    """Make a list known, so that views may be saved for it and tests find it."""
    _listings[listing.key] = listing
    return listing


def known() -> dict[str, Listing]:
    return dict(_listings)


class Found:
    """A list as one person asked for it: its page, filter values, sorting, saved views and count."""

    def __init__(self, request: HttpRequest, listing: Listing, rows: Rows) -> None:
        self.request, self.listing = request, listing
        self.values: dict[str, str] = {}
        for item in listing.filters:
            value = request.GET.get(item.key, "").strip()[:80] if item.key in request.GET else item.default()
            if value and item.kind == "day" and day_of(value) is None:
                value = item.default()
            self.values[item.key] = value
            if value:
                rows = item.narrow(rows, value)
        self.rows = rows
        sorts = {column.key for column in listing.columns if column.sort}
        wanted = request.GET.get("sort", "")
        self.sort = wanted if wanted.removeprefix("-") in sorts else ""

    @property
    def query(self) -> dict[str, str]:
        """What a link on this page keeps: filters as given (an emptied default too) and the sorting."""
        kept = {key: value for key, value in self.values.items() if value or key in self.request.GET}
        return {**kept, "sort": self.sort} if self.sort else kept

    @property
    def is_filtered(self) -> bool:
        return any(self.values[item.key] != item.default() for item in self.listing.filters if item.kind != "kept")

    @cached_property
    def order(self) -> tuple[str, ...]:
        key = self.sort.removeprefix("-")
        for column in self.listing.columns:
            if key and column.key == key:
                return tuple(f"-{name}" for name in column.sort) if self.sort.startswith("-") else column.sort
        return self.listing.order

    @cached_property
    def page(self) -> Page[Any]:
        if isinstance(self.rows, QuerySet):
            return page(self.rows, self.order, self.request.GET.get("cursor", ""), self.listing.size)
        return Page(list(self._ordered()))

    def _ordered(self) -> Iterable[Any]:
        if isinstance(self.rows, QuerySet):
            return self.rows.order_by(*self.order)
        key = self.sort.removeprefix("-")
        column = next((item for item in self.listing.columns if key and item.key == key and item.value), None)
        if column is None or column.value is None:
            return self.rows
        return sorted(self.rows, key=column.value, reverse=self.sort.startswith("-"))

    @cached_property
    def count(self) -> str:
        """How many rows fit, counted no further than a thousand."""
        if isinstance(self.rows, QuerySet):
            number = self.rows.order_by()[: COUNTED_ROWS + 1].count()
        else:
            number = len(self.rows)
        return (
            _("more than %(count)s rows") % {"count": f"{COUNTED_ROWS:,}"}
            if number > COUNTED_ROWS
            else ngettext("%(count)s row", "%(count)s rows", number) % {"count": f"{number:,}"}
        )

    @cached_property
    def views(self) -> list[SavedView]:
        """Saved views of this list: mine, then those my team shares."""
        if not self.listing.view:
            return []
        user = self.request.user
        mine_or_team = Q(user=user.pk) | Q(team=user.team or "-")  # type: ignore[union-attr]
        rows = SavedView.objects.filter(mine_or_team, screen=self.listing.key).select_related("user")
        return sorted(rows[:60], key=lambda row: (row.user_id != user.pk, row.name))

    @property
    def saved_query(self) -> str:
        """The address of this filter as it may be kept: nothing that tells of a person."""
        personal = {item.key for item in self.listing.filters if item.personal}
        return urlencode({key: value for key, value in self.query.items() if key not in personal})

    @property
    def columns(self) -> list[dict[str, Any]]:
        """For `components/table.html`."""
        return [
            {"label": _(item.label), "number": item.number, "wide": item.wide, "unseen": item.unseen}
            | ({"key": item.key} if item.sort else {})
            for item in self.listing.columns
            if not item.in_file
        ]

    @property
    def fields(self) -> list[dict[str, Any]]:
        """The drawn filters with their values and choices."""
        return [
            {"key": item.key, "label": _(item.label), "kind": item.kind, "value": self.values[item.key], "options": list(item.options())}
            for item in self.listing.filters
            if item.kind != "kept"
        ]  # fmt: skip

    @property
    def kept(self) -> dict[str, str]:
        """What the filter form carries along unseen."""
        kept = {item.key: self.values[item.key] for item in self.listing.filters if item.kind == "kept"}
        return {**kept, "sort": self.sort} if self.sort else kept

    def download(self, kind: str) -> HttpResponseBase:
        """Exactly these rows in this order, audited; a cut is said in the last row."""
        columns = [item for item in self.listing.columns if item.value is not None]
        header = [_(item.label) for item in columns]
        number = self.rows[: DOWNLOAD_ROWS + 1].count() if isinstance(self.rows, QuerySet) else len(self.rows)
        told = {
            item.key: self.values[item.key]
            for item in self.listing.filters
            if self.values[item.key] and not item.personal
        }
        hidden = [item.key for item in self.listing.filters if self.values[item.key] and item.personal]
        audit.note(
            "list.downloaded", by=Actor.of(self.request), subject_type="list", subject_id=self.listing.key,
            detail={"format": kind, "rows": min(number, DOWNLOAD_ROWS), "filters": told, "filters_not_written": hidden,
                    "of_patients": self.listing.of_patients},
        )  # fmt: skip
        lines = self._lines(columns, translation.get_language() or "ko")
        name = self.listing.key.replace(".", "-")
        return as_csv(name, header, lines) if kind == "csv" else as_excel(name, header, lines)

    def _lines(self, columns: list[Column], language: str) -> Iterator[list[Any]]:
        rows = self._ordered()
        if isinstance(rows, QuerySet):
            rows = rows[: DOWNLOAD_ROWS + 1].iterator(chunk_size=2000)
        with translation.override(language):
            for number, row in enumerate(islice(rows, DOWNLOAD_ROWS + 1)):
                if number == DOWNLOAD_ROWS:
                    yield [
                        _("Cut at %(count)s rows. Narrow the filter to get the rest.") % {"count": f"{DOWNLOAD_ROWS:,}"}
                    ]
                    return
                for item in self.listing.each(row):
                    yield [column.value(item) for column in columns if column.value]


def day_of(text: str) -> date | None:
    """A day written 2026-11-24; anything else is none."""
    try:
        return parse_date(text)
    except ValueError:
        return None


def show(
    request: HttpRequest,
    listing: Listing,
    rows: Rows,
    template: str,
    context: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponseBase:
    """Answer with the list: as a page, or as a download where `?format=csv` or `xlsx` asks for one."""
    if not access.may(request.user, listing.capability):
        raise PermissionDenied(listing.capability)
    found = Found(request, listing, rows)
    kind = request.GET.get("format", "")
    if kind in ("csv", "xlsx"):
        return found.download(kind)
    shown = {"found": found, "page": found.page, **(context or {})}
    response: HttpResponse = render(request, template, shown, status=status)
    return response
