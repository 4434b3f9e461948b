"""The words of params/language/jejueo, indexed by every spelling and, for stems, by the three shapes endings join to.

Shapes of a Jeju stem: `S` the stem, `U` with its connecting vowel (먹으, 잇이), `A` the 아/어 form (먹어, 헤, 지드려).
"""

from dataclasses import dataclass
from functools import lru_cache

from tamna.engines.language.dialect import spelling
from tamna.engines.language.dialect.spelling import OLD_A, jamo, spellings
from tamna.params import table

PLACES = frozenset({"place", "direction"})
V = {letter: chr(0x1161 + index) for index, letter in enumerate("ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ")}
BRIGHT = frozenset((V["ㅏ"], V["ㅗ"], V["ㅑ"], OLD_A))
IEUNG = "\u110b"


@dataclass(frozen=True)
class Form:
    """A whole form: what it is in standard Korean, and what it means."""

    standard: str
    meaning: str
    confidence: str
    domain: str = ""
    verbal: bool = False


@dataclass(frozen=True)
class Stem:
    standard: str
    adjective: bool


@dataclass(frozen=True)
class Ending:
    letters: str
    join: str
    standard: str
    meaning: str
    confidence: str
    final: bool


@dataclass(frozen=True)
class Auxiliary:
    """A helping verb: its shapes by the shape of the stem before it, and the pattern of the standard."""

    standard: str
    before: str
    shapes: tuple[tuple[str, str], ...]  # (join, letters)


@dataclass(frozen=True)
class Particle:
    standard: str
    meaning: str
    own: bool


def _names(row: dict[str, str]) -> list[str]:
    """The spellings of a row, of `jeju` and `variants`."""
    return [name for name in [*row["jeju"].split(";"), *row.get("variants", "").split(";")] if name]


def _plain(standard: str) -> tuple[str, str]:
    """What is written and what stands in brackets: 배(복부) → 배, 복부."""
    word, _, gloss = standard.partition("(")
    return word.strip(), gloss.rstrip(")")


def a_shapes(letters: str) -> set[str]:
    """The 아/어 shapes of a Jeju stem; several are said."""
    last = letters[-1]
    head = letters[:-1]
    if letters.endswith(("\u1112" + OLD_A, jamo("하"), jamo("허"))):
        before = letters[:-2]
        return {before + jamo(way) for way in ("헤", "해", "하여", "허여", "ᄒᆞ여", "혀")}
    if spelling.is_open(letters):
        joined = {V["ㅗ"]: "ㅘ", V["ㅜ"]: "ㅝ", V["ㅣ"]: "ㅕ", V["ㅚ"]: "ㅙ"}
        closed_front = (V["ㅣ"], V["ㅐ"], V["ㅔ"], V["ㅚ"], V["ㅟ"], V["ㅢ"], V["ㅞ"], V["ㅙ"])
        found = {letters + jamo("여"), letters + jamo("어")} if last in closed_front else set()
        if last in joined:
            found.add(head + V[joined[last]])
            if last == V["ㅣ"]:
                found |= {head + V["ㅓ"], head + V["ㅔ"]} if head[-1:] in "\u110c\u110d\u110e" else {head + V["ㅑ"]}
            if last == V["ㅗ"]:
                found.add(letters + jamo("아"))
                found.add(letters + jamo("라"))  # 오라시민, 오랏수다
            if last == V["ㅜ"]:
                found.add(letters + jamo("어"))
                found |= {head + V["ㅓ"], head + V["ㅘ"]} if head[-1:] != IEUNG else set()
        elif last == V["ㅡ"] or last == OLD_A:
            sounds = [letter for letter in letters[:-1] if letter in V.values() or letter == OLD_A]
            way = V["ㅏ"] if sounds and sounds[-1] in BRIGHT else V["ㅓ"]
            found |= {head + way, head + V["ㅓ"]}
            if head[-1:] == "\u1105":  # 르: 몰르 → 몰라, 모르 → 몰라
                stem = head[:-1]
                if spelling.is_open(stem):
                    stem += "\u11af"
                found |= {stem + "\u1105" + way}
        else:
            found.add(letters)
        return found
    vowels = [letter for letter in letters if letter in V.values() or letter == OLD_A]
    way = jamo("아") if vowels and vowels[-1] in BRIGHT else jamo("어")
    found = {letters + way, letters + jamo("여")}
    opened = letters[:-1]
    if last == "\u11b8":  # ㅂ
        found |= {opened + jamo(sound) for sound in ("와", "워", "우어", "아", "어")}
        if opened.endswith(V["ㅜ"]):
            found |= {opened[:-1] + V["ㅓ"] + jamo("와"), opened[:-1] + V["ㅓ"] + jamo("워")}
    if last == "\u11ae":  # ㄷ
        found.add(opened + "\u11af" + way)
    if last == "\u11ba":  # ㅅ
        found |= {opened + way, letters + jamo("어"), opened + jamo("시어"), opened + jamo("셔")}
        found.add(opened + "\u1109" + way[1:])  # 잇 → 이서
        found.add(opened + "\u1109" + V["ㅕ"])
    if last == "\u11c2":  # ㅎ
        found |= {opened + V["ㅐ"]} if opened else set()
        found |= {opened[:-1] + V["ㅐ"]} if spelling.is_open(opened) else set()
    return found


