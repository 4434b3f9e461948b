"""The waiting board on TV (대기 안내판): who is called, who is next, when; the language rotates, calls are heard."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from tamna.core.access import DEVICE, needs
from tamna.lobby import languages, names, turns


@needs(DEVICE)
def board(request: HttpRequest) -> HttpResponse:
    """The frame; the script asks for what moves, in one language after the other."""
    with translation.override("ko"):
        return render(request, "lobby/board.html", _shown(request))


@needs(DEVICE)
def now(request: HttpRequest) -> HttpResponse:
    """What moves, in the language asked for."""
    with translation.override(languages.known(request.GET.get("language", ""))):
        return render(request, "lobby/_board.html", _shown(request))


def _shown(request: HttpRequest) -> dict[str, object]:
    device = request.device  # type: ignore[attr-defined]
    return {
        "lines": turns.lines(device),
        "slips": turns.slips(device),
        "names": device.shows_names,
        "name": names.department,
    }
