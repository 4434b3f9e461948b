"""Events and their delivery (transactional outbox, ADR 0003).

`record` writes a fact in the caller's transaction. `deliver` moves every handler along: the handler's work and its
position commit together, so each event takes effect once per handler even when a process is killed. Delivery follows
(xact, id) and stops below the oldest transaction still open, so nothing is skipped. The new end of the log is read once
for all handlers: those it does not concern are moved past it, so a rare event does not make its handler read a long log.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.utils import timezone

from tamna.core import audit, clock
from tamna.core.actor import Actor
from tamna.core.errors import without_data
from tamna.core.models import DeadLetter, Event, Subscription

log = structlog.get_logger()
Handler = Callable[[Event], None]
LIVE_CHANNEL = "tamna_live"
MAX_ATTEMPTS = 5
BATCH = 20  # events of one transaction
LOOK_AHEAD, MOVE_AFTER = 2000, 200  # events read at once for all handlers; idle handlers are moved this seldom
COUNT_TO = 10_000  # a lag is counted this far
NAMED_PEOPLE = 500  # a notice of PostgreSQL holds 8,000 bytes; more people than this are everyone


@dataclass(frozen=True)
class Listener:
    key: str
    events: frozenset[str]  # names, or {"*"}
    handle: Handler
    versions: frozenset[int]


_listeners: dict[str, Listener] = {}


def record(
    name: str, payload: dict[str, Any], *, by: Actor, at: datetime | None = None, version: int = 1,
    subject: tuple[str, Any] | None = None,
) -> Event:  # fmt: skip
    """Write an event and tell open browsers at commit. The payload holds ids and amounts, never a person's data.

    `subject` (type, public id) names the record people may ask about: the event stands in its audit log too.
    """
    if subject:
        audit.note(name, by=by, subject_type=subject[0], subject_id=subject[1])
    event = Event.objects.create(
        name=name, version=version, payload=payload, actor=asdict(by), occurred_at=at or clock.now()
    )
    notify(name, payload)
    return event


def notify(topic: str, payload: dict[str, Any], *, to: Sequence[int] = ()) -> None:
    """Wake the dispatcher and the live stream when this transaction commits; `to` keeps it to these people's screens."""
    small = {key: value for key, value in payload.items() if isinstance(value, (str, int)) and len(str(value)) < 64}
    people = {"to": list(to)} if 0 < len(to) <= NAMED_PEOPLE else {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [LIVE_CHANNEL, json.dumps({"topic": topic, **small, **people})])


def on(*names: str, key: str, versions: tuple[int, ...] = (1,)) -> Callable[[Handler], Handler]:
    """Register a handler. `key` is stable: it names the handler's position. Handlers live in an app's `handlers.py`."""

    def register(handle: Handler) -> Handler:
        if key in _listeners:
            raise ValueError(f"handler {key} is registered twice")
        _listeners[key] = Listener(key, frozenset(names), handle, frozenset(versions))
        return handle

    return register


def listeners() -> dict[str, Listener]:
    return dict(_listeners)


def deliver(*, limit: int = 200, only: str | None = None) -> int:
    """Deliver waiting events to every handler. Returns how many deliveries took place."""
    return sum(_advance(_listeners[key], limit) for key in _due(only))


def _due(only: str | None) -> list[str]:
    """Handlers for which something may wait. Two queries, and one more when idle handlers are moved on."""
    wanted = [key for key in _listeners if only in (None, key)]
    rows = {row.handler: row for row in Subscription.objects.filter(handler__in=wanted)}
    missing = [key for key in wanted if key not in rows]
    if missing:
        Subscription.objects.bulk_create([Subscription(handler=key) for key in missing], ignore_conflicts=True)
        rows |= {row.handler: row for row in Subscription.objects.filter(handler__in=missing)}
    now = timezone.now()
    ready = [rows[key] for key in wanted if not rows[key].paused and not (rows[key].retry_at or now) > now]
    if not ready:
        return []
    seen = _ahead(min((row.xact, row.event_id) for row in ready))
    if not seen:
        return []
    due: list[str] = []
    idle: list[Subscription] = []
    end = seen[-1][:2]
    if len(seen) == LOOK_AHEAD:  # somebody is far behind: each reads for itself
        return [row.handler for row in ready]
    for row in ready:
        at, names = (row.xact, row.event_id), _listeners[row.handler].events
        ahead = [name for xact, pk, name in seen if (xact, pk) > at]
        if any(name in names for name in ahead) or (ahead and "*" in names):
            due.append(row.handler)
        elif len(ahead) >= MOVE_AFTER:
            idle.append(row)
    if idle:
        _move_on(idle, end)
    return due


def _ahead(position: tuple[int, int]) -> list[tuple[int, int, str]]:
    """(xact, id, name) of the next events whose order can no longer change."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT xact, id, name FROM core_event
               WHERE (xact, id) > (%s, %s) AND xact < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
               ORDER BY xact, id LIMIT %s""",
            [*position, LOOK_AHEAD],
        )
        return cursor.fetchall()


def _move_on(rows: list[Subscription], end: tuple[int, int]) -> None:
    """Move handlers past events that are not theirs, unless another worker or a replay moved them meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE core_subscription SET xact = %s, event_id = %s WHERE id IN (
                 SELECT s.id FROM core_subscription s
                 JOIN unnest(%s::text[], %s::bigint[], %s::bigint[]) AS was(handler, xact, event_id)
                   ON s.handler = was.handler AND s.xact = was.xact AND s.event_id = was.event_id
                 WHERE NOT s.paused FOR UPDATE OF s SKIP LOCKED)""",
            [*end, [row.handler for row in rows], [row.xact for row in rows], [row.event_id for row in rows]],
        )


