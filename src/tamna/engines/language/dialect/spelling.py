"""Spelling of Jejueo: letters of one syllable apart (NFD), and every way the old vowels ᆞ and ᆢ are written today."""

import re
import unicodedata
from itertools import product

OLD_A, OLD_YA, OLD_AE = "\u119e", "\u11a2", "\u11a1"
TODAY = {OLD_A: (OLD_A, "\u1161", "\u1169"), OLD_YA: (OLD_YA, "\u116d", "\u1167"),
         OLD_AE: (OLD_AE, "\u1162", "\u1166")}  # ᆞ: ㅏ ㅗ; ᆢ: ㅛ ㅕ; ᆡ: ㅐ ㅔ  # fmt: skip
HA = "\u1112" + OLD_A
PLAIN = str.maketrans({OLD_A: "\u1161", OLD_YA: "\u1167", OLD_AE: "\u1162"})
ONSET = {letter: chr(0x1100 + index) for index, letter in enumerate("ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ")}
CODA = {
    letter: chr(0x11A8 + index) for index, letter in enumerate("ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
}
TYPED = re.compile("([ㄱ-ㅎ])[ㆍ·](?:([ㄱ-ㅎ])(?![ㆍ·]))?")  # ᄒᆞᆫ typed as ㅎㆍㄴ
MANY = 5  # old vowels in one word beyond which only the word as written and its plain reading are known


def jamo(text: str) -> str:
    """The letters of a text, apart; ᆞ typed with the letters of a keyboard is put together first."""
    text = TYPED.sub(lambda found: ONSET[found[1]] + OLD_A + CODA.get(found[2] or "", ""), text)
    return unicodedata.normalize("NFD", text)


def ending(text: str) -> str:
    """The letters of an ending that may begin with a closing consonant: ㅁ수다."""
    if text and text[0] in CODA and not "가" <= text[0] <= "힣":
        return CODA[text[0]] + jamo(text[1:])
    return jamo(text)


def text_of(letters: str) -> str:
    """Put letters back together; an old vowel that is left is read ㅏ (ᄒᆞ as 하)."""
    return unicodedata.normalize("NFC", letters.translate(PLAIN))


def spellings(letters: str) -> list[str]:
    """Every spelling of a form: ᆞ as ᆞ, ㅏ, ㅗ (in ᄒᆞ also ㅓ), ᆢ as ᆢ, ㅛ, ㅕ."""
    if sum(letter in TODAY for letter in letters) > MANY:
        return [letters, letters.translate(PLAIN)]
    choices = []
    for index, letter in enumerate(letters):
        ways: tuple[str, ...] = TODAY.get(letter, (letter,))
        if letter == OLD_A and letters[index - 1 : index] == "\u1112":
            ways = (*ways, "\u1165")
        choices.append(ways)
    return ["".join(way) for way in product(*choices)]


def is_open(letters: str) -> bool:
    """Whether the last syllable ends in a vowel."""
    return bool(letters) and ("\u1161" <= letters[-1] <= "\u11a7")


def is_whole(letters: str) -> bool:
    """Whether the letters end where a syllable ends, so that they can be a word: not on an onset."""
    return bool(letters) and not "\u1100" <= letters[-1] <= "\u1112"
