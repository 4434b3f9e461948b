"""What the shared ground does by itself: what was given up for a passing reason is proposed again, and people are told."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop as noop

from tamna.core import automations, clock, notices, outbox, watch
from tamna.core.actor import Actor
from tamna.core.automations import Action, Proposal, automation
from tamna.core.errors import DomainError
from tamna.core.models import DeadLetter, Event
from tamna.core.models import Proposal as Made

PASSING = ("OperationalError", "InterfaceError", "ConnectionError", "Unreachable", "Garbled", "TimeoutError", "DeadlockDetected",
           "SerializationFailure")  # fmt: skip


class RetryLetter(Action):
    """Deliver a parked event to its handler again."""

    says: ClassVar[str] = noop(
        "The event is given to its handler once more. It takes effect once, however often it is tried."
    )
    letter_id: int

    def verify(self) -> str:
        waits = DeadLetter.objects.filter(pk=self.letter_id, solved_at=None).exists()
        return "" if waits else noop("It was delivered meanwhile.")

    def run(self, by: Actor) -> None:
        letter = DeadLetter.objects.get(pk=self.letter_id)
        try:
            with transaction.atomic():
                outbox.retry_dead_letter(letter)
        except DomainError:
            raise
        except Exception as error:  # whatever the handler raises: said to the person, the letter stays
            raise DomainError("core.retry_failed", error=type(error).__name__) from error


class RetryJob(Action):
    """Put a job that was given up into the queue again."""

    says: ClassVar[str] = noop("The job is put into its queue again.")
    job_id: int

    def verify(self) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT status::text FROM procrastinate_jobs WHERE id = %s", [self.job_id])
            row = cursor.fetchone()
        return "" if row and row[0] == "failed" else noop("The job is not waiting for anybody.")

    def run(self, by: Actor) -> None:
        from procrastinate.contrib.django import app

        app.job_manager.retry_job_by_id(self.job_id, timezone.now())


@automation(
    "it.heal", kind="F", team="it", on="business.hour", engine="core.outbox.retry_dead_letter",
    covers=noop("Parked events and dead jobs are tried again; processes are restarted by the supervisor. No disk or network runbooks yet."),
)  # fmt: skip
def propose_retries(event: Event) -> Iterator[Proposal[Any]]:
    """Every hour: deliveries parked for a passing reason, and dead jobs."""
    for letter in DeadLetter.objects.filter(solved_at=None).select_related("event").order_by("-id")[:50]:
        if letter.error.startswith(PASSING):
            yield Proposal(
                RetryLetter(letter_id=letter.pk), key=f"letter:{letter.pk}:{letter.failed_at:%m%d%H%M}", minutes=5, confidence=0.9,
                title=noop("Event %(event)s was given up by %(handler)s for a passing reason: try again"),
                facts={"event": letter.event.name, "handler": letter.handler}, pattern=letter.handler[:60],
                evidence=({"label": noop("Error"), "value": letter.error[:120], "formula": letter.handler},),
                subject=("letter", str(letter.pk)),
            )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, task_name, attempts FROM procrastinate_jobs WHERE status = 'failed' ORDER BY id DESC LIMIT 50"
        )
        dead = cursor.fetchall()
    for job_id, task, attempts in dead:
        yield Proposal(
            RetryJob(job_id=job_id), key=f"job:{job_id}:{attempts}", title=noop("Job %(task)s was given up after %(tries)s tries: try again"),
            facts={"task": task, "tries": attempts}, minutes=5, pattern=task[-60:], subject=("job", str(job_id)),
        )  # fmt: skip


@outbox.on("business.hour", key="core.heal_outcomes")
def on_hour(event: Event) -> None:
    """An hour later: is it solved? What was left alone is measured too."""
    since = clock.now() - timedelta(days=2)
    for row in Made.objects.filter(automation="it.heal", made_at__gte=since, outcomes=None).exclude(state="open")[:100]:
        solved = _is_solved(row)
        automations.outcome(row, noop("Solved") if solved else noop("Still given up"), key="later", is_good=solved)


def _is_solved(row: Made) -> bool:
    if row.subject_type == "letter":
        return DeadLetter.objects.filter(pk=row.subject_ref, solved_at__isnull=False).exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT status::text = 'succeeded' FROM procrastinate_jobs WHERE id = %s", [row.subject_ref])
        found = cursor.fetchone()
    return bool(found and found[0])


# -- the bell ----------------------------------------------------------------------------------------------------------


@outbox.on("automation.level_set", key="core.tell_level")
def on_level(event: Event) -> None:
    """A level that a person set, that was lost, or a kind of proposal that was paused: told to the team's lead and IT."""
    told = event.payload
    by_itself = event.actor.get("kind") == "system"
    kind = "level.changed" if not by_itself else "pattern.paused" if told["pattern"] else "level.lost"
    item = automations.built().get(told["automation"])
    notices.tell(kind, told, key=event.pk, team=told.get("team") or (item.team if item else ""),
                 url=f"/catalogue/{told['automation']}", besides=event.actor.get("user_id"), at=event.occurred_at)  # fmt: skip


@outbox.on("connection.away", "connection.back", key="core.tell_connection")
def on_connection(event: Event) -> None:
    """An outside system went away or came back: told to the team that works with it and IT; what waited for it goes on."""
    system = event.payload["system"]
    if event.name == "connection.back":
        watch.wake(system)
    kind = "system.away" if event.name == "connection.away" else "system.back"
    team = notices.TEAM_OF[system]
    notices.tell(kind, {"system": system}, key=event.pk, team=team, url="/connections", at=event.occurred_at)


@outbox.on("business.hour", key="core.tell_due")
def on_next_hour(event: Event) -> None:
    """What a team has open and due before the next hour, in one notice; what is due within an hour of being made is seen at once."""
    hour = timedelta(hours=1)
    start, end = event.occurred_at, event.occurred_at + hour
    due = Made.objects.filter(state="open", made_at__lte=start, due_at__gt=start, due_at__lte=end)
    due = due.filter(due_at__gte=F("made_at") + hour)
    for team in due.order_by("team").values_list("team", flat=True).distinct():
        mine = list(due.filter(team=team).order_by("due_at")[: notices.MOST])
        url = f"/proposals/{mine[0].public_id}" if len(mine) == 1 else "/proposals"
        facts = {"count": len(mine), "time": f"{(mine[-1].due_at or end).astimezone(clock.SEOUL):%H:%M}"}
        notices.tell("proposals.due", facts, key=f"{team}:{start.isoformat()}", team=team, url=url, at=start)
