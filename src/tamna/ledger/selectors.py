"""Reads of the ledger: journal, trial balance, one account. Bounded queries."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Prefetch, QuerySet, Sum

from tamna.ledger.models import Account, JournalEntry, JournalLine


@dataclass(frozen=True)
class BalanceRow:
    """An account with its sums (합계잔액시산표)."""

    account: Account
    debit_won: int
    credit_won: int

    @property
    def balance_won(self) -> int:
        return self.debit_won - self.credit_won


def journal(*, on: date | None = None, account: str = "", source_type: str = "") -> QuerySet[JournalEntry]:
    """Entries with their lines, newest first when paged by ("-id",)."""
    entries = JournalEntry.objects.prefetch_related(
        Prefetch("lines", JournalLine.objects.select_related("account").order_by("-debit_won", "id"))
    )
    if on:
        entries = entries.filter(business_on=on)
    if account:
        entries = entries.filter(lines__account__code=account).distinct()
    return entries.filter(source_type=source_type) if source_type else entries


def of_encounter(encounter_ref: UUID) -> QuerySet[JournalEntry]:
    """Entries that a visit caused."""
    return journal().filter(encounter_ref=encounter_ref).order_by("id")


def trial_balance(start: date, end: date) -> list[BalanceRow]:
    """합계잔액시산표 from `start` to `end`, both included. One query."""
    sums = (
        JournalLine.objects.filter(entry__business_on__range=(start, end))
        .values("account_id")
        .annotate(debit=Sum("debit_won"), credit=Sum("credit_won"))
    )
    by_account = {row["account_id"]: row for row in sums}
    return [
        BalanceRow(account, by_account[account.pk]["debit"], by_account[account.pk]["credit"])
        for account in Account.objects.all()
        if account.pk in by_account
    ]
