"""How long someone will wait: people ahead × pace of today, with an interval and its steps.

The naive rule is strong (queue length × mean service); better models must beat it on the same data before they replace it.
In: minutes. Out: minutes with an 80 % interval. Raises nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from tamna.engines.explain import Explained, Step

SPREAD_OF_ONE = 0.6  # standard deviation of one consultation in units of its mean (log-normal, sigma about 0.55)
Z80 = 1.2816
SHRINK = 5  # weight of the department's usual pace, in consultations


@dataclass(frozen=True)
class Wait:
    """Predicted minutes until the call."""

    minutes: float
    low80: float
    high80: float


def predict_wait(
    ahead: int, todays_minutes: Sequence[float], usual_minutes: float, in_room_since: float | None, doctors: int = 1
) -> Explained[Wait]:
    """Minutes until someone behind `ahead` people is called.

    The pace is the median of today's consultations, shrunk to the department's usual one while there are few. The
    patient in the room needs what is left of the pace, at least a fifth of it.
    """
    seen = len(todays_minutes)
    today = median(todays_minutes) if seen else usual_minutes
    pace = (today * seen + usual_minutes * SHRINK) / (seen + SHRINK)
    rest = 0.0 if in_room_since is None else max(pace - in_room_since, pace * 0.2)
    mean = (ahead * pace + rest) / max(doctors, 1)
    spread = Z80 * SPREAD_OF_ONE * pace * math.sqrt(ahead + (0.5 if rest else 0.0)) / max(doctors, 1)
    steps = (
        Step(
            "wait.ahead",
            round(ahead * pace, 1),
            "people ahead × pace",
            {"ahead": ahead, "pace_min": round(pace, 1), "seen_today": seen},
        ),
        Step("wait.in_room", round(rest, 1), "rest of the patient in the room", {"since_min": in_room_since}),
        Step("wait.predicted", round(mean, 1), "sum ÷ doctors", {"doctors": doctors}),
    )
    return Explained(Wait(round(mean, 1), round(max(0.0, mean - spread), 1), round(mean + spread, 1)), steps)
