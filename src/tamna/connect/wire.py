"""One way of asking an HTTP system: time-outs become Unreachable, error answers become Refused."""

from typing import Any

import httpx

from tamna.connect.errors import Refused, Unreachable


def ask(system: str, method: str, url: str, *, timeout_s: float = 3.0, **request: Any) -> httpx.Response:
    """One request. Raises Unreachable (no answer, or 5xx), Refused(code) on 4xx."""
    try:
        reply = httpx.request(method, url, timeout=timeout_s, **request)
    except httpx.HTTPError as error:
        raise Unreachable(system) from error
    if reply.status_code >= 500:
        raise Unreachable(system)
    if reply.status_code >= 400:
        try:
            body = reply.json()
        except ValueError:
            body = {}
        raise Refused(system, str(body.get("code", reply.status_code)), str(body.get("message", "")))
    return reply
