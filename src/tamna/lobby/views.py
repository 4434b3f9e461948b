"""Patients' pages outside the kiosk, the phone and the board: enrolling a device, choosing a language."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tamna.core.access import PUBLIC, needs
from tamna.core.errors import DomainError
from tamna.lobby import devices, doors, languages

HOME_OF = {"kiosk": "lobby:kiosk", "board": "lobby:board"}


@needs(PUBLIC)
def enrol(request: HttpRequest, sealed: str) -> HttpResponse:
    """On the device itself: one press makes this browser the kiosk or the board that the link names."""
    if request.method == "POST":
        try:
            device, key = devices.enrol(sealed=sealed, address=request.META.get("REMOTE_ADDR", ""))
        except DomainError as refused:
            return doors.closed(request, _("This screen is not set up"), refused.message)
        response = redirect(HOME_OF[device.kind])
        doors.remember(response, doors.DEVICE_COOKIE, key, doors.DEVICE_DAYS * 86_400)
        return response
    device = devices.invited(sealed)
    if device is None:
        return doors.closed(request, _("This screen is not set up"), DomainError("lobby.enrol_link").message)
    return render(request, "lobby/enrol.html", {"device": device})


@require_POST
@needs(PUBLIC)
def language(request: HttpRequest) -> HttpResponse:
    """Keep a patient's choice of language for this session."""
    back = request.POST.get("next", "")
    fits = back.startswith(languages.PATH) and url_has_allowed_host_and_scheme(back, {request.get_host()})
    response = redirect(back if fits else "lobby:me")
    languages.keep(response, request.POST.get("language", ""))
    return response
