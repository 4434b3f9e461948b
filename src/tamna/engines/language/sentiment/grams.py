"""Runs of syllables and of letters, as numbers (글자·자모 n-gram): what a comment is made of, whatever its spacing and spelling.

All comments are laid end to end and every run is hashed at once; a model keeps weights by number, so that nothing of anybody's
words stands in it. Three readings: with blanks, without, and by letters (ㅎㅏㄴ), which forgive spacing and spelling.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

BITS = 22
READINGS = (("spaced", (1, 2, 3, 4)), ("joined", (2, 3, 4, 5)), ("letters", (3, 4, 5, 6, 7)))
CHUNK = 4_000  # comments at once
MASK = np.uint64((1 << BITS) - 1)
LONGEST = 2_000  # characters of a comment that are read
EDGE = 1  # code of the end of a comment
FIRST, LAST = 0xAC00, 0xD7A3
SALT = np.uint64(0x9E3779B97F4A7C15)
MIX = np.uint64(0xBF58476D1CE4E5B9)
REPEATED = re.compile(r"(.)\1{2,}", re.DOTALL)
LONG_NUMBER = re.compile(r"\d{3,}")
BLANKS = re.compile(r"[\s\x00-\x1f]+")

Codes = np.ndarray[Any, np.dtype[np.uint64]]


@dataclass(frozen=True)
class Grams:
    """Which numbers stand in which comment, each once: rows and columns of a sparse matrix."""

    rows: np.ndarray[Any, np.dtype[np.int64]]
    columns: np.ndarray[Any, np.dtype[np.int64]]
    count: int

    def matrix(self, values: np.ndarray[Any, np.dtype[np.float32]] | None = None) -> Any:
        from scipy.sparse import csr_matrix

        data = np.ones(len(self.rows), dtype=np.float32) if values is None else values
        return csr_matrix((data, (self.rows, self.columns)), shape=(self.count, 1 << BITS))


def cleaned(text: str) -> str:
    """One form of the same: ㅋㅋㅋㅋ as ㅋㅋ, long numbers as one, blanks single."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFC", text[:LONGEST])).lower()
    plain = LONG_NUMBER.sub("000", "".join(_compatible(each) for each in plain))
    return BLANKS.sub(" ", REPEATED.sub(r"\1\1", plain)).strip()


def _compatible(character: str) -> str:
    """NFKC makes conjoining letters of ㅋ and ㅠ: back to letters that stand alone."""
    return LONE.get(character, character)


LONE = {unicodedata.normalize("NFKC", chr(code)): chr(code) for code in range(0x3131, 0x3164)}


def grams(texts: Sequence[str]) -> Grams:
    """Every run of every reading of each comment."""
    parts = [_keys(texts[at : at + CHUNK]) for at in range(0, len(texts), CHUNK)]
    rows = [(keys >> np.uint64(BITS)).astype(np.int64) + at * CHUNK for at, keys in enumerate(parts)]
    columns = [(keys & MASK).astype(np.int64) for keys in parts]
    none = [np.zeros(0, np.int64)]
    return Grams(np.concatenate(rows or none), np.concatenate(columns or none), len(texts))


def _keys(texts: Sequence[str]) -> Codes:
    """Row and number of each run in one, sorted, each once."""
    plain = [cleaned(text) for text in texts]
    tight = [text.replace(" ", "") for text in plain]
    found = []
    for place, (name, lengths) in enumerate(READINGS):
        codes, owner = _laid(plain if name == "spaced" else tight, letters=name == "letters")
        found += [_runs(codes, owner, length, place) for length in lengths]
    keys = np.sort(np.concatenate(found))
    return keys[np.concatenate([[True], keys[1:] != keys[:-1]])] if len(keys) else keys


def _laid(texts: Sequence[str], *, letters: bool) -> tuple[Codes, Codes]:
    """Codes of all comments with an end between them, and whose each is."""
    joined = "\x01".join(["", *texts, ""])
    codes = np.frombuffer(joined.encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)
    owner = np.cumsum(codes == EDGE).astype(np.uint64)  # the first comment's is 1
    if not letters:
        return codes, owner
    block = (codes >= FIRST) & (codes <= LAST)
    index = np.where(block, codes - FIRST, 0)
    first = np.where(block, 0x1100 + index // 588, codes)
    vowel = np.where(block, 0x1161 + index % 588 // 28, 0)
    coda = np.where(block & (index % 28 > 0), 0x11A7 + index % 28, 0)
    three = np.column_stack([first, vowel, coda]).ravel()
    kept = three > 0
    return three[kept].astype(np.uint64), np.repeat(owner, 3)[kept]


def _runs(codes: Codes, owner: Codes, length: int, reading: int) -> Codes:
    """Owner and number of each run in one key; runs over the end of a comment are none, but its edges count as a letter."""
    if len(codes) < length:
        return np.zeros(0, dtype=np.uint64)
    end = len(codes) - length + 1
    number = np.full(end, reading * 16 + length, dtype=np.uint64)
    inner = np.zeros(end, dtype=bool)
    for step in range(length):
        part = codes[step : step + end]
        number = (number ^ part) * SALT
        number ^= number >> np.uint64(29)
        if 0 < step < length - 1:
            inner |= part == EDGE
    number = (number * MIX) >> np.uint64(64 - BITS)
    starts_at_edge = codes[:end] == EDGE
    ends_at_edge = codes[length - 1 :] == EDGE
    whose = owner[:end]  # an edge belongs to the comment that it opens
    good = (
        ~inner
        & (whose <= owner[-1] - np.uint64(1))
        & ~((length == 1) & starts_at_edge)
        & ~(starts_at_edge & ends_at_edge)
    )
    return ((whose[good] - np.uint64(1)) << np.uint64(BITS)) | number[good]
