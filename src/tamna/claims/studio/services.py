"""Every write about claim rules: a version is written, asked for, decided by another person, retired; nothing is overwritten.

Law: 국민건강보험법 제47조 (the hospital answers for what it claims); two people agree before a rule judges claims, and both stand in
the log with the reason. The database refuses an author's own approval, whatever a screen says.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Max

from tamna.claims.studio import ruleset
from tamna.claims.studio.models import RuleSwitch, RuleVersion
from tamna.claims.studio.text import version_text
from tamna.core import audit, clock, notices, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError, refused_as
from tamna.engines.claimcheck import RuleError
from tamna.engines.claimcheck.rules import raw_rules
from tamna.engines.claimcheck.writing import Fault, faults, tried

MOST_RULES = 500  # of one file
EARLIEST = date(2018, 1, 1)


@transaction.atomic
def write(*, raw: Mapping[str, Any], note: str, by: Actor) -> RuleVersion:
    """Write the next version of a rule (규칙 작성). Raises claims.rule_faulty, rule_note_needed, rule_unchanged, rule_moved_on."""
    if not note.strip():
        raise DomainError("claims.rule_note_needed")
    wrong = faults(raw, ruleset.shipped().typing)
    if wrong:
        raise DomainError("claims.rule_faulty", count=len(wrong))
    rule_id, text = str(raw["id"]), version_text(raw)
    last = RuleVersion.objects.filter(rule_id=rule_id).order_by("-number").first()
    before = last.text if last else version_text(ruleset.shipped_raw().get(rule_id, {}))
    if text == before:
        raise DomainError("claims.rule_unchanged")
    with refused_as(rule_version_once="claims.rule_moved_on"):
        version = RuleVersion.objects.create(
            rule_id=rule_id,
            number=(last.number if last else 0) + 1,
            text=text,
            note=note.strip()[:200],
            author_id=_person(by),
            made_at=clock.now(),
        )
    audit.note(
        "rule.written",
        by=by,
        subject_type="rule",
        subject_id=rule_id,
        reason=note[:200],
        detail={"version": version.number},
    )
    return version


@dataclass
class Imported:
    """What became of a rule file."""

    versions: list[RuleVersion] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    refused: list[tuple[str, list[Fault]]] = field(default_factory=list)


def take_file(*, content: bytes, note: str, by: Actor) -> Imported:
    """Read a rule file (규칙 파일 가져오기): each sound rule becomes a version that is not in force. Raises claims.rule_file."""
    try:
        found = raw_rules(content.decode("utf-8-sig"), "file")
    except (UnicodeDecodeError, RuleError) as error:
        raise DomainError("claims.rule_file") from error
    if len(found) > MOST_RULES:
        raise DomainError("claims.rule_file_large", count=MOST_RULES)
    answer = Imported()
    for raw in found:
        name = str(raw.get("id", "–"))[:20]
        if wrong := faults(raw, ruleset.shipped().typing):
            answer.refused.append((name, wrong))
            continue
        try:
            answer.versions.append(write(raw=raw, note=note, by=by))
        except DomainError as refused:
            if refused.key != "claims.rule_unchanged":
                raise
            answer.unchanged.append(name)
    return answer


@transaction.atomic
def ask(
    *, rule_id: str, kind: str, from_on: date, reason: str, by: Actor, version: RuleVersion | None = None
) -> RuleSwitch:
    """Ask another person to switch a rule on, or to retire it, from a day of care (시행·중지 승인 요청).

    Without a version `on` means the shipped wording. Raises claims.rule_reason_needed, rule_examples, rule_not_there, rule_not_on,
    rule_day, rule_asked_already.
    """
    if not reason.strip():
        raise DomainError("claims.rule_reason_needed")
    if from_on < EARLIEST:
        raise DomainError("claims.rule_day")
    if kind == RuleSwitch.Kind.OFF:
        if rule_id not in ruleset.in_force(from_on):
            raise DomainError("claims.rule_not_on")
    elif version is None and rule_id not in ruleset.shipped().by_id:
        raise DomainError("claims.rule_not_there")
    elif version is not None:
        _examples_hold(version)
    with refused_as(rule_asked_once="claims.rule_asked_already"):
        switch = RuleSwitch.objects.create(
            rule_id=rule_id, kind=kind, version=version, author_id=version.author_id if version else None, from_on=from_on,
            reason=reason.strip()[:200], asked_by_id=_person(by), asked_at=clock.now(),
        )  # fmt: skip
    audit.note("rule.asked", by=by, subject_type="rule", subject_id=rule_id, reason=reason[:200],
               detail={"kind": kind, "version": version.number if version else None, "from": from_on.isoformat()})  # fmt: skip
    notices.tell("rule.asked", {"rule": rule_id}, key=switch.pk, url=f"/claims/rules/{rule_id}", besides=by.user_id)
    outbox.notify("rule.asked", {"rule_id": rule_id})
    return switch


def _examples_hold(version: RuleVersion) -> None:
    """One example that hits and one that nearly does, and every one of them as it says."""
    answers = tried(ruleset.rule_of(version), ruleset.shipped())
    if {bool(one.expected) for one in answers} != {True, False} or not all(one.holds for one in answers):
        raise DomainError("claims.rule_examples")


@transaction.atomic
def approve(*, switch_id: int, by: Actor, reason: str = "") -> RuleSwitch:
    """Let it take effect (승인), as another person than who wrote and who asked. Raises claims.rule_own, rule_decided."""
    switch = _decided(switch_id, RuleSwitch.Verdict.APPROVED, reason, by)
    facts = {"switch_id": switch.pk, "rule_id": switch.rule_id, "from": switch.from_on.isoformat(), "kind": switch.kind}
    outbox.record("rule.switched", facts, by=by, subject=("rule", switch.rule_id))
    return switch


@transaction.atomic
def refuse(*, switch_id: int, reason: str, by: Actor) -> RuleSwitch:
    """Send it back with a reason (반려). Raises claims.rule_reason_needed, rule_own, rule_decided."""
    if not reason.strip():
        raise DomainError("claims.rule_reason_needed")
    return _decided(switch_id, RuleSwitch.Verdict.REFUSED, reason, by)


@transaction.atomic
def withdraw(*, switch_id: int, by: Actor) -> RuleSwitch:
    """Take back what was asked (요청 취소). Raises claims.rule_not_yours, rule_decided."""
    if not RuleSwitch.objects.filter(pk=switch_id, asked_by_id=_person(by)).exists():
        raise DomainError("claims.rule_not_yours")
    return _decided(switch_id, RuleSwitch.Verdict.WITHDRAWN, "", by)


def _decided(switch_id: int, verdict: RuleSwitch.Verdict, reason: str, by: Actor) -> RuleSwitch:
    switch = RuleSwitch.objects.select_for_update(of=("self",)).select_related("version").get(pk=switch_id)
    switch.verdict, switch.decided_reason = verdict, reason.strip()[:200]
    switch.decided_by_id, switch.decided_at = _person(by), clock.now()
    with refused_as(rule_decided_by_another="claims.rule_own", claims_ruleswitch_frozen="claims.rule_decided"):
        switch.save(update_fields=["verdict", "decided_reason", "decided_by", "decided_at"])
    number = switch.version.number if switch.version else None
    audit.note(f"rule.{verdict}", by=by, subject_type="rule", subject_id=switch.rule_id, reason=reason[:200],
               detail={"kind": switch.kind, "version": number, "from": switch.from_on.isoformat()})  # fmt: skip
    if verdict != RuleSwitch.Verdict.WITHDRAWN:
        people = {switch.asked_by_id, switch.author_id} - {None}
        notices.tell("rule.decided", {"rule": switch.rule_id, "verdict": verdict.value}, key=switch.pk, people=people,  # type: ignore[arg-type]
                     url=f"/claims/rules/{switch.rule_id}", besides=by.user_id)  # fmt: skip
    outbox.notify("rule.decided", {"rule_id": switch.rule_id})
    return switch


def next_number(rule_id: str) -> int:
    """The number the next version of a rule would get."""
    return (RuleVersion.objects.filter(rule_id=rule_id).aggregate(last=Max("number"))["last"] or 0) + 1


def _person(by: Actor) -> int:
    """Rules are written and decided by people."""
    if by.user_id is None:
        raise DomainError("claims.rule_people_only")
    return by.user_id
