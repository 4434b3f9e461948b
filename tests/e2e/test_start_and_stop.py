"""However Tamna is told to stop nothing of it is left, and it starts again after anything; real processes, no hospital."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from tests.integration.connect.simulators import free_ports

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A data folder and its environment; it is made by the first test and lives through the others."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("TAMNA_", "DATABASE_"))}
    return env | {"TAMNA_HOME": str(tmp_path_factory.mktemp("home")), "TAMNA_PORT": str(free_ports(10)[0])}


@contextmanager
def started(env):
    """`tamna up --empty`, leader of its own process group as in a terminal."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tamna.cli", "up", "--empty", "--workers", "1"], env=env, text=True, process_group=0,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # also when the tests run under nohup
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()


def answers(env) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{env['TAMNA_PORT']}/healthz", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def serves(env, process) -> bool:
    """Whether this very process has taken over and serves: what a killed one left may still answer for a moment."""
    status = json.loads(Path(env["TAMNA_HOME"], "state", "status.json").read_text(encoding="utf-8"))
    return status["pid"] == process.pid and answers(env)


def until(fact, process) -> None:
    for _ in range(1200):
        if fact():
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    raise AssertionError(f"{fact} did not become true")


def left_over(env) -> list[str]:
    """Processes that know this data folder: ours by their environment, PostgreSQL by where it works."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and (
                process.environ().get("TAMNA_HOME") == env["TAMNA_HOME"] or process.cwd().startswith(env["TAMNA_HOME"])
            ):
                found.append(process.name())
        except psutil.Error:
            continue
    return found


def test_an_interrupt_while_starting_leaves_nothing_and_the_next_start_goes_on(place):
    with started(place) as process:
        until(lambda: Path(place["TAMNA_HOME"], "pg", "postmaster.pid").exists(), process)
        os.killpg(process.pid, signal.SIGINT)  # Ctrl-C reaches the whole group
        assert process.wait(60) == 0
        assert "Traceback" not in process.stderr.read()
    assert left_over(place) == []


def test_a_folder_whose_making_was_cut_off_is_made_again(place, tmp_path):
    env = place | {"TAMNA_HOME": str(tmp_path)}
    (tmp_path / "pg").mkdir()
    (tmp_path / "pg" / "PG_VERSION").write_text("18\n")
    with started(env) as process:
        until(lambda: (tmp_path / "pg" / "postmaster.pid").exists(), process)
        process.terminate()
        assert process.wait(60) == 0
    assert left_over(env) == []


@pytest.mark.parametrize("signals", [[signal.SIGTERM], [signal.SIGHUP], [signal.SIGINT, signal.SIGINT]])
def test_every_way_of_stopping_ends_every_process(place, signals):
    with started(place) as process:
        until(lambda: answers(place), process)
        assert {"postgres", "granian"} <= set(left_over(place)) or len(left_over(place)) > 4
        for number in signals:
            os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
            time.sleep(0.3)
        assert process.wait(60) == 0
    assert left_over(place) == []
    status = json.loads(Path(place["TAMNA_HOME"], "state", "status.json").read_text(encoding="utf-8"))
    assert status["stopping"] and not any(row["alive"] for row in status["processes"])


def test_a_second_start_and_a_taken_port_are_told_and_harm_nothing(place, tmp_path):
    with started(place) as process:
        until(lambda: answers(place), process)
        for env, code in ((place, "already_runs"), (place | {"TAMNA_HOME": str(tmp_path)}, "port_taken")):
            with started(env) as second:
                _, error = second.communicate(timeout=120)
                said = json.loads(error.splitlines()[-1])
                assert (second.returncode, said["code"]) == (2, code) and said["hint"]
        assert answers(place) and left_over(place | {"TAMNA_HOME": str(tmp_path)}) == []
        supervisor = process.pid
        os.kill(supervisor, signal.SIGKILL)  # the machine's last word: the next start takes over what is left
        process.wait()
    with started(place) as process:
        until(lambda: serves(place, process), process)
        process.terminate()
        assert process.wait(60) == 0
    assert left_over(place) == []


@pytest.mark.parametrize("lines", [[], ["1"], None])
def test_what_a_dead_database_left_does_not_stand_in_the_way(place, lines):
    """After a reboot the number in postmaster.pid belongs to another program; or the file was cut."""
    pg = Path(place["TAMNA_HOME"], "pg")
    if lines is None:
        lines = [str(os.getpid()), str(pg), "1700000000", "5432", str(pg), "", "  1 1", "ready   "]
    (pg / "postmaster.pid").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with started(place) as process:
        until(lambda: serves(place, process), process)
        process.terminate()
        assert process.wait(60) == 0
    assert left_over(place) == []
