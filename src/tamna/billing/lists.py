"""Lists of the cashier and the fee master: bills to pay, payments of a day, what is in force."""

from datetime import date

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from tamna.billing import fees, selectors
from tamna.billing.models import PayerBill, Payment, PaymentPlan
from tamna.billing.services import lapses_on
from tamna.core import clock
from tamna.core.choices import departments
from tamna.core.format import language, moment, named
from tamna.core.lists import Column, Filter, Listing, define
from tamna.core.people import accounts_of, called
from tamna.engines.labels import label
from tamna.engines.tariff.master_file import KNOWN_BENEFITS

BILLS = define(
    Listing(
        "bills", noop("Bills to pay"), "billing.see", view="billing:cashier", order=("-issued_at", "-id"), size=30, of_patients=True,
        columns=(
            Column("number", noop("Bill"), lambda row: row.number),
            Column("patient", noop("Patient"), lambda row: row.encounter.patient.masked_name),
            Column("department", noop("Department"),
                   lambda row: named(row.encounter.department), wide=True),
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
            Column("cashier", noop("Taken by"), lambda row: called(row.cashier), wide=True),
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


UNPAID = define(
    Listing(
        "unpaid", noop("Unpaid bills"), "billing.see", view="billing:unpaid", order=("issued_at", "id"), size=30, of_patients=True,
        columns=(
            Column("number", noop("Bill"), lambda row: row.number),
            Column("patient", noop("Patient"), lambda row: row.encounter.patient.masked_name),
            Column("issued", noop("Billed on"), lambda row: str(row.business_on), sort=("issued_at", "id")),
            Column("days", noop("Days owed"), lambda row: (clock.today() - row.business_on).days, number=True, wide=True),
            Column("owed", noop("Owed"), lambda row: row.patient_won - row.paid_won, number=True),
            Column("plan", noop("Agreed"), lambda row: row.agreed.get_state_display() if row.agreed else ""),
            Column("lapses", noop("Lapses on"), lambda row: str(lapses_on(row.business_on)), wide=True),
        ),
        filters=(
            Filter("q", noop("Name, first consonants, phone, chart"), selectors.of_people, personal=True),
            Filter("age", noop("How long owed"), selectors.of_age, kind="choice",
                   options=lambda: [(str(top), _(word)) for top, word in selectors.AGES]),
            Filter("plan", noop("Agreed"), lambda rows, state: rows.filter(plans__state=state).distinct() if state != "none" else rows.filter(plans=None),
                   kind="choice", options=lambda: [("none", _("Nothing agreed")), *PaymentPlan.State.choices]),
            Filter("department", noop("Department"), lambda rows, code: rows.filter(encounter__department__code=code),
                   kind="choice", options=departments),
        ),
        empty=noop("Nobody owes anything."), hint=noop("Bills that are not paid on the day appear here."),
    )
)  # fmt: skip

PAYER_BILLS = define(
    Listing(
        "payer-bills", noop("Bills of third payers"), "billing.see", view="billing:payer-bills", order=("-made_at", "-id"), size=30, of_patients=True,
        columns=(
            Column("number", noop("Bill"), lambda row: row.number),
            Column("payer", noop("Third payer"), lambda row: row.payer.name),
            Column("patient", noop("Patient"), lambda row: row.encounter.patient.masked_name, wide=True),
            Column("total", noop("Billed"), lambda row: row.total_won, number=True),
            Column("open", noop("Unanswered"), lambda row: row.left_won, number=True),
            Column("due", noop("Due"), lambda row: str(row.due_on or ""), wide=True),
            Column("state", noop("State"), lambda row: row.get_state_display()),
        ),
        filters=(
            Filter("payer", noop("Third payer"), lambda rows, name: rows.filter(payer__name__icontains=name)),
            Filter("state", noop("State"), lambda rows, state: rows.filter(state=state), kind="choice", options=lambda: PayerBill.State.choices),
        ),
        empty=noop("No third payer was billed yet."), hint=noop("Open a visit's charges and choose “Bill a third payer”."),
    )
)  # fmt: skip

ORDER_CODES = define(
    Listing(
        "order-codes", noop("Order codes"), "billing.see", view="billing:order-codes", order=("-valid_from", "-id"), size=30,
        columns=(
            Column("order_code", noop("Order code"), lambda row: row.order_code, sort=("order_code", "id")),
            Column("order_name", noop("Order"), lambda row: row.order_name),
            Column("fee_code", noop("Fee code"), lambda row: row.fee_code),
            Column("from", noop("From"), lambda row: str(row.valid_from), sort=("valid_from", "id")),
            Column("by", noop("Confirmed by"), lambda row: called(row.confirmed_by), wide=True),
        ),
        filters=(
            Filter("q", noop("Code or name"), lambda rows, words: rows.filter(
                Q(order_code__istartswith=words) | Q(fee_code__istartswith=words) | Q(order_name__icontains=words))),
        ),
        empty=noop("No order code was confirmed yet."), hint=noop("An order whose code is a fee code needs no line here."),
    )
)  # fmt: skip

TAX = define(
    Listing(
        "tax", noop("Medical expenses of a year"), "billing.tax", order=("id",), size=30, of_patients=True,
        columns=(
            Column("chart", noop("Chart"), lambda row: row.chart_no),
            Column("patient", noop("Patient"), lambda row: row.masked_name),
            Column("paid", noop("Paid"), lambda row: row.paid_won, number=True),
            Column("card", noop("Card"), lambda row: row.paid_card or 0, number=True, wide=True),
            Column("cash", noop("Cash"), lambda row: row.paid_cash or 0, number=True, wide=True),
            Column("count", noop("Times"), lambda row: row.paid_count, number=True, wide=True),
        ),
        filters=(Filter("year", noop("Year"), lambda rows, year: rows, kind="kept", default=lambda: str(clock.today().year)),),
        empty=noop("Nobody paid anything in this year."), hint=noop("Choose another year above."),
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
            Column("item", noop("Item"), lambda row: named(row)),
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
