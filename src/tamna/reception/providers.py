"""Reception's entries of a visit's timeline."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.utils.translation import ngettext

from tamna.core.format import clock_time, day, language, minutes, moment
from tamna.core.models import InterfaceMessage
from tamna.patients.models import ImportedResource
from tamna.patients.timeline import Entry, Figure, figures, source, step
from tamna.patients.views import PAYERS, kind_name
from tamna.reception.diagnoses import name_of
from tamna.reception.models import Condition, Encounter, ServiceRequest, Ticket

MESSAGE_STATES = {
    "sent": noop("%(kind)s sent"),
    "pending": noop("%(kind)s waits to be sent"),
    "received": noop("%(kind)s received"),
    "accepted": noop("%(kind)s taken"),
    "refused": noop("%(kind)s refused"),
    "failed": noop("%(kind)s failed"),
}
FIRST_VISIT_LAW = "건강보험 행위 급여·비급여 목록표 및 급여 상대가치점수 제1편 제2부 제1장 (초진·재진)"


def _between(start: datetime | None, end: datetime | None) -> str:
    return minutes((end - start).total_seconds() / 60) if start and end else "–"


@source
def visit_entries(encounter_id: int) -> Iterator[Entry]:
    rows = Encounter.objects.select_related(
        "appointment__slot__practitioner", "coverage", "department", "patient", "practitioner"
    )
    visit = rows.get(pk=encounter_id)
    if visit.is_imported:
        yield from _imported(visit)
        return
    own, patient_url = ("encounter", str(visit.public_id)), reverse("patients:detail", args=[visit.patient.public_id])
    korean = language() == "ko"
    department = visit.department.name_ko if korean else visit.department.name_en
    if visit.appointment:
        booked, doctor = visit.appointment, visit.appointment.slot.practitioner
        why = [step(_("Doctor"), doctor.name_ko if korean else doctor.name_en), step(_("Time"), moment(booked.starts_at)),
               step(_("Booked on"), moment(booked.booked_at))]  # fmt: skip
        yield Entry(booked.booked_at, 1, _("Booking"), _("Booked for %(at)s") % {"at": clock_time(booked.starts_at)}, department,
                    f"{reverse('reception:bookings')}?on={visit.business_on}", ("appointment", str(booked.pk)), why, icon="calendar")  # fmt: skip
    kind = _("First visit") if visit.is_first_visit else _("Follow-up visit")
    came = _("By booking") if visit.appointment else _("Walk-in")
    why = [step(_("How"), came), step(_("Kind of visit"), kind, _("Last finished visit to %(department)s decides") % {"department": department},
           FIRST_VISIT_LAW)]  # fmt: skip
    yield Entry(
        visit.arrived_at,
        2,
        _("Arrival"),
        _("Received"),
        f"{came} · {kind} · {department}",
        patient_url,
        own,
        why,
        icon="person",
    )
    if visit.coverage:
        cover = visit.coverage
        why = [step(_("Payer"), _(PAYERS[cover.payer]), "", "국민건강보험법 제5조"),
               step(_("Special case"), cover.special_case or _("None"), f"{day(cover.special_from)} – {day(cover.special_to)}" if cover.special_case else ""),
               step(_("Answer for"), day(cover.checked_on), _("Valid on %(day)s") % {"day": day(visit.business_on)})]  # fmt: skip
        stale = cover.checked_on < visit.business_on
        detail = _("Answer for %(day)s") % {"day": day(cover.checked_on)} + (
            f" · {cover.special_case}" if cover.special_case else ""
        )
        yield Entry(max(cover.checked_at, visit.arrived_at), 3, _("Eligibility"), _(PAYERS[cover.payer]), detail, patient_url,
                    ("patient", str(visit.patient.public_id)), why, "amber" if stale else "", icon="shield")  # fmt: skip
    for ticket in Ticket.objects.filter(encounter=visit).order_by("id"):
        yield from _ticket_entries(ticket, reverse("reception:queue", args=[visit.department.code]))
    yield from _order_entries(visit, own)
    if visit.finished_at:
        conditions = list(Condition.objects.filter(encounter=visit).order_by("seq"))
        names = [f"{row.code} {name_of(row.code, language())}".strip() for row in conditions]
        why = [
            step(row.code, _("principal") if row.kind == "principal" else "", name_of(row.code, language()))
            for row in conditions
        ]
        why.append(step(_("Time in the room"), _between(visit.started_at, visit.finished_at)))
        yield Entry(visit.finished_at, 9, _("Consultation"), _("Finished"), ", ".join(names), f"{reverse('patients:visit', args=[visit.public_id])}",
                    own, why, icon="check")  # fmt: skip
    for message in InterfaceMessage.objects.filter(encounter_ref=visit.public_id, system="his").order_by("id"):
        state = _(MESSAGE_STATES.get(message.status, "%(kind)s")) % {"kind": message.kind}
        why = [step(_("Message"), message.kind), step(_("Direction"), _("From the HIS") if message.direction == "in" else _("To the HIS")),
               step(_("Control id"), message.control_id, _("The same id is taken once, however often it comes.")),
               step(_("State"), state, message.detail)]  # fmt: skip
        yield Entry(message.at, 7, "HL7", state, message.control_id, reverse("reception:message", args=[message.pk]), own, why,
                    "red" if message.status in ("refused", "failed") else "", icon="send")  # fmt: skip


def _ticket_entries(ticket: Ticket, url: str) -> Iterator[Entry]:
    """Issued, called, entered: each with what decided it."""
    subject = ("ticket", str(ticket.public_id))
    reason = _(ticket.priority_reason) if ticket.priority_reason else ""
    place = step(_("Place in the queue"), reason or str(ticket.priority), _("Priority, then time due, then number"))
    predicted = step(
        _("Predicted wait"),
        minutes(ticket.predicted_wait_min),
        _("Model of the night over who waits and who is in the room")
        if ticket.predicted_by == "model"
        else _("People ahead × pace of the last consultations"),
    )
    forecast = (
        _("predicted %(minutes)s") % {"minutes": minutes(ticket.predicted_wait_min)}
        if ticket.predicted_wait_min is not None
        else ""
    )
    yield Entry(ticket.issued_at, 4, _("Ticket"), _("Ticket %(number)s") % {"number": ticket.number}, " · ".join(filter(None, (reason, forecast))),
                reverse("reception:ticket", args=[ticket.public_id]), subject, [place, predicted], icon="ticket")  # fmt: skip
    if ticket.called_at:
        waited = _between(ticket.issued_at, ticket.called_at)
        yield Entry(ticket.called_at, 5, _("Queue"), _("Called"), _("after %(minutes)s") % {"minutes": waited}, url, subject,
                    [place, step(_("Waited"), waited), predicted], icon="bell")  # fmt: skip
    if ticket.entered_at:
        walked = _between(ticket.called_at, ticket.entered_at)
        yield Entry(ticket.entered_at, 6, _("Consultation"), _("Entered the room"), "", url, subject,
                    [step(_("From call to room"), walked), step(_("From ticket to room"), _between(ticket.issued_at, ticket.entered_at))],
                    icon="door")  # fmt: skip


def _order_entries(visit: Encounter, subject: tuple[str, str]) -> Iterator[Entry]:
    orders = list(ServiceRequest.objects.filter(encounter=visit).order_by("id"))
    if not orders:
        return
    why = [
        step(
            order.name or order.code,
            f"{order.quantity:g}",
            f"{order.code} · {order.placer_number} · {order.get_status_display()}",
        )
        for order in orders
    ]
    names = ", ".join(order.name or order.code for order in orders[:4]) + (" …" if len(orders) > 4 else "")
    unmapped = any(order.status == ServiceRequest.Status.UNMAPPED for order in orders)
    yield Entry(orders[0].ordered_at, 8, _("Orders"), ngettext("%(count)s order from the HIS", "%(count)s orders from the HIS", len(orders)) % {"count": len(orders)}, names,
                f"{reverse('patients:visit', args=[visit.public_id])}", subject, why, "amber" if unmapped else "", icon="list")  # fmt: skip


def _imported(visit: Encounter) -> Iterator[Entry]:
    """A visit elsewhere, and what came with it: one entry a kind of record. Two queries."""
    page, own = reverse("patients:elsewhere", args=[visit.patient.public_id]), ("encounter", str(visit.public_id))
    rows = ImportedResource.objects.filter(encounter_ref=visit.public_id).defer("content").order_by("happened_at", "pk")
    groups: dict[str, list[ImportedResource]] = {}
    for row in rows:
        groups.setdefault(row.resource_type, []).append(row)
    head = groups.pop("Encounter", [])
    why = [step(_("Source"), "FHIR R4", _("It was not here: nothing of it is queued, charged or claimed."))]
    yield Entry(visit.arrived_at, 2, _("Visit elsewhere"), (head[0].title if head else "") or visit.get_setting_display(),
                _("Imported from FHIR"), f"{page}?visit={visit.public_id}", own, why, icon="download")  # fmt: skip
    for row in Condition.objects.filter(encounter=visit).order_by("seq"):
        name = row.title or name_of(row.code, language())
        yield Entry(
            visit.arrived_at,
            7,
            _("Diagnosis"),
            name or row.code,
            f"{row.get_kind_display()} · {row.code}",
            subject=own,
            icon="list",
        )
    ends_at = visit.finished_at or visit.arrived_at
    for kind, found in groups.items():
        if kind == "Condition":
            continue
        named = [row.title for row in found if row.title]
        detail = ", ".join(named[:4]) + (
            " " + _("and %(count)s more") % {"count": len(named) - 4} if len(named) > 4 else ""
        )
        at = min(max(found[0].happened_at or visit.arrived_at, visit.arrived_at), ends_at)
        title = kind_name(kind) + (f" × {len(found)}" if len(found) > 1 else "")
        yield Entry(
            at, 8, _("Kept as it came"), title, detail, f"{page}?kind={kind}&visit={visit.public_id}", own, icon="paper"
        )
    yield Entry(
        ends_at, 9, _("Visit elsewhere"), visit.get_status_display(), "", f"{page}?visit={visit.public_id}", own
    )


@figures
def visit_figures(encounter_id: int) -> Iterator[Figure]:
    visit = Encounter.objects.get(pk=encounter_id)
    if visit.is_imported:
        return
    ticket = Ticket.objects.filter(encounter=visit).exclude(status="cancelled").order_by("id").last()
    if ticket:
        yield Figure(_("Waited"), _between(ticket.issued_at, ticket.called_at))
    yield Figure(_("In the room"), _between(visit.started_at, visit.finished_at))


def message_facts(message: InterfaceMessage) -> list[dict[str, Any]]:
    """What is kept of a message, for its page: never its content."""
    return [
        step(_("System"), message.system.upper()),
        step(_("Direction"), _("From the HIS") if message.direction == "in" else _("To the HIS")),
        step(_("Message"), message.kind), step(_("Control id"), message.control_id), step(_("Time"), moment(message.at)),
        step(_("State"), _(MESSAGE_STATES.get(message.status, "%(kind)s")) % {"kind": message.kind}, message.detail),
        step("sha256", message.digest[:16] or "–", _("The content itself is not kept in clear.")),
    ]  # fmt: skip
