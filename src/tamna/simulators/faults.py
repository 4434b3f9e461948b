"""What every simulator shares: faults that a screen can switch, a status page, a small file that survives kill -9.

Faults: `delay_s` seconds before an answer, `refuse_rate` of answers that are errors, `outage` 1 for no answer at all,
`lie_rate` of wrong answers, `garble_rate` of answers cut in the middle, `lost_rate` of work done whose answer is lost.
"""

import asyncio
import json
import random
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass
class Faults:
    delay_s: float = 0.0
    refuse_rate: float = 0.0
    outage: float = 0.0
    lie_rate: float = 0.0
    garble_rate: float = 0.0
    lost_rate: float = 0.0
    seed: int = 0
    dice: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    def as_json(self) -> dict[str, float]:
        return {key: value for key, value in asdict(self).items() if key in LIMITS}

    def change(self, raw: dict[str, Any]) -> None:
        for key, value in raw.items():
            if key not in LIMITS or not isinstance(value, (int, float)) or not 0 <= value <= LIMITS[key]:
                raise ValueError(f"{key} must be a number from 0 to {LIMITS.get(key, 0)}")
        for key, value in raw.items():
            setattr(self, key, float(value))

    def happens(self, rate: float) -> bool:
        return rate > 0 and self.dice.random() < rate

    def lies(self) -> bool:
        return self.happens(self.lie_rate)


LIMITS = {"delay_s": 30.0, "refuse_rate": 1.0, "outage": 1.0, "lie_rate": 1.0, "garble_rate": 1.0, "lost_rate": 1.0}


def troubled(faults: Faults, endpoint: Endpoint) -> Endpoint:
    """Wrap an endpoint: wait, refuse, vanish, or lose the answer after the work is done."""

    async def answer(request: Request) -> Response:
        if faults.delay_s:
            await asyncio.sleep(faults.delay_s)
        if faults.outage or faults.happens(faults.refuse_rate):
            return JSONResponse({"code": "unavailable"}, status_code=503)
        response = await endpoint(request)
        if faults.happens(faults.lost_rate):
            return JSONResponse({"code": "lost"}, status_code=504)
        if faults.happens(faults.garble_rate):
            return Response(bytes(response.body)[: len(response.body) // 2], media_type="application/json")
        return response

    return answer


def simulator(name: str, faults: Faults, routes: list[tuple[str, Endpoint, str]], **more: Any) -> Starlette:
    """An application with its own routes (path, endpoint, method) plus /status and /faults."""

    async def status(request: Request) -> Response:
        return JSONResponse({"system": name, "simulator": True, "faults": faults.as_json()})

    async def change(request: Request) -> Response:
        try:
            faults.change(await request.json())
        except (ValueError, AttributeError) as error:
            return JSONResponse({"code": "bad_fault", "message": str(error)}, status_code=422)
        return JSONResponse(faults.as_json())

    return Starlette(
        routes=[
            *(Route(path, troubled(faults, endpoint), methods=[method]) for path, endpoint, method in routes),
            Route("/status", status),
            Route("/faults", change, methods=["POST"]),
        ],
        **more,
    )


class Memory:
    """A simulator's own records: key → JSON in a small durable file."""

    def __init__(self, path: str | None) -> None:
        if path:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        self.file = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self.file.execute("PRAGMA journal_mode=WAL")
        self.file.execute("CREATE TABLE IF NOT EXISTS kept (kind TEXT, key TEXT, value TEXT, PRIMARY KEY (kind, key))")

    def get(self, kind: str, key: str) -> Any:
        row = self.file.execute("SELECT value FROM kept WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        return json.loads(row[0]) if row else None

    def put(self, kind: str, key: str, value: Any) -> None:
        self.file.execute(
            "INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", (kind, key, json.dumps(value, ensure_ascii=False))
        )

    def drop(self, kind: str, key: str) -> None:
        self.file.execute("DELETE FROM kept WHERE kind = ? AND key = ?", (kind, key))

    def all(self, kind: str) -> list[tuple[str, Any]]:
        rows = self.file.execute("SELECT key, value FROM kept WHERE kind = ? ORDER BY rowid", (kind,)).fetchall()
        return [(key, json.loads(value)) for key, value in rows]


def serve(app: Starlette, port: int) -> None:
    """Serve on the loopback until told to stop."""
    import uvicorn

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)
