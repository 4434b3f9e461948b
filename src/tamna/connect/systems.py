"""The outside systems: names, addresses, ports. Live and simulator differ by address (and credentials) only."""

import os
import time
from dataclasses import dataclass

import httpx

from tamna.core.home import web_port


@dataclass(frozen=True)
class System:
    """An outside system and where it is. The simulator's port follows TAMNA_PORT."""

    key: str
    title_ko: str
    title_en: str
    variable: str
    offset: int  # of the control or service port of its simulator

    @property
    def url(self) -> str:
        """HTTP address: the environment's, else the simulator's."""
        return os.environ.get(self.variable) or f"http://127.0.0.1:{web_port() + self.offset}"

    @property
    def is_configured(self) -> bool:
        return bool(os.environ.get(self.variable))


NHIS = System("nhis", "공단 자격", "NHIS eligibility", "TAMNA_NHIS_URL", 5)
HIRA = System("hira", "심평원", "HIRA", "TAMNA_HIRA_URL", 6)
HIS = System("his", "HIS", "HIS", "TAMNA_HIS_CONTROL_URL", 4)
MESSAGING = System("messaging", "문자", "Messaging", "TAMNA_MESSAGING_URL", 7)
CARD = System("card", "카드 단말", "Card terminal", "TAMNA_CARD_URL", 8)
BANK = System("bank", "은행", "Bank", "TAMNA_BANK_URL", 9)
SYSTEMS = (NHIS, HIRA, HIS, MESSAGING, CARD, BANK)
LIVE_OFFSET, MLLP_IN_OFFSET, HIS_MLLP_OFFSET = 1, 2, 3


@dataclass(frozen=True)
class Status:
    """What a probe of a system found."""

    system: System
    reachable: bool
    simulated: bool
    latency_ms: int
    faults: dict[str, float]

    @property
    def is_troubled(self) -> bool:
        return not self.reachable or any(self.faults.values())


def probe(system: System, timeout_s: float = 0.8) -> Status:
    """Ask a system how it is. A simulator says so itself; its switched-on faults are shown."""
    started = time.perf_counter()
    try:
        reply = httpx.get(f"{system.url}/status", timeout=timeout_s)
        body = reply.json() if reply.headers.get("content-type", "").startswith("application/json") else {}
        faults = {key: float(value) for key, value in body.get("faults", {}).items()}
        reachable = reply.status_code < 500 and not faults.get("outage")
        simulated = bool(body.get("simulator"))
    except (httpx.HTTPError, ValueError):
        reachable, simulated, faults = False, not system.is_configured, {}
    return Status(system, reachable, simulated, int((time.perf_counter() - started) * 1000), faults)


def probe_all() -> list[Status]:
    """Every system, asked at the same time."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(len(SYSTEMS)) as pool:
        return list(pool.map(probe, SYSTEMS))


def set_faults(system: System, faults: dict[str, float]) -> None:
    """Switch faults of a simulator. A live system has no such door."""
    from tamna.connect.errors import Unreachable

    try:
        httpx.post(f"{system.url}/faults", json=faults, timeout=3).raise_for_status()
    except httpx.HTTPError as error:
        raise Unreachable(system.key) from error
