"""Fifty staff clicking through the day beside the living hospital, and two hundred open live streams.

Run: make load, or python -m bench.load [--minutes 10] [--staff 50] [--streams 200] [--rate 60] [--port 18700]
Prints the time of answers by page (median, 95 %, most), errors, how long an event takes to an open stream, memory.
Loopback only; ends by itself.
"""

import argparse
import asyncio
import json
import random
import re
import statistics
import sys
import time
from collections import defaultdict

import httpx
import psycopg

from bench.place import Place, place, share

THINK_S = 2.0
ROUNDS = {  # role's account → the pages of its day
    "reception1": [
        "/",
        "/reception/?q={chart}",
        "/reception/board",
        "/reception/board/01",
        "/patients/?q=김",
        "RECEIVE",
    ],
    "cashier1": ["/", "/billing/", "/billing/payments", "/billing/closing", "BILL"],
    "claims1": ["/", "/claims/", "/claims/?status=checked", "/claims/batches", "/claims/answers", "CLAIM"],
    "general1": ["/", "/ledger/", "/ledger/trial-balance"],
    "director": ["/", "/insight/", "/catalogue", "/proposals"],
    "it1": ["/", "/jobs", "/connections", "/audit"],
}
SHARES = ["reception1"] * 20 + ["cashier1"] * 12 + ["claims1"] * 10 + ["general1"] * 3 + ["director"] * 3 + ["it1"] * 2
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
HIDDEN = re.compile(r'name="(patient|department|appointment)" value="([^"]+)"')
Times = dict[str, list[float]]


class Clerk:
    """One person at one browser."""

    def __init__(self, url: str, who: str, seed: int, times: Times, errors: list[str]) -> None:
        self.client = httpx.AsyncClient(base_url=url, timeout=30, follow_redirects=True)
        self.who, self.luck, self.times, self.errors = who, random.Random(seed), times, errors

    async def ask(self, name: str, method: str, path: str, fields: dict[str, str] | None = None) -> str:
        started = time.perf_counter()
        try:
            reply = await self.client.request(method, path, data=fields)
        except httpx.HTTPError as error:
            self.errors.append(f"{name}: {type(error).__name__}")
            return ""
        self.times[name].append((time.perf_counter() - started) * 1000)
        if reply.status_code >= 500:
            self.errors.append(f"{name}: {reply.status_code}")
        return reply.text

    async def enter(self) -> None:
        page = await self.ask("sign in", "GET", "/sign-in")
        await self.ask("sign in", "POST", f"/door/{self.who}", {"csrfmiddlewaretoken": _token(page)})

    async def day(self, until: float) -> None:
        await asyncio.sleep(self.luck.uniform(0, THINK_S))
        await self.enter()
        while time.monotonic() < until:
            for step in ROUNDS[self.who]:
                await asyncio.sleep(self.luck.uniform(0.5, 1.5) * THINK_S)
                if time.monotonic() >= until:
                    break
                await self.step(step)
        await self.client.aclose()

    async def step(self, step: str) -> None:
        chart = f"{self.luck.randint(1, 20_000):08d}"
        if step == "RECEIVE":
            page = await self.ask("find a patient", "GET", f"/reception/?q={chart}")
            form = re.search(r'<form method="post" action="/reception/receive">.*?</form>', page, re.S)
            if form:
                fields = {**dict(HIDDEN.findall(form.group())), "csrfmiddlewaretoken": _token(page)}
                await self.ask("receive a patient", "POST", "/reception/receive", fields)
        elif step in ("BILL", "CLAIM"):
            name, folder = ("bill", "/billing/") if step == "BILL" else ("claim", "/claims/")
            page = await self.ask(folder, "GET", folder)
            found = re.findall(rf'href="({folder}[0-9a-f-]{{36}})"', page)
            if found:
                await self.ask(name, "GET", self.luck.choice(found))
        else:
            await self.ask(step.split("?")[0] + ("?" if "?" in step else ""), "GET", step.format(chart=chart))


