"""What follows an arrival: the HIS is told. What follows a day: its past is learnt from."""

from django.utils.translation import gettext_noop as noop

from tamna.core import outbox
from tamna.core.automations import declare
from tamna.core.models import Event

NEAR = 2  # places after the one in the room that are told to come

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
        "Visits by day 14 days ahead, by department and hour for a week, told each night with intervals and measured; weather and visitors to the island are not among the causes."
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

declare(
    "rec.recommend",
    kind="P",
    module="tamna.reception.suggestions",
    engine="engines.booking.recommend",
    covers=noop("Times ranked by a patient's habits, usual waits and how full the days are, with reasons; distance is not known, and the chance of missing a booking is never asked."),
)  # fmt: skip
declare(
    "rec.season",
    kind="P",
    module="tamna.reception.seasons",
    engine="engines.queueing.season",
    covers=noop("A department's usual day under other demand, rooms and hours, simulated with intervals; figures of a synthetic hospital say nothing of a real one."),
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


@outbox.on("appointment.booked", "appointment.cancelled", key="reception.tell_booking")
def on_booking(event: Event) -> None:
    """The patient is told of a booking and of its end; of a move, only of the new time."""
    from tamna.reception.communications import tell
    from tamna.reception.models import Appointment

    row = Appointment.objects.select_related("patient").get(pk=event.payload["appointment_id"])
    kind = "booking" if event.name == "appointment.booked" else "cancelled"
    if row.starts_at > event.occurred_at and not (kind == "cancelled" and row.reason == "moved"):
        tell(kind, row.patient, f"{kind}:{row.public_id}", appointment=row)


@outbox.on("appointment.booked", "appointment.cancelled", key="reception.overbook")
def on_session_changed(event: Event) -> None:
    """A session may be full now, or no longer: its extra times follow."""
    from tamna.core import clock
    from tamna.reception import overbooking
    from tamna.reception.models import Appointment

    row = Appointment.objects.select_related("slot").get(pk=event.payload["appointment_id"])
    overbooking.fit(
        row.slot.practitioner_id, clock.business_day(row.starts_at), is_morning=overbooking.is_morning(row.starts_at)
    )


@outbox.on("slot.offered", key="reception.tell_offer")
def on_offered(event: Event) -> None:
    from tamna.reception.communications import tell
    from tamna.reception.models import SlotOffer

    row = SlotOffer.objects.select_related("request__patient").get(pk=event.payload["offer_id"])
    tell("offer", row.request.patient, f"offer:{row.public_id}", offer=row)


@outbox.on("ticket.called", key="reception.tell_turn")
def on_called(event: Event) -> None:
    """Those next after the one who was called: it is nearly their turn."""
    from tamna.reception.communications import tell
    from tamna.reception.models import Ticket

    called = Ticket.objects.get(pk=event.payload["ticket_id"])
    line = Ticket.objects.filter(department_id=called.department_id, practitioner_id=called.practitioner_id,
                                 business_on=called.business_on, status="waiting")  # fmt: skip
    for row in line.select_related("encounter__patient").order_by("priority", "due_at", "pk")[:NEAR]:
        tell("turn", row.encounter.patient, f"turn:{row.public_id}", ticket=row)


@outbox.on("result.ready", key="reception.tell_result")
def on_result(event: Event) -> None:
    from tamna.reception.communications import tell
    from tamna.reception.models import Encounter

    visit = Encounter.objects.select_related("patient").get(pk=event.payload["encounter_id"])
    tell("result", visit.patient, f"result:{visit.public_id}:{event.payload['report']}"[:64], encounter=visit)


@outbox.on("business.day", key="reception.learn")
def on_day(event: Event) -> None:
    """A new day: yesterday belongs to what is learnt from."""
    from tamna.core.tasks import begin
    from tamna.reception.tasks import learn_nightly

    begin(learn_nightly, lock="learn_nightly")
