"""What a hospital's days teach about its rooms (진료 습관): how long consultations take, when rooms open, who is called first.

All of it grows while a log is replayed, from what was already over, so a new doctor borrows from the department and from
everyone until there is enough of his own.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tamna.engines.waits.log import Visit

BIN = 5  # minutes of a step of the day
STEPS = 24 * 60 // BIN
PULL = 8.0  # consultations of the wider group that a narrower one is mixed with
START_MEAN, START_SPREAD = math.log(7.0), 0.55  # before anything is known: 7 minutes, log-normal
OPEN_PULL = 4.0
LEAST_OPEN = 0.35
DAY_PULL = 40.0  # consultations that today's pace is mixed with

Key = Callable[[Visit], tuple[float, float]]


def _or(minute: float, other: float) -> float:
    return other if math.isnan(minute) else minute


RULES: Mapping[str, Key] = {
    "later of both": lambda visit: (max(_or(visit.appt, visit.checkin), visit.checkin), visit.checkin),
    "check-in": lambda visit: (visit.checkin, visit.checkin),
    "appointment": lambda visit: (_or(visit.appt, visit.checkin), visit.checkin),
    "booked first": lambda visit: (_or(visit.appt, 10_000 + visit.checkin), visit.checkin),
}
RULE = "later of both"


@dataclass
class Pace:
    """Logarithms of consultation minutes of one group."""

    n: float = 0.0
    total: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        self.n += 1
        self.total += value
        self.squares += value * value


@dataclass
class Habits:
    """Paces by group, rooms by step of the day, and the rule of calling."""

    paces: dict[tuple[str, ...], Pace] = field(default_factory=lambda: defaultdict(Pace))
    starts: dict[str, list[float]] = field(default_factory=dict)  # queue → calls in each step of the day
    idle: dict[str, list[float]] = field(
        default_factory=dict
    )  # queue → steps in which someone waited before a free room
    rule: str = RULE
    urgent: tuple[str, ...] = ()  # kinds that are called before all others
    _open: dict[str, list[bool]] = field(default_factory=dict)

    def key(self, visit: Visit) -> tuple[float, float]:
        """Smaller is called earlier."""
        first, second = RULES[self.rule](visit)
        return (first - 100_000, second) if visit.kind in self.urgent else (first, second)

    def today(self) -> "Habits":
        """A copy that may learn consultations of a day; calling hours are shared, which only whole days change."""
        paces = defaultdict(Pace, {group: Pace(pace.n, pace.total, pace.squares) for group, pace in self.paces.items()})
        return replace(self, paces=paces)

    def learn(self, visit: Visit) -> None:
        """A consultation that is over."""
        value = math.log(min(max(visit.service, 0.25), 240.0))
        for group in _groups(visit):
            self.paces[group].add(value)

    def expected(self, visit: Visit) -> tuple[float, float]:
        """Mean and standard deviation of the logarithm of this visit's minutes, narrower groups drawn to wider ones."""
        mean, spread = START_MEAN, START_SPREAD
        for group in _groups(visit):
            pace = self.paces.get(group)
            if pace is None:
                continue
            weight = pace.n + PULL
            centre = (pace.total + PULL * mean) / weight
            inside = max(pace.squares - 2 * centre * pace.total + pace.n * centre * centre, 0.0)
            spread = math.sqrt((inside + PULL * spread * spread) / weight)
            mean = centre
        return mean, min(max(spread, 0.05), 1.5)

    def learn_day(self, queue: str, day: Sequence[Visit]) -> None:
        """When a room called, and when it was free while someone waited: told at the end of the day."""
        seen = sorted((visit for visit in day if visit.wait == visit.wait and visit.service == visit.service), key=lambda visit: visit.start)  # fmt: skip
        free = 0.0
        for name in (queue, ""):
            starts, idle = (found.setdefault(name, [0.0] * STEPS) for found in (self.starts, self.idle))
            free = 0.0
            for visit in seen:
                starts[_step(visit.start)] += 1
                minute = max(free, visit.checkin)
                while minute < visit.start - 1e-9:
                    step = _step(minute)
                    until = min(visit.start, (step + 1) * BIN)
                    idle[step] += (until - minute) / BIN
                    minute = max(until, minute + 1e-6)
                free = max(free, visit.end)
        self._open.clear()

    def opened(self, queue: str) -> list[bool]:
        """Whether this room usually calls in each step of the day."""
        if queue not in self._open:
            nothing = [0.0] * STEPS
            all_starts, all_idle = self.starts.get("", nothing), self.idle.get("", nothing)
            starts, idle = self.starts.get(queue, nothing), self.idle.get(queue, nothing)
            found = []
            for step in range(STEPS):
                usual = (all_starts[step] + 1.0) / (all_starts[step] + all_idle[step] + 1.0)
                found.append((starts[step] + OPEN_PULL * usual) / (starts[step] + idle[step] + OPEN_PULL) >= LEAST_OPEN)
            self._open[queue] = found
        return self._open[queue]

    def next_open(self, queue: str, minute: float) -> float:
        """The first minute from this one on at which the room calls; the minute itself where it opens no more."""
        opened = self.opened(queue)
        for step in range(_step(minute), STEPS):
            if opened[step]:
                return max(minute, float(step * BIN))
        return minute

    def next_closed(self, queue: str, minute: float) -> float:
        """The first minute from this one on at which the room calls no more."""
        opened = self.opened(queue)
        return next(
            (max(minute, float(step * BIN)) for step in range(_step(minute), STEPS) if not opened[step]), 24.0 * 60
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "paces": [[list(group), pace.n, pace.total, pace.squares] for group, pace in sorted(self.paces.items())],
            "starts": self.starts, "idle": self.idle, "rule": self.rule, "urgent": list(self.urgent),
        }  # fmt: skip

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "Habits":
        habits = cls(rule=str(raw["rule"]), urgent=tuple(map(str, raw["urgent"])))
        if habits.rule not in RULES:
            raise ValueError(f"unknown rule {habits.rule!r}")
        for group, n, total, squares in raw["paces"]:
            habits.paces[tuple(map(str, group))] = Pace(float(n), float(total), float(squares))
        for name in ("starts", "idle"):
            setattr(habits, name, {str(queue): list(map(float, steps)) for queue, steps in raw[name].items()})
        return habits


