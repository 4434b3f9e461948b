"""Random claims for claim files, seeded: every field of the layout, long Korean texts, letters that CP949 cannot hold."""

import random
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from tamna.engines.claimfile import Person, header_of

LETTERS = "가나다라마바사아자차카타파하 힣뷁똠햏 ABCxyz0189-./()×㎎℃"
STRANGE = "😀漢𠮷あ한글\t\né"
KCD = ("I10.9", "E11.9", "J18.9", "S52.5", "N40", "M54.5", "U07.1", "K29.70")
COPAY = (("partial", None),) * 6 + (
    ("full_self", None),
    ("selective", 30),
    ("selective", 50),
    ("selective", 80),
    ("selective", 90),
)
CODES = (
    ("fee", "AA154"),
    ("fee_analogy", "N2072"),
    ("drug", "645100120"),
    ("prepared", "P1"),
    ("material", "M2031008"),
)


def text(dice: random.Random, most: int, letters: str = LETTERS) -> str:
    return "".join(dice.choices(letters, k=dice.randint(1, most)))


def line(dice: random.Random, number: int) -> dict:
    kind, code = dice.choice(CODES)
    copay, rate = dice.choice(COPAY)
    drug = kind in ("drug", "prepared")
    dose = Decimal(dice.randint(1, 30_000)).scaleb(-4) if drug else Decimal(dice.randint(1, 9))
    times = Decimal(dice.randint(1, 600)).scaleb(-2) if drug else Decimal(dice.choice((1, 1, 2)))
    days = dice.randint(1, 90)
    price = Decimal(dice.randint(1, 900_000)).scaleb(-2) if dice.random() < 0.2 else Decimal(dice.randint(1, 300_000))
    quantity = (dose * times * days).quantize(Decimal("0.0001"))
    made = {
        "line_no": number, "item_class": dice.choice(("01", "02", "03", "08", "09", "10", "S", "T")),
        "item_sub": dice.choice(("01", "02", "99")), "code_kind": kind, "code": code, "unit_price": float(price),
        "dose": float(dose), "times_per_day": float(times), "days": days, "quantity": float(quantity),
        "amount": int((price * quantity).quantize(Decimal(1), rounding=ROUND_HALF_UP)), "copay_kind": copay,
        "selective_rate": rate, "service_on": "2026-09-01",
    }  # fmt: skip
    if dice.random() < 0.1:
        made |= {
            "license_kind": "1",
            "doctor_license": "/".join(str(dice.randint(1, 99_999)) for _ in range(dice.randint(1, 5))),
        }
    if dice.random() < 0.1:
        made["changed_on"] = "2026-09-15"
    return made


def claim(dice: random.Random, number: int, strange: bool = False) -> dict:
    on = date(2026, 9, 1) + timedelta(days=dice.randrange(30))
    setting = dice.choice(("inpatient", "outpatient"))
    lines = [line(dice, place) for place in range(1, dice.randint(1, 6) + 1)]
    total = sum(row["amount"] for row in lines if row["copay_kind"] != "full_self") // 10 * 10
    insurer = total * dice.randint(0, 10) // 10
    kind = dice.choice(("original",) * 5 + ("supplement", "added", "split"))
    letters = LETTERS + STRANGE if strange else LETTERS
    notes = [
        {"unit": "line", "line_no": dice.randint(1, len(lines)), "code": "JX999", "text": text(dice, dice.choice((20, 300, 1500)), letters)}
        for _ in range(dice.choice((0, 0, 1, 2)))
    ]  # fmt: skip
    notes += [{"unit": "statement", "code": "MX999", "text": text(dice, 900, letters)}] if dice.random() < 0.3 else []
    return {
        "claim": {
            "serial_no": f"{number:05d}", "claim_kind": kind, "claim_type": "ffs", "insurer_kind": "4", "setting": setting,
            "form_code": "H010" if setting == "inpatient" else "H011", "institution_id": "39100103",
            "previous_receipt_no": None if kind in ("original", "split") else f"{dice.randint(1, 9_999_999):07d}",
            "previous_serial_no": None if kind in ("original", "split") else f"{dice.randint(1, 99_999):05d}",
            "return_reason": "04" if kind == "supplement" else None,
            "first_admitted_on": "2026-08-20" if kind == "split" else None,
            "card_no": f"{dice.randint(1, 10**11):011d}", "patient_ref": f"p{number}", "department": dice.choice(("01", "05")),
            "doctor_license": "90001", "license_kind": "1", "first_visit_on": on.isoformat(), "last_service_on": on.isoformat(),
            "visit_days": dice.randint(1, 31), "benefit_days": dice.randint(1, 99), "result_code": dice.choice("12349"),
            "official_injury": dice.choice((None, "0", "C", "E")), "admit_route": dice.choice((None, "11", "32")),
            "total_amount": total, "patient_share": total - insurer, "insurer_share": insurer,
            "selective_total": dice.choice((None, 0, 12_340)), "something_of_ours": {"kept": True},
        },
        "diagnoses": [
            {"seq": seq, "kind": "principal" if seq == 1 else dice.choice(("secondary", "rule_out")), "code": dice.choice(KCD),
             "onset_on": dice.choice((None, "2026-09-03")), "department": dice.choice((None, "01")), "dept_sub": dice.choice((None, "05"))}
            for seq in range(1, dice.randint(1, 4) + 1)
        ],
        "lines": lines,
        "prescriptions": [
            {"prescription_no": "2026090100001", "days": 7, "line_no": place, "code_kind": dice.choice(("drug", "generic")), "code": "645100120",
             "dose": 0.5, "times_per_day": 3, "total_days": 7, "copay_kind": dice.choice(("partial", "full_self"))}
            for place in range(1, dice.choice((0, 0, 1, 3)) + 1)
        ],
        "notes": notes,
    }  # fmt: skip


def person(dice: random.Random, strange: bool = False) -> Person:
    letters = LETTERS.replace(" ", "") + (STRANGE if strange else "")
    return Person(text(dice, 14, letters), "5504122123457", text(dice, 14, letters))


def batch(count: int, seed: int = 0, strange: bool = False) -> tuple[dict, list[dict], list[Person]]:
    """Header, statements and persons of one batch."""
    dice = random.Random(seed)
    statements = [claim(dice, number, strange) for number in range(1, count + 1)]
    header = header_of(
        "202609O001", statements, institution_id="39100103", setting="outpatient", claim_on=date(2026, 10, 5)
    )
    return header | {"claim_kind": "original"}, statements, [person(dice, strange) for _ in statements]
