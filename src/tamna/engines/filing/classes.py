"""Classes of documents and the evidence for each: `params/records/classes.yaml`.

The weights of the words found are summed, those of the title twice; the share of a class is exp(sum) over all classes. No word
found is no evidence: every class is as likely. In: title and text. Out: `Sorted` with the words that decided. Law of the terms:
의료법 시행규칙 제15조①. Nothing is learnt and nothing is hidden: a wrong class is mended by a word in the table.
"""

import math
from dataclasses import dataclass
from datetime import date

from tamna.params import load_raw

STEEP = 0.7  # how fast evidence becomes certainty: one word of weight 5 in a title has 0.99
MOST = 20_000  # letters of a text that are read


@dataclass(frozen=True)
class Class:
    """A class, how long it is kept and why, and its words."""

    key: str
    ko: str
    en: str
    years: int
    law: str
    mark: str
    words: dict[str, int]


@dataclass(frozen=True)
class Sorted:
    """The likeliest class, how sure, and the words found for it."""

    key: str
    confidence: float
    words: tuple[str, ...]


CLASSES: dict[str, Class] = {key: Class(key=key, **said) for key, said in load_raw("records/classes").items()}


def classify(title: str, text: str = "") -> Sorted:
    """The class that the words speak for."""
    found = {key: _evidence(each, _plain(title), _plain(text[:MOST])) for key, each in CLASSES.items()}
    powers = {key: math.exp(STEEP * sum(weight for _, weight in words)) for key, words in found.items()}
    best = max(powers, key=lambda key: (powers[key], key))
    return Sorted(best, powers[best] / sum(powers.values()), tuple(word for word, _ in found[best]))


def _evidence(each: Class, title: str, text: str) -> list[tuple[str, int]]:
    weighed = [
        (word, weight * (2 * (_plain(word) in title) + (_plain(word) in text))) for word, weight in each.words.items()
    ]
    return [(word, weight) for word, weight in weighed if weight]


def _plain(text: str) -> str:
    """Spacing differs from form to form."""
    return "".join(text.split()).lower()


def keep_until(key: str, written_on: date, *, extended: bool = False) -> date:
    """The first day a document may go. Extended once by the same term (제15조① 단서)."""
    years = CLASSES[key].years * (2 if extended else 1)
    try:
        return written_on.replace(year=written_on.year + years)
    except ValueError:  # the 29th of February
        return date(written_on.year + years, 3, 1)
