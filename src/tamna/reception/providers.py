"""Reception's entries of a visit's timeline."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from tamna.core.format import clock_time, minutes
from tamna.core.models import InterfaceMessage
from tamna.patients.timeline import Entry, source
from tamna.patients.views import PAYERS
from tamna.reception.models import Condition, Encounter, ServiceRequest, Ticket

MESSAGE_STATES = {
    "sent": noop("%(kind)s sent"),
    "pending": noop("%(kind)s waits to be sent"),
    "received": noop("%(kind)s received"),
    "accepted": noop("%(kind)s taken"),
    "refused": noop("%(kind)s refused"),
    "failed": noop("%(kind)s failed"),
}


@source
def visit_entries(encounter_id: int) -> Iterator[Entry]:
    visit = Encounter.objects.select_related("appointment", "coverage", "department", "patient").get(pk=encounter_id)
    ref = str(visit.public_id)
    if visit.appointment:
        yield Entry(visit.appointment.booked_at, 1, _("Booking"), _("Booked for %(at)s") % {"at": clock_time(visit.appointment.starts_at)},
                    url=f"{reverse('reception:bookings')}?on={visit.business_on}")  # fmt: skip
    detail = _("First visit") if visit.is_first_visit else _("Follow-up visit")
    yield Entry(visit.arrived_at, 2, _("Arrival"), _("Received"), detail, reverse("patients:detail", args=[visit.patient.public_id]),
                ("encounter", ref))  # fmt: skip
    if visit.coverage:
        steps = [{"label": visit.coverage.payer, "value": visit.coverage.special_case or "–", "formula": str(visit.coverage.checked_on),
                  "inputs": {}, "facts": []}]  # fmt: skip
        yield Entry(max(visit.coverage.checked_at, visit.arrived_at), 3, _("Eligibility"), _(PAYERS[visit.coverage.payer]),
                    _("Answer for %(day)s") % {"day": visit.coverage.checked_on},
                    reverse("patients:detail", args=[visit.patient.public_id]), ("patient", str(visit.patient.public_id)), steps)  # fmt: skip
    for ticket in Ticket.objects.filter(encounter=visit).order_by("id"):
        yield Entry(ticket.issued_at, 4, _("Ticket"), _("Ticket %(number)s") % {"number": ticket.number},
                    f"{_(ticket.priority_reason) if ticket.priority_reason else ''} {minutes(ticket.predicted_wait_min)}",
                    reverse("reception:queue", args=[visit.department.code]), ("ticket", str(ticket.public_id)))  # fmt: skip
        if ticket.called_at:
            yield Entry(ticket.called_at, 5, _("Queue"), _("Called"))
        if ticket.entered_at:
            yield Entry(ticket.entered_at, 6, _("Consultation"), _("Entered the room"))
    orders = list(ServiceRequest.objects.filter(encounter=visit).order_by("id"))
    if orders:
        yield Entry(orders[0].ordered_at, 7, _("Orders"), _("%(count)s orders from the HIS") % {"count": len(orders)},
                    ", ".join(order.name or order.code for order in orders[:6]), ("#"), ("encounter", ref))  # fmt: skip
    if visit.finished_at:
        codes = Condition.objects.filter(encounter=visit).order_by("seq").values_list("code", flat=True)
        yield Entry(visit.finished_at, 8, _("Consultation"), _("Finished"), ", ".join(codes))
    for message in InterfaceMessage.objects.filter(encounter_ref=visit.public_id, system="his").order_by("id"):
        state = _(MESSAGE_STATES.get(message.status, "%(kind)s")) % {"kind": message.kind}
        yield Entry(message.at, 6, "HL7", state, message.control_id)
