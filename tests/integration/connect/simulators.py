"""The outside world for tests: every simulator as a process of its own on the loopback, with faults that a test switches."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tamna.core.supervisor import taken_ports
from tests.database import WORKER

SHARE = {"": (20_000, 32_000), "gw0": (20_000, 25_900), "gw1": (26_000, 31_900)}[
    WORKER
]  # of the ports, for a run of its own


def free_ports(count: int) -> list[int]:
    """Ports in a row that nothing listens on now, so that test runs beside each other do not meet.

    Below those the system gives to outgoing connections: a simulator that is started again finds its port still free.
    """
    while True:
        first = random.randrange(*SHARE)
        if not taken_ports("127.0.0.1", row := list(range(first, first + count)), patience_s=0):
            return row


NAMES = ("nhis", "hira", "messaging", "card", "bank", "his")
VARIABLES = {"nhis": "TAMNA_NHIS_URL", "hira": "TAMNA_HIRA_URL", "messaging": "TAMNA_MESSAGING_URL", "card": "TAMNA_CARD_URL",
             "bank": "TAMNA_BANK_URL", "his": "TAMNA_HIS_CONTROL_URL"}  # fmt: skip


class Simulator:
    """One simulator; `kill` and `start` it as the real thing dies and comes back."""

    def __init__(self, name: str, ports: dict[str, int], state: Path) -> None:
        self.name, self.ports, self.url = name, ports, f"http://127.0.0.1:{ports[name]}"
        self.command = [sys.executable, "-m", f"tamna.simulators.{name}", "--port", str(ports[name])]
        if name == "nhis":
            self.command += ["--patients", "50"]
        else:
            self.command += ["--state", str(state / f"{name}.db")]
        if name == "hira":
            self.command += ["--bank-port", str(ports["bank"])]
        if name == "his":
            self.command += ["--mllp-port", str(ports["his_mllp"]), "--product-port", str(ports["product_mllp"])]
        if name == "card":
            self.command += ["--declined", "0"]  # a chance of four in a thousand is no test
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, env=os.environ)

    def wait(self) -> None:
        for _ in range(1200):
            try:
                httpx.get(f"{self.url}/status", timeout=1)
                return
            except httpx.HTTPError:
                assert self.process and self.process.poll() is None, f"{self.name} has ended"
                time.sleep(0.1)
        raise AssertionError(f"{self.name} does not answer")

    def kill(self) -> None:
        """kill -9: nothing in memory survives."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def fault(self, **faults: float) -> None:
        httpx.post(f"{self.url}/faults", json=faults).raise_for_status()

    def quiet(self) -> None:
        self.fault(**dict.fromkeys(("delay_s", "refuse_rate", "outage", "lie_rate", "garble_rate", "lost_rate"), 0))


@contextmanager
def running(state: Path, names: tuple[str, ...] = NAMES) -> Iterator[dict[str, Simulator]]:
    """Simulators with ports of their own: two sets may live in one run."""
    places = (*NAMES, "his_mllp", "product_mllp")
    ports = dict(zip(places, free_ports(len(places)), strict=True))
    simulators = {name: Simulator(name, ports, state) for name in names}
    try:
        for simulator in simulators.values():
            simulator.start()
        for simulator in simulators.values():
            simulator.wait()
        yield simulators
    finally:
        for simulator in simulators.values():
            simulator.kill()
