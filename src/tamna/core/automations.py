"""The loop of every automation: trigger → propose → policy → action → decision → outcome.

An automation is one function in a department's `automations.py` that yields `Proposal`s of a typed `Action`. It says
nothing of levels, screens, audit or measurement: those come from here. Actions call ordinary services, with every guard.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Generic, Literal, TypeVar

from django.db import connection, transaction
from django.db.models import Q
from pydantic import BaseModel, ValidationError

from tamna.core import agreement, audit, clock, models, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError

Kind = Literal["E", "P", "L", "F"]
A = TypeVar("A", bound="Action")
DONE = ("accepted", "edited", "acted")
MINUTE_WON = 400  # what a minute of an administrator is worth where lists are ordered [?]

_actions: dict[str, type["Action"]] = {}
_automations: dict[str, "Automation"] = {}


class Action(BaseModel):
    """A typed change that a proposal suggests. `run` calls one ordinary service.

    A field with a title (`Field(title=noop("Pay by"))`) can be edited by the person who decides; ids have none.
    """

    says: ClassVar[str] = ""  # English message id: what happens when it is accepted
    undoable: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _actions[cls.__name__] = cls

    def verify(self) -> str:
        """Check again, just before it runs. Empty when fine, else why not. Levels above propose need one of its own."""
        return ""

    def run(self, by: Actor) -> None:
        raise NotImplementedError

    def undo(self, by: Actor) -> None:
        raise DomainError("core.cannot_undo")


@dataclass(frozen=True)
class Proposal(Generic[A]):
    """What an automation yields. `key` names the cause: the same cause proposes once."""

    action: A
    key: str
    title: str  # English message id, filled from `facts`
    facts: dict[str, Any] = field(default_factory=dict)
    evidence: tuple[dict[str, Any], ...] = ()
    confidence: float | None = None
    won: int = 0
    minutes: int = 0
    rank: int = 0
    pattern: str = ""  # the kind of cause (a rule, a reason code): what people refuse again and again is paused
    subject: tuple[str, str] = ("", "")
    team: str = ""
    due_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Automation:
    """One line of the catalogue that is built."""

    key: str
    kind: Kind
    team: str
    default_level: str
    trigger: str  # event names; business.hour and business.day are the schedules
    engine: str
    module: str
    covers: str  # English message id: how much of the plan's line works now
    propose: Callable[..., Iterable[Proposal[Any]]]


def automation(
    key: str,
    *,
    kind: Kind,
    team: str,
    on: str | tuple[str, ...],
    level: str = "propose",
    engine: str = "",
    covers: str = "",
) -> Callable[[Callable[..., Iterable[Proposal[Any]]]], Callable[..., Iterable[Proposal[Any]]]]:
    """Register an automation: `propose(event)` runs on these events (`business.hour` and `business.day` are schedules)."""
    names = (on,) if isinstance(on, str) else on

    def register(propose: Callable[..., Iterable[Proposal[Any]]]) -> Callable[..., Iterable[Proposal[Any]]]:
        if key in _automations:
            raise ValueError(f"automation {key} is registered twice")
        _automations[key] = Automation(
            key, kind, team, level, ", ".join(names), engine, propose.__module__, covers, propose
        )
        outbox.on(*names, key=f"automation:{key}")(lambda event: _deliver(key, event))
        return propose

    return register


@dataclass(frozen=True)
class Declared:
    """A plan line served by an engine or a service rather than by proposals."""

    key: str
    kind: Kind
    engine: str
    module: str
    level: str = "act"
    covers: str = ""


_declared: dict[str, Declared] = {}


def declare(key: str, *, kind: Kind, module: str, engine: str = "", level: str = "act", covers: str = "") -> None:
    """Say that a plan line is built as an ordinary service or engine, for the catalogue."""
    _declared[key] = Declared(key, kind, engine, module, level, covers)


def declared() -> dict[str, Declared]:
    return dict(_declared)


def built() -> dict[str, Automation]:
    return dict(_automations)


def level_of(key: str, team: str = "", pattern: str = "") -> str:
    """The level in force: the pattern's where it was paused, the team's own, everyone's, the built-in one."""
    rows = models.Policy.objects.filter(automation=key, team__in={team, ""}, pattern__in={pattern, ""})
    found = {(row.team, row.pattern): row.level for row in rows}
    paused = found.get(("", pattern)) if pattern else None
    return paused or found.get((team, "")) or found.get(("", "")) or _automations[key].default_level


