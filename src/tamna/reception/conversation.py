"""A conversation over the counter (창구 대화): each sentence into the other's language, checked, and shown only when it is right.

Nothing that is said is kept. Jejueo goes one way: the elder's words into standard Korean, word by word.
"""

from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext as _

from tamna.core.format import language as reader
from tamna.engines.language.dialect import to_standard
from tamna.engines.language.translation import book, translate
from tamna.params import load_raw

LANGUAGES = {"en": "English", "zh": "中文", "ja": "日本語", "jeju": "제주어"}  # the guest's, by its name in itself
TAGS = {"en": "en", "zh": "zh-Hans", "ja": "ja", "jeju": "ko"}  # as HTML and speech name them
LONGEST = 500  # letters of one turn
STEPS = ("names", "dates", "payment", "consent", "interpreter")


@dataclass(frozen=True)
class Checked:
    """One word that must not be lost: a term of the glossary, or a word of Jejueo with its parts."""

    said: str
    expected: str
    found: bool = True
    meaning: str = ""


@dataclass(frozen=True)
class Turn:
    """One thing said. `shown` is what the other may read; empty where no right translation is had."""

    by_guest: bool
    said: str
    shown: str
    draft: str  # for the clerk's eyes: the source with the right word behind each term
    words: tuple[Checked, ...] = ()
    faults: tuple[str, ...] = ()


def turn(said: str, *, with_: str, by_guest: bool) -> Turn:
    """Translate one turn. Of a line that is not translated whole and right, the other side sees nothing."""
    said = " ".join(said.split())[:LONGEST]
    if with_ == "jeju":
        return _from_jejueo(said) if by_guest else Turn(False, said, said, said)
    source, target = (with_, "ko") if by_guest else ("ko", with_)
    found = translate(said, source=source, target=target)
    words = tuple(Checked(check.term, check.expected, check.found) for check in found.terms)
    faults = tuple(_fault(reason) for reason in found.reasons)
    return Turn(by_guest, said, "" if found.flagged else found.target, found.target, words, faults)


def _from_jejueo(said: str) -> Turn:
    found = to_standard(said)
    words = tuple(Checked(word.said, word.standard, True, word.meaning) for word in found.words)
    faults = [_("A number or a denial may be lost: ask again.")] if found.doubts else []
    if found.kept:
        faults.append(_("Not in the lexicon: %(words)s") % {"words": ", ".join(found.kept)})
    return Turn(True, said, found.standard, found.standard, words, tuple(faults))


def _fault(reason: str) -> str:
    return {
        "not_translated": _("Not in the phrase book: say it shorter, choose a sentence below, or call an interpreter."),
        "term_missing": _("A term is missing in the translation."),
        "numbers_differ": _("A number, time or dose differs."),
        "negation_differs": _("A denial is lost."),
        "not_the_language": _("This is not the language chosen."),
    }.get(reason, reason)


def moment(with_: str) -> str:
    """What the guest sees while the clerk looks for other words."""
    return next(phrase.words.get(with_, phrase.words["ko"]) for phrase in book() if phrase.id == "g.moment")


@lru_cache(maxsize=4)
def _ready(lang: str) -> dict[str, tuple[str, ...]]:
    """Sentences without a slot, by group; from a guest's language only those that come out right in Korean."""
    groups: dict[str, list[str]] = {}
    for phrase in book():
        if any("{" in words or "[" in words for words in phrase.words.values()):
            continue
        if lang == "ko" or not translate(phrase.words[lang], source=lang, target="ko").flagged:
            groups.setdefault(phrase.group, []).append(phrase.words[lang])
    return {group: tuple(dict.fromkeys(lines)) for group, lines in groups.items()}


def sentences(lang: str) -> list[tuple[str, list[str]]]:
    """The phrase book to choose from, in one language, under headings in the reader's."""
    headings = {
        "greeting": _("Welcome and directions"), "who": _("Person and papers"), "booking": _("Booking"), "body": _("Complaints"),
        "money": _("Payment"), "stay": _("Admission"), "kiosk": _("Kiosk and slip"),
    }  # fmt: skip
    return [(words, list(_ready(lang).get(group, ()))) for group, words in headings.items()]


@dataclass(frozen=True)
class Note:
    """A habit worth knowing at a step (문화 안내)."""

    step: str
    text: str
    is_confirmed: bool


def notes(with_: str, steps: tuple[str, ...] = STEPS) -> list[Note]:
    """Habits of many guests who speak a language (`en zh ja`; a patient's `zh-Hans` too), in the reader's words."""
    words = {
        "names": _("Names"),
        "dates": _("Dates"),
        "payment": _("Payment"),
        "consent": _("Consent"),
        "interpreter": _("Interpreter"),
    }
    lang, shown = with_.split("-")[0], "ko" if reader() == "ko" else "en"
    table = load_raw("culture")["steps"]
    return [Note(words[step], row[shown], row["mark"] == "S") for step in steps for row in table[step].get(lang, ())]
