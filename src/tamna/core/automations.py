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

from django.db import transaction
from django.db.models import Q
from pydantic import BaseModel

from tamna.core import audit, clock, models, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError

Kind = Literal["E", "P", "L", "F"]
A = TypeVar("A", bound="Action")

_actions: dict[str, type["Action"]] = {}
_automations: dict[str, "Automation"] = {}


class Action(BaseModel):
    """A typed change that a proposal suggests. `run` calls one ordinary service."""

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
    propose: Callable[..., Iterable[Proposal[Any]]]


def automation(
    key: str, *, kind: Kind, team: str, on: str | tuple[str, ...], level: str = "propose", engine: str = ""
) -> Callable[[Callable[..., Iterable[Proposal[Any]]]], Callable[..., Iterable[Proposal[Any]]]]:
    """Register an automation: `propose(event)` runs on these events (`business.hour` and `business.day` are schedules)."""
    names = (on,) if isinstance(on, str) else on

    def register(propose: Callable[..., Iterable[Proposal[Any]]]) -> Callable[..., Iterable[Proposal[Any]]]:
        if key in _automations:
            raise ValueError(f"automation {key} is registered twice")
        _automations[key] = Automation(key, kind, team, level, ", ".join(names), engine, propose.__module__, propose)
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


_declared: dict[str, Declared] = {}


def declare(key: str, *, kind: Kind, module: str, engine: str = "", level: str = "act") -> None:
    """Say that a plan line is built as an ordinary service or engine, for the catalogue."""
    _declared[key] = Declared(key, kind, engine, module, level)


def declared() -> dict[str, Declared]:
    return dict(_declared)


def built() -> dict[str, Automation]:
    return dict(_automations)


def level_of(key: str, team: str = "") -> str:
    """The level in force: the team's own, else everyone's, else the built-in one."""
    rows = dict(models.Policy.objects.filter(automation=key, team__in={team, ""}).values_list("team", "level"))
    return rows.get(team) or rows.get("") or _automations[key].default_level


def set_level(key: str, level: str, *, team: str = "", by: Actor, reason: str = "") -> None:
    """Change a level. `act` needs a measured record: 20 decided proposals, 90 % of them accepted, and a verifier."""
    if level == "act" and not may_act(key):
        raise DomainError("core.level_needs_record")
    with transaction.atomic():
        models.Policy.objects.update_or_create(
            automation=key, team=team, defaults={"level": level, "set_by": by.name, "reason": reason}
        )
        audit.note("automation.level_set", by=by, subject_type="automation", subject_id=key, reason=reason,
                   detail={"level": level, "team": team})  # fmt: skip


def may_act(key: str) -> bool:
    if _automations[key].default_level == "act":
        return True
    decided = models.Decision.objects.filter(proposal__automation=key, verdict__in=["accepted", "edited", "refused"])
    total = decided.count()
    return total >= 20 and decided.filter(verdict="accepted").count() >= total * 0.9


def _deliver(key: str, event: models.Event) -> None:
    run(key, event)


def run(key: str, event: models.Event) -> int:
    """Run one automation and keep what it proposes, by its level. Returns how many new proposals came.

    A failure passes through: the outbox rolls the event back, tries again, and parks it at last.
    """
    item = _automations[key]
    level = level_of(key, item.team)
    if level == models.Policy.Level.OFF:
        return 0
    started = time.perf_counter()
    made = sum(_keep(item, proposal, level) for proposal in item.propose(event))
    if made or event.name.startswith("business."):
        models.AutomationRun.objects.create(
            automation=key, trigger=event.name, took_ms=int((time.perf_counter() - started) * 1000), proposals=made
        )
    return made


def _keep(item: Automation, proposal: Proposal[Any], level: str) -> int:
    state = models.Proposal.State.SHADOW if level == "shadow" else models.Proposal.State.OPEN
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
        _perform(row, Actor.automation(item.key), "acted", {}, "")
    return 1


def action_of(row: models.Proposal, edited: dict[str, Any] | None = None) -> Action:
    return _actions[row.action].model_validate({**row.fields, **(edited or {})})


def decide(
    row_id: int, verdict: str, *, by: Actor, edited: dict[str, Any] | None = None, reason: str = ""
) -> models.Proposal:
    """Accept, edit or refuse an open proposal. Raises core.already_decided, core.proposal_expired, or what the service raises."""
    with transaction.atomic():
        row = models.Proposal.objects.select_for_update().get(pk=row_id)
        if row.state != models.Proposal.State.OPEN:
            raise DomainError("core.already_decided")
        if row.expires_at and row.expires_at < clock.now():
            raise DomainError("core.proposal_expired")
        if verdict == "refused":
            _conclude(row, by, verdict, models.Proposal.State.REFUSED, {}, reason)
        else:
            _perform(row, by, "edited" if edited else "accepted", edited or {}, reason)
    return row


def undo(row_id: int, *, by: Actor, reason: str = "") -> models.Proposal:
    """Take back what was done, where the action can (되돌리기)."""
    with transaction.atomic():
        row = models.Proposal.objects.select_for_update().get(pk=row_id)
        if row.state not in {"accepted", "edited", "acted"}:
            raise DomainError("core.already_decided")
        action_of(row).undo(by)
        _conclude(row, by, "undone", models.Proposal.State.UNDONE, {}, reason)
    return row


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
               detail={"automation": row.automation, "action": row.action})  # fmt: skip
    outbox.notify("proposal.decided", {"team": row.team})


def expire() -> int:
    """Close open proposals whose time has passed."""
    return models.Proposal.objects.filter(Q(state="open") & Q(expires_at__lt=clock.now())).update(state="expired")


def outcome(row: models.Proposal, label: str, *, won: int = 0, detail: dict[str, Any] | None = None) -> None:
    """Record what happened later: the label from which the automation is measured."""
    models.Outcome.objects.create(proposal=row, label=label, won=won, detail=detail or {}, at=clock.now())