def u_shapes(letters: str) -> set[str]:
    """The stem with its connecting vowel: none when open, 으 when closed, 이 after ㅅ ㅈ ㅊ."""
    if spelling.is_open(letters):
        return {letters}
    last, opened = letters[-1], letters[:-1]
    found = {letters + jamo("으")}
    if last in "\u11ba\u11bb\u11bd\u11be":
        found.add(letters + jamo("이"))
    if last == "\u11af":
        found.add(letters)
    if last == "\u11b8":
        found |= {opened + jamo("우"), opened + jamo("으")}
    if last == "\u11ae":
        found.add(opened + "\u11af" + jamo("으"))
    if last == "\u11ba":
        found |= {opened + jamo("으"), opened + jamo("시")}
    if last == "\u11c2":
        found.add(opened)
    return found


def shapes(letters: str) -> list[tuple[str, str]]:
    """(join, shape) of a Jeju stem, before its spellings are spread."""
    return [("S", letters), *(("U", way) for way in u_shapes(letters)), *(("A", way) for way in a_shapes(letters))]


class Lexicon:
    """All tables, ready to look up by letters."""

    def __init__(self) -> None:
        self.forms: dict[str, Form] = {}
        self.nouns: dict[str, Form] = {}
        self.stems: dict[str, dict[str, list[Stem]]] = {"S": {}, "U": {}, "A": {}}
        self.ha: dict[str, set[str]] = {"S": set(), "U": set(), "A": set()}
        self._read_lexicon()
        for row in table("language/jejueo/verbs"):
            for name in row["jeju"].split(";"):
                self._stem(name, Stem(row["standard"], row["pos"] == "a"))
        for row in table("language/jejueo/common_stems"):
            for name in row["stems"].split():
                self._stem(name, Stem(name, row["pos"] == "a"))
        for row in table("language/jejueo/words"):
            self._form(self.forms, row["jeju"].split(";"), Form(row["standard"], row["meaning"], row["confidence"]))
        for row in table("language/jejueo/nouns"):
            form = Form(row["standard"], row["standard"], "high", row["domain"])
            self._form(self.nouns, row["jeju"].split(";"), form)
        for row in table("language/jejueo/common_nouns"):
            for name in row["nouns"].split():
                self._form(self.nouns, [name], Form(name, name, "high", row["domain"]))
        for join, letters in shapes("\u1112" + OLD_A):
            self.ha[join] |= set(spellings(letters))
        self.endings = tuple(sorted(self._endings(), key=lambda item: -len(item.letters)))
        self.auxiliaries = tuple(self._auxiliaries())
        self.particles = self._particles()
        self.longest_phrase = max(form.count(" ") for form in self.forms) + 1

    def _form(self, into: dict[str, Form], names: list[str], form: Form) -> None:
        for name in names:
            for letters in spellings(jamo(name)):
                into.setdefault(letters, form)

    def _stem(self, name: str, stem: Stem) -> None:
        for join, shape in shapes(jamo(name)):
            for letters in spellings(shape):
                known = self.stems[join].setdefault(letters, [])
                if stem not in known:
                    known.append(stem)

    def _read_lexicon(self) -> None:
        for row in table("language/jejueo/lexicon"):
            if row["domain"] in ("ending", "particle"):
                continue
            standard, gloss = _plain(row["standard"])
            names = _names(row)
            verbal = row["pos"] in ("v", "a")
            is_stem = verbal and not gloss and row["jeju"].endswith("다") and standard.endswith("다")
            if is_stem and not standard.endswith("니다"):
                for name in names:
                    if name.endswith("다"):
                        self._stem(name[:-1], Stem(standard[:-1], row["pos"] == "a"))
                continue
            form = Form(standard, gloss or standard, row["confidence"], row["domain"], verbal)
            self._form(self.nouns if row["pos"] in ("n", "pron", "num") else self.forms, names, form)

    def _endings(self) -> list[Ending]:
        found = []
        for row in table("language/jejueo/endings"):
            for name in row["jeju"].split(";"):
                for letters in spellings(spelling.ending(name)):
                    found.append(
                        Ending(
                            letters, row["join"], row["standard"], row["meaning"], row["confidence"], bool(row["final"])
                        )
                    )
        return found

    def _auxiliaries(self) -> list[Auxiliary]:
        found = []
        for row in table("language/jejueo/auxiliaries"):
            ways = {(join, letters) for name in row["jeju"].split(";") for join, shape in shapes(jamo(name))
                    for letters in spellings(shape)}  # fmt: skip
            found.append(Auxiliary(row["standard"], row["join"], tuple(sorted(ways))))
        return found

    def _particles(self) -> dict[str, Particle]:
        found: dict[str, Particle] = {}
        for row in table("language/jejueo/particles"):
            for name in row["jeju"].split(";"):
                for letters in spellings(jamo(name)):
                    found.setdefault(letters, Particle(row["standard"], row["meaning"], bool(row["own"])))
        return found


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    return Lexicon()
