"""How alike two names are (성명 유사도), written in Hangul or in any usual romanisation, in either order of words.

Hangul is compared letter by letter (자모); Latin names by what every romanisation keeps: the consonants, with g/k, d/t, b/p,
j/ch, r/l and s/sh as one. Surnames with a spelling of their own (이: Lee, Yi, Rhee) have it. Shares are 0 to 1.
"""

import re
import unicodedata
from collections.abc import Iterator

ONSETS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
ONSET_SOUND = ("k", "k", "n", "t", "t", "l", "m", "p", "p", "s", "s", "", "c", "c", "c", "k", "t", "p", "h")
CODA_SOUND = ("", "k", "k", "k", "n", "n", "n", "t", "l", "k", "m", "l", "l", "l", "p", "l", "m", "p", "p", "t", "t", "q",
              "t", "t", "k", "t", "p", "t")  # fmt: skip
SURNAMES = {  # sounds that their usual spellings keep, besides the Hangul's own: Lee, Rhee, Lim, Ryu, Yu, Roh, Park
    "이": ("l", "lh"), "임": ("lm",), "유": ("l",), "류": ("",), "노": ("l", "lh"), "박": ("plk",), "여": ("l",), "나": ("l",), "라": ("n",),
}  # fmt: skip
LATIN = (("ng", "q"), ("sh", "s"), ("ch", "c"), ("kk", "k"), ("tt", "t"), ("pp", "p"), ("ss", "s"), ("jj", "c"))
FOLD = str.maketrans({"g": "k", "d": "t", "b": "p", "j": "c", "r": "l", "z": "c", "v": "p", "f": "p", "x": "ks"})


def is_hangul(text: str) -> bool:
    return any("가" <= letter <= "힣" for letter in text)


def plain(name: str) -> str:
    """Without spaces, hyphens and accents, in small letters."""
    text = unicodedata.normalize("NFKD", name) if not is_hangul(name) else unicodedata.normalize("NFC", name)
    return "".join(letter for letter in text.lower() if letter.isalpha())


def likeness(one: str, other: str) -> float:
    """1 for the same name, over 0.8 for what a hurried hand or another romanisation makes of it."""
    first, second = plain(one), plain(other)
    if not first or not second:
        return 0.0
    if first == second:
        return 1.0
    if is_hangul(first) and is_hangul(second):
        return _ratio(_letters(first), _letters(second))
    if not is_hangul(first) and not is_hangul(second) and sorted(_words(one)) == sorted(_words(other)):
        return 1.0
    sounds = set(_sounds(one)) & set(_sounds(other))
    if any(len(sound) >= 2 for sound in sounds):
        return 0.9
    return (
        0.9 if any(sounds) and _syllables(one) == _syllables(other) else 0.0
    )  # 최지우: one consonant tells too little


def _words(name: str) -> list[str]:
    return [plain(word) for word in re.split(r"[\s,]+", name) if plain(word)]


def _syllables(name: str) -> int:
    """Syllables of Hangul, groups of vowels of Latin letters."""
    return (
        len(plain(name)) if is_hangul(name) else sum(len(re.findall(r"[wy]?[aeiou]+|y", word)) for word in _words(name))
    )


def _sounds(name: str) -> Iterator[str]:
    """Every consonant frame under which a name may be met."""
    if is_hangul(name):
        text = plain(name)
        own = _hangul_sound(text)
        yield own
        for surname in SURNAMES.get(text[0], ()):
            yield _single(surname + _hangul_sound(text[1:]))
        return
    words = _words(name)
    for order in (words, [*words[1:], *words[:1]], [*words[-1:], *words[:-1]]):
        yield _single("".join(_latin_sound(word) for word in order))


def _hangul_sound(text: str) -> str:
    found = ""
    for letter in text:
        if "가" <= letter <= "힣":
            place = ord(letter) - 0xAC00
            found += ONSET_SOUND[place // 588] + CODA_SOUND[place % 28]
    return _single(found)


def _latin_sound(word: str) -> str:
    for letters, sound in LATIN:
        word = word.replace(letters, sound)
    return _single(re.sub(r"[aeiouwy]", "", word.translate(FOLD)))


def _single(sound: str) -> str:
    """Doubled consonants count once: 길래 Gillae, 김미 Kimmi."""
    return re.sub(r"(.)\1+", r"\1", sound)


def _letters(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def _ratio(one: str, other: str) -> float:
    """1 − edits / length of the longer."""
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, start=1):
        before, row[0] = row[0], at
        for place, against in enumerate(other, start=1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (letter != against))
    return 1 - row[-1] / max(len(one), len(other))
