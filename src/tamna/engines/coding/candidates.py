"""What may be coded in a note (상병 후보): every place that may say a code, then every code with the best of its places, as features."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tamna.engines.coding.lexicon import Entry, Lexicon
from tamna.engines.coding.notes import Note, Phrase, words
from tamna.engines.coding.tagger import BEFORE, Tagger, runs
from tamna.engines.learning.columns import Floats

LIKELY = (0.2, 0.4, 0.6)  # chances above which a stretch of tokens is looked up by likeness
LONGEST = 12
CODES_A_SPAN = 6
LEAST_LIKE = 0.1
STANDING, LIKE, SPREAD = range(3)  # how a place was found
NAN = float("nan")
NOTHING = Entry({})

PLACE_FEATURES = (
    "words", "letters", "chance", "least_chance", "chance_before", "chance_after", "is_likely", "inside", "documents", "given", "share",
    "precision", "likeness", "lead", "composed", "least_composed", "how", "width", "nearest", "spread", "spread_precision", "is_denied", "is_family", "position", "prior",
    "places",
)  # fmt: skip
CODE_FEATURES = (
    "best", "second", "together", "standing", "like", "spread_places", "best_standing", "best_like", "best_spread", "phrases", "sibling_lead",
    "siblings", "rival_lead", "rivals", "sum", "candidates", "best_precision", "together_precision", "greatest_chance", "greatest_likeness",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """One place of a note that may say a code. `values` follow PLACE_FEATURES."""

    code: str
    first: int
    last: int
    phrase: Phrase  # the coders' phrase that it equals or is most like
    how: int
    values: tuple[float, ...]

    def __getitem__(self, name: str) -> float:
        return self.values[PLACE_FEATURES.index(name)]


def places(note: Note, lexicon: Lexicon, tagger: Tagger) -> list[Place]:
    """Every place and code worth a look, in the order of the text."""
    finder = _Finder(note, lexicon, tagger(note))
    raw = [*finder.standing_and_like(), *finder.spread()]
    counts: dict[str, int] = defaultdict(int)
    for row in raw:
        counts[row["code"]] += 1
    found = [
        Place(
            row["code"], row["first"], row["last"], row["phrase"], int(row["how"]),
            (*(float(row.get(name, NAN)) for name in PLACE_FEATURES[:-2]), float(lexicon.prior.get(row["code"], 0)), float(counts[row["code"]])),
        )
        for row in raw
    ]  # fmt: skip
    return sorted(found, key=lambda place: (place.first, place.last, place.code, place.how))


class _Finder:
    def __init__(self, note: Note, lexicon: Lexicon, chance: Floats) -> None:
        self.note, self.lexicon, self.chance = note, lexicon, chance
        self.found = list(lexicon.found(note))

    def standing_and_like(self) -> Iterator[dict[str, Any]]:
        spans: dict[tuple[int, int], Phrase] = {(first, last): phrase for phrase, first, last in self.found}
        likely = set()
        for least in LIKELY:
            for span in runs(self.note, self.chance, least):
                phrase = self.note.phrase(*span)
                if 0 < len(phrase) <= LONGEST:
                    spans[span] = phrase
                    likely.add(span)
        likened = self.lexicon.likened(list(spans.values()))
        for (span, phrase), (votes, nearest, like) in zip(spans.items(), likened, strict=True):
            entry = self.lexicon.entries.get(phrase, NOTHING)
            top = sorted(votes, key=lambda code: (-votes[code], code))
            codes = set(entry.codes)
            if span in likely:
                codes |= {code for code in top[:CODES_A_SPAN] if votes[code] >= LEAST_LIKE}
            inside = max((len(other) - len(phrase) for other, first, last in self.found
                          if first <= span[0] and last >= span[1] and other != phrase), default=0)  # fmt: skip
            base = self._base(span, phrase) | {
                "is_likely": span in likely,
                "inside": inside,
                "documents": entry.documents,
                "nearest": nearest,
            }
            for code in sorted(codes):
                given = entry.codes.get(code, 0)
                composed, least = self.lexicon.composed(phrase, code)
                yield base | {
                    "code": code, "given": given, "share": given / entry.given if given else 0.0, "precision": given / (entry.documents + 1),
                    "likeness": votes.get(code, 0.0), "lead": votes.get(code, 0.0) - (votes[top[0]] if top else 0.0),
                    "composed": composed, "least_composed": least, "how": STANDING if given else LIKE, "phrase": phrase if given else like,
                }  # fmt: skip

    def spread(self) -> Iterator[dict[str, Any]]:
        standing = {(first, last) for _, first, last in self.found}
        for phrase, tokens in self.lexicon.spread(self.note):
            span = (tokens[0], tokens[-1])
            if span in standing and self.note.phrase(*span) == phrase:
                continue
            entry = self.lexicon.entries[phrase]
            chances = self.chance[list(tokens)]
            base = self._base(span, phrase) | {
                "chance": chances.mean(), "least_chance": chances.min(), "inside": 0, "documents": entry.documents,
                "spread": entry.spread, "nearest": 1.0, "how": SPREAD, "phrase": phrase, "is_likely": False,
            }  # fmt: skip
            for code, given in entry.codes.items():
                yield base | {
                    "code": code, "given": given, "share": given / entry.given, "precision": given / (entry.documents + 1),
                    "spread_precision": entry.spread_codes.get(code, 0) / (entry.spread + 1),
                }  # fmt: skip

    def _base(self, span: tuple[int, int], phrase: Phrase) -> dict[str, Any]:
        first, last = span
        before = self.note.stems[max(0, first - BEFORE) : first]
        own = self.chance[first : last + 1]
        return {
            "first": first, "last": last, "words": len(phrase), "letters": sum(map(len, phrase)), "chance": own.mean(), "least_chance": own.min(),
            "chance_before": self.chance[first - 1] if first else 0.0,
            "chance_after": self.chance[last + 1] if last + 1 < len(self.chance) else 0.0, "width": last - first,
            "is_denied": not words("denied").isdisjoint(before), "is_family": not words("family").isdisjoint(before),
            "position": first / len(self.note.stems),
        }  # fmt: skip


def by_code(found: Sequence[Place], scores: Floats) -> dict[str, tuple[Place, tuple[float, ...]]]:
    """Each code with its best place and the features of all its places together (CODE_FEATURES, then the best place's)."""
    own: dict[str, list[int]] = defaultdict(list)
    for number, place in enumerate(found):
        own[place.code].append(number)
    best = {code: max(numbers, key=lambda number: (scores[number], -number)) for code, numbers in own.items()}
    firsts, lasts = (np.array([getattr(place, name) for place in found]) for name in ("first", "last"))
    names = np.array([place.code for place in found])
    family: dict[str, list[str]] = defaultdict(list)
    for code in own:
        family[code[:3]].append(code)
    total = float(sum(scores[number] for number in best.values()))
    answers = {}
    for code, numbers in own.items():
        place, top = found[best[code]], float(scores[best[code]])
        rivals = scores[(firsts <= place.last) & (lasts >= place.first) & (names != code)]
        siblings = [float(scores[best[other]]) for other in family[code[:3]] if other != code]
        values = (*_summed(found, scores, numbers), max(siblings, default=0.0) - top, float(len(siblings)),
                  float(rivals.max(initial=0.0)) - top, float((rivals > 0.3).sum()), total, float(len(own)), *_precise(found, numbers))  # fmt: skip
        answers[code] = place, (*values, *place.values)
    return answers


def _summed(found: Sequence[Place], scores: Floats, numbers: Sequence[int]) -> tuple[float, ...]:
    ordered = sorted((float(scores[number]) for number in numbers), reverse=True)
    hows: Mapping[int, list[float]] = {
        how: [float(scores[number]) for number in numbers if found[number].how == how]
        for how in (STANDING, LIKE, SPREAD)
    }
    together = 1 - float(np.prod([1 - score for score in ordered[:6]]))
    return (
        ordered[0], ordered[1] if len(ordered) > 1 else 0.0, together, *(float(len(hows[how])) for how in hows),
        *(max(hows[how], default=NAN) for how in hows), float(len({found[number].phrase for number in numbers})),
    )  # fmt: skip


def _precise(found: Sequence[Place], numbers: Sequence[int]) -> tuple[float, ...]:
    precisions = [found[number]["precision"] for number in numbers if found[number].how == STANDING]
    likenesses = [found[number]["likeness"] for number in numbers if found[number].how != SPREAD]
    return (
        max(precisions, default=0.0), 1 - float(np.prod([1 - value for value in precisions])),
        max(found[number]["chance"] for number in numbers), max(likenesses, default=0.0),
    )  # fmt: skip
