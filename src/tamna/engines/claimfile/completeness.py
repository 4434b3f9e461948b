"""What a statement lacks before it may go into a batch (청구 전 완결성 점검): every reason at once.

Law: 요양급여비용 청구방법·명세서서식 및 작성요령; arithmetic of nhi-claims.md B.1: amount = unit price × dose × times × days,
half up a line; total = lines cut below 10 won; patient + insurer + disability shares = total. Lines paid wholly by the patient
(100/100) stand outside of the total, and selective ones where the statement states their sums apart. Required fields, codes and widths come from the layout. DRG sums are not added up: their
tables are not public [?].
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from tamna.engines.claimfile.changes import WRITTEN, decimal
from tamna.engines.claimfile.found import Fault, Person, Statement
from tamna.engines.claimfile.layout import Field, Layout, Record, in_form, load_layout
from tamna.engines.money import round_half_up
from tamna.params import table

Row = Mapping[str, Any]
SUMS = ("total_amount", "patient_share", "cap_excess", "insurer_share", "support_amount", "disability_amount", "grand_total",
        "veterans_amount", "full_self_amount", "veterans_patient", "selective_total", "selective_patient", "selective_insurer",
        "selective_veterans")  # fmt: skip
FOUR = Decimal("0.0001")
BATCH_NO = re.compile(r"\d{4}(0[1-9]|1[0-2])[A-Z][0-9A-Z]{3}")
ADDED_UP = frozenset({"ffs", "per_diem"})


def header_of(
    batch_no: str, statements: Sequence[Statement], *, institution_id: str, setting: str, claim_on: date, **more: Any
) -> dict[str, Any]:
    """The header of a batch (심사청구서): count and sums are those of its statements."""
    first = statements[0]["claim"]
    sums = {name: sum(int(row["claim"].get(name) or 0) for row in statements) for name in SUMS}
    return {
        "batch_no": batch_no, "institution_id": institution_id, "insurer_kind": first["insurer_kind"],
        "claim_kind": first.get("claim_kind") or "original", "setting": setting, "care_month": batch_no[:6],
        "statement_count": len(statements), **sums, "claim_on": claim_on.isoformat(), **more,
    }  # fmt: skip


def header_faults(header: Row, statements: Sequence[Statement], layout: Layout | None = None) -> list[Fault]:
    """Whether a batch is what its header says: number, count, sums, one insurer, one kind, serials without a hole."""
    layout = layout or load_layout()
    kind = layout.header.kind
    found = [Fault("header_field", name, kind) for name in sorted(set(header) - layout.header_fields)]
    found += [
        Fault("missing", item.id, kind)
        for item in layout.header.fields
        if item.required and header.get(item.id) is None
    ]
    batch_no = str(header.get("batch_no", ""))
    if not BATCH_NO.fullmatch(batch_no) or layout.settings.get(batch_no[6]) != header.get("setting"):
        found.append(Fault("batch_no", "batch_no", kind))
    if header.get("statement_count") != len(statements):
        facts = {"found": header.get("statement_count"), "expected": len(statements)}
        found.append(Fault("header_count", "statement_count", kind, facts=facts))
    for name in SUMS:
        expected = sum(int(row["claim"].get(name) or 0) for row in statements)
        if int(header.get(name) or 0) != expected:
            found.append(Fault("header_sum", name, kind, facts={"found": header.get(name) or 0, "expected": expected}))
    for name in ("insurer_kind", "claim_kind", "institution_id"):
        if any(row["claim"].get(name) != header.get(name) for row in statements):
            found.append(Fault("header_mixed", name, kind))
    serials = [row["claim"].get("serial_no") for row in statements]
    if serials != [f"{number:05d}" for number in range(1, len(serials) + 1)]:
        found.append(Fault("serial", "serial_no", kind))
    return found


def statement_faults(statement: Statement, person: Person | None = None, layout: Layout | None = None) -> list[Fault]:
    """Every reason why a statement may not be sent; empty when it is complete. Without `person` nobody's name is asked for."""
    layout = layout or load_layout()
    claim = statement["claim"]
    form = str(claim.get("form_code") or "")
    found: list[Fault] = []
    for plain in layout.records[1:]:
        record = in_form(plain, form)
        rows: Sequence[Row] = [claim] if record.source == "claim" else list(statement.get(record.source) or ())
        for place, row in enumerate(rows, start=1):
            number = 0 if record.source == "claim" else _number(row.get("line_no")) or place
            found += _fields(record, row, claim, number, layout)
        if not record.least <= len(rows) <= record.most:
            few = len(rows) < record.least
            facts = {"count": record.least if few else record.most}
            found.append(Fault("too_few" if few else "too_many", record.source, record.kind, facts=facts))
    if person is not None:
        found += [Fault("missing", name, "A") for name in ("patient_name", "resident_no") if not getattr(person, name)]
    found += _form(claim, layout)
    found += _kind(claim)
    found += _diagnoses(statement.get("diagnoses") or ())
    found += _lines(statement.get("lines") or ())
    found += _sums(claim, statement.get("lines") or ())
    found += _notes(statement)
    return found


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0


