"""One way of asking an HTTP system: time-outs become Unreachable, error answers Refused, unreadable ones Garbled."""

from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from tamna.connect.errors import Garbled, Refused, Unreachable
from tamna.connect.systems import by_key, trusted

Reply = TypeVar("Reply", bound=BaseModel)


def ask(system: str, method: str, url: str, *, timeout_s: float = 3.0, **request: Any) -> httpx.Response:
    """One request, signed in as IT set it. Raises Unreachable (no answer, or 5xx), Refused(code) on 4xx."""
    known = by_key(system)
    headers = {**(known.address.headers if known else {}), **request.pop("headers", {})}
    try:
        reply = httpx.request(method, url, timeout=timeout_s, headers=headers, verify=trusted(), **request)
    except httpx.HTTPError as error:
        raise Unreachable(system) from error
    if reply.status_code >= 500:
        raise Unreachable(system)
    if reply.status_code >= 400:
        try:
            body = reply.json()
        except ValueError:
            body = None
        said = body if isinstance(body, dict) else {}
        raise Refused(system, str(said.get("code", reply.status_code)), str(said.get("message", "")))
    return reply


def ask_for(model: type[Reply], system: str, method: str, url: str, *, timeout_s: float = 3.0, **request: Any) -> Reply:
    """One request whose answer must fit `model`. Raises what `ask` raises, and Garbled.

    The reason names the field and what is wrong with it, never the value: an answer may hold a person.
    """
    reply = ask(system, method, url, timeout_s=timeout_s, **request)
    try:
        return model.model_validate_json(reply.content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise Garbled(system, f"{place}: {first['type']}") from None
