"""Notices in the bell (알림): which there are, who gets each, and telling them. One row a person, who reads it alone.

A text holds numbers, days and names of work, never anything of a patient; the link opens the record with the reader's
own rights. The same cause (`key`) is told once a person, however often its event is delivered.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from tamna.connect import systems
from tamna.core import clock, outbox
from tamna.core.access import ROLES, capabilities_of
from tamna.core.format import day, language
from tamna.core.models import Notification, User

KEEP_DAYS = 90
MOST = 100  # unread ones are counted this far
TEAM_OF = {
    "nhis": "front",
    "his": "front",
    "card": "front",
    "messaging": "front",
    "hira": "claims",
    "bank": "general",
}  # whose work it is
PERSON, TEAM, LEAD = "person", "team", "lead"  # whom the fact names; everyone of its team; who sets levels in its team


@dataclass(frozen=True)
class Kind:
    """What may be told and to whom: roles, or those that the fact points at. `title` and `text` are English message ids."""

    key: str
    title: str
    text: str
    to: tuple[str, ...]
    may_mute: bool = True
    needs: str = ""  # what a PERSON it may concern is allowed to do


KINDS: dict[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind("kiosk.help", noop("A patient who calls for help at a kiosk"), noop("A patient asks for help at %(device)s."), ("reception", "front_lead")),
        Kind("kiosk.slip", noop("A kiosk's slip that needs help"), noop("Slip %(slip)s of a kiosk could not be received."), ("reception", "front_lead")),
        Kind("proposals.due", noop("Proposals due within the hour"), noop("Proposals due by %(time)s: %(count)s."), (TEAM,)),
        Kind("day.open", noop("A cashier's day that was not closed"), noop("The day %(day)s was not closed by account %(number)s."), (PERSON, "front_lead"), needs="billing.close"),
        Kind("batch.answered", noop("Answers to a claim batch"), noop("Batch %(batch)s was answered: %(count)s statements, %(back)s of them returned or cut."), ("claims",)),
        Kind("batch.refused", noop("A claim batch that was refused"), noop("Batch %(batch)s was refused by the review agency (%(code)s). Nothing of it was received."), ("claims",)),
        Kind("visit.found", noop("Findings at an order or at discharge"), noop("%(department)s: %(count)s findings on a visit that still goes on, %(won)s won at risk."), ("claims",)),
        Kind("claims.late", noop("Claims about to pass a term"), noop("%(lapsing)s claims near the lapse of three years, %(impossible)s not reviewable for over 30 days, %(records)s requests for records due."), ("claims",)),
        Kind("answer.unreadable", noop("An answer that cannot be read"), noop("Answer %(number)s of HIRA cannot be read. Nothing of it was booked; it is asked for again."), ("claims", "it")),
        Kind("remedy.ruled", noop("A ruling on an objection"), noop("The objection on claim %(claim)s was ruled upon: %(won)s won regained."), ("claims",)),
        Kind("answer.contradicts", noop("An answer that contradicts what was sent"), noop("Answer %(number)s of HIRA contradicts what was sent. Nothing of it was booked; ask the agency."), ("claims",)),
        Kind("rule.asked", noop("Claim rules that wait for a second person"), noop("Claim rule %(rule)s waits for your approval."), ("claims", "director"), needs="claims.approve_rules"),
        Kind("rule.decided", noop("Decisions about claim rules I wrote or asked for"), noop("Claim rule %(rule)s: %(verdict)s."), (PERSON,), needs="claims.rules"),
        Kind("rules.digest", noop("What changed in the claim rules this week"), noop("%(count)s changes of claim rules in the week to %(day)s."), ("claims",)),
        Kind("rule.tried", noop("Trials of claim rules that finished"), noop("The trial of claim rule %(rule)s is done: %(found)s claims found."), (PERSON,), needs="claims.see"),
        Kind("system.away", noop("An outside system that does not answer"), noop("%(system)s does not answer. Work goes on without it."), (TEAM, "it")),
        Kind("system.back", noop("An outside system that answers again"), noop("%(system)s answers again."), (TEAM, "it")),
        Kind("level.changed", noop("An automation's level set by a person"), noop("“%(automation)s” is set to: %(level)s."), (LEAD, "it")),
        Kind("level.lost", noop("An automation that lost its level"), noop("“%(automation)s” asks again before it acts: %(agreed)s of its last %(decided)s were right."), (LEAD, "it")),
        Kind("pattern.paused", noop("A kind of proposal that was paused"), noop("“%(automation)s” no longer proposes %(pattern)s: the last %(count)s were refused."), (LEAD, "it")),
        Kind("job.died", noop("A job that was given up"), noop("Given up after %(tries)s tries: %(work)s."), ("it",)),
        Kind("delivery.parked", noop("An event that was given up"), noop("An event was given up after its retries: %(work)s."), ("it",)),
        Kind("backup.failed", noop("A backup that failed"), noop("Tonight's backup failed. The set-up page says why."), ("it",), may_mute=False),
        Kind("import.finished", noop("An import that finished"), noop("An import finished: %(read)s bundles read, %(refused)s lines kept aside."), ("it",)),
        Kind("fees.imported", noop("A fee master that was read"), noop("The fee master was read: %(added)s fees new, %(refused)s rows refused."), ("claims", "it")),
        Kind("visits.unbilled", noop("Visits that could not be billed"), noop("%(count)s visits could not be billed: the fee master lacks a code they need."), ("it", "front_lead")),
        Kind("message.failed", noop("Messages that did not arrive"), noop("Reminders that did not arrive: %(count)s. Call these people, or write."), ("cashier", "front_lead")),
        Kind("password.ending", noop("A temporary password about to end"), noop("The temporary password of account %(number)s ends on %(day)s at %(time)s. It was not changed yet."), ("it",)),
        Kind("record.opened", noop("A protected record that was opened"), noop("A protected record was opened by account %(number)s."), ("auditor",), may_mute=False),
        Kind("access.review", noop("A month's look at who opened records"), noop("The access review of the month from %(day)s waits for a signature: %(count)s looks stand out."), ("auditor",), may_mute=False),
        Kind("audit.broken", noop("A break in the audit log"), noop("The audit chain is broken at block %(block)s."), ("it", "auditor"), may_mute=False),
    )
}  # fmt: skip


def tell(
    kind: str, facts: dict[str, Any], *, key: object, url: str = "", team: str = "", people: Iterable[int] = (),
    besides: int | None = None, at: datetime | None = None,
) -> int:  # fmt: skip
    """Tell everyone whom the table names and who did not mute it; once per `key`. Returns how many were told now.

    `at` (business time) is when it happened: what is older than the keeping time is not told again by a replay. `besides`
    is who did it, and knows.
    """
    at = at or clock.now()
    if at < _oldest_kept():
        return 0
    reached = User.objects.filter(role__in=_roles(KINDS[kind], team))
    if PERSON in KINDS[kind].to:
        reached |= User.objects.filter(pk__in=list(people))
    reached = reached.filter(is_active=True).exclude(muted_notices__contains=[kind]).exclude(pk=besides or 0)
    known = Notification.objects.filter(kind=kind, key=str(key))
    ids = list(reached.exclude(pk__in=known.values("user")).values_list("pk", flat=True))
    Notification.objects.bulk_create(
        [Notification(user_id=pk, kind=kind, key=str(key), facts=facts, url=url, at=at) for pk in ids],
        ignore_conflicts=True,
    )
    if ids:
        outbox.notify("notice.made", {}, to=ids)
    return len(ids)


def _roles(kind: Kind, team: str) -> set[str]:
    mine = [role for role in ROLES.values() if team and role.team == team]
    leads = {role.key for role in mine if "automations.set_level" in role.capabilities}
    pointed = {TEAM: {role.key for role in mine}, LEAD: leads or {"director"}, PERSON: set()}
    return set().union(*(pointed.get(who, {who}) for who in kind.to))


def kinds_for(user: User) -> list[Kind]:
    """What may come to this person, and may be muted or not."""
    may = capabilities_of(user.role)
    return [
        kind
        for kind in KINDS.values()
        if user.role in _roles(kind, user.team) or (PERSON in kind.to and kind.needs in may)
    ]


def mute(user: User, kinds: Iterable[str]) -> None:
    """Be told no more of these kinds. What must be known cannot be muted."""
    may = {kind.key for kind in kinds_for(user) if kind.may_mute}
    User.objects.filter(pk=user.pk).update(muted_notices=sorted(may & set(kinds)))


def of(user: User) -> QuerySet[Notification]:
    """A person's notices, newest first."""
    return Notification.objects.filter(user=user).order_by("-id")


