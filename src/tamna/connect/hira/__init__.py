"""Health Insurance Review & Assessment Service (건강보험심사평가원): send batches of claims, read what came back.

Format `tamna-hira/1`: newline-delimited JSON, UTF-8: a header, one line a statement, a trailer with the count and the
sha256 of all earlier bytes. The hospital's business time goes along in `X-Business-Time`, so that review terms follow it.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from tamna.connect.systems import HIRA
from tamna.connect.wire import ask

LAYOUT = "tamna-hira/1"


class Header(BaseModel):
    """심사청구서. Unknown fields are an error."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["header"] = "header"
    layout: str = LAYOUT
    batch_no: str
    institution_id: str
    insurer_kind: str
    claim_kind: str
    setting: str
    care_month: str
    statement_count: int
    total_amount: int
    patient_share: int
    insurer_share: int
    claim_on: date
    kcd: str = "2026-01-01"
    fees: str = "2026-01-01"


class Receipt(BaseModel):
    """접수증."""

    batch_no: str
    receipt_no: str
    received_on: date


class Document(BaseModel):
    """One answer: return (반송), result (심사결과통보서) or payment (지급통보서)."""

    id: int
    kind: Literal["return", "result", "payment"]
    batch_no: str
    receipt_no: str
    on: date
    statements: list[dict[str, Any]]


class BadFile(ValueError):
    """The bytes are not a whole tamna-hira/1 file."""


def write(header: Header, statements: Iterable[dict[str, Any]]) -> bytes:
    """The file of a batch, byte for byte the same for the same input."""
    lines = [_line(header.model_dump(mode="json")), *(_line(statement) for statement in statements)]
    body = b"".join(lines)
    trailer = {"type": "trailer", "statements": len(lines) - 1, "sha256": hashlib.sha256(body).hexdigest()}
    return body + _line(trailer)


def read(content: bytes) -> tuple[Header, list[dict[str, Any]]]:
    """Read a file back. Raises BadFile when it was cut or changed."""
    lines = content.splitlines(keepends=True)
    if len(lines) < 2:
        raise BadFile("a batch has a header and a trailer")
    try:
        trailer = json.loads(lines[-1])
        header = Header.model_validate_json(lines[0])
        statements = [json.loads(line) for line in lines[1:-1]]
    except ValueError as error:
        raise BadFile("a line cannot be read") from error
    if trailer.get("sha256") != hashlib.sha256(b"".join(lines[:-1])).hexdigest() or trailer["statements"] != len(
        statements
    ):
        raise BadFile("the file was cut or changed")
    return header, statements


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode() + b"\n"


def submit(content: bytes, *, at: datetime) -> Receipt:
    """Hand a batch in (청구서 제출). The same file again gives the same receipt.

    Raises Unreachable (ask again with the same file), Refused("batch_reused" or a form fault).
    """
    headers = {"X-Business-Time": at.isoformat(), "Content-Type": "application/x-ndjson"}
    reply = ask("hira", "POST", f"{HIRA.url}/batches", content=content, headers=headers, timeout_s=30)
    return Receipt.model_validate_json(reply.content)


def answers(after: int, *, at: datetime) -> list[Document]:
    """Answers due by the hospital's time, after a cursor, oldest first."""
    headers = {"X-Business-Time": at.isoformat()}
    reply = ask("hira", "GET", f"{HIRA.url}/answers", params={"after": after}, headers=headers, timeout_s=30)
    return [Document.model_validate(row) for row in reply.json()["documents"]]
