"""What must not change in translation (번역에서 변하면 안 되는 것): numbers, money, times, dates, doses; written and read in four languages.

A fact has a kind and a value that does not depend on the language: `oct 15`, `10월 15일` and `10月15日` are one. Times without a half of the
day agree with either half. In: text and its language (ko, en, zh, ja). Out: facts with their place.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Lang = Literal["ko", "en", "zh", "ja"]
MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
NATIVE = {
    "한": 1,
    "두": 2,
    "세": 3,
    "네": 4,
    "다섯": 5,
    "여섯": 6,
    "일곱": 7,
    "여덟": 8,
    "아홉": 9,
    "열": 10,
    "열한": 11,
    "열두": 12,
    "스무": 20,
    "서른": 30,
}
COUNTERS = "번|알|정|명|개|시간|잔|장|살|가지|달|층|군데|포|방울|병|대|부|분"
HAN = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
ENGLISH = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "once": 1,
    "twice": 2,
}
UNITS = {"mg": "mg", "㎎": "mg", "밀리그램": "mg", "毫克": "mg", "ミリグラム": "mg", "ml": "ml", "㎖": "ml", "밀리리터": "ml", "cc": "ml", "毫升": "ml", "ミリリットル": "ml", "mcg": "mcg", "µg": "mcg", "마이크로그램": "mcg", "g": "g", "그램": "g", "iu": "iu", "단위": "iu"}  # fmt: skip
NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_native = "|".join(sorted(NATIVE, key=len, reverse=True))
_unit = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
_months = "|".join(f"{month}|{month[:3]}\\.?" for month in MONTHS)

Value = tuple[object, ...]


@dataclass(frozen=True)
class Fact:
    """`kind` is number, money, dose, time or date."""

    kind: str
    value: Value
    start: int
    end: int
    said: str


DAYS = {  # days that are named, not counted
    "ko": {"오늘": "today", "내일": "tomorrow", "모레": "after_tomorrow", "어제": "yesterday"},
    "en": {"today": "today", "the day after tomorrow": "after_tomorrow", "tomorrow": "tomorrow", "yesterday": "yesterday"},
    "zh": {"今天": "today", "明天": "tomorrow", "后天": "after_tomorrow", "昨天": "yesterday"},
    "ja": {"今日": "today", "本日": "today", "明日": "tomorrow", "明後日": "after_tomorrow", "昨日": "yesterday"},
}  # fmt: skip
WEEKDAYS = {
    "ko": ("월요일", "화요일", "수요일", "목요일", "금요일", "토요일", "일요일"), "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "zh": ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"), "ja": ("月曜日", "火曜日", "水曜日", "木曜日", "金曜日", "土曜日", "日曜日"),
}  # fmt: skip

_ISO = r"(?P<iy>\d{4})\s*[-./]\s*(?P<im>\d{1,2})\s*[-./]\s*(?P<id>\d{1,2})\.?"
PATTERNS: Mapping[str, Mapping[str, str]] = {
    "ko": {
        "date": rf"(?:(?P<y>\d{{4}})년\s*)?(?P<m>\d{{1,2}})월\s*(?P<d>\d{{1,2}})일(?!간)(?:\s*\([월화수목금토일]\))?|{_ISO}",
        "time": rf"(?P<half>오전|오후|아침|저녁|밤|새벽|낮)?\s*(?:(?P<h>\d{{1,2}}|{_native})\s*시(?!간)(?:\s*(?:(?P<min>\d{{1,2}})\s*분|(?P<mid>반)))?|(?P<h2>\d{{1,2}}):(?P<min2>\d{{2}}))",
        "money": rf"(?:(?P<man>{NUMBER})\s*만\s*)?(?:(?P<chon>{NUMBER})\s*천\s*)?(?P<won>{NUMBER})?\s*원(?!무|장|인|래)",
        "dose": rf"(?P<n>{NUMBER})\s*(?P<unit>{_unit})(?![a-z])",
        "number": rf"(?P<n>{NUMBER})|(?<![가-힣])(?P<native>{_native})\s*(?={COUNTERS})",
    },
    "en": {
        "date": rf"(?P<mon>{_months})\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s+(?P<y>\d{{4}}))?|(?P<d2>\d{{1,2}})\s+(?P<mon2>{_months})(?:\s+(?P<y2>\d{{4}}))?|{_ISO}",
        "time": r"(?P<h>\d{1,2})(?::(?P<min>\d{2}))?\s*(?P<half>a\.m\.|p\.m\.|am\b|pm\b)|(?P<h2>\d{1,2}):(?P<min2>\d{2})|(?P<h3>\d{1,2}) o'clock",
        "money": rf"(?:₩|krw\s*)(?P<won>{NUMBER})|(?P<won2>{NUMBER})\s*(?:korean\s+)?won\b",
        "dose": rf"(?P<n>{NUMBER})\s*(?P<unit>{_unit})\b",
        "number": rf"(?P<n>{NUMBER})|\b(?P<word>{'|'.join(ENGLISH)})\b",
    },
    "zh": {
        "date": rf"(?:(?P<y>\d{{4}})年)?(?P<m>\d{{1,2}})月(?P<d>\d{{1,2}})[日号]|{_ISO}",
        "time": r"(?P<half>上午|下午|早上|晚上|凌晨|中午)?\s*(?:(?P<h>\d{1,2})点(?:(?P<min>\d{1,2})分|(?P<mid>半))?|(?P<h2>\d{1,2}):(?P<min2>\d{2}))",
        "money": rf"(?P<won>{NUMBER})\s*(?:韩元|元)",
        "dose": rf"(?P<n>{NUMBER})\s*(?P<unit>{_unit})",
        "number": rf"(?P<n>{NUMBER})|(?<=[每天日])(?P<han>[一二两三四五六七八九十])(?=[次片回])",
    },
    "ja": {
        "date": rf"(?:(?P<y>\d{{4}})年)?(?P<m>\d{{1,2}})月(?P<d>\d{{1,2}})日(?!間)|{_ISO}",
        "time": r"(?P<half>午前|午後|朝|夜|夕方)?\s*(?:(?P<h>\d{1,2})時(?!間)(?:(?P<min>\d{1,2})分|(?P<mid>半))?|(?P<h2>\d{1,2}):(?P<min2>\d{2}))",
        "money": rf"(?P<won>{NUMBER})\s*(?:ウォン|円)",
        "dose": rf"(?P<n>{NUMBER})\s*(?P<unit>{_unit})",
        "number": rf"(?P<n>{NUMBER})",
    },
}  # fmt: skip
COMPILED = {
    lang: {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in kinds.items()}
    for lang, kinds in PATTERNS.items()
}
MORNING = ("오전", "아침", "새벽", "a.m.", "am", "上午", "早上", "凌晨", "午前", "朝")
AFTERNOON = ("오후", "저녁", "밤", "낮", "p.m.", "pm", "下午", "晚上", "中午", "午後", "夜", "夕方")
NO_FACT = {
    "ko": re.compile(r"다시\s*한\s*번|한번(?=[\s가-힣])"),
    "ja": re.compile(r"(?<!月)1日(?=[、に]?\s*\d+\s*回)|もう一度"),
}


def facts(text: str, lang: str) -> list[Fact]:
    """In the order of the text; what belongs to a date or a time is not counted again as a number."""
    found: list[Fact] = []
    taken = [(match.start(), match.end()) for match in NO_FACT[lang].finditer(text)] if lang in NO_FACT else []
    for kind, pattern in COMPILED[lang].items():
        for match in pattern.finditer(text):
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            value = value_of(kind, match.groupdict())
            if value is not None:
                found.append(Fact(kind, value, match.start(), match.end(), match.group()))
                taken.append((match.start(), match.end()))
    return sorted(found, key=lambda fact: fact.start)


def value_of(kind: str, parts: Mapping[str, str | None]) -> Value | None:
    """The value without a language; nothing where it is none (hour 30)."""

    def first(*names: str) -> str | None:
        return next((parts[name] for name in names if parts.get(name)), None)

    if kind == "date":
        month_name = first("mon", "mon2")
        month = next((k for k, month in enumerate(MONTHS, 1) if month_name and month.startswith(month_name.lower().rstrip("."))), 0) or int(first("m", "im") or 0)  # fmt: skip
        day, year = int(first("d", "d2", "id") or 0), first("y", "y2", "iy")
        return (int(year) if year else None, month, day) if 1 <= month <= 12 and 1 <= day <= 31 else None
    if kind == "time":
        said = first("h", "h2", "h3") or ""
        hour = NATIVE.get(said) or (int(said) if said.isdigit() else -1)
        minute = 30 if first("mid") else int(first("min", "min2") or 0)
        if not (0 <= hour <= 24 and 0 <= minute < 60):
            return None
        half = (first("half") or "").lower()
        if half in MORNING:
            return (hour % 12 if hour < 13 else hour, minute, True)
        if half in AFTERNOON:
            return (hour % 12 + 12 if hour < 13 else hour, minute, True)
        return (hour, minute, hour > 12)
    if kind == "money":
        total = sum(Decimal(plain(part)) * unit for part, unit in ((first("man"), 10_000), (first("chon"), 1_000), (first("won", "won2"), 1)) if part)  # fmt: skip
        return (_short(Decimal(total)),) if total or first("won", "won2") else None
    if kind == "dose":
        return (_short(Decimal(plain(first("n") or "0"))), UNITS[(first("unit") or "").lower()])
    word = first("native", "word", "han")
    if word:
        return (str(NATIVE.get(word) or ENGLISH.get(word.lower()) or HAN[word]),)
    return (_short(Decimal(plain(first("n") or "0"))),)


def plain(number: str) -> str:
    return number.replace(",", "")


def _short(value: Decimal) -> str:
    return f"{value.normalize():f}"


def agree(source: Sequence[Fact], target: Sequence[Fact]) -> bool:
    """Every fact of the source stands in the target, and no other."""
    left = [key(fact) for fact in target]
    for fact in source:
        match = next((other for other in left if _same(key(fact), other)), None)
        if match is None:
            return False
        left.remove(match)
    return not left


def key(fact: Fact) -> Value:
    """Money and numbers compare by their value: `35,000원` may be `35,000 won` or `KRW 35,000`."""
    return ("number", *fact.value) if fact.kind == "money" else (fact.kind, *fact.value)


def _same(one: Value, other: Value) -> bool:
    if one[0] == other[0] == "time":
        (_, hour, minute, sure), (_, hour2, minute2, sure2) = one, other
        both = sure and sure2
        return minute == minute2 and (hour == hour2 if both else int(hour) % 12 == int(hour2) % 12)  # type: ignore[call-overload]
    if one[0] == other[0] == "date":
        return one[2:] == other[2:] and (one[1] == other[1] or None in (one[1], other[1]))
    return one == other


def written(fact: Fact, lang: str) -> str:
    """The fact as a language writes it."""
    return {"date": _date, "time": _time, "money": _money, "dose": _dose}.get(fact.kind, _number)(fact, lang)


def _number(fact: Fact, lang: str) -> str:
    return str(fact.value[0]) if "," not in fact.said else f"{Decimal(str(fact.value[0])):,}"


def _money(fact: Fact, lang: str) -> str:
    return f"{Decimal(str(fact.value[0])):,}" + {"ko": "원", "en": " won", "zh": "韩元", "ja": "ウォン"}[lang]


def _dose(fact: Fact, lang: str) -> str:
    unit = {"ml": "mL", "iu": "IU"}.get(str(fact.value[1]), str(fact.value[1]))
    return f"{fact.value[0]} {unit}" if lang == "en" else f"{fact.value[0]}{unit}"


def _date(fact: Fact, lang: str) -> str:
    year, month, day = fact.value
    if lang == "en":
        return f"{MONTHS[int(str(month)) - 1].title()} {day}" + (f", {year}" if year else "")
    marks = {"ko": ("년 ", "월 ", "일"), "zh": ("年", "月", "日"), "ja": ("年", "月", "日")}[lang]
    return (f"{year}{marks[0]}" if year else "") + f"{month}{marks[1]}{day}{marks[2]}"


def _time(fact: Fact, lang: str) -> str:
    hour, minute, sure = int(str(fact.value[0])), int(str(fact.value[1])), bool(fact.value[2])
    short = (hour % 12 or 12) if sure else hour
    if lang == "en":
        return f"{short}:{minute:02d}" + ((" a.m." if hour < 12 else " p.m.") if sure else "")
    half = (
        ({"ko": ("오전 ", "오후 "), "zh": ("上午", "下午"), "ja": ("午前", "午後")}[lang][hour >= 12]) if sure else ""
    )
    marks = {"ko": ("시", " ", "분"), "zh": ("点", "", "分"), "ja": ("時", "", "分")}[lang]
    return f"{half}{short}{marks[0]}" + (f"{marks[1]}{minute}{marks[2]}" if minute else "")
