"""Sentences of the counter and the kiosk (창구·키오스크 문장집), with slots for terms, numbers, times, dates, money and doses.

`params/language/phrasebook.csv`: {term} {term2} {n} {n2} {time} {time2} {date} {money} {dose} stand in every language; [용어] in a target is that term of the
glossary. A sentence is one of the book or it is not: nothing is guessed. In: one sentence. Out: its translation, or nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from tamna.engines.language.hangul import particle
from tamna.engines.language.translation.facts import COMPILED, DAYS, WEEKDAYS, Fact, value_of, written
from tamna.engines.language.translation.glossary import Glossary, Term
from tamna.engines.language.translation.plain import asks, plain, without_filler
from tamna.params import table

SLOT = re.compile(r"\{(term2?|n2?|time2?|date|money|dose)\}")
FIXED = re.compile(r"\[([^\]]+)\]")
KINDS = {
    "n": "number",
    "n2": "number",
    "time": "time",
    "time2": "time",
    "date": "date",
    "money": "money",
    "dose": "dose",
}
PRIVATE = 0xE000
AFTER = ("으로", "로", "은", "는", "이", "가", "을", "를", "과", "와")
EITHER = {"으로": "(?:으로|로)", "로": "(?:으로|로)", "은": "(?:은|는|이|가)", "는": "(?:은|는|이|가)", "이": "(?:이|가|은|는|도)", "가": "(?:이|가|은|는|도)", "을": "(?:을|를|은|는|도)", "를": "(?:을|를|은|는|도)", "과": "(?:과|와|하고|랑|이랑)", "와": "(?:과|와|하고|랑|이랑)"}  # fmt: skip
COPULA = re.compile(r"^(?:이?)(?=(?:입니다|인가요|에요|예요))")
GROUP = re.compile(r"\?P<\w+>")


@dataclass(frozen=True)
class Phrase:
    """One sentence in four languages."""

    id: str
    group: str
    words: Mapping[str, str]


@dataclass(frozen=True)
class Match:
    """What a sentence is, and what stands in its slots."""

    phrase: Phrase
    terms: Mapping[str, Term]
    facts: Mapping[str, Fact]
    days: Mapping[str, str]


@lru_cache(maxsize=1)
def book() -> tuple[Phrase, ...]:
    """The sentences that come with Tamna, as they stand in the file."""
    return tuple(
        Phrase(row["id"], row["group"], {lang: row[lang] for lang in ("ko", "en", "zh", "ja")})
        for row in table("language/phrasebook")
    )


@lru_cache(maxsize=4)
def _compiled(lang: str) -> tuple[tuple[tuple[re.Pattern[str], Phrase], ...], Mapping[str, Phrase]]:
    """Sentences with slots, the most fixed first; sentences without, by their plain form."""
    open_ones: list[tuple[int, re.Pattern[str], Phrase]] = []
    fixed: dict[str, Phrase] = {}
    for phrase in book():
        said = phrase.words[lang]
        said = FIXED.sub(lambda found: _own(found.group(1), lang), said)
        slots = SLOT.findall(said)
        marked = said
        for place, slot in enumerate(slots):
            marked = marked.replace(f"{{{slot}}}", chr(PRIVATE + place))
        form = plain(marked, lang, is_question=asks(said))
        if not slots:
            fixed.setdefault(form, phrase)
            continue
        open_ones.append(
            (sum(ord(letter) < PRIVATE for letter in form), re.compile(_pattern(form, slots, lang)), phrase)
        )
    open_ones.sort(key=lambda each: -each[0])
    return tuple((pattern, phrase) for _, pattern, phrase in open_ones), fixed


def _own(name: str, lang: str) -> str:
    from tamna.engines.language.translation.glossary import own

    term = own().named(name, "ko")
    return term.word(lang) if term else name


def _pattern(form: str, slots: list[str], lang: str) -> str:
    parts, at = [], 0
    while at < len(form):
        letter = form[at]
        at += 1
        if ord(letter) < PRIVATE or ord(letter) >= PRIVATE + len(slots):
            parts.append(re.escape(letter))
            continue
        slot = slots[ord(letter) - PRIVATE]
        parts.append(f"(?P<{slot}>{_slot(slot, lang)})")
        if lang == "ko":
            rest = form[at:]
            copula = COPULA.match(rest)
            after = next((each for each in AFTER if rest.startswith(each)), "")
            if copula:
                at += copula.end()
                parts.append("이?")
            elif (after and slot.startswith("term")) or after in ("을", "를", "으로", "로"):
                at += len(after)
                parts.append(EITHER[after] + ("" if "term2" in slots or after in ("과", "와", "으로", "로") else "?"))
    return "".join(parts) + r"\Z"


def _slot(slot: str, lang: str) -> str:
    if slot.startswith("term"):
        return ".{1,60}?"
    kind = KINDS[slot]
    pattern = GROUP.sub("?:", COMPILED[lang][kind].pattern)
    if lang != "en":
        pattern = pattern.replace(r"(?<![가-힣])", "").replace(r"\s+", "").replace(r"\s*", "")
    if kind == "date":
        days = "|".join(map(re.escape, (*DAYS[lang], *(day.lower() for day in WEEKDAYS[lang]))))
        return f"{pattern}|{days}"
    return pattern


def match(sentence: str, lang: str, *glossaries: Glossary) -> Match | None:
    """The sentence of the book that this is, with or without a filler before it."""
    for said in dict.fromkeys((sentence, without_filler(sentence, lang))):
        for is_question in dict.fromkeys((asks(said), False, True)):
            found = _match(plain(said, lang, is_question=is_question), lang, glossaries)
            if found and asks(found.phrase.words[lang]) in (is_question, asks(said)):
                return found
    return None


def _match(form: str, lang: str, glossaries: tuple[Glossary, ...]) -> Match | None:
    open_ones, fixed = _compiled(lang)
    if not form:
        return None
    if form in fixed:
        return Match(fixed[form], {}, {}, {})
    for pattern, phrase in open_ones:
        found = pattern.match(form)
        if found:
            filled = _filled(phrase, found, lang, glossaries)
            if filled:
                return filled
    return None


def _filled(phrase: Phrase, found: re.Match[str], lang: str, glossaries: tuple[Glossary, ...]) -> Match | None:
    terms, values, days = {}, {}, {}
    for slot, said in found.groupdict().items():
        if slot.startswith("term"):
            term = next((term for glossary in glossaries if (term := glossary.named(said, lang))), None)
            if term is None:
                return None
            terms[slot] = term
        elif said in DAYS[lang]:
            days[slot] = DAYS[lang][said]
        elif said in (names := [day.lower() for day in WEEKDAYS[lang]]):
            days[slot] = f"weekday_{names.index(said)}"
        else:
            inner = COMPILED[lang][KINDS[slot]].search(said + (" " if lang == "en" else "")) or COMPILED[lang][
                KINDS[slot]
            ].search(said + "번")
            value = value_of(KINDS[slot], inner.groupdict()) if inner else None
            if value is None:
                return None
            values[slot] = Fact(KINDS[slot], value, 0, len(said), said)
    return Match(phrase, terms, values, days)


def told(found: Match, to: str, *glossaries: Glossary) -> str | None:
    """The sentence in another language; nothing where a term has no word there."""
    missing = False

    def term(word: str) -> str:
        nonlocal missing
        missing |= not word
        return word

    def fixed(mark: re.Match[str]) -> str:
        named = [each.named(mark.group(1), "ko") for each in glossaries]
        return term(next((each.word(to) for each in named if each and each.word(to)), ""))

    def slot(mark: re.Match[str]) -> str:
        name = mark.group(1)
        if name in found.terms:
            return term(found.terms[name].word(to))
        return day_word(found.days[name], to) if name in found.days else written(found.facts[name], to)

    text = found.phrase.words[to]
    if to == "ko":
        text = _with_particles(text, slot)
    said = SLOT.sub(slot, FIXED.sub(fixed, text))
    return None if missing else _dressed(said, to)


def day_word(day: str, lang: str) -> str:
    """오늘, tomorrow, 星期一."""
    if day.startswith("weekday_"):
        return WEEKDAYS[lang][int(day.removeprefix("weekday_"))]
    return next(word for word, each in DAYS[lang].items() if each == day)


def _with_particles(text: str, slot: "object") -> str:
    def joined(mark: re.Match[str]) -> str:
        word = slot(mark)  # type: ignore[operator]
        return word + particle(word, mark.group(2))

    return re.sub(r"\{(term2?|n2?|time2?|date|money|dose)\}(으로|로|은|는|이|가|을|를|과|와)(?=[\s.?]|$)", joined, text)


def _dressed(said: str, lang: str) -> str:
    """English needs its articles, its capital and no `on tomorrow`."""
    if lang != "en":
        return said
    said = re.sub(r"\b(?:on|by on) (?=today|tomorrow|yesterday|the day after)", "", said)
    said = re.sub(r"([ap]\.m\.)\.", r"\1", said)
    said = re.sub(r"\b(a|an) (?=([A-Za-z]))", lambda found: "an " if found.group(2).lower() in "aeiou" else "a ", said)
    said = re.sub(r"\b1 (minutes|hours|days|weeks|copies|tablets|times|people|seconds)\b", lambda found: {"copies": "1 copy", "people": "1 person"}.get(found.group(1), "1 " + found.group(1)[:-1]), said)  # fmt: skip
    return said[:1].upper() + said[1:]
