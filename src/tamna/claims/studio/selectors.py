"""Reads of claim rules: the list, one rule with everything about it, what waits for a decision. Bounded queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Count, QuerySet, Sum

from tamna.claims.models import ClaimResponse, Finding
from tamna.claims.studio import ruleset
from tamna.claims.studio.models import RuleSwitch, RuleTrial, RuleVersion
from tamna.core import clock
from tamna.engines.claimcheck import Rule, RuleError
from tamna.engines.claimcheck.syntax import Listed, Lookup, walk
from tamna.engines.claimcheck.tables import Table

LATELY_DAYS = 30
STATES = ("on", "planned", "off", "draft")
TABLE_ROWS = 50


@dataclass(frozen=True)
class Row:
    """A rule as the list shows it. `state`: on, planned (agreed for a later day), off, draft (never agreed on)."""

    rule: Rule
    state: str
    is_own: bool
    since: date | None
    waits: bool  # a decision is open
    hits: int = 0
    won: int = 0

    @property
    def id(self) -> str:
        return self.rule.id

    def title(self, lang: str) -> str:
        return self.rule.title.get(lang) or self.rule.title.get("ko") or self.rule.id

    @cached_property
    def words(self) -> str:
        """What a search looks in."""
        rule = self.rule
        return " ".join([rule.id, rule.group, rule.source, *rule.title.values(), *rule.message.values()]).lower()


def rows() -> list[Row]:
    """Every rule: shipped, own, not yet agreed. Five queries."""
    today, known = clock.today(), ruleset.composed()
    lately = hits()
    waiting = set(RuleSwitch.objects.filter(verdict="").values_list("rule_id", flat=True))
    now = {rule.id: rule for rule in known.rules.rules if rule.at(today)}
    later = {rule.id: rule for rule in known.rules.rules if rule.starts_on > today}
    past = {rule.id: rule for rule in known.rules.rules if rule.id not in now and rule.id not in later}
    own = {key.partition("#")[0] for key in known.versions}
    found = {}
    for state, rules in (("off", past), ("planned", later), ("on", now)):
        for rule in rules.values():
            since = rule.starts_on if rule.starts_on > date.min else None
            count, won = lately.get(rule.id, (0, 0))
            found[rule.id] = Row(rule, state, rule.id in own, since, rule.id in waiting, count, won)
    decided = {switch.rule_id for switch in ruleset.switches()}
    for version in latest_versions():
        if version.rule_id not in found and (rule := _readable(version)):
            found[rule.id] = Row(rule, "off" if rule.id in decided else "draft", True, None, rule.id in waiting)
    for rule in ruleset.shipped().rules:  # retired from its first day on
        found.setdefault(rule.id, Row(rule, "off", False, None, rule.id in waiting))
    return sorted(found.values(), key=lambda row: (not row.waits, row.id))


def latest_versions() -> QuerySet[RuleVersion]:
    """The last version of each own rule."""
    return RuleVersion.objects.order_by("rule_id", "-number").distinct("rule_id")


def hits() -> dict[str, tuple[int, int]]:
    """Findings of each rule on statements checked within a month: (how many, won at risk). One query."""
    since = clock.now() - timedelta(days=LATELY_DAYS)
    found = (
        Finding.objects.filter(claim__checked_at__gte=since)
        .values("rule_id")
        .annotate(count=Count("id"), won=Sum("won_at_risk"))
    )
    return {row["rule_id"]: (row["count"], row["won"] or 0) for row in found}


def _readable(version: RuleVersion) -> Rule | None:
    try:
        return ruleset.rule_of(version)
    except RuleError:
        return None


@dataclass(frozen=True)
class Dossier:
    """One rule with everything about it."""

    rule_id: str
    rule: Rule  # the wording shown: in force today, else agreed for later, else the last one
    raw: Mapping[str, Any]
    state: str
    is_own: bool
    number: int | None  # of the version shown
    versions: Sequence[RuleVersion]
    switches: Sequence[RuleSwitch]
    pieces: Sequence[tuple[Rule, int | None]]  # what holds when: (rule with its days, version number)
    tables: Sequence[tuple[Table, Sequence[Mapping[str, Any]]]] = ()
    trials: Sequence[RuleTrial] = ()
    ended: Mapping[str, int] = field(default_factory=dict)
    hits: tuple[int, int] = (0, 0)

    @property
    def holds(self) -> bool:
        """The wording shown is the last one agreed on."""
        return bool(self.pieces) and self.state != "off" and self.pieces[-1][1] == self.number

    @property
    def waiting(self) -> RuleSwitch | None:
        return next((switch for switch in self.switches if switch.verdict == ""), None)


def dossier(rule_id: str, number: int | None = None) -> Dossier | None:
    """A rule, or one of its versions; none where nothing is called so. Eight queries at most."""
    known, today = ruleset.composed(), clock.today()
    versions = list(RuleVersion.objects.filter(rule_id=rule_id).select_related("author").order_by("-number"))
    numbers = {version.pk: version.number for version in versions}
    pieces = [(rule, numbers.get(known.versions.get(rule.key, 0))) for rule in known.rules.rules if rule.id == rule_id]
    current = next((piece for piece in pieces if piece[0].at(today)), None)
    planned = next((piece for piece in pieces if piece[0].starts_on > today), None)
    switches = RuleSwitch.objects.filter(rule_id=rule_id).select_related("version", "asked_by", "decided_by", "author")
    switches = list(switches.order_by("-id")[:50])
    shipped = ruleset.shipped().by_id.get(rule_id)
    was_on = bool(pieces) or shipped or any(switch.verdict == "approved" for switch in switches)
    state = "on" if current else "planned" if planned else "off" if was_on else "draft"
    shown = current or planned or (pieces[-1] if pieces else None)
    chosen = next((version for version in versions if version.number == number), None) if number else None
    if number and chosen is None:
        return None
    if chosen is None and shipped and (shown[1] is None if shown else not versions):
        rule, raw, number = shown[0] if shown else shipped, ruleset.shipped_raw()[rule_id], None
    else:
        chosen = (
            chosen
            or next((one for one in versions if shown and one.number == shown[1]), None)
            or next(iter(versions), None)
        )
        readable = _readable(chosen) if chosen else None
        if chosen is None or readable is None:
            return None
        rule, raw, number = readable, ruleset.raw_of(chosen.text), chosen.number
    return Dossier(
        rule_id, rule, raw, state, bool(versions), number, versions, switches, pieces, list(_tables(rule)),
        list(RuleTrial.objects.filter(rule_id=rule_id).order_by("-id")[:5]), _ended(rule_id), hits_of(rule_id),
    )  # fmt: skip


def first_day(found: Dossier) -> date | None:
    """The day of care from which the rule was last switched on by a decision; none for one that always held."""
    days = [one.from_on for one in found.switches if one.verdict == "approved" and one.kind == RuleSwitch.Kind.ON]
    return max((day for day in days if day <= clock.today()), default=None)


def hits_of(rule_id: str) -> tuple[int, int]:
    since = clock.now() - timedelta(days=LATELY_DAYS)
    sums = Finding.objects.filter(rule_id=rule_id, claim__checked_at__gte=since).aggregate(
        count=Count("id"), won=Sum("won_at_risk")
    )
    return sums["count"], sums["won"] or 0


def _ended(rule_id: str) -> dict[str, int]:
    """How the agency answered the statements on which the rule spoke when they were sent. One query."""
    found = (
        ClaimResponse.objects.filter(kind="result", claim__findings__rule_id=rule_id)
        .values("status")
        .annotate(count=Count("claim", distinct=True))
    )
    return {row["status"]: row["count"] for row in found}


def _tables(rule: Rule) -> list[tuple[Table, Sequence[Mapping[str, Any]]]]:
    """The tables a rule looks up, with their first rows."""
    tables = ruleset.shipped().tables
    tops = [node for node in (*rule.nodes, rule.won_at_risk) if node is not None]
    names = [node.table for top in tops for node in walk(top) if isinstance(node, (Lookup, Listed))]
    names += [rule.pair_table] if rule.pair_table else []
    return [(tables[name], tables[name].rows[:TABLE_ROWS]) for name in dict.fromkeys(names)]


def recent_hits(rule_id: str) -> QuerySet[Finding]:
    """Findings of a rule on statements, newest check first."""
    return Finding.objects.filter(rule_id=rule_id).select_related("claim__department").order_by("-id")
