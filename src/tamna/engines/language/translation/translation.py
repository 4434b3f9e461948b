"""A line translated, and what is wrong with it (번역과 검증): sentences of the book, else the source kept with its terms beside them.

No translation is claimed that is not had. Whoever translates, this verifies: every term of the glossary by its right word, numbers, times, dates,
money and doses, and whether something is denied. What is not right is flagged with its reason. In: a line, two languages, glossaries.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tamna.engines.language.translation.facts import agree, facts
from tamna.engines.language.translation.glossary import Glossary, Place, beside, own
from tamna.engines.language.translation.phrases import match, told

SENTENCES = re.compile(r"(?<=[.!?。！？])\s*(?=\S)(?<!\d\.)(?<![ap]\.m\.)(?<!\ba\.)(?<!\bp\.)|\n+")
COMMAS = re.compile(r"\s*[,，、]\s*")
DENIED = {
    "ko": re.compile(r"(?<![가-힣])(?:안|못)\s?(?=[가-힣])(?!내)|않|없|지\s?마|지\s?말|아니(?!요[.,!]|요$)|아닙|불가|금지|금식|금기|못\s?했|못\s?하|미납"),
    "en": re.compile(r"\b(?:not|no|never|none|nothing|cannot|without|neither|unable|non-?\w*|contraindicat\w*|fasting|unpaid)\b|n't\b", re.IGNORECASE),
    "zh": re.compile(r"不(?!好意思)|没|无|未|勿|别(?!的)|非|禁|忌"), "ja": re.compile(r"ない|なく(?!し)|ません|ませんでした|ずに|不|無(?!料)|禁|非|未|絶食"),
}  # fmt: skip
SCRIPT = {
    "ko": re.compile(r"[가-힣]"),
    "en": re.compile(r"[A-Za-z]"),
    "zh": re.compile(r"[一-鿿]"),
    "ja": re.compile(r"[ぁ-んァ-ン一-鿿]"),
}
Model = Callable[[str, str, str, Sequence[tuple[str, str]]], str]  # sentence, from, to, terms with their right words


@dataclass(frozen=True)
class TermCheck:
    """One term of the source, its right word, and whether that stands in the target."""

    term: str
    expected: str
    found: bool


@dataclass(frozen=True)
class Part:
    """One sentence: who translated it, if anybody."""

    source: str
    target: str
    by: str  # phrase, model or kept
    phrase: str = ""
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True)
class Translation:
    """A line with all its checks; `reasons` say why it is flagged."""

    source: str
    target: str
    terms: tuple[TermCheck, ...]
    numbers_ok: bool
    flagged: bool
    reasons: tuple[str, ...] = ()
    parts: tuple[Part, ...] = field(default=(), compare=False)

    def as_json(self) -> dict[str, Any]:
        return {
            "source": self.source, "target": self.target, "terms": [{"term": each.term, "expected": each.expected, "found": each.found} for each in self.terms],
            "numbers_ok": self.numbers_ok, "flagged": self.flagged, "reasons": list(self.reasons),
        }  # fmt: skip


def translate(
    line: str, *, source: str = "ko", target: str = "en", glossary: Glossary | None = None, model: Model | None = None
) -> Translation:
    """One line. The glossary's words go before those that come with Tamna; `model` is asked for what the book does not have."""
    sought = glossary or own()
    slots = _beside(sought)
    parts = [_part(sentence, source, target, sought, slots, model) for sentence in _sentences(line)]
    joined = ("" if target in ("zh", "ja") and all(part.by != "kept" for part in parts) else " ").join(
        part.target for part in parts
    )
    checks, numbers_ok, reasons = verify(line, joined, source, target, sought, parts)
    return Translation(line, joined, checks, numbers_ok, bool(reasons), reasons, tuple(parts))


@lru_cache(maxsize=8)
def _beside(sought: Glossary) -> Glossary:
    return beside(sought)


def _sentences(line: str) -> list[str]:
    return [each.strip() for each in SENTENCES.split(line) if each and each.strip()]


