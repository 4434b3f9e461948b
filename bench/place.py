"""A Tamna of its own to measure: started in an empty folder on loopback, ended with everything it started."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

READY_S = 900  # generous: a busy machine is slow, not wrong


@dataclass
class Place:
    """A running product: its supervisor process, data folder and address."""

    process: subprocess.Popen[str]
    home: Path
    port: int
    ready_s: float

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def named(self) -> dict[str, int]:
        """Process name → pid, as the supervisor's status file says."""
        try:
            status = json.loads((self.home / "state" / "status.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        found = {row["name"]: row["pid"] for row in status["processes"] if row["alive"]}
        with contextlib.suppress(OSError, ValueError, IndexError):
            found["database"] = int((self.home / "pg" / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        return found

    def resident_bytes(self) -> int:
        """Proportional memory of every process, the database's included (shared pages counted once)."""
        total, pids = 0, set(self.named().values()) | {self.process.pid}
        for pid in tuple(pids):
            with contextlib.suppress(psutil.Error):
                pids |= {child.pid for child in psutil.Process(pid).children(recursive=True)}
        for pid in pids:
            with contextlib.suppress(psutil.Error):
                total += psutil.Process(pid).memory_full_info().pss
        return total

    def ask(self, *words: str) -> dict[str, int]:
        """What `bench.truths` finds in this place, by a process of its own."""
        env = {**os.environ, "TAMNA_HOME": str(self.home), "TAMNA_PORT": str(self.port)}
        command = [sys.executable, "-m", "bench.truths", *words]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        return dict(json.loads(done.stdout.splitlines()[-1]))


@contextlib.contextmanager
def place(
    port: int, rate: int = 12, history_days: int = 1, workers: int = 2, *, empty: bool = False
) -> Iterator[Place]:
    """`tamna up` in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="tamna-bench-") as folder:
        env = {key: value for key, value in os.environ.items() if not key.startswith(("TAMNA_", "DATABASE_"))}
        env |= {"TAMNA_HOME": folder, "TAMNA_PORT": str(port)}
        words = ["up", "--rate", str(rate), "--history-days", str(history_days), "--workers", str(workers)]
        words += ["--empty"] if empty else []
        started = time.monotonic()
        log = (Path(folder) / "up.log").open("w")
        process = subprocess.Popen(
            [sys.executable, "-m", "tamna.cli", *words], env=env, stdout=log, stderr=subprocess.STDOUT, text=True
        )
        try:
            while not answers(f"http://localhost:{port}/readyz"):
                if process.poll() is not None or time.monotonic() - started > READY_S:
                    raise RuntimeError((Path(folder) / "up.log").read_text(encoding="utf-8"))
                time.sleep(0.3)
            yield Place(process, Path(folder), port, time.monotonic() - started)
        finally:
            process.terminate()
            try:
                process.wait(120)
            finally:
                log.close()


def answers(url: str) -> bool:
    """Whether the address answers 200."""
    try:
        return httpx.get(url, timeout=3).status_code == 200
    except httpx.HTTPError:
        return False


def share(values: list[float], part: float) -> float:
    """The value below which `part` of the values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("nan")
