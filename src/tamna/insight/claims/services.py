"""Counts the figures of claims from the records: the spans that events marked, or all of them to prove them equal."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from importlib import resources

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import TruncWeek

from tamna.claims.models import Batch, Claim
from tamna.core import clock
from tamna.insight.claims.models import ClaimFigure, StaleFigure
from tamna.insight.claims.terms import TERMS

MONTH, WEEK = "month", "week"
WEEK_KEY = "sent"
AT_A_TIME = 6  # spans a transaction
Cell = tuple[str, date, str, str]
Facts = dict[Cell, tuple[int, int]]


@lru_cache(maxsize=1)
def _queries() -> Mapping[str, str]:
    text = resources.files("tamna.insight.claims").joinpath("facts.sql").read_text(encoding="utf-8")
    named = (part.partition("\n") for part in text.split("-- name: ")[1:])
    return {name.strip(): query.strip() for name, _, query in named}


def from_facts(span: str, starts: Sequence[date]) -> Facts:
    """The figures of these spans as the records have them. One query."""
    high = TERMS.high_cost_won.at(clock.today()).value
    with connection.cursor() as cursor:
        cursor.execute(_queries()[span], {"starts": list(starts), "high": high})
        return {
            (key, on, department, part): (int(value or 0), count) for key, on, department, part, value, count in cursor
        }


def stored(span: str, starts: Sequence[date]) -> Facts:
    """The same figures as they are shown. One query."""
    rows = ClaimFigure.objects.filter(starts_on__in=starts)
    rows = rows.filter(key=WEEK_KEY) if span == WEEK else rows.exclude(key=WEEK_KEY)
    names = ("key", "starts_on", "department_code", "part", "value", "count")
    return {
        (key, on, department, part): (value, count)
        for key, on, department, part, value, count in rows.values_list(*names)
    }


def mark(span: str, starts: Iterable[date]) -> None:
    """Say that the records of these spans have changed."""
    StaleFigure.objects.bulk_create(
        (StaleFigure(span=span, starts_on=on) for on in sorted(set(starts))), ignore_conflicts=True
    )


def month_of(care_month: str) -> date:
    return date(int(care_month[:4]), int(care_month[4:]), 1)


def week_of(on: date) -> date:
    return on - timedelta(days=on.weekday())


@transaction.atomic
def recount(span: str, starts: Sequence[date]) -> list[Cell]:
    """Replace the figures of these spans by what the records say. Returns the cells that differed."""
    with connection.cursor() as cursor:  # two counters of the same span take turns
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('insight.claims'))")
    StaleFigure.objects.filter(span=span, starts_on__in=starts).delete()
    facts, before = from_facts(span, starts), stored(span, starts)
    differing = [cell for cell in {*facts, *before} if facts.get(cell) != before.get(cell)]
    rows = ClaimFigure.objects.filter(starts_on__in={cell[1] for cell in differing})
    rows = rows.filter(key=WEEK_KEY) if span == WEEK else rows.exclude(key=WEEK_KEY)
    spans = {cell[1] for cell in differing}
    rows.delete()
    ClaimFigure.objects.bulk_create(
        ClaimFigure(key=key, starts_on=on, department_code=department, part=part, value=value, count=count)
        for (key, on, department, part), (value, count) in facts.items()
        if on in spans
    )
    return sorted(differing)


def _in_parts(span: str, starts: Sequence[date]) -> list[Cell]:
    found: list[Cell] = []
    for place in range(0, len(starts), AT_A_TIME):
        found += recount(span, starts[place : place + AT_A_TIME])
    return found


def recount_stale() -> int:
    """Every span that was marked. Returns how many cells moved."""
    moved = 0
    for span in (MONTH, WEEK):
        waiting = list(StaleFigure.objects.filter(span=span).order_by("starts_on").values_list("starts_on", flat=True))
        moved += len(_in_parts(span, waiting))
    return moved


def rebuild(start: date, end: date) -> list[Cell]:
    """Count every span between two days anew; what differed comes back, so that none proves the figures equal."""
    months = {month_of(text) for text in Claim.objects.filter(care_month__range=(f"{start:%Y%m}", f"{end:%Y%m}"))
              .values_list("care_month", flat=True).distinct()}  # fmt: skip
    kept = ClaimFigure.objects.filter(starts_on__range=(start.replace(day=1), end))
    months |= set(kept.exclude(key=WEEK_KEY).values_list("starts_on", flat=True))
    weeks = _weeks(Batch.objects.filter(sent_at__date__range=(start, end)))
    weeks |= set(kept.filter(key=WEEK_KEY).values_list("starts_on", flat=True))
    return _in_parts(MONTH, sorted(months)) + _in_parts(WEEK, sorted(weeks))


def recount_months(care_months: Iterable[str]) -> int:
    """Months of care that came in as a whole, with the weeks of their answers. Returns how many cells moved."""
    wanted = sorted(set(care_months))
    weeks = _weeks(Batch.objects.filter(care_month__in=wanted))
    return len(_in_parts(MONTH, [month_of(month) for month in wanted])) + len(_in_parts(WEEK, sorted(weeks)))


def _weeks(batches: QuerySet[Batch]) -> set[date]:
    """Weeks in which these batches were sent."""
    sent = (
        batches.exclude(sent_at=None)
        .annotate(week=TruncWeek("sent_at", tzinfo=clock.SEOUL))
        .values_list("week", flat=True)
    )
    return {week.astimezone(clock.SEOUL).date() for week in sent.distinct()}


def mark_day(on: date) -> None:
    """A day of care came in by bulk, sent on the same day where it was old enough."""
    mark(MONTH, [on.replace(day=1)])
    mark(WEEK, [week_of(on)])
