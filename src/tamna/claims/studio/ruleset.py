"""The claim rules in force (시행 중인 규칙): what is shipped and what the hospital switched on or retired, as one set.

Every check of the product asks `ruleset()`: at order entry, at discharge, before sending, over the archive. A switch counts from
a day of care: each version stands in the set for days of its own, so that a claim of last month is judged by last month's rules.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

import structlog

from tamna.claims.studio.models import RuleSwitch, RuleVersion
from tamna.engines.claimcheck import Rule, RuleError, RuleSet
from tamna.engines.claimcheck.rules import OWN, built, raw_rules
from tamna.engines.claimcheck.rules import shipped as files

log = structlog.get_logger()


class Switched(NamedTuple):
    """An approved switch: from this day of care a version holds; `version_id` None is the shipped wording."""

    rule_id: str
    from_on: date
    is_on: bool
    version_id: int | None


class Composed(NamedTuple):
    """A set, and by `Rule.key` the version of each rule in it that is the hospital's own."""

    rules: RuleSet
    versions: Mapping[str, int]


@lru_cache(maxsize=1)
def shipped() -> RuleSet:
    """The rules of the package."""
    return RuleSet.load()


@lru_cache(maxsize=1)
def shipped_raw() -> Mapping[str, Mapping[str, Any]]:
    """The shipped rules as their files say them, by id."""
    return {raw["id"]: raw for name, text in files() for raw in raw_rules(text, name)}


def switches(known_at: datetime | None = None) -> tuple[Switched, ...]:
    """What two people agreed on, in the order it takes effect. One query. `known_at`: as it was known at that instant."""
    rows = RuleSwitch.objects.filter(verdict=RuleSwitch.Verdict.APPROVED)
    if known_at is not None:
        rows = rows.filter(decided_at__lte=known_at)
    rows = rows.order_by("rule_id", "from_on", "decided_at", "id")
    return tuple(
        Switched(rule, on, kind == "on", version)
        for rule, on, kind, version in rows.values_list("rule_id", "from_on", "kind", "version_id")
    )


def ruleset(known_at: datetime | None = None) -> RuleSet:
    """The rules of every day, shipped and own. One query."""
    return _composed(switches(known_at)).rules


def composed() -> "Composed":
    """The same with what each own version is. One query."""
    return _composed(switches())


def chosen(known: tuple[Switched, ...], on: date | None, own: str, only: tuple[str, ...]) -> RuleSet:
    """The set under these switches: as of one day for every claim, with rules still in a file, or some of them. Raises RuleError."""
    base = _composed(known).rules
    rules = list(base.rules)
    for raw in raw_rules(own, "own rules") if own else ():
        rule = built({**OWN, **raw}, base.typing, "own rules")
        rules = [one for one in rules if one.id != rule.id] + [rule]
    if unknown := set(only) - {rule.id for rule in rules}:
        raise RuleError(f"there is no rule {', '.join(sorted(unknown))}")
    rules = [rule for rule in rules if not only or rule.id in only]
    if on is not None:
        rules = [replace(rule, starts_on=date.min, ends_on=None, turn=0) for rule in rules if rule.at(on)]
    return base if not (own or only or on) else base.of(rules)


def in_force(on: date, rules: RuleSet | None = None) -> dict[str, Rule]:
    """The rule of each id that holds on a day of care."""
    return {rule.id: rule for rule in (rules or ruleset()).rules if rule.at(on)}


def version_of(rules: RuleSet) -> str:
    """Names a set: how many rules, and a mark of the hospital's own switches."""
    ids = {rule.id for rule in rules.rules}
    own = [
        repr((rule.key, rule.starts_on, rule.ends_on, rule.where, rule.hit))
        for rule in rules.rules
        if rule is not shipped().by_id.get(rule.id)
    ]
    return f"{len(ids)} rules" + (f" {sha256('|'.join(own).encode()).hexdigest()[:8]}" if own else "")


def rule_of(version: RuleVersion) -> Rule:
    """A version as a rule that always holds. Raises RuleError."""
    return parsed(version.text)


@lru_cache(maxsize=512)
def parsed(text: str) -> Rule:
    """The rule of a text, without dates. Raises RuleError."""
    raw = raw_of(text)
    return replace(built({**OWN, **raw}, shipped().typing, str(raw.get("id", ""))), starts_on=date.min, ends_on=None)


def raw_of(text: str) -> dict[str, Any]:
    """The one rule of a text as a mapping, without dates. Raises RuleError."""
    found = raw_rules(text, "rule")
    if len(found) != 1:
        raise RuleError("a version holds one rule")
    return {key: value for key, value in found[0].items() if key not in ("from", "to")}


@lru_cache(maxsize=4)
def _composed(known: tuple[Switched, ...]) -> Composed:
    base = shipped()
    if not known:
        return Composed(base, {})
    by_rule: dict[str, dict[date, Switched]] = {}
    for switch in known:  # of one day the one decided last
        by_rule.setdefault(switch.rule_id, {})[switch.from_on] = switch
    texts = dict(RuleVersion.objects.filter(pk__in=[switch.version_id for switch in known]).values_list("pk", "text"))
    rules: list[Rule] = []
    versions: dict[str, int] = {}
    for rule_id in [*base.by_id, *sorted(set(by_rule) - set(base.by_id))]:
        rule, own = base.by_id.get(rule_id), list(by_rule.get(rule_id, {}).values())
        for turn, (piece, version_id) in enumerate(_pieces(rule, own, texts)):
            rules.append(replace(piece, turn=turn) if turn else piece)
            if version_id is not None:
                versions[rules[-1].key] = version_id
    return Composed(base.of(rules), versions)


def _pieces(rule: Rule | None, own: list[Switched], texts: Mapping[int, str]) -> Iterator[tuple[Rule, int | None]]:
    """The versions of one rule, each with its own days."""
    if not own:
        if rule is not None:
            yield rule, None
        return
    yield from _clipped(rule, None, date.min, own[0].from_on)
    for switch, later in zip(own, [*own[1:], None], strict=True):
        until = later.from_on if later else None
        if not switch.is_on:
            continue
        if switch.version_id is None:
            yield from _clipped(rule, None, switch.from_on, until)
            continue
        try:
            yield from _clipped(parsed(texts[switch.version_id]), switch.version_id, switch.from_on, until)
        except RuleError as error:  # a table or column that a newer package no longer has
            log.error("rule.unusable", rule_id=switch.rule_id, version=switch.version_id, why=str(error))


def _clipped(
    rule: Rule | None, version_id: int | None, starts_on: date, ends_on: date | None
) -> Iterator[tuple[Rule, int | None]]:
    """The rule within these days, or nothing."""
    if rule is None:
        return
    start = max(rule.starts_on, starts_on)
    ends = [day for day in (rule.ends_on, ends_on) if day is not None]
    if not ends or start < min(ends):
        yield replace(rule, starts_on=start, ends_on=min(ends, default=None)), version_id
