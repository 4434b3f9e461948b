"""Lists of the cashier and the fee master: bills to pay, payments of a day, what is in force."""

from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from tamna.billing import fees, selectors
from tamna.billing.models import Payment
from tamna.core import clock
from tamna.core.choices import departments
from tamna.core.format import language, moment
from tamna.core.lists import Column, Filter, Listing, define
from tamna.core.people import accounts_of
from tamna.engines.labels import label
from tamna.engines.tariff.master_file import KNOWN_BENEFITS

BILLS = define(
    Listing(
        "bills", noop("Bills to pay"), "billing.see", view="billing:cashier", order=("-issued_at", "-id"), size=30, of_patients=True,
        columns=(
            Column("number", noop("Bill"), lambda row: row.number),
            Column("patient", noop("Patient"), lambda row: row.encounter.patient.masked_name),
            Column("department", noop("Department"),
                   lambda row: row.encounter.department.name_ko if language() == "ko" else row.encounter.department.name_en, wide=True),
            Column("issued", noop("Issued"), lambda row: moment(row.issued_at), sort=("issued_at", "id"), wide=True),
            Column("total", noop("Total"), lambda row: row.total_won, number=True, wide=True),
            Column("owed", noop("Owed"), lambda row: row.patient_won - row.paid_won, number=True),
        ),
        filters=(
            Filter("q", noop("Name, first consonants, phone, chart"), selectors.of_people, personal=True),
            Filter("on", noop("Day"), lambda rows, on: rows.filter(business_on=on), kind="day"),
            Filter("department", noop("Department"), lambda rows, code: rows.filter(encounter__department__code=code),
                   kind="choice", options=departments),
        ),
        empty=noop("No bill is open."), hint=noop("New bills appear here when a visit ends."),
    )
)  # fmt: skip

PAYMENTS = define(
    Listing(
        "payments", noop("Payments"), "billing.see", view="billing:payments", order=("-id",), of_patients=True,
        columns=(
            Column("receipt", noop("Receipt"), lambda row: row.receipt_no, number=True, sort=("id",)),
            Column("bill", noop("Bill"), lambda row: row.invoice.number),
            Column("patient", noop("Patient"), lambda row: row.invoice.encounter.patient.masked_name),
            Column("time", noop("Time"), lambda row: moment(row.taken_at), wide=True),
            Column("tender", noop("Tender"), lambda row: row.get_tender_display()),
            Column("amount", noop("Amount"), lambda row: row.amount_won, number=True),
            Column("cashier", noop("Taken by"), lambda row: row.cashier, wide=True),
        ),
        filters=(
            Filter("on", noop("Day"), lambda rows, on: rows.filter(business_on=on), kind="day", default=lambda: str(clock.today())),
            Filter("tender", noop("Tender"), lambda rows, tender: rows.filter(tender=tender), kind="choice",
                   options=lambda: Payment.Tender.choices),
            Filter("cashier", noop("Taken by"), lambda rows, name: rows.filter(cashier__in=accounts_of(name))),
        ),
        empty=noop("No payments on this day."), hint=noop("Choose another day above."),
    )
)  # fmt: skip


def benefit(key: str) -> str:
    """급여 구분 in the reader's language."""
    return label(f"benefit.{key}", language())


FEES = define(
    Listing(
        "fees", noop("Fee master"), "billing.fees", view="billing:fees", order=("code", "id"), size=30,
        columns=(
            Column("code", noop("Code"), lambda row: row.code, sort=("code", "id")),
            Column("item", noop("Item"), lambda row: row.name_ko if language() == "ko" or not row.name_en else row.name_en),
            Column("from", noop("From"), lambda row: str(row.valid_from), sort=("valid_from", "id"), wide=True),
            Column("to", noop("To"), lambda row: str(row.valid_to or ""), wide=True),
            Column("points", noop("Points"), lambda row: row.fields["points"], number=True, wide=True),
            Column("price", noop("Unit price"), lambda row: int(row.fields["unit_price_won"]), number=True),
            Column("benefit", noop("Benefit"), lambda row: benefit(row.fields["benefit"]), wide=True),
            Column("mark", noop("Mark"), lambda row: row.mark, in_file=True),
        ),
        filters=(
            Filter("q", noop("Code or name"), lambda rows, words: rows.filter(code__startswith=words.upper()) if words.isascii()
                   else rows.filter(name_ko__contains=words)),
            Filter("on", noop("In force on"), lambda rows, on: fees.in_force(rows, date.fromisoformat(on)), kind="day",
                   default=lambda: str(clock.today())),
            Filter("benefit", noop("Benefit"), lambda rows, key: rows.filter(fields__benefit=key), kind="choice",
                   options=lambda: [(key, benefit(key)) for key in sorted(KNOWN_BENEFITS)]),
            Filter("mark", noop("Mark"), lambda rows, mark: rows.filter(mark=mark), kind="choice",
                   options=lambda: [("?", _("unconfirmed")), ("sim", _("simulated"))]),
        ),
        empty=noop("No code is in force on this day."), hint=noop("Read a file above, or choose another day."),
    )
)  # fmt: skip
