"""The outside systems: names, addresses, ports. Live and simulator differ by address (and credentials) only."""

import base64
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlsplit

import httpx

from tamna.core.home import web_port


@dataclass(frozen=True)
class Address:
    """Where a system is and how one signs in there: name and secret (basic), or the secret alone (bearer token)."""

    url: str
    user_name: str = ""
    secret: str = field(default="", repr=False)
    by_default: bool = False  # nobody said where it is: the simulator's

    @property
    def headers(self) -> dict[str, str]:
        if not self.secret:
            return {}
        if self.user_name:
            pair = base64.b64encode(f"{self.user_name}:{self.secret}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}
        return {"Authorization": f"Bearer {self.secret}"}


trusted = lru_cache(maxsize=1)(httpx.create_ssl_context)  # certificates, read once: reading takes 20 ms of a core

HIS_VARIABLE = "TAMNA_HIS_URL"  # host:port of the HIS's MLLP listener

_kept: Callable[[str], Address | None] = lambda key: None  # noqa: E731 - nothing is kept without a database


def use(kept: Callable[[str], Address | None]) -> None:
    """Say where kept addresses are read: key → address, None for "at the simulator's port"."""
    global _kept
    _kept = kept


@dataclass(frozen=True)
class System:
    """An outside system and where it is. The simulator's port follows TAMNA_PORT."""

    key: str
    title_ko: str
    title_en: str
    variable: str
    offset: int  # of the control or service port of its simulator

    @property
    def address(self) -> Address:
        """The environment's, else the one kept by IT, else the simulator's. Empty where real use has none: not connected."""
        given = os.environ.get(self.variable)
        if given:
            return Address(given, secret=os.environ.get(self.secret_variable, ""))
        if self.key == "his" and os.environ.get(HIS_VARIABLE):
            return Address(f"mllp://{os.environ[HIS_VARIABLE].removeprefix('mllp://')}")
        return _kept(self.key) or Address(f"http://127.0.0.1:{web_port() + self.offset}", by_default=True)

    @property
    def url(self) -> str:
        return self.address.url

    @property
    def secret_variable(self) -> str:
        return f"TAMNA_{self.key.upper()}_SECRET"

    @property
    def is_from_environment(self) -> bool:
        return bool(os.environ.get(self.variable)) or (self.key == "his" and bool(os.environ.get(HIS_VARIABLE)))

    @property
    def is_configured(self) -> bool:
        """Whether somebody said where it is (else it is a simulator, or not connected)."""
        return self.is_from_environment or bool((_kept(self.key) or Address("")).url)


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
    connected: bool = True  # false: real use, and nobody said yet where it is

    @property
    def is_troubled(self) -> bool:
        return not self.reachable or any(self.faults.values())


def probe(system: System, address: Address | None = None, timeout_s: float = 0.8) -> Status:
    """Ask a system how it is. A simulator says so itself; its switched-on faults are shown."""
    started = time.perf_counter()
    address = address or system.address
    if not address.url:
        return Status(system, False, False, 0, {}, connected=False)
    if address.url.startswith("mllp://"):
        return Status(system, _listens(address.url, timeout_s), False, int((time.perf_counter() - started) * 1000), {})
    try:
        reply = httpx.get(f"{address.url}/status", timeout=timeout_s, headers=address.headers, verify=trusted())
        body = reply.json() if reply.headers.get("content-type", "").startswith("application/json") else {}
        faults = {key: float(value) for key, value in body.get("faults", {}).items()}
        reachable = reply.status_code < 500 and not faults.get("outage")
        simulated = bool(body.get("simulator"))
    except (httpx.HTTPError, ValueError):
        reachable, simulated, faults = False, address.by_default, {}
    return Status(system, reachable, simulated, int((time.perf_counter() - started) * 1000), faults)


def _listens(url: str, timeout_s: float) -> bool:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 2575), timeout_s):
            return True
    except OSError:
        return False


def his_mllp() -> tuple[str, int] | None:
    """Host and port that HL7 messages to the HIS go to; None where real use has no HIS yet."""
    given = os.environ.get(HIS_VARIABLE)
    if given:
        host, _, port = given.removeprefix("mllp://").rpartition(":")
        return host, int(port)
    parts = urlsplit(HIS.url)
    if parts.scheme == "mllp" and parts.hostname:
        return parts.hostname, parts.port or 2575
    return ("127.0.0.1", web_port() + HIS_MLLP_OFFSET) if parts.scheme else None


def by_key(key: str) -> System | None:
    return next((system for system in SYSTEMS if system.key == key), None)


def probe_all() -> list[Status]:
    """Every system, asked at the same time."""
    from concurrent.futures import ThreadPoolExecutor

    addresses = [system.address for system in SYSTEMS]  # here: a thread would keep its database connection for ever
    with ThreadPoolExecutor(len(SYSTEMS)) as pool:
        return list(pool.map(probe, SYSTEMS, addresses))


def set_faults(system: System, faults: dict[str, float]) -> None:
    """Switch faults of a simulator. A live system has no such door."""
    from tamna.connect.errors import Unreachable

    try:
        httpx.post(f"{system.url}/faults", json=faults, timeout=3).raise_for_status()
    except httpx.HTTPError as error:
        raise Unreachable(system.key) from error
