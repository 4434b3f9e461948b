"""Claims as fixed-width text (심사청구서·명세서 고정 길이 파일): one writer and one reader for every layout.

Records H, then A B C D E of each statement, CP949, CRLF. Text is cut at a letter's border, never inside two bytes; a letter that
the encoding cannot hold becomes `?` with a warning that names statement and field. Numbers are never cut. Raises Unwritable with
every reason at once, BadFile on reading.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from tamna.engines.claimfile.changes import WRITTEN, as_read, decimal, number
from tamna.engines.claimfile.found import NOBODY, BadFile, Fault, Person, Statement, Unwritable
from tamna.engines.claimfile.layout import Field, Layout, Record, in_form, load_layout

Row = Mapping[str, Any]
KEY = {"batch_no": 0, "serial_no": 1}
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Written:
    """A file and what was changed to write it."""

    content: bytes
    warnings: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Read:
    """A file that was read; persons stand apart, so that a statement can be shown or logged."""

    header: dict[str, Any]
    statements: list[dict[str, Any]]
    persons: list[Person]


class _Notes:
    """Collects faults and warnings with the place at which the writer stands."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.warnings: list[Fault] = []
        self.serial_no, self.record, self.row = "", "", 0

    def fault(self, code: str, field: str, **facts: Any) -> None:
        self.faults.append(Fault(code, field, self.record, self.row, self.serial_no, facts))

    def warn(self, code: str, field: str, **facts: Any) -> None:
        self.warnings.append(Fault(code, field, self.record, self.row, self.serial_no, facts))


def write(
    header: Row, statements: Sequence[Statement], persons: Sequence[Person] | None = None, layout: Layout | None = None
) -> Written:
    """The text of a batch. `persons` follow the statements; without them names and numbers stay blank."""
    layout = layout or load_layout()
    notes, lines = _Notes(), []
    notes.record = layout.header.kind
    batch_no = str(header.get("batch_no", ""))
    lines.append(_line(layout.header, header, {}, NOBODY, (batch_no, ""), layout, notes))
    people = persons if persons is not None else [NOBODY] * len(statements)
    for position, (statement, person) in enumerate(zip(statements, people, strict=True), start=1):
        claim = statement["claim"]
        notes.serial_no = str(claim.get("serial_no") or f"{position:05d}")
        key, form = (batch_no, notes.serial_no), str(claim.get("form_code") or "")
        for plain in layout.records[1:]:
            record = in_form(plain, form)
            rows: Iterable[Row] = (claim,) if record.source == "claim" else statement.get(record.source) or ()
            notes.record, count = record.kind, 0
            for count, row in enumerate(rows, start=1):
                notes.row = 0 if record.source == "claim" else int(row.get("line_no") or count)
                lines.extend(_lines(record, row, claim, person, key, layout, notes))
            if not record.least <= count <= record.most:
                notes.row, few = 0, count < record.least
                notes.fault("too_few" if few else "too_many", record.source, count=record.least if few else record.most)
    if notes.faults:
        raise Unwritable(notes.faults)
    text = layout.newline.join(lines) + layout.newline
    return Written(text.encode(layout.encoding), tuple(notes.warnings))


def _lines(
    record: Record, row: Row, claim: Row, person: Person, key: tuple[str, str], layout: Layout, notes: _Notes
) -> Iterable[str]:
    """One record, or several where its text goes on."""
    long = next((item for item in record.fields if item.goes_on), None)
    text = row.get(long.id) if long else None
    if long is None or not isinstance(text, str) or (text.isascii() and len(text) <= long.len):
        yield _line(record, row, claim, person, key, layout, notes)
        return
    for part in _parts(_sound(text, long, layout, notes), long.len, layout.encoding):
        yield _line(record, {**row, long.id: part}, claim, person, key, layout, notes)


def _line(
    record: Record, row: Row, claim: Row, person: Person, key: tuple[str, str], layout: Layout, notes: _Notes
) -> str:
    made = []
    for item, constant, make in _plan(record):
        if constant is not None:
            made.append(constant)
            continue
        if make is not None:
            value = make(row, claim, layout)
        elif item.person:
            value = getattr(person, item.id)
        else:
            value = row.get(item.id) if item.id not in KEY else key[KEY[item.id]]
        if value is None:
            if not item.otherwise:
                made.append(" " * item.len)
                continue
            value = claim.get(item.otherwise)
        made.append(WRITERS[item.type](value, item, layout, notes))
    return "".join(made)


