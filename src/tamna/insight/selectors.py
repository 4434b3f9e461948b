"""Reads of the pre-computed figures."""

from datetime import date, timedelta

from django.db.models import Sum

from tamna.insight.models import DailyIndicator


def series(keys: list[str], end: date, days: int) -> dict[str, list[tuple[date, int, int]]]:
    """Daily (day, value, count) of several figures up to and with `end`. One query."""
    start = end - timedelta(days=days - 1)
    rows = (
        DailyIndicator.objects.filter(key__in=keys, business_on__range=(start, end))
        .values_list("key", "business_on").annotate(value=Sum("value"), count=Sum("count"))
    )  # fmt: skip
    found = {(key, on): (value, count) for key, on, value, count in rows}
    return {
        key: [(day, *found.get((key, day), (0, 0))) for day in (start + timedelta(days=i) for i in range(days))]
        for key in keys
    }


def by_department(key: str, on: date) -> list[tuple[str, int, int]]:
    """(department, value, count) of a day, largest first."""
    return list(
        DailyIndicator.objects.filter(key=key, business_on=on)
        .order_by("-value")
        .values_list("department_code", "value", "count")
    )
