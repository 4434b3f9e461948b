"""Events move the figures; the handler's position commits with them, so each event counts once."""

from tamna.billing.models import Invoice, Payment
from tamna.core import outbox
from tamna.core.automations import declare
from tamna.core.models import Event
from tamna.insight.claims import handlers as claims
from tamna.insight.indicators import BILLED, PAID, UNCOLLECTED, VISITS, WAITS
from tamna.insight.services import add
from tamna.reception.models import Encounter, Ticket

__all__ = ["claims"]

declare("plan.dash", kind="F", module=__name__, engine="insight.services.add")


@outbox.on("encounter.arrived", key="insight.visits")
def on_arrived(event: Event) -> None:
    visit = Encounter.objects.select_related("department").get(pk=event.payload["encounter_id"])
    add(VISITS.key, visit.business_on, visit.department.code, 1)


@outbox.on("ticket.cancelled", key="insight.cancelled")
def on_cancelled(event: Event) -> None:
    visit = Encounter.objects.select_related("department").get(pk=event.payload["encounter_id"])
    if visit.status == Encounter.Status.CANCELLED:
        add(VISITS.key, visit.business_on, visit.department.code, -1, -1)


@outbox.on("ticket.entered", key="insight.waits")
def on_entered(event: Event) -> None:
    ticket = Ticket.objects.select_related("department").get(pk=event.payload["ticket_id"])
    if ticket.entered_at:
        seconds = int((ticket.entered_at - ticket.issued_at).total_seconds())
        add(WAITS.key, ticket.business_on, ticket.department.code, seconds)


@outbox.on("invoice.issued", key="insight.billed")
def on_invoice(event: Event) -> None:
    bill = Invoice.objects.select_related("encounter__department").get(pk=event.payload["invoice_id"])
    add(BILLED.key, bill.business_on, bill.encounter.department.code, bill.total_won)


@outbox.on("payment.taken", "payment.refunded", key="insight.paid")
def on_payment(event: Event) -> None:
    payment = Payment.objects.select_related("invoice__encounter__department").get(pk=event.payload["payment_id"])
    if payment.tender not in UNCOLLECTED:
        add(PAID.key, payment.business_on, payment.invoice.encounter.department.code, payment.amount_won)
