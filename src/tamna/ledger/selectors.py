"""Reads of the ledger: journal, trial balance, one account. Bounded queries."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from tamna.ledger import services
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


SOURCES = {
    "invoice": noop("Bill"),
    "payment": noop("Payment"),
    "closing": noop("Day close"),
    "deposit": noop("Deposit"),
    "payer_bill": noop("Third payer"),
    "claim": noop("Claim"),
    "journal": noop("Correction"),
}


def journal() -> QuerySet[JournalEntry]:
    """Entries with their lines, newest first when paged by ("-id",)."""
    return JournalEntry.objects.prefetch_related(
        Prefetch("lines", JournalLine.objects.select_related("account").order_by("-debit_won", "id"))
    )


def touching(entries: QuerySet[JournalEntry], account: str) -> QuerySet[JournalEntry]:
    """Entries with a line on an account, by its code. The account is asked first: whether it is rare decides the plan."""
    found = Account.objects.filter(code=account).first()
    return (
        entries.filter(Exists(JournalLine.objects.filter(account=found, entry=OuterRef("pk"))))
        if found
        else entries.none()
    )


def source_types() -> list[tuple[str, str]]:
    """What causes entries."""
    return [(key, _(text)) for key, text in SOURCES.items()]


def text_of(entry: JournalEntry) -> str:
    """What an entry says, in the reader's language."""
    return _(entry.text) % entry.facts if entry.facts else _(entry.text)


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


def counter_day(on: date) -> int:
    """What a day's entries of payments and deposits put on the accounts of the counter (수납 관련 분개 합계), won. One query."""
    lines = JournalLine.objects.filter(
        entry__business_on=on,
        entry__source_type__in=("payment", "deposit"),
        account__code__in=services.OVER_THE_COUNTER,
    )
    sums = lines.aggregate(debit=Sum("debit_won"), credit=Sum("credit_won"))
    return (sums["debit"] or 0) - (sums["credit"] or 0)
