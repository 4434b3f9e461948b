"""Clerks' mistakes on statements (명세서 작성 착오): who makes which, and what the insurer's register says of the person in truth.

Works on documents (claim, lines, diagnoses). A mistake changes the document only; the register stays what it is, except where the
person's insurance changed and the hospital went on with the old one. Labels are truth and go to the truth folder.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from tamna.simulators.agency.forms import EMPTY, Known, day
from tamna.simulators.agency.habits import chance
from tamna.simulators.hospital.figures import figures

Document = dict[str, Any]
PAYER_KINDS = ("payer_changed", "not_insured", "card_typed")
CODE_KINDS = ("code_mistyped", "diagnosis_cut_short", "diagnosis_mistyped", "amount_wrong")
EMERGENCY_KINDS = ("level_left_out",)
MEALS = ("10", "11")


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake on one statement."""

    claim_id: str
    kind: str
    line_no: int | None = None


def register_of(claim: Mapping[str, Any], doctors: frozenset[str] = EMPTY) -> Known:
    """What the register says where nothing went wrong: what the statement says."""
    special = str(claim.get("special_code") or "")
    return Known(claim["insurer_kind"], str(claim["card_no"]), special, day(claim.get("special_valid_to")), doctors)


def mistaken(
    seed: int, documents: Iterable[Document], doctors: frozenset[str] = EMPTY, *, times: float = 1.0
) -> tuple[dict[str, Mistake], dict[str, Known]]:
    """Make the mistakes in place. Returns them by claim, and the register's word on those whose insurance is another one.

    `times` scales the rate: 1 is before any check.
    """
    table = figures("clerical")
    made: dict[str, Mistake] = {}
    register: dict[str, Known] = {}
    for document in documents:
        claim = document["claim"]
        name = claim["claim_id"]
        kind = _chosen(seed, claim, document, table["rate"] * times)
        if kind is None:
            continue
        known = register_of(claim, doctors)
        line_no, changed = MAKERS[kind](seed, document, known)
        made[name] = Mistake(name, kind, line_no)
        if changed is not None:
            register[name] = changed
    return made, register


@lru_cache(maxsize=1)
def _shares() -> tuple[tuple[str, float], ...]:
    shares = figures("clerical")["shares"]
    return tuple((kind, weight / sum(shares.values())) for kind, weight in shares.items())


def _chosen(seed: int, claim: Mapping[str, Any], document: Document, rate: float) -> str | None:
    """The mistake of a statement, if any. A kind that cannot happen to this statement leaves it as it is; rarer places err more for it."""
    draw = chance(seed, "clerical", claim["claim_id"])
    on = claim["first_visit_on"]
    for kind, share in _shares():
        weight = share * rate * _season(kind, on) * SCARCE.get(kind, 1.0) * FITS.get(kind, _always)(document)
        draw -= weight
        if draw < 0:
            return kind
    return None


def _season(kind: str, on: date) -> float:
    table = figures("clerical")
    if kind in PAYER_KINDS:
        return table["first_days_payer"] if on.day <= 5 else 0.78
    if kind in CODE_KINDS and on.month == 1 and on.day <= 7:
        return float(table["january_codes"])
    return 1.0


def _always(document: Document) -> bool:
    return True


def _has_special(document: Document) -> bool:
    return bool(document["claim"].get("special_code"))


def _is(setting: str) -> Callable[[Document], bool]:
    return lambda document: document["claim"]["setting"] == setting


def _is_aid(document: Document) -> bool:
    return bool(document["claim"]["insurer_kind"] == "5" and document["claim"]["setting"] == "outpatient")


def _has_drug(document: Document) -> bool:
    return any(line["item_class"] == "03" for line in document["lines"])


def _has_test(document: Document) -> bool:
    return document["claim"]["setting"] != "inpatient" and any(
        line["item_class"] in ("09", "10") for line in document["lines"]
    )


def _can_be_typed(document: Document) -> bool:
    return document["claim"]["setting"] != "inpatient" and any(
        line["item_class"] in ("06", "09", "10") for line in document["lines"]
    )


def _had_accident(document: Document) -> bool:
    codes = [row["code"] for row in document["diagnoses"]]
    return bool(document["claim"]["insurer_kind"] == "4" and any(code[0] == "S" for code in codes))


def _is_insured(document: Document) -> bool:
    return document["claim"]["insurer_kind"] in ("4", "5")


