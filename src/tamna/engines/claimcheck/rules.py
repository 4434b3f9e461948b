"""A claim rule is data (심사 점검 규칙): read from YAML, checked for sense, ready for the emitters.

One file a group under `rules/`. A rule says over which rows it looks (`over`), which of them (`where`), in what company
(`per` = window, `pair` = two lines), and what is a finding (`hit`); all in the one language of `syntax`.
Raises RuleError naming file, rule and field.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from tamna.engines.claimcheck import schema
from tamna.engines.claimcheck.syntax import (
    FUNCTIONS,
    OVER_MEMBERS,
    Arithmetic,
    Call,
    Compare,
    ExpressionError,
    Listed,
    Literal,
    Logic,
    Lookup,
    Name,
    Node,
    Test,
    parse,
    walk,
)
from tamna.engines.claimcheck.tables import Tables
from tamna.params import table

SEVERITIES = ("reject", "adjust", "warn")
WINDOW_NAMES = {
    "nth": "int",
    "rows": "int",
    "total": "number",
    "codes": "int",
    "kept_code": "text",
    "days_since": "int",
}
PAIR_NAMES = {"side": "text", "is_cheaper": "bool", "is_later": "bool", "days_overlap": "bool"}
ACTIONS = {"set_line", "set_claim", "set_diagnosis", "remove_line", "remove_diagnosis"}
FIELDS = frozenset(
    {
        "id",
        "group",
        "title",
        "message",
        "from",
        "to",
        "source",
        "mark",
        "severity",
        "over",
        "where",
        "per",
        "pair",
        "hit",
    }
    | {"warn_when", "won_at_risk", "fix", "advice", "reason", "examples"}
)


OWN: Mapping[str, Any] = {"group": "own", "from": date(2018, 1, 1), "mark": "?"}  # what an own rule need not say


class RuleError(ValueError):
    """A rule cannot be used."""


@dataclass(frozen=True)
class Derived:
    """A column of the claim counted from its rows."""

    name: str
    over: str
    kind: str  # count, sum, distinct, first, any, max
    value: Node | None
    where: Node | None

    @property
    def type(self) -> str:
        if self.kind == "first" and self.value:
            return "text"
        return {"count": "int", "distinct": "int", "sum": "number", "any": "bool", "max": "int"}[self.kind]


@dataclass(frozen=True)
class Fix:
    """What would mend the finding; `fields` are expressions over the row."""

    action: str
    fields: tuple[tuple[str, Node], ...] = ()


@dataclass(frozen=True)
class Rule:
    """One rule (규칙). `to` is the first day it no longer holds."""

    id: str
    group: str
    title: Mapping[str, str]
    message: Mapping[str, str]
    starts_on: date
    ends_on: date | None
    source: str
    mark: str
    severity: str
    over: str
    hit: Node
    where: Node | None = None
    per: tuple[Node, ...] = ()
    pair: bool = False
    pair_table: str = ""
    warn_when: Node | None = None
    won_at_risk: Node | None = None
    fix: Fix | None = None
    advice: str = ""
    reason: str = ""
    examples: tuple[Mapping[str, Any], ...] = field(default=(), compare=False)
    turn: int = 0  # of several versions in one set, each in force for days of its own

    @property
    def key(self) -> str:
        """Names this version within a set; the id where there is one only."""
        return f"{self.id}#{self.turn}" if self.turn else self.id

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Everything that must be known before the rule can be judged."""
        return tuple(node for node in (self.hit, self.where, self.warn_when, *self.per) if node is not None)

    def at(self, day: date | None) -> bool:
        return day is None or (self.starts_on <= day and (self.ends_on is None or day < self.ends_on))

    @cached_property
    def across_claims(self) -> bool:
        """Looks at other claims of the patient too (환자 단위 기간 규칙)."""
        return bool(self.per) and not any(node in self.per for node in (Name("claim_id"),))

    @cached_property
    def across_patients(self) -> bool:
        """Compares with the claims of other patients (동료 비교): the whole archive must be there."""
        return self.across_claims and Name("patient_ref") not in self.per


