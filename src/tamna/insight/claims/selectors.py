"""Reads of claims in figures: pre-computed sums put together for a span of months, never the claims themselves."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet, Sum

from tamna.core import clock
from tamna.engines import drift
from tamna.engines.shares import wilson
from tamna.insight.claims.models import ClaimFigure
from tamna.insight.claims.services import WEEK_KEY, week_of
from tamna.insight.claims.terms import TERMS

BACK = ("returned", "impossible", "adjusted")
SPANS = (6, 12, 24, 60)


@dataclass
class Figures:
    """Sums of a row: `key` → (value, count); with a part where the figure has parts."""

    name: Any  # a first of a month, a department's code, or none for the whole
    sums: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)

    def put(self, key: str, part: str, value: int, count: int) -> None:
        was = self.sums.get((key, part), (0, 0))
        self.sums[key, part] = (was[0] + value, was[1] + count)

    def of(self, key: str) -> tuple[int, int]:
        """Value and count of a figure over all its parts."""
        found = [pair for (name, _part), pair in self.sums.items() if name == key]
        return sum(value for value, _ in found), sum(count for _, count in found)

    def parts(self, key: str) -> dict[str, tuple[int, int]]:
        return {part: pair for (name, part), pair in self.sums.items() if name == key}

    def count(self, *keys: str) -> int:
        return sum(self.of(key)[1] for key in keys)

    def value(self, *keys: str) -> int:
        return sum(self.of(key)[0] for key in keys)

    def mean(self, key: str) -> float | None:
        value, count = self.of(key)
        return value / count if count else None

    @property
    def back(self) -> int:
        """Statements that came back or were cut."""
        return self.count(*BACK)

    @property
    def lost_won(self) -> int:
        return self.value(*BACK)

    @property
    def rate(self) -> float | None:
        answered = self.count("answered")
        return self.back / answered if answered else None

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.back, self.count("answered"))

    @property
    def clerk_minutes(self) -> float | None:
        seconds = self.mean("clerk")
        return None if seconds is None else seconds / 60


def months_back(count: int) -> date:
    """The first of so many months, this one with them."""
    years, month = divmod(clock.today().year * 12 + clock.today().month - count, 12)
    return date(years, month + 1, 1)


def _rows(first: date, last: date, department: str) -> QuerySet[ClaimFigure]:
    rows = ClaimFigure.objects.filter(starts_on__range=(first, last)).exclude(key=WEEK_KEY)
    return rows.filter(department_code=department) if department else rows


def _summed(rows: QuerySet[ClaimFigure], by: str) -> list[Figures]:
    found: dict[Any, Figures] = {}
    sums = rows.values_list(by, "key", "part").annotate(v=Sum("value"), n=Sum("count")).order_by(by)
    for name, key, part, value, count in sums:
        found.setdefault(name, Figures(name)).put(key, part, value, count)
    return list(found.values())


def by_month(first: date, last: date, department: str = "") -> list[Figures]:
    """One row a month of care, oldest first. One query."""
    return _summed(_rows(first, last, department), "starts_on")


def by_department(first: date, last: date) -> list[Figures]:
    """One row a department, most claims first. One query."""
    return sorted(_summed(_rows(first, last, ""), "department_code"), key=lambda row: -row.count("claims"))


def whole(rows: Iterable[Figures]) -> Figures:
    """The rows added up."""
    total = Figures(None)
    for row in rows:
        for (key, part), (value, count) in row.sums.items():
            total.put(key, part, value, count)
    return total


@dataclass(frozen=True)
class Reason:
    """Statements that came back or were cut for one reason, and the change of its share."""

    code: str
    count: int
    won: int
    share: float
    low: float
    high: float
    change: drift.Change | None


def reasons(months: Sequence[Figures], first: date, last: date, department: str = "") -> list[Reason]:
    """Reasons of a span, the dearest first, each with its drift by week of sending. One query."""
    total = whole(months)
    answered = total.count("answered")
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for key in BACK:
        for code, (value, count) in total.parts(key).items():
            sums[code][0] += value
            sums[code][1] += count
    changed = {one.key: one for one in drift.changes(
        weeks(first, last, department), fewest_weeks=TERMS.drift_weeks.at(last).value, fewest_answers=TERMS.drift_answers.at(last).value
    )}  # fmt: skip
    found = [
        Reason(code, count, won, count / answered if answered else 0.0, *wilson(count, answered), changed.get(code))
        for code, (won, count) in sums.items()
    ]
    return sorted(found, key=lambda row: (-row.won, row.code))


def weeks(first: date, last: date, department: str = "") -> list[drift.Week]:
    """Answers and reasons by week of sending, but for the last ones, whose answers are still coming. One query."""
    settled = min(last, clock.today()) - timedelta(days=TERMS.settled_days.at(last).value)
    rows = ClaimFigure.objects.filter(key=WEEK_KEY, starts_on__range=(week_of(first), settled))
    rows = rows.filter(department_code=department) if department else rows
    hits: dict[date, dict[str, int]] = defaultdict(dict)
    for on, part, count in rows.values_list("starts_on", "part").annotate(n=Sum("count")).order_by("starts_on"):
        hits[on][part] = count
    return [drift.Week(on, found.pop("", 0), found) for on, found in sorted(hits.items())]


@dataclass(frozen=True)
class Earning:
    """What a department or a class of service earns from claims, won; what it costs is not in it."""

    name: Any
    charged_won: int  # with the patient's share
    claimed_won: int
    lost_won: int  # not granted at the first answer
    paid_won: int
    expected_won: int  # granted, and of what is not answered yet the usual part
    mended_won: int = 0  # omissions that were proposed and taken
    left_won: int = 0  # proposed, and neither taken nor refused

    @property
    def lost_share(self) -> float | None:
        return self.lost_won / self.claimed_won if self.claimed_won else None

    @classmethod
    def of(cls, row: Figures) -> "Earning":
        claimed, asked, lost = row.value("claims"), row.value("answered"), row.lost_won
        waiting = max(0, claimed - asked)
        usual = 1 - lost / asked if asked else 1.0
        return cls(
            row.name, row.value("charged"), claimed, lost, row.value("paid"), asked - lost + round(waiting * usual),
            row.value("omit_mended"), row.value("omit_left"),
        )  # fmt: skip


def earnings(rows: Iterable[Figures]) -> list[Earning]:
    """By department, the largest claimed first."""
    return sorted((Earning.of(row) for row in rows), key=lambda row: -row.claimed_won)


def services(whole: Figures) -> list[Earning]:
    """By class of service: lines as claimed and the cuts that name them; returns of whole statements have no class."""
    cuts = whole.parts("service_cut")
    rows = [
        Earning(part, won, won, cuts.get(part, (0, 0))[0], 0, won - cuts.get(part, (0, 0))[0])
        for part, (won, _count) in whole.parts("service").items()
    ]
    return sorted(rows, key=lambda row: -row.claimed_won)
