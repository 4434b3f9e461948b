"""What an order of the HIS means (오더 매핑): confirmed codes, dated; orders that wait are charged once they are known."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from tamna.billing import rating
from tamna.billing.models import OrderCode
from tamna.billing.services.charging import charge_orders, issue_invoice
from tamna.core import audit, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.reception.models import ServiceRequest


@transaction.atomic
def confirm_order_code(
    *, order_code: str, fee_code: str, valid_from: date, by: Actor, order_name: str = "", reason: str = ""
) -> OrderCode:
    """Let an order code mean a fee from a day on (오더 매핑 확정) and charge the orders that wait for it; no fee: never charged.

    Finished visits get a difference bill. Raises billing.unknown_code, billing.order_code_missing.
    """
    order_code, fee_code = order_code.strip()[:20], fee_code.strip().upper()
    if not order_code:
        raise DomainError("billing.order_code_missing")
    if fee_code and not rating.is_in_force(fee_code, valid_from):
        raise DomainError("billing.unknown_code", code=fee_code)
    waiting = list(
        ServiceRequest.objects.select_for_update(of=("self",)).filter(code=order_code, status=ServiceRequest.Status.UNMAPPED)
        .select_related("encounter__department", "encounter__patient").order_by("id")
    )  # fmt: skip
    name = order_name or (waiting[0].name if waiting else "")
    known = OrderCode.objects.filter(order_code=order_code, valid_from=valid_from).first()
    mapped, _ = OrderCode.objects.update_or_create(
        order_code=order_code, valid_from=valid_from,
        defaults={"fee_code": fee_code, "confirmed_by": by.name, "order_name": name[:120] or (known.order_name if known else "")},
    )  # fmt: skip
    audit.note("order_code.confirmed", by=by, subject_type="order_code", subject_id=order_code, reason=reason,
               detail={"fee_code": fee_code, "valid_from": valid_from.isoformat(),
                       "before": known.fee_code if known else ""})  # fmt: skip
    outbox.record("order_code.confirmed", {"order_code": order_code, "fee_code": fee_code}, by=by)
    for order in waiting:
        order.status = ServiceRequest.Status.ACTIVE
        order.save(update_fields=["status"])
        charged = charge_orders(order.encounter, [order], by=by)
        if charged and order.encounter.invoices.exists():
            issue_invoice(encounter_id=order.encounter_id, by=by)
    return mapped


@dataclass(frozen=True)
class MapLine:
    """A line of a map file: row number, order code and name, fee code (empty: never charged), first day."""

    row: int
    order_code: str
    order_name: str
    fee_code: str
    valid_from: date


def take_order_codes(lines: Iterable[MapLine], *, by: Actor) -> tuple[int, int, list[tuple[int, DomainError]]]:
    """Confirm the lines of a file (매핑 파일 반영): (new or changed, already so, refused with row). Good lines land."""
    taken, same, refused = 0, 0, []
    for line in lines:
        fields = {"order_code": line.order_code, "fee_code": line.fee_code, "valid_from": line.valid_from}
        if OrderCode.objects.filter(**fields).exists():
            same += 1
            continue
        try:
            confirm_order_code(**fields, order_name=line.order_name, by=by, reason="file")
            taken += 1
        except DomainError as error:
            refused.append((line.row, error))
    return taken, same, refused
