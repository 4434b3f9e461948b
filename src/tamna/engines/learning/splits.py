"""Splits that a later day cannot reach into (시간 순서 검증): what is judged comes after what was learnt.

With times, the later half of the rows is cut into blocks of whole moments; each block is judged by what was learnt before
it. Without times there is no order to keep: rows are dealt into blocks by a hash of their names, and each is judged by the rest.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from tamna.engines.learning.columns import Floats

Places = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Origin:
    """One block to judge and the rows that were known before it."""

    known: Places
    judged: Places


def origins(times: Floats | None, names: Sequence[str], count: int, seed: int) -> list[Origin]:
    """Up to `count` origins; fewer where the moments do not allow more."""
    if times is None:
        return _dealt(names, count, seed)
    later = times[times >= np.median(times)]
    cuts = np.unique(np.quantile(later, np.linspace(0, 1, count + 1)[:-1], method="higher"))
    cuts = cuts[cuts > times.min()]
    found = []
    for start, end in pairwise([*cuts.tolist(), np.inf]):
        known, judged = np.flatnonzero(times < start), np.flatnonzero((times >= start) & (times < end))
        if len(known) and len(judged):
            found.append(Origin(known, judged))
    return found


def _dealt(names: Sequence[str], count: int, seed: int) -> list[Origin]:
    block = np.array([number(name, seed) % count for name in names])
    parts = (Origin(np.flatnonzero(block != turn), np.flatnonzero(block == turn)) for turn in range(count))
    return [part for part in parts if len(part.known) and len(part.judged)]


def number(name: str, seed: int) -> int:
    """A number that depends on the name and the seed alone."""
    return int.from_bytes(hashlib.blake2b(f"{seed}\0{name}".encode(), digest_size=8).digest(), "big")


def tallies_elsewhere(names: Any, happened: Floats, folds: Any, *, is_ordered: bool) -> tuple[Floats, Floats]:
    """For each row, how often its name stood in the other folds (the earlier ones where ordered), and how often it happened there."""
    _, place = np.unique(names, return_inverse=True)
    size = place.max() + 1
    n, hits = np.zeros(len(names)), np.zeros(len(names))
    for fold in np.unique(folds):
        mine = folds == fold
        others = folds < fold if is_ordered else ~mine
        n[mine] = np.bincount(place[others], minlength=size)[place[mine]]
        hits[mine] = np.bincount(place[others], weights=happened[others], minlength=size)[place[mine]]
    return n, hits
