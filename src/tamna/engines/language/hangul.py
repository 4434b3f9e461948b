"""Hangul: syllables, particles and the conjugation of standard Korean (한글 맞춤법 제14–18항, 제34–36항).

A stem is a dictionary form without 다. An ending is written as a pattern whose first letter says what it joins to:
`S` the stem itself (S고), `U` the stem with its 으 (U면, Uㄹ, Uㄴ), `A` the 아/어 form (A서, Aㅆ습니다), `B` ㅂ니다 or 습니다 (B니다),
`N` the present modifier, 는 of verbs and ㄴ/은 of adjectives (N데), `Q` reported speech, ㄴ/는다고 or 다고 (Q고).
Raises ValueError on a pattern of another letter.
"""

from functools import lru_cache

FIRST = 0xAC00
ONSETS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
CODAS = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")

P_REGULAR = frozenset(
    [
        "입",
        "잡",
        "씹",
        "뽑",
        "좁",
        "업",
        "집",
        "꼽",
        "접",
        "굽",
        "뒤집",
        "붙잡",
        "갈아입",
        "수줍",
        "손꼽",
        "움켜잡",
        "비집",
        "붙들어잡",
        "바로잡",
        "사로잡",
    ]
)
T_IRREGULAR = frozenset(["걷", "듣", "묻", "싣", "깨닫", "긷", "붇", "일컫", "알아듣", "캐묻", "엿듣", "되묻"])
S_IRREGULAR = frozenset(["낫", "붓", "짓", "잇", "긋", "젓", "퍼붓", "휘젓"])
EU_DROP = frozenset(["따르", "치르", "들르", "잠그", "담그", "우러르"])
REO = frozenset(["이르", "푸르", "누르"])
UNJOINED = frozenset(["삐", "피", "띠", "비", "기"])  # one syllable in ㅣ: 삐어서
EXIST = ("있", "없", "계시")


