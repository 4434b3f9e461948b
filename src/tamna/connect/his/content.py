"""What a message of the HIS says: orders, diagnoses, bookings, contact. Pure: nothing is looked up here.

Taken: ADT^A01 A02 A04 (noted on the visit), A03 (discharge: the visit is looked at before its claim), A08 A31 (phone and address), A11 (visit cancelled); SIU^S12 S15 (booked,
cancelled); ORM^O01 and OML^O21 (orders); DFT^P03 (diagnoses, end of the visit). Anything else deserves AR: also A40 (a merge
is a person's decision) and S13 S14 (cancel and book instead). Times without a zone are Seoul's.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

import hl7

from tamna.connect.his.form import (
    BAD_TYPE,
    BAD_VALUE,
    INTERNAL,
    MISSING_FIELD,
    MISSING_SEGMENT,
    UNKNOWN_EVENT,
    UNKNOWN_TYPE,
    Form,
    Hl7Error,
    open_up,
)

SEOUL = "+0900"
NOTED = frozenset({"ADT^A01", "ADT^A02", "ADT^A03", "ADT^A04"})
CONTACT = frozenset({"ADT^A08", "ADT^A31"})
CANCELLED, DISCHARGED = "ADT^A11", "ADT^A03"
BOOKINGS = {"SIU^S12": "book", "SIU^S15": "cancel"}
ORDERS = frozenset({"ORM^O01", "OML^O21"})
CHARGES = "DFT^P03"
TAKEN = NOTED | CONTACT | ORDERS | {CANCELLED, CHARGES, *BOOKINGS}
OF_A_VISIT = ORDERS | {CHARGES, CANCELLED}


@dataclass(frozen=True)
class Order:
    placer_number: str
    control: str  # NW new, CA cancel
    code: str
    name: str
    quantity: Decimal
    ordered_at: datetime | None


@dataclass(frozen=True)
class Booking:
    action: str  # book, cancel
    license_no: str
    starts_at: datetime
    reason: str


@dataclass(frozen=True)
class Inbound:
    """A message that could be read."""

    kind: str  # ORM^O01
    control_id: str
    version: str
    chart_no: str  # PID-3
    visit: str = ""  # PV1-19
    orders: tuple[Order, ...] = ()
    diagnoses: tuple[tuple[str, str], ...] = ()  # (principal | secondary | rule_out, code)
    booking: Booking | None = None
    phone: str | None = None  # None: not said; empty: taken away
    address: str | None = None


def read(raw: bytes) -> Inbound:
    """Read one message. Raises Hl7Error with AE or AR, nothing else."""
    form = open_up(raw)
    if form.kind not in TAKEN:
        known = any(form.kind[:4] == taken[:4] for taken in TAKEN)
        raise Hl7Error("AR", UNKNOWN_EVENT if known else UNKNOWN_TYPE, "this message type is not taken", "MSH-9")
    try:
        return _content(form)
    except Hl7Error:
        raise
    except Exception as error:  # the edge: a shape nobody thought of
        raise Hl7Error("AE", INTERNAL, "a field of the message cannot be read") from error


def _content(form: Form) -> Inbound:
    patient, visit = form.first("PID"), form.part(form.first("PV1"), 19, 1)
    if patient is None:
        raise Hl7Error("AE", MISSING_SEGMENT, "the message names no patient (PID)", "PID")
    chart_no = _chart_no(form, patient)
    if not chart_no:
        raise Hl7Error("AE", MISSING_FIELD, "PID-3 (chart number) is empty", "PID-3")
    if form.kind in OF_A_VISIT and not visit:
        raise Hl7Error("AE", MISSING_FIELD, "PV1-19 (visit number) is missing", "PV1-19")
    return Inbound(
        form.kind, form.control_id, form.version, chart_no, visit,
        orders=_orders(form) if form.kind in ORDERS else (),
        diagnoses=_diagnoses(form) if form.kind == CHARGES else (),
        booking=_booking(form) if form.kind in BOOKINGS else None,
        phone=_said(form, patient, 13, _phone) if form.kind in CONTACT else None,
        address=_said(form, patient, 11, lambda parts: " ".join(filter(None, parts[:5]))) if form.kind in CONTACT else None,
    )  # fmt: skip


def _chart_no(form: Form, patient: hl7.Segment) -> str:
    """Our number among several: the one that names us, else the first."""
    numbers = form.parts(patient, 3)
    ours = [row for row in numbers if len(row) > 3 and row[3].split("&")[0] == "TAMNA"]
    return (ours or numbers)[0][0]


def _said(form: Form, segment: hl7.Segment, number: int, tell) -> str | None:  # type: ignore[no-untyped-def]
    whole = form.text(segment, number)
    if not whole:
        return None
    return "" if whole == '""' else str(tell(form.parts(segment, number)[0]))[:200]


def _phone(parts: list[str]) -> str:
    """XTN: the number is component 1 (to 2.4), 12, or 6 and 7."""
    found = parts[0] or (parts[11] if len(parts) > 11 else "") or "".join(parts[5:7])
    if len(re.sub(r"\D", "", found)) < 4:
        raise Hl7Error("AE", BAD_TYPE, "PID-13 is not a phone number", "PID-13")
    return found


def _diagnoses(form: Form) -> tuple[tuple[str, str], ...]:
    """DG1 in order: the first is principal; DG1-6 R is ruled out."""
    rows = form.all("DG1")
    codes = [form.part(row, 3, 1) for row in rows]
    if not all(re.fullmatch(r"[A-Z]\d[\dA-Z.]{0,6}", code) for code in codes):
        raise Hl7Error("AE", BAD_VALUE, "DG1-3 is not a diagnosis code (KCD)", "DG1-3")
    kinds = ("rule_out" if form.text(row, 6) == "R" else "secondary" for row in rows)
    return tuple(
        ("principal" if not index else kind, code) for index, (kind, code) in enumerate(zip(kinds, codes, strict=True))
    )


def _orders(form: Form) -> tuple[Order, ...]:
    """ORC followed by its OBR segments."""
    found: list[Order] = []
    common: hl7.Segment | None = None
    for segment in form.message:
        name = str(segment[0])
        if name == "ORC":
            common = segment
            if form.text(segment, 1) not in ("NW", "CA"):
                raise Hl7Error("AE", BAD_VALUE, "ORC-1 must be NW (new) or CA (cancel)", "ORC-1")
        elif name == "OBR" and common is not None:
            placer = form.part(common, 2, 1) or form.part(segment, 2, 1)
            code = form.part(segment, 4, 1)
            if not placer or not code:
                raise Hl7Error(
                    "AE", MISSING_FIELD, "an order needs a placer number (ORC-2) and a code (OBR-4)", "ORC-2"
                )
            if len(placer) > 40 or len(code) > 20:
                raise Hl7Error("AE", BAD_TYPE, "ORC-2 holds 40 letters, OBR-4 a code of 20", "ORC-2")
            found.append(
                Order(placer, form.text(common, 1), code, form.part(segment, 4, 2)[:120], _quantity(form, segment),
                      _instant(form.part(common, 9, 1) or form.part(segment, 6, 1), "ORC-9"))
            )  # fmt: skip
    if not found:
        raise Hl7Error("AE", MISSING_SEGMENT, "the message holds no order (ORC, OBR)", "ORC")
    return tuple(found)


def _quantity(form: Form, segment: hl7.Segment) -> Decimal:
    raw = form.part(segment, 27, 1) or "1"
    try:
        value = Decimal(raw)
    except InvalidOperation:
        raise Hl7Error("AE", BAD_TYPE, "OBR-27 (quantity) is not a number", "OBR-27") from None
    if not value.is_finite() or not 0 < value <= 10_000 or value != round(value, 4):
        raise Hl7Error("AE", BAD_VALUE, "OBR-27 (quantity) is above 0, at most 10,000, with 4 decimals", "OBR-27")
    return value


def _booking(form: Form) -> Booking:
    """SCH-11 (or AIP-6) says when, AIP-3 with whom."""
    schedule, person = form.first("SCH"), form.first("AIP")
    if schedule is None or person is None:
        raise Hl7Error("AE", MISSING_SEGMENT, "a booking needs SCH (when) and AIP (with whom)", "SCH")
    starts_at = _instant(form.part(schedule, 11, 4) or form.part(person, 6, 1), "SCH-11")
    license_no = form.part(person, 3, 1)
    if starts_at is None or not license_no:
        raise Hl7Error("AE", MISSING_FIELD, "a booking needs a start (SCH-11) and a doctor's licence (AIP-3)", "SCH-11")
    return Booking(BOOKINGS[form.kind], license_no, starts_at, form.part(schedule, 7, 2)[:200])


def _instant(raw: str, location: str) -> datetime | None:
    """TS: YYYYMMDD[HH[MM[SS]]][.fraction][+ZZZZ]."""
    if not raw:
        return None
    found = re.fullmatch(r"(\d{8}(?:\d\d){0,3})(?:\.\d{1,4})?([+-]\d{4})?", raw)
    try:
        if not found or not 1900 <= int(raw[:4]) <= 2200:
            raise ValueError
        return datetime.strptime(found[1].ljust(14, "0") + (found[2] or SEOUL), "%Y%m%d%H%M%S%z")
    except ValueError:
        raise Hl7Error("AE", BAD_TYPE, "a time cannot be read", location) from None
