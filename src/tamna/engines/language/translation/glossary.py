"""Terms that have one right word in each language (용어집): found in a source, looked up, checked in a target.

In: rows `ko,en,zh_hans,ja`; a cell may list further right words after `;`, the first is used. Longer terms win; a term of one syllable of
Hangul counts only as a word of its own, maybe with a particle. Raises InputError.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from tamna.engines.errors import InputError
from tamna.params import table

COLUMNS = {"ko": "ko", "en": "en", "zh": "zh_hans", "ja": "ja"}
OTHER_NAMES = {
    "zh_hans": ("zh", "zh-hans", "zh_cn", "zh-cn", "chinese", "中文"),
    "ko": ("korean", "한국어", "kr"),
    "en": ("english",),
    "ja": ("jp", "japanese"),
}
PARTICLES = "은|는|이|가|을|를|과|와|의|에|도|만|로|으로|이나|나|이요|요|에서|부터|까지|이랑|랑"
MOST_PARTS = 3
LONG = 4  # syllables from which a blank may stand anywhere (퇴원수속, 퇴원 수속)
JOINED = {"ko": " ", "en": " ", "zh": "", "ja": "の"}
BLANK = re.compile(r"\s+")


@dataclass(frozen=True)
class Term:
    """One term: its right words by language, the first of each in use."""

    words: Mapping[str, tuple[str, ...]]

    def word(self, lang: str) -> str:
        return (self.words.get(lang) or ("",))[0]

    def stands_in(self, text: str, lang: str) -> bool:
        plain = BLANK.sub(" ", text).lower()
        return any(word.lower() in plain for word in self.words.get(lang, ()))


@dataclass(frozen=True)
class Place:
    """Where a term stands in a text."""

    term: Term
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Glossary:
    """Terms to be looked up by their words in one language."""

    terms: tuple[Term, ...]
    _cache: dict[str, tuple[re.Pattern[str] | None, dict[str, Term]]] = field(default_factory=dict, compare=False)

    def named(self, said: str, lang: str) -> Term | None:
        """The term of exactly this word, whatever its blanks and case; or of two or three terms in a row (정형외과 예약)."""
        names = self._by(lang)[1]
        whole = tight(said)
        if whole in names or lang == "en":
            return names.get(whole)
        parts = _divided(whole, names, MOST_PARTS)
        if not parts:
            return None
        return Term(
            {
                to: (JOINED[to].join(part.word(to) for part in parts),)
                for to in COLUMNS
                if all(part.word(to) for part in parts)
            }
        )

    def found(self, text: str, lang: str) -> list[Place]:
        """Terms of the text from left to right, longest first, none within another."""
        pattern, names = self._by(lang)
        if pattern is None:
            return []
        places = ((_singular(tight(match.group()), names), match) for match in pattern.finditer(text) if match.group())
        return [Place(names[word], match.start(), match.end()) for word, match in places if word]

    def _by(self, lang: str) -> tuple[re.Pattern[str] | None, dict[str, Term]]:
        if lang not in self._cache:
            names: dict[str, Term] = {}
            for term in self.terms:
                for word in term.words.get(lang, ()):
                    names.setdefault(tight(word), term)
            parts = [_sought(word, lang) for term in self.terms for word in term.words.get(lang, ())]
            ordered = sorted(set(parts), key=len, reverse=True)
            self._cache[lang] = (re.compile("|".join(ordered), re.IGNORECASE) if ordered else None, names)
        return self._cache[lang]


def tight(text: str) -> str:
    return BLANK.sub("", text).lower()


def _divided(said: str, names: Mapping[str, Term], most: int) -> list[Term]:
    """Terms that make up this text, longest first."""
    if said in names:
        return [names[said]]
    for at in range(len(said) - 1, 1, -1) if most > 1 else ():
        if said[:at] in names and (rest := _divided(said[at:], names, most - 1)):
            return [names[said[:at]], *rest]
    return []


def _singular(word: str, names: Mapping[str, Term]) -> str:
    return next((each for each in (word, word.removesuffix("s"), word.removesuffix("es")) if each in names), "")


def _sought(word: str, lang: str) -> str:
    """A word with blanks where they may be; short ones only as whole words."""
    if lang == "en":
        return r"(?<![A-Za-z])" + r"\s+".join(map(re.escape, word.split())) + r"(?:e?s)?(?![A-Za-z])"
    letters = tight(word)
    loose = lang != "ko" or len(letters) >= LONG
    parts = r"\s*".join(map(re.escape, letters)) if loose else r"\s*".join(map(re.escape, word.split()))
    if lang == "ko" and len(letters) == 1:
        return rf"(?<![가-힣]){parts}(?=(?:{PARTICLES})?(?![가-힣]))(?!\s*\d)"
    return parts


def read(rows: Iterable[Mapping[str, str | None]]) -> Glossary:
    """Terms of a table. Raises InputError without Korean and one more language."""
    terms: list[Term] = []
    columns: dict[str, str] | None = None
    for row in rows:
        if columns is None:
            columns = _columns(list(row))
        words = {lang: tuple(each.strip() for each in (row.get(column) or "").split(";") if each.strip()) for lang, column in columns.items()}  # fmt: skip
        if sum(bool(each) for each in words.values()) > 1:
            terms.append(Term(words))
    if not terms:
        raise InputError(
            "empty_glossary", "the glossary has no term in two languages", "--glossary", "columns ko,en,zh_hans,ja"
        )
    return Glossary(tuple(terms))


def _columns(names: list[str]) -> dict[str, str]:
    found = {}
    for lang, column in COLUMNS.items():
        near = [name for name in names if name and name.strip().lower() in (column, *OTHER_NAMES[column])]
        if near:
            found[lang] = near[0]
    if len(found) < 2:
        raise InputError("no_such_column", "the glossary has no two of the columns ko, en, zh_hans, ja", "--glossary", "columns ko,en,zh_hans,ja")  # fmt: skip
    return found


@lru_cache(maxsize=1)
def own() -> Glossary:
    """The terms that come with Tamna."""
    return read(table("language/glossary"))


@lru_cache(maxsize=1)
def nouns() -> Glossary:
    """Plain words of a hospital that fill slots and are not checked."""
    return read(table("language/nouns"))


def beside(glossary: Glossary) -> Glossary:
    """One's own terms before those that come with Tamna, for the slots of sentences."""
    return Glossary((*glossary.terms, *(own().terms if glossary is not own() else ()), *nouns().terms))
