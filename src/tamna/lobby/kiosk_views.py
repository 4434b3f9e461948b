"""The kiosk (키오스크): one page that holds every question in four languages, and the few things it asks the server.

The page works on without the server; nothing of a person is in an address, a history or a log. Answers are JSON, sentences
in them are in the language that the page names.
"""

import json
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import translation
from django.views.decorators.http import require_POST

from tamna.core import notices
from tamna.core.access import DEVICE, needs
from tamna.core.actor import Actor
from tamna.core.clock import now
from tamna.core.errors import DomainError
from tamna.lobby import codes, languages, links, recognising, selectors, services
from tamna.lobby.doors import DeviceRequest
from tamna.lobby.kiosk_sizes import sizes
from tamna.lobby.models import CheckIn, Device
from tamna.patients import services as registration
from tamna.reception import selectors as queues
from tamna.reception.models import Ticket

WORKER = Path(__file__).parent / "static" / "lobby" / "kiosk-worker.js"
Answer = Callable[[Device, dict[str, Any], Actor], dict[str, Any]]


@needs(DEVICE)
def kiosk(request: DeviceRequest) -> HttpResponse:
    """Every screen of the kiosk, once a language; which one is seen is the page's own affair."""
    screens, rows = {}, queues.board()
    for code in languages.LANGUAGES:
        with translation.override(code):
            departments = selectors.departments(rows)
            screens[code] = render_to_string("lobby/_kiosk.html", {"code": code, "departments": departments}, request)
    with translation.override("ko"):
        return render(request, "lobby/kiosk.html", {"screens": screens, "sizes": sizes(), "device": request.device})


@needs(DEVICE)
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker that keeps the page when the server is away."""
    response = HttpResponse(WORKER.read_text(encoding="utf-8"), content_type="text/javascript")
    response["Service-Worker-Allowed"] = "/lobby/kiosk"
    return response


def asked(answer: Answer) -> Callable[[HttpRequest], HttpResponse]:
    """A question of the kiosk's page: JSON in, JSON out, in the page's language; a refusal is its sentence."""

    @needs(DEVICE)
    @require_POST
    @wraps(answer)
    def view(request: DeviceRequest) -> HttpResponse:
        try:
            given = json.loads(request.body)
        except ValueError:
            return JsonResponse({}, status=400)
        device = request.device
        by = Actor("system", f"kiosk:{device.name}", address=request.META.get("REMOTE_ADDR", ""))
        with translation.override(languages.known(str(given.get("language", "")))):
            try:
                return JsonResponse(answer(device, given, by))
            except DomainError as refused:
                key = refused.key if refused.key.startswith("lobby.") else "lobby.ask_desk"
                return JsonResponse({"refused": key, "sentence": DomainError(key).message}, status=409)

    return view


def _sign(given: dict[str, Any]) -> recognising.Sign:
    return recognising.Sign(*(str(given.get(name, ""))[:200] for name in ("kind", "value", "birth")))


@asked
def who(device: Device, given: dict[str, Any], by: Actor) -> dict[str, Any]:
    """Recognise somebody and ask the insurer: what is shown for the person to confirm."""
    sign = _sign(given)
    patient = recognising.recognise(sign, device=device, by=by)
    coverage = registration.check_coverage(patient=patient, by=by)
    return {
        "proof": recognising.proof(patient, device, sign), **selectors.person(patient, coverage), "departments": selectors.departments(queues.board()),
    }  # fmt: skip


@asked
def contact(device: Device, given: dict[str, Any], by: Actor) -> dict[str, Any]:
    """The phone is still right, or is another one; the address stays as it is. A found card changes no phone."""
    digits = "".join(letter for letter in str(given.get("phone", "")) if letter.isdigit())[:15]
    patient = recognising.proven(str(given.get("proof", "")), device, by_knowledge=bool(digits))
    registration.update_contact(patient_id=patient.pk, phone=digits or patient.phone, address=patient.address, by=by)
    return {}


@asked
def receive(device: Device, given: dict[str, Any], by: Actor) -> dict[str, Any]:
    """Receive by key: the same key gives the same ticket. What was typed while the server was away is recognised now."""
    try:
        key = UUID(str(given.get("key")))
    except ValueError:
        raise DomainError("lobby.ask_desk") from None
    chosen = (str(given.get(name, ""))[:200] for name in ("appointment", "department", "code", "slip"))
    wish = services.Wish(key, *chosen)
    known = CheckIn.objects.select_related("ticket").filter(key=key).first()
    try:
        if known is None and is_old(given.get("made")):
            raise DomainError("lobby.ask_desk")  # of another day: nobody waits for it any more
        if known is None and given.get("proof"):
            patient = recognising.proven(str(given["proof"]), device, seconds=recognising.RECEIVED_SECONDS)
        elif known is None:
            patient = recognising.recognise(_sign(given), device=device, by=by)
            registration.check_coverage(patient=patient, by=by)
    except DomainError as refused:
        if not wish.slip:
            raise
        known = services.left_to_desk(wish.key, wish.slip, refused.key, device=device)
    row = known or services.check_in(wish, patient=patient, device=device, by=by)
    if row.ticket is None:
        return {"refused": row.refusal, "sentence": DomainError(row.refusal).message}
    issued = Ticket.objects.select_related("department", "practitioner__room", "encounter__patient").get(
        pk=row.ticket.pk
    )
    link = links.make(patient=issued.encounter.patient, ticket=issued, by=by)
    address = settings.PATIENT_URL or str(given.get("origin", ""))[:80]
    return {**selectors.ticket(issued), "code": codes.drawn(address + link)}


def is_old(made_ms: object) -> bool:
    """Whether a wish waited longer than a day of work; by the browser's clock, of wall time."""
    return isinstance(made_ms, int) and time.time() - made_ms / 1000 > recognising.RECEIVED_SECONDS


@asked
def help_me(device: Device, given: dict[str, Any], by: Actor) -> dict[str, Any]:
    """Call staff to this kiosk; within a minute once."""
    notices.tell("kiosk.help", {"device": device.name}, key=f"{device.pk}:{now():%Y%m%d%H%M}", url="/reception/")
    return {}
