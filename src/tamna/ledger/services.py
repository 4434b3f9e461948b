"""Posting (기장): the only way into the ledger. One entry, one key, debits equal credits (의료기관 회계기준 규칙).

Amounts in won. Entries are never changed: `reverse` posts the opposite and names what it corrects.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import transaction

from tamna.core import clock, numbering, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.ledger.models import Account, JournalEntry, JournalLine
from tamna.params import load_raw

CASH, DEPOSITS, PATIENTS, INSURERS, THIRD_PAYERS, CARDS, SIMPLE = "1101", "1103", "1121", "1122", "1123", "1125", "1126"
HELD = "2112"  # 의료선수금
INPATIENT, OUTPATIENT, EMERGENCY, CUTS, CUTS_BY_OTHERS = "4101", "4102", "4103", "4191", "4192"
BAD_DEBTS, OVER_SHORT = "5381", "5391"
REVENUE = {"inpatient": INPATIENT, "outpatient": OUTPATIENT, "emergency": EMERGENCY}
TENDER = {"cash": CASH, "card": CARDS, "transfer": DEPOSITS, "simple": SIMPLE, "set_off": PATIENTS, "deposit": HELD,
          "payer": THIRD_PAYERS, "writeoff": BAD_DEBTS}  # fmt: skip
OVER_THE_COUNTER = (CASH, CARDS, DEPOSITS, SIMPLE)  # where money of a cashier goes


def receivable(payer: str) -> str:
    """The account of the insurer's share (의료미수금): the health insurance's, or a third payer's."""
    return THIRD_PAYERS if payer in ("auto", "industrial") else INSURERS


@dataclass(frozen=True)
class Line:
    """A signed line: positive is debit (차변), negative is credit (대변); zero lines are left out."""

    account: str
    won: int
    department: str = ""


def ensure_accounts() -> None:
    """Make the accounts of the parameter file (계정과목) that are missing."""
    for row in load_raw("ledger/accounts")["accounts"]:
        Account.objects.get_or_create(
            code=row["code"], defaults={key: row[key] for key in ("name_ko", "name_en", "kind")}
        )
    _account_ids.cache_clear()


@lru_cache(maxsize=1)
def _account_ids() -> dict[str, int]:
    return dict(Account.objects.values_list("code", "id"))


def account_id(code: str) -> int:
    """Primary key of an account; the chart of accounts is made on first use."""
    if code not in _account_ids():
        _account_ids.cache_clear()
        if code not in _account_ids():
            ensure_accounts()
    return _account_ids()[code]


@transaction.atomic
def post(
    *,
    key: str,
    on: date,
    text: str,
    facts: dict[str, Any],
    lines: Sequence[Line],
    by: Actor,
    source_type: str,
    source_ref: UUID | None = None,
    encounter_ref: UUID | None = None,
) -> JournalEntry | None:
    """Post one entry (분개). The same key posts once; None when there is nothing to post. Raises ledger.unbalanced."""
    kept = [line for line in lines if line.won]
    if not kept:
        return None
    if sum(line.won for line in kept):
        raise DomainError("ledger.unbalanced", difference=sum(line.won for line in kept))
    existing = JournalEntry.objects.filter(key=key).first()
    if existing:
        return existing
    entry = JournalEntry.objects.create(
        number=numbering.take("journal"), key=key, business_on=on, text=text, facts=facts, source_type=source_type,
        source_ref=source_ref, encounter_ref=encounter_ref, posted_at=clock.now(),
    )  # fmt: skip
    JournalLine.objects.bulk_create(
        JournalLine(
            entry=entry, account_id=account_id(line.account), debit_won=max(line.won, 0), credit_won=max(-line.won, 0),
            department_code=line.department,
        )
        for line in kept
    )  # fmt: skip
    facts = {"entry_id": entry.pk, "number": entry.number}
    outbox.record("journal.posted", facts, by=by, subject=("entry", entry.public_id))
    return entry


def reverse(entry: JournalEntry, *, on: date, reason: str, by: Actor) -> JournalEntry | None:
    """Post the opposite of an entry (역분개)."""
    return post(
        key=f"reversal:{entry.pk}",
        on=on,
        text="Reversal of entry %(number)s: %(reason)s",
        facts={"number": entry.number, "reason": reason},
        lines=[
            Line(line.account.code, line.credit_won - line.debit_won, line.department_code)
            for line in entry.lines.select_related("account")
        ],
        by=by,
        source_type="journal",
        source_ref=entry.public_id,
        encounter_ref=entry.encounter_ref,
    )
