"""Columns of a claim document and their types (요양급여비용 명세서 항목).

Contract: nhi-claims.md section E. `normal` turns one JSON document into rows of these types; amounts are whole won,
dates are dates, an empty text in a date or number is null. Unknown columns are kept as they are. Raises InputError.
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from tamna.engines.errors import InputError

Row = dict[str, Any]
Document = dict[str, Any]  # claim: Row; lines, diagnoses, prescriptions, notes, orders: list[Row]


def _columns(text: str) -> dict[str, str]:
    return {
        name: kind for kind, names in (row.split(":") for row in text.strip().splitlines()) for name in names.split()
    }


CLAIM = _columns(
    """
text: claim_id batch_no serial_no claim_kind previous_claim_id previous_receipt_no previous_serial_no return_reason
text: claim_type form_code insurer_kind aid_type aid_office institution_id institution_class area setting department
text: dept_sub patient_ref card_no sex sex_from_number admit_route result_code doctor_license license_kind
text: special_code special_no registered_code official_injury near_poor copay_code eligibility_insurer_kind
text: referral_no chosen_institution confirm_no accident_kind guarantee_no approval_no er_fee_copay billed_as drg_code
text: drg_severity nurse_grade reported_nurse_grade institution_emergency_class
date: birth_date first_visit_on last_service_on claim_on first_admitted_on admitted_on discharged_on special_valid_to
date: died_on
int: age gestation_weeks birth_weight_g visit_days benefit_days stay_days days_since_special_start benefit_days_used
int: benefit_days_limit ktas drg_amount ffs_total total_amount patient_share insurer_share support_amount
int: disability_amount veterans_amount full_self_amount selective_total selective_patient cap_excess
int: year_to_date_share ventilation_hours days_since_last_visit_same_disease days_since_surgery_package
number: stay_hours hours_in_er patient_rate consultation_rate
bool: pregnant special_registered eligible_on_first_day benefit_stopped identity_checked referral_exempt
bool: extension_approved arrived_by_er drg_exempt cap_applied chronic proxy_visit therapy_only_day
bool: room_reduction_applied bilateral infection_reported
"""
)
LINE = _columns(
    """
text: claim_id item_class item_sub code_kind code copay_kind doctor_license license_kind note_code note_text
text: outsourced_to prescription_no order_id
int: line_no days amount views surgery_rank anaesthesia_minutes anaesthesia_units selective_rate
number: unit_price dose times_per_day quantity add_on_rate surgery_rate
date: service_on changed_on
datetime: service_at
bool: night_add_on child_add_on outsourced reading_recorded same_field first_prescription therapy_only_day
"""
)
DIAGNOSIS = _columns(
    """
text: claim_id kind code department dept_sub license_kind doctor_license present_on_admission
int: seq
date: onset_on
"""
)
PRESCRIPTION = _columns(
    """
text: claim_id prescription_no code_kind code copay_kind
int: days line_no total_days
number: dose times_per_day
"""
)
NOTE = _columns(
    """
text: claim_id unit prescription_no code text note_code note_text
int: line_no
"""
)
ORDER = _columns(
    """