@lru_cache(maxsize=64)
def _plan(record: Record) -> tuple[tuple[Field, str | None, Callable[[Row, Row, Layout], Any] | None], ...]:
    """Fields with what does not depend on the row: their constant or their named change."""
    return tuple(
        (item, None if item.value is None else item.value.ljust(item.len), WRITTEN[item.make] if item.make else None)
        for item in record.fields
    )


def _text(value: Any, item: Field, layout: Layout, notes: _Notes) -> str:
    if item.codes and value is not None:
        if value not in item.codes:
            notes.fault("unknown_code", item.id)
            return " " * item.len
        value = item.codes[value]
    if value is None:
        return " " * item.len
    text = value if type(value) is str else _plain(value)
    if text.isascii() and text.isprintable():
        if len(text) <= item.len:
            return text if item.goes_on else text.ljust(item.len)
        room = len(text)
    else:
        text = _sound(text, item, layout, notes)
        room = len(text.encode(layout.encoding))
    if room > item.len:
        if not item.may_cut:
            notes.fault("too_long", item.id, length=item.len)
            return " " * item.len
        notes.warn("text_cut", item.id, length=item.len)
        text = _parts(text, item.len, layout.encoding)[0]
        room = len(text.encode(layout.encoding))
    return text if item.goes_on else text + " " * (item.len - room)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "Y" if value else "N"
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)


def _sound(text: str, item: Field, layout: Layout, notes: _Notes) -> str:
    """The text with letters that the encoding holds and no control characters."""
    if CONTROLS.search(text):
        text = CONTROLS.sub(" ", text)
        notes.warn("controls_removed", item.id)
    held = text.encode(layout.encoding, errors="replace").decode(layout.encoding)
    if held != text:
        notes.warn("letters_replaced", item.id)
    return held


def _parts(text: str, length: int, encoding: str) -> list[str]:
    """The text in pieces of at most `length` bytes, each ending at a letter's border."""
    raw, parts, start = text.encode(encoding), [], 0
    while len(raw) - start > length:
        end = start + length
        while True:
            try:
                parts.append(raw[start:end].decode(encoding))
                break
            except UnicodeDecodeError:
                end -= 1
        start = end
    return [*parts, raw[start:].decode(encoding)]


def _number(value: Any, item: Field, layout: Layout, notes: _Notes) -> str:
    if value is None or value == "":
        return " " * item.len
    if (type(value) is int or type(value) is float) and value % 1 == 0:
        text = str(int(value) * 10**item.decimals)
    else:
        try:
            exact = decimal(value).scaleb(item.decimals)
            whole = exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)
        except (InvalidOperation, ValueError):
            notes.fault("not_a_number", item.id)
            return " " * item.len
        if not item.decimals and whole != exact:
            notes.fault("not_whole", item.id)
        text = str(int(whole))
    if len(text) > item.len:
        notes.fault("too_long", item.id, length=item.len)
        return " " * item.len
    return text.rjust(item.len)


def _day(value: Any, item: Field, layout: Layout, notes: _Notes) -> str:
    if value is None or value == "":
        return " " * item.len
    try:
        day = value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
    except ValueError:
        notes.fault("not_a_day", item.id)
        return " " * item.len
    return f"{day.year:04d}{day.month:02d}{day.day:02d}"


WRITERS: dict[str, Callable[[Any, Field, Layout, _Notes], str]] = {"an": _text, "n": _number, "d": _day}


# -- reading -----------------------------------------------------------------------------------------------------------
def read(content: bytes, layout: Layout | None = None) -> Read:
    """A file read back. Raises BadFile where its records are not whole, not in order or not of this layout."""
    layout = layout or load_layout()
    end = layout.newline.encode()
    if not content.endswith(end):
        raise BadFile("cut", content.count(end) + 1)
    rows = content[: -len(end)].split(end)
    header, _person = _fields(layout.header, rows[0], layout, 1)
    if layout.settings:
        header["setting"] = layout.settings.get(
            header.get("batch_no", " " * 7)[6:7], header.get("setting", "outpatient")
        )
    kinds = {record.kind.encode(): (place, record) for place, record in enumerate(layout.records[1:])}
    at = layout.records[1].kind_at
    made = Read(header, [], [])
    before, continued = -1, False
    for number_, raw in enumerate(rows[1:], start=2):
        place, plain = kinds.get(raw[at : at + 1], (-1, layout.header))
        if place < 0:
            raise BadFile("unknown_record", number_)
        if place == 0:
            _begin(made, plain, raw, layout, number_)
        elif before < 0 or place < before:
            raise BadFile("order", number_)
        else:
            continued = _add(made.statements[-1], plain, raw, layout, number_, continued and place == before)
        before, continued = place, continued and place > 0
    if header.get("statement_count") != len(made.statements):
        raise BadFile("count", 1, "statement_count")
    return made


