"""The patient share the copayment engine reckons for a statement (본인일부부담금 재산정), for rule A007.

Only statements whose bill is known beyond doubt: health insurance or medical aid, outpatient with one visit day or
inpatient, birth date and institution given. Everything else is None, and A007 says nothing. Won. The share covers what the
total covers: selective lines too, unless the statement states their sums apart (100/100미만 총액, `selective_total`).
"""

from typing import Any

from tamna.engines.claimcheck import schema
from tamna.engines.claimcheck.tables import Tables
from tamna.engines.errors import InputError
from tamna.engines.tariff.case import CLASSES, Amounts, Case
from tamna.engines.tariff.copay import copay
from tamna.params import NoFact

AID_TYPES = {"1": "medical_aid_1", "4": "medical_aid_1", "6": "medical_aid_1", "N": "medical_aid_1"}
AID_TYPES |= {"2": "medical_aid_2", "8": "medical_aid_2"}
NEAR_POOR = {"1": "near_poor_1", "2": "near_poor_2"}
# not part of 본인일부부담금 on the statement: they have amounts of their own
OWN_BUCKETS = ("full_self", "non_covered", "elective")


class PatientShare:
    """Document → patient share in won, or None where the statement does not say enough."""

    columns = frozenset({"birth_date", "area"})  # of the claim; without them A007 is not evaluated
    reads = {
        "claims": frozenset(
            ("insurer_kind", "aid_type", "near_poor", "birth_date", "first_visit_on", "area", "setting", "visit_days", "institution_class",
             "claim_type", "sex", "special_code", "pregnant", "stay_days", "year_to_date_share", "selective_total")
        ),
        "lines": frozenset(
            ("code", "service_on", "amount", "copay_kind", "selective_rate", "item_class", "item_sub", "code_kind")
        ),
    }  # fmt: skip

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    def __call__(self, document: schema.Document) -> int | None:
        claim = document["claim"]
        payer = _payer(claim)
        known = claim.get("birth_date") and claim.get("first_visit_on") and claim.get("area")
        one_bill = claim.get("setting") == "inpatient" or (
            claim.get("setting") == "outpatient" and claim.get("visit_days") == 1
        )
        if payer is None or not known or not one_bill or claim.get("institution_class") not in CLASSES:
            return None
        if claim.get("claim_type", "ffs") != "ffs":
            return None
        try:
            case = Case(
                on=claim["first_visit_on"],
                payer=payer,
                birth_on=claim["birth_date"],
                amounts=self._amounts(document["lines"]),
                setting=claim["setting"],
                institution=claim["institution_class"],
                area=claim["area"],
                sex=claim.get("sex") or "F",
                special_case=claim.get("special_code") or "",
                pregnant=bool(claim.get("pregnant")),
                days=claim.get("stay_days"),
                year_to_date_share=claim.get("year_to_date_share"),
            )
            parts = copay(case).value.parts
        except (InputError, NoFact, KeyError, ValueError):
            return None
        apart = (*OWN_BUCKETS, "selective") if claim.get("selective_total") else OWN_BUCKETS
        return sum(part.patient_won for part in parts if not part.bucket.startswith(apart))

    def _amounts(self, lines: list[schema.Row]) -> Amounts:
        sums: dict[str, int] = {}
        selective: dict[int, int] = {}
        for line in lines:
            fee = self.tables["fees"].row((line.get("code"),), line.get("service_on"))
            amount = line.get("amount") or 0
            if line.get("copay_kind") == "selective" and line.get("selective_rate"):
                selective[line["selective_rate"]] = selective.get(line["selective_rate"], 0) + amount
                continue
            bucket = _bucket(line, fee.get("benefit") or "covered")
            sums[bucket] = sums.get(bucket, 0) + amount
            if bucket == "covered" and line.get("item_class") == "01":
                sums["consultation"] = sums.get("consultation", 0) + amount
        return Amounts(**sums, selective=tuple(selective.items()))


def _payer(claim: schema.Row) -> str | None:
    if claim.get("insurer_kind") == "5":
        return AID_TYPES.get(claim.get("aid_type") or "")
    if claim.get("insurer_kind") == "4":
        return NEAR_POOR.get(claim.get("near_poor") or "", "nhi")
    return None


def _bucket(line: schema.Row, benefit: Any) -> str:
    if line.get("copay_kind") == "full_self" or benefit == "full_self":
        return "full_self"
    if benefit == "non_covered" or line.get("item_class") == "W":
        return "non_covered"
    if benefit in {"room2", "room3"}:
        return "room_2_3"
    if line.get("item_class") == "02" and line.get("item_sub") in {"10", "11"}:
        return "meals"
    if line.get("item_class") == "S":
        return "ct_mri"
    if line.get("code_kind") in {"drug", "prepared"} and line.get("item_class") in {"03", "04"}:
        return "drugs"
    return "covered"
