"""The hospital information system (HIS) over HL7 v2 (2.3–2.5): what it may send, how it is answered, what we tell it.

Inbound: ORM^O01 and OML^O21 (orders), DFT^P03 (diagnoses and end of the visit), ADT and SIU (acknowledged, kept). Outbound:
ADT^A04 (arrival). Numbers are ours: PID-3 chart number, PV1-19 the visit's public id, ORC-2 the placer order number.
`read` never crashes: what cannot be read is an HL7 error with the acknowledgement code it deserves (AE or AR).
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

import hl7

SEOUL = ZoneInfo("Asia/Seoul")
MAX_BYTES = 8 << 20
VERSIONS = ("2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6")
ACCEPTED = frozenset({"ORM^O01", "OML^O21", "DFT^P03"})
KEPT = frozenset({"ADT", "SIU", "ORU"})
CHARSETS = {"": "utf-8", "UNICODE UTF-8": "utf-8", "8859/1": "latin-1", "KS X 1001": "cp949", "ASCII": "ascii"}


class Hl7Error(Exception):
    """A message we answer with AE (its content) or AR (its form). `control_id` may be empty."""

    def __init__(self, code: str, reason: str, control_id: str = "", location: str = "") -> None:
        super().__init__(reason)
        self.code, self.reason, self.control_id, self.location = code, reason, control_id, location


@dataclass(frozen=True)
class Order:
    placer_number: str
    control: str  # NW new, CA cancel
    code: str
    name: str
    quantity: Decimal
    ordered_at: datetime | None


@dataclass(frozen=True)
class Inbound:
    """A message that could be read."""

    kind: str  # ORM^O01
    control_id: str
    version: str
    visit: str = ""  # PV1-19
    chart_no: str = ""  # PID-3
    orders: tuple[Order, ...] = ()
    diagnoses: tuple[tuple[str, str], ...] = ()  # (principal | secondary | rule_out, code)
    finishes: bool = False
    fields: dict[str, str] = field(default_factory=dict)


def read(raw: bytes) -> Inbound:
    """Read one message. Raises Hl7Error with AE or AR."""
    if len(raw) > MAX_BYTES:
        raise Hl7Error("AR", "the message is over 8 MiB")
    text = _decoded(raw)
    if not text.startswith("MSH") or len(text) < 8:
        raise Hl7Error("AR", "the message does not begin with MSH")
    try:
        message = hl7.parse(text.replace("\r\n", "\r").replace("\n", "\r"))
        header = message.segment("MSH")
        control_id, kind = _text(header, 10), _kind(header)
        version, processing = _text(header, 12), _text(header, 11)
    except Exception as error:  # the library raises many kinds on a broken form
        raise Hl7Error("AR", "the form of the message cannot be read", _guess_control_id(text)) from error
    if not control_id:
        raise Hl7Error("AR", "MSH-10 (control id) is empty", location="MSH-10")
    if version not in VERSIONS:
        raise Hl7Error("AR", f"version {version[:8]!r} is not supported", control_id, "MSH-12")
    if processing[:1] not in ("P", "T", "D"):
        raise Hl7Error("AR", "the processing id must be P, T or D", control_id, "MSH-11")
    if kind not in ACCEPTED and kind[:3] not in KEPT:
        raise Hl7Error("AR", f"message type {kind[:12]!r} is not taken", control_id, "MSH-9")
    try:
        return _content(message, kind, control_id, version)
    except Hl7Error:
        raise
    except Exception as error:
        raise Hl7Error("AE", "a field of the message cannot be read", control_id) from error


def _decoded(raw: bytes) -> str:
    head = raw[:4096].decode("latin-1")
    parts = head.split("\r")[0].split("|")
    charset = CHARSETS.get(parts[17].split("~")[0].strip() if len(parts) > 17 else "")
    if charset is None:
        raise Hl7Error("AR", "the character set of MSH-18 is not supported", location="MSH-18")
    try:
        return raw.decode(charset)
    except UnicodeDecodeError as error:
        raise Hl7Error(
            "AE", "the text does not fit the character set of MSH-18", _guess_control_id(head), "MSH-18"
        ) from error


def _guess_control_id(text: str) -> str:
    parts = text.split("\r")[0].split(text[3] if len(text) > 3 else "|")
    return re.sub(r"[^\w.-]", "", parts[9])[:60] if len(parts) > 9 else ""


def _text(segment: hl7.Segment, number: int) -> str:
    try:
        return str(segment[number]).strip()
    except IndexError:
        return ""


def _part(segment: hl7.Segment, number: int, component: int) -> str:
    """One component of the first repetition of a field; empty when it is not there."""
    whole = _text(segment, number).split("~")[0].split("^")
    return whole[component - 1].strip() if len(whole) >= component else ""


def _kind(header: hl7.Segment) -> str:
    parts = _text(header, 9).split("^")
    return "^".join(parts[:2])


def _segments(message: hl7.Message, name: str) -> list[hl7.Segment]:
    return [segment for segment in message if str(segment[0]) == name]


def _content(message: hl7.Message, kind: str, control_id: str, version: str) -> Inbound:
    pids, visits = _segments(message, "PID"), _segments(message, "PV1")
    chart_no = _part(pids[0], 3, 1) if pids else ""
    visit = _part(visits[0], 19, 1) if visits else ""
    if kind in ACCEPTED and not visit:
        raise Hl7Error("AE", "PV1-19 (visit number) is missing", control_id, "PV1-19")
    orders = _orders(message, control_id) if kind in ("ORM^O01", "OML^O21") else ()
    if kind in ("ORM^O01", "OML^O21") and not orders:
        raise Hl7Error("AE", "the message holds no order", control_id, "ORC")
    diagnoses = tuple(
        ("principal" if index == 0 or (_text(row, 15) == "1" and index == 0) else "rule_out" if _text(row, 6) == "R" else "secondary",
         _part(row, 3, 1))
        for index, row in enumerate(_segments(message, "DG1"))
    )  # fmt: skip
    if any(not code for _, code in diagnoses):
        raise Hl7Error("AE", "DG1-3 (diagnosis code) is empty", control_id, "DG1-3")
    return Inbound(kind, control_id, version, visit, chart_no, orders, diagnoses, finishes=kind == "DFT^P03")


def _orders(message: hl7.Message, control_id: str) -> tuple[Order, ...]:
    """ORC followed by its OBR (or RXO) segments."""
    found: list[Order] = []
    current: hl7.Segment | None = None
    for segment in message:
        name = str(segment[0])
        if name == "ORC":
            current = segment
            if _text(segment, 1) not in ("NW", "CA", "XO"):
                raise Hl7Error("AE", f"order control {_text(segment, 1)[:4]!r} is not taken", control_id, "ORC-1")
        elif name == "OBR" and current is not None:
            placer = _part(current, 2, 1) or _part(segment, 2, 1)
            code = _part(segment, 4, 1)
            if not placer or not code:
                raise Hl7Error("AE", "an order needs a placer number (ORC-2) and a code (OBR-4)", control_id, "ORC-2")
            found.append(
                Order(placer, _text(current, 1), code, _part(segment, 4, 2)[:120], _quantity(segment, control_id),
                      _instant(_part(current, 9, 1) or _part(segment, 6, 1), control_id))
            )  # fmt: skip
    return tuple(found)


def _quantity(segment: hl7.Segment, control_id: str) -> Decimal:
    raw = _part(segment, 27, 1) or "1"
    try:
        value = Decimal(raw)
    except InvalidOperation as error:
        raise Hl7Error("AE", "the quantity is not a number", control_id, "OBR-27") from error
    if not value.is_finite() or not 0 < value <= 10_000:
        raise Hl7Error("AE", "the quantity is out of range", control_id, "OBR-27")
    return value


def _instant(raw: str, control_id: str) -> datetime | None:
    if not raw:
        return None
    digits = re.match(r"\d{8,14}", raw)
    if not digits:
        raise Hl7Error("AE", "a time cannot be read", control_id, "ORC-9")
    text = digits[0].ljust(14, "0")
    try:
        return datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=SEOUL)
    except ValueError as error:
        raise Hl7Error("AE", "a time cannot be read", control_id, "ORC-9") from error


def acknowledge(control_id: str, code: str, at: datetime, reason: str = "", location: str = "") -> bytes:
    """ACK with AA, AE or AR; an error says where and why."""
    reason = re.sub(r"[|^~\\&\r\n]", " ", reason)[:200]
    lines = [
        rf"MSH|^~\&|TAMNA|TAMNA|HIS|HIS|{at:%Y%m%d%H%M%S}||ACK|A{control_id[:40]}|P|2.5||||||UNICODE UTF-8",
        f"MSA|{code}|{control_id}|{reason}",
    ]
    if code != "AA":
        lines.append(f"ERR||{location.replace('-', '^')}|{'207' if code == 'AE' else '200'}|E||||{reason}")
    return ("\r".join(lines) + "\r").encode()


def acknowledgement_code(raw: bytes) -> str:
    """MSA-1 of an answer; empty when it cannot be read."""
    for line in raw.decode("utf-8", "replace").split("\r"):
        if line.startswith("MSA|"):
            parts = line.split("|")
            return parts[1] if len(parts) > 1 else ""
    return ""


def arrival(
    control_id: str, at: datetime, *, chart_no: str, visit: str, department: str, license_no: str, sex: str, birth: str
) -> bytes:
    """ADT^A04: the patient has arrived. No name and no resident number travels; the HIS knows the chart."""
    return (
        rf"MSH|^~\&|TAMNA|TAMNA|HIS|HIS|{at:%Y%m%d%H%M%S}||ADT^A04|{control_id}|P|2.5||||||UNICODE UTF-8" + "\r"
        f"EVN|A04|{at:%Y%m%d%H%M%S}\r"
        f"PID|1||{chart_no}^^^TAMNA^MR||||{birth}|{sex}\r"
        f"PV1|1|O|{department}||||{license_no}||||||||||||{visit}\r"
    ).encode()