text: claim_id code
date: done_on
"""
)
TABLES: dict[str, dict[str, str]] = {
    "lines": LINE,
    "diagnoses": DIAGNOSIS,
    "prescriptions": PRESCRIPTION,
    "notes": NOTE,
    "orders": ORDER,
}
# Without these a statement cannot exist: an absent column is an empty field, so that F001–F008 and F013 speak.
REQUIRED = frozenset(
    [
        "claim_id",
        "insurer_kind",
        "card_no",
        "patient_ref",
        "department",
        "first_visit_on",
        "result_code",
        "doctor_license",
    ]
)
SCOPES: dict[str, dict[str, str]] = {"claims": {}, **TABLES}
EARLIEST, LATEST = date(1900, 1, 1), date(2200, 1, 1)


def column_type(scope: str, name: str) -> str:
    """Type of a column as a row of `scope` sees it; `any` when the contract does not know it."""
    own = SCOPES[scope]
    return own.get(name) or CLAIM.get(name) or "any"


def normal(document: Any) -> Document:
    """The document with typed values. The input stays as it was."""
    if not isinstance(document, Mapping):
        raise InputError(
            "not_a_claim", "a claim is a JSON object", hint='{"claim": {…}, "lines": […], "diagnoses": […]}'
        )
    claim = document.get("claim")
    if not isinstance(claim, Mapping):
        raise InputError(
            "no_claim", "the object `claim` is missing", field="claim", hint="columns are in `tamna check --help`"
        )
    done: Document = {"claim": _row(claim, CLAIM, "claim")}
    done["given"] = set()  # which lists the document has, even empty ones
    head = done["claim"]
    if head.get("age") is None and head.get("birth_date") and head.get("first_visit_on"):
        head["age"] = years_between(head["birth_date"], head["first_visit_on"])
    for part, columns in TABLES.items():
        rows = document.get(part)
        if rows is None:
            rows = []
        if not isinstance(rows, list):
            raise InputError("not_a_list", f"`{part}` is not a list", field=part, hint="give [] when there is none")
        if part in document:
            done["given"].add(part)
        done[part] = [_row(row, columns, f"{part}[{index}]") for index, row in enumerate(rows)]
    for line in done["lines"]:
        _combine(line)
    return done


def years_between(birth: date, on: date) -> int:
    """Age in whole years (만 나이)."""
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


def _combine(line: Row) -> None:
    at = line.get("service_at")
    if isinstance(at, time):  # a bare time belongs to the line's day
        day = line.get("service_on")
        line["service_at"] = datetime.combine(day, at) if day else None


def _row(row: Any, columns: Mapping[str, str], where: str) -> Row:
    if not isinstance(row, Mapping):
        raise InputError("not_an_object", f"{where} is not an object", field=where)
    return {
        name: value if value is None or (kind := columns.get(name)) is None else _typed(value, kind, f"{where}.{name}")
        for name, value in row.items()
    }


def _typed(value: Any, kind: str, where: str) -> Any:
    convert = CONVERT[kind]
    try:
        return convert(value)
    except (TypeError, ValueError, OverflowError):
        raise InputError(
            f"bad_{kind}", f"{where} is not {WANTED[kind]}", field=where, hint=f"write {WANTED[kind]}"
        ) from None


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise TypeError


def _date(value: Any) -> date | None:
    if isinstance(value, datetime):
        value = value.date()
    elif isinstance(value, str):
        if not value:
            return None
        value = date.fromisoformat(value[:10])
    if not isinstance(value, date) or not EARLIEST <= value < LATEST:
        raise ValueError
    return value


def _datetime(value: Any) -> datetime | time | None:
    if isinstance(value, (datetime, time)):
        return value
    if not isinstance(value, str):
        raise TypeError
    if not value:
        return None
    if len(value) <= 8:
        return time.fromisoformat(value)
    return datetime.fromisoformat(value).replace(tzinfo=None)


def _number(value: Any) -> float | None:
    if value == "":
        return None
    if isinstance(value, bool):
        raise TypeError
    number = float(value)
    if number != number or abs(number) > 1e13:
        raise ValueError
    return number


def _int(value: Any) -> int | None:
    if type(value) is int:
        if abs(value) > 10**13:
            raise ValueError
        return value
    number = _number(value)
    if number is None:
        return None
    if number != int(number):
        raise ValueError
    return int(number)


def _bool(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    if value in (0, 1):
        return bool(value)
    if value == "":
        return None
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise TypeError


CONVERT = {"text": _text, "date": _date, "datetime": _datetime, "int": _int, "number": _number, "bool": _bool}
WANTED = {
    "text": "text",
    "date": "a date like 2026-09-01",
    "datetime": "a time like 2026-09-01T18:30 or 18:30",
    "int": "a whole number",
    "number": "a number",
    "bool": "true or false",
}
