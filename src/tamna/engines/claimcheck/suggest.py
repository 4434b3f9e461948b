"""Examples made from a rule itself (예시 제안): a statement it hits and one it nearly hits, both judged before they are offered.

Takes the conditions that must all hold and sets each column so; the near miss breaks the last one that can be broken. A rule about
windows or lookups may get none: then a person writes them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from tamna.engines.claimcheck import schema, words
from tamna.engines.claimcheck.examples import examples_of, outcome
from tamna.engines.claimcheck.rules import Rule
from tamna.engines.claimcheck.ruleset import RuleSet
from tamna.engines.claimcheck.syntax import Call, Compare, Literal, Logic, Name, Node, Test
from tamna.engines.claimcheck.wording import OPPOSITE
from tamna.engines.errors import InputError

Wish = tuple[Node, bool]  # a condition, and whether it shall hold
NAMES = {True: {"ko": "걸린다", "en": "hits"}, False: {"ko": "비슷하지만 괜찮다", "en": "nearly hits"}}


def suggested(rule: Rule, among: RuleSet, lang: str = "ko") -> list[dict[str, Any]]:
    """One example of each kind, or fewer where none was found that holds."""
    wishes = [wish for node in (rule.where, rule.hit) if node is not None for wish in _all_of(node, holds=True)]
    found = []
    if hit := _made(wishes, rule):
        found += _judged(rule, among, hit, lang, hits=True)
    for place in reversed(range(len(wishes))):
        node, holds = wishes[place]
        broken = [*wishes[:place], (node, not holds), *wishes[place + 1 :]]
        if (miss := _made(broken, rule)) and (fits := _judged(rule, among, miss, lang, hits=False)):
            return found + fits
    return found


def _judged(rule: Rule, among: RuleSet, raw: Mapping[str, Any], lang: str, *, hits: bool) -> list[dict[str, Any]]:
    """The example if the rule says what is wished."""
    example = {"name": NAMES[hits][lang], **raw, "hits": hits}
    try:
        found = outcome(rule, next(examples_of(replace(rule, examples=(example,)))), among)
    except (InputError, KeyError, TypeError, ValueError):
        return []
    return [example] if found is hits else []


def _all_of(node: Node, *, holds: bool) -> Iterator[Wish]:
    """Conditions that together make the node hold, or fail: of alternatives the first."""
    match node:
        case Logic("not", (inner,)):
            yield from _all_of(inner, holds=not holds)
        case Logic(operator, parts):
            for part in parts if (operator == "and") is holds else parts[:1]:
                yield from _all_of(part, holds=holds)
        case _:
            yield node, holds


def _made(wishes: list[Wish], rule: Rule) -> dict[str, Any]:
    """What an example must say for the wishes; empty where one is not understood."""
    claim: dict[str, Any] = {}
    row: dict[str, Any] = {}
    diagnoses: list[dict[str, Any]] = []
    more: list[dict[str, Any]] = []
    own = schema.SCOPES[rule.over]
    for node, holds in wishes:
        match node:
            case Call("code_present", (Literal(code),)):
                more += [{"code": code}] if holds else []
                continue
            case Call("has_code_prefix", (Literal(start),)):
                diagnoses += [{"code": f"{start}00.0"[:5]}] if holds else []
                continue
        told = _set(node, rule.over, holds=holds)
        if told is None:
            return {}
        name, value = told
        (row if name in own and rule.over != "claims" else claim)[name] = value
    done: dict[str, Any] = {}
    if claim:
        done["claim"] = claim
    if rule.over not in ("claims",) and row:
        done[rule.over] = [row]
    if more:
        done["lines"] = [*done.get("lines", [{}]), *more]
    if diagnoses:
        done["diagnoses"] = [*done.get("diagnoses", [{}]), *diagnoses]
    return done


def _set(node: Node, over: str, *, holds: bool) -> tuple[str, Any] | None:
    """Column and value that make one condition hold, or fail."""
    match node:
        case Name(name) if "." not in name:
            return name, holds
        case Compare(operator, Name(name), Literal(value)) if "." not in name and value is not None:
            return name, _beside(operator if holds else OPPOSITE[operator], value, name, over)
        case Test("null", Name(name), _):
            return name, None if holds else _some(name, over)
        case Test("in", Name(name), against):
            return name, against[0] if holds else _other(name, over, against)
        case Test("like", Name(name), (pattern,)):
            bare = str(pattern).strip("%")
            return name, bare + "1" * str(pattern).endswith("%") if holds else _other(name, over, (bare,))
    return None


def _beside(operator: str, value: Any, name: str, over: str) -> Any:
    if isinstance(value, bool):
        return value is (operator == "=")
    if operator in ("=", "<=", ">="):
        return value
    if operator == "<>":
        return _other(name, over, (value,))
    one: Any = timedelta(days=1) if isinstance(value, date) else 1
    return value - one if operator == "<" else value + one


def _other(name: str, over: str, against: tuple[Any, ...]) -> Any:
    """A value of the column that is none of these."""
    found = words.find(over, name)
    known = [value for value in (found.values if found else ()) if value not in against]
    if known:
        return known[0]
    first = against[0]
    if isinstance(first, (int, float)):
        return max(value for value in against if isinstance(value, (int, float))) + 1
    return first + timedelta(days=1) if isinstance(first, date) else "AA256" if name == "code" else f"{first}9"


def _some(name: str, over: str) -> Any:
    found = words.find(over, name)
    kind = found.type if found else "text"
    return {"int": 1, "number": 1, "bool": True, "date": "2026-09-01"}.get(kind, "1")