FITS: dict[str, Callable[[Document], bool]] = {
    "payer_changed": _is_insured, "not_insured": _is_insured, "card_typed": _is_insured, "special_unregistered": lambda one: not _has_special(one) and one["claim"]["insurer_kind"] == "4",
    "special_expired": _has_special, "special_other": _has_special, "registration_left_out": _has_special, "test_twice": _has_test,
    "quantity_typed": _can_be_typed, "dose_typed": _has_drug, "days_typed": _has_drug, "meals_counted_wrong": _is("inpatient"),
    "room_counted_wrong": _is("inpatient"), "level_left_out": _is("emergency"), "emergency_fee_kept": _is("outpatient"), "referral_left_out": _is_aid,
    "confirmation_left_out": _is_aid, "office_left_out": _is_aid, "accident_missed": _had_accident,
    "diagnosis_cut_short": lambda one: any(len(row["code"]) > 3 for row in one["diagnoses"]),
}  # fmt: skip
# share of statements a kind can happen to, so that its share of all mistakes is as written
SCARCE = {"special_expired": 20, "special_other": 20, "registration_left_out": 20, "test_twice": 1.8, "quantity_typed": 1.6, "dose_typed": 20, "days_typed": 20,
          "meals_counted_wrong": 15, "room_counted_wrong": 15, "level_left_out": 8, "referral_left_out": 9, "confirmation_left_out": 9,
          "office_left_out": 9, "accident_missed": 8}  # fmt: skip

Made = tuple[int | None, Known | None]


def _told(seed: int, claim: Mapping[str, Any]) -> bool:
    """Whether the answer on the day of care already said so."""
    return chance(seed, "told", claim["claim_id"]) < figures("clerical")["known_at_reception"]


def _payer_changed(seed: int, document: Document, known: Known) -> Made:
    claim = document["claim"]
    other = "5" if claim["insurer_kind"] == "4" else "4"
    if _told(seed, claim):
        claim["eligibility_insurer_kind"] = other
    return None, Known(other, known.card_no, known.special_code, known.special_to, known.doctors)


def _not_insured(seed: int, document: Document, known: Known) -> Made:
    claim = document["claim"]
    if _told(seed, claim):
        claim["eligible_on_first_day"], claim["benefit_stopped"] = False, True
    return None, Known(None, known.card_no, known.special_code, known.special_to, known.doctors)


def _card_typed(seed: int, document: Document, known: Known) -> Made:
    claim, card = document["claim"], known.card_no
    place = 2 + int(chance(seed, "digit", claim["claim_id"]) * (len(card) - 2))
    typed = card[:place] + str((int(card[place]) + 3) % 10) + card[place + 1 :]
    claim["card_no"] = "" if chance(seed, "card", claim["claim_id"]) < 0.25 else typed
    return None, known


def _special_unregistered(seed: int, document: Document, known: Known) -> Made:
    claim = document["claim"]
    claim["special_code"], claim["special_no"] = "V193", f"S{claim['claim_id'][-6:]}"
    claim["special_registered"] = False
    return None, known


def _special_expired(seed: int, document: Document, known: Known) -> Made:
    claim = document["claim"]
    ended = claim["first_visit_on"] - timedelta(days=12)
    if _told(seed, claim):
        claim["special_valid_to"] = ended
    return None, Known(known.insurer_kind, known.card_no, known.special_code, ended, known.doctors)


def _special_other(seed: int, document: Document, known: Known) -> Made:
    document["claim"]["special_code"] = "V192" if known.special_code == "V193" else "V193"
    return None, known


def _registration_left_out(seed: int, document: Document, known: Known) -> Made:
    document["claim"]["special_no"] = None
    return None, known


def _cut_short(seed: int, document: Document, known: Known) -> Made:
    row = next(row for row in document["diagnoses"] if len(row["code"]) > 3)
    row["code"] = row["code"][:3]
    return None, known


def _diagnosis_mistyped(seed: int, document: Document, known: Known) -> Made:
    row = document["diagnoses"][-1]
    row["code"] = (
        row["code"][:1]
        + "9"
        + row["code"][2:3]
        + ".8"
        + str(int(chance(seed, "kcd", document["claim"]["claim_id"]) * 10))
    )
    return None, known


def _principal_barred(seed: int, document: Document, known: Known) -> Made:
    document["diagnoses"][0]["code"] = ("Z96.6", "W19", "Z92.2")[
        int(chance(seed, "barred", document["claim"]["claim_id"]) * 3)
    ]
    return None, known


