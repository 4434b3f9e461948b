"""Clinical text as tokens (진료 기록 분석 단위): folded, with the ends of words cut, each with its place and its sentence.

Folding takes accents off Latin letters and keeps every character's place, so that evidence is told in the text as it was given.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from tamna.params import load_raw

WORD = re.compile(r"[^\W_]+")
STOP = re.compile(r"[\n.;:!?]\s|\n|\.$")
PLURAL_FROM, ENDING_FROM = 4, 5  # letters a word must have before its plural, its last vowel is cut


@lru_cache(maxsize=4096)
def _plain(letter: str) -> str:
    first = unicodedata.normalize("NFD", letter)[0]
    return (first if first.isascii() else letter).lower()[0]


def folded(text: str) -> str:
    """Small letters without accents; as long as the text. Hangul and other scripts stay."""
    return text.lower() if text.isascii() else "".join(map(_plain, text))


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """A folded word without plural and last vowel, which joins most inflections of Latin languages."""
    if len(word) < PLURAL_FROM or not word.isascii() or word[0].isdigit():
        return word
    if word.endswith("es") and len(word) > PLURAL_FROM + 1:
        word = word[:-2]
    elif word.endswith("s"):
        word = word[:-1]
    return word[:-1] if len(word) >= ENDING_FROM and word[-1] in "aeo" else word


@lru_cache(maxsize=8)
def words(use: str) -> frozenset[str]:
    """The stems of the words of one use: small, denied, family."""
    return frozenset(stem(word) for word in load_raw("coding/words")[use].split())


Phrase = tuple[str, ...]


@dataclass(frozen=True)
class Note:
    """One note: stems with their places in the text and the number of their sentence."""

    id: str
    text: str
    stems: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    sentences: tuple[int, ...]

    @classmethod
    def of(cls, name: str, text: str) -> "Note":
        plain = folded(text)
        found = [(stem(match.group()), match.start(), match.end()) for match in WORD.finditer(plain)]
        number, before, sentences = 0, 0, []
        for _, start, end in found:
            number += bool(STOP.search(plain[before:start] + " "))
            before = end
            sentences.append(number)
        stems, starts, ends = zip(*found, strict=True) if found else ((), (), ())
        return cls(name, text, tuple(stems), tuple(starts), tuple(ends), tuple(sentences))

    @cached_property
    def content(self) -> tuple[int, ...]:
        """Places of the tokens that carry meaning."""
        small = words("small")
        return tuple(place for place, stem in enumerate(self.stems) if stem not in small)

    def phrase(self, first: int, last: int) -> Phrase:
        """The stems with meaning from one token to another."""
        small = words("small")
        return tuple(stem for stem in self.stems[first : last + 1] if stem not in small)

    def said(self, first: int, last: int) -> tuple[int, int, str]:
        """Start, end and the very words from one token to another."""
        start, end = self.starts[first], self.ends[last]
        return start, end, self.text[start:end]

    def at(self, spans: Sequence[tuple[int, int]]) -> tuple[int, ...]:
        """The tokens that the characters touch."""
        return tuple(
            place for place, (start, end) in enumerate(zip(self.starts, self.ends, strict=True))
            if any(start < last and end > first for first, last in spans)
        )  # fmt: skip


@dataclass(frozen=True)
class Marked:
    """A note whose findings a person coded: (code, the tokens that say it)."""

    note: Note
    evidence: tuple[tuple[str, tuple[int, ...]], ...]
    codes: frozenset[str]