def derived_columns(raw: Mapping[str, Any]) -> dict[str, Derived]:
    columns: dict[str, Derived] = {}
    for name, spec in raw.items():
        kind = next(kind for kind in ("count", "sum", "distinct", "first", "any", "max") if kind in spec)
        told = str(spec[kind])
        where = str(spec["where"]) if "where" in spec else None
        value: Node | None = None
        if kind in {"count", "any"}:
            where = None if told == "true" else told
        else:
            value = parse(told)
        columns[name] = Derived(name, spec["over"], kind, value, parse(where) if where else None)
    return columns


class Typing:
    """Types of the names a row sees; turns text literals beside dates into dates."""

    def __init__(self, tables: Tables, derived: Mapping[str, Derived]) -> None:
        self.tables, self.derived = tables, derived

    def name(self, over: str, name: str) -> str:
        prefix, _, column = name.rpartition(".")
        if prefix == "other":
            return schema.column_type(over, column)
        if prefix == "pair":
            return "text"
        if prefix == "claim":
            return self.derived[column].type if column in self.derived else schema.CLAIM.get(column, "any")
        if name in self.derived:
            return self.derived[name].type
        known = schema.column_type(over, name)
        return known if known != "any" else WINDOW_NAMES.get(name) or PAIR_NAMES.get(name) or "any"

    def of(self, node: Node, over: str) -> str:
        match node:
            case Name(name):
                return self.name(over, name)
            case Literal(value):
                return {bool: "bool", int: "int", float: "number", str: "text"}.get(
                    type(value), "date" if value else "null"
                )
            case Lookup(table=table_name, column=column):
                return "bool" if column is None else self.tables[table_name].types.get(column, "text")
            case Call(function=function, args=args):
                kind = FUNCTIONS[function][2]
                return self.of(args[0], over) if kind == "any" else kind
            case Arithmetic(left=left, right=right, operator=operator):
                kinds = {self.of(left, over), self.of(right, over)}
                return "int" if kinds == {"int"} and operator != "/" else "number"
        return "bool"

    def resolved(self, node: Node, over: str) -> Node:
        """The tree with dates written as text turned into dates, and every table and column known."""
        match node:
            case Compare(operator, left, right):
                left, right = self.resolved(left, over), self.resolved(right, over)
                if self.of(left, over) == "date":
                    right = _as_date(right)
                elif self.of(right, over) == "date":
                    left = _as_date(left)
                return Compare(operator, left, right)
            case Test(kind, value, against):
                return Test(kind, self.resolved(value, over), against)
            case Logic(operator, parts):
                return Logic(operator, tuple(self.resolved(part, over) for part in parts))
            case Arithmetic(operator, left, right):
                return Arithmetic(operator, self.resolved(left, over), self.resolved(right, over))
            case Call(function, args):
                return Call(function, tuple(self.resolved(arg, over) for arg in args))
            case Lookup(name, keys, column):
                self._table(name, len(keys), column)
                return Lookup(name, tuple(self.resolved(key, over) for key in keys), column)
            case Listed(rows, name, keys):
                self._table(name, len(keys), None)
                return Listed(rows, name, tuple(self.resolved(key, over) for key in keys))
        return node

    def _table(self, name: str, keys: int, column: str | None) -> None:
        if name not in self.tables:
            raise RuleError(f"there is no table {name}")
        asked = self.tables[name]
        if asked.rows and column is not None and column not in asked.types:
            raise RuleError(f"table {name} has no column {column}; it has {', '.join(asked.types)}")
        if keys != asked.width:
            raise RuleError(f"table {name} is asked by {asked.width} key(s), not {keys}")


