"""How many come (내원 예측): by day for the whole hospital, by department and hour for a week, beside what came."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count
from django.db.models.functions import ExtractHour

from tamna.core import clock
from tamna.core.models import Department
from tamna.engines.forecast.hourly import by_hour
from tamna.reception.models import ArrivalForecast, Encounter, HourForecast

TOLD_DAYS = 14
HOURS_DAYS = 7
HOURS_PAST = 63  # nine weeks: eight days of each weekday
KEPT_DAYS = 60


def visits_by_day(since: date, until: date) -> dict[date, int]:
    """Visits that were received, by day; `until` is not among them. One query."""
    rows = Encounter.objects.filter(business_on__gte=since, business_on__lt=until, is_imported=False).exclude(
        status=Encounter.Status.CANCELLED
    )
    return dict(rows.order_by().values_list("business_on").annotate(n=Count("pk")))


def counts_by_hour(since: date, until: date) -> dict[tuple[date, str, int], int]:
    """Outpatient visits by day, department and hour of arrival; `until` is not among them. One query."""
    rows = Encounter.objects.filter(
        business_on__gte=since, business_on__lt=until, is_imported=False, setting="outpatient"
    ).exclude(status="cancelled")
    grouped = (
        rows.order_by()
        .values_list("business_on", "department__code", ExtractHour("arrived_at", tzinfo=clock.SEOUL))
        .annotate(n=Count("pk"))
    )
    return {(on, code, hour): n for on, code, hour, n in grouped}


def tell_hours() -> int:
    """Visits of the coming week by department and hour, told once a day from the newest forecast of each day."""
    today = clock.today()
    if HourForecast.objects.filter(told_on=today).exists():
        return 0
    told = {row.on: (float(row.mean), float(row.low80), float(row.high80)) for row in coming()[:HOURS_DAYS]}
    counts = counts_by_hour(today - timedelta(days=HOURS_PAST), today)
    if not told or not counts:
        return 0
    keys = dict(Department.objects.values_list("code", "pk"))
    rows = [
        HourForecast(department_id=keys[row.department], on=row.on, hour=row.hour, told_on=today, mean=row.mean, low80=row.low80,
                     high80=row.high80, baseline=row.baseline)
        for row in by_hour(counts, told)
    ]  # fmt: skip
    HourForecast.objects.filter(told_on__lt=today - timedelta(days=KEPT_DAYS)).delete()
    return len(HourForecast.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1_000))


def hours_of(on: date) -> list[HourForecast]:
    """The newest forecast of each department and hour of a day. One query."""
    rows = HourForecast.objects.filter(on=on, told_on__lte=on).select_related("department")
    return list(rows.order_by("department__code", "hour", "-told_on").distinct("department__code", "hour"))


def half_hours(on: date, first_hour: int, last_hour: int) -> list[float]:
    """Expected visits of the whole hospital each half hour of a day. One query."""
    sums: dict[int, float] = defaultdict(float)
    for row in hours_of(on):
        sums[row.hour] += float(row.mean)
    return [sums[hour] / 2 for hour in range(first_hour, last_hour) for _ in range(2)]


@dataclass(frozen=True)
class HourError:
    """How hours told for a day that is over were off: mean error, the week before's, share within the interval."""

    n: int
    error: float
    baseline_error: float
    covered: float


def hours_error(on: date) -> HourError | None:
    """Of a day that is over, as told before it. Two queries."""
    rows = list(
        HourForecast.objects.filter(on=on, told_on__lt=on)
        .order_by("department_id", "hour", "-told_on")
        .distinct("department_id", "hour")
        .select_related("department")
    )
    if not rows:
        return None
    came = counts_by_hour(on, on + timedelta(days=1))
    pairs = [(row, came.get((on, row.department.code, row.hour), 0)) for row in rows]
    n = len(pairs)
    return HourError(
        n, sum(abs(float(row.mean) - count) for row, count in pairs) / n, sum(abs(float(row.baseline) - count) for row, count in pairs) / n,
        sum(row.low80 <= count <= row.high80 for row, count in pairs) / n,
    )  # fmt: skip


@dataclass(frozen=True)
class Foretold:
    """A day that is over: what was told, what came, how far both were off."""

    row: ArrivalForecast
    came: int

    @property
    def error(self) -> float:
        return abs(float(self.row.mean) - self.came)

    @property
    def baseline_error(self) -> float:
        return abs(float(self.row.baseline) - self.came)


def coming() -> list[ArrivalForecast]:
    """The newest forecast of each coming day, today's too. One query."""
    rows = ArrivalForecast.objects.filter(on__gte=clock.today()).order_by("on", "-told_on").distinct("on")
    return list(rows[:TOLD_DAYS])


def yesterday() -> Foretold | None:
    """What was told for yesterday before it was over. Two queries."""
    on = clock.today() - timedelta(days=1)
    row = ArrivalForecast.objects.filter(on=on, told_on__lte=on).order_by("-told_on").first()
    return Foretold(row, visits_by_day(on, clock.today()).get(on, 0)) if row else None
