"""Orders become charges, finished visits become bills; an open day is told. Idempotent by the charge's key and the bill's amounts."""

from datetime import date, timedelta

from django.utils.translation import gettext_noop as noop

from tamna.billing import rating, selectors, services
from tamna.billing.models import ChargeItem, PaymentPlan
from tamna.core import notices, outbox
from tamna.core.actor import Actor
from tamna.core.automations import declare
from tamna.core.models import Event
from tamna.reception.models import Encounter, ServiceRequest

PRICER, COLLECTOR = Actor.automation("bill.price"), Actor.automation("bill.pay")
declare("bill.price", kind="E", module=__name__, engine="engines.tariff.price_line")
declare("bill.copay", kind="E", module=__name__, engine="engines.tariff.copay")
declare("lang.overseas", kind="F", module=__name__, engine="billing.services.third_payers",
        covers=noop("Overseas insurers: guarantee number and limit, bill and itemised statement in Korean or English with diagnosis codes, payments and cuts. "
                    "In won only; no guarantee letter is written."))  # fmt: skip
declare("bill.special", kind="E", module=__name__, engine="engines.tariff.copay",
        covers=noop("Selective benefits at 30, 50, 80 and 90 %, full self-pay and non-covered lines by the day of service; an elective-doctor fee until 2017 "
                    "is shared when it is given, its own tariff is not known here."))  # fmt: skip
declare("bill.cap", kind="E", module=__name__, engine="engines.tariff.copay",
        covers=noop("The year's share at this hospital, the cut-off above the top cap, the refund for each income group; shares paid elsewhere are not known here."))  # fmt: skip
declare("bill.medicalaid", kind="E", module=__name__, engine="engines.tariff.copay")


@outbox.on("order.placed", key="billing.order")
def on_order(event: Event) -> None:
    order = ServiceRequest.objects.select_related("encounter__department", "encounter__patient").get(
        pk=event.payload["order_id"]
    )
    if order.status == ServiceRequest.Status.ACTIVE and rating.known_master():
        services.charge_orders(order.encounter, [order], by=PRICER)
        if order.encounter.invoices.exists():  # an order that came after the bill: the difference is billed
            services.issue_invoice(encounter_id=order.encounter_id, by=PRICER)


@outbox.on("order.revoked", key="billing.order_revoked")
def on_order_revoked(event: Event) -> None:
    charge = ChargeItem.objects.filter(service_request_id=event.payload["order_id"]).first()
    if charge is not None:
        services.cancel_charge(charge_id=charge.pk, by=PRICER, reason="order revoked")


@outbox.on("encounter.finished", key="billing.finished")
def on_finished(event: Event) -> None:
    encounter = Encounter.objects.select_related("department", "patient").get(pk=event.payload["encounter_id"])
    if rating.known_master():  # in real use without a fee master the visit waits for it
        services.bill_visit(encounter, by=PRICER)


@outbox.on("encounter.payer_changed", key="billing.payer_changed")
def on_payer_changed(event: Event) -> None:
    _rate_anew(event.payload["encounter_id"])


@outbox.on("encounter.diagnoses_changed", key="billing.diagnoses_changed")
def on_diagnoses_changed(event: Event) -> None:
    _rate_anew(event.payload["encounter_id"])


def _rate_anew(encounter_id: int) -> None:
    """The difference is billed, the old bill stays; the same facts bill nothing."""
    encounter = Encounter.objects.get(pk=encounter_id)
    if encounter.invoices.exists():
        services.rerate(encounter_id=encounter.pk, by=PRICER)


@outbox.on("fees.imported", key="billing.fees_imported")
def on_fees_imported(event: Event) -> None:
    from tamna.billing.tasks import bill_waiting

    bill_waiting.defer()
    run = event.payload
    notices.tell("fees.imported", {"added": run["added"], "refused": run["refused"]}, key=run["import_id"],
                 url="/billing/fees", at=event.occurred_at)  # fmt: skip


@outbox.on("business.hour", key="billing.tell_open_day")
def on_morning(event: Event) -> None:
    """At eight: who took money yesterday and did not close the day, and their lead."""
    if event.payload["hour"] != 8:
        return
    on = date.fromisoformat(event.payload["date"]) - timedelta(days=1)
    for cashier in selectors.open_days(on):
        notices.tell("day.open", {"day": on.isoformat(), "number": cashier}, key=f"{on}:{cashier}", people=[cashier],
                     url=f"/billing/closing?on={on}", at=event.occurred_at)  # fmt: skip


@outbox.on("business.day", "payment.taken", key="billing.plans")
def on_plans(event: Event) -> None:
    """Each morning, and when a bill is paid: which plans were kept or broken."""
    running = PaymentPlan.objects.filter(state=PaymentPlan.State.OPEN)
    if event.name == "payment.taken":
        running = running.filter(invoice=event.payload["invoice_id"])
    for plan in running.order_by("id"):
        services.review_plan(plan_id=plan.pk, by=COLLECTOR)


@outbox.on("claim.paid", "claim.cut_accepted", key="billing.claim_answered")
def on_claim_answered(event: Event) -> None:
    """The agency's answer about an accident's statement is the third payer's answer to its bill; the ledger took it already."""
    visit = event.payload.get("encounter_id")
    bill = services.open_bill_of(visit) if visit else None
    won = min(event.payload["won"], bill.left_won) if bill else 0
    if bill is None or won <= 0 or bill.payer.kind not in ("auto", "industrial"):
        return
    paid = event.name == "claim.paid"
    services.take_answer(
        payer_bill_id=bill.pk, paid_won=won if paid else 0, cut_won=0 if paid else won, cut_to="" if paid else "hospital",
        reason="" if paid else "claim.cut_accepted", key=f"{event.name}:{event.payload['response_id']}", by=COLLECTOR, by_claim=True,
    )  # fmt: skip
