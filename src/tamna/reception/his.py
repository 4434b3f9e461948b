"""Messages of the HIS become orders, diagnoses and ended visits (HL7 수신). Replay-safe: a control id takes effect once.

One transaction a message: what it causes and the kept acknowledgement commit together. A replay gets the same answer; the
same control id with other content is refused.
"""

import asyncio
import hashlib
import os
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

if TYPE_CHECKING:
    from tamna.connect.his import Inbound

log = structlog.get_logger()


def receive(raw: bytes) -> bytes:
    """Take one message in and answer it. Never raises."""
    from django.db import close_old_connections

    from tamna.connect import his
    from tamna.core import clock

    close_old_connections()
    try:
        return _take(raw)
    except his.Hl7Error as error:
        log.info("his.refused", code=error.code, reason=error.reason)
        return his.acknowledge(error.control_id, error.code, clock.now(), error.reason, error.location)
    except Exception as error:  # the edge: the sender tries again later
        log.warning("his.failed", error=type(error).__name__)
        return his.acknowledge("", "AE", _wall_now(), "could not be stored now; send it again")
    finally:
        close_old_connections()


def _wall_now():  # type: ignore[no-untyped-def]
    from django.utils import timezone

    return timezone.now()


def _take(raw: bytes) -> bytes:
    from django.db import transaction

    from tamna.connect import his
    from tamna.core import clock
    from tamna.core.errors import DomainError
    from tamna.core.models import InterfaceMessage

    message = his.read(raw)
    digest = hashlib.sha256(raw).hexdigest()
    with transaction.atomic():
        row, is_new = InterfaceMessage.objects.get_or_create(
            system="his", direction="in", control_id=message.control_id,
            defaults={"kind": message.kind, "digest": digest, "at": clock.now()},
        )  # fmt: skip
        if not is_new:
            if row.digest != digest:
                raise his.Hl7Error("AR", "this control id was used for another message", message.control_id, "MSH-10")
            return row.answer.encode()
        try:
            with transaction.atomic():
                row.encounter_ref = _apply(message)
            answer, row.status = his.acknowledge(message.control_id, "AA", clock.now()), "accepted"
        except (his.Hl7Error, DomainError) as error:
            reason = error.reason if isinstance(error, his.Hl7Error) else error.message
            answer, row.status = his.acknowledge(message.control_id, "AE", clock.now(), reason), "refused"
            row.detail = reason[:300]
        row.answer = answer.decode()
        row.save()
    return answer


def _apply(message: "Inbound") -> UUID | None:
    from tamna.connect.his import Hl7Error
    from tamna.core import clock
    from tamna.core.actor import Actor
    from tamna.reception import services
    from tamna.reception.models import Encounter

    if message.kind not in ("ORM^O01", "OML^O21", "DFT^P03"):
        return None  # kept for the record only
    by = Actor.system("his")
    try:
        visit = UUID(message.visit)
    except ValueError as error:
        raise Hl7Error("AE", "PV1-19 is not a visit number of ours", message.control_id, "PV1-19") from error
    encounter = Encounter.objects.select_related("patient", "department").filter(public_id=visit).first()
    if encounter is None or (message.chart_no and encounter.patient.chart_no != message.chart_no):
        raise Hl7Error("AE", "there is no such visit of this patient", message.control_id, "PV1-19")
    for order in message.orders:
        if order.control == "CA":
            services.revoke_order(placer_number=order.placer_number, by=by)
        else:
            ordered = services.Ordered(
                order.placer_number, order.code, order.name, order.quantity, ordered_at=order.ordered_at or clock.now()
            )
            services.place_orders(encounter=encounter, orders=[ordered], by=by, control_id=message.control_id)
    if message.finishes:
        services.finish(encounter_id=encounter.pk, diagnoses=message.diagnoses, by=by)
    return visit


async def serve(port: int) -> None:
    from tamna.connect.his import mllp

    server = await mllp.serve(
        "127.0.0.1" if not os.environ.get("TAMNA_HIS_LISTEN") else os.environ["TAMNA_HIS_LISTEN"], port, receive
    )
    async with server:
        await server.serve_forever()


def main() -> None:
    """The listener process: python -m tamna.reception.his"""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tamna.web.settings")
    import django

    django.setup()
    from tamna.connect.systems import MLLP_IN_OFFSET
    from tamna.core.home import web_port

    asyncio.run(serve(web_port() + MLLP_IN_OFFSET))


if __name__ == "__main__":
    main()
