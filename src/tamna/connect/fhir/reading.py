"""Reading FHIR R4 as JSON (RFC 8259, FHIR R4 §2.6): files, gzip, folders, bundles and NDJSON, within bounded memory.

Shape out: `Parcel`, one unit of work: the entries of one bundle, or up to 500 lines of NDJSON. Bytes are measured before
they are read, decimals keep their written digits, and nothing ambiguous passes (NaN, a key given twice, another encoding).
Raises FhirError with a key and facts; a value of the input is never repeated in it.
"""

import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

MAX_BUNDLE_BYTES = 64 << 20  # unpacked; reading one of 63 MiB and 66,862 entries peaked at 479 MiB
MAX_LINE_BYTES = 16 << 20
MAX_LINES_BYTES = 4 << 30  # of one NDJSON file, unpacked: it is read in pieces
LINES, PIECE_BYTES = 500, 8 << 20
MAX_BAD_LINES = 200
MAX_DIGITS = 40
SUFFIXES = (".json", ".ndjson", ".jsonl")
NUL = "\x00"
TAKEN = ("transaction", "batch", "collection", "searchset")
RANK = {"Organization": 0, "Location": 0, "Practitioner": 0, "Patient": 1, "Coverage": 2, "Encounter": 3}


class Exact(str):
    """A decimal as it was written (FHIR: its precision is part of the value): NUL and the digits, so that it dumps bare."""

    __slots__ = ()


class FhirError(Exception):
    """Input that is refused (거절). `key` names the sentence, `facts` fill it; `row` is an entry or a line, from 1."""

    def __init__(self, key: str, *, row: int | None = None, field: str = "", **facts: Any) -> None:
        super().__init__(key)
        self.key, self.row, self.field, self.facts = key, row, field, facts


@dataclass(frozen=True)
class Parcel:
    """One unit of work, known by its digest before it is opened. `first` is the row of its first entry."""

    name: str
    digest: str
    open: Callable[[], "list[Entry]"]


@dataclass(frozen=True)
class Entry:
    """An entry as it came; `error` where it could not be read."""

    row: int
    value: dict[str, Any]
    error: FhirError | None = None


def files(path: Path) -> list[Path]:
    """The FHIR files at a path: itself, or those of a folder, people before what is about them. Raises FhirError."""
    try:
        if path.is_dir():
            found = sorted(item for item in path.rglob("*") if item.is_file() and _suffix(item) in SUFFIXES)
            if not found:
                raise FhirError("fhir.empty_folder")
            return sorted(found, key=_rank)
        if not path.exists():
            raise FhirError("fhir.no_such_file")
        return [path]
    except PermissionError as error:
        raise FhirError("fhir.no_right") from error


def _suffix(path: Path) -> str:
    return (path.with_suffix("") if path.suffix == ".gz" else path).suffix


def _rank(path: Path) -> tuple[int, str]:
    """Of NDJSON with one type a file, people come first."""
    kind = re.split(r"[.\-_]", path.name)[0]
    return (RANK.get(kind, 9 if kind[:1].isupper() and _suffix(path) != ".json" else 1), path.as_posix())


