"""The form of a rule (규칙 작성 양식): what a person types ↔ the rule as a mapping, with every fault in the reader's words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from tamna.claims.studio import ruleset
from tamna.core.format import language
from tamna.engines.claimcheck import RuleError, words
from tamna.engines.claimcheck.rules import OWN, Rule, built
from tamna.engines.claimcheck.suggest import suggested
from tamna.engines.claimcheck.wording import sentence
from tamna.engines.claimcheck.writing import Fault, Tried, faults, tried

PLAIN = (
    "id",
    "group",
    "source",
    "mark",
    "severity",
    "over",
    "where",
    "hit",
    "warn_when",
    "won_at_risk",
    "advice",
    "reason",
)
NAMELESS = dict.fromkeys(("id", "title", "source", "mark"), "–")  # a sentence needs no name yet
ADVICE = {
    "choose": noop("Choose the right code"), "fill": noop("Fill the field"), "correct": noop("Correct the value"), "complete": noop("Complete what is missing"),
    "recheck": noop("Ask eligibility again"), "confirm": noop("Confirm the facts"), "recompute": noop("Compute again"), "remove": noop("Remove it"),
    "move": noop("Move it to the right section"), "withdraw": noop("Withdraw the claim"),
}  # fmt: skip
LABELS = {
    "id": noop("Rule number"), "group": noop("Group"), "title": noop("Title"), "message": noop("Message"), "source": noop("Source and article"),
    "mark": noop("Certainty of the source"), "severity": noop("Severity"), "over": noop("Looks over"), "where": noop("Only those where"),
    "hit": noop("Speaks when"), "warn_when": noop("Only warns when"), "won_at_risk": noop("Won at risk"), "per": noop("In groups with the same"),
    "pair": noop("Pairs of two"), "fix": noop("Correction"), "advice": noop("What to do"), "reason": noop("Reason code it foresees"),
    "examples": noop("Examples"),
}  # fmt: skip
SAYS = {
    "missing": noop("%(field)s is missing."),
    "bad_id": noop("A rule number is 2 to 20 capital letters, digits and hyphens, beginning with a letter."),
    "not_listed": noop("“%(given)s” is none of the choices."),
    "unreadable": noop("“%(given)s” cannot stand here."),
    "expected": noop("Here should stand: %(wanted)s."),
    "unknown_name": noop("No field is called “%(given)s”."),
    "korean_name": noop("Fields are written by their short names; “%(given)s” is none."),
    "unknown_function": noop("No function is called “%(given)s”."),
    "unknown_table": noop("No table is called “%(given)s”."),
    "unknown_value": noop("“%(given)s” is no value of %(name)s."),
    "no_condition": noop("“%(given)s” is %(type)s, not a condition that is true or false."),
    "wrong_type": noop("“%(given)s” does not fit %(name)s, which is %(type)s."),
    "unquoted": noop("A code stands between quotation marks."),
    "of_other_rows": noop("“%(given)s” belongs to other rows (%(over)s). Choose them under “Looks over”."),
    "refused": noop("%(why)s"),
    "bad_example": noop("Each example needs `hits:` (true, false or line numbers) and only known parts."),
    "bad_yaml": noop("This cannot be read as a list of examples or fields; mind the indentation."),
}
WANTED = {
    "a value": noop("a value, a field or a function"),
    "the end": noop("AND, OR or the end"),
    "')'": noop("a closing bracket"),
    "'('": noop("an opening bracket"),
    "a list of literals": noop("a list such as ('A', 'B')"),
    "a pattern": noop("a pattern such as 'A%%'"),
    "IN, BETWEEN or LIKE": noop("IN, BETWEEN or LIKE"),
    "exists, missing or .column": noop("exists, missing or a column"),
    "a column of the table": noop("a column of the table"),
    "diagnosis or line": noop("diagnosis or line"),
    "table:NAME": noop("a table"),
    "'null'": noop("NULL"),
    "','": noop("a comma"),
    "'and'": noop("AND"),
}
TYPES = {"text": noop("text between quotation marks"), "int": noop("a whole number"), "number": noop("a number"), "date": noop("a day"),
         "bool": noop("true or false"), "datetime": noop("a time")}  # fmt: skip


@dataclass(frozen=True)
class Told:
    """A fault in words; `before`, `marked`, `after` show its place in the expression."""

    fault: Fault
    label: str
    says: str
    field_id: str
    before: str = ""
    marked: str = ""
    after: str = ""

    @property
    def instead(self) -> list[tuple[str, str]]:
        """(what to write, its name)"""
        found = []
        for name in self.fault.instead:
            word = words.find("lines", name)
            found.append((name, word.title(language()) if word else ""))
        return found


@dataclass(frozen=True)
class Draft:
    """A rule as it stands in the form now."""

    raw: dict[str, Any]
    faults: list[Told]
    rule: Rule | None
    sentence: str
    tried: list[Tried]

    @property
    def wrong(self) -> list[Told]:
        """What was written and is wrong."""
        return [told for told in self.faults if told.fault.code != "missing"]

    @property
    def empty(self) -> list[str]:
        """Names of fields that are still to be filled."""
        return [told.label for told in self.faults if told.fault.code == "missing"]


def read(posted: Mapping[str, str]) -> tuple[dict[str, Any], list[Fault]]:
    """The rule as the form says it, and parts that cannot be read at all."""
    raw: dict[str, Any] = {name: posted.get(name, "").strip() for name in PLAIN}
    raw["id"] = raw["id"].upper()
    for name in ("title", "message"):
        both = {lang: posted.get(f"{name}_{lang}", "").strip() for lang in ("ko", "en")}
        if any(both.values()):
            raw[name] = {"ko": both["ko"] or both["en"], "en": both["en"] or both["ko"]}
    if per := [key.strip() for key in _parts(posted.get("per", ""))]:
        raw["per"] = per
    pair = posted.get("pair", "")
    if pair:
        raw["pair"] = True if pair == "any" else pair
    wrong = []
    for name, kind in (("examples", list), ("fix", (dict, str))):
        text = posted.get(name, "").strip()
        if not text:
            continue
        try:
            value = yaml.safe_load(text)
        except yaml.YAMLError:
            value = None
        if isinstance(value, kind) and (name == "fix" or all(isinstance(one, Mapping) for one in value)):
            raw[name] = value
        else:
            wrong.append(Fault(name, "bad_yaml"))
    return {name: value for name, value in raw.items() if value not in ("", None)}, wrong


def _parts(text: str) -> Iterator[str]:
    """Expressions between commas that stand outside brackets."""
    depth, start = 0, 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter in ",\n" and depth == 0:
            if text[start:at].strip():
                yield text[start:at]
            start = at + 1
    if text[start:].strip():
        yield text[start:]


def values(raw: Mapping[str, Any]) -> dict[str, str]:
    """What stands in the fields for a rule."""
    found = {name: str(raw.get(name) or "") for name in PLAIN}
    for name in ("title", "message"):
        both = raw.get(name) or {}
        both = {"ko": both, "en": both} if isinstance(both, str) else both
        found |= {f"{name}_{lang}": both.get(lang, "") for lang in ("ko", "en")}
    pair = raw.get("pair")
    found |= {"per": ", ".join(map(str, raw.get("per") or ())), "pair": "any" if pair is True else str(pair or "")}
    found |= {name: as_text(raw.get(name)) for name in ("examples", "fix")}
    return found


def as_text(value: Any) -> str:
    return (
        yaml.safe_dump(value, allow_unicode=True, sort_keys=False, width=100, default_flow_style=None).strip()
        if value
        else ""
    )


def draft(posted: Mapping[str, str]) -> Draft:
    """The rule of the form, judged: faults in words, its sentence, its examples."""
    among = ruleset.shipped()
    raw, wrong = read(posted)
    found = wrong + faults(raw, among.typing)
    readable = {**NAMELESS, **raw}
    rule = None if any(fault.where != "examples" and fault.code != "missing" for fault in found) else _built(readable)
    told = [tell(fault, raw) for fault in found]
    return Draft(
        raw, told, rule, sentence(rule, language()) if rule else "", tried(rule, among) if rule and not found else []
    )


def with_examples(posted: Mapping[str, str]) -> str:
    """The examples of the form and those the rule itself suggests, as text."""
    raw, wrong = read(posted)
    rule = _built({**NAMELESS, **raw, "examples": []})
    if rule is None or wrong:
        return posted.get("examples", "")
    known = {bool(one.get("hits")) for one in raw.get("examples", ())}
    more = [one for one in suggested(rule, ruleset.shipped(), language()) if bool(one["hits"]) not in known]
    return as_text([*raw.get("examples", ()), *more])


def _built(raw: Mapping[str, Any]) -> Rule | None:
    try:
        return built({**OWN, **raw}, ruleset.shipped().typing, "form")
    except RuleError:
        return None


def tell(fault: Fault, raw: Mapping[str, Any]) -> Told:
    """A fault in the reader's language with its place."""
    field, _dot, part = fault.where.partition(".")
    label = _(LABELS.get(field, field))
    facts = {"field": label, **fault.facts}
    for name, known in (("wanted", WANTED), ("type", TYPES)):
        word = facts.get(name, "")
        if word in known:
            facts[name] = _(known[word])
    if "over" in facts:
        facts["over"] = words.OVER[facts["over"]][language()]
    if "name" in facts and (word := words.find("lines", facts["name"].rpartition(".")[2])):
        facts["name"] = word.title(language())
    if field == "per" and part.isdigit():
        text = str(raw["per"][int(part)])
    elif field == "fix" and part:
        text = str(next(iter(raw["fix"].values()))[part])
    else:
        text = str(raw.get(field, ""))
    says = _(SAYS[fault.code]) % facts
    field_id = f"field-{field}_ko" if field in ("title", "message") else f"field-{field}"
    if fault.at is None:
        return Told(fault, label, says, field_id)
    end = fault.at + fault.length
    return Told(fault, label, says, field_id, text[: fault.at], text[fault.at : end] or "␣", text[end:])