def _fields(record: Record, row: Row, claim: Row, number: int, layout: Layout) -> Iterator[Fault]:
    for item in record.fields:
        if item.of_file or item.person:
            continue
        try:
            value = WRITTEN[item.make](row, claim, layout) if item.make else row.get(item.id)
        except (ArithmeticError, TypeError, ValueError):
            value = row.get(item.id)
        if value is None and item.otherwise:
            value = claim.get(item.otherwise)
        if value is None or value == "":
            if item.required and not ("" in item.codes.values() and not item.codes.get("")):
                yield Fault("missing", item.id, record.kind, number, mark=item.mark)
            continue
        code, facts = _wrong(value, item, layout)
        if code:
            yield Fault(code, item.id, record.kind, number, facts=facts, mark=item.mark)


def _wrong(value: Any, item: Field, layout: Layout) -> tuple[str, dict[str, Any]]:
    """What is wrong with a value, and its figures."""
    if isinstance(value, (list, dict, tuple)):
        return "unknown_code", {}
    if item.codes:
        return ("", {}) if value in item.codes else ("unknown_code", {})
    if item.among and str(value) not in item.among:
        return "unknown_code", {}
    if item.type == "d":
        return _wrong_day(value)
    if item.type == "n":
        exact = _exact(value)
        if exact is None:
            return "not_a_number", {}
        scaled = exact.scaleb(item.decimals)
        whole = scaled.quantize(Decimal(1), rounding=ROUND_HALF_UP)
        if not item.decimals and whole != scaled:
            return "not_whole", {}
        if whole < 0:
            return "negative", {}
        return ("too_long", {"length": item.len}) if len(str(int(whole))) > item.len else ("", {})
    room = item.len if item.may_cut or item.goes_on else len(str(value).encode(layout.encoding, errors="replace"))
    return ("too_long", {"length": item.len}) if room > item.len else ("", {})


def _exact(value: Any) -> Decimal | None:
    """A number of a size that a claim can hold, exactly as it is written; else none."""
    if isinstance(value, bool):
        return None
    try:
        made = decimal(value)
    except (ArithmeticError, TypeError, ValueError):
        return None
    return made if made.is_finite() and abs(made) < 10**15 else None


def _wrong_day(value: Any) -> tuple[str, dict[str, Any]]:
    try:
        if not isinstance(value, date):
            date.fromisoformat(str(value)[:10])
    except ValueError:
        return "not_a_day", {}
    return "", {}


def _form(claim: Row, layout: Layout) -> Iterator[Fault]:
    """서식번호 by payment, insurer and setting; what DRG demands besides."""
    payment = str(claim.get("claim_type") or "ffs")
    forms = layout.forms_for(payment, str(claim.get("insurer_kind") or ""), str(claim.get("setting") or ""))
    found = claim.get("form_code")
    if found and found not in forms:
        facts = {"found": found, "expected": " ".join(forms) or "–"}
        yield Fault("form", "form_code", "A", facts=facts)
    if payment == "drg":
        for name in ("drg_code", "drg_amount"):
            if claim.get(name) is None:
                yield Fault("missing", name, "A")
    first, last = str(claim.get("first_visit_on") or ""), str(claim.get("last_service_on") or "")
    if first and last and last < first:
        yield Fault("after", "last_service_on", "A")
    if claim.get("insurer_kind") == "5" and not claim.get("aid_type"):
        yield Fault("missing", "aid_type", "A")


def _kind(claim: Row) -> Iterator[Fault]:
    """보완·추가·분리: what they must name of the statement before."""
    kind = claim.get("claim_kind") or "original"
    needed = {
        "original": (),
        "supplement": ("previous_receipt_no", "previous_serial_no", "return_reason"),
        "added": ("previous_receipt_no", "previous_serial_no"),
        "split": ("first_admitted_on",),
    }.get(str(kind), ())
    for name in needed:
        if not claim.get(name):
            yield Fault("missing", name, "A")


def _diagnoses(rows: Iterable[Row]) -> Iterator[Fault]:
    kinds = [row.get("kind") for row in rows]
    if kinds and kinds.count("principal") != 1:
        yield Fault("one_principal", "kind", "B", facts={"count": kinds.count("principal")})
    elif kinds and kinds[0] != "principal":
        yield Fault("principal_first", "kind", "B")


