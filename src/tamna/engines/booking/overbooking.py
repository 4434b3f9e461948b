"""How many more to book into a full session (초과예약 수): the number with the least expected cost, told from everyone together.

Paper: LaGanga & Lawrence 2007, clinic overbooking. Each booked person comes with a chance of their own; how many come is the exact
distribution of that sum (convolution). Costs are minutes: a doctor's idle minute, an overtime minute, a waiting minute of patients.
In: chances of missing, places, minutes a place, weights. Out: `Choice` with its costs by number. Nobody's own chance opens or closes a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Weights:
    """What a minute costs beside a waiting minute of one patient."""

    idle: float = 4.0
    overtime: float = 6.0
    waiting: float = 1.0


@dataclass(frozen=True)
class Choice:
    """How many extra, and the expected cost in weighted minutes of 0, 1, 2 … extra."""

    extra: int
    costs: tuple[float, ...]
    shows: float  # how many of those booked are expected

    @property
    def saved(self) -> float:
        return self.costs[0] - self.costs[self.extra]


def coming(missing: Sequence[float]) -> npt.NDArray[np.float64]:
    """P(n of them come), n = 0 … len: the chances convolved one by one."""
    found = np.ones(1)
    for chance in missing:
        found = np.convolve(found, (chance, 1 - chance))
    return found


def cost(come: npt.NDArray[np.float64], places: int, minutes: float, weights: Weights) -> float:
    """Expected weighted minutes of a session with so many places when `come` is how many show up."""
    n = np.arange(len(come))
    over = np.maximum(n - places, 0)
    waits = minutes * over * (n - over / 2)  # each extra shifts those after it; they stand evenly over the session
    each = (
        weights.idle * minutes * np.maximum(places - n, 0)
        + weights.overtime * minutes * over
        + weights.waiting * waits / 2
    )
    return float(come @ each)


def choose(
    missing: Sequence[float], *, minutes: float, most: int, usual: float, weights: Weights = Weights()
) -> Choice:
    """The best number of extra bookings, 0 … `most`, for a session in which every place has one of `missing`.

    `usual` is the chance of whoever would be added: nobody in particular is known yet.
    """
    places, come = len(missing), coming(missing)
    costs = []
    for _extra in range(most + 1):
        costs.append(cost(come, places, minutes, weights))
        come = np.convolve(come, (usual, 1 - usual))
    return Choice(
        int(np.argmin(costs)),
        tuple(round(value, 2) for value in costs),
        round(float(sum(1 - chance for chance in missing)), 2),
    )