def _begin(made: Read, record: Record, raw: bytes, layout: Layout, row: int) -> None:
    claim, person = _fields(record, raw, layout, row)
    runs = not layout.running or claim.get("serial_no") == f"{len(made.statements) + 1:05d}"
    if claim.get("batch_no") != made.header.get("batch_no") or not runs:
        raise BadFile("serial", row, "serial_no")
    if layout.settings:
        claim["insurer_kind"], claim["setting"] = made.header.get("insurer_kind"), made.header["setting"]
        claim["claim_type"] = layout.claim_type_of(str(claim.get("form_code")))
    made.persons.append(person)
    made.statements.append(
        {"claim": claim, **{other.source: [] for other in layout.records if other.source not in ("header", "claim")}}
    )


def _add(statement: dict[str, Any], plain: Record, raw: bytes, layout: Layout, row: int, continued: bool) -> bool:
    """Put a record in its list; text that goes on is joined. Returns whether this record's text may go on."""
    claim = statement["claim"]
    record = in_form(plain, str(claim.get("form_code")))
    made, _person = _fields(record, raw, layout, row)
    if (made.pop("batch_no", ""), made.pop("serial_no", "")) != (claim.get("batch_no"), claim.get("serial_no")):
        raise BadFile("serial", row, "serial_no")
    long = next((item for item in record.fields if item.goes_on), None)
    rows: list[dict[str, Any]] = statement[record.source]
    if long and continued and _key(rows[-1], long) == _key(made, long):
        rows[-1][long.id] = rows[-1].get(long.id, "") + made.get(long.id, "")
    else:
        if record.source == "diagnoses":
            made["seq"] = len(rows) + 1
        rows.append(made)
    return long is not None and len(raw) - (long.pos - 1) >= long.len - 1


def _key(row: Row, long: Field) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != long.id}


def _fields(record: Record, raw: bytes, layout: Layout, row: int) -> tuple[dict[str, Any], Person]:
    last = record.fields[-1]
    if not (len(raw) == record.length or (last.goes_on and last.pos <= len(raw) < record.length)):
        raise BadFile("length", row)
    made: dict[str, Any] = {}
    person: dict[str, str] = {}
    for item, start, end in _spans(record):
        part = raw[start:end] if item.goes_on else raw[start:end].rstrip(b" ")
        try:
            text = part.decode(layout.encoding) if part else ""
        except UnicodeDecodeError:
            raise BadFile("letters", row, item.id) from None
        if item.value is not None:
            if text != item.value:
                raise BadFile("constant", row, item.id)
        elif item.person:
            person[item.id] = text
        elif (text or item.codes) and (value := _value(text, item, row)) is not None:
            made[item.id] = value
    return as_read(made, _makes(record), layout), Person(**person)


@lru_cache(maxsize=64)
def _spans(record: Record) -> tuple[tuple[Field, int, int], ...]:
    return tuple((item, item.pos - 1, item.pos - 1 + item.len) for item in record.fields)


@lru_cache(maxsize=64)
def _makes(record: Record) -> frozenset[str]:
    return frozenset(item.make for item in record.fields if item.make)


def _value(text: str, item: Field, row: int) -> Any:
    if item.codes and not item.one_way:
        back = {theirs: ours for ours, theirs in item.codes.items()} | item.also
        if text in back:
            return back[text]
        if not text:
            return None
        raise BadFile("unknown_code", row, item.id)
    if not text or item.one_way:
        return None
    try:
        if item.type == "n":
            return number(Decimal(text.strip()).scaleb(-item.decimals))
        if item.type == "d":
            return date(int(text[:4]), int(text[4:6]), int(text[6:])).isoformat()
    except (ValueError, InvalidOperation):
        raise BadFile("not_a_number" if item.type == "n" else "not_a_day", row, item.id) from None
    return text