def _lines(rows: Iterable[Row]) -> Iterator[Fault]:
    """금액 = 단가 × 1회투약량 × 1일투여횟수 × 총투여일수, half up to the won."""
    numbers: Counter[int] = Counter()
    for place, row in enumerate(rows, start=1):
        number = _number(row.get("line_no"))
        numbers[number] += 1
        factors = [_exact(row.get(name)) for name in ("dose", "times_per_day", "days", "unit_price", "amount")]
        if any(factor is None for factor in factors):
            continue  # told as missing or as no number
        dose, times, days, price, amount = (factor for factor in factors if factor is not None)
        whole = (dose * times * days).quantize(FOUR, rounding=ROUND_HALF_UP)
        quantity = row.get("quantity")
        found = _exact(quantity)
        if quantity is not None and (found is None or found.quantize(FOUR, rounding=ROUND_HALF_UP) != whole):
            facts = {"found": str(quantity), "expected": f"{whole.normalize():f}"}
            yield Fault("quantity", "quantity", "C", number or place, facts=facts)
        expected = round_half_up(price * whole)
        if amount != expected:
            facts = {"found": f"{amount:,}", "expected": f"{expected:,}"}
            yield Fault("amount", "amount", "C", number or place, facts=facts)
    for number, count in numbers.items():
        if count > 1:
            yield Fault("twice", "line_no", "C", number)


def _sums(claim: Row, lines: Iterable[Row]) -> Iterator[Fault]:
    total = _exact(claim.get("total_amount"))
    shares = [_exact(claim.get(name) or 0) for name in ("patient_share", "insurer_share", "disability_amount")]
    apart = ("full_self", "selective") if claim.get("selective_total") else ("full_self",)
    amounts = [_exact(row.get("amount")) for row in lines if row.get("copay_kind") not in apart]
    if total is None or None in shares or None in amounts:
        return  # told as missing or as no number
    both, inside = int(sum(filter(None, shares))), int(sum(filter(None, amounts))) // 10 * 10
    if str(claim.get("claim_type") or "ffs") in ADDED_UP and total != inside:
        yield Fault("total", "total_amount", "A", facts={"found": f"{total:,}", "expected": f"{inside:,}"})
    if both != total:
        yield Fault("shares", "insurer_share", "A", facts={"found": f"{both:,}", "expected": f"{total:,}"})


@lru_cache(maxsize=1)
def _demands() -> dict[str, dict[str, str]]:
    return {row["code_or_rule"]: row for row in table("claimcheck/note_required")}


@lru_cache(maxsize=1)
def _formats() -> dict[str, re.Pattern[str]]:
    return {row["code"]: pattern_of(row["format"]) for row in table("claimcheck/note_codes") if row["mark"] != "?"}


def pattern_of(grammar: str) -> re.Pattern[str]:
    """A note's format as a pattern: 9(5) to five digits, X(200) to 200 letters, X letters, CCYYMMDD, hhmm; parts split by `/`."""
    parts = []
    for part in grammar.split("/"):
        made = re.sub(r"9\((\d+)\)", r"\\d{1,\1}", part)
        made = re.sub(r"X\((\d+)\)", r"[^\\x00]{0,\1}", made)
        made = made.replace("CCYYMMDD", r"\d{8}").replace("hhmm", r"\d{4}")
        parts.append(r"[^/]*" if made == "X" else made)
    return re.compile("/".join(parts), re.DOTALL)


def _notes(statement: Statement) -> Iterator[Fault]:
    """특정내역: what a code demands is there, and is written as the table says."""
    notes = list(statement.get("notes") or ())
    there = {(row.get("code") or row.get("note_code"), _number(row.get("line_no"))) for row in notes}
    for place, line in enumerate(statement.get("lines") or (), start=1):
        demand = _demands().get(str(line.get("code")))
        number = _number(line.get("line_no")) or place
        if demand and not {(demand["note_code"], number), (demand["note_code"], 0)} & there:
            facts = {"code": demand["note_code"], "what": demand["text_ko"]}
            yield Fault("note_demanded", "text", "C", number, facts=facts, mark="?" if demand["mark"] == "?" else "")
    if statement["claim"].get("special_code") and not any(code == "MT002" for code, _line in there):
        yield Fault("note_demanded", "text", "E", facts={"code": "MT002", "what": "특정기호"})
    for place, row in enumerate(notes, start=1):
        code = str(row.get("code") or row.get("note_code") or "")
        pattern = _formats().get(code)
        if pattern and not pattern.fullmatch(str(row.get("text") or row.get("note_text") or "")):
            grammar = next(item["format"] for item in table("claimcheck/note_codes") if item["code"] == code)
            yield Fault("note_format", "text", "E", place, facts={"code": code, "expected": grammar})
