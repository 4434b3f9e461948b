"""Moves the pre-computed figures, and rebuilds them from facts to prove them."""

from datetime import date

from django.db import connection, transaction

from tamna.insight.indicators import INDICATORS
from tamna.insight.models import DailyIndicator

Facts = dict[tuple[str, date, str], tuple[int, int]]


def add(key: str, on: date, department: str, value: int, count: int = 1) -> None:
    """Add to a day's figure. One statement; safe under concurrency."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO insight_dailyindicator (key, business_on, department_code, value, count, is_synthetic)
               VALUES (%s, %s, %s, %s, %s, false) ON CONFLICT (key, business_on, department_code)
               DO UPDATE SET value = insight_dailyindicator.value + EXCLUDED.value,
                             count = insight_dailyindicator.count + EXCLUDED.count""",
            [key, on, department, value, count],
        )


def from_facts(start: date, end: date) -> Facts:
    """Every figure counted anew from the records."""
    found: Facts = {}
    with connection.cursor() as cursor:
        for item in INDICATORS:
            cursor.execute(item.rebuild, [start, end])
            for on, department, value, count in cursor.fetchall():
                found[item.key, on, department] = (value, count)
    return found


def stored(start: date, end: date) -> Facts:
    """The figures as they stand."""
    rows = DailyIndicator.objects.filter(business_on__range=(start, end), key__in=[item.key for item in INDICATORS])
    return {
        (key, on, department): (value, count)
        for key, on, department, value, count in rows.values_list(
            "key", "business_on", "department_code", "value", "count"
        )
        if value or count
    }


@transaction.atomic
def rebuild(start: date, end: date) -> list[tuple[str, date, str]]:
    """Replace the figures of a span by what the records say. Returns what differed."""
    facts, before = from_facts(start, end), stored(start, end)
    DailyIndicator.objects.filter(business_on__range=(start, end), key__in=[item.key for item in INDICATORS]).delete()
    DailyIndicator.objects.bulk_create(
        DailyIndicator(key=key, business_on=on, department_code=department, value=value, count=count)
        for (key, on, department), (value, count) in facts.items()
    )
    return sorted(key for key in set(facts) | set(before) if facts.get(key) != before.get(key))
