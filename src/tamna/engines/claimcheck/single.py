"""One claim against the rules, through compiled Python: under a millisecond once warm.

History for patient-period rules is given as other claims of the same patient; findings are put on this claim only.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tamna.engines.claimcheck import schema
from tamna.engines.claimcheck.company import able, lone
from tamna.engines.claimcheck.emit_python import Asked, Rows, Surroundings, compiled, note_rows
from tamna.engines.claimcheck.report import Finding
from tamna.engines.claimcheck.rules import SEVERITIES, Derived, Rule, Typing
from tamna.engines.claimcheck.syntax import OVER_MEMBERS, Call, Literal, Logic, Name, Node, Test, walk
from tamna.engines.claimcheck.windows import DAY, Member, paired, windowed
from tamna.engines.claimcheck.windows import Asked as AskedOfMembers

Check = Callable[[Rows, Mapping[str, Any], Surroundings], list[Any]]
Engine = Callable[[schema.Document], Any]


@dataclass(frozen=True)
class Part:
    """A rule, or the half of it that only warns."""

    rule: Rule
    severity: str
    hit: Node

    @property
    def won(self) -> Node:
        if self.rule.won_at_risk is not None:
            return self.rule.won_at_risk
        return Call("coalesce", (Name("amount" if self.rule.over == "lines" else "total_amount"), Literal(0)))


def parts_of(rule: Rule) -> list[Part]:
    """`warn_when` splits a rule in two, so that each half has one severity."""
    if rule.warn_when is None:
        return [Part(rule, rule.severity, rule.hit)]
    softer = Call("coalesce", (rule.warn_when, Literal(False)))
    return [
        Part(rule, rule.severity, Logic("and", (rule.hit, Logic("not", (softer,))))),
        Part(rule, "warn", Logic("and", (rule.hit, softer))),
    ]


class SingleCheck:
    """The rules compiled for one claim at a time."""

    def __init__(
        self, rules: Sequence[Rule], typing: Typing, derived: Mapping[str, Derived], engines: Mapping[str, Engine]
    ) -> None:
        self.typing, self.derived, self.engines = typing, derived, engines
        self.parts = [part for rule in rules for part in parts_of(rule)]
        self.names = {part.rule.key: _asked_names(part) for part in self.parts}
        self.order = {part.rule.id: place for place, part in enumerate(self.parts)}
        self.alone = [part for part in self.parts if not part.rule.per]
        self.company = [part for part in self.parts if part.rule.per]

    @cached_property
    def _derive(self) -> list[tuple[str, list[Derived], Check]]:
        steps = []
        for over in ("lines", "diagnoses"):
            columns = [column for column in self.derived.values() if column.over == over]
            asked = [Asked(column.where, (column.value,) if column.value else ()) for column in columns]
            steps.append((over, columns, compiled(asked, over, self.typing, frozenset())))
        return steps

    @cached_property
    def _row_checks(self) -> list[tuple[str, list[Part], Check]]:
        checks = []
        for over in schema.SCOPES:
            if parts := [part for part in self.alone if part.rule.over == over]:
                asked = [
                    Asked(_with_where(part), (part.won,), (part.rule.starts_on, part.rule.ends_on)) for part in parts
                ]
                checks.append((over, parts, compiled(asked, over, self.typing)))
        return checks

    @cached_property
    def _members(self) -> list[tuple[str, list[Rule], Check]]:
        """Which rows stand in the window of which rule: what each can be in it (`Member`), then the values of `per`."""
        checks = []
        rules = list({part.rule.key: part.rule for part in self.company}.values())
        for over in ("claims", "lines", "diagnoses"):
            if chosen := [rule for rule in rules if rule.over == over]:
                asked = [Asked(self._lets_in(rule), (*_can_be(rule), *_keys(rule))) for rule in chosen]
                checks.append((over, chosen, compiled(asked, over, self.typing)))
        return checks

    def _lets_in(self, rule: Rule) -> Node | None:
        """`where`, and for a pair of a table that the code stands in it."""
        if not rule.pair_table:
            return rule.where
        listed = Test("in", Name("code"), self.typing.tables[rule.pair_table].paired_codes)
        return listed if rule.where is None else Logic("and", (rule.where, listed))

    @cached_property
    def _company_checks(self) -> dict[str, list[tuple[Part, Check]]]:
        checks: dict[str, list[tuple[Part, Check]]] = {}
        for part in self.company:
            asked = [Asked(part.hit, (part.won,), (part.rule.starts_on, part.rule.ends_on))]
            checks.setdefault(part.rule.key, []).append((part, compiled(asked, part.rule.over, self.typing)))
        return checks

    @cached_property
    def _over_members(self) -> Mapping[str, AskedOfMembers]:
        """Rule → what it asks of every row of its window."""
        asked: dict[str, dict[Any, Callable[[Member], tuple[Any, ...]]]] = {}
        for part in self.company:
            for node in walk(part.hit):
                if isinstance(node, Call) and node.function in OVER_MEMBERS:
                    check = compiled([Asked(None, node.args)], part.rule.over, self.typing)
                    asked.setdefault(part.rule.key, {})[node] = _arguments(check)
        return asked

    def surroundings(self, document: schema.Document) -> tuple[dict[str, Any], Surroundings]:
        """The claim with its derived columns, and what rows can ask about it."""
        claim = dict(document["claim"])
        around = Surroundings.of(document, {name: engine(document) for name, engine in self.engines.items()})
        for over, columns, check in self._derive:
            kept: list[list[Any]] = [[] for _ in columns]
            for which, _, values in check(document[over], claim, around):
                kept[which].append(values[0] if values else True)
            for column, values in zip(columns, kept, strict=True):
                claim[column.name] = _aggregate(column.kind, values)
        return claim, around

    def findings(
        self,
        document: schema.Document,
        history: Sequence[schema.Document],
        skipped: Mapping[str, str],
        place: int | None = None,
    ) -> list[Finding]:
        """Every finding, before suppression, in order of rules and rows. `place`: this claim's turn in `history`."""
        claim, around = self.surroundings(document)
        found: dict[tuple[str, int], Finding] = {}

        def keep(part: Part, at: int, row: Mapping[str, Any], won: Any) -> None:
            key = (part.rule.id, at)
            known = found.get(key)
            graver = known is None or SEVERITIES.index(part.severity) < SEVERITIES.index(known.severity)
            if graver and part.rule.key not in skipped:
                number = row.get("line_no") if part.rule.over in {"lines", "notes"} else None
                found[key] = Finding(part.rule, part.severity, at, number, whole_won(won))

        for over, parts, check in self._row_checks:
            rows = self._rows(document, claim, over)
            for which, at, (won,) in check(rows, claim, around):
                keep(parts[which], at, rows[at], won)
        for key, members in self._groups(
            document, claim, around, history, len(history) if place is None else place, skipped
        ):
            checks = self._company_checks[key]
            for at, row in self._company(checks[0][0], members):
                for part, check in checks:
                    for _, _, (won,) in check([row], claim, around):
                        keep(part, at, row, won)
        return sorted(found.values(), key=lambda finding: (self.order[finding.rule.id], finding.at))

    def _rows(self, document: schema.Document, claim: Mapping[str, Any], over: str) -> Rows:
        if over == "claims":
            return [claim]
        return note_rows(document) if over == "notes" else document[over]

    def _company(self, part: Part, members: Sequence[Member]) -> Iterator[tuple[int, dict[str, Any]]]:
        if part.rule.pair:
            table = self.typing.tables[part.rule.pair_table] if part.rule.pair_table else None
            return paired(members, table)
        return windowed(members, self.names[part.rule.key], self._over_members.get(part.rule.key))

    def _groups(
        self,
        document: schema.Document,
        claim: Mapping[str, Any],
        around: Surroundings,
        history: Sequence[schema.Document],
        place: int,
        skipped: Mapping[str, str],
    ) -> Iterator[tuple[str, list[Member]]]:
        for over, rules, check in self._members:
            groups: dict[tuple[Any, ...], list[Member]] = {}
            others = [(turn + (turn >= place), other) for turn, other in enumerate(history)]
            for turn, here in [(place, document), *others]:  # this claim first: history only joins groups it opened
                if turn == place:
                    its_claim, its_around = claim, around
                elif any(rule.across_claims for rule in rules):
                    its_claim, its_around = self.surroundings(here)
                else:
                    continue
                rows = self._rows(here, its_claim, over)
                for which, at, values in check(rows, its_claim, its_around):
                    rule, (is_able, is_beside, *keys) = rules[which], values
                    if None in keys or rule.key in skipped or (turn != place and not rule.across_claims):
                        continue
                    key = (which, *keys)
                    if turn != place and key not in groups:
                        continue
                    row = rows[at]
                    member = Member(
                        at if turn == place else -1, row, row.get(DAY[over]), (turn, at), its_claim,
                        is_able is True, is_beside is True,
                    )  # fmt: skip
                    groups.setdefault(key, []).append(member)
            for (which, *_), members in groups.items():
                if len(members) > 1 or (members[0].is_able and not rules[which].pair):
                    yield rules[which].key, members


