"""Fragments of a Korean or Latin name by which it may be searched: bigrams, and initial consonants (초성)."""

import unicodedata

INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"


def initials(text: str) -> str:
    """홍길동 → ㅎㄱㄷ; other letters stay."""
    return "".join(INITIALS[(ord(c) - 0xAC00) // 588] if "가" <= c <= "힣" else c for c in text)


def is_initials(text: str) -> bool:
    return bool(text) and all(c in INITIALS for c in text)


def normal(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).lower().split())


def fragments(text: str) -> set[str]:
    """All substrings of two or more letters of a short name, the whole, and its single first letter."""
    word = normal(text)[:24]
    if not word:
        return set()
    longest = 4 if len(word) > 6 else len(word)
    pieces = {word[i : i + n] for n in range(2, longest + 1) for i in range(len(word) - n + 1)}
    return pieces | {word, word[0]}


def name_fragments(name: str) -> set[str]:
    """Fragments of the name and of its initial consonants."""
    pieces = fragments(name)
    first = initials(normal(name))
    return pieces | fragments(first) if first != normal(name) else pieces
