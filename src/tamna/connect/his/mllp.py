"""MLLP (minimal lower layer protocol): framed messages over TCP. A server that survives any bytes, a client that says Unreachable."""

import asyncio
import socket
from collections.abc import Callable

from tamna.connect.errors import Unreachable
from tamna.connect.his.form import MAX_BYTES

START, END = b"\x0b", b"\x1c\r"
IDLE_S = 300.0
Receive = Callable[[bytes], bytes]


async def serve(host: str, port: int, receive: Receive, *, idle_s: float = IDLE_S) -> asyncio.Server:
    """Answer each framed message with what `receive` returns (it runs in a thread), one after the other on a connection.

    Bytes before a start block are skipped; a start block within a frame begins anew, for the end of the one before was lost.
    A frame over 8 MiB is answered with AR and ends the connection; a silent connection ends after `idle_s`.
    """

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await _skip_to_start(reader, idle_s)
                try:
                    frame = await asyncio.wait_for(reader.readuntil(END), idle_s)
                except asyncio.LimitOverrunError:
                    head = await reader.readexactly(min(MAX_BYTES, 1 << 16))
                    writer.write(START + await asyncio.to_thread(receive, head.ljust(MAX_BYTES + 1, b" ")) + END)
                    await writer.drain()
                    return
                answer = await asyncio.to_thread(receive, frame[: -len(END)].rpartition(START)[2])
                writer.write(START + answer + END)
                await writer.drain()
        except (asyncio.IncompleteReadError, TimeoutError, OSError):
            pass  # the other side went away; what it did not get an answer for it sends again
        finally:
            writer.close()

    return await asyncio.start_server(talk, host, port, limit=MAX_BYTES + 1024)


async def _skip_to_start(reader: asyncio.StreamReader, idle_s: float) -> None:
    """Read on until a start block; noise of any length takes no memory."""
    while True:
        try:
            await asyncio.wait_for(reader.readuntil(START), idle_s)
            return
        except asyncio.LimitOverrunError as error:
            await reader.readexactly(error.consumed)


def send(host: str, port: int, message: bytes, timeout_s: float = 5.0) -> bytes:
    """Send one message and wait for its answer. Raises Unreachable."""
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as connection:
            connection.settimeout(timeout_s)
            connection.sendall(START + message + END)
            answer = b""
            while not answer.endswith(END):
                part = connection.recv(65536)
                if not part or len(answer) > MAX_BYTES:
                    raise Unreachable("his")
                answer += part
            return answer[: -len(END)].rpartition(START)[2]
    except OSError as error:
        raise Unreachable("his") from error