def _can_be(rule: Rule) -> tuple[Node, Node]:
    """`is_able` and `is_beside` of a member."""
    return able(rule) if rule.pair else (lone(rule), Literal(True))


def _keys(rule: Rule) -> tuple[Node, ...]:
    """The values of `per`; within one claim its number is no key: a claim without a number has windows too."""
    return tuple(key for key in rule.per if key != Name("claim_id"))


def _arguments(check: Check) -> Callable[[Member], tuple[Any, ...]]:
    return lambda member: tuple(check([member.row], member.claim, Surroundings())[0][2])


def _with_where(part: Part) -> Node:
    return part.hit if part.rule.where is None else Logic("and", (part.rule.where, part.hit))


def _asked_names(part: Part) -> frozenset[str]:
    nodes = list(walk(part.hit)) + list(walk(part.won))
    return frozenset(node.name for node in nodes if isinstance(node, Name)) | frozenset(
        node.function for node in nodes if isinstance(node, Call)
    )


def whole_won(value: Any) -> int:
    """Won at risk as a whole, never negative amount."""
    return max(int(value or 0), 0)


def _aggregate(kind: str, values: list[Any]) -> Any:
    if kind == "count":
        return len(values)
    if kind == "any":
        return bool(values)
    known = [value for value in values if value is not None]
    if kind == "sum":
        return sum(known)
    if kind == "distinct":
        return len(set(known))
    if kind == "max":
        return max(known, default=None)
    return values[0] if values else None
