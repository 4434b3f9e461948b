"""Today's queues and those of other days as `engines.waits` reads them: rows of the database, a table to learn from, a log ready made."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import QuerySet

from tamna.core import clock
from tamna.reception.models import Ticket

if TYPE_CHECKING:
    import polars as pl

    from tamna.engines.waits.log import Visit

EPOCH = date(1970, 1, 1).toordinal()


class VisitRow(NamedTuple):
    """One place in a queue, as far as it is known."""

    on: date
    department: str
    practitioner_id: int | None
    booked_at: datetime | None
    is_first_visit: bool
    ktas: int | None
    issued_at: datetime
    entered_at: datetime | None
    ended_at: datetime | None


def visit_rows(queue: QuerySet[Ticket]) -> list[VisitRow]:
    """Tickets of queues, oldest first. One query."""
    return [VisitRow(*row) for row in queue.order_by("issued_at", "pk").values_list(*VISIT_FIELDS)]


VISIT_FIELDS = (
    "business_on", "department__code", "practitioner_id", "encounter__appointment__starts_at", "encounter__is_first_visit", "encounter__ktas",
    "issued_at", "entered_at", "ended_at",
)  # fmt: skip


class QueuedRow(NamedTuple):
    """A place in a queue with its state."""

    status: str
    visit: VisitRow


def queued_rows(queue: QuerySet[Ticket]) -> list[QueuedRow]:
    """The same with their states, as the board asks. One query."""
    rows = queue.order_by("issued_at", "pk").values_list("status", *VISIT_FIELDS)
    return [QueuedRow(row[0], VisitRow(*row[1:])) for row in rows]


def visit_table(rows: Iterable[VisitRow]) -> "pl.DataFrame":
    """The log that `engines.waits` reads, minutes after midnight as text."""
    import polars as pl

    def minute(at: datetime | None, on: date) -> str | None:
        return None if at is None else f"{(at - clock.at_seoul(on)).total_seconds() / 60:.2f}"

    columns = ("day", "dept", "doctor", "kind", "first_visit", "appt_min", "checkin_min", "start_min", "end_min")
    table = [
        (
            row.on.isoformat(), row.department, str(row.practitioner_id or ""), kind_of(row),
            str(row.is_first_visit), minute(row.booked_at, row.on), minute(row.issued_at, row.on), minute(row.entered_at, row.on), minute(row.ended_at, row.on),
        )
        for row in rows
    ]  # fmt: skip
    return pl.DataFrame(table, schema=dict.fromkeys(columns, pl.String), orient="row")


def visit_log(rows: Iterable[VisitRow]) -> "list[Visit]":
    """The same of one day, ready made for `Waits.tell`: no table is written and read for one answer."""
    from tamna.engines.waits.log import NAN, Visit

    def minute(at: datetime | None, start: datetime) -> float:
        return NAN if at is None else round((at - start).total_seconds() / 60, 2)

    found = []
    for number, row in enumerate(rows):
        start = clock.at_seoul(row.on)
        found.append(
            Visit(number, float(row.on.toordinal() - EPOCH), row.department, str(row.practitioner_id or ""), kind_of(row), float(row.is_first_visit),
                  minute(row.booked_at, start), minute(row.issued_at, start), minute(row.entered_at, start), minute(row.ended_at, start))
        )  # fmt: skip
    return found


def kind_of(row: VisitRow) -> str:
    return "urgent" if row.ktas and row.ktas <= 3 else "booked" if row.booked_at else "walkin"