def _as_date(node: Node) -> Node:
    if isinstance(node, Literal) and isinstance(node.value, str):
        try:
            return Literal(date.fromisoformat(node.value)) if node.value else Literal(None)
        except ValueError:
            raise RuleError(f"{node.value!r} beside a date is not a date") from None
    return node


@lru_cache(maxsize=1)
def _reasons() -> dict[str, str]:
    return {row["rule_id"]: row["reason_code"] for row in table("claimcheck/rule_reason")}


def raw_rules(text: str, where: str) -> list[dict[str, Any]]:
    """The rules of a file as they are written. Raises RuleError."""
    try:
        raw = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  (the safe loader in C)
    except yaml.YAMLError as error:
        raise RuleError(f"{where}: not YAML ({error})") from error
    if isinstance(raw, Mapping) and "rules" in raw:
        head = {key: value for key, value in raw.items() if key != "rules"}
        raw = [head | rule for rule in raw["rules"]]
    if isinstance(raw, Mapping):
        raw = [raw]
    if not isinstance(raw, list) or not all(isinstance(rule, Mapping) for rule in raw):
        raise RuleError(f"{where}: a rule file holds one rule, a list of rules, or `rules:` under common fields")
    return [dict(rule) for rule in raw]


def built(raw: Mapping[str, Any], typing: Typing, where: str) -> Rule:
    """A rule from its YAML. Raises RuleError."""
    name = f"{where}: rule {raw.get('id', '(without id)')}"
    for needed in ("id", "group", "title", "from", "source", "mark", "severity", "over", "hit"):
        if needed not in raw:
            raise RuleError(f"{name}: field {needed} is missing")
    if unknown := set(raw) - FIELDS:
        raise RuleError(f"{name}: unknown field(s) {', '.join(sorted(unknown))}")
    if raw["severity"] not in SEVERITIES:
        raise RuleError(f"{name}: severity is one of {', '.join(SEVERITIES)}")
    over = raw["over"]
    if over not in schema.SCOPES:
        raise RuleError(f"{name}: over is one of {', '.join(schema.SCOPES)}")

    def expression(text: Any, label: str) -> Node:
        try:
            return typing.resolved(parse(str(text)), over)
        except (ExpressionError, RuleError) as error:
            raise RuleError(f"{name}: {label}: {error}") from error

    def optional(label: str) -> Node | None:
        return expression(raw[label], label) if raw.get(label) is not None else None

    pair = raw.get("pair")
    try:
        rule = Rule(
            id=str(raw["id"]),
            group=str(raw["group"]),
            title=_both(raw["title"]),
            message=_both(raw.get("message", raw["title"])),
            starts_on=_day(raw["from"]),
            ends_on=_day(raw["to"]) if raw.get("to") else None,
            source=str(raw["source"]),
            mark=str(raw["mark"]),
            severity=raw["severity"],
            over=over,
            hit=expression(raw["hit"], "hit"),
            where=optional("where"),
            per=tuple(expression(key, "per") for key in raw.get("per", ())),
            pair=pair is not None,
            pair_table=pair if isinstance(pair, str) else "",
            warn_when=optional("warn_when"),
            won_at_risk=optional("won_at_risk"),
            fix=_fix(raw.get("fix"), expression),
            advice=str(raw.get("advice", "")),
            reason=str(raw.get("reason") or _reasons().get(str(raw["id"]), "")),
            examples=tuple(raw.get("examples") or ()),
        )
    except (TypeError, ValueError) as error:
        raise error if isinstance(error, RuleError) else RuleError(f"{name}: {error}") from error
    _check_company(rule, name, typing)
    return rule


