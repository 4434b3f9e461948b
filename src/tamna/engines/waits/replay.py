"""The log lived through again (재생): at each check-in, what the hospital knew then, as features and as the queue's own sum.

Strictly online: only what happened before a check-in is seen at it. The queue's sum (rest of the patient in the room, then
everyone who will be called earlier, over the hours in which the room calls) is the trees' first feature, and the answer where there is too little to learn from.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tamna.engines.learning.columns import Column
from tamna.engines.waits.habits import DAY_PULL, Habits, by_queue, mean_minutes, rest_minutes
from tamna.engines.waits.log import NAN, Visit, as_days, weekday

FEATURES = (
    "sum", "spread", "work", "rest", "rest_spread", "ahead", "behind", "in_room", "elapsed", "rooms", "usual", "pace", "shift", "finished",
    "begun", "idle_for", "minute", "until_open", "slack", "until_appt", "is_booked", "first_visit", "longest_wait", "last_wait", "recent_wait",
    "weekday", "arrivals_30", "arrivals_60",
)  # fmt: skip
OVERTAKEN = 3  # later ones called before someone after which he is taken to have left
LONGEST_STAY = 180.0
RECENT = 3


@dataclass(frozen=True, slots=True)
class Moment:
    """What was known at one check-in."""

    visit: Visit
    naive: float  # people to be called before × pace of today
    known: Mapping[str, float]  # feature → value


@dataclass
class Room:
    """One queue on one day, as far as it is known."""

    present: list[Visit] = field(default_factory=list)
    overtaken: dict[int, int] = field(default_factory=dict)
    called: set[int] = field(default_factory=set)  # rows whose call is taken in
    waits: list[float] = field(default_factory=list)
    minutes: list[float] = field(default_factory=list)
    surprise: float = 0.0  # sum of log(minutes) beyond what was expected
    last_end: float = NAN
    arrivals: list[float] = field(default_factory=list)
    rooms: int = 1

    def until(self, now: float, habits: Habits) -> tuple[list[Visit], list[Visit]]:
        """Who waits and who is in the room at this minute, after everything before it is taken in."""
        calls = sorted((visit for visit in self.present if visit.start < now and visit.row not in self.called), key=lambda visit: visit.start)  # fmt: skip
        for call in calls:
            self.called.add(call.row)
            if call.wait == call.wait:
                self.waits.append(call.wait)
            mine = habits.key(call)
            for other in self.present:
                if other.checkin < call.start and not other.start < now and habits.key(other) < mine:
                    self.overtaken[other.row] = self.overtaken.get(other.row, 0) + 1
        over = sorted((visit for visit in self.present if visit.end < now), key=lambda visit: visit.end)
        for visit in over:
            self.last_end = visit.end
            if visit.service == visit.service:
                self.minutes.append(visit.service)
                self.surprise += math.log(max(visit.service, 0.25)) - habits.expected(visit)[0]
                habits.learn(visit)
        last_call = max((visit.start for visit in self.present if visit.start < now), default=NAN)
        self.present = [visit for visit in self.present if not visit.end < now and not _left(visit, now, last_call)]
        inside = [visit for visit in self.present if visit.start < now]
        self.rooms = max(self.rooms, len(inside))
        waiting = [visit for visit in self.present if not visit.start < now and visit.checkin < now and self.overtaken.get(visit.row, 0) < OVERTAKEN]  # fmt: skip
        return waiting, inside


def _left(visit: Visit, now: float, last_call: float) -> bool:
    """Called, but nobody wrote when it ended: over at the next call, or after long."""
    return visit.start < now and math.isnan(visit.end) and (visit.start < last_call or visit.start < now - LONGEST_STAY)


def replay(log: Sequence[Visit], day: Column, habits: Habits, asked: frozenset[int] | None = None) -> Iterator[Moment]:
    """Every row with a check-in, or the `asked` ones alone, in the order of time; habits grow meanwhile."""
    for today in as_days(log):
        rooms: dict[tuple[str, str], Room] = {}
        for visit in today:
            room = rooms.setdefault(visit.queue, Room())
            if not math.isnan(visit.checkin):
                if asked is None or visit.row in asked:
                    yield _moment(visit, room, day, habits)
                else:
                    room.until(visit.checkin, habits)
                room.arrivals.append(visit.checkin)
            room.present.append(visit)
        if asked is not None:
            continue  # the day is not over: what it teaches of calling hours is learnt at night
        for queue, visits in by_queue(today).items():
            rooms[queue].until(math.inf, habits)
            habits.learn_day("\0".join(queue), visits)


def _moment(visit: Visit, room: Room, day: Column, habits: Habits) -> Moment:
    now, queue = visit.checkin, "\0".join(visit.queue)
    waiting, inside = room.until(now, habits)
    mine = habits.key(visit)
    before = sorted((other for other in waiting if habits.key(other) <= mine), key=habits.key)
    shift = room.surprise / (len(room.minutes) + DAY_PULL)
    rest, rest_variance, elapsed = _rest(inside, now, shift, habits) if len(inside) >= room.rooms else (0.0, 0.0, 0.0)
    minute, work, variance = now + rest, 0.0, rest_variance
    for other in before:
        mean, spread = habits.expected(other)
        takes = mean_minutes(mean + shift, spread) / room.rooms
        work += takes
        variance += takes * takes * (math.exp(spread * spread) - 1)
        minute = habits.next_open(queue, minute) + takes
    total = habits.next_open(queue, minute) - now
    mean, spread = habits.expected(visit)
    usual, pace = mean_minutes(mean, spread), mean_minutes(mean + shift, spread)
    recent = room.waits[-RECENT:]
    known = {
        "sum": total, "spread": math.sqrt(variance), "work": work, "rest": rest, "rest_spread": math.sqrt(rest_variance),
        "ahead": len(before), "behind": len(waiting) - len(before), "in_room": len(inside), "elapsed": elapsed, "rooms": room.rooms,
        "usual": usual, "pace": pace, "shift": shift, "finished": len(room.minutes), "begun": bool(room.called),
        "idle_for": NAN if inside else now - room.last_end, "minute": now, "until_open": habits.next_open(queue, now) - now, "slack": habits.next_closed(queue, habits.next_open(queue, now)) - minute,
        "until_appt": visit.appt - now, "is_booked": not math.isnan(visit.appt), "first_visit": visit.first_visit,
        "longest_wait": max((now - other.checkin for other in waiting), default=0.0), "last_wait": recent[-1] if recent else NAN,
        "recent_wait": sum(recent) / len(recent) if recent else NAN, "weekday": weekday(visit, day),
        "arrivals_30": sum(now - 30 <= at < now for at in room.arrivals), "arrivals_60": sum(now - 60 <= at < now for at in room.arrivals),
    }  # fmt: skip
    naive = (len(before) + 0.5 * len(inside)) * pace
    return Moment(visit, naive, {name: float(value) for name, value in known.items()})


def _rest(inside: Sequence[Visit], now: float, shift: float, habits: Habits) -> tuple[float, float, float]:
    """Mean and variance of the minutes until the first of the rooms is free, and how long that visit has taken."""
    found = []
    for visit in inside:
        mean, spread = habits.expected(visit)
        found.append((*rest_minutes(mean + shift, spread, now - visit.start), now - visit.start))
    return min(found)
