"""The worker process: delivers events, ticks the business clock, runs jobs. Several may run; each piece of work has a lock."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import psycopg
import structlog

log = structlog.get_logger()
stopping = threading.Event()


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tamna.web.settings")
    import django

    django.setup()
    from procrastinate.contrib.django import app

    threads = [threading.Thread(target=_forever, args=(work, pause), daemon=True) for work, pause in _WORK]
    for thread in threads:
        thread.start()

    def stop(signum: int, frame: FrameType | None) -> None:
        stopping.set()

    with contextlib.suppress(KeyboardInterrupt):
        jobs = app.with_connector(app.connector.get_worker_connector())  # type: ignore[attr-defined]
        signal.signal(signal.SIGTERM, stop)
        jobs.run_worker(concurrency=4, fetch_job_polling_interval=2, shutdown_graceful_timeout=5, delete_jobs="never",
                        task_middleware=[with_fresh_connection])  # fmt: skip
    stopping.set()


def with_fresh_connection(job: Callable[[], Any], *_: object) -> Any:
    """Run a job in a thread that keeps no database connection: one that broke while the database was away fails no later job."""
    from django.db import close_old_connections

    close_old_connections()
    try:
        return job()
    finally:
        close_old_connections()


def _forever(work: object, pause: float) -> None:
    """Keep one loop alive through lost connections; the pause grows while the database is away."""
    from django.db import close_old_connections, connections

    wait = pause
    while not stopping.is_set():
        try:
            work()  # type: ignore[operator]
            wait = pause
        except Exception as error:  # the edge of the process: logged, then tried again
            log.warning("worker.loop_failed", loop=getattr(work, "__name__", "?"), error=type(error).__name__)
            wait = min(wait * 2, 10.0)
            connections.close_all()
        close_old_connections()
        stopping.wait(wait)


def deliver_events() -> None:
    """Deliver until nothing waits, then sleep until a transaction notifies or a second has passed."""
    from tamna.core import outbox

    while outbox.deliver(limit=outbox.BATCH * 2) and not stopping.is_set():
        pass
    _wait_for_notice(1.0)


_listening: psycopg.Connection[tuple[object, ...]] | None = None


def _wait_for_notice(seconds: float) -> None:
    global _listening
    from tamna.core import database, outbox

    if _listening is None or _listening.closed:
        _listening = psycopg.connect(**database.connection(), autocommit=True)
        _listening.execute(f"LISTEN {outbox.LIVE_CHANNEL}")
    for _ in _listening.notifies(timeout=seconds, stop_after=1):
        time.sleep(0.05)  # let a burst gather


def tick_clock() -> None:
    from tamna.core import ticker

    ticker.tick()


_WORK = ((deliver_events, 0.05), (tick_clock, 1.0))

if __name__ == "__main__":
    main()