def parcels(path: Path) -> Iterator[Parcel]:
    """The units of one file, in order. Raises FhirError where the file as a whole cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
        if not head:
            raise FhirError("fhir.empty")
        if _is_lines(path):
            yield from _pieces(path)
            return
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        yield Parcel(path.name, digest, lambda: bundle(_whole(path)))
    except PermissionError as error:
        raise FhirError("fhir.no_right") from error
    except OSError as error:
        raise FhirError("fhir.unreadable") from error


def _unpacked(path: Path) -> IO[bytes]:
    """The bytes of a file, unpacked where it is gzip, whatever its name says."""
    file = path.open("rb")
    is_packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    return gzip.open(file) if is_packed else file  # type: ignore[return-value]


def _whole(path: Path) -> bytes:
    try:
        with _unpacked(path) as file:
            if not isinstance(file, gzip.GzipFile) and path.stat().st_size > MAX_BUNDLE_BYTES:
                raise FhirError("fhir.too_large", limit_mib=MAX_BUNDLE_BYTES >> 20)
            content = file.read(MAX_BUNDLE_BYTES + 1)
    except PermissionError as error:
        raise FhirError("fhir.no_right") from error
    except (OSError, EOFError, zlib.error) as error:
        raise FhirError("fhir.cut_gzip") from error
    if len(content) > MAX_BUNDLE_BYTES:
        raise FhirError("fhir.too_large", limit_mib=MAX_BUNDLE_BYTES >> 20)
    return content


def _is_lines(path: Path) -> bool:
    """NDJSON by its name, or because its first line is a resource by itself and another one follows."""
    if _suffix(path) in (".ndjson", ".jsonl"):
        return True
    try:
        with _unpacked(path) as file:
            first, second = file.readline(1 << 20), file.readline(64)
    except (OSError, EOFError, zlib.error):
        return False  # said where it is read
    if not second.strip().startswith(b"{") or not first.rstrip().endswith(b"}"):
        return False
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False


def _pieces(path: Path) -> Iterator[Parcel]:
    lines: list[bytes] = []
    size = total = row = 0
    try:
        with _unpacked(path) as file:
            while line := file.readline(MAX_LINE_BYTES + 1):
                total += len(line)
                if len(line) > MAX_LINE_BYTES or total > MAX_LINES_BYTES:
                    raise FhirError("fhir.too_large", row=row + 1, limit_mib=MAX_LINE_BYTES >> 20)
                lines.append(line)
                row, size = row + 1, size + len(line)
                if len(lines) == LINES or size > PIECE_BYTES:
                    yield _piece(path.name, lines, row - len(lines) + 1)
                    lines, size = [], 0
    except (OSError, EOFError, zlib.error) as error:
        raise FhirError("fhir.cut_gzip", row=row + 1) from error
    if any(line.strip() for line in lines):
        yield _piece(path.name, lines, row - len(lines) + 1)
    elif not row:
        raise FhirError("fhir.empty")


def _piece(name: str, lines: list[bytes], first: int) -> Parcel:
    kept = list(lines)
    digest = hashlib.sha256(b"".join(kept)).hexdigest()
    return Parcel(name, digest, lambda: _line_entries(kept, first))


def _line_entries(lines: list[bytes], first: int) -> list[Entry]:
    entries: list[Entry] = []
    for row, line in enumerate(lines, start=first):
        if not line.strip():
            continue
        try:
            entries.append(Entry(row, {"resource": parse(line)}))
        except FhirError as error:
            error.row = row
            entries.append(Entry(row, {}, error))
    bad = [entry for entry in entries if entry.error]
    if len(bad) == len(entries) and len(bad) > MAX_BAD_LINES:
        raise FhirError("fhir.no_lines", row=first, count=len(bad))
    return entries


def bundle(content: bytes) -> list[Entry]:
    """The entries of a bundle, or a lone resource as one. Raises FhirError."""
    value = parse(content)
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        raise FhirError("fhir.not_fhir")
    if value["resourceType"] != "Bundle":
        return [Entry(1, {"resource": value})]
    if value.get("type") not in TAKEN:
        raise FhirError("fhir.bundle_type", field="Bundle.type", taken=", ".join(TAKEN))
    entries = value.get("entry", [])
    if not isinstance(entries, list):
        raise FhirError("fhir.not_fhir", field="Bundle.entry")
    if not entries:
        raise FhirError("fhir.empty_bundle", field="Bundle.entry")
    return [Entry(row, entry if isinstance(entry, dict) else {}) for row, entry in enumerate(entries, start=1)]


def parse(content: bytes) -> Any:
    """JSON as FHIR wants it. Decimals come as Exact. Raises FhirError."""
    text = _text(content)
    try:
        value = json.loads(
            text, parse_constant=_constant, parse_float=_decimal, parse_int=_whole_number, object_pairs_hook=_object
        )
    except RecursionError as error:
        raise FhirError("fhir.too_deep") from error
    except json.JSONDecodeError as error:
        key = "fhir.cut_json" if error.pos >= len(text.rstrip()) - 1 or "Unterminated" in error.msg else "fhir.bad_json"
        raise FhirError(key, line=error.lineno, column=error.colno) from error
    except MemoryError as error:
        raise FhirError("fhir.too_large", limit_mib=MAX_BUNDLE_BYTES >> 20) from error
    if _nul.search(text) or (_surrogate.search(text) and _has_half_a_letter(value)):
        raise FhirError("fhir.bad_text")
    return value


_nul = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_surrogate = re.compile(r"\\u[dD][89a-fA-F]")


def _has_half_a_letter(value: Any) -> bool:
    """A surrogate without its other half: JSON can write it, no encoding and no database can hold it."""
    try:
        dump(value).encode()
    except UnicodeEncodeError:
        return True
    return False


def _text(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or (b"\x00" in content[:4] and b"{" in content[:4]):
        raise FhirError("fhir.encoding", found="UTF-16")
    if content[:2] == b"\x1f\x8b" or content[:2] == b"PK" or b"\x00" in content[:1024]:
        raise FhirError("fhir.binary")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        try:
            content[: 1 << 20].decode("cp949")
        except UnicodeDecodeError as other:
            if other.start < (1 << 20) - 2:
                raise FhirError("fhir.binary" if _is_binary(content) else "fhir.encoding", found="?") from error
        raise FhirError("fhir.encoding", found="CP949 (EUC-KR)", byte=error.start) from error
    if not text.strip():
        raise FhirError("fhir.empty")
    return text


def _is_binary(content: bytes) -> bool:
    sample = content[:4096]
    return sum(byte < 9 or 13 < byte < 32 for byte in sample) > len(sample) // 20


def _constant(name: str) -> Any:
    raise FhirError("fhir.bad_number", found=name)


def _decimal(digits: str) -> str:
    mantissa, _, exponent = digits.lower().partition("e")
    if len(mantissa) > MAX_DIGITS or (exponent and abs(int(exponent[:6])) > 400):
        raise FhirError("fhir.bad_number", found=f"{len(digits)} digits")
    return Exact(NUL + digits)


def _whole_number(digits: str) -> int | str:
    if len(digits) > MAX_DIGITS:
        raise FhirError("fhir.bad_number", found=f"{len(digits)} digits")
    return int(digits) if digits != "-0" else Exact(NUL + digits)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise FhirError("fhir.key_twice")
    return found


_exact = re.compile(r'"\\u0000([^"\\]+)"')


def dump(value: Any) -> str:
    """Compact JSON, keys in the order they came, decimals as they were written."""
    return _exact.sub(r"\1", json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def canonical(value: Any) -> str:
    """One text for equal content, whatever the order of keys: what a digest is taken of."""
    return _exact.sub(r"\1", json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True))
