"""What follows an arrival: the HIS is told. What follows a day: its past is learnt from."""

from django.utils.translation import gettext_noop as noop

from tamna.core import outbox
from tamna.core.automations import declare
from tamna.core.models import Event

declare("claim.his", kind="F", module="tamna.reception.his", engine="connect.his (HL7 v2 over MLLP)")
declare("rec.wait", kind="P", module="tamna.reception.waits", engine="engines.waits, else engines.queueing")
declare(
    "rec.flow",
    kind="P",
    module="tamna.reception.learning",
    engine="engines.forecast",
    covers=noop(
        "Visits of the whole hospital by day, 14 days ahead, told each night and measured; neither by department nor by hour yet."
    ),
)
declare("rec.slots", kind="E", module="tamna.reception.services", engine="reception.services.book")


@outbox.on("encounter.arrived", key="reception.tell_his")
def on_arrived(event: Event) -> None:
    from tamna.reception.tasks import send_arrival

    send_arrival.defer(encounter_id=event.payload["encounter_id"])


@outbox.on("business.day", key="reception.learn")
def on_day(event: Event) -> None:
    """A new day: yesterday belongs to what is learnt from."""
    from tamna.core.tasks import begin
    from tamna.reception.tasks import learn_nightly

    begin(learn_nightly, lock="learn_nightly")
