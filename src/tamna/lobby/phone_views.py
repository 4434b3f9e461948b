"""The patient's page on their own phone (환자 휴대전화 화면): my turn, my bookings, my bills. Installable; shows only what its link allows."""

from pathlib import Path
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation

from tamna.billing.models import Invoice, Printout
from tamna.billing.papers import count_printing
from tamna.billing.receipts import receipt_pdf
from tamna.core import audit, clock
from tamna.core.access import LINK, PUBLIC, needs
from tamna.core.actor import Actor
from tamna.core.format import named
from tamna.lobby import codes, doors, languages, names, turns
from tamna.lobby.doors import LinkRequest
from tamna.lobby.models import PatientLink
from tamna.reception.models import Appointment, Ticket

WORKER = Path(__file__).parent / "static" / "lobby" / "phone-worker.js"
BILLS, BOOKINGS, TURNS = 6, 6, 5


@needs(PUBLIC)
def enter(request: HttpRequest, sealed: str) -> HttpResponse:
    """A link is exchanged for a cookie at once, so that it stays in no history, and the page follows in the patient's language."""
    key = doors.unseal(sealed)
    link = doors.link_by(key)
    response = redirect("lobby:me")
    if link:
        doors.remember(response, doors.LINK_COOKIE, key, int((link.expires_at - timezone.now()).total_seconds()))
        if languages.COOKIE not in request.COOKIES:
            languages.keep(response, link.patient.language)
    else:
        response.delete_cookie(doors.LINK_COOKIE, path=languages.PATH)
    return response


def _turns(link: PatientLink) -> list[turns.Turn]:
    """Today's turns of the person, or the one that a slip's link names."""
    rows = Ticket.objects.select_related("department", "practitioner__room").filter(business_on=clock.today())
    rows = (
        rows.filter(pk=link.ticket_id)
        if link.ticket_id
        else rows.filter(encounter__patient=link.patient, status__in=Ticket.ACTIVE)
    )
    return [turns.turn(row) for row in rows.order_by("issued_at")[:TURNS]]


@needs(LINK)
def me(request: LinkRequest) -> HttpResponse:
    """Turn, bookings with today's code, bills. A slip's link shows its turn only."""
    link = request.link
    context = {
        "link": link,
        "turns": _turns(link),
        "error": turns.yesterday_error(),
        "whole": link.ticket_id is None,
        "name": names.department,
        "room": named,
    }
    if link.ticket_id is None:
        rows = Appointment.objects.filter(
            patient=link.patient, status="booked", starts_at__gte=clock.at_seoul(clock.today())
        )
        bookings = list(rows.select_related("slot__practitioner__department").order_by("starts_at")[:BOOKINGS])
        today = next((row for row in bookings if clock.business_day(row.starts_at) == clock.today()), None)
        bills = Invoice.objects.filter(encounter__patient=link.patient).select_related("encounter__department")
        context |= {
            "bookings": bookings, "bills": list(bills.order_by("-issued_at", "-id")[:BILLS]),
            "code": codes.drawn(codes.text_of(codes.make(today))) if today else "",
        }  # fmt: skip
        audit.note("patient.seen", by=Actor.system("patient page"), subject_type="patient", subject_id=link.patient.public_id,
                   patient_ref=link.patient.public_id, detail={"screen": "phone"})  # fmt: skip
    return render(request, "lobby/me.html", context)


@needs(LINK)
def turn(request: LinkRequest) -> HttpResponse:
    """The part of the page that moves, asked again every quarter of a minute."""
    link = request.link
    context = {"turns": _turns(link), "error": turns.yesterday_error(), "name": names.department, "room": named}
    return render(request, "lobby/_turns.html", context)


@needs(LINK)
def receipt(request: LinkRequest, public_id: UUID) -> HttpResponse:
    """The statutory receipt of an own bill, in Korean or English; each opening is a numbered copy."""
    link = request.link
    if link.ticket_id:
        raise Http404
    bills = Invoice.objects.select_related("encounter__patient", "encounter__department", "corrects")
    bill = get_object_or_404(bills, public_id=public_id, encounter__patient=link.patient)
    with translation.override("ko" if languages.active() == "ko" else "en"):
        printout = count_printing(invoice=bill, kind=Printout.Kind.RECEIPT, by=Actor.system("patient page"))
        response = HttpResponse(receipt_pdf(bill, printout), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{bill.number}.pdf"'
    response["Cache-Control"] = "no-store"
    return response


@needs(PUBLIC)
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker of the installed page."""
    response = HttpResponse(WORKER.read_text(encoding="utf-8"), content_type="text/javascript")
    response["Service-Worker-Allowed"] = "/lobby/me"
    return response


@needs(PUBLIC)
def manifest(request: HttpRequest) -> HttpResponse:
    """What makes the page an app on the phone."""
    icon = {"src": "/static/tamna.svg", "type": "image/svg+xml", "sizes": "any", "purpose": "any"}
    return JsonResponse(
        {
            "name": names.hospital(), "short_name": names.hospital()[:12], "start_url": "/lobby/me", "scope": "/lobby/", "display": "standalone",
            "background_color": "#f4f7f8", "theme_color": "#0b5c68", "lang": languages.tag(), "icons": [icon],
        },
        content_type="application/manifest+json",
    )  # fmt: skip
