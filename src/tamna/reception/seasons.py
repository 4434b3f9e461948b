"""What-if of high and low season (성수기·비수기): a department's usual day under other demand, rooms and hours, by simulation.

A study runs in the background, one scenario at a time, and can be left: its progress is kept with it.
"""

from collections import defaultdict
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Avg, DurationField, ExpressionWrapper, F, QuerySet

from tamna.core import audit, clock, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.models import Department
from tamna.engines.queueing.season import Scenario, play
from tamna.reception.arrivals import counts_by_hour, visits_by_day
from tamna.reception.models import SeasonStudy, Ticket

FIRST_HOUR, LAST_HOUR = 8, 18
DAYS, YEAR = 56, 400
PEAK, LOW = 1.07, 0.91  # Jeju's visitors by month against their mean, until a year of our own is known [M]
VISIT_MIN = 7.0


def demands() -> tuple[float, float, bool]:
    """(peak, low, own): the busiest and the quietest month against the mean; Jeju's where a year is not known here. One query."""
    months: dict[tuple[int, int], list[int]] = defaultdict(list)
    today = clock.today()
    for on, n in visits_by_day(today - timedelta(days=YEAR), today).items():
        if on.weekday() < 5:
            months[on.year, on.month].append(n)
    means = [sum(days) / len(days) for days in months.values() if len(days) >= 15]
    if len(means) < 12:
        return PEAK, LOW, False
    usual = sum(means) / len(means)
    return max(means) / usual, min(means) / usual, True


@transaction.atomic
def ask(*, department_id: int, peak: float, low: float, servers: int, more: int, opens: int, by: Actor) -> SeasonStudy:
    """Begin a study of six scenarios. Raises reception.study_numbers."""
    if not (0.3 <= low <= peak <= 3 and 1 <= servers <= 20 and 0 <= more <= 10 and 7 * 60 <= opens <= 10 * 60):
        raise DomainError("reception.study_numbers")
    visit = _visit_min(department_id)
    base = {"servers": servers, "visit_min": visit}
    scenarios = [
        Scenario("usual", 1.0, **base), Scenario("peak", peak, **base), Scenario("peak_more", peak, servers + more, visit_min=visit),
        Scenario("peak_early", peak, opens=opens, **base), Scenario("low", low, **base), Scenario("low_fewer", low, max(1, servers - 1), visit_min=visit),
    ]  # fmt: skip
    row = SeasonStudy.objects.create(department_id=department_id, asked={"scenarios": [asdict(each) for each in scenarios], "visit_min": visit},
                                     asked_by=by.name, asked_at=clock.now())  # fmt: skip
    audit.note("season.asked", by=by, subject_type="study", subject_id=row.public_id)
    outbox.record("season.asked", {"study_id": row.pk}, by=by)

    def defer() -> None:
        from tamna.reception.tasks import study_season

        study_season.defer(pk=row.pk)

    transaction.on_commit(defer)
    return row


def run(pk: int) -> int:
    """Play what is left of a study; done again after a kill it goes on where it was. Returns how many scenarios are done."""
    row = SeasonStudy.objects.select_related("department").get(pk=pk)
    usual = usual_day(row.department)
    for asked in row.asked["scenarios"][len(row.result) :]:
        scenario = Scenario(**asked)
        row.result = [
            *row.result,
            {"name": scenario.name, **asdict(play(usual, scenario, first_minute=FIRST_HOUR * 60))},
        ]
        row.status = (
            SeasonStudy.Status.DONE if len(row.result) == len(row.asked["scenarios"]) else SeasonStudy.Status.RUNNING
        )
        row.save(update_fields=["result", "status"])
    return len(row.result)


def usual_day(department: Department) -> list[float]:
    """Mean arrivals each half hour of a weekday over eight weeks. One query."""
    today = clock.today()
    counts = counts_by_hour(today - timedelta(days=DAYS), today)
    days = {on for on, _, _ in counts if on.weekday() < 5} or {today}
    sums: dict[int, int] = defaultdict(int)
    for (on, code, hour), n in counts.items():
        if code == department.code and on in days:
            sums[hour] += n
    return [sums[hour] / len(days) / 2 for hour in range(FIRST_HOUR, LAST_HOUR) for _ in range(2)]


def _visit_min(department_id: int) -> float:
    rows = Ticket.objects.filter(
        department_id=department_id,
        business_on__gte=clock.today() - timedelta(days=DAYS),
        entered_at__isnull=False,
        ended_at__isnull=False,
    )
    mean = rows.aggregate(mean=Avg(ExpressionWrapper(F("ended_at") - F("entered_at"), output_field=DurationField())))[
        "mean"
    ]
    return round(mean.total_seconds() / 60, 1) if mean else VISIT_MIN


def studies() -> QuerySet[SeasonStudy]:
    return SeasonStudy.objects.select_related("department").order_by("-id")


def facts_of(row: SeasonStudy) -> list[dict[str, Any]]:
    """Each finished scenario with what was asked."""
    asked = {each["name"]: each for each in row.asked["scenarios"]}
    return [
        {
            **each,
            "servers": asked[each["name"]]["servers"],
            "opens": asked[each["name"]]["opens"],
            "demand": asked[each["name"]]["demand"],
        }
        for each in row.result
    ]