def split(syllable: str) -> tuple[str, str, str]:
    """Onset, vowel, coda of one syllable block. Raises ValueError on anything else."""
    code = ord(syllable) - FIRST
    if not 0 <= code < 11_172:
        raise ValueError(f"{syllable!r} is not a syllable of Hangul")
    return ONSETS[code // 588], VOWELS[code % 588 // 28], CODAS[code % 28]


def block(onset: str, vowel: str, coda: str = "") -> str:
    """One syllable block of its three parts."""
    return chr(FIRST + ONSETS.index(onset) * 588 + VOWELS.index(vowel) * 28 + CODAS.index(coda))


def is_syllable(character: str) -> bool:
    return 0 <= ord(character) - FIRST < 11_172


def coda_of(word: str) -> str:
    """The closing consonant (받침) of a word; empty when open or not Hangul. Digits close as they are read."""
    if not word:
        return ""
    last = word[-1]
    if last.isdigit():
        return {"0": "ㅇ", "1": "ㄹ", "3": "ㅁ", "6": "ㄱ", "7": "ㄹ", "8": "ㄹ"}.get(last, "")
    return split(last)[2] if is_syllable(last) else ""


def with_coda(word: str, coda: str) -> str:
    onset, vowel, _ = split(word[-1])
    return word[:-1] + block(onset, vowel, coda)


PARTICLES = {
    "이": ("이", "가"), "가": ("이", "가"), "은": ("은", "는"), "는": ("은", "는"), "을": ("을", "를"), "를": ("을", "를"),
    "와": ("과", "와"), "과": ("과", "와"), "이랑": ("이랑", "랑"), "랑": ("이랑", "랑"), "이나": ("이나", "나"),
    "이라도": ("이라도", "라도"), "라도": ("이라도", "라도"), "이요": ("이요", "요"),
}  # fmt: skip


def particle(word: str, which: str) -> str:
    """The form of a particle (조사) that fits the word: 이/가, 은/는, 을/를, 과/와, 으로/로."""
    coda = coda_of(word)
    if which in ("으로", "로"):
        return "로" if coda in ("", "ㄹ") else "으로"
    closed, opened = PARTICLES.get(which, (which, which))
    return closed if coda else opened


@lru_cache(maxsize=4096)
def kind(stem: str) -> str:
    """The class of conjugation: regular, or ha, p, t, s, h, reu, eu, reo, l, copula."""
    if stem in ("이", "아니"):
        return "copula"
    last = stem.rsplit(" ", 1)[-1]
    if last.endswith("하"):
        return "ha"
    onset, vowel, coda = split(last[-1])
    if coda == "ㅂ" and last not in P_REGULAR:
        return "p"
    if coda == "ㄷ" and last in T_IRREGULAR:
        return "t"
    if coda == "ㅅ" and last in S_IRREGULAR:
        return "s"
    if (
        coda == "ㅎ"
        and len(last) > 1
        and last not in ("쌓이", "괜찮")
        and vowel in "ㅏㅓㅑㅕ"
        and last[-1] not in "놓넣"
    ):
        return "h"
    if coda == "ㄹ":
        return "l"
    if not coda and vowel == "ㅡ":
        if last in REO:
            return "reo"
        return "reu" if onset == "ㄹ" and last not in EU_DROP else "eu"
    return "regular"


def is_bright(syllable: str) -> bool:
    return split(syllable)[1] in "ㅏㅗㅑ"


@lru_cache(maxsize=4096)
def a_form(stem: str) -> str:
    """The 아/어 form (연결형): 가 → 가, 아프 → 아파, 가렵 → 가려워, 하 → 해, 부르 → 불러."""
    how = kind(stem)
    head, last = stem[:-1], stem[-1]
    onset, vowel, coda = split(last)
    if how == "copula":
        return stem + "어"
    if how == "ha":
        return head + "해"
    if how == "p":
        return head + block(onset, vowel) + ("와" if last in "돕곱" and not head else "워")
    if how == "t":
        return head + block(onset, vowel, "ㄹ") + ("아" if is_bright(last) else "어")
    if how == "s":
        return head + block(onset, vowel) + ("아" if is_bright(last) else "어")
    if how == "h":
        return head + block(onset, {"ㅑ": "ㅒ", "ㅕ": "ㅖ"}.get(vowel, "ㅐ"))
    if how == "reo":
        return stem + "러"
    if how == "reu":
        return with_coda(head, "ㄹ") + ("라" if is_bright(head[-1]) else "러")
    if how == "eu":
        return head + block(onset, "ㅏ" if head and is_syllable(head[-1]) and is_bright(head[-1]) else "ㅓ")
    if coda:
        return stem + ("아" if is_bright(last) else "어")
    joined = {"ㅗ": "ㅘ", "ㅜ": "ㅝ", "ㅣ": "ㅕ", "ㅚ": "ㅙ"}.get(vowel, vowel)
    return stem + "어" if vowel in "ㅟㅢ" or stem in UNJOINED else head + block(onset, joined)


def u_form(stem: str) -> str:
    """The stem with its 으 where it closes: 먹 → 먹으, 가 → 가, 가렵 → 가려우, 듣 → 들으, 그렇 → 그러."""
    how = kind(stem)
    head, last = stem[:-1], stem[-1]
    onset, vowel, coda = split(last)
    if how == "p":
        return head + block(onset, vowel) + "우"
    if how == "t":
        return head + block(onset, vowel, "ㄹ") + "으"
    if how == "s":
        return head + block(onset, vowel) + "으"
    if how == "h":
        return head + block(onset, vowel)
    return stem if not coda or coda == "ㄹ" else stem + "으"


def _attach(base: str, rest: str) -> str:
    """Join a rest that may begin with a bare consonant, which closes the last syllable."""
    if rest and rest[0] in CODAS[1:] and not is_syllable(rest[0]):
        return with_coda(base, rest[0]) + rest[1:]
    return base + rest


def conjugate(stem: str, ending: str, *, adjective: bool = False) -> str:
    """Join a stem and an ending pattern: conjugate("아프", "Aㅆ습니다") → 아팠습니다."""
    how, rest = ending[0], ending[1:]
    if how == "A":
        return _attach(a_form(stem), rest)
    long_stem = coda_of(stem) == "ㄹ"
    if how == "U":
        base = u_form(stem)
        starts = rest[0] if rest and not is_syllable(rest[0]) else split(rest[0])[0] if rest else ""
        if long_stem and kind(stem) == "l" and (starts in "ㄴㅂㅅ" or rest[:1] == "ㄹ"):
            base = with_coda(base, "")
        return _attach(base, rest)
    if how == "S":
        if long_stem and kind(stem) == "l" and rest and is_syllable(rest[0]) and split(rest[0])[0] == "ㄴ":
            stem = with_coda(stem, "")
        return stem + rest
    if how == "B":
        if not coda_of(stem) or (long_stem and kind(stem) == "l"):
            return with_coda(stem, "ㅂ") + rest
        return stem + "습" + rest
    if how in "NQ":
        exists = stem.endswith(EXIST)
        if how == "N":
            return conjugate(stem, ("S는" if exists or not adjective else "Uㄴ") + rest)
        if adjective or exists:
            return stem + "다" + rest
        return conjugate(stem, ("Uㄴ다" if not coda_of(stem) or long_stem else "S는다") + rest)
    raise ValueError(f"{ending!r} is not an ending pattern")
