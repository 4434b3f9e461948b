"""Orders become charges, finished visits become bills. Idempotent by the charge's key and the bill's amounts."""

from tamna.billing import rating, services
from tamna.core import outbox
from tamna.core.actor import Actor
from tamna.core.automations import declare
from tamna.core.models import Event
from tamna.reception.models import Encounter, ServiceRequest

PRICER = Actor.automation("bill.price")
declare("bill.price", kind="E", module=__name__, engine="engines.tariff.price_line")
declare("bill.copay", kind="E", module=__name__, engine="engines.tariff.copay")
declare("bill.relief", kind="E", module=__name__, engine="engines.tariff.copay")
declare("bill.medicalaid", kind="E", module=__name__, engine="engines.tariff.copay")


@outbox.on("order.placed", key="billing.order")
def on_order(event: Event) -> None:
    order = ServiceRequest.objects.select_related("encounter__department", "encounter__patient").get(
        pk=event.payload["order_id"]
    )
    if order.status == ServiceRequest.Status.ACTIVE:
        services.charge_orders(order.encounter, [order], by=PRICER)
        if order.encounter.invoices.exists():  # an order that came after the bill: the difference is billed
            services.issue_invoice(encounter_id=order.encounter_id, by=PRICER)


@outbox.on("order.revoked", key="billing.order_revoked")
def on_order_revoked(event: Event) -> None:
    charge = services.ChargeItem.objects.filter(service_request_id=event.payload["order_id"]).first()
    if charge is None:
        return
    if charge.status == charge.Status.BILLED:
        services.ChargeItem.objects.filter(pk=charge.pk).update(status=charge.Status.ENTERED_IN_ERROR)
        services.issue_invoice(encounter_id=charge.encounter_id, by=PRICER)
    else:
        services.cancel_charge(charge_id=charge.pk, by=PRICER, reason="order revoked")


@outbox.on("encounter.finished", key="billing.finished")
def on_finished(event: Event) -> None:
    """The consultation fee and any order not charged yet, then the bill."""
    encounter = Encounter.objects.select_related("department", "patient").get(pk=event.payload["encounter_id"])
    waiting = encounter.orders.filter(status=ServiceRequest.Status.ACTIVE, charge=None)
    services.charge_orders(encounter, waiting, by=PRICER)
    code = rating.consultation_code(encounter)
    if code and not encounter.charges.filter(code=code).exclude(status="entered-in-error").exists():
        services.add_charge(
            encounter=encounter, code=code, key=f"consultation:{encounter.public_id}", by=PRICER,
            service_at=encounter.started_at or encounter.arrived_at,
        )  # fmt: skip
    if encounter.charges.exclude(status="entered-in-error").exists():
        services.issue_invoice(encounter_id=encounter.pk, by=PRICER)