@dataclass(frozen=True)
class Lag:
    """How far a handler is behind (처리 지연): its own events that wait, and since when (wall time)."""

    handler: str
    waiting: int
    since: datetime | None
    paused: bool
    error: str


def lags() -> list[Lag]:
    """Every handler with what waits for it, counted to 10,000. One query."""
    keys = sorted(_listeners)
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT h.key, w.waiting, w.since, coalesce(s.paused, false), CASE WHEN s.attempts > 0 THEN s.last_error ELSE '' END
               FROM unnest(%s::text[], %s::text[]) AS h(key, names) LEFT JOIN core_subscription s ON s.handler = h.key
               CROSS JOIN LATERAL (SELECT count(*) AS waiting, min(recorded_at) AS since FROM (
                 SELECT recorded_at FROM core_event e WHERE (e.xact, e.id) > (coalesce(s.xact, 0), coalesce(s.event_id, 0))
                   AND (h.names = '*' OR e.name = ANY(string_to_array(h.names, ' '))) ORDER BY e.xact, e.id LIMIT %s) AS own) AS w
               ORDER BY h.key""",
            [keys, [" ".join(sorted(_listeners[key].events)) for key in keys], COUNT_TO],
        )
        return [
            Lag(key, waiting, since, paused, error or "") for key, waiting, since, paused, error in cursor.fetchall()
        ]


def deliver_all(*, rounds: int = 1000) -> int:
    """Deliver until nothing waits (tests, and the end of a load)."""
    total = 0
    for _ in range(rounds):
        moved = deliver()
        total += moved
        if not moved:
            return total
    raise RuntimeError("events keep causing events: a handler loops")


def subscribe_from_now() -> None:
    """Start every handler that has no position yet at the end of the log (after a bulk load or an upgrade)."""
    last = Event.objects.order_by("-xact", "-id").values_list("xact", "id").first() or (0, 0)
    for key in _listeners:
        Subscription.objects.get_or_create(handler=key, defaults={"xact": last[0], "event_id": last[1]})


def replay(handler: str, *, after_event_id: int = 0) -> None:
    """Send a handler back; it must be idempotent by its own keys."""
    event = Event.objects.filter(pk=after_event_id).first()
    Subscription.objects.filter(handler=handler).update(
        xact=event.xact if event else 0, event_id=event.pk if event else 0, retry_at=None, attempts=0
    )


def _advance(listener: Listener, limit: int) -> int:
    moved = 0
    while moved < limit:
        with transaction.atomic():
            position = (
                Subscription.objects.select_for_update(skip_locked=True)
                .filter(handler=listener.key, paused=False)
                .first()
            )
            if position is None or (position.retry_at and position.retry_at > timezone.now()):
                return moved
            end = _end()
            batch = _waiting(listener, position, 1 if position.attempts else BATCH)
            if not batch:
                if end and end > (position.xact, position.event_id):
                    position.xact, position.event_id = end
                    position.save(update_fields=["xact", "event_id"])
                return moved
            done = _run(listener, position, batch)
            moved += done
            if done < len(batch):
                return moved
    return moved


def _end() -> tuple[int, int] | None:
    """The last event whose order can no longer change. Asked before a handler looks for its own, never after."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT xact, id FROM core_event WHERE xact < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
               ORDER BY xact DESC, id DESC LIMIT 1"""
        )
        return cursor.fetchone()


def _waiting(listener: Listener, position: Subscription, limit: int) -> list[Event]:
    names = "" if "*" in listener.events else "AND name = ANY(%(names)s)"
    return list(
        Event.objects.raw(
            f"""SELECT * FROM core_event
                WHERE (xact, id) > (%(xact)s, %(id)s) {names}
                  AND xact < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
                ORDER BY xact, id LIMIT %(limit)s""",  # noqa: S608 - only the fixed fragment above is joined in
            {"xact": position.xact, "id": position.event_id, "names": list(listener.events), "limit": limit},
        )
    )


def _run(listener: Listener, position: Subscription, batch: list[Event]) -> int:
    """Run a batch; the first failure stops it, and what came before commits with its position."""
    done = 0
    for event in batch:
        try:
            with transaction.atomic():
                if event.version in listener.versions:
                    listener.handle(event)
                else:
                    _park(listener.key, event, f"unknown version {event.version}")
        except Exception as error:  # the edge of the process: the record is kept
            position.attempts += 1
            position.last_error = without_data(error)
            log.warning("event.handler_failed", handler=listener.key, event_id=event.pk, error=type(error).__name__)
            if position.attempts < MAX_ATTEMPTS:
                position.retry_at = timezone.now() + timedelta(seconds=2**position.attempts)
                position.save()
                return done
            _park(listener.key, event, position.last_error)
        position.xact, position.event_id = event.xact, event.pk
        position.attempts, position.retry_at = 0, None
        done += 1
    position.save()
    return done


def _park(handler: str, event: Event, error: str) -> None:
    DeadLetter.objects.update_or_create(handler=handler, event=event, defaults={"error": error, "solved_at": None})


def retry_dead_letter(letter: DeadLetter) -> None:
    """Try a parked delivery again. Raises what the handler raises; on success the letter is solved."""
    with transaction.atomic():
        letter = DeadLetter.objects.select_for_update().get(pk=letter.pk)
        _listeners[letter.handler].handle(letter.event)
        letter.solved_at = timezone.now()
        letter.save(update_fields=["solved_at"])
