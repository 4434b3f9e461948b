"""The form of an HL7 v2 message: its character set, delimiters, header and segments; nothing of what it says.

Standard: HL7 v2.3-2.6 chapter 2; error conditions of table 0357. Segments may end with CR, LF or both. One message a frame:
a batch (BHS, FHS) or a second MSH is refused whole. `open_up` never crashes; it raises Hl7Error with AE or AR.
"""

import re
from dataclasses import dataclass

import hl7

MAX_BYTES = 8 << 20
MAX_CONTROL_ID = 60
VERSIONS = ("2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6")
CHARSETS = {
    "": "utf-8", "UNICODE UTF-8": "utf-8", "UTF-8": "utf-8", "ASCII": "ascii", "8859/1": "latin-1",
    "KS X 1001": "cp949", "KSX1001": "cp949", "KSC5601": "cp949", "EUC-KR": "cp949", "CP949": "cp949", "MS949": "cp949",
}  # fmt: skip

# Table 0357, error conditions
MISSING_SEGMENT, MISSING_FIELD, BAD_TYPE, BAD_VALUE = 100, 101, 102, 103
UNKNOWN_TYPE, UNKNOWN_EVENT, BAD_PROCESSING, BAD_VERSION, UNKNOWN_KEY, TAKEN_KEY, INTERNAL = (
    200,
    201,
    202,
    203,
    204,
    205,
    207,
)


class Hl7Error(Exception):
    """A message we answer with AE (its content) or AR (its form). The reason never repeats a value of the message."""

    def __init__(self, code: str, condition: int, reason: str, location: str = "") -> None:
        super().__init__(reason)
        self.code, self.condition, self.reason, self.location = code, condition, reason, location


@dataclass(frozen=True)
class Form:
    """A message that is whole: header facts and segments."""

    kind: str  # ORM^O01
    control_id: str
    version: str
    message: hl7.Message

    def all(self, name: str) -> list[hl7.Segment]:
        return [segment for segment in self.message if str(segment[0]) == name]

    def first(self, name: str) -> hl7.Segment | None:
        return next(iter(self.all(name)), None)

    def text(self, segment: hl7.Segment | None, number: int) -> str:
        """A whole field as it was sent; empty where there is none."""
        try:
            return str(segment[number]).strip() if segment is not None else ""
        except IndexError:
            return ""

    def parts(self, segment: hl7.Segment | None, number: int) -> list[list[str]]:
        """A field as repetitions of components, escapes resolved."""
        _, _, repeat, component, _ = self.message.separators
        return [
            [self.message.unescape(part).strip() for part in repetition.split(component)]
            for repetition in self.text(segment, number).split(repeat)
        ]

    def part(self, segment: hl7.Segment | None, number: int, component: int) -> str:
        """One component of the first repetition of a field; empty where there is none."""
        first = self.parts(segment, number)[0]
        return first[component - 1] if len(first) >= component else ""


def control_id_of(raw: bytes) -> str:
    """MSH-10 of any bytes, so that even a refusal names what it refuses; empty where it cannot be found."""
    found = _of(_header(raw), 10)
    return found[:MAX_CONTROL_ID] if found.isascii() and found.isprintable() else ""


def open_up(raw: bytes) -> Form:
    """Read the form. Raises Hl7Error."""
    if len(raw) > MAX_BYTES:
        raise Hl7Error("AR", INTERNAL, "the message is over 8 MiB; send it in parts")
    if not raw.startswith(b"MSH"):
        raise Hl7Error("AR", MISSING_SEGMENT, "a message begins with MSH; batches are not taken", "MSH")
    fields = _header(raw)
    encoding = _of(fields, 2)
    marks = (raw[3:4].decode("latin-1"), *encoding)
    if len(encoding) != 4 or len(set(marks)) != 5 or any(mark.isalnum() or not "!" <= mark <= "~" for mark in marks):
        raise Hl7Error("AR", BAD_VALUE, "MSH-1 and MSH-2 must be five different marks", "MSH-2")
    lines = re.split("[\r\n]+", _decoded(raw, fields, encoding[1]))
    text = "\r".join(line for line in lines if line)
    if "\0" in text:
        raise Hl7Error("AR", BAD_TYPE, "the message holds a zero byte")
    if "\rMSH" in text or "\rBHS" in text or "\rFHS" in text:
        raise Hl7Error("AR", MISSING_SEGMENT, "one message a frame; send each by itself", "MSH")
    kind, processing, version = (_of(fields, number).split(encoding[0]) for number in (9, 11, 12))
    control_id = control_id_of(raw)
    if not control_id or len(_of(fields, 10)) > MAX_CONTROL_ID:
        raise Hl7Error("AR", MISSING_FIELD, f"MSH-10 must be 1 to {MAX_CONTROL_ID} plain letters", "MSH-10")
    if version[0] not in VERSIONS:
        raise Hl7Error("AR", BAD_VERSION, f"versions {VERSIONS[0]} to {VERSIONS[-1]} are taken", "MSH-12")
    if processing[0] not in ("P", "T", "D"):
        raise Hl7Error("AR", BAD_PROCESSING, "the processing id must be P, T or D", "MSH-11")
    try:
        return Form("^".join(kind[:2]), control_id, version[0], hl7.parse(text))
    except Exception as error:  # the library raises many kinds on a broken form
        raise Hl7Error("AR", MISSING_SEGMENT, "the form of the message cannot be read", "MSH") from error


def _of(fields: list[str], number: int) -> str:
    return fields[number - 1].strip() if len(fields) >= number else ""


def _header(raw: bytes) -> list[str]:
    """The fields of the first segment by bytes; index n is MSH-(n+1) as the delimiter itself is MSH-1."""
    line = re.split(rb"[\r\n]", raw[: 1 << 16], maxsplit=1)[0].decode("latin-1")
    return line.split(line[3]) if line.startswith("MSH") and len(line) > 3 else []


def _decoded(raw: bytes, fields: list[str], repeat: str) -> str:
    named = _of(fields, 18).split(repeat)[0].strip().upper()
    charset = CHARSETS.get(named)
    if charset is None:
        raise Hl7Error("AR", BAD_VALUE, "the character set of MSH-18 is not taken", "MSH-18")
    try:
        return raw.decode(charset)
    except UnicodeDecodeError:
        raise Hl7Error("AE", BAD_TYPE, "the text does not fit the character set of MSH-18", "MSH-18") from None