def _part(sentence: str, source: str, target: str, sought: Glossary, slots: Glossary, model: Model | None) -> Part:
    if source == target:
        return Part(sentence, sentence, "phrase")
    found = match(sentence, source, slots)
    said = told(found, target, slots) if found else None
    if found and said and not _wrong(sentence, said, source, target, sought, is_phrase=True):
        return Part(sentence, said, "phrase", found.phrase.id)
    halves = COMMAS.split(sentence)
    if not found and 1 < len(halves) <= 4:
        each = [_part(half, source, target, sought, slots, None) for half in halves]
        if all(part.by == "phrase" for part in each):
            return Part(
                sentence, " ".join(part.target for part in each), "phrase", "+".join(part.phrase for part in each)
            )
    wrong: tuple[str, ...] = ()
    if model is not None:
        terms = [(place.term.word(source), place.term.word(target)) for place in sought.found(sentence, source)]
        answer = model(sentence, source, target, terms).strip()
        wrong = _wrong(sentence, answer, source, target, sought, is_phrase=False)
        if answer and not wrong:
            return Part(sentence, answer, "model")
    return Part(sentence, glossed(sentence, source, target, sought), "kept", wrong=wrong)


def glossed(sentence: str, source: str, target: str, sought: Glossary) -> str:
    """The source as it is, each term followed by its right word."""
    said, at = [], 0
    for place in sought.found(sentence, source):
        word = place.term.word(target)
        said.append(sentence[at : place.end] + (f"({word})" if word else ""))
        at = place.end
    return "".join(said) + sentence[at:]


def _wrong(sentence: str, said: str, source: str, target: str, sought: Glossary, *, is_phrase: bool) -> tuple[str, ...]:
    """Why a translation of one sentence cannot be shown."""
    places = sought.found(sentence, source)
    found = []
    if any(not place.term.stands_in(said, target) for place in places):
        found.append("term_missing")
    if not _numbers_ok(sentence, said, source, target, places):
        found.append("numbers_differ")
    if is_phrase:
        return tuple(found)
    if bool(DENIED[source].search(sentence)) != bool(DENIED[target].search(said)):
        found.append("negation_differs")
    if (
        not SCRIPT[target].search(said)
        or (source == "ko" and SCRIPT["ko"].search(said))
        or not 0.2 < len(said) / max(len(sentence), 1) < 8
    ):
        found.append("not_the_language")
    return tuple(found)


def _numbers_ok(sentence: str, said: str, source: str, target: str, places: Sequence[Place]) -> bool:
    """Facts outside of terms are the same on both sides."""
    here, there = sentence, said
    for place in reversed(places):
        word = next((each for each in place.term.words.get(target, ()) if each.lower() in there.lower()), "")
        if word and facts(sentence[place.start : place.end], source) + facts(word, target):
            at = there.lower().index(word.lower())
            here = here[: place.start] + " " * (place.end - place.start) + here[place.end :]
            there = there[:at] + " " * len(word) + there[at + len(word) :]
    return agree(facts(here, source), facts(there, target))


def verify(line: str, said: str, source: str, target: str, sought: Glossary, parts: Sequence[Part]) -> tuple[tuple[TermCheck, ...], bool, tuple[str, ...]]:  # fmt: skip
    """Terms, numbers and the reasons to flag, over the whole line."""
    checks = tuple(
        TermCheck(line[place.start : place.end], place.term.word(target), place.term.stands_in(said, target)) for place in sought.found(line, source)
    )  # fmt: skip
    numbers_ok = all(
        part.by == "kept" or _numbers_ok(part.source, part.target, source, target, sought.found(part.source, source))
        for part in parts
    )
    reasons = []
    if any(part.by == "kept" for part in parts):
        reasons.append("not_translated")
    reasons += [reason for part in parts for reason in part.wrong if reason not in reasons]
    if not all(check.found for check in checks):
        reasons.append("term_missing")
    if not numbers_ok:
        reasons.append("numbers_differ")
    return checks, numbers_ok, tuple(dict.fromkeys(reasons))
