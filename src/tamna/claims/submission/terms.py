"""Days that a claim must not pass (청구 기한): when the right to it lapses, when a returned one has lain too long.

Law: 국민건강보험법 제91조① (three years); counted from the last day of the month of care [?].
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from tamna.params import Dated, load


@dataclass(frozen=True)
class Terms:
    lapse_years: Dated[int]
    lapse_warn_months: Dated[int]
    impossible_days: Dated[int]
    records_days: Dated[int]
    review_days: Dated[int]


TERMS = load("claims/terms", Terms)


def month_end(care_month: str) -> date:
    """The last day of a month of care (202611)."""
    year, month = int(care_month[:4]), int(care_month[4:])
    return date(year, month, monthrange(year, month)[1])


def lapses_on(care_month: str) -> date:
    """The last day on which a month's care can be claimed (소멸시효)."""
    end = month_end(care_month)
    year = end.year + TERMS.lapse_years.at(end).value
    return date(year, end.month, monthrange(year, end.month)[1])


def warns_on(care_month: str) -> date:
    """From this day on a statement that was not sent is warned of."""
    end = month_end(care_month)
    months = end.year * 12 + end.month - 1 + TERMS.lapse_warn_months.at(end).value
    year, month = months // 12, months % 12 + 1
    return date(year, month, monthrange(year, month)[1])


def lapsing_month(today: date) -> str:
    """The newest month of care that is warned of today."""
    months = today.year * 12 + today.month - 1 - TERMS.lapse_warn_months.at(today).value
    month = f"{months // 12:04d}{months % 12 + 1:02d}"
    if warns_on(month) <= today:
        return month
    return f"{(months - 1) // 12:04d}{(months - 1) % 12 + 1:02d}"
