"""MLLP (minimal lower layer protocol): framed messages over TCP. A server that survives any bytes, a client that says Unreachable."""

import asyncio
import socket
from collections.abc import Callable

from tamna.connect.errors import Unreachable
from tamna.connect.his import MAX_BYTES

START, END = b"\x0b", b"\x1c\r"
IDLE_S = 300.0
Receive = Callable[[bytes], bytes]


async def serve(host: str, port: int, receive: Receive) -> asyncio.Server:
    """Answer each framed message with what `receive` returns (it runs in a thread). Frames over 8 MiB end the connection."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await asyncio.wait_for(reader.readuntil(START), IDLE_S)
                frame = await asyncio.wait_for(reader.readuntil(END), IDLE_S)
                answer = await asyncio.to_thread(receive, frame[: -len(END)])
                writer.write(START + answer + END)
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, ConnectionError):
            pass
        finally:
            writer.close()

    return await asyncio.start_server(talk, host, port, limit=MAX_BYTES + 1024)


def send(host: str, port: int, message: bytes, timeout_s: float = 5.0) -> bytes:
    """Send one message and wait for its answer. Raises Unreachable."""
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as connection:
            connection.settimeout(timeout_s)
            connection.sendall(START + message + END)
            answer = b""
            while not answer.endswith(END):
                part = connection.recv(65536)
                if not part:
                    raise Unreachable("his")
                answer += part
            return answer[len(START) : -len(END)]
    except OSError as error:
        raise Unreachable("his") from error