def _check_company(rule: Rule, name: str, typing: Typing) -> None:
    """Window names only in a window, pair names only in a pair, company only over lines or claims."""
    if (rule.per or rule.pair) and rule.over not in {"lines", "claims", "diagnoses"}:
        raise RuleError(f"{name}: per and pair look over lines, claims or diagnoses")
    if rule.pair and (rule.over != "lines" or not rule.per):
        raise RuleError(f"{name}: a pair is two lines that share what `per` names")
    if rule.pair_table and rule.pair_table not in typing.tables:
        raise RuleError(f"{name}: there is no table {rule.pair_table}")
    used = {node.name for node in walk(rule.hit) if isinstance(node, Name)}
    calls = [node for node in walk(rule.hit) if isinstance(node, Call)]
    company = {node.function for node in calls} & {"rows_within", "quantity_within", *OVER_MEMBERS}
    for node in calls:
        outside = {below for arg in node.args for below in walk(arg) if _of_the_statement(below)}
        if node.function in OVER_MEMBERS and outside:
            raise RuleError(f"{name}: {node.function} looks at the row only, not at the rest of its statement")
    if (used & set(WINDOW_NAMES) or company) and (not rule.per or rule.pair):
        raise RuleError(f"{name}: {', '.join(sorted((used & set(WINDOW_NAMES)) | company))} needs `per`")
    paired = {word for word in used if word in PAIR_NAMES or word.startswith(("other.", "pair."))}
    if paired and not rule.pair:
        raise RuleError(f"{name}: {', '.join(sorted(paired))} needs `pair`")


def _of_the_statement(node: Node) -> bool:
    around = {"has_note", "code_present", "has_code_prefix", "engine", "orders_without_line"}
    return isinstance(node, Listed) or (isinstance(node, Call) and node.function in around)


def _both(text: Any) -> dict[str, str]:
    if isinstance(text, str):
        return {"ko": text, "en": text}
    return {str(language): str(words) for language, words in text.items()}


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _fix(raw: Any, expression: Any) -> Fix | None:
    if raw is None:
        return None
    action, fields = (raw, {}) if isinstance(raw, str) else next(iter(raw.items()))
    if action not in ACTIONS:
        raise RuleError(f"fix: {action} is none of {', '.join(sorted(ACTIONS))}")
    return Fix(action, tuple((name, expression(text, f"fix.{name}")) for name, text in (fields or {}).items()))


def shipped() -> Iterator[tuple[str, str]]:
    """(file name, text) of every rule file of the package."""
    for path in sorted(
        resources.files("tamna.engines.claimcheck").joinpath("rules").iterdir(), key=lambda path: path.name
    ):
        if path.name.endswith(".yaml") and path.name not in {"derived.yaml", "suppressions.yaml"}:
            yield path.name, path.read_text(encoding="utf-8")


def read_rules(
    typing: Typing,
    extra_files: Iterable[Path | str] = (),
    only: Iterable[str] = (),
    on: date | None = None,
    own: str = "",
) -> tuple[Rule, ...]:
    """The shipped rules, replaced or joined by those of `extra_files` and of the text `own`; with `on`, those of that day,
    without dates.
    """
    rules: dict[str, Rule] = {}
    for name, text in shipped():
        for raw in raw_rules(text, name):
            rule = built(raw, typing, name)
            if rule.id in rules:
                raise RuleError(f"{name}: rule {rule.id} is there already")
            rules[rule.id] = rule
    more = [(path.name, _text_of(path)) for path in map(Path, extra_files)] + ([("own rules", own)] if own else [])
    for name, text in more:
        for raw in raw_rules(text, name):
            rule = built({**OWN, **raw}, typing, name)
            rules[rule.id] = rule
    if wanted := set(only):
        if unknown := wanted - set(rules):
            raise RuleError(f"there is no rule {', '.join(sorted(unknown))}")
        rules = {name: rule for name, rule in rules.items() if name in wanted}
    if on is not None:
        rules = {name: replace(rule, starts_on=date.min, ends_on=None) for name, rule in rules.items() if rule.at(on)}
    return tuple(rules.values())


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RuleError(f"{path.name}: cannot be read") from error
