"""What makes a statement unreadable or not reviewable (반송·심사불능): the machine's checks of form, codes, sums and register."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tamna.simulators.agency.habits import criteria, listed

Statement = Mapping[str, Any]
NEEDED = ("first_visit_on", "department", "setting", "insurer_kind")
FORMS = {"inpatient": ("H010",), "outpatient": ("H011",), "emergency": ("H011",)}
EMPTY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """What the insurer's register says of the person on the day of care (자격); `insurer_kind` None: not insured."""

    insurer_kind: str | None
    card_no: str
    special_code: str = ""
    special_to: date | None = None
    doctors: frozenset[str] = EMPTY


def day(value: Any) -> date | None:
    """A day from a date, a time or its ISO text."""
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])


def faults(statement: Statement, known: Known | None) -> Iterator[str]:
    """Reason codes of what is wrong with the form, the surest first."""
    claim, lines = statement["claim"], statement["lines"]
    if not lines or any(not claim.get(name) for name in NEEDED):
        yield "F23"
        return
    if claim.get("form_code") and claim["form_code"] not in FORMS[claim["setting"]]:
        yield "F20"
    yield from _sums(claim, lines)
    yield from _dates(claim, lines)
    yield from _diagnoses(claim, statement["diagnoses"])
    items = listed("items")
    if any(line["code"] not in items for line in lines):
        yield "F07"
    yield from _person(claim, known)
    yield from _aid(claim)
    if claim["insurer_kind"] == "4" and claim.get("accident_kind") in ("traffic", "work"):
        yield "F16"
    if claim["setting"] == "emergency" and "ktas" in claim and not claim["ktas"]:
        yield "F10"


def _sums(claim: Mapping[str, Any], lines: list[Mapping[str, Any]]) -> Iterator[str]:
    whole, own = 0, ("full_self", "selective") if claim.get("selective_total") else ("full_self",)
    for line in lines:
        amount = int(line["amount"])
        whole += 0 if line.get("copay_kind") in own else amount  # sections U and A to E have totals of their own
        if abs(float(line["unit_price"]) * float(line["quantity"]) - amount) > 1:
            yield "F08"
            break
    total = int(claim["total_amount"])
    if whole // 10 * 10 != total:
        yield "F08"
    if int(claim["patient_share"]) + int(claim["insurer_share"]) != total or int(claim["insurer_share"]) < 0:
        yield "F09"


def _dates(claim: Mapping[str, Any], lines: list[Mapping[str, Any]]) -> Iterator[str]:
    first, last = day(claim["first_visit_on"]), day(claim.get("last_service_on"))
    if first is None or last is None or last < first:
        yield "F05"
        return
    for line in lines:
        on = day(line["service_on"])
        if on is None or not first <= on <= last:
            yield "F05"
            return
    if int(claim.get("visit_days") or 1) > max(1, (last - first).days + 1):
        yield "F05"


def _diagnoses(claim: Mapping[str, Any], diagnoses: list[Mapping[str, Any]]) -> Iterator[str]:
    diseases, table = listed("diseases"), criteria()
    principal = [row["code"] for row in diagnoses if row.get("kind") == "principal"]
    if len(principal) != 1 or any(row["code"] not in diseases for row in diagnoses):
        yield "F03"
    if principal and principal[0].startswith(tuple(table["barred_principal"])):
        yield "F17"
    born, on = day(claim.get("birth_date")), day(claim["first_visit_on"])
    other = table["men_only"] if claim.get("sex") == "F" else table["women_only"] if claim.get("sex") == "M" else []
    grown = born is not None and on is not None and (on - born).days > 366
    wrong = (*other, *(table["newborn"] if grown else ()))
    if wrong and any(row["code"].startswith(tuple(wrong)) for row in diagnoses):
        yield "F18"


def _person(claim: Mapping[str, Any], known: Known | None) -> Iterator[str]:
    card = str(claim.get("card_no") or "")
    if claim["insurer_kind"] in "45" and not card.isdigit():
        yield "F01"
    if known is None:
        if claim.get("benefit_stopped") or claim.get("eligible_on_first_day") is False:
            yield "F02"
        return
    accident = claim["insurer_kind"] in ("8", "9")
    if not accident and known.insurer_kind != claim["insurer_kind"]:
        yield "F02"
    elif not accident and card and card != known.card_no:
        yield "F01"
    special = str(claim.get("special_code") or "")
    first = day(claim["first_visit_on"])
    if special and (special != known.special_code or (known.special_to and first and known.special_to < first)):
        yield "F04"
    elif special and "special_no" in claim and not claim["special_no"]:
        yield "F10"
    if known.doctors and claim.get("doctor_license") not in known.doctors:
        yield "F06"


def _aid(claim: Mapping[str, Any]) -> Iterator[str]:
    """Medical aid's papers, where the exchange carries the fields."""
    if claim["insurer_kind"] != "5":
        return
    if "aid_type" in claim and not claim["aid_type"]:
        yield "F12"
    if claim["setting"] == "outpatient" and any(
        name in claim and not claim[name] for name in ("confirm_no", "referral_no")
    ):
        yield "F12"
    if "aid_office" in claim and not claim["aid_office"]:
        yield "F22"
