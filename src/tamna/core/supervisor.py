"""Runs Tamna's processes: starts them, restarts what dies with backoff, writes a status file, ends all cleanly.

Nothing here imports Django. The status file is `state/status.json` under TAMNA_HOME.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
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
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    restarts: int = 0
    next_try: float = 0.0

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


def _die_with_parent() -> None:
    """Linux: the child gets SIGTERM when the supervisor dies, even by kill -9. Ctrl-C goes to the supervisor only."""
    os.setpgrp()
    if sys.platform == "linux":
        ctypes.CDLL("libc.so.6").prctl(1, signal.SIGTERM)


class Supervisor:
    def __init__(self, children: list[Child]) -> None:
        self.children = children
        self.stopping = False
        self.ready = False
        self.database_restarts = 0

    def run(self) -> None:
        """Run until SIGINT or SIGTERM; then end everything, the database last."""
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGTERM, self._stop)
        last_probe = 0.0
        try:
            while not self.stopping:
                if database.is_embedded() and time.monotonic() - last_probe > 1.0:
                    last_probe = time.monotonic()
                    self._keep_database()
                for child in self.children:
                    self._keep(child)
                self._write_status()
                time.sleep(0.2)
        finally:
            self.end()

    def start(self, only_first: bool = False) -> None:
        for child in self.children:
            if not (only_first and child.after_ready):
                self._keep(child)

    def end(self) -> None:
        for child in reversed(self.children):
            if child.is_alive() and child.process:
                child.process.terminate()
        deadline = time.monotonic() + 8
        for child in reversed(self.children):
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
        if database.is_embedded():
            database.stop_embedded()
        self._write_status()

    def _stop(self, signum: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _keep(self, child: Child) -> None:
        now = time.monotonic()
        if child.is_alive() or now < child.next_try or self.stopping or (child.after_ready and not self.ready):
            return
        if child.process is not None:
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
                stderr=subprocess.STDOUT, preexec_fn=_die_with_parent,
            )  # fmt: skip
        child.started = now

    def _keep_database(self) -> None:
        pid_file = database.data_dir() / "postmaster.pid"
        try:
            pid = int(pid_file.read_text(encoding="utf-8").splitlines()[0])
            os.kill(pid, 0)
        except (OSError, ValueError, IndexError):
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
