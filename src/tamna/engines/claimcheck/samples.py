"""Synthetic claims (합성 명세서) for measuring and for the differential test; marked SYN, no real person.

Ordinary outpatient, emergency and inpatient statements over the developer fee and diagnosis tables; `fault_share` of
them get one random wrong value.
"""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from tamna.engines.claimcheck import schema
from tamna.engines.claimcheck.tables import Tables

FIRST = date(2026, 3, 1)
SETTINGS = ("outpatient",) * 88 + ("inpatient",) * 7 + ("emergency",) * 5
FORMS = {"outpatient": "H011", "emergency": "H011", "inpatient": "H010"}
WRONG: dict[str, tuple[tuple[str, Any], ...]] = {
    "claim": (
        ("card_no", ""),
        ("department", "77"),
        ("insurer_kind", "1"),
        ("first_visit_on", None),
        ("total_amount", 10),
        ("patient_share", -100),
        ("sex", "M"),
        ("age", 3),
        ("special_code", "V193"),
        ("result_code", "7"),
        ("pregnant", True),
    ),
    "lines": (
        ("quantity", 0),
        ("days", 40),
        ("amount", 77),
        ("unit_price", 99_990),
        ("code", "NOPE"),
        ("line_no", 1),
        ("item_class", "99"),
        ("service_on", date(2025, 1, 1)),
        ("dose", 0.33333),
        ("note_code", "JX999"),
        ("code_kind", None),
    ),
    "diagnoses": (("code", "I10"), ("code", "Z99.9"), ("kind", "rule_out"), ("code", "X99"), ("code", None)),
}

# What a statement says of itself where nothing special is the matter.
CLAIM_FACTS: dict[str, Any] = {
    "aid_type": None,
    "near_poor": None,
    "official_injury": None,
    "copay_code": None,
    "drg_code": None,
    "drg_exempt": None,
    "died_on": None,
    "referral_no": None,
    "referral_exempt": None,
    "birth_weight_g": None,
    "gestation_weeks": None,
    "patient_rate": None,
    "consultation_rate": None,
    "proxy_visit": None,
    "benefit_days_used": None,
    "benefit_days_limit": None,
    "ventilation_hours": None,
    "previous_claim_id": None,
    "previous_receipt_no": None,
    "previous_serial_no": None,
    "return_reason": None,
    "registered_code": None,
    "special_valid_to": None,
    "special_no": None,
    "days_since_special_start": None,
    "cap_applied": False,
    "identity_checked": True,
    "eligible_on_first_day": True,
    "benefit_stopped": False,
    "sex_from_number": None,
    "eligibility_insurer_kind": "4",
    "institution_emergency_class": "local_centre",
    "infection_reported": None,
    "days_since_last_visit_same_disease": None,
    "disability_amount": None,
    "support_amount": None,
    "veterans_amount": None,
    "selective_total": None,
    "selective_patient": None,
    "room_reduction_applied": None,
    "er_fee_copay": None,
    "billed_as": None,
}
COPAY = {"full_self": "full_self"}
LINE_FACTS: dict[str, Any] = {
    "add_on_rate": 0.0,
    "night_add_on": False,
    "surgery_rank": None,
    "surgery_rate": None,
    "same_field": None,
    "outsourced": False,
    "outsourced_to": None,
    "changed_on": None,
    "therapy_only_day": None,
    "first_prescription": None,
    "service_at": None,
}


def synthetic(count: int, seed: int = 0, fault_share: float = 0.065) -> Iterator[schema.Document]:
    """Normal documents (typed values), reproducible."""
    chance = random.Random(seed)
    tables = Tables()
    fees = [row for row in tables["fees"].rows if row["unit_price_won"] and row["benefit"] != "non_covered"]
    inpatient = [row for row in fees if row["requires"] == "inpatient"]
    ordinary = [row for row in fees if row["requires"] != "inpatient" and row["item_class"] != "01"]
    visit = next(row for row in fees if row["code"] == "AA256")
    diagnoses = [
        row["code"]
        for row in tables["kcd"].rows
        if row["complete"] == 1 and row["principal_ok"] == 1 and not row["sex"]
    ]
    for number in range(count):
        document = _claim(chance, number, visit, ordinary, inpatient, diagnoses)
        if chance.random() < fault_share:
            _spoil(chance, document)
        yield document


