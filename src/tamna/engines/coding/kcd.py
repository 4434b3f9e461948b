"""KCD codes from Korean notes (한국표준질병사인분류 추천): names, clinicians' abbreviations and likeness, with nothing learnt.

Every suggestion carries its words; what is denied or a relative's keeps a tenth of its score, what is only suspected (r/o, 의증) seven
tenths. The list of codes is the one of the product, not the official master.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from tamna.engines.coding.coder import Answer, Evidence, Suggestion
from tamna.engines.coding.notes import Note, folded
from tamna.params import load_raw, table

ALIAS, NAME, PART_NAME = 0.9, 0.88, 0.8  # a clinician's word, the full name, the name without its qualifiers
TOGETHER = 0.93  # words that mean something more when both are said
LIKE = 0.55  # of the cosine, for a clause that is only like a name
LEAST_LIKE = 0.3
ACCEPTED = 0.6
MOST = 10
WIDEST = 60  # characters between words that belong together
LATER = {
    "R": 0.92,
    "Z": 0.92,
    "Z00": 0.7,
    "Z03": 0.6,
    "Z09": 0.5,
    "V": 0.75,
    "W": 0.75,
    "X": 0.75,
    "Y": 0.75,
}  # a finding, a status, a cause
SHORT = 3  # syllables of a word that must not follow another syllable
CAPITALS = 2  # letters of an abbreviation that is read in capitals alone
GAP = re.compile(r"[\s\-·'’]")
CLAUSE = re.compile(r"[^\n.;,]+")
QUALIFIER = re.compile(
    r"^(상세불명의?|기타|및|달리 분류되지 않은|합병증이 없는|합병증을 동반하지 않은|부위의|부위가 명시되지 않은|명시된|미상의|급성인지 만성인지) ?"
)
EXTRA = re.compile(r"\([^)]*\)|\[[^\]]*\]|†")
PREFIXES = ("급성", "만성", "재발", "경증", "중증", "양측", "좌측", "우측", "하지", "상지", "특발")
HANGUL = re.compile(r"[가-힣]")


@dataclass(frozen=True)
class Term:
    """A way to say a code; `parts` are squeezed, all of them must be said."""

    code: str
    said: str
    parts: tuple[str, ...]
    weight: float
    exact: str = ""  # of one or two capitals: only as written


@dataclass(frozen=True)
class Found:
    code: str
    start: int
    end: int
    score: float
    said: str


class KcdIndex:
    """Terms of every code that may be given, by their first two letters."""

    def __init__(self, codes: Sequence[Mapping[str, str]], aliases: Mapping[str, Sequence[str]]) -> None:
        self.rows = {row["code"]: row for row in codes if row["complete"] == "1"}
        self.terms = [term for term in _terms(self.rows, aliases) if all(len(part) > 1 for part in term.parts)]
        self.card: Mapping[str, Any] = {
            "form": "tamna-kcd",
            "codes": len(self.rows),
            "terms": len(self.terms),
            "field": "",
        }

    @classmethod
    @lru_cache(maxsize=1)
    def shipped(cls) -> "KcdIndex":
        aliases = {row["code"]: row["words"].split(";") for row in table("coding/kcd_aliases")}
        return cls(table("claimcheck/kcd"), aliases)

    @cached_property
    def _by_start(self) -> dict[str, list[tuple[str, Term]]]:
        by_start: dict[str, list[tuple[str, Term]]] = defaultdict(list)
        for term in self.terms:
            for part in term.parts:
                by_start[part[:2]].append((part, term))
        return by_start

    def answer(self, note: Note) -> Answer:
        return self.suggest(note.text, name=note.id)

    def suggest(self, text: str, *, name: str = "", sex: str = "", age: int | None = None) -> Answer:
        """Codes of a note, best first; codes that are not for this sex or age are left out."""
        best: dict[str, Found] = {}
        for found in self._said(text):
            if found.code not in best or found.score > best[found.code].score:
                best[found.code] = found
        said = set(best)
        for found in self._like(text):
            if found.code not in said and (found.code not in best or found.score > best[found.code].score):
                best[found.code] = found
        best = {code: found for code, found in best.items() if _fits(self.rows[code], sex, age)}
        order = sorted(best.values(), key=lambda found: (-found.score, found.start, found.code))[:MOST]
        ranked = tuple(
            Suggestion(one.code, round(one.score, 3), Evidence(one.start, one.end, text[one.start : one.end], one.said))
            for one in order
        )
        return Answer(name, tuple(one.code for one in ranked if one.score >= ACCEPTED), ranked)

    def _said(self, text: str) -> Iterator[Found]:
        hits = list(self._hits(text))
        spans = [(start, end) for start, end, _, term in hits if len(term.parts) == 1]
        parts: dict[int, dict[str, tuple[int, int]]] = defaultdict(dict)
        for start, end, part, term in hits:
            if len(term.parts) > 1:
                parts[id(term)].setdefault(part, (start, end))
            elif not any(first <= start and last >= end and last - first > end - start for first, last in spans):
                yield _found(term, text, start, end, term.weight)
        by_id = {id(term): term for *_, term in hits}
        for key, own in parts.items():
            term, start, end = (
                by_id[key],
                min(place[0] for place in own.values()),
                max(place[1] for place in own.values()),
            )
            if len(own) == len(term.parts) and end - start <= WIDEST and "\n" not in text[start:end]:
                yield _found(term, text, start, end, term.weight)

    def _hits(self, text: str) -> Iterator[tuple[int, int, str, Term]]:
        """Every part of a term that stands in the text, with its first character and the one after its last."""
        plain = folded(text)
        kept = [place for place, letter in enumerate(plain) if not GAP.match(letter)]
        squeezed = "".join(plain[place] for place in kept)
        for number, start in enumerate(kept):
            for part, term in self._by_start.get(squeezed[number : number + 2], ()):
                if squeezed.startswith(part, number):
                    end = kept[number + len(part) - 1] + 1
                    if _stands(plain, start, end, part) and term.exact in ("", text[start:end]):
                        yield start, end, part, term

    @cached_property
    def _names(self) -> Any:
        from sklearn.feature_extraction.text import TfidfVectorizer

        terms = [term for term in self.terms if len(term.parts) == 1]
        vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(2, 3), sublinear_tf=True)
        return terms, vectorizer, vectorizer.fit_transform([term.parts[0] for term in terms]).T

    def _like(self, text: str) -> Iterator[Found]:
        """For each clause the terms it is most like."""
        clauses = [match for match in CLAUSE.finditer(text) if len(match.group().strip()) > 2][:200]
        if not clauses:
            return
        terms, vectorizer, names = self._names
        alike = (vectorizer.transform([GAP.sub("", folded(match.group())) for match in clauses]) @ names).tocsr()
        for number, match in enumerate(clauses):
            row = alike.getrow(number)
            for value, place in sorted(zip(row.data.tolist(), row.indices.tolist(), strict=True), reverse=True)[:MOST]:
                if value >= LEAST_LIKE:
                    start = match.start() + len(match.group()) - len(match.group().lstrip())
                    end = start + len(match.group().strip())
                    term = terms[place]
                    yield _found(term, text, start, end, LIKE * value * term.weight)


def _terms(rows: Mapping[str, Mapping[str, str]], aliases: Mapping[str, Sequence[str]]) -> Iterator[Term]:
    taken: set[str] = set()
    for code, words in aliases.items():
        for said in filter(None, words):
            parts = tuple(_squeezed(part) for part in said.split("+")) if "(+)" not in said else (_squeezed(said),)
            exact = said if said.isascii() and said.isupper() and len(said) <= CAPITALS else ""
            taken.update(parts if len(parts) == 1 else ())
            yield Term(code, said, parts, ALIAS if len(parts) == 1 else TOGETHER, exact)
    names: dict[str, Term] = {}
    for code, row in sorted(rows.items(), key=lambda item: (not item[0].endswith(".9"), item[0])):
        for said, weight in (*_korean(row["name_ko"]), *_english(row["name_en"])):
            squeezed = _squeezed(said)
            if squeezed not in taken:
                names.setdefault(squeezed, Term(code, said, (squeezed,), weight))
    yield from names.values()


def _korean(name: str) -> Iterator[tuple[str, float]]:
    yield name, NAME
    bare = EXTRA.sub("", name).strip()
    while QUALIFIER.match(bare):
        bare = QUALIFIER.sub("", bare, count=1)
    yield bare, PART_NAME
    yield from ((inner, PART_NAME) for inner in re.findall(r"\[([가-힣 ]+)\]", name))
    if bare.endswith("의 악성 신생물"):
        yield bare.removesuffix("의 악성 신생물") + "암", PART_NAME
    if bare.endswith("의 골절"):
        yield bare.removesuffix("의 골절") + " 골절", PART_NAME


def _english(name: str) -> Iterator[tuple[str, float]]:
    if not name.startswith("Category "):
        yield name, NAME
        yield re.sub(r",? unspecified$|^unspecified |^other ", "", name, flags=re.IGNORECASE).strip(), PART_NAME


def _squeezed(words: str) -> str:
    return GAP.sub("", folded(words))


def _stands(plain: str, start: int, end: int, part: str) -> bool:
    """Whether what was found is a word of its own and not the middle of another."""
    before, after = plain[start - 1 : start], plain[end : end + 1]
    if part[0].isascii() and part[0].isalnum() and before.isascii() and before.isalnum():
        return False
    if part[-1].isascii() and part[-1].isalnum() and after.isascii() and after.isalnum():
        return False
    if HANGUL.match(part[0]) and len(part) <= SHORT and HANGUL.match(before or " "):
        return plain[:start].endswith(PREFIXES)
    return True


@lru_cache(maxsize=1)
def _cues() -> tuple[Mapping[str, Any], ...]:
    return tuple(load_raw("coding/cues"))


def _left(text: str, start: int, end: int) -> float:
    """What is left of a score by the words beside it, in the same clause."""
    left = 1.0
    for cue in _cues():
        before = re.split(r"[\n;,]|\. ", text[max(0, start - cue["reach"]) : start].lower())[-1]
        after = re.split(r"[\n;,]|\. ", text[end : end + cue["reach"]].lower())[0]
        if any(word in before + " " for word in cue["before"]) or any(word in after for word in cue["after"]):
            left = min(left, float(cue["share"]))
    return left


def _found(term: Term, text: str, start: int, end: int, score: float) -> Found:
    """With what is left of the score by the words beside it; findings, status and causes come after diseases."""
    rank = LATER.get(term.code[:3], LATER.get(term.code[0], 1.0))
    return Found(term.code, start, end, score * rank * _left(text, start, end), term.said)


def _fits(row: Mapping[str, str], sex: str, age: int | None) -> bool:
    if row["sex"] and sex in ("M", "F") and row["sex"] != sex:
        return False
    low, high = row["age_min"], row["age_max"]
    return age is None or ((not low or age >= int(low)) and (not high or age <= int(high)))
