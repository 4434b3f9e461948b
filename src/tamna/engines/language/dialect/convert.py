"""A line of Jejueo to standard Korean, with what each word was and what was kept; negation and numbers are checked."""

import re
import unicodedata
from dataclasses import dataclass

from tamna.engines.language.dialect.lexicon import Form, lexicon
from tamna.engines.language.dialect.parse import FORMAL, Around, Reading, best
from tamna.engines.language.dialect.spelling import jamo, text_of

PIECE = re.compile(r"[\w\u1100-\u11ff\u318d·]+|[^\w\s]+|\s+")
ENDS = ".?!…。"
POLITE = tuple(map(jamo, ("예", "양", "마씀", "마씸", "마씨", "게")))
NUMBERS = frozenset(map(jamo, ("멧", "몇", "ᄒᆞᆫ", "한", "두", "세", "네", "무신", "어느")))
COUNTED = {jamo(said): standard for said, standard in (("ᄒᆞᆫ", "한"), ("혼", "한"), ("한", "한"), ("두", "두"), ("세", "세"), ("서", "세"),
                                                       ("네", "네"), ("니", "네"))}  # fmt: skip
COUNTERS = frozenset(["번", "개", "시", "분", "명", "살", "달", "일", "주일", "잔", "알", "봉지", "사람", "층"])
JI = tuple(map(jamo, ("지", "지는", "지도", "질", "진")))
WISH = tuple(map(jamo, ("고정", "구정", "고젠", "고졍")))
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
NEGATIVE = re.compile("안|않|못|없|아니|아닙|아닌|마세요|마라|말고|말려|싫")
NEGATIVE_WAS = re.compile(
    "(?:^|\\s)(?:{})(?:\\s|$)|(?:^|\\s)(?:{})|{}".format(
        *(
            "|".join(map(jamo, shapes))
            for shapes in (("안", "못"), ("엇", "읏", "어수", "못", "아니"), ("맙서", "지 말", "지말"))
        )
    )
)


@dataclass(frozen=True)
class Word:
    """A word that changed: as said, in standard Korean, its parts, and how sure the table is."""

    said: str
    standard: str
    meaning: str
    confidence: str

    def as_json(self) -> dict[str, str]:
        return {"from": self.said, "to": self.standard, "meaning": self.meaning, "confidence": self.confidence}


@dataclass(frozen=True)
class Converted:
    """A line in both languages. `kept` are words no table knows; `doubts` names what a person should look at."""

    said: str
    standard: str
    words: tuple[Word, ...]
    kept: tuple[str, ...]
    doubts: tuple[str, ...] = ()


def to_standard(said: str) -> Converted:
    """Convert one line. Punctuation, spaces, numbers and unknown words stay as they are."""
    pieces = PIECE.findall(jamo(said))
    spoken = [index for index, piece in enumerate(pieces) if re.match(r"[\w\u1100-\u11ff]", piece)]
    out = dict(enumerate(pieces))
    words: list[Word] = []
    kept: list[str] = []
    place = 0
    while place < len(spoken):
        size, form = _phrase(pieces, spoken, place)
        if size == 1 and place + 1 < len(spoken) and pieces[spoken[place]].endswith(WISH):
            pieces[spoken[place + 1]] = pieces[spoken[place]] + pieces[spoken[place + 1]]  # 가고정 ᄒᆞ우다 is one verb
            out[spoken[place]] = ""
            out[spoken[place] + 1] = ""
            place += 1
            continue
        first, last = spoken[place], spoken[place + size - 1]
        letters = "".join(pieces[first : last + 1])
        around = _around(pieces, spoken, place + size - 1)
        if letters in COUNTED and around.next_noun in COUNTERS:
            form = Form(COUNTED[letters], "수", "high")
        reading = _whole(letters, form, around) if form else None
        if size == 1:
            reading = _better(reading, form, best(letters, around), around)
        if reading is None:
            out[first] = text_of(letters)
            if _is_korean(letters):
                kept.append(text_of(letters))
        else:
            out[first] = reading.standard
            for index in range(first + 1, last + 1):
                out[index] = ""
            if reading.standard != text_of(letters):
                words.append(
                    Word(unicodedata.normalize("NFC", letters), reading.standard, reading.meaning, reading.confidence)
                )
        place += size
    standard = "".join(text_of(out[index]) for index in range(len(pieces)))
    return Converted(said, standard, tuple(words), tuple(kept), _doubts(jamo(said), standard))


def _is_korean(letters: str) -> bool:
    return any("\u1100" <= letter <= "\u11ff" for letter in letters)


def _phrase(pieces: list[str], spoken: list[int], place: int) -> tuple[int, Form | None]:
    """The longest run of words that is one known form; (1, None) when there is none."""
    words = lexicon()
    for size in range(min(words.longest_phrase, len(spoken) - place), 0, -1):
        run = pieces[spoken[place] : spoken[place + size - 1] + 1]
        if any(piece.strip() and not _is_korean(piece) for piece in run):
            continue
        letters = "".join(" " if piece.isspace() else piece for piece in run)
        for shape in (letters, *(letters[: -len(tail)] for tail in POLITE if letters.endswith(tail))):
            form = words.forms.get(shape)
            if form is not None:
                return size, form
    return 1, None


def _around(pieces: list[str], spoken: list[int], place: int) -> Around:
    """Whether the word ends its sentence, and what comes after it in the sentence."""
    after: list[str] = []
    final = True
    for index in range(spoken[place] + 1, len(pieces)):
        piece = pieces[index]
        if any(mark in ENDS for mark in piece):
            break
        if _is_korean(piece):
            final = False
            after.append(piece)
        elif piece.strip():
            final = final and piece.strip() not in ",·"
    following = best(after[0], Around(len(after) == 1)) if after else None
    stems = frozenset(reading.stem for piece in after[:3] if (reading := best(piece, Around(piece is after[-1]))))
    before = pieces[spoken[place - 1]] if place else ""
    counted = before.isdigit() or before in NUMBERS
    after_ji = before.endswith(JI)
    return Around(final, following.noun if following else "", counted, after_ji, stems)


def _whole(letters: str, form: Form, around: Around) -> Reading:
    written = form.standard
    known = lexicon().forms
    polite = letters not in known and any(letters.endswith(tail) for tail in POLITE)
    if polite and not written.endswith(FORMAL) and around.final:
        written += "요"
    return Reading(written, form.meaning, form.confidence, 300)


def _better(whole: Reading | None, form: Form | None, parsed: Reading | None, around: Around) -> Reading | None:
    """A whole form wins, but a verb form that ends the sentence is read by its ending (아판. → 아팠어요)."""
    if whole is None or form is None:
        return parsed
    if parsed is not None and parsed.meaning.endswith("꾸밈(앞일)") and around.next_noun in ("것", "거", "수"):
        return parsed  # 낼 거우다
    if parsed is not None and form.verbal and parsed.stem and form.standard.endswith(("서", "고 있습니다")):
        return parsed
    return whole


def _doubts(said: str, standard: str) -> tuple[str, ...]:
    """What must survive and did not: numbers, negation."""
    found = []
    if NUMBER.findall(said) != NUMBER.findall(standard):
        found.append("numbers")
    if NEGATIVE_WAS.search(said) and not NEGATIVE.search(standard):
        found.append("negation")
    return tuple(found)
