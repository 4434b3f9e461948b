"""Live updates: one LISTEN connection fans out to open browsers by server-sent events. A separate small process.

A stream sends `event: <topic>` with the ids of what changed; the page fetches its own partial with its own rights, so
nothing personal travels here; what is told to some people goes to their streams only. What happens within
`GATHER_SECONDS` goes out as one write, the last of each topic: a busy hour costs a stream four writes a second and not
fifty. A stream needs the signed, short-lived token of `/live-address`.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator

import psycopg
from django.core import signing
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route

from tamna.core import database

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tamna.web.settings")
CHANNEL = "tamna_live"
SALT = "tamna.live"
TOKEN_SECONDS = 60
QUEUE_LENGTH = 200  # a browser that falls further behind is told to reload
BEAT_SECONDS = 15
GATHER_SECONDS = 0.25
RELOAD = b"event: reload\ndata: {}\n\n"
streams: dict["asyncio.Queue[bytes]", int] = {}  # whose it is
gathered: dict[str, bytes] = {}  # topic → its last message


def token_for(user_id: int) -> str:
    """A token that opens a stream within a minute."""
    return signing.dumps({"user": user_id}, salt=SALT)


async def fan_out() -> None:
    """Listen for ever; reconnect while the database is away."""
    while True:
        try:
            connection = await psycopg.AsyncConnection.connect(**database.connection(), autocommit=True)
            async with connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                _send(b"event: online\ndata: {}\n\n")
                async for notice in connection.notifies():
                    facts = json.loads(notice.payload)
                    topic, to = facts.get("topic", ""), facts.pop("to", None)
                    message = f"event: {topic}\ndata: {json.dumps(facts)}\n\n".encode()
                    if to is not None:
                        _send(message, to)
                        continue
                    if not gathered:
                        asyncio.get_running_loop().call_later(GATHER_SECONDS, _send_gathered)
                    gathered[topic] = message
        except (psycopg.OperationalError, OSError):
            _send(b"event: offline\ndata: {}\n\n")
            await asyncio.sleep(1)


def _send_gathered() -> None:
    message = b"".join(gathered.values())
    gathered.clear()
    _send(message)


def _send(message: bytes, to: list[int] | None = None) -> None:
    for queue, user_id in tuple(streams.items()):
        if to is not None and user_id not in to:
            continue
        is_behind = queue.full()
        if is_behind:
            with contextlib.suppress(asyncio.QueueEmpty):
                while True:
                    queue.get_nowait()
        queue.put_nowait(RELOAD if is_behind else message)


async def stream(request: Request) -> StreamingResponse | PlainTextResponse:
    try:
        token = signing.loads(request.query_params.get("token", ""), salt=SALT, max_age=TOKEN_SECONDS)
    except signing.BadSignature:
        return PlainTextResponse("the stream's token is missing or too old", status_code=403)
    queue: asyncio.Queue[bytes] = asyncio.Queue(QUEUE_LENGTH)

    async def messages() -> AsyncIterator[bytes]:
        streams[queue] = token["user"]
        try:
            yield b"retry: 2000\nevent: hello\ndata: {}\n\n"
            while True:
                try:
                    yield await asyncio.wait_for(queue.get(), BEAT_SECONDS)
                except TimeoutError:
                    yield b": beat\n\n"
        finally:
            streams.pop(queue, None)

    return StreamingResponse(
        messages(),
        media_type="text/event-stream",
        headers={
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
            "Access-Control-Allow-Origin": _origin(request),
        },
    )


def _origin(request: Request) -> str:
    """Only pages of this host may read the stream (the port differs)."""
    origin = request.headers.get("origin", "")
    host = origin.split("://")[-1].rsplit(":", 1)[0]
    return origin if host and host == request.headers.get("host", "").rsplit(":", 1)[0] else "null"


async def healthz(request: Request) -> JSONResponse:
    return JSONResponse({"ok": True, "streams": len(streams)})


@contextlib.asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    task = asyncio.create_task(fan_out())
    try:
        yield
    finally:
        task.cancel()


application = Starlette(routes=[Route("/live", stream), Route("/healthz", healthz)], lifespan=lifespan)
