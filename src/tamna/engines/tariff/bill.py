"""From priced lines to the bill: the buckets that the copayment wants, and the rows of the statutory bill.

Law: 국민건강보험 요양급여의 기준에 관한 규칙 제7조 (진료비 계산서·영수증). Amounts in won.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from tamna.engines.tariff.case import Amounts
from tamna.engines.tariff.copay import Copay
from tamna.params import table

BUCKETS = (
    "covered",
    "ct_mri",
    "emergency_fee",
    "meals",
    "room_2_3",
    "selective",
    "full_self",
    "non_covered",
    "elective",
)
EMERGENCY_FEE_CODES = frozenset({"AC101"})


@dataclass(frozen=True)
class BillLine:
    """What the bill needs to know of a charge."""

    code: str
    item_class: str
    item_sub: str
    benefit: str
    amount_won: int
    code_kind: str = "fee"


def bucket_of(line: BillLine) -> str:
    """Which bucket of the copayment a line belongs to."""
    if line.code in EMERGENCY_FEE_CODES:
        return "emergency_fee"
    if line.benefit.startswith("selective"):
        return "selective"
    by_benefit = {"covered": "covered", "covered_ct": "ct_mri", "covered_mri": "ct_mri", "room2": "room_2_3",
                  "room3": "room_2_3", "meal": "meals", "full_self": "full_self", "non_covered": "non_covered"}  # fmt: skip
    return by_benefit[line.benefit]


def bucket_amounts(lines: Iterable[BillLine]) -> Amounts:
    """Sum the lines into disjoint buckets."""
    sums = dict.fromkeys(BUCKETS, 0)
    selective: dict[int, int] = {}
    consultation = 0
    for line in lines:
        bucket = bucket_of(line)
        if bucket == "selective":
            rate = int(line.benefit.removeprefix("selective"))
            selective[rate] = selective.get(rate, 0) + line.amount_won
            continue
        sums[bucket] += line.amount_won
        if bucket == "covered" and line.item_class == "01":
            consultation += line.amount_won
    del sums["selective"]
    return Amounts(**sums, consultation=consultation, selective=tuple(sorted(selective.items())))


@lru_cache(maxsize=1)
def _row_names() -> dict[tuple[str, str], str]:
    return {(row["item_class"], row["item_sub"]): row["bill_row"] for row in table("tariff/item_classes")}


def row_of(line: BillLine) -> str:
    """The row of the statutory bill a line stands in. Ultrasound is told by its code (EB…) [K]."""
    name = _row_names().get((line.item_class, line.item_sub), "others")
    if name == "room":
        return (
            "room_2_3" if line.benefit.startswith("room") else "room_1" if line.benefit == "non_covered" else "room_4"
        )
    if name in ("injection", "dispensing"):
        return f"{name}_{'drug' if line.code_kind == 'drug' else 'act'}"
    if name == "laboratory" and line.code.startswith("EB"):
        return "ultrasound"
    return "radiotherapy" if (line.item_class, line.item_sub) == ("10", "02") else name


def bill_rows(lines: Iterable[BillLine], result: Copay) -> list[dict[str, int | str]]:
    """Rows of the statutory bill: patient ①, insurer ②, full self ③, selective (the patient's part), non-covered ⑤ per kind of service.

    Shares of a bucket are given to its lines in proportion; the consultation carries the rounding difference, else the first
    line that has room for it.
    """
    rows: dict[str, dict[str, int | str]] = {}
    by_bucket: dict[str, list[tuple[str, int]]] = {}
    for line in lines:
        name, bucket = row_of(line), bucket_of(line)
        row = rows.setdefault(
            name, {"row": name, "patient": 0, "insurer": 0, "full_self": 0, "selective": 0, "non_covered": 0}
        )
        if bucket in ("full_self", "non_covered"):
            row[bucket] = int(row[bucket]) + line.amount_won
        else:
            by_bucket.setdefault(bucket, []).append((name, line.amount_won))
    patient_of = {part.bucket: part.patient_won for part in result.parts}
    pays_all = "all" in patient_of and result.insurer_won == 0
    for bucket, entries in by_bucket.items():
        total = sum(amount for _, amount in entries)
        share = total if pays_all else patient_of.get(bucket, 0)
        column = "selective" if bucket == "selective" else "patient"
        for (name, amount), part in zip(entries, _dealt(entries, share, total), strict=True):
            rows[name][column] = int(rows[name][column]) + part
            rows[name]["insurer"] = int(rows[name]["insurer"]) + amount - part
    return list(rows.values())


def _dealt(entries: list[tuple[str, int]], share: int, total: int) -> list[int]:
    """A share dealt to amounts in proportion, each cut to the won and never above its amount."""
    parts = [share * amount // total if total else 0 for _, amount in entries]
    left = share - sum(parts)
    for place in sorted(range(len(entries)), key=lambda place: entries[place][0] != "consultation"):
        more = min(left, entries[place][1] - parts[place])
        parts[place] += more
        left -= more
    return parts
