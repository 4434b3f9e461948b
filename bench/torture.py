"""Thirty kill -9 in random order of web, worker, simulators and database while the hospital lives; then every truth is checked.

Run: make torture, or python -m bench.torture [--kills 30] [--seed 1] [--port 18800]
Exit 1 when something was lost or doubled. Takes about ten minutes.
"""

import argparse
import os
import random
import signal
import sys
import time

import httpx

from bench.place import Place, answers, place

SETTLE_S = 900  # an end for the case that nothing settles; a busy machine is slow, not wrong


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, default=18800)
    parser.add_argument("--rate", type=int, default=30)
    args = parser.parse_args()
    luck = random.Random(args.seed)
    with place(args.port, args.rate) as here:
        print(f"up after {here.ready_s:.0f} s; {args.kills} kills follow", flush=True)
        began = time.monotonic()
        time.sleep(20)
        deck: list[str] = []
        for number in range(1, args.kills + 1):
            victims = here.named()
            deck = [name for name in deck if name in victims] or luck.sample(sorted(victims), len(victims))
            if not deck:
                time.sleep(2)
                continue
            name = deck.pop()  # each of them in turn, in an order of chance
            try:
                os.kill(victims[name], signal.SIGKILL)
                print(f"{number:3d} kill -9 {name}", flush=True)
            except ProcessLookupError:
                print(f"{number:3d} {name} was already gone", flush=True)
            time.sleep(luck.uniform(2, 12))
        print(f"all kills done after {time.monotonic() - began:.0f} s; it settles now", flush=True)
        return judge(here)


def judge(here: Place) -> int:
    """Let it settle, stop the clock, let the queues empty, then look."""
    deadline = time.monotonic() + SETTLE_S
    while time.monotonic() < deadline and not answers(f"{here.url}/readyz"):
        time.sleep(1)
    token = (here.home / "state" / "robots.token").read_text(encoding="utf-8").strip()
    with httpx.Client(base_url=f"{here.url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=20) as api:
        reply = api.post("/clock", json={"rate": 0})
        if reply.is_error:
            print("the clock did not stop:", reply.status_code, (here.home / "log" / "web.log").read_text()[-3000:])
    left = here.ask("--waiting")["waiting"]
    while time.monotonic() < deadline and left:
        time.sleep(2)
        left = here.ask("--waiting")["waiting"]
    faults = {**here.ask(), "handlers with waiting events": left}
    for name, count in faults.items():
        print(f"{'ok  ' if count == 0 else 'FAIL'} {name}: {count}")
    return 1 if any(faults.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
