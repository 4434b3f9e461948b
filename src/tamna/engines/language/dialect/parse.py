"""One word of Jejueo read as stem and ending, noun and particles, noun and copula; the best reading wins.

Order of trust: a known stem, a known stem with a helping verb, a noun with 하다, a noun with the copula, a noun with
particles, an unknown stem before an ending that only Jejueo has.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tamna.engines.language import hangul
from tamna.engines.language.dialect import spelling
from tamna.engines.language.dialect.lexicon import PLACES, Ending, Form, Particle, Stem, lexicon
from tamna.engines.language.dialect.spelling import jamo, text_of

OWN_SOUNDS = tuple(
    map(
        jamo,
        (
            "수다",
            "수과",
            "수꽈",
            "수광",
            "쿠다",
            "쿠과",
            "쿠꽈",
            "우꽈",
            "우과",
            "크라",
            "암저",
            "신디",
            "시난",
            "시민",
            "젠",
        ),
    )
)
STATE = (jamo("수다"), jamo("수과"), jamo("수꽈"), jamo("수광"))
REQUEST = "\u11b8" + jamo("서")
NEGATIVES = {jamo("못"): "못 ", jamo("안"): "안 "}
COPULA = Stem("이", False)
MEANT_AS_PAST = frozenset(
    ["사람", "거", "것", "데", "때", "뒤", "적", "후", "다음"]
)  # 간 사름: 간 modifies, elsewhere 간 is 가서
NOT_JOINED = frozenset(
    [
        "동안",
        "그동안",
        "한동안",
        "오랫동안",
        "방안",
        "법안",
        "장안",
        "문안",
        "공안",
        "중앙",
        "발언",
        "선언",
        "증언",
        "격언",
        "망언",
        "폭언",
        "방언",
    ]
)
CARRIED = frozenset(["모시", "데리", "가지", "들", "타", "입", "신", "쓰", "업", "안", "먹"])
THERE = frozenset(["가", "오", "있", "없", "살", "눕", "앉", "들어가", "들어오", "다니", "두", "놓", "나"])
FORMAL = ("다", "까", "요", "시다")


@dataclass(frozen=True)
class Around:
    """What stands by the word: whether it ends the sentence, and what follows it (standard nouns and stems)."""

    final: bool = False
    next_noun: str = ""
    after_number: bool = False
    after_ji: bool = False
    stems_after: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Reading:
    standard: str
    meaning: str
    confidence: str
    score: int
    stem: str = ""
    noun: str = ""


def _written(stem: Stem, ending: Ending) -> str:
    pattern = ending.standard
    if stem.adjective and pattern.startswith("S고 있"):
        pattern = "A" + pattern.removeprefix("S고 있어") if pattern.startswith("S고 있어") else "S" + pattern[-1]
    if stem.standard == "이" and pattern == "A서":
        pattern = "S라서"
    if stem.standard == "있" and pattern == "U세요":
        return "계세요"
    if stem.standard == "죽" and pattern == "Uㄹ 수 있겠습니다":
        pattern = "S겠습니다"
    return hangul.conjugate(stem.standard, pattern, adjective=stem.adjective)


def _carried(ending: Ending, stem: Stem, around: Around) -> Ending:
    """모샹 왓수다, 버스 탕 왓수다: what is done while coming or going is joined with 고."""
    goes = any(after.endswith(("가", "오", "다니", "먹", "자")) and after != "나오" for after in around.stems_after)
    if ending.standard == "A서" and stem.standard in CARRIED and goes:
        return replace(ending, standard="S고")
    return ending


def _fits(ending: Ending, around: Around) -> bool:
    return around.final or not ending.final


def _endings(letters: str, around: Around) -> Iterator[tuple[Ending, str]]:
    """Endings the word may close with, longest first, and what stands before each."""
    for ending in lexicon().endings:
        if len(ending.letters) < len(letters) and letters.endswith(ending.letters) and _fits(ending, around):
            yield ending, letters[: -len(ending.letters)]


def _stems(join: str, letters: str) -> Iterator[tuple[Stem, int]]:
    """Stems that have this shape, with how far they are trusted: known ones, then a noun with 하다."""
    words = lexicon()
    for order, stem in enumerate(words.stems[join].get(letters, ())):
        yield stem, 200 - order
    for shape in words.ha[join]:
        before = letters[: -len(shape)]
        if letters.endswith(shape) and len(before) > 1 and spelling.is_whole(before):
            noun = words.nouns.get(before)
            head = noun.standard if noun else text_of(before)
            if all(map(hangul.is_syllable, head)):
                yield Stem(head + "하", False), 90 if noun else 80


def _meaning(stem: Stem, ending: Ending) -> str:
    return f"{stem.standard}다 + {ending.meaning}"


def _rank(ending: Ending, base: str, around: Around) -> int:
    """The longest stem first; at the end of a sentence the form that ends one."""
    past_modifier = ending.standard == "Uㄴ" and around.next_noun in MEANT_AS_PAST
    doubt = -1 if ending.confidence == "low" else 0
    return len(base) + doubt + (3 if ending.final and around.final else 0) + (3 if past_modifier else 0)


def _verbs(letters: str, around: Around) -> Iterator[Reading]:
    words = lexicon()
    for ending, base in _endings(letters, around):
        for stem, trust in _stems(ending.join, base):
            carried = _carried(ending, stem, around)
            bonus = 5 if carried is not ending else 0
            if ending.letters.startswith(STATE) and not stem.adjective:
                bonus -= 10  # 수다 joins to states; a deed takes 암수다: 열이 남수다 is 나다
            if around.after_ji and stem.standard == "않":
                bonus += 20
            yield Reading(
                _written(stem, carried), _meaning(stem, ending), ending.confidence, trust + bonus + _rank(ending, base, around),
                stem=stem.standard,
            )  # fmt: skip
        yield from _with_auxiliary(ending, base, around)
        if around.next_noun in MEANT_AS_PAST and ending.letters == "\u11ab" and ending.join == "A":
            for stem in words.stems["A"].get(base, ()):  # 간 사름: who went
                yield Reading(
                    hangul.conjugate(stem.standard, "Uㄴ"), f"{stem.standard}다 + 꾸밈(지난 일)", "medium", 230,
                    stem=stem.standard,
                )  # fmt: skip


def _with_auxiliary(ending: Ending, base: str, around: Around) -> Iterator[Reading]:
    words = lexicon()
    for auxiliary in words.auxiliaries:
        for join, shape in auxiliary.shapes:
            if join != ending.join or not base.endswith(shape) or len(base) == len(shape):
                continue
            before = base[: -len(shape)]
            if auxiliary.before == "A" and before[-1] in "\u11bc\u11ab" and before[:-1] in words.stems["A"]:
                before = before[:-1]  # 가졍 오다, ᄀᆞᆯ앙 줍서 written as one word
            for stem, trust in _stems(auxiliary.before, before):
                whole = Stem(hangul.conjugate(stem.standard, auxiliary.standard), False)
                yield Reading(
                    _written(whole, ending), _meaning(whole, ending), ending.confidence, trust - 20 + _rank(ending, base, around),
                    stem=stem.standard,
                )  # fmt: skip


def _copulas(letters: str, around: Around) -> Iterator[Reading]:
    words = lexicon()
    for ending, base in _endings(letters, around):
        if ending.letters.startswith((jamo("수"), jamo("쑤"))):
            continue  # the copula takes 우다
        ways = {"S": ("이", ""), "U": ("이", ""), "A": ("이라", "이여", "이어", "여", "라")}[ending.join]
        for way in ways:
            shape = jamo(way)
            noun = base[: len(base) - len(shape)] if base.endswith(shape) else ""
            if not noun or not spelling.is_whole(noun):
                continue
            known = words.nouns.get(noun)
            own = any(sound in ending.letters for sound in OWN_SOUNDS) or ending.letters == jamo("우다")
            if not known and not (own and len(text_of(noun)) > 0):
                continue
            if not way and not own:
                continue
            head = known.standard if known else text_of(noun)
            if not all(map(hangul.is_syllable, head)):
                continue
            pattern = ending.standard
            if pattern.startswith("Aㅆ"):
                tail = ("이었" if hangul.coda_of(head) else "였") + pattern[2:]
            else:
                tail = _written(COPULA, ending)
            yield Reading(
                head + tail, f"{head}이다 + {ending.meaning}", ending.confidence,
                (110 if known else 60) + (150 if around.after_number else 0) + _rank(ending, base, around), noun=head,
            )  # fmt: skip


def _particles(letters: str, around: Around) -> Iterator[Reading]:
    words = lexicon()
    for size in range(len(letters), 0, -1):
        noun, rest = letters[:size], letters[size:]
        if not spelling.is_whole(noun) or (rest and not "\u1100" <= rest[0] <= "\u1112"):
            continue
        known = words.nouns.get(noun)
        compound = None if known else _compound(noun)
        known = known or compound
        chain = _chain(rest)
        if chain is None or (not known and not any(item.own for item in chain)):
            continue
        if (
            known
            and chain == []
            and (bare := words.nouns.get(noun[:-2]))
            and noun.endswith(jamo("이"))
            and bare == known
        ):
            continue  # 가달이 is 가달 with 이
        head = known.standard if known else text_of(noun)
        written = head
        for order, item in enumerate(chain):
            which = item.standard
            if which == "이" and chain[order + 1 :]:
                continue  # 아칙이부터
            if which == "이" and known and _is_place(known.domain, around):
                which = "에"
            written += hangul.particle(written, which)
        meaning = " + ".join([known.meaning if known else head, *(item.meaning for item in chain)])
        yield Reading(
            written,
            meaning,
            known.confidence if known else "low",
            _trust(known, compound, chain, noun, rest),
            noun=head,
        )


def _trust(known: Form | None, compound: Form | None, chain: list[Particle], noun: str, rest: str) -> int:
    if not known:
        return 40 + len(rest)
    strong = chain or len(text_of(noun)) > 1  # a bare noun of one syllable may be a verb form: 간
    return (80 if compound else 210 if strong else 120) + len(noun)


def _compound(letters: str) -> Form | None:
    """A noun of two known nouns: ᄃᆞᆨ괴기."""
    words = lexicon()
    for size in range(2, len(letters) - 1):
        if spelling.is_whole(letters[:size]) and "\u1100" <= letters[size] <= "\u1112":
            first, second = words.nouns.get(letters[:size]), words.nouns.get(letters[size:])
            if first and second:
                return Form(
                    first.standard + second.standard, f"{first.meaning} + {second.meaning}", "medium", second.domain
                )
    return None


def _is_place(domain: str, around: Around) -> bool:
    return domain in PLACES and bool(THERE & around.stems_after)


def _with_form(letters: str) -> Iterator[Reading]:
    """A known adverb or pronoun with a particle: ᄒᆞ꼼만, 이제도."""
    words = lexicon()
    for size in range(len(letters) - 1, 0, -1):
        form = words.forms.get(letters[:size])
        chain = _chain(letters[size:]) if form and not form.verbal and "\u1100" <= letters[size] <= "\u1112" else None
        if form and chain:
            written = form.standard
            for item in chain:
                written += hangul.particle(written, item.standard)
            yield Reading(written, f"{form.meaning} + {chain[0].meaning}", form.confidence, 100 + size)


def _chain(rest: str) -> list[Particle] | None:
    """The particles a rest consists of, at most three; None where it does not."""
    words = lexicon()
    if not rest:
        return []
    for size in range(len(rest), 0, -1):
        item = words.particles.get(rest[:size])
        if item is not None:
            after = _chain(rest[size:])
            if after is not None and len(after) < 3:
                return [item, *after]
    return None


def _unknown_stems(letters: str, around: Around) -> Iterator[Reading]:
    for ending, base in _endings(letters, around):
        own = any(sound in ending.letters for sound in OWN_SOUNDS) or _joined(letters, ending)
        if (own or ending.letters == REQUEST) and (stem := _guess(base, ending.join)):
            yield Reading(
                _written(Stem(stem, False), ending),
                f"{stem}다 + {ending.meaning}",
                "low",
                20 + len(ending.letters),
                stem=stem,
            )


def _joined(letters: str, ending: Ending) -> bool:
    """곪안, 긁엉: a closed syllable, then 안, 언, 앙, 엉; not 동안, 발언."""
    word = text_of(letters)
    return (
        ending.join == "A" and ending.letters in "\u11ab\u11bc" and word[-1] in "안언앙엉" and len(word) > 1
        and hangul.is_syllable(word[-2]) and bool(hangul.coda_of(word[:-1])) and word not in NOT_JOINED
        and (word[-1] in "안앙") == hangul.is_bright(word[-2])
    )  # fmt: skip


def _guess(base: str, join: str) -> str:
    """A stem that would give this shape; empty where none would."""
    word = text_of(base)
    if not word or not all(map(hangul.is_syllable, word)):
        return ""
    onset, vowel, coda = hangul.split(word[-1])
    if join == "U" and word[-1] in "으이" and len(word) > 1 and hangul.coda_of(word[:-1]):
        return word[:-1]
    if join != "A":
        return word
    if coda:
        return ""
    if onset == "ㅇ" and vowel in "ㅏㅓㅕ" and len(word) > 1:
        return word[:-1]
    if word[-1] in "헤해":
        return word[:-1] + "하"
    simple = {"ㅕ": "ㅣ", "ㅘ": "ㅗ", "ㅝ": "ㅜ", "ㅙ": "ㅚ"}.get(vowel, vowel)
    if vowel == "ㅓ" and onset in "ㅈㅉㅊ":
        simple = "ㅣ"
    return word[:-1] + hangul.block(onset, simple)


def _polite(letters: str) -> Iterator[tuple[str, bool]]:
    """The word, and the word without a closing 예, 양, 마씀, 게."""
    yield letters, False
    for tail in ("예", "양", "마씀", "마씸", "마씨", "게"):
        shape = jamo(tail)
        if letters.endswith(shape) and len(letters) > len(shape) + 1:
            yield letters[: -len(shape)], True


def best(letters: str, around: Around) -> Reading | None:
    """The most trusted reading of a word; None when it is none of ours."""
    readings = []
    for rest, polite in _polite(letters):
        where = replace(around, final=True) if polite else around
        found = list(_negated(rest, where))
        for readers in (_verbs, _copulas, _particles):
            found.extend(readers(rest, where))
        found.extend(_with_form(rest))
        if not found:
            found.extend(_unknown_stems(rest, where))
        for reading in found:
            if not polite:
                readings.append(reading)
            elif reading.stem or reading.noun:
                ends = reading.standard.endswith(FORMAL)
                written = reading.standard if ends else reading.standard + hangul.particle(reading.standard, "이요")
                readings.append(
                    Reading(
                        written,
                        reading.meaning + " + 높임",
                        reading.confidence,
                        reading.score - 2,
                        reading.stem,
                        reading.noun,
                    )
                )
    return max(readings, key=lambda reading: reading.score, default=None)


def _negated(letters: str, around: Around) -> Iterator[Reading]:
    """못먹언, 안ᄒᆞ쿠다 written as one word: the negation stays."""
    for shape, written in NEGATIVES.items():
        if letters.startswith(shape) and len(letters) > len(shape):
            for reading in _verbs(letters[len(shape) :], around):
                yield Reading(
                    written + reading.standard, written.strip() + "(부정) + " + reading.meaning, reading.confidence,
                    reading.score - 100, stem=reading.stem,
                )  # fmt: skip
