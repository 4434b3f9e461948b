"""Claims against the ledger (보험자 의료미수금 대사): the receivable from insurers, seen from both sides, visit by visit.

The ledger's side is account 1122. The other side knows nothing of it: what was billed to the insurer, less what the agency's
documents paid, less cuts that a person accepted; split by where each statement stands. Whole database in one pass.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any
from uuid import UUID

from django.db import connection

from tamna.ledger import services

MOST = 200  # visits that differ are listed this far


@dataclass(frozen=True)
class Bucket:
    """Won that stand at one place of the way: `state` of the statement, or how far billed and claimed are apart."""

    state: str
    count: int
    won: int


@dataclass(frozen=True)
class Difference:
    """A visit whose two sides differ."""

    encounter_ref: UUID
    ledger_won: int
    claims_won: int

    @property
    def won(self) -> int:
        return self.ledger_won - self.claims_won


@dataclass(frozen=True)
class Reconciled:
    """Both sides and what lies between them."""

    ledger_won: int
    buckets: list[Bucket]
    differences: list[Difference]
    differing: int  # how many visits differ, listed or not

    @property
    def claims_won(self) -> int:
        return sum(bucket.won for bucket in self.buckets)

    @property
    def difference_won(self) -> int:
        return self.ledger_won - self.claims_won


@lru_cache(maxsize=1)
def _queries() -> dict[str, str]:
    text = resources.files("tamna.ledger").joinpath("receivables.sql").read_text(encoding="utf-8")
    named = (part.partition("\n") for part in text.split("-- name: ")[1:])
    return {name.strip(): query.strip() for name, _, query in named}


def reconcile() -> Reconciled:
    """The receivable from both sides. Two queries."""
    asked: dict[str, Any] = {"account": services.account_id(services.INSURERS), "most": MOST}
    with connection.cursor() as cursor:
        cursor.execute(_queries()["common"] + _queries()["buckets"], asked)
        rows = cursor.fetchall()
        cursor.execute(_queries()["common"] + _queries()["differences"], asked)
        found = cursor.fetchall()
    ledger = next((int(won) for state, _count, won in rows if state == "ledger"), 0)
    buckets = [Bucket(state, int(count), int(won)) for state, count, won in rows if state != "ledger" and count]
    differing = int(found[0][3]) if found else 0
    return Reconciled(
        ledger, buckets, [Difference(ref, int(books), int(claims)) for ref, books, claims, _all in found], differing
    )