def _groups(visit: Visit) -> list[tuple[str, ...]]:
    """From everyone to this doctor's visits of the same kind."""
    first = "" if math.isnan(visit.first_visit) else str(int(visit.first_visit))
    return [(), (first,), (visit.dept, first), (visit.dept, visit.doctor, first)]


def _step(minute: float) -> int:
    return min(max(int(minute // BIN), 0), STEPS - 1)


def mean_minutes(mean: float, spread: float) -> float:
    return math.exp(mean + spread * spread / 2)


def rest_minutes(mean: float, spread: float, elapsed: float) -> tuple[float, float]:
    """Mean and variance of what is left of a log-normal consultation that has already taken `elapsed` minutes."""
    if elapsed <= 0:
        whole = mean_minutes(mean, spread)
        return whole, whole * whole * (math.exp(spread * spread) - 1)
    place = (math.log(elapsed) - mean) / spread
    still = _tail(place)
    if still < 1e-6:
        return elapsed * 0.3, (elapsed * 0.3) ** 2
    first = math.exp(mean + spread * spread / 2) * _tail(place - spread) / still
    second = math.exp(2 * mean + 2 * spread * spread) * _tail(place - 2 * spread) / still
    return max(first - elapsed, 0.0), max(second - first * first, 0.0)


def _tail(place: float) -> float:
    return math.erfc(place / math.sqrt(2)) / 2


LEAST_EVENTS = 5


def calling(days: Sequence[Sequence[Visit]]) -> tuple[str, tuple[str, ...]]:
    """The rule that explains most calls, and the kinds that are called before others whatever the rule."""
    right = dict.fromkeys(RULES, 0)
    before: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for day in days:
        for queue in by_queue(day).values():
            called = sorted((visit for visit in queue if visit.wait == visit.wait), key=lambda visit: visit.start)
            for place, chosen in enumerate(called):
                waiting = [visit for visit in called[place:] if visit.checkin <= chosen.start]
                if len(waiting) < 2:
                    continue
                for name, key in RULES.items():
                    right[name] += min(waiting, key=key) is chosen
                first = min(waiting, key=RULES[RULE])
                for kind in {visit.kind for visit in waiting} - {first.kind}:
                    before[kind][0] += 1
                    before[kind][1] += chosen.kind == kind
    rule = max(RULES, key=lambda name: (right[name], name == RULE))
    urgent = sorted(kind for kind, (n, hits) in before.items() if n >= LEAST_EVENTS and hits >= 0.8 * n)
    return rule, tuple(urgent)


def by_queue(day: Sequence[Visit]) -> dict[tuple[str, str], list[Visit]]:
    found: dict[tuple[str, str], list[Visit]] = {}
    for visit in day:
        found.setdefault(visit.queue, []).append(visit)
    return found
