"""What follows an arrival: the HIS is told. What follows a day: its past is learnt from."""

from django.utils.translation import gettext_noop as noop

from tamna.core import outbox
from tamna.core.automations import declare
from tamna.core.models import Event

declare("claim.his", kind="F", module="tamna.reception.his", engine="connect.his (HL7 v2 over MLLP)")
declare(
    "lang.translate",
    kind="L",
    module="tamna.reception.conversation",
    engine="engines.language.translation",
    covers=noop(
        "The counter's conversation by phrase book and glossary, each term, number and denial verified; no language model is connected to the screen."
    ),
)
declare(
    "lang.culture",
    kind="L",
    module="tamna.reception.conversation",
    covers=noop(
        "Notes for three languages beside the conversation and on the desk; from experience at counters, none confirmed by a source."
    ),
)
declare(
    "lang.dialect",
    kind="E",
    module="tamna.reception.conversation",
    engine="engines.language.dialect",
    covers=noop(
        "What is typed in Jejueo into standard Korean with each word explained; speech is not built, and no native speaker has checked the lexicon."
    ),
)
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
declare(
    "rec.slots", kind="E", module="tamna.reception.booking", engine="reception.booking, constraints of the database"
)
declare(
    "rec.change",
    kind="F",
    module="tamna.reception.waiting_list",
    engine="reception.waiting_list.offer",
    covers=noop("The desk changes and cancels; a freed time is offered to three of the waiting list at a time. Patients do not change by themselves yet."),
)  # fmt: skip


@outbox.on("encounter.arrived", key="reception.tell_his")
def on_arrived(event: Event) -> None:
    from tamna.reception.tasks import send_arrival

    send_arrival.defer(encounter_id=event.payload["encounter_id"])


@outbox.on("appointment.cancelled", key="reception.offer_freed")
def on_freed(event: Event) -> None:
    """A time came free: the waiting list is asked in order."""
    from tamna.core.actor import Actor
    from tamna.reception.models import Appointment
    from tamna.reception.waiting_list import offer

    offer(Appointment.objects.get(pk=event.payload["appointment_id"]), Actor.automation("rec.change"))


@outbox.on("business.day", key="reception.learn")
def on_day(event: Event) -> None:
    """A new day: yesterday belongs to what is learnt from."""
    from tamna.core.tasks import begin
    from tamna.reception.tasks import learn_nightly

    begin(learn_nightly, lock="learn_nightly")
