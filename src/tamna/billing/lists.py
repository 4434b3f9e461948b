"""Lists of the cashier: bills to pay, payments of a day."""

from django.utils.translation import gettext_noop as noop

from tamna.billing import selectors
from tamna.billing.models import Payment
from tamna.core import clock
from tamna.core.choices import departments
from tamna.core.format import language, moment
from tamna.core.lists import Column, Filter, Listing, define

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
            Column("cashier", noop("Cashier"), lambda row: row.cashier, wide=True),
        ),
        filters=(
            Filter("on", noop("Day"), lambda rows, on: rows.filter(business_on=on), kind="day", default=lambda: str(clock.today())),
            Filter("tender", noop("Tender"), lambda rows, tender: rows.filter(tender=tender), kind="choice",
                   options=lambda: Payment.Tender.choices),
            Filter("cashier", noop("Cashier"), lambda rows, cashier: rows.filter(cashier=cashier)),
        ),
        empty=noop("No payments on this day."), hint=noop("Choose another day above."),
    )
)  # fmt: skip
