"""Answers of the agency as fixed-width text (통보서 텍스트): the same writer and reader over a layout of their own.

A document as JSON has it: id, kind, batch_no, receipt_no, on, count, decided_sum, statements [{serial_no, status, requested, decided,
reason, text, lines, what, due_on}]. Raises Unwritable, BadFile.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from tamna.engines.claimfile import fixed
from tamna.engines.claimfile.layout import Layout, load_layout

ANSWERS = "claim_layout/tamna-hira-1-answers"
HEAD = ("id", "kind", "batch_no", "receipt_no", "on", "decided_sum")


def layout() -> Layout:
    return load_layout(ANSWERS)


def write(documents: Iterable[Mapping[str, Any]]) -> bytes:
    """Documents one after the other."""
    return b"".join(_write(document) for document in documents)


def _write(document: Mapping[str, Any]) -> bytes:
    rows = document["statements"]
    header = {name: document[name] for name in HEAD} | {"statement_count": len(rows)}
    return fixed.write(
        header, [{"claim": row, "lines": row.get("lines") or []} for row in rows], None, layout()
    ).content


def read(content: bytes) -> list[dict[str, Any]]:
    """Documents as JSON has them."""
    end = layout().newline.encode()
    parts: list[list[bytes]] = []
    for line in content.split(end)[:-1]:
        if line[10:11] == b"R" or not parts:
            parts.append([])
        parts[-1].append(line)
    return [_read(end.join(part) + end) for part in parts]


def _read(content: bytes) -> dict[str, Any]:
    found = fixed.read(content, layout())
    rows = [
        {name: value for name, value in row["claim"].items() if name != "batch_no"} | {"lines": row["lines"]}
        for row in found.statements
    ]
    head = {name: found.header[name] for name in HEAD if name in found.header}
    return head | {"count": found.header["statement_count"], "statements": rows}