def set_level(key: str, level: str, *, team: str = "", pattern: str = "", by: Actor, reason: str = "") -> None:
    """Change a level. `act` needs a measured record: 20 decided proposals, 90 % of them accepted, and a verifier.

    A pattern follows its automation again once it is set to anything but off or shadow. Raises core.level_needs_record.
    """
    if level == "act" and not may_act(key):
        raise DomainError("core.level_needs_record")
    was = level_of(key, team, pattern)
    with transaction.atomic():
        if pattern and level not in ("off", "shadow"):
            models.Policy.objects.filter(automation=key, pattern=pattern).delete()
        else:
            models.Policy.objects.update_or_create(
                automation=key, team=team, pattern=pattern,
                defaults={"level": level, "set_by": by.name, "reason": reason},
            )  # fmt: skip
        audit.note("automation.level_set", by=by, subject_type="automation", subject_id=key, reason=reason,
                   detail={"level": level, "team": team, "pattern": pattern})  # fmt: skip
        if level != was:
            facts = {"automation": key, "level": level, "team": team, "pattern": pattern}
            outbox.record("automation.level_set", facts, by=by)


def may_act(key: str) -> bool:
    """Whether a person may set `act`: a record that was earned, and actions that check themselves again."""
    item = _automations[key]
    names = models.Proposal.objects.filter(automation=key).values_list("action", flat=True).distinct()
    verified = all(_actions[name].verify is not Action.verify for name in names if name in _actions)
    record = agreement.lately(key)
    if item.default_level == "act" and record.decided < agreement.ENOUGH:
        return True
    return verified and agreement.may_act(key)


def _deliver(key: str, event: models.Event) -> None:
    run(key, event)


def run(key: str, event: models.Event) -> int:
    """Run one automation and keep what it proposes, by its level. Returns how many new proposals came.

    A failure passes through: the outbox rolls the event back, tries again, and parks it at last.
    """
    item = _automations[key]
    if level_of(key, item.team) == models.Policy.Level.OFF:
        return 0
    started = time.perf_counter()
    made = sum(_keep(item, proposal) for proposal in item.propose(event))
    _count_run(key, event.name, int((time.perf_counter() - started) * 1000), made)
    return made


