"""The waiting board on TV (대기 안내판): who is called, who is next, when; the language rotates, calls are heard."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import translation

from tamna.core.access import DEVICE, needs
from tamna.lobby import languages, names, turns
from tamna.lobby.doors import DeviceRequest


@needs(DEVICE)
def board(request: DeviceRequest) -> HttpResponse:
    """The frame; the script asks for what moves, in one language after the other."""
    with translation.override("ko"):
        return render(request, "lobby/board.html", _shown(request))


@needs(DEVICE)
def now(request: DeviceRequest) -> HttpResponse:
    """What moves, in the language asked for."""
    with translation.override(languages.known(request.GET.get("language", ""))):
        return render(request, "lobby/_board.html", _shown(request))


def _shown(request: DeviceRequest) -> dict[str, object]:
    device = request.device
    return {
        "lines": turns.lines(device),
        "slips": turns.slips(device),
        "names": device.shows_names,
        "name": names.department,
    }
