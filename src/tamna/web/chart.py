"""Where the marks of a chart go: round axis steps and shares of the height. Numbers in, percent out."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor, log10

Figure = int | float | Decimal


@dataclass(frozen=True)
class Axis:
    """A scale with round steps. `ticks` run from the lowest up."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def share(self, value: Figure) -> float:
        """Height of a value in percent of the axis, from below."""
        return round((float(value) - self.low) / (self.high - self.low) * 100, 2)


def axis(values: Iterable[Figure | None], zero: bool = False, steps: int = 4) -> Axis:
    """An axis of about `steps` round steps around the values; `zero` makes it start at nought. Empty gives 0–1."""
    known = [float(value) for value in values if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    if zero or low == high:
        low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        high = low + 1
    rough = (high - low) / steps
    power = 10.0 ** floor(log10(rough))
    step = next(nice * power for nice in (1, 2, 2.5, 5, 10) if nice * power >= rough * 0.999)
    first, last = floor(low / step), ceil(high / step)
    return Axis(first * step, last * step, tuple(round(count * step, 10) for count in range(first, last + 1)))


def evenly(count: int, wanted: int = 6) -> list[int]:
    """Which of `count` places get a label so that about `wanted` are spread evenly, first and last included."""
    if count <= wanted:
        return list(range(count))
    return sorted({round(place * (count - 1) / (wanted - 1)) for place in range(wanted)})