def _count_run(key: str, trigger: str, took_ms: int, made: int) -> None:
    """One row an hour of business time. One statement."""
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO core_automationrun (automation, trigger, hour, last_at, runs, took_ms, proposals)
               VALUES (%s, %s, date_trunc('hour', %s::timestamptz), %s, 1, %s, %s)
               ON CONFLICT (automation, trigger, hour) DO UPDATE SET last_at = EXCLUDED.last_at,
                 runs = core_automationrun.runs + 1, took_ms = core_automationrun.took_ms + EXCLUDED.took_ms,
                 proposals = core_automationrun.proposals + EXCLUDED.proposals""",
            [key, trigger, now, now, took_ms, made],
        )


def _keep(item: Automation, proposal: Proposal[Any]) -> int:
    if models.Proposal.objects.filter(automation=item.key, key=proposal.key).exists():
        return 0  # the same cause comes once, whatever was decided
    level = level_of(item.key, proposal.team or item.team, proposal.pattern)
    if level == models.Policy.Level.OFF:
        return 0
    state = models.Proposal.State.SHADOW if level == "shadow" else models.Proposal.State.OPEN
    trust = agreement.lately(item.key, proposal.pattern).trust
    row, is_new = models.Proposal.objects.get_or_create(
        automation=item.key,
        key=proposal.key,
        defaults={
            "action": type(proposal.action).__name__,
            "fields": proposal.action.model_dump(mode="json"),
            "subject_type": proposal.subject[0],
            "subject_ref": str(proposal.subject[1]),
            "title": proposal.title,
            "title_facts": proposal.facts,
            "evidence": list(proposal.evidence),
            "confidence": None if proposal.confidence is None else Decimal(str(round(proposal.confidence, 3))),
            "won": proposal.won,
            "minutes": proposal.minutes,
            "rank": proposal.rank,
            "pattern": proposal.pattern,
            "trust": Decimal(str(round(trust, 3))),
            "worth_won": int((proposal.won + proposal.minutes * MINUTE_WON) * trust),
            "team": proposal.team or item.team,
            "state": state,
            "made_at": clock.now(),
            "due_at": proposal.due_at,
            "expires_at": proposal.expires_at,
        },
    )
    if not is_new:
        return 0
    outbox.notify("proposal.made", {"team": row.team})
    if level == "act":
        _act(row)
    return 1


def _act(row: models.Proposal) -> None:
    """Do it by policy. What a service refuses is kept as failed, so that the event is not tried for ever."""
    by = Actor.automation(row.automation)
    try:
        with transaction.atomic():
            _perform(row, by, "acted", {}, "")
    except DomainError as refused:
        _conclude(row, by, "failed", models.Proposal.State.FAILED, {}, refused.key)


def action_of(row: models.Proposal, edited: dict[str, Any] | None = None) -> Action:
    """The typed action with its proposed values, or with a person's where they were edited.

    Raises core.action_gone where this version no longer has the action that an older one proposed.
    """
    if row.action not in _actions:
        raise DomainError("core.action_gone")
    return _actions[row.action].model_validate({**row.fields, **(edited or {})})


def kind_of(name: str) -> type[Action] | None:
    """The class of an action by its name."""
    return _actions.get(name)


def editable(action: type[Action] | Action) -> frozenset[str]:
    """Names of the fields a person may change."""
    kind = action if isinstance(action, type) else type(action)
    return frozenset(name for name, field in kind.model_fields.items() if field.title)


def decide(
    row_id: int, verdict: str, *, by: Actor, edited: dict[str, Any] | None = None, reason: str = ""
) -> models.Proposal:
    """Accept, edit or refuse an open proposal; the proposed values stay beside the edited ones.

    Raises core.already_decided, core.proposal_expired, core.refusal_reason, core.edit_invalid, or what the service raises.
    """
    with transaction.atomic():
        row = models.Proposal.objects.select_for_update().get(pk=row_id)
        if row.state != models.Proposal.State.OPEN:
            raise DomainError("core.already_decided")
        if row.expires_at and row.expires_at < clock.now():
            raise DomainError("core.proposal_expired")
        if verdict == "refused":
            if not reason.strip():
                raise DomainError("core.refusal_reason")
            _conclude(row, by, verdict, models.Proposal.State.REFUSED, {}, reason)
        else:
            changed = _changed(row, edited or {})
            _perform(row, by, "edited" if changed else "accepted", changed, reason)
    return row


def _changed(row: models.Proposal, edited: dict[str, Any]) -> dict[str, Any]:
    """The edited values that differ from the proposed ones, as they are kept."""
    unknown = set(edited) - editable(action_of(row))
    if unknown:
        raise DomainError("core.edit_invalid", fields=", ".join(sorted(unknown)))
    try:
        kept = action_of(row, edited).model_dump(mode="json")
    except ValidationError as error:
        names = {str(part["loc"][0]) for part in error.errors(include_input=False, include_url=False) if part["loc"]}
        raise DomainError("core.edit_invalid", fields=", ".join(sorted(names))) from None
    return {name: kept[name] for name in edited if kept[name] != row.fields.get(name)}


def undo(row_id: int, *, by: Actor, reason: str = "") -> models.Proposal:
    """Take back what was done, where the action can (되돌리기)."""
    with transaction.atomic():
        row = models.Proposal.objects.select_for_update().get(pk=row_id)
        if row.state not in DONE:
            raise DomainError("core.already_decided")
        done = row.decisions.order_by("-id").first()
        action_of(row, done.edited_fields if done else None).undo(by)
        _conclude(row, by, "undone", models.Proposal.State.UNDONE, {}, reason)
    return row


def is_undoable(row: models.Proposal) -> bool:
    action = _actions.get(row.action)
    return row.state in DONE and action is not None and action.undoable


def action_says(row: models.Proposal) -> str:
    """What accepting does, as an English message id."""
    action = _actions.get(row.action)
    return action.says if action else ""


def _perform(row: models.Proposal, by: Actor, verdict: str, edited: dict[str, Any], reason: str) -> None:
    action = action_of(row, edited)
    problem = action.verify()
    if problem:
        _conclude(row, by, "failed", models.Proposal.State.FAILED, edited, problem)
        return
    action.run(by)
    _conclude(row, by, verdict, models.Proposal.State(verdict), edited, reason)


def _conclude(row: models.Proposal, by: Actor, verdict: str, state: str, edited: dict[str, Any], reason: str) -> None:
    row.state = state
    row.save(update_fields=["state"])
    models.Decision.objects.create(
        proposal=row, verdict=verdict, by=asdict(by), edited_fields=edited, reason=reason, at=clock.now()
    )
    audit.note(f"proposal.{verdict}", by=by, subject_type="proposal", subject_id=row.public_id, reason=reason,
               detail={"automation": row.automation, "action": row.action, "edited": sorted(edited)})  # fmt: skip
    outbox.notify("proposal.decided", {"team": row.team})
    if row.automation in _automations:
        agreement.follow_up(row, level_of(row.automation, row.team))


def overtake(rows: Iterable[models.Proposal], reason: str) -> int:
    """Close open proposals whose cause went away by itself or by a person's own hand (처리 불필요). Not a judgement."""
    closed = 0
    for row in rows:
        if row.state == models.Proposal.State.OPEN:
            _conclude(row, Actor.automation(row.automation), "expired", models.Proposal.State.EXPIRED, {}, reason)
            closed += 1
    return closed


