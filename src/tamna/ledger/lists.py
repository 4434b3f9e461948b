"""Lists of the ledger: the journal."""

from django.utils.translation import gettext_noop as noop

from tamna.core.format import named
from tamna.core.lists import Column, Filter, Listing, define
from tamna.ledger import selectors
from tamna.ledger.models import Account


def _accounts() -> list[tuple[str, str]]:
    return [(row.code, f"{row.code} {named(row)}") for row in Account.objects.all()]


JOURNAL = define(
    Listing(
        "journal", noop("Journal"), "ledger.see", view="ledger:journal", order=("-id",), size=30,
        columns=(
            Column("number", noop("Entry"), lambda line: line.entry.number, number=True, sort=("id",)),
            Column("day", noop("Day"), lambda line: str(line.entry.business_on), sort=("business_on", "id")),
            Column("text", noop("Text"), lambda line: selectors.text_of(line.entry)),
            Column("account", noop("Account"), lambda line: f"{line.account.code} {named(line.account)}"),
            Column("debit", noop("Debit"), lambda line: line.debit_won, number=True),
            Column("credit", noop("Credit"), lambda line: line.credit_won, number=True),
        ),
        filters=(
            Filter("on", noop("Day"), lambda rows, on: rows.filter(business_on=on), kind="day"),
            Filter("account", noop("Account"), selectors.touching, kind="choice", options=_accounts),
            Filter("source", noop("Cause"), lambda rows, source: rows.filter(source_type=source), kind="choice",
                   options=selectors.source_types),
        ),
        each=lambda entry: entry.lines.all(),
        empty=noop("Nothing was posted yet."), hint=noop("Bills, payments and answers post their entries by themselves."),
    )
)  # fmt: skip
