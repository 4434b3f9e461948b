"""What follows an arrival: the HIS is told."""

from tamna.core import outbox
from tamna.core.automations import declare
from tamna.core.models import Event

declare("claim.his", kind="F", module="tamna.reception.his", engine="connect.his (HL7 v2 over MLLP)")
declare("rec.wait", kind="P", module="tamna.reception.waits", engine="engines.queueing.predict_wait")
declare("rec.slots", kind="E", module="tamna.reception.services", engine="reception.services.book")


@outbox.on("encounter.arrived", key="reception.tell_his")
def on_arrived(event: Event) -> None:
    from tamna.reception.tasks import send_arrival

    send_arrival.defer(encounter_id=event.payload["encounter_id"])
