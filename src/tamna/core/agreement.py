"""What follows from the last decisions (동의율): trust lowers the rank, five refusals pause a pattern, under 90 % ends `act`.

Each change of a level is a policy set by the system, audited, told to the team's lead and IT, and undone by a person who
sets the level again. A proposal that a verifier stopped says nothing about people's judgement and is not counted.
"""

from dataclasses import dataclass

from tamna.core import audit, models, outbox
from tamna.core.actor import Actor

LAST, ENOUGH, SHARE = 20, 20, 0.9
PAUSE_AFTER = 5
AGREED = frozenset({"accepted", "acted"})
JUDGED = frozenset({"accepted", "edited", "refused", "acted", "undone"})
SYSTEM = Actor.system("tamna")


@dataclass(frozen=True)
class Lately:
    """The last judged proposals of an automation or of one pattern of it, newest first."""

    states: tuple[str, ...]

    @property
    def decided(self) -> int:
        return len(self.states)

    @property
    def agreed(self) -> int:
        return sum(state in AGREED for state in self.states)

    @property
    def share(self) -> float | None:
        return self.agreed / self.decided if self.states else None

    @property
    def trust(self) -> float:
        """(agreed + 2) / (decided + 2): 1 without a record, near the share with one; an edit counts for half."""
        edited = sum(state == "edited" for state in self.states)
        return (self.agreed + 0.5 * edited + 2) / (self.decided + 2)


def lately(automation: str, pattern: str = "", last: int = LAST) -> Lately:
    """The last judged proposals; what was done by policy and turned out badly counts as not agreed. Two queries."""
    decisions = models.Decision.objects.filter(proposal__automation=automation, verdict__in=JUDGED)
    if pattern:
        decisions = decisions.filter(proposal__pattern=pattern)
    found: dict[int, str] = {}
    for row in decisions.order_by("-id").values_list("proposal_id", "proposal__state")[: last * 3]:
        if len(found) < last and row[1] in JUDGED:
            found.setdefault(*row)
    acted = [pk for pk, state in found.items() if state == "acted"]
    if acted:
        bad = models.Outcome.objects.filter(proposal_id__in=acted, is_good=False).values_list("proposal_id", flat=True)
        found |= dict.fromkeys(bad, "undone")
    return Lately(tuple(found.values()))


def may_act(automation: str) -> bool:
    """`act` needs 20 judged proposals of which 90 % were agreed to."""
    record = lately(automation)
    return record.decided >= ENOUGH and (record.share or 0) >= SHARE


def follow_up(row: models.Proposal, level: str) -> None:
    """After a decision or an outcome: end `act` that is no longer earned, pause a pattern that is refused again and again."""
    if level == models.Policy.Level.ACT:
        record = lately(row.automation)
        if record.decided >= ENOUGH and (record.share or 0) < SHARE:
            _end_act(row.automation, record)
    if row.state == "refused" and row.pattern:
        record = lately(row.automation, row.pattern, PAUSE_AFTER)
        if record.states == ("refused",) * PAUSE_AFTER:
            _pause(row)


def _end_act(automation: str, record: Lately) -> None:
    reason = f"{record.agreed} of the last {record.decided} were agreed to, under {SHARE:.0%}"
    models.Policy.objects.update_or_create(
        automation=automation, team="", pattern="",
        defaults={"level": "propose", "set_by": SYSTEM.name, "reason": reason},
    )  # fmt: skip
    models.Policy.objects.filter(automation=automation, level="act").update(
        level="propose", set_by=SYSTEM.name, reason=reason
    )
    _told(automation, "", "propose", reason, agreed=record.agreed, decided=record.decided)


def _pause(row: models.Proposal) -> None:
    reason = f"the last {PAUSE_AFTER} were refused"
    models.Policy.objects.update_or_create(
        automation=row.automation, team="", pattern=row.pattern,
        defaults={"level": "shadow", "set_by": SYSTEM.name, "reason": reason},
    )  # fmt: skip
    _told(row.automation, row.pattern, "shadow", reason, count=PAUSE_AFTER)


def _told(automation: str, pattern: str, level: str, reason: str, **why: int) -> None:
    audit.note("automation.level_set", by=SYSTEM, subject_type="automation", subject_id=automation, reason=reason,
               detail={"level": level, "pattern": pattern})  # fmt: skip
    facts = {"automation": automation, "level": level, "pattern": pattern, **why}
    outbox.record("automation.level_set", facts, by=SYSTEM)
