"""What is wrong with a rule that is being written (규칙 작성 점검): every fault with its place, and what may have been meant.

Stricter than `rules.built`: a shipped rule may ask a column that only some input has, a rule written at a desk asks what the
product knows. In: the rule as a mapping, as its YAML says. Out: faults; none means that it can be built.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from tamna.engines.claimcheck import schema, words
from tamna.engines.claimcheck.examples import examples_of, outcome
from tamna.engines.claimcheck.rules import ACTIONS, OWN, SEVERITIES, Rule, RuleError, Typing, built
from tamna.engines.claimcheck.ruleset import RuleSet
from tamna.engines.claimcheck.syntax import (
    FUNCTIONS,
    Compare,
    ExpressionError,
    Literal,
    Name,
    Node,
    Test,
    parse,
    tokens,
    walk,
)
from tamna.engines.errors import InputError

ID = re.compile(r"[A-Z][A-Z0-9-]{1,19}")
MARKS = ("S", "K", "?")
CONDITIONS = ("where", "hit", "warn_when")
EXPRESSIONS = (*CONDITIONS, "won_at_risk")
NEEDED = ("id", "group", "title", "source", "mark", "severity", "over", "hit")
CODE = re.compile("[A-Z]+[0-9][A-Z0-9]*")
HANGUL = re.compile("[가-힣][가-힣 ]*")


@dataclass(frozen=True)
class Fault:
    """One fault. `at` and `length` are its place in the expression; `instead` what may have been meant, likeliest first."""

    where: str  # the field of the rule: hit, where, per.0, fix.amount …
    code: str  # missing, unreadable, expected, unknown_name, unknown_value, unknown_table, wrong_type, …
    facts: Mapping[str, str] = field(default_factory=dict)
    at: int | None = None
    length: int = 1
    instead: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tried:
    """An example and what the rule said to it; `fault` where it could not be judged."""

    name: str
    expected: bool | list[int]
    found: bool | list[int] | None
    fault: str = ""

    @property
    def holds(self) -> bool:
        return self.found is not None and self.found == self.expected


def faults(raw: Mapping[str, Any], typing: Typing) -> list[Fault]:
    """Everything that is wrong, in the order of the form."""
    found = [Fault(name, "missing") for name in NEEDED if not _given(raw.get(name))]
    over = raw.get("over")
    if _given(raw.get("id")) and not ID.fullmatch(str(raw["id"])):
        found.append(Fault("id", "bad_id"))
    for name, known in (("severity", SEVERITIES), ("over", tuple(schema.SCOPES)), ("mark", MARKS)):
        if _given(raw.get(name)) and raw[name] not in known:
            found.append(Fault(name, "not_listed", {"given": str(raw[name])}, instead=known))
    if over not in schema.SCOPES:
        return found
    per = raw.get("per") or []
    texts = {name: str(raw[name]) for name in EXPRESSIONS if _given(raw.get(name))}
    texts |= {f"per.{number}": str(key) for number, key in enumerate(per)}
    fix = raw.get("fix")
    if isinstance(fix, Mapping) and fix:
        action, fields = next(iter(fix.items()))
        if action not in ACTIONS:
            found.append(Fault("fix", "not_listed", {"given": str(action)}, instead=tuple(sorted(ACTIONS))))
        texts |= {f"fix.{name}": str(text) for name, text in (fields or {}).items()}
    for label, text in texts.items():
        found += expression(text, label, over, typing, per=bool(per), pair=raw.get("pair") is not None)
    if not found:
        found += _whole(raw, typing)
    return found


def expression(
    text: str, label: str, over: str, typing: Typing, *, per: bool = False, pair: bool = False
) -> list[Fault]:
    """What is wrong with one expression."""
    try:
        node = parse(text)
    except ExpressionError as error:
        return [_unreadable(text, label, over, error)]
    found = list(_unknown(text, label, over, typing, per=per, pair=pair))
    if found:
        return found
    try:
        node = typing.resolved(node, over)
    except RuleError as error:
        return [Fault(label, "refused", {"why": str(error)})]
    if label in CONDITIONS and (kind := typing.of(node, over)) not in ("bool", "any"):
        return [Fault(label, "no_condition", {"given": text, "type": kind}, 0, len(text))]
    return list(_ill_fitting(node, text, label, over, typing))


def tried(rule: Rule, among: RuleSet) -> list[Tried]:
    """Every example of the rule, judged now."""
    answers = []
    for example in examples_of(rule):
        try:
            answers.append(Tried(example.name, example.hits, outcome(rule, example, among)))
        except (InputError, KeyError, TypeError, ValueError) as error:
            answers.append(Tried(example.name, example.hits, None, getattr(error, "field", "") or type(error).__name__))
    return answers


def _given(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_given(part) for part in value.values())
    return value is not None and str(value).strip() != ""


def _whole(raw: Mapping[str, Any], typing: Typing) -> list[Fault]:
    """What only shows when the parts are put together: a window word without a window, an example that is none."""
    try:
        rule = built({**OWN, **raw}, typing, "rule")
    except RuleError as error:
        return [Fault("hit", "refused", {"why": str(error).partition(": ")[2].partition(": ")[2] or str(error)})]
    try:
        list(examples_of(rule))
    except (KeyError, TypeError, ValueError, AttributeError):
        return [Fault("examples", "bad_example")]
    return []


def _unreadable(text: str, label: str, over: str, error: ExpressionError) -> Fault:
    """Where reading stopped. A Korean word there is looked up among the names."""
    written = HANGUL.match(text, error.at)
    if written:
        word = written.group().strip()
        return Fault(label, "korean_name", {"given": word}, error.at, len(word), _by_title(word, over))
    if not error.wanted:
        return Fault(label, "unreadable", {"given": text[error.at : error.at + 1]}, error.at)
    length = len(text[error.at :].split(" ")[0])
    if "not " in error.wanted:  # a function that is none
        name = error.wanted.partition("(not ")[2].rstrip(")")
        at = text.find(name)
        return Fault(label, "unknown_function", {"given": name}, at, len(name), _near(name, FUNCTIONS))
    return Fault(label, "expected", {"wanted": error.wanted}, error.at, max(length, 1))


def _unknown(text: str, label: str, over: str, typing: Typing, *, per: bool, pair: bool) -> Iterator[Fault]:
    """Names and tables nobody knows."""
    read = list(tokens(text))
    known = {word.name for word in words.visible(over, per=True, pair=True)} | {"claim_id"}
    claims = set(schema.CLAIM) | set(typing.derived)
    for number, (kind, value, at) in enumerate(read):
        before = read[number - 1][:2] if number else ("", "")
        after = read[number + 1][:2] if number + 1 < len(read) else ("", "")
        if kind == "table" and value not in typing.tables:
            yield Fault(
                label,
                "unknown_table",
                {"given": value},
                at + len("table:"),
                len(value),
                _near(value, words.table_names()),
            )
        if kind != "word" or after == ("symbol", "(") or before == ("symbol", ".") or before == ("keyword", "exists"):
            continue
        prefix, _, name = value.rpartition(".")
        names = claims if prefix == "claim" else known
        if prefix == "pair" or (prefix in ("", "claim", "other") and name in names):
            continue
        if CODE.fullmatch(value):  # a code without its quotation marks
            yield Fault(label, "unquoted", {"given": value}, at, len(value), (f"'{value}'",))
            continue
        if other := next((scope for scope, columns in schema.TABLES.items() if value in columns), None):
            yield Fault(label, "of_other_rows", {"given": value, "over": other}, at, len(value))
            continue
        instead = _near(name, names) + tuple(one for one in _by_title(name, over) if one not in _near(name, names))
        yield Fault(
            label,
            "unknown_name",
            {"given": value},
            at,
            len(value),
            tuple(f"{prefix}.{one}" if prefix else one for one in instead),
        )


def _ill_fitting(node: Node, text: str, label: str, over: str, typing: Typing) -> Iterator[Fault]:
    """A number beside a text column, a value that its column never has."""
    for part in walk(node):
        if isinstance(part, Compare):
            sides: list[tuple[Node, Node]] = [(part.left, part.right), (part.right, part.left)]
        elif isinstance(part, Test) and part.kind == "in":
            sides = [(part.value, Literal(value)) for value in part.against]
        else:
            continue
        for column, literal in sides:
            if isinstance(column, Name) and isinstance(literal, Literal) and literal.value not in (None, ""):
                yield from _beside(column, literal, text, label, over, typing)


def _beside(column: Name, literal: Literal, text: str, label: str, over: str, typing: Typing) -> Iterator[Fault]:
    expected, given = typing.name(over, column.name), typing.of(literal, over)
    word = words.find(over, column.name.rpartition(".")[2])
    written = f"'{literal.value}'" if isinstance(literal.value, str) else str(literal.value)
    at = text.find(written, max(text.find(column.name), 0))
    facts = {"given": str(literal.value), "name": column.name, "type": expected}
    number = {"int", "number"}
    if expected != given and not {expected, given} <= number and "any" not in (expected, given):
        yield Fault(label, "wrong_type", facts, max(at, 0), len(written))
    elif word and word.values and str(literal.value) not in word.values:
        yield Fault(label, "unknown_value", facts, max(at, 0), len(written), tuple(word.values))


def _near(name: str, known: Any) -> tuple[str, ...]:
    lowered = name.lower()
    inside = [one for one in known if lowered in one or one in lowered] if len(name) > 3 else []
    return tuple(dict.fromkeys([*get_close_matches(lowered, list(known), 3, 0.6), *inside]))[:3]


def _by_title(word: str, over: str) -> tuple[str, ...]:
    """Names whose title holds the word, or nearly."""
    titled = {one.title(lang): one.name for one in words.visible(over, per=True, pair=True) for lang in ("ko", "en")}
    bare = word.replace(" ", "")
    inside = [title for title in titled if bare in title.replace(" ", "") or title.replace(" ", "") in bare]
    found = sorted(inside, key=len) + get_close_matches(word, list(titled), 3, 0.5)
    return tuple(dict.fromkeys(titled[title] for title in found))[:3]