def _token(page: str) -> str:
    found = TOKEN.search(page)
    return found.group(1) if found else ""


async def listen(client: httpx.AsyncClient, seen: dict[str, list[float]]) -> None:
    """One open stream, read from its socket: remembers when each message arrived."""
    address = httpx.URL((await client.get("/live-address")).json()["url"])
    reader, writer = await asyncio.open_connection(address.host, address.port)
    asking = f"GET {address.raw_path.decode()} HTTP/1.1\r\nHost: {address.host}:{address.port}\r\n\r\n"
    writer.write(asking.encode())
    try:
        while line := await reader.readline():
            if line.startswith(b'data: {"'):
                seen[line[6:].decode().strip()].append(time.monotonic())
    finally:
        writer.close()


async def hear(here: Place, told: dict[str, list[float]]) -> None:
    """When the database told each event to whoever listens: the moment its transaction was kept."""
    where = {"host": str(here.home / "pg"), "user": "postgres", "dbname": "tamna"}
    async with await psycopg.AsyncConnection.connect(**where, autocommit=True) as connection:
        await connection.execute("LISTEN tamna_live")
        async for notice in connection.notifies():
            told[notice.payload].append(time.monotonic())


async def measure(here: Place, args: argparse.Namespace) -> int:
    times: Times = defaultdict(list)
    errors: list[str] = []
    seen: dict[str, list[float]] = defaultdict(list)
    until = time.monotonic() + args.minutes * 60
    staff = [SHARES[number % len(SHARES)] for number in range(args.staff)]
    watcher = Clerk(here.url, "director", 0, defaultdict(list), errors)
    await watcher.enter()
    told: dict[str, list[float]] = defaultdict(list)
    streams = [asyncio.create_task(hear(here, told))]
    streams += [asyncio.create_task(listen(watcher.client, seen)) for _ in range(args.streams)]
    people = [Clerk(here.url, who, number, times, errors).day(until) for number, who in enumerate(staff, 1)]
    await asyncio.gather(*people)
    memory = here.resident_bytes()
    for task in streams:
        task.cancel()
    await asyncio.gather(*streams, return_exceptions=True)
    await watcher.client.aclose()
    return report(times, errors, waits(told, seen, args.streams), args, memory)


def waits(told: dict[str, list[float]], seen: dict[str, list[float]], streams: int) -> list[float]:
    """Seconds from the database's word to the last stream that got it, for each event that was told once to nearly all."""
    return [max(at) - told[text][0] for text, at in seen.items() if len(told[text]) == 1 and len(at) >= streams * 0.95]


def report(times: Times, errors: list[str], waited: list[float], args: argparse.Namespace, memory: int) -> int:
    every = [value for values in times.values() for value in values]
    print(f"{'page':28s} {'answers':>8s} {'median ms':>10s} {'95 % ms':>9s} {'most ms':>9s}")
    for name, values in [*sorted(times.items()), ("all", every)]:
        if values:
            print(
                f"{name:28s} {len(values):8d} {statistics.median(values):10.0f} {share(values, 0.95):9.0f} {max(values):9.0f}"
            )
    print(f"errors: {len(errors)} {json.dumps(errors[:10])}")
    if waited:
        print(
            f"an event to the last of {args.streams} open streams: median {statistics.median(waited) * 1000:.0f} ms, "
            f"95 % {share(waited, 0.95) * 1000:.0f} ms, most {max(waited) * 1000:.0f} ms, {len(waited)} events"
        )
    print(f"memory of everything: {memory / 2**30:.2f} GiB (proportional set size)")
    return 1 if errors else 0


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--staff", type=int, default=50)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--rate", type=int, default=60)
    parser.add_argument("--port", type=int, default=18700)
    args = parser.parse_args()
    with place(args.port, args.rate) as here:
        print(f"up after {here.ready_s:.0f} s; {args.staff} people, {args.streams} streams, clock {args.rate}×")
        return asyncio.run(measure(here, args))


if __name__ == "__main__":
    sys.exit(main())
