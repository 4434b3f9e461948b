"""Values of a column as numbers from 0 (부호화), so that keys of several columns become one whole number.

Sorting and counting whole numbers is several times quicker than hashing texts, days and pairs of them.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

Places = NDArray[np.int64]
DENSE = 1 << 24  # combinations that are numbered by a table; more by sorting


def numbered(values: pl.Series) -> tuple[Places, int]:
    """Each value's number, from 0; −1 where there is none; and how many numbers there may be."""
    if values.dtype.is_float() and ((whole := values.round()) == values).all():  # a quarter, a strength
        values = whole.cast(pl.Int64())
    if values.dtype == pl.Boolean() or values.dtype.is_integer() or values.dtype == pl.Date():
        whole = values.to_physical().cast(pl.Int64())
        bounds = whole.drop_nulls().to_numpy()
        low, high = (int(bounds.min()), int(bounds.max())) if len(bounds) else (0, -1)
        if high - low < 1 << 31:
            return (whole - low).fill_null(-1).to_numpy(), high - low + 1
    if values.dtype == pl.String():
        coded = values.cast(pl.Categorical(pl.Categories.random())).to_physical().cast(pl.Int64())
        places = coded.fill_null(-1).to_numpy()
        return places, int(places.max(initial=-1)) + 1
    ranks = values.rank("dense").cast(pl.Int64())
    return (ranks - 1).fill_null(-1).to_numpy(), int(ranks.max() or 0)  # type: ignore[arg-type]


def combined(keys: Sequence[tuple[Places, int]]) -> tuple[Places, int]:
    """One number for each combination; −1 where a key has none."""
    whole, size = keys[0]
    gone = whole < 0
    for numbers, count in keys[1:]:
        if size * max(count, 1) >= 1 << 62:
            whole, size = dense(whole, size)
        whole = whole * count + numbers
        gone |= numbers < 0
        size *= max(count, 1)
    if len(keys) > 1 and gone.any():
        whole[gone] = -1
    return whole, size


def dense(numbers: Places, size: int) -> tuple[Places, int]:
    """The same numbers without gaps; −1 stays."""
    if size > DENSE:
        return numbered_among(numbers)
    there = np.zeros(size + 1, np.int64)
    there[numbers + 1] = 1
    there[0] = 0
    places = np.cumsum(there)
    return np.where(numbers < 0, -1, places[numbers + 1] - 1), int(places[-1])


def numbered_among(numbers: Places) -> tuple[Places, int]:
    """Numbers too far apart for a table."""
    values = pl.Series(numbers)
    ranks = values.set(values < 0, None).rank("dense").cast(pl.Int64())
    return (ranks - 1).fill_null(-1).to_numpy(), int(ranks.max() or 0)  # type: ignore[arg-type]
