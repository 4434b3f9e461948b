"""Korean business calendar: public holidays with substitutes (공휴일·대체공휴일), night and holiday hours, office hours.

Law: 공휴일에 관한 법률, 관공서의 공휴일에 관한 규정 2조·3조; night and holiday add-on hours by 건강보험 행위 급여 목록 제1부;
office hours 09:00–18:00 as 국가공무원 복무규정 9조 ② has them [?]. The lunar dates come from the `holidays` library. Times
are Seoul's.
"""

from datetime import date, datetime, time, timedelta
from functools import lru_cache

import holidays

CLOSES = time(18)  # the office's day


@lru_cache(maxsize=64)
def _year(year: int) -> dict[date, str]:
    named: dict[date, str] = dict(holidays.country_holidays("KR", years=year, language="ko"))
    return named


def holiday_name(day: date) -> str:
    """Name of the public holiday (공휴일), empty on other days. Sundays are not named."""
    return _year(day.year).get(day, "")


def is_holiday(day: date) -> bool:
    """Sunday or public holiday (공휴일)."""
    return day.weekday() == 6 or bool(holiday_name(day))


def is_weekday(day: date) -> bool:
    """A full working day: Monday to Friday and no holiday (평일)."""
    return day.weekday() < 5 and not is_holiday(day)


def next_weekday(day: date) -> date:
    """The first full working day on or after `day`."""
    while not is_weekday(day):
        day += timedelta(days=1)
    return day


def last_weekday(day: date) -> date:
    """The last full working day on or before `day`."""
    while not is_weekday(day):
        day -= timedelta(days=1)
    return day


def close_of_work(at: datetime) -> datetime:
    """When the office next closes after `at` (업무 종료): today's working day while it lasts, else the next one's."""
    day = next_weekday(at.date() if at.time() < CLOSES else at.date() + timedelta(days=1))
    return datetime.combine(day, CLOSES, tzinfo=at.tzinfo)


def is_night_or_holiday(at: datetime) -> bool:
    """Night 18:00–09:00, Saturday from 13:00, Sundays and public holidays all day (야간·공휴일 가산 시간)."""
    if is_holiday(at.date()):
        return True
    clock = at.time()
    closes = time(13) if at.weekday() == 5 else time(18)
    return clock < time(9) or clock >= closes
