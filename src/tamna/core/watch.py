"""What no event tells by itself, looked at every minute or hour by jobs: outside systems, work given up, passwords about to end.

A system's state is the last `connection.away` or `connection.back` of the log, so that a change is said once, by whichever
worker sees it, and a restart says nothing anew.
"""

from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from tamna.connect import systems
from tamna.core import clock, notices, outbox
from tamna.core.actor import Actor
from tamna.core.models import DeadLetter, Event, User

BY = Actor.system("watch")
PATIENT_S = 5.0  # the second question waits longer than the first: a slow system is not away
ENDING_H = 24  # a temporary password is told of this long before it ends
GIVEN_UP_LAST_H = 24
QUEUE_OF = {"his": "his", "nhis": "nhis", "hira": "claims", "messaging": "messages"}  # jobs that ask it


def outside() -> int:
    """Ask every connected system how it is; a change is believed when the next answer says the same. Returns changes."""
    away = {key: event.name == "connection.away" for key, event in last_changes().items()}
    changed = 0
    for status in systems.probe_all():
        was_away = away.get(status.system.key, False)
        if not status.connected or status.reachable != was_away:
            continue
        if systems.probe(status.system, timeout_s=PATIENT_S).reachable == was_away:
            with transaction.atomic():
                name = "connection.back" if was_away else "connection.away"
                outbox.record(name, {"system": status.system.key}, by=BY)
            changed += 1
    return changed


def last_changes() -> dict[str, Event]:
    """Each system's last change, by its key; a system that never changed is not there. One query."""
    rows = Event.objects.filter(name__in=("connection.away", "connection.back")).order_by("payload__system", "-id")
    return {row.payload["system"]: row for row in rows.distinct("payload__system")}


def wake(system: str) -> None:
    """What waited for a system is tried now, not when its pause is over (대기 작업 바로 재시도)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET scheduled_at = now() WHERE status = 'todo' AND attempts > 0 AND queue_name = %s",
            [QUEUE_OF.get(system, "")],
        )


def given_up() -> int:
    """Jobs and deliveries that were given up in the last day: one notice for each kind of work and hour."""
    since, told = timezone.now() - timedelta(hours=GIVEN_UP_LAST_H), 0
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT j.task_name, j.attempts, e.at FROM procrastinate_jobs j
               CROSS JOIN LATERAL (SELECT max(at) AS at FROM procrastinate_events WHERE job_id = j.id AND type = 'failed') e
               WHERE j.status = 'failed' AND e.at > %s ORDER BY j.id DESC LIMIT 50""",
            [since],
        )
        for task, tries, at in cursor.fetchall():
            told += notices.tell(
                "job.died", {"work": task, "tries": tries}, key=f"{task[-80:]}:{at:%Y%m%d%H}", url="/jobs"
            )
    for letter in DeadLetter.objects.filter(solved_at=None, failed_at__gt=since).order_by("-id")[:50]:
        key = f"{letter.handler}:{letter.failed_at:%Y%m%d%H}"
        told += notices.tell("delivery.parked", {"work": letter.handler}, key=key, url="/jobs")
    return told


def passwords() -> int:
    """Temporary passwords that end within a day and that nobody has used."""
    now, told = timezone.now(), 0
    ending = User.objects.filter(
        is_active=True, temporary_until__gt=now, temporary_until__lte=now + timedelta(hours=ENDING_H)
    )
    for user in ending.order_by("pk")[:500]:
        ends = (user.temporary_until or now).astimezone(clock.SEOUL)
        facts = {"number": user.pk, "day": ends.date().isoformat(), "time": f"{ends:%H:%M}"}
        told += notices.tell("password.ending", facts, key=f"{user.pk}:{ends:%Y%m%d%H%M}", url=f"/accounts/{user.pk}")
    return told