def _principal_lost(seed: int, document: Document, known: Known) -> Made:
    document["diagnoses"][0]["kind"] = "secondary"
    return None, known


def _diagnosis_sex(seed: int, document: Document, known: Known) -> Made:
    document["diagnoses"][0]["code"] = "N40" if document["claim"]["sex"] == "F" else "N95.1"
    return None, known


def _line(seed: int, document: Document, sections: tuple[str, ...] = ()) -> Document:
    lines = [line for line in document["lines"] if not sections or line["item_class"] in sections]
    found: Document = lines[int(chance(seed, "line", document["claim"]["claim_id"]) * len(lines))]
    return found


def _code_mistyped(seed: int, document: Document, known: Known) -> Made:
    line = _line(seed, document)
    code = line["code"]
    line["code"] = code[:-2] + code[-1] + code[-2] if code[-1] != code[-2] else code[:-1] + "Q"
    return line["line_no"], known


def _day_outside(seed: int, document: Document, known: Known) -> Made:
    line = _line(seed, document)
    line["service_on"] = document["claim"]["last_service_on"] + timedelta(days=1)
    return line["line_no"], known


def _days_counted_wrong(seed: int, document: Document, known: Known) -> Made:
    claim = document["claim"]
    claim["visit_days"] = (claim["last_service_on"] - claim["first_visit_on"]).days + 3
    return None, known


def _summed(document: Document) -> None:
    """Totals follow the lines, the patient's share in proportion, as an office program does it."""
    claim = document["claim"]
    before, total = max(1, claim["total_amount"]), sum(line["amount"] for line in document["lines"]) // 10 * 10
    claim["patient_share"] = int(claim["patient_share"] * total / before) // 100 * 100
    claim["total_amount"], claim["insurer_share"] = total, total - claim["patient_share"]


def _amount_wrong(seed: int, document: Document, known: Known) -> Made:
    line = _line(seed, document)
    line["amount"] += 900
    _summed(document)
    return line["line_no"], known


def _total_wrong(seed: int, document: Document, known: Known) -> Made:
    claim = document["claim"]
    claim["total_amount"] += 5_000
    claim["insurer_share"] += 5_000
    return None, known


def _share_wrong(seed: int, document: Document, known: Known) -> Made:
    claim = document["claim"]
    claim["patient_share"] = claim["patient_share"] // 10
    claim["insurer_share"] = (
        claim["total_amount"] - claim["patient_share"] - (10 if chance(seed, "share", claim["claim_id"]) < 0.5 else 0)
    )
    return None, known


def _license_mistyped(seed: int, document: Document, known: Known) -> Made:
    claim = document["claim"]
    claim["doctor_license"] = str(claim["doctor_license"])[:-1] + "X"
    return None, known


def _times(line: Document, times: float) -> None:
    line["times_per_day"] *= times
    line["quantity"] *= times
    line["amount"] = int(line["unit_price"] * line["quantity"] + 0.5)


def _quantity_typed(seed: int, document: Document, known: Known) -> Made:
    line = _line(seed, document, ("06", "09", "10"))
    _times(line, 3.0)
    _summed(document)
    return line["line_no"], known


def _test_twice(seed: int, document: Document, known: Known) -> Made:
    line = dict(_line(seed, document, ("09", "10")))
    line["line_no"] = max(row["line_no"] for row in document["lines"]) + 1
    document["lines"].append(line)
    _summed(document)
    return line["line_no"], known


def _dose_typed(seed: int, document: Document, known: Known) -> Made:
    line = _line(seed, document, ("03",))
    _times(line, 4.0)
    _summed(document)
    return line["line_no"], known


def _days_typed(seed: int, document: Document, known: Known) -> Made:
    line = _line(seed, document, ("03",))
    longer = line["days"] + 90
    line["quantity"] = line["quantity"] / line["days"] * longer
    line["days"] = longer
    line["amount"] = int(line["unit_price"] * line["quantity"] + 0.5)
    _summed(document)
    return line["line_no"], known


def _meals_counted_wrong(seed: int, document: Document, known: Known) -> Made:
    food = [line for line in document["lines"] if line["item_class"] == "02" and line["item_sub"] in MEALS]
    if not food:
        return _days_counted_wrong(seed, document, known)
    line = food[-1]
    line["dose"] *= 3
    line["quantity"] *= 3
    line["amount"] = int(line["unit_price"] * line["quantity"] + 0.5)
    _summed(document)
    return line["line_no"], known