def unread(user: User) -> str:
    """What the bell shows: empty, a number, or 99+. One small query."""
    count = Notification.objects.filter(user=user, read_at=None)[:MOST].count()
    return "" if not count else str(count) if count < MOST else f"{MOST - 1}+"


def read(rows: QuerySet[Notification], user: User) -> None:
    """Mark a person's own notices as read, on every screen where the person is signed in."""
    if rows.filter(user=user, read_at=None).update(read_at=timezone.now()):
        outbox.notify("notice.read", {}, to=[user.pk])


def says(notice: Notification) -> str:
    """The sentence in the reader's language."""
    kind = KINDS.get(notice.kind)
    return _(kind.text) % _Spoken(notice.facts) if kind else notice.kind


class _Spoken(dict[str, Any]):
    """Facts of a notice in words; one that an older notice lacks is a dash."""

    def __missing__(self, name: str) -> str:
        return "–"

    def __getitem__(self, name: str) -> Any:
        from tamna.core import work
        from tamna.core.catalogue import title_of_line

        words = {
            "work": work.name_of,
            "automation": title_of_line,
            "level": _,
            "verdict": _,
            "system": _system,
            "day": _day,
        }.get(name)
        value = super().__getitem__(name)
        return words(value) if words else value


def _system(key: str) -> str:
    found = systems.by_key(key)
    return (found.title_ko if language() == "ko" else found.title_en) if found else key


def _day(text: str) -> str:
    return day(date.fromisoformat(text))


def keep_days() -> int:
    given = os.environ.get("TAMNA_NOTICE_DAYS", "")
    return int(given) if given.isdigit() and int(given) else KEEP_DAYS


def _oldest_kept() -> datetime:
    return clock.now() - timedelta(days=keep_days())


def prune() -> int:
    """Forget notices older than the keeping time, read or not."""
    return Notification.objects.filter(at__lt=_oldest_kept()).delete()[0]
