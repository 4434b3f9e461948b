"""Money events become journal entries (회계 자동 분개). Idempotent by the entry's key; amounts come from the record itself."""

from django.utils.translation import gettext_noop as noop

from tamna.billing.models import CashClosing, Invoice, Payment
from tamna.claims.models import ClaimResponse
from tamna.core import outbox
from tamna.core.actor import Actor
from tamna.core.automations import declare
from tamna.core.models import Event
from tamna.ledger import services
from tamna.ledger.services import Line

POSTER = Actor.automation("claim.ledger")
declare("claim.ledger", kind="E", module=__name__, engine="ledger.services.post")


@outbox.on("invoice.issued", key="ledger.invoice")
def on_invoice(event: Event) -> None:
    """Bill: receivables against revenue (진료수익 인식)."""
    invoice = Invoice.objects.select_related("encounter__department").get(pk=event.payload["invoice_id"])
    visit = invoice.encounter
    services.post(
        key=f"invoice:{invoice.public_id}",
        on=invoice.business_on,
        text=noop("Bill %(number)s"),
        facts={"number": invoice.number},
        lines=[
            Line(services.PATIENTS, invoice.patient_won, visit.department.code),
            Line(services.INSURERS, invoice.insurer_won, visit.department.code),
            Line(services.REVENUE[visit.setting], -invoice.total_won, visit.department.code),
        ],
        by=POSTER,
        source_type="invoice",
        source_ref=invoice.public_id,
        encounter_ref=visit.public_id,
    )


@outbox.on("payment.taken", "payment.refunded", key="ledger.payment")
def on_payment(event: Event) -> None:
    """Payment: money in against the patient's receivable; a refund is the same with the sign turned."""
    payment = Payment.objects.select_related("invoice__encounter__department").get(pk=event.payload["payment_id"])
    visit = payment.invoice.encounter
    services.post(
        key=f"payment:{payment.public_id}",
        on=payment.business_on,
        text=noop("Receipt %(receipt_no)s") if payment.amount_won > 0 else noop("Refund %(receipt_no)s"),
        facts={"receipt_no": payment.receipt_no},
        lines=[
            Line(services.TENDER[payment.tender], payment.amount_won, visit.department.code),
            Line(services.PATIENTS, -payment.amount_won, visit.department.code),
        ],
        by=POSTER,
        source_type="payment",
        source_ref=payment.public_id,
        encounter_ref=visit.public_id,
    )


@outbox.on("day.closed", key="ledger.closing")
def on_closing(event: Event) -> None:
    """Day close: a counted difference goes to cash over and short (현금과부족)."""
    closing = CashClosing.objects.get(pk=event.payload["closing_id"])
    services.post(
        key=f"closing:{closing.pk}",
        on=closing.business_on,
        text=noop("Cash difference of the day"),
        facts={},
        lines=[
            Line(services.CASH, closing.difference_won),
            Line(services.OVER_SHORT, -closing.difference_won),
        ],
        by=POSTER,
        source_type="closing",
    )


@outbox.on("claim.paid", key="ledger.claim_paid")
def on_claim_paid(event: Event) -> None:
    """Insurer's payment: deposits against the insurer's receivable (요양급여비용 지급)."""
    _answer(event, noop("Insurer paid claim %(claim_no)s"), services.DEPOSITS)


@outbox.on("claim.cut_accepted", key="ledger.claim_cut")
def on_cut_accepted(event: Event) -> None:
    """A cut that a person accepted lowers revenue (삭감 수용). A cut still in the tray posts nothing."""
    _answer(event, noop("Cut of claim %(claim_no)s accepted"), services.CUTS)


def _answer(event: Event, text: str, debit: str) -> None:
    response = ClaimResponse.objects.select_related("claim__encounter", "claim__department").get(
        pk=event.payload["response_id"]
    )
    won, department = event.payload["won"], response.claim.department.code
    services.post(
        key=f"{event.name}:{response.pk}",
        on=response.received_at.date() if event.name == "claim.paid" else event.occurred_at.date(),
        text=text,
        facts={"claim_no": response.claim.claim_no},
        lines=[Line(debit, won, department), Line(services.INSURERS, -won, department)],
        by=POSTER,
        source_type="claim",
        source_ref=response.claim.public_id,
        encounter_ref=response.claim.encounter.public_id,
    )