def _room_counted_wrong(seed: int, document: Document, known: Known) -> Made:
    rooms = [line for line in document["lines"] if line["item_class"] == "02" and line["item_sub"] not in MEALS]
    if not rooms:
        return _days_counted_wrong(seed, document, known)
    line = rooms[-1]
    line["dose"] += 2
    line["quantity"] += 2
    line["amount"] = int(line["unit_price"] * line["quantity"] + 0.5)
    _summed(document)
    return line["line_no"], known


def _level_left_out(seed: int, document: Document, known: Known) -> Made:
    document["claim"]["ktas"] = None
    return None, known


def _emergency_fee_kept(seed: int, document: Document, known: Known) -> Made:
    document["lines"].append({**document["lines"][0], "line_no": max(row["line_no"] for row in document["lines"]) + 1, "item_class": "01", "item_sub": "03",
                              "code": "AC101", "unit_price": 63_760.0, "dose": 1.0, "times_per_day": 1.0, "days": 1, "quantity": 1.0,
                              "amount": 63_760})  # fmt: skip
    _summed(document)
    return document["lines"][-1]["line_no"], known


def _left_out(column: str) -> Callable[[int, Document, Known], Made]:
    def make(seed: int, document: Document, known: Known) -> Made:
        document["claim"][column] = None if column != "aid_office" else ""
        return None, known

    return make


def _accident_missed(seed: int, document: Document, known: Known) -> Made:
    claim = document["claim"]
    if _told(seed, claim):
        claim["accident_kind"] = "traffic"
    return None, Known("8", known.card_no, known.special_code, known.special_to, known.doctors)


MAKERS: dict[str, Callable[[int, Document, Known], Made]] = {
    "payer_changed": _payer_changed, "not_insured": _not_insured, "card_typed": _card_typed, "special_unregistered": _special_unregistered,
    "special_expired": _special_expired, "special_other": _special_other, "registration_left_out": _registration_left_out,
    "diagnosis_cut_short": _cut_short, "diagnosis_mistyped": _diagnosis_mistyped, "principal_barred": _principal_barred,
    "principal_lost": _principal_lost, "diagnosis_sex": _diagnosis_sex, "code_mistyped": _code_mistyped, "day_outside": _day_outside,
    "days_counted_wrong": _days_counted_wrong, "amount_wrong": _amount_wrong, "total_wrong": _total_wrong, "share_wrong": _share_wrong,
    "license_mistyped": _license_mistyped, "quantity_typed": _quantity_typed, "test_twice": _test_twice, "dose_typed": _dose_typed,
    "days_typed": _days_typed, "meals_counted_wrong": _meals_counted_wrong, "room_counted_wrong": _room_counted_wrong,
    "level_left_out": _level_left_out, "emergency_fee_kept": _emergency_fee_kept, "referral_left_out": _left_out("referral_no"),
    "confirmation_left_out": _left_out("confirm_no"), "office_left_out": _left_out("aid_office"), "accident_missed": _accident_missed,
}  # fmt: skip


def put_right(document: Document, known: Known) -> Document | None:
    """The statement as it should have been, from one without a clerk's slip: it follows the register. None: nothing is claimed at all."""
    claim = document["claim"]
    if claim["insurer_kind"] not in ("4", "5"):
        return document
    if known.insurer_kind is None:
        return None
    ended = known.special_to is not None and known.special_to < claim["first_visit_on"]
    if known.insurer_kind == claim["insurer_kind"] and not (claim.get("special_code") and ended):
        return document
    name = claim["claim_id"]
    changed = {
        **claim,
        "insurer_kind": known.insurer_kind,
        "eligibility_insurer_kind": known.insurer_kind if known.insurer_kind in "45" else None,
    }
    if known.insurer_kind == "5":
        changed |= {"aid_type": "1", "referral_no": f"R{name}", "confirm_no": f"M{name}", "aid_office": "50130"}
    if known.insurer_kind == "8":
        changed["accident_kind"] = "traffic"
    if ended or known.insurer_kind != claim["insurer_kind"]:
        changed |= {"special_code": None, "special_registered": False, "registered_code": None, "special_no": None}
    return {**document, "claim": changed}
