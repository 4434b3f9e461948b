"""Health Insurance Review & Assessment Service (건강보험심사평가원): send batches of claims, read what came back.

Format `tamna-hira/1`: newline-delimited JSON, UTF-8: a header, one line a statement, a trailer with the count and the
sha256 of all earlier bytes. The hospital's business time goes along in `X-Business-Time`, so that review terms follow it.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tamna.connect.errors import Garbled
from tamna.connect.systems import HIRA
from tamna.connect.wire import ask_for

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


class Cut(BaseModel):
    """A line that was cut (조정 내역)."""

    line_no: int
    amount: int = Field(ge=0)
    reason: str


class Decision(BaseModel):
    """What was decided about one statement (명세서별 결정)."""

    serial_no: str
    status: Literal["returned", "impossible", "held", "full", "adjusted", "paid"]
    requested: int = Field(ge=0)
    decided: int = Field(ge=0)
    reason: str = ""
    lines: list[Cut] = []

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if self.decided > self.requested or (self.status == "full" and self.decided != self.requested):
            raise ValueError("more or less was decided than the status says")
        return self


class Document(BaseModel):
    """One answer: return (반송), result (심사결과통보서) or payment (지급통보서). Its count and sum must be those of its rows."""

    id: int
    kind: Literal["return", "result", "payment"]
    batch_no: str
    receipt_no: str
    on: date
    count: int
    decided_sum: int
    statements: list[Decision]

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.count != len(self.statements) or self.decided_sum != sum(row.decided for row in self.statements):
            raise ValueError("count or sum differ from the rows")
        if len({row.serial_no for row in self.statements}) != self.count:
            raise ValueError("a statement is named twice")
        if (self.kind == "payment") != all(row.status == "paid" for row in self.statements):
            raise ValueError("the rows do not belong to this kind of document")
        return self


class Documents(BaseModel):
    """A round of answers, each still to be read by itself, so that a bad one does not hide the others."""

    documents: list[dict[str, Any]]


@dataclass(frozen=True)
class Unreadable:
    """An answer whose number is known and whose content cannot be believed."""

    id: int
    reason: str


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

    Raises Unreachable, Garbled (ask again with the same file), Refused("batch_reused" or a form fault).
    """
    headers = {"X-Business-Time": at.isoformat(), "Content-Type": "application/x-ndjson"}
    receipt = ask_for(Receipt, "hira", "POST", f"{HIRA.url}/batches", content=content, headers=headers, timeout_s=30)
    if receipt.batch_no != json.loads(content.splitlines()[0])["batch_no"]:
        raise Garbled("hira", "the receipt is for another batch")
    return receipt


def answers(after: int, *, at: datetime) -> list[Document | Unreadable]:
    """Answers due by the hospital's time, after a cursor, oldest first; one that cannot be believed comes as Unreadable.

    Raises Unreachable, Garbled (when not even its number can be read).
    """
    headers = {"X-Business-Time": at.isoformat()}
    found = ask_for(
        Documents, "hira", "GET", f"{HIRA.url}/answers", params={"after": after}, headers=headers, timeout_s=30
    )
    return [_document(row, after) for row in found.documents]


def _document(row: dict[str, Any], after: int) -> Document | Unreadable:
    try:
        return Document.model_validate(row)
    except ValidationError as error:
        number = row.get("id")
        if not isinstance(number, int) or number <= after:
            raise Garbled("hira", "an answer has no number") from None
        return Unreadable(number, error.errors(include_input=False, include_url=False)[0]["msg"])
