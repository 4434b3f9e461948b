"""Where evidence was not marked (근거 추정): for each code of a note the words that most likely say it, from all notes with the code.

A phrase speaks for a code when it stands in many notes with it, in few without it, or when it is like the code's name.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache

from tamna.engines.coding.notes import Marked, Note, Phrase, folded, stem, words
from tamna.params import table

LONGEST = 4
LEAST_PRECISION = 0.15
LEAST_NAME = 0.5
NAME_WEIGHT = 6.0
ROOT = 5  # letters of a word by which it is known across languages
EMPTY = frozenset(
    map(stem, ["unspecified", "other", "specified", "not", "elsewhere", "classified", "site", "type", "nos"])
)


def inferred(notes: Mapping[str, tuple[Note, frozenset[str]]]) -> list[Marked]:
    """Every note with the places that most likely say its codes; a code with no telling place has none."""
    grams = {name: _grams(note) for name, (note, _) in notes.items()}
    documents = Counter(phrase for found in grams.values() for phrase in found)
    with_code: dict[str, list[str]] = defaultdict(list)
    for name, (_, codes) in notes.items():
        for code in codes:
            with_code[code].append(name)
    evidence: dict[str, list[tuple[str, tuple[int, ...]]]] = defaultdict(list)
    for code, names in sorted(with_code.items()):
        scores = _scores(code, names, grams, documents, len(notes))
        for name in names:
            best = max((phrase for phrase in grams[name] if phrase in scores),
                       key=lambda phrase: (scores[phrase], phrase), default=None)  # fmt: skip
            if best is not None:
                evidence[name] += [(code, places) for places in grams[name][best]]
    return [Marked(note, tuple(evidence[name]), codes) for name, (note, codes) in notes.items()]


def _grams(note: Note) -> dict[Phrase, list[tuple[int, ...]]]:
    """Every run of up to four words with meaning in one sentence, with the tokens it covers."""
    found: dict[Phrase, list[tuple[int, ...]]] = defaultdict(list)
    content = note.content
    for start, place in enumerate(content):
        for end in range(start + 1, min(start + LONGEST, len(content)) + 1):
            last = content[end - 1]
            if note.sentences[last] != note.sentences[place]:
                break
            phrase = tuple(note.stems[each] for each in content[start:end])
            if any(not word.isdigit() for word in phrase):
                found[phrase].append(tuple(range(place, last + 1)))
    return found


def _scores(
    code: str, names: Sequence[str], grams: Mapping[str, Mapping[Phrase, object]], documents: Mapping[Phrase, int], count: int
) -> dict[Phrase, float]:  # fmt: skip
    hits = Counter(phrase for name in names for phrase in grams[name])
    said = name_words(code)
    scores = {}
    for phrase, n in hits.items():
        likeness = _likeness(phrase, said)
        precision = n / documents[phrase]
        is_telling = n >= 2 and precision >= LEAST_PRECISION
        if is_telling or likeness >= LEAST_NAME:
            lift = math.log(precision * count / len(names)) if is_telling else 0.0
            scores[phrase] = n * precision * lift / math.sqrt(len(names)) + NAME_WEIGHT * likeness**2
    return scores


def _likeness(phrase: Phrase, said: frozenset[str]) -> float:
    """Share of common roots (Dice), of the phrase and the name; roots of learned words are the same in many languages."""
    return 2 * len(said.intersection(map(_root, phrase))) / (len(said) + len(phrase)) if said else 0.0


def _root(word: str) -> str:
    return word[:ROOT]


def name_words(code: str) -> frozenset[str]:
    """The roots of a code's English name; of the code above it where it has none of its own."""
    names = _names()
    key = code.upper()
    while len(key) > 4 and key not in names:
        key = key[:-1]
    return names.get(key, frozenset())


@lru_cache(maxsize=1)
def _names() -> dict[str, frozenset[str]]:
    drop = EMPTY | words("small")
    return {
        row["code"]: frozenset(
            _root(word) for word in map(stem, folded(row["name_en"]).replace(",", " ").split()) if word not in drop
        )
        for row in table("claimcheck/kcd")
        if not row["name_en"].startswith("Category ")
    }
