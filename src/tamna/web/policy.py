"""What a page may load and where it may send (Content Security Policy): its own host, and the live stream beside it."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self' {live}; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)  # fmt: skip


def live_url(request: HttpRequest) -> str:
    """Where this browser finds the live stream: TAMNA_LIVE_URL, else the next port of the same host."""
    if settings.LIVE_URL:
        return str(settings.LIVE_URL)
    host = request.get_host().rsplit(":", 1)[0]
    return f"{request.scheme}://{host}:{int(request.get_port()) + 1}/live"


class ContentPolicy:
    """A script that somebody smuggles into a page does not run, and nothing is sent elsewhere."""

    def __init__(self, respond: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.respond(request)
        if response.get("Content-Type", "").startswith("text/html"):
            live = urlsplit(live_url(request))
            response.headers["Content-Security-Policy"] = POLICY.format(live=f"{live.scheme}://{live.netloc}")
        return response
