"""The hospital information system, imagined. Run: python -m tamna.simulators.his --port CONTROL --mllp-port M --product-port P --state FILE

Takes our ADT over MLLP and acknowledges it. The doctors of the synthetic hospital (POST /orders, /finish) make it send
ORM^O01 and DFT^P03 to the product; what is not acknowledged yet stays in its file and is sent again, so nothing is lost
while the product restarts. Faults: delay, outage, refused and lost acknowledgements, and `lie_rate`, which replays messages.
"""

import argparse
import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tamna.simulators.faults import Faults, Memory, serve, simulator

START, END = b"\x0b", b"\x1c\r"


def _head(kind: str, control_id: str, at: datetime) -> str:
    return rf"MSH|^~\&|HIS|HIS|TAMNA|TAMNA|{at:%Y%m%d%H%M%S}||{kind}|{control_id}|P|2.5||||||UNICODE UTF-8" + "\r"


def _visit(body: dict[str, Any]) -> str:
    return f"PID|1||{body['chart_no']}^^^TAMNA^MR\rPV1|1|O|||||||||||||||||{body['visit']}\r"


def orders_message(body: dict[str, Any], at: datetime) -> tuple[str, str]:
    control_id = f"O-{body['visit'].replace('-', '')[:24]}"
    text = _head("ORM^O01", control_id, at) + _visit(body)
    for number, (code, quantity) in enumerate(body["orders"], start=1):
        placer = f"{body['visit'].replace('-', '')[:20]}-{number}"
        text += f"ORC|NW|{placer}|||||||{at:%Y%m%d%H%M%S}\rOBR|{number}|{placer}||{code}^{code}{'|' * 23}{quantity}\r"
    return control_id, text


def finish_message(body: dict[str, Any], at: datetime) -> tuple[str, str]:
    control_id = f"F-{body['visit'].replace('-', '')[:24]}"
    text = _head("DFT^P03", control_id, at) + _visit(body)
    for number, code in enumerate(body["diagnoses"], start=1):
        text += f"DG1|{number}||{code}|||F\r"
    return control_id, text


class Hospital:
    def __init__(self, state: str | None, seed: int, product_port: int) -> None:
        self.faults, self.memory, self.product_port = Faults(seed=seed), Memory(state), product_port
        self.wake = asyncio.Event()

    async def orders(self, request: Request) -> Response:
        return await self._queue(orders_message, await request.json())

    async def finish(self, request: Request) -> Response:
        return await self._queue(finish_message, await request.json())

    async def _queue(self, make: Any, body: dict[str, Any]) -> Response:
        control_id, text = make(body, datetime.fromisoformat(body["at"]))
        if self.memory.get("sent", control_id) is None:
            self.memory.put("waiting", control_id, text)
        self.wake.set()
        return JSONResponse({"control_id": control_id})

    async def send_for_ever(self) -> None:
        """Send what waits, in order, one connection at a time; try again after a pause."""
        while True:
            waiting = self.memory.all("waiting")
            for control_id, text in waiting:
                if self.faults.outage:
                    break
                if self.faults.delay_s:
                    await asyncio.sleep(self.faults.delay_s)
                try:
                    answer = await self._send(text)
                    if self.faults.lies():
                        await self._send(text)  # a replay: must change nothing
                except (OSError, TimeoutError, asyncio.IncompleteReadError):
                    break
                if b"MSA|AA|" in answer or b"MSA|AR|" in answer or b"|refused" in answer:
                    self.memory.put("sent", control_id, answer.decode("utf-8", "replace")[:200])
                    self.memory.drop("waiting", control_id)
                elif b"MSA|AE|" in answer and b"send it again" not in answer:
                    self.memory.put("refused", control_id, answer.decode("utf-8", "replace")[:400])
                    self.memory.drop("waiting", control_id)
            self.wake.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.wake.wait(), 1.0 if self.memory.all("waiting") else 5.0)

    async def _send(self, text: str) -> bytes:
        reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", self.product_port), 3)
        try:
            writer.write(START + text.encode() + END)
            await writer.drain()
            return await asyncio.wait_for(reader.readuntil(END), 15)
        finally:
            writer.close()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Acknowledge what the product tells us."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.LimitOverrunError):
            while True:
                await reader.readuntil(START)
                frame = await reader.readuntil(END)
                if self.faults.outage:
                    break
                if self.faults.delay_s:
                    await asyncio.sleep(self.faults.delay_s)
                parts = frame.split(b"\r")[0].split(b"|")
                control_id = parts[9].decode() if len(parts) > 9 else ""
                code = "AE" if self.faults.happens(self.faults.refuse_rate) else "AA"
                if code == "AA":
                    self.memory.put("told", control_id, 1)
                if self.faults.happens(self.faults.lost_rate):
                    break
                now = parts[6].decode() if len(parts) > 6 else ""
                answer = (
                    rf"MSH|^~\&|HIS|HIS|TAMNA|TAMNA|{now}||ACK|A{control_id}|P|2.5" + f"\rMSA|{code}|{control_id}\r"
                )
                writer.write(START + answer.encode() + END)
                await writer.drain()
        writer.close()

    def state(self) -> dict[str, int]:
        return {
            "waiting": len(self.memory.all("waiting")),
            "refused": len(self.memory.all("refused")),
            "told": len(self.memory.all("told")),
        }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--mllp-port", type=int, required=True)
    parser.add_argument("--product-port", type=int, required=True)
    parser.add_argument("--state")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    hospital = Hospital(args.state, args.seed, args.product_port)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        server = await asyncio.start_server(hospital.talk, "127.0.0.1", args.mllp_port, limit=1 << 20)
        task = asyncio.create_task(hospital.send_for_ever())
        async with server:
            yield
        task.cancel()

    async def counts(request: Request) -> Response:
        return JSONResponse(hospital.state())

    routes = [("/orders", hospital.orders, "POST"), ("/finish", hospital.finish, "POST"), ("/counts", counts, "GET")]
    serve(simulator("his", hospital.faults, routes, lifespan=lifespan), args.port)


if __name__ == "__main__":
    main()