def expire() -> int:
    """Close open proposals whose time has passed."""
    return models.Proposal.objects.filter(Q(state="open") & Q(expires_at__lt=clock.now())).update(state="expired")


def outcome(
    row: models.Proposal, label: str, *, key: str, is_good: bool | None = None, won: int = 0,
    detail: dict[str, Any] | None = None,
) -> bool:  # fmt: skip
    """Record what happened later, once per `key`: the label from which the automation is measured. True when it is new.

    Also for proposals that were refused, expired or kept in the shadow: they are the baseline “do nothing”.
    """
    if row.state == models.Proposal.State.OPEN:
        return False
    _, is_new = models.Outcome.objects.get_or_create(
        proposal=row, key=key, defaults={"label": label, "is_good": is_good, "won": won, "detail": detail or {}, "at": clock.now()}
    )  # fmt: skip
    if is_new:
        outbox.notify("proposal.outcome", {"team": row.team})
        if is_good is False and row.automation in _automations:
            agreement.follow_up(row, level_of(row.automation, row.team))
    return is_new


def about(subject_type: str, subject_ref: object, *keys: str) -> list[models.Proposal]:
    """Proposals of these automations about one record, for their outcomes."""
    return list(
        models.Proposal.objects.filter(subject_type=subject_type, subject_ref=str(subject_ref), automation__in=keys)
    )
