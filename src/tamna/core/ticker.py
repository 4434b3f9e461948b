"""Turns the hospital clock into events: `business.hour` {date, hour} and `business.day` {date}.

Nightly and hourly work listens to them, so that it follows business time at any clock speed and nothing is missed
after a stop: up to two days of hours are caught up, in order.
"""

from datetime import timedelta

from tamna.core import clock, outbox
from tamna.core.actor import Actor
from tamna.core.models import Event

TICKER = Actor.system("ticker")
CATCH_UP_HOURS = 48


def tick() -> int:
    """Write the hours that have begun since the last one. Returns how many."""
    now = clock.now().astimezone(clock.SEOUL)
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    last = Event.objects.filter(name="business.hour").order_by("-id").first()
    start = last.occurred_at.astimezone(clock.SEOUL) if last else this_hour - timedelta(hours=1)
    if start > this_hour:  # the clock was set back
        return 0
    hour = max(start, this_hour - timedelta(hours=CATCH_UP_HOURS)) + timedelta(hours=1)
    made = 0
    while hour <= this_hour:
        if hour.hour == 0:
            outbox.record("business.day", {"date": hour.date().isoformat()}, by=TICKER, at=hour)
        outbox.record("business.hour", {"date": hour.date().isoformat(), "hour": hour.hour}, by=TICKER, at=hour)
        hour += timedelta(hours=1)
        made += 1
    return made
