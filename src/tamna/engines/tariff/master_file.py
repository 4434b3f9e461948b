"""One line of a fee master file (수가·약가·치료재료 마스터 파일) → the columns the master keeps, or why it is refused.

In: {column: text} with our column names (`COLUMNS` says what else a header may call them, as the review agency's files
do). Won whole, points with up to four decimals, dates `2026-01-01`, `20260101` or `2026.01.01`; the end is the last day
in force, `99991231` or empty for none. Raises BadLine with the field.
"""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from tamna.engines.tariff.fees import FeeItem
from tamna.params import table

COLUMNS: dict[str, tuple[str, ...]] = {
    "code": ("수가코드", "제품코드", "코드", "EDI코드"),
    "valid_from": ("적용일자", "적용시작일", "적용시작일자", "시작일"),
    "valid_to": ("적용종료일", "적용종료일자", "종료일자", "종료일"),
    "name_ko": ("한글명", "명칭", "제품명", "품명"),
    "name_en": ("영문명",),
    "points": ("상대가치점수", "점수"),
    "unit_price_won": ("단가", "금액", "상한금액"),
    "item_class": ("항", "항번호"),
    "item_sub": ("목", "목번호"),
    "code_kind": ("코드구분", "구분"),
    "benefit": ("급여구분",),
    "add_on_class": ("종별가산",),
    "mark": (),
}
NEEDED = ("code", "valid_from", "name_ko", "item_class", "item_sub")
KINDS = {"1": "fee", "3": "drug", "8": "material", "수가": "fee", "약가": "drug", "약제": "drug", "재료": "material",
         "치료재료": "material", "fee": "fee", "drug": "drug", "material": "material", "": "fee"}  # fmt: skip
BENEFITS = {"": "covered", "급여": "covered", "비급여": "non_covered", "전액본인부담": "full_self", "100/100": "full_self",
            "식대": "meal"}  # fmt: skip
KNOWN_BENEFITS = frozenset({"covered", "covered_ct", "covered_mri", "room2", "room3", "meal", "full_self", "non_covered",
                            "selective30", "selective50", "selective80", "selective90"})  # fmt: skip
YES = frozenset({"yes", "y", "1", "예", "적용", "o"})
NO = frozenset({"", "no", "n", "0", "아니오", "미적용", "x"})
CODE = re.compile(r"[0-9A-Z]{3,9}")
MARKS = frozenset({"S", "K", "?", "sim"})
LARGEST_WON, LARGEST_POINTS = 1_000_000_000, Decimal(10_000_000)


class BadLine(ValueError):
    """A line that cannot be kept: the field, a stable code, and words for people (English message id)."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(message)
        self.field, self.code, self.message = field, code, message


@lru_cache(maxsize=1)
def _classes() -> frozenset[tuple[str, str]]:
    return frozenset((row["item_class"], row["item_sub"]) for row in table("tariff/item_classes"))


def read_line(row: Mapping[str, str]) -> dict[str, str]:
    """The line as the master keeps it, every column as text (`FeeItem.of` reads it)."""
    text = {name: (row.get(name) or "").strip() for name in COLUMNS}
    code = text["code"].upper()
    if not CODE.fullmatch(code):
        raise BadLine("code", "bad_code", "a code has 3 to 9 letters and digits")
    if not text["name_ko"]:
        raise BadLine("name_ko", "no_name", "the Korean name is missing")
    starts = _day("valid_from", text["valid_from"])
    if starts is None:
        raise BadLine("valid_from", "no_date", "the first day in force is missing")
    ends = _day("valid_to", text["valid_to"])
    if ends is not None and ends < starts:
        raise BadLine("valid_to", "ends_before_start", "the last day is before the first")
    item_class, item_sub = _padded(text["item_class"]), _padded(text["item_sub"])
    if (item_class, item_sub) not in _classes():
        raise BadLine("item_class", "unknown_class", f"there is no item class {item_class or '–'}/{item_sub or '–'}")
    kind = KINDS.get(text["code_kind"].lower())
    if kind is None:
        raise BadLine("code_kind", "unknown_kind", "the kind is fee (1), drug (3) or material (8)")
    benefit = _benefit(text["benefit"], item_class, item_sub)
    points = _number("points", text["points"], LARGEST_POINTS, places=4)
    price = _number("unit_price_won", text["unit_price_won"], Decimal(LARGEST_WON), places=0)
    if points is None and price is None:
        raise BadLine("unit_price_won", "no_price", "neither points nor a unit price is given")
    if points is not None and kind != "fee":
        raise BadLine("points", "points_of_goods", "drugs and materials have a unit price, not points")
    add_on = text["add_on_class"].lower()
    if add_on not in YES | NO:
        raise BadLine("add_on_class", "unknown_add_on", "the class add-on is yes or no")
    mark = text["mark"] or "S"
    if mark not in MARKS:
        raise BadLine("mark", "unknown_mark", "the mark is S, K, ? or sim")
    return {
        "code": code, "name_ko": text["name_ko"][:200], "name_en": text["name_en"][:200], "item_class": item_class,
        "item_sub": item_sub, "code_kind": kind, "points": f"{points:f}" if points is not None else "",
        "unit_price_won": str(int(price)) if price is not None else "0", "add_on_class": "yes" if add_on in YES else "no",
        "benefit": benefit, "valid_from": starts.isoformat(), "valid_to": ends.isoformat() if ends else "", "mark": mark,
    }  # fmt: skip


def item_of(row: Mapping[str, str]) -> FeeItem:
    """The line as an item of the master."""
    return FeeItem.of(read_line(row))


def _day(field: str, text: str) -> date | None:
    digits = re.sub(r"[.\-/ ]", "", text)
    if not digits or digits.startswith("9999"):
        return None
    try:
        if len(digits) != 8:
            raise ValueError
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError as error:
        raise BadLine(field, "bad_date", "a day is written 2026-01-01 or 20260101") from error


def _padded(text: str) -> str:
    return text.zfill(2) if text.isdigit() else text.upper()


def _benefit(text: str, item_class: str, item_sub: str) -> str:
    if text in KNOWN_BENEFITS:
        return text
    selective = re.fullmatch(r"(?:선별급여|선별)?\s*(30|50|80|90)\s*%?", text)
    if selective:
        return f"selective{selective[1]}"
    found = BENEFITS.get(text)
    if found is None:
        raise BadLine("benefit", "unknown_benefit", "the benefit is covered, selective30–90, full_self or non_covered")
    if found == "covered" and item_class == "S" and item_sub in ("01", "02"):
        return "covered_ct" if item_sub == "01" else "covered_mri"
    return found


def _number(field: str, text: str, largest: Decimal, *, places: int) -> Decimal | None:
    plain = text.replace(",", "")
    if not plain:
        return None
    try:
        value = Decimal(plain)
    except InvalidOperation as error:
        raise BadLine(field, "bad_number", "this is no number") from error
    if not value.is_finite() or not 0 <= value <= largest or value != round(value, places):
        raise BadLine(field, "bad_number", f"a number from 0 to {largest:,} with {places} decimals at most")
    return value
