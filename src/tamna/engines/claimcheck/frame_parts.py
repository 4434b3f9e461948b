"""Tables cut into parts of whole patients (수진자 단위), which can be judged side by side: no window within patients crosses them."""

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from tamna.engines.claimcheck.frame_numbers import Places, numbered

Frames = Mapping[str, pl.DataFrame]


def patients_of(claims: pl.DataFrame) -> Places:
    """Each claim's patient by number, in order of first appearance; a claim without one stands for itself."""
    own = np.arange(len(claims))
    if "patient_ref" not in claims.columns:
        return own
    numbers, count = numbered(claims["patient_ref"])
    return np.where(numbers < 0, count + own, numbers)


def by_patients(frames: Frames, shares: tuple[float, ...]) -> Iterator[tuple[dict[str, pl.DataFrame], Places]]:
    """Parts of about these shares of the patients: frames with claims numbered from 0, and the numbers they had."""
    patients = patients_of(frames["claims"])
    ends = np.cumsum(shares) / sum(shares) * (patients.max(initial=0) + 1)
    part = np.searchsorted(ends, patients + 0.5)
    for number in range(len(shares)):
        chosen = part == number
        local = (np.cumsum(chosen) - 1).astype(np.uint32)
        cut = {}
        for scope, frame in frames.items():
            rows = _only(frame, np.flatnonzero(chosen[frame["claim"].to_numpy()]))
            cut[scope] = rows.with_columns(pl.Series("claim", local[rows["claim"].to_numpy()]))
        yield cut, np.flatnonzero(chosen)


def _only(frame: pl.DataFrame, places: Places) -> pl.DataFrame:
    """These rows; nothing is copied where they stand together."""
    if len(places) and places[-1] - places[0] + 1 == len(places):
        return frame.slice(int(places[0]), len(places))
    return frame[places]
