"""Claims as JSON lines (`application/x-ndjson`, UTF-8): a header, one line a statement, a trailer.

The header's names are those of the layout, an unknown one is an error; a statement keeps what it brings. The trailer holds the
count and the sha256 of all earlier bytes. The same input gives the same bytes.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tamna.engines.claimfile.found import BadFile, Fault, Statement, Unwritable
from tamna.engines.claimfile.layout import Layout, load_layout

PARTS = ("claim", "diagnoses", "lines", "prescriptions", "notes")


def write(header: Mapping[str, Any], statements: Sequence[Statement], layout: Layout | None = None) -> bytes:
    """The file of a batch. Raises Unwritable for a header field that the layout does not know."""
    layout = layout or load_layout()
    unknown = sorted(set(header) - layout.header_fields)
    if unknown:
        raise Unwritable([Fault("header_field", name, layout.header.kind) for name in unknown])
    lines = [_line({"type": "header", "layout": layout.name, **header})]
    lines += [
        _line({"claim": row["claim"], **{part: row.get(part) or [] for part in PARTS[1:]}, **row}) for row in statements
    ]
    body = b"".join(lines)
    return body + _line({"type": "trailer", "statements": len(statements), "sha256": hashlib.sha256(body).hexdigest()})


def read(content: bytes, layout: Layout | None = None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Header and statements of a file. Raises BadFile when it was cut or changed, or says what the layout does not know."""
    layout = layout or load_layout()
    lines = content.splitlines(keepends=True)
    if len(lines) < 2:
        raise BadFile("cut", len(lines))
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
        except ValueError:
            raise BadFile("not_json", number) from None
        if not isinstance(row, dict):
            raise BadFile("not_json", number)
        rows.append(row)
    header, *statements, trailer = rows
    if trailer.get("type") != "trailer" or set(trailer) != {"type", "statements", "sha256"}:
        raise BadFile("cut", len(lines))
    if trailer["sha256"] != hashlib.sha256(b"".join(lines[:-1])).hexdigest():
        raise BadFile("changed", len(lines), "sha256")
    if header.pop("type", "") != "header" or header.get("layout") != layout.name:
        raise BadFile("layout", 1, "layout")
    unknown = sorted(set(header) - layout.header_fields)
    if unknown:
        raise BadFile("header_field", 1, unknown[0])
    needed = next((item.id for item in layout.header.fields if item.required and header.get(item.id) is None), None)
    if needed:
        raise BadFile("missing", 1, needed)
    if not trailer["statements"] == header["statement_count"] == len(statements):
        raise BadFile("count", len(lines), "statement_count")
    for number, row in enumerate(statements, start=2):
        if not isinstance(row.get("claim"), dict) or not all(isinstance(row.get(part), list) for part in PARTS[1:]):
            raise BadFile("parts", number)
    return header, statements


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode() + b"\n"