def _claim(
    chance: random.Random, number: int, visit: Any, ordinary: list[Any], inpatient: list[Any], diagnoses: list[str]
) -> schema.Document:
    setting = chance.choice(SETTINGS)
    on = FIRST + timedelta(days=chance.randrange(120))
    stay = chance.randrange(2, 9) if setting == "inpatient" else 0
    fees = [chance.choice(inpatient)] if stay else [visit]
    fees += chance.choices(ordinary, k=chance.randrange(3, 9) * (3 if stay else 1))
    lines = []
    for line_no, fee in enumerate(fees, start=1):
        price, dose = fee["unit_price_won"], chance.choice((1.0, 1.0, 1.0, 2.0, 0.5))
        days = chance.choice((1, 3, 7, 30)) if fee["code_kind"] == "drug" else 1
        dose = dose if fee["code_kind"] == "drug" else 1.0
        quantity = dose * days
        lines.append(
            {
                "line_no": line_no,
                "item_class": fee["item_class"],
                "item_sub": fee["item_sub"],
                "code_kind": fee["code_kind"],
                "code": fee["code"],
                "service_on": on + timedelta(days=chance.randrange(stay) if stay else 0),
                "unit_price": float(price),
                "dose": dose,
                "times_per_day": 1.0,
                "days": days,
                "quantity": quantity,
                "amount": int(price * quantity + 0.5),
                "note_code": None,
                "note_text": None,
                **LINE_FACTS,
                "child_add_on": False,
                "selective_rate": fee["selective_rate"],
                "copay_kind": COPAY.get(fee["benefit"], "selective" if fee["selective_rate"] else "partial"),
                "views": 2 if fee["item_class"] == "10" else None,
                "reading_recorded": True if fee["item_class"] == "10" else None,
            }
        )
    own = sum(line["amount"] for line in lines if line["copay_kind"] == "full_self")
    total = (sum(line["amount"] for line in lines) - own) // 10 * 10
    share = total * 3 // 10 // 100 * 100
    claim = {
        "claim_id": f"SYN{number:08d}",
        "claim_kind": "original",
        "claim_type": "ffs",
        "form_code": FORMS[setting],
        "insurer_kind": "4",
        "institution_id": "99999999",
        "institution_class": "general",
        "setting": setting,
        "department": chance.choice(("01", "05", "11", "04", "12")),
        "patient_ref": f"SYN{number // 2 if chance.random() < 0.5 else number}",
        "card_no": "90000000001",
        "sex": chance.choice("FM"),
        "age": chance.randrange(0, 95),
        "birth_date": None,
        "first_visit_on": on,
        "last_service_on": on + timedelta(days=max(stay - 1, 0)),
        "claim_on": on + timedelta(days=40),
        "admitted_on": on if stay else None,
        "discharged_on": on + timedelta(days=stay) if stay else None,
        "stay_days": stay or None,
        "admit_route": "32" if stay else None,
        "result_code": "9",
        "visit_days": max(stay, 1),
        "benefit_days": max(stay, 1),
        "doctor_license": "10001",
        "license_kind": "1",
        "pregnant": False,
        "special_code": None,
        "special_registered": None,
        "ktas": chance.randrange(1, 6) if setting == "emergency" else None,
        "total_amount": total,
        "patient_share": share,
        "insurer_share": total - share,
        "full_self_amount": own or None,
        **CLAIM_FACTS,
        "accident_kind": "none",
        "hours_in_er": 2.5 if setting == "emergency" else None,
        "arrived_by_er": setting == "emergency",
        "first_admitted_on": on if stay else None,
        "stay_hours": stay * 24.0 if stay else None,
    }
    kinds = ["principal"] + ["secondary"] * chance.randrange(0, 3)
    return {
        "claim": claim,
        "lines": lines,
        "diagnoses": [
            {
                "seq": seq,
                "kind": kind,
                "code": chance.choice(diagnoses),
                "onset_on": on,
                "present_on_admission": "Y" if stay else None,
            }
            for seq, kind in enumerate(kinds, 1)
        ],
        "prescriptions": [],
        "notes": [],
        "orders": [],
        "given": {"lines", "diagnoses", "prescriptions", "notes", "orders"},
    }


def _spoil(chance: random.Random, document: schema.Document) -> None:
    part = chance.choice(tuple(WRONG))
    column, value = chance.choice(WRONG[part])
    row = document["claim"] if part == "claim" else chance.choice(document[part])
    row[column] = value
