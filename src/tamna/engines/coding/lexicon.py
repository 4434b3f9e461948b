"""Phrases that coders marked, and the codes they gave them (상병 표현 사전): found as they stand, spread over a sentence, or by likeness."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from tamna.engines.coding.notes import Marked, Note, Phrase, words

WIDEST = 14  # tokens between the first and the last word of a phrase that is spread over a sentence
NEAREST = 12  # phrases that a new one is likened to
SHARPNESS = 3  # how much more the nearest counts than the next


@dataclass(frozen=True)
class Entry:
    """A phrase: documents in which it was given each code, documents it stands in, and those in which its words are spread."""

    codes: Mapping[str, int]
    documents: int = 0
    spread: int = 0
    spread_codes: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def given(self) -> int:
        return sum(self.codes.values())


@dataclass(frozen=True)
class Lexicon:
    entries: Mapping[Phrase, Entry]
    prior: Mapping[str, int]  # documents with each code

    @classmethod
    def fit(cls, marked: Sequence[Marked]) -> "Lexicon":
        codes: dict[Phrase, Counter[str]] = defaultdict(Counter)
        for one in marked:
            for phrase, code in sorted({(phrase, code) for code, phrase in phrases(one) if phrase}):
                codes[phrase][code] += 1
        prior = Counter(code for one in marked for code in sorted(one.codes))
        first = cls({phrase: Entry(dict(found)) for phrase, found in codes.items()}, dict(prior))
        return first._counted(marked)

    def _counted(self, marked: Sequence[Marked]) -> "Lexicon":
        documents: Counter[Phrase] = Counter()
        spread: Counter[Phrase] = Counter()
        hits: dict[Phrase, Counter[str]] = defaultdict(Counter)
        for one in marked:
            documents.update({phrase for phrase, _, _ in self.found(one.note)})
            for phrase, _ in self.spread(one.note):
                spread[phrase] += 1
                hits[phrase].update(code for code in self.entries[phrase].codes if code in one.codes)
        counted = {
            phrase: Entry(entry.codes, documents[phrase], spread[phrase], dict(hits[phrase]))
            for phrase, entry in self.entries.items()
        }
        return Lexicon(counted, self.prior)

    @cached_property
    def _longest(self) -> dict[str, int]:
        longest: dict[str, int] = {}
        for phrase in self.entries:
            longest[phrase[0]] = max(longest.get(phrase[0], 0), len(phrase))
        return longest

    def found(self, note: Note) -> Iterator[tuple[Phrase, int, int]]:
        """Every phrase that stands in one sentence as it is, with its first and last token."""
        places = note.content
        for start, place in enumerate(places):
            for length in range(1, self._longest.get(note.stems[place], 0) + 1):
                end = start + length
                if end > len(places) or note.sentences[places[end - 1]] != note.sentences[place]:
                    break
                phrase = tuple(note.stems[each] for each in places[start:end])
                if phrase in self.entries:
                    yield phrase, place, places[end - 1]

    @cached_property
    def _by_rarest(self) -> dict[str, list[Phrase]]:
        uses = Counter(stem for phrase in self.entries for stem in set(phrase))
        by_rarest: dict[str, list[Phrase]] = defaultdict(list)
        for phrase in self.entries:
            if len(phrase) >= 2 and len(set(phrase)) == len(phrase):
                by_rarest[min(phrase, key=lambda stem: uses[stem])].append(phrase)
        return by_rarest

    def spread(self, note: Note) -> Iterator[tuple[Phrase, tuple[int, ...]]]:
        """Every phrase whose words all stand in one sentence, in any order, with the tightest places."""
        by_sentence: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for place in note.content:
            by_sentence[note.sentences[place]][note.stems[place]].append(place)
        best: dict[Phrase, tuple[int, ...]] = {}
        for stems in by_sentence.values():
            for rarest in stems:
                for phrase in self._by_rarest.get(rarest, ()):
                    if all(stem in stems for stem in phrase):
                        places = _tightest(phrase, rarest, stems)
                        if places[-1] - places[0] <= WIDEST and (
                            phrase not in best or places[-1] - places[0] < best[phrase][-1] - best[phrase][0]
                        ):
                            best[phrase] = places
        yield from best.items()

    @cached_property
    def _likeness(self) -> "Likeness":
        return Likeness(list(self.entries))

    def likened(self, asked: Sequence[Phrase]) -> list[tuple[dict[str, float], float, Phrase]]:
        """For each phrase: codes of the phrases most like it by likeness, the greatest likeness, and the phrase it is most like."""
        if not asked or not self.entries:
            return [({}, 0.0, ())] * len(asked)
        answers = []
        for near in self._likeness(asked):
            votes: dict[str, float] = defaultdict(float)
            for phrase, alike in near:
                entry = self.entries[phrase]
                for code, count in entry.codes.items():
                    votes[code] = max(votes[code], alike * count / entry.given) + 0.1 * alike**SHARPNESS
            answers.append((dict(votes), near[0][1] if near else 0.0, near[0][0] if near else ()))
        return answers

    @cached_property
    def _by_stem(self) -> dict[str, dict[str, float]]:
        """For each stem the share of the marked phrases with it that were given each code."""
        given: dict[str, Counter[str]] = defaultdict(Counter)
        for phrase, entry in self.entries.items():
            for stem in set(phrase):
                given[stem].update(entry.codes)
        return {
            stem: {code: count / (total + 1) for code, count in codes.items()}
            for stem, codes in given.items()
            if (total := sum(codes.values()))
        }

    def composed(self, phrase: Phrase, code: str) -> tuple[float, float]:
        """How much the words of a phrase, one by one, speak for a code: on average, and the least of them."""
        shares = [self._by_stem.get(stem, {}).get(code, 0.0) for stem in phrase]
        return sum(shares) / len(shares), min(shares)

    def as_json(self) -> dict[str, Any]:
        entries = [
            [" ".join(phrase), dict(entry.codes), entry.documents, entry.spread, dict(entry.spread_codes)]
            for phrase, entry in self.entries.items()
        ]
        return {"entries": entries, "prior": dict(self.prior)}

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "Lexicon":
        entries = {tuple(row[0].split(" ")): Entry(*row[1:]) for row in raw["entries"]}
        return cls(entries, raw["prior"])


class Likeness:
    """Cosine of word pairs and letter groups, half each."""

    def __init__(self, known: list[Phrase]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self.known, text = known, [" ".join(phrase) for phrase in known]
        self.words = TfidfVectorizer(analyzer=_words_and_pairs, sublinear_tf=True)
        self.letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, lowercase=False)
        self.by_words, self.by_letters = self.words.fit_transform(text).T, self.letters.fit_transform(text).T

    def __call__(self, asked: Sequence[Phrase]) -> Iterator[list[tuple[Phrase, float]]]:
        text = [" ".join(phrase) for phrase in asked]
        alike = (self.words.transform(text) @ self.by_words + self.letters.transform(text) @ self.by_letters) / 2
        alike = alike.tocsr()
        for row in range(len(asked)):
            start, end = alike.indptr[row], alike.indptr[row + 1]
            places, values = alike.indices[start:end], alike.data[start:end]
            order = np.lexsort((places, -values))[:NEAREST]
            yield [(self.known[places[each]], float(values[each])) for each in order]


def _words_and_pairs(text: str) -> list[str]:
    words = text.split(" ")
    return words + [" ".join(pair) for pair in pairwise(words)]


def phrases(one: Marked) -> Iterator[tuple[str, Phrase]]:
    """(code, phrase) of every marked place; words that stand apart are put together."""
    small = words("small")
    for code, places in one.evidence:
        if places[-1] - places[0] + 1 == len(places):
            yield code, one.note.phrase(places[0], places[-1])
        else:
            yield code, tuple(one.note.stems[place] for place in places if one.note.stems[place] not in small)


def _tightest(phrase: Phrase, rarest: str, stems: Mapping[str, list[int]]) -> tuple[int, ...]:
    choices = (
        tuple(sorted(min(stems[stem], key=lambda place: (abs(place - anchor), place)) for stem in phrase))
        for anchor in stems[rarest]
    )
    return min(choices, key=lambda places: (places[-1] - places[0], places))


__all__ = ["Entry", "Lexicon", "phrases"]
