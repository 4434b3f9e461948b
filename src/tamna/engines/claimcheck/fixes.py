"""Fixes the engine can compute itself (자동 수정안), each checked again before it is offered.

A rule's `fix` says what to set, as expressions over the row. A fix may open a fault further down (a line's amount
changes the total): then the rule of that fault says how to go on, and the steps are offered together. What would
leave a fault that was not there before is not offered.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tamna.engines.claimcheck import schema
from tamna.engines.claimcheck.emit_python import Asked, compiled
from tamna.engines.claimcheck.report import Finding
from tamna.engines.claimcheck.syntax import Node
from tamna.engines.explain import plain

if TYPE_CHECKING:
    from tamna.engines.claimcheck.ruleset import Company, RuleSet

LONGEST = 6  # steps of one proposal
ROWS = {"set_line": "lines", "remove_line": "lines", "set_diagnosis": "diagnoses", "remove_diagnosis": "diagnoses"}


@dataclass(frozen=True)
class Step:
    """One change. `at` is the row's place in its list at that moment; `line_no` the line's number."""

    action: str  # set_claim, set_line, set_diagnosis, remove_line, remove_diagnosis
    rule_id: str
    at: int
    line_no: int | None
    fields: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {
            "action": self.action,
            "rule_id": self.rule_id,
            "at": self.at,
            "line_no": self.line_no,
            "fields": plain(self.fields),
        }


@dataclass(frozen=True)
class Proposal:
    """Steps that mend one finding and leave no new one."""

    finding: Finding
    steps: tuple[Step, ...]
    score: int  # of the claim afterwards
    mends: tuple[str, ...]  # rules that no longer find anything

    def as_json(self) -> dict[str, Any]:
        return {
            "rule_id": self.finding.rule_id,
            "line_no": self.finding.line_no,
            "steps": [step.as_json() for step in self.steps],
            "score": self.score,
            "mends": list(self.mends),
        }


def verified(rules: "RuleSet", document: schema.Document, company: "Company") -> list[Proposal]:
    """A proposal for every finding whose fix can be computed and holds. `document` is normal."""
    before = rules.checked(document, company)
    known = {finding.rule.id for finding in before.findings + before.hidden}
    proposals = []
    for finding in before.findings:
        if finding.rule.fix is None:
            continue
        mended: schema.Document = document
        steps: list[Step] = []
        follow: Finding | None = finding
        while follow is not None and len(steps) < LONGEST:
            step = _step(rules, mended, follow)
            if step is None:
                break
            mended = applied(mended, step)
            steps.append(step)
            after = rules.checked(mended, company)
            opened = [one for one in after.findings if one.rule.id not in known or one.rule.id == finding.rule.id]
            follow = next((one for one in opened if one.rule.fix is not None and not _same(one, finding)), None)
        else:
            after = rules.checked(mended, company)
            left = {one.rule.id for one in after.findings}
            gone = _count(after.findings, finding.rule.id) < _count(before.findings, finding.rule.id)
            if steps and gone and left <= known:
                mends = tuple(sorted({one.rule.id for one in before.findings} - left))
                proposals.append(Proposal(finding, tuple(steps), after.score, mends))
    return proposals


def applied(document: schema.Document, step: Step) -> schema.Document:
    """The document after the step; the given one stays as it was."""
    changed = copy.deepcopy(document)
    if step.action == "set_claim":
        changed["claim"].update(step.fields)
    elif step.action.startswith("set_"):
        changed[ROWS[step.action]][step.at].update(step.fields)
    else:
        del changed[ROWS[step.action]][step.at]
    return changed


def _count(findings: Sequence[Finding], rule_id: str) -> int:
    return sum(finding.rule.id == rule_id for finding in findings)


def _same(one: Finding, other: Finding) -> bool:
    """The same rule again: its other rows have proposals of their own."""
    return one.rule.id == other.rule.id


def _step(rules: "RuleSet", document: schema.Document, finding: Finding) -> Step | None:
    """The rule's fix with its values; None when a value cannot be computed."""
    fix = finding.rule.fix
    if fix is None or (fix.action in ROWS and ROWS[fix.action] != finding.rule.over):
        return None
    claim, around = rules.single.surroundings(document)
    over = finding.rule.over
    row = claim if over == "claims" else document[over][finding.at]
    nodes: list[Node] = [node for _, node in fix.fields]
    found = compiled([Asked(None, tuple(nodes))], over, rules.typing)([row], claim, around)
    values = [
        _kept(value, schema.CLAIM if fix.action == "set_claim" else schema.SCOPES[over], name)
        for (name, _), value in zip(fix.fields, found[0][2], strict=True)
    ]
    cleared = {name for name, node in fix.fields if getattr(node, "value", ...) is None}  # set to null on purpose
    fields = {name: value for (name, _), value in zip(fix.fields, values, strict=True)}
    if any(value is None and name not in cleared for name, value in fields.items()):
        return None
    return Step(fix.action, finding.rule.id, finding.at, finding.line_no, fields)


def _kept(value: Any, types: Mapping[str, str], name: str) -> Any:
    """Whole numbers where the column holds whole numbers."""
    return int(value) if value is not None and types.get(name) == "int" else value
