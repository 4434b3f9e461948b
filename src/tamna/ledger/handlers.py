"""Money events become journal entries (회계 자동 분개). Idempotent by the entry's key; amounts come from the record itself."""

from django.utils.translation import gettext_noop as noop

from tamna.billing.models import CashClosing, Deposit, Invoice, PayerAnswer, Payment
from tamna.claims.models import ClaimResponse
from tamna.core import outbox
from tamna.core.actor import Actor
from tamna.core.automations import declare
from tamna.core.models import Event
from tamna.ledger import services
from tamna.ledger.services import Line

POSTER = Actor.automation("claim.ledger")
declare("claim.ledger", kind="E", module=__name__, engine="ledger.services.post")

TEXTS = {
    ("", True): noop("Receipt %(receipt_no)s"),
    ("", False): noop("Refund %(receipt_no)s"),
    ("deposit", True): noop("Deposit used %(receipt_no)s"),
    ("payer", True): noop("Taken over by a third payer %(receipt_no)s"),
    ("writeoff", True): noop("Written off %(receipt_no)s"),
    ("writeoff", False): noop("Write-off taken back %(receipt_no)s"),
}


@outbox.on("invoice.issued", key="ledger.invoice")
def on_invoice(event: Event) -> None:
    """Bill: receivables against revenue (진료수익 인식). Where somebody else owes the insurer's share now, what was billed moves."""
    invoice = Invoice.objects.select_related("encounter__department").get(pk=event.payload["invoice_id"])
    visit = invoice.encounter
    before = list(Invoice.objects.filter(encounter=visit, seq__lt=invoice.seq).order_by("seq"))
    owed, now = sum(bill.insurer_won for bill in before), services.receivable(invoice.payer)
    was = services.receivable(before[-1].payer) if before else now
    moved = owed if was != now else 0
    services.post(
        key=f"invoice:{invoice.public_id}",
        on=invoice.business_on,
        text=noop("Bill %(number)s"),
        facts={"number": invoice.number},
        lines=[
            Line(services.PATIENTS, invoice.patient_won, visit.department.code),
            Line(now, invoice.insurer_won + moved, visit.department.code),
            Line(was, -moved, visit.department.code),
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
        text=TEXTS.get((payment.tender, payment.amount_won > 0)) or TEXTS["", payment.amount_won > 0],
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


@outbox.on("deposit.taken", "deposit.returned", key="ledger.deposit")
def on_deposit(event: Event) -> None:
    """Deposit: money in against what is held for the patient (선수금); a return is the same with the sign turned."""
    deposit = Deposit.objects.get(pk=event.payload["deposit_id"])
    services.post(
        key=f"deposit:{deposit.public_id}",
        on=deposit.business_on,
        text=noop("Deposit %(receipt_no)s") if deposit.amount_won > 0 else noop("Deposit returned %(receipt_no)s"),
        facts={"receipt_no": deposit.receipt_no},
        lines=[Line(services.TENDER[deposit.tender], deposit.amount_won), Line(services.HELD, -deposit.amount_won)],
        by=POSTER,
        source_type="deposit",
        source_ref=deposit.public_id,
    )


@outbox.on("payer.answered", key="ledger.payer")
def on_payer_answer(event: Event) -> None:
    """Third payer: money against its receivable, what the hospital carries of a cut against revenue (기관 입금·삭감).

    What came through the statement's own answer is posted there; what the patient owes again moved with the refund.
    """
    answer = PayerAnswer.objects.select_related("bill__encounter__department").get(pk=event.payload["answer_id"])
    if answer.by_claim:
        return
    visit = answer.bill.encounter
    cut_won = answer.cut_won if answer.cut_to == PayerAnswer.CutTo.HOSPITAL else 0
    services.post(
        key=f"payer_answer:{answer.pk}",
        on=answer.received_on,
        text=noop("Third payer answered bill %(number)s"),
        facts={"number": answer.bill.number},
        lines=[
            Line(services.DEPOSITS, answer.paid_won, visit.department.code),
            Line(services.CUTS_BY_OTHERS, cut_won, visit.department.code),
            Line(services.THIRD_PAYERS, -(answer.paid_won + cut_won), visit.department.code),
        ],
        by=POSTER,
        source_type="payer_bill",
        source_ref=answer.bill.public_id,
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
        lines=[Line(debit, won, department), Line(services.receivable(response.claim.payer), -won, department)],
        by=POSTER,
        source_type="claim",
        source_ref=response.claim.public_id,
        encounter_ref=response.claim.encounter.public_id,
    )
