"""What the calendar tells of each moment (달력 변수): weekday, hour, holidays near it, the turn of the year.

Holidays come from the `holidays` library, Korean ones with lunar dates and substitutes. Monthly and weekly moments get counts of
days. In: moments as numpy datetimes. Out: a matrix whose columns are named; nothing is learnt here. Raises InputError.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from tamna.engines.errors import InputError
from tamna.engines.learning.columns import Floats

Freq = Literal["H", "D", "W", "M"]
Moments = np.ndarray[Any, np.dtype[np.datetime64]]
DAY = np.timedelta64(1, "D")
YEAR_DAYS = 365.2425
SEASON = {"H": 24, "D": 7, "W": 52, "M": 12}
STEP = {"H": np.timedelta64(1, "h"), "D": DAY, "W": np.timedelta64(7, "D")}
WAVES = {"H": 3, "D": 3, "W": 4, "M": 0}  # of the year, once two years are known


@dataclass(frozen=True)
class Features:
    """Columns of the calendar; `season` is each moment's place in the week or the year."""

    names: tuple[str, ...]
    matrix: Floats
    season: np.ndarray[Any, np.dtype[np.int64]]


@lru_cache(maxsize=256)
def _holidays(country: str, year: int) -> dict[Any, str]:
    import holidays

    try:
        return dict(holidays.country_holidays(country, years=year))
    except (NotImplementedError, KeyError) as error:
        raise InputError("no_such_country", f"no holidays are known for {country!r}", "--country", "a code such as KR, US, GB, JP, or NONE") from error  # fmt: skip


def holiday_names(days: Moments, country: str) -> list[str]:
    """The holiday of each day, empty on other days. `NONE` has none."""
    if country == "NONE":
        return [""] * len(days)
    plain = days.astype("datetime64[D]").tolist()
    return [_holidays(country, day.year).get(day, "") for day in plain]


def features(moments: Moments, freq: Freq, country: str) -> Features:
    """One row a moment."""
    days = moments.astype("datetime64[D]")
    if freq in ("M", "W"):
        return _counted(days, freq, country)
    weekday = (days.astype(np.int64) + 3) % 7
    span = np.arange(days.min() - 2, days.max() + 3)
    off = np.array([bool(name) for name in holiday_names(span, country)])
    place = (days - span[0]).astype(int)
    today, before, after = off[place], off[place + 1], off[place - 1]
    columns: dict[str, Floats] = {f"weekday_{each}": weekday == each for each in range(7)}
    columns |= {
        "holiday": today, "holiday_workday": today & (weekday < 5), "eve": before & ~today, "day_after": after & ~today,
        "bridge": ~today & (weekday < 5) & ((before | (weekday == 4)) & (after | (weekday == 0))),
    }  # fmt: skip
    columns["bridge"] = columns["bridge"] & (before | after)
    season = weekday
    if freq == "H":
        hour = (moments.astype("datetime64[h]").astype(np.int64)) % 24
        season = weekday * 24 + hour
        free = today | (weekday == 6)
        kind = np.where(free, 2, np.where(weekday == 5, 1, 0))
        columns |= {f"hour_{k}_{h}": (kind == k) & (hour == h) for k in range(3) for h in range(24)}
        columns |= {f"monday_{h}": (weekday == 0) & (kind == 0) & (hour == h) for h in range(9)}
    columns |= waves(days, WAVES[freq])
    return Features(tuple(columns), np.column_stack([np.asarray(each, float) for each in columns.values()]), season)


def waves(days: Moments, count: int) -> dict[str, Floats]:
    """Sines and cosines of the year."""
    turn = 2 * np.pi * days.astype("datetime64[D]").astype(float) / YEAR_DAYS
    return {
        f"{name}_{k}": form(k * turn) for k in range(1, count + 1) for name, form in (("sin", np.sin), ("cos", np.cos))
    }


def _counted(days: Moments, freq: Freq, country: str) -> Features:
    """Months and weeks: how many days, working days and holidays they have."""
    if freq == "M":
        months = days.astype("datetime64[M]")
        starts, ends = months.astype("datetime64[D]"), (months + 1).astype("datetime64[D]")
        season = months.astype(np.int64) % 12
    else:
        starts, ends = days, days + 7 * DAY
        season = np.minimum((days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(int) // 7, 51)
    span = np.arange(starts.min(), ends.max() + 1)
    off = np.array([bool(name) for name in holiday_names(span, country)])
    weekday = (span.astype(np.int64) + 3) % 7
    sums = {
        "days": np.ones(len(span)), "working_days": (weekday < 5) & ~off, "holidays": off & (weekday < 5), "mondays": weekday == 0,
    }  # fmt: skip
    first, last = (starts - span[0]).astype(int), (ends - span[0]).astype(int)
    columns = {}
    for name, each in sums.items():
        total = np.concatenate([[0.0], np.cumsum(each.astype(float))])
        columns[name] = total[last] - total[first]
    columns |= waves(days, WAVES[freq])
    return Features(tuple(columns), np.column_stack(list(columns.values())), season.astype(np.int64))


def following(last: np.datetime64, count: int, freq: Freq) -> Moments:
    """The moments after one. A month goes on at its day or, when it ended its month, at the ends of months."""
    if freq != "M":
        return last + STEP[freq] * np.arange(1, count + 1)
    month = last.astype("datetime64[M]")
    months = month + np.arange(1, count + 1)
    day = (last.astype("datetime64[D]") - month.astype("datetime64[D]")).astype(int)
    ends = (months + 1).astype("datetime64[D]") - DAY
    at_end = last.astype("datetime64[D]") == (month + 1).astype("datetime64[D]") - DAY and day >= 27
    found = ends if at_end else np.minimum(months.astype("datetime64[D]") + day, ends)
    return found.astype(last.dtype)


def steps_between(moments: Moments, freq: Freq) -> Sequence[int]:
    """Each moment's number of steps after the first."""
    if freq == "M":
        return (
            moments.astype("datetime64[M]").astype(int) - int(moments[0].astype("datetime64[M]").astype(int))
        ).tolist()
    return np.rint((moments - moments[0]) / STEP[freq]).astype(int).tolist()
