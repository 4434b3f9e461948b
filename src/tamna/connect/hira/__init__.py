"""Health Insurance Review & Assessment Service (건강보험심사평가원): send batches of claims, read what came back.

Format `tamna-hira/1` in either dress (`engines.claimfile`): JSON lines or fixed-width text, told apart by the content type. The
hospital's business time goes along in `X-Business-Time`, so that review terms follow it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tamna.connect.errors import Garbled
from tamna.connect.systems import HIRA
from tamna.connect.wire import ask, ask_for
from tamna.engines.claimfile import BadFile
from tamna.engines.claimfile import answers as text

JSON_LINES, FIXED_TEXT = "application/x-ndjson", "text/plain; charset=cp949"


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
    text: str = ""
    lines: list[Cut] = []
    what: str = ""  # records asked for
    due_on: date | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if self.decided > self.requested or (self.status == "full" and self.decided != self.requested):
            raise ValueError("more or less was decided than the status says")
        return self


class Document(BaseModel):
    """One answer: return (반송), result (심사결과통보서), payment (지급통보서) or a request for records (자료 요청). Its count and sum must be those of its rows."""

    id: int
    kind: Literal["return", "result", "payment", "request_records"]
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
        if self.kind == "request_records" and any(row.status != "held" or not row.what for row in self.statements):
            raise ValueError("a request says nothing of what is asked for")
        return self


class Documents(BaseModel):
    """A round of answers, each still to be read by itself, so that a bad one does not hide the others."""

    documents: list[dict[str, Any]]


@dataclass(frozen=True)
class Unreadable:
    """An answer whose number is known and whose content cannot be believed."""

    id: int
    reason: str


class Taken(BaseModel):
    """Records were received (자료 접수)."""

    received_on: date


def submit(content: bytes, *, at: datetime, kind: str = JSON_LINES) -> Receipt:
    """Hand a batch in (청구서 제출). The same file again gives the same receipt.

    Raises Unreachable, Garbled (ask again with the same file), Refused("batch_reused" or a form fault).
    """
    headers = {"X-Business-Time": at.isoformat(), "Content-Type": kind}
    receipt = ask_for(Receipt, "hira", "POST", f"{HIRA.url}/batches", content=content, headers=headers, timeout_s=30)
    if receipt.batch_no.encode() not in content[:2000].splitlines()[0]:
        raise Garbled("hira", "the receipt is for another batch")
    return receipt


def send_records(receipt_no: str, serial_no: str, reason: str, note: str, *, at: datetime) -> Taken:
    """Answer a request for records (심사자료 제출). The same again changes nothing. Raises Unreachable, Garbled, Refused."""
    body = {"receipt_no": receipt_no, "serial_no": serial_no, "reason": reason, "note": note}
    headers = {"X-Business-Time": at.isoformat()}
    return ask_for(Taken, "hira", "POST", f"{HIRA.url}/records", json=body, headers=headers, timeout_s=30)


def answers(after: int, *, at: datetime, kind: str = JSON_LINES) -> list[Document | Unreadable]:
    """Answers due by the hospital's time, after a cursor, oldest first; one that cannot be believed comes as Unreadable.

    In either dress. Raises Unreachable, Garbled (when not even its number can be read).
    """
    headers = {"X-Business-Time": at.isoformat(), "Accept": kind}
    asked: dict[str, Any] = {"params": {"after": after}, "headers": headers, "timeout_s": 30}
    if kind == JSON_LINES:
        rows = ask_for(Documents, "hira", "GET", f"{HIRA.url}/answers", **asked).documents
    else:
        try:
            rows = text.read(ask("hira", "GET", f"{HIRA.url}/answers", **asked).content)
        except BadFile as bad:
            raise Garbled("hira", f"{bad.code} in row {bad.row}") from None
    return [_document(row, after) for row in rows]


def _document(row: dict[str, Any], after: int) -> Document | Unreadable:
    try:
        return Document.model_validate(row)
    except ValidationError as error:
        number = row.get("id")
        if not isinstance(number, int) or number <= after:
            raise Garbled("hira", "an answer has no number") from None
        return Unreadable(number, error.errors(include_input=False, include_url=False)[0]["msg"])


class Plea(BaseModel):
    """이의신청·심판청구: one statement's decision, how much is asked for, and the letter."""

    model_config = ConfigDict(extra="forbid")

    plea_id: str
    kind: Literal["objection", "appeal"]
    batch_no: str
    receipt_no: str
    serial_no: str
    asked: int = Field(gt=0)
    previous_no: str = ""
    letter: str


class PleaReceipt(BaseModel):
    """접수증 of an objection or appeal."""

    plea_id: str
    receipt_no: str = Field(max_length=20)
    received_on: date


class Ruling(BaseModel):
    """결정 통지: what was ruled; what is regained comes as a payment of its own."""

    plea_id: str
    status: Literal["upheld", "partly", "dismissed"]
    regained: int = Field(ge=0)
    on: date

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if (self.status == "dismissed") != (self.regained == 0):
            raise ValueError("the sum does not fit the ruling")
        return self


class Rulings(BaseModel):
    rulings: list[Ruling]


def plead(plea: Plea, *, at: datetime) -> PleaReceipt:
    """Hand an objection or appeal in; the same again gives the same receipt. Raises Unreachable, Garbled, Refused."""
    body, headers = plea.model_dump(mode="json"), {"X-Business-Time": at.isoformat()}
    receipt = ask_for(PleaReceipt, "hira", "POST", f"{HIRA.url}/pleas", json=body, headers=headers, timeout_s=30)
    if receipt.plea_id != plea.plea_id:
        raise Garbled("hira", "the receipt is for another plea")
    return receipt


def rulings(plea_ids: list[str], *, at: datetime) -> list[Ruling]:
    """What was ruled by the hospital's time on these pleas. Raises Unreachable, Garbled."""
    headers = {"X-Business-Time": at.isoformat()}
    asked = {"plea_ids": plea_ids}
    return ask_for(Rulings, "hira", "POST", f"{HIRA.url}/rulings", json=asked, headers=headers, timeout_s=30).rulings
