"""Runs Tamna's processes: starts them, restarts what dies with backoff, writes a status file, ends all cleanly.

Nothing here imports Django. The status file is `state/status.json` under TAMNA_HOME; `state/up.lock` is held while it runs.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType

from tamna.core import database
from tamna.core.home import folder

STEADY_S = 30.0  # a process that lived this long starts its backoff anew
LONGEST_WAIT_S = 20.0


@dataclass
class Child:
    """One process of ours. `after_ready` starts it only once the web answers."""

    name: str
    command: list[str]
    env: dict[str, str] = field(default_factory=dict)
    after_ready: bool = False
    nice: int = 0  # above 0 it steps back behind the pages people wait for
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    restarts: int = 0
    next_try: float = 0.0

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def end_group(self) -> None:
        """Kill whatever the process started and left behind; each child leads a group of its own."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)


def _begin(nice: int) -> None:
    """Linux: the child gets SIGTERM when the supervisor dies, even by kill -9. Ctrl-C goes to the supervisor only."""
    os.setpgrp()
    os.nice(nice)
    if sys.platform == "linux":
        ctypes.CDLL("libc.so.6").prctl(1, signal.SIGTERM)


class Stopped(BaseException):
    """Somebody asked to stop while Tamna was still starting. Not an Exception: nothing on the way may swallow it."""


class AlreadyRuns(Exception):
    """Another `tamna up` holds this data folder."""


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Hold the data folder for this process; the lock goes with the process however it ends. Raises AlreadyRuns."""
    with (folder("state") / "up.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRuns from error
        yield


def taken_ports(host: str, ports: list[int], patience_s: float = 5.0) -> list[int]:
    """Which ports something else listens on, after giving the processes of an earlier run a moment to let go."""
    deadline = time.monotonic() + patience_s
    while (found := [port for port in ports if not _is_free(host, port)]) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((host, port))
        except OSError:
            return False
    return True


class Supervisor:
    def __init__(self) -> None:
        self.children: list[Child] = []
        self.stopping = False
        self.ready = False
        self.database_restarts = 0
        self._hurried = False

    def listen(self) -> None:
        """Take Ctrl-C, SIGTERM and a closed terminal as the wish to stop, from now on; `nohup` stays nohup."""
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGTERM, self._stop)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self._stop)

    @contextlib.contextmanager
    def starting(self) -> Iterator[None]:
        """Work that a wish to stop interrupts. Raises Stopped, also for a wish that came before."""
        self._hurried = True
        try:
            if self.stopping:
                raise Stopped
            yield
        finally:
            self._hurried = False

    def run(self) -> None:
        """Run until a signal asks to stop."""
        last_probe = 0.0
        while not self.stopping:
            if database.is_embedded() and time.monotonic() - last_probe > 1.0:
                last_probe = time.monotonic()
                self._keep_database()
            for child in self.children:
                self._keep(child)
            self._write_status()
            time.sleep(0.2)

    def start(self, only_first: bool = False) -> None:
        for child in self.children:
            if not (only_first and child.after_ready):
                self._keep(child)

    def end(self) -> None:
        """End everything, the database last. Later signals change nothing: it takes seconds, and nothing is left over."""
        self.stopping = True
        for child in reversed(self.children):
            if child.is_alive() and child.process:
                child.process.terminate()
        deadline = time.monotonic() + 8
        for child in reversed(self.children):
            if child.process is None:
                continue
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.1, deadline - time.monotonic()))
            child.end_group()
            child.process.wait()
        if database.is_embedded():
            database.stop_embedded()
        self._write_status()

    def _stop(self, signum: int, frame: FrameType | None) -> None:
        self.stopping = True
        if self._hurried:
            self._hurried = False
            raise Stopped

    def _keep(self, child: Child) -> None:
        now = time.monotonic()
        if child.is_alive() or now < child.next_try or self.stopping or (child.after_ready and not self.ready):
            return
        if child.process is not None:
            child.end_group()
            lived = now - child.started
            child.restarts = 1 if lived > STEADY_S else child.restarts + 1
            wait = min(0.5 * 2 ** (child.restarts - 1), LONGEST_WAIT_S)
            if lived < wait:
                child.next_try = now + wait
                child.process = None
                return
        log = (folder("log") / f"{child.name}.log").open("ab")
        with log:
            child.process = subprocess.Popen(  # noqa: S603 - our own commands
                child.command, env={**os.environ, **child.env}, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, preexec_fn=partial(_begin, child.nice),
            )  # fmt: skip
        child.started = now

    def _keep_database(self) -> None:
        if database.server_process() is not None:
            return
        self.database_restarts += 1
        try:
            database.start_embedded()
        except Exception as error:  # the edge: tried again at the next probe
            print(f"tamna: the database does not start yet: {type(error).__name__}", file=sys.stderr)  # noqa: T201

    def _write_status(self) -> None:
        path: Path = folder("state") / "status.json"
        part = path.with_suffix(".part")
        part.write_text(
            json.dumps(
                {
                    "pid": os.getpid(),
                    "stopping": self.stopping,
                    "ready": self.ready,
                    "database_restarts": self.database_restarts,
                    "processes": [
                        {
                            "name": child.name,
                            "pid": child.process.pid if child.process else None,
                            "alive": child.is_alive(),
                            "restarts": child.restarts,
                        }
                        for child in self.children
                    ],
                }
            ),
            encoding="utf-8",
        )
        part.replace(path)
