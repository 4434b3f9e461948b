"""What a check says: findings, what could not be judged, what is hidden behind a graver fault, and the score.

Score (청구 완성도): 100 × the chance of full payment, each finding taking its share (`params/claimcheck/score.yaml`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tamna.engines.claimcheck.rules import Rule
from tamna.params import load_raw

Numbers = NDArray[Any]


@dataclass(frozen=True)
class Finding:
    """One fault (지적). `at` is the row's place in its list; `line_no` the line's own number, if it is a line."""

    rule: Rule
    severity: str
    at: int
    line_no: int | None
    won_at_risk: int

    @property
    def rule_id(self) -> str:
        return self.rule.id

    @property
    def source(self) -> str:
        return self.rule.source

    @property
    def fix(self) -> str:
        """What to do, in a word (choose, fill, recompute …)."""
        return self.rule.advice

    @property
    def key(self) -> tuple[str, str, int]:
        return (self.rule.id, self.rule.over, self.at)

    def message(self, lang: str = "ko") -> str:
        return self.rule.message.get(lang) or self.rule.message.get("en") or self.rule.message["ko"]

    def as_json(self, lang: str = "ko") -> dict[str, Any]:
        return {
            "rule_id": self.rule.id,
            "line_no": self.line_no,
            "severity": self.severity,
            "message": self.message(lang),
            "source": self.rule.source,
            "fix": self.rule.advice,
            "won_at_risk": self.won_at_risk,
            "over": self.rule.over,
            "at": self.at,
            "reason": self.rule.reason,
            "mark": self.rule.mark,
        }


@dataclass(frozen=True)
class Report:
    """The answer for one claim."""

    claim_id: str | None
    findings: tuple[Finding, ...]
    hidden: tuple[Finding, ...] = ()
    not_evaluated: Mapping[str, str] = field(default_factory=dict)  # `Rule.key` → what it lacks

    @property
    def score(self) -> int:
        return scored(finding.severity for finding in self.findings)

    @property
    def won_at_risk(self) -> int:
        return sum(finding.won_at_risk for finding in self.findings)

    @property
    def worst(self) -> str:
        """reject, adjust, warn, or empty when clean."""
        severities = {finding.severity for finding in self.findings}
        return next((severity for severity in ("reject", "adjust", "warn") if severity in severities), "")

    def as_json(self, lang: str = "ko") -> dict[str, Any]:
        return {
            "claim_id": self.claim_id,
            "score": self.score,
            "findings": [finding.as_json(lang) for finding in self.findings],
            "detail": [finding.as_json(lang) for finding in self.hidden],
            "not_evaluated": sorted({key.partition("#")[0] for key in self.not_evaluated}),
        }


@lru_cache(maxsize=1)
def _lost() -> dict[str, float]:
    raw = load_raw("claimcheck/score")
    return {
        severity: float(raw[f"lost_by_{severity}"]["values"][-1]["value"]) for severity in ("reject", "adjust", "warn")
    }


def scored(severities: Iterable[str]) -> int:
    """0–100; 100 when nothing was found."""
    kept = 1.0
    for severity in severities:
        kept *= 1.0 - _lost()[severity]
    return round(100 * kept)


class Suppressions:
    """One fault gives one finding: which rule hides which, on the same row or in the whole claim."""

    def __init__(self, raw: Sequence[Mapping[str, Any]], rules: Sequence[Rule]) -> None:
        self.hides: dict[str, list[tuple[str, frozenset[str]]]] = {}
        for entry in raw:
            hidden = frozenset(_named(entry["hides"], rules))
            for rule in entry["rule"] if isinstance(entry["rule"], list) else [entry["rule"]]:
                self.hides.setdefault(rule, []).append((entry["within"], hidden - {rule}))

    def split(self, findings: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
        """(shown, hidden), both in their order."""
        in_claim: set[str] = set()
        on_row: set[tuple[str, str, int]] = set()
        for finding in findings:
            for where, hidden in self.hides.get(finding.rule.id, ()):
                if where == "claim":
                    in_claim |= hidden
                else:
                    on_row.update((rule, finding.rule.over, finding.at) for rule in hidden)
        if not in_claim and not on_row:
            return list(findings), []
        shown: list[Finding] = []
        away: list[Finding] = []
        for finding in findings:
            (away if finding.rule.id in in_claim or finding.key in on_row else shown).append(finding)
        return shown, away

    def hidden(
        self, names: Sequence[str], over: Sequence[str], rule: Numbers, claim: Numbers, at: Numbers
    ) -> NDArray[np.bool_]:
        """The same for many claims at once: of each finding its rule (place in `names`), claim and row."""
        hidden = np.zeros(len(rule), bool)
        place = {name: number for number, name in enumerate(names)}
        scopes = {scope: number for number, scope in enumerate(dict.fromkeys(over))}
        scope = np.array([scopes[one] for one in over], np.int64)[rule] if len(names) else np.zeros(0, np.int64)
        row = (claim.astype(np.int64) * len(scopes) + scope) * (int(at.max(initial=0)) + 1) + at
        for name in set(np.array(names, object)[np.unique(rule)]) & set(self.hides):
            hiding = rule == place[name]
            for where, others in self.hides[name]:
                of_these = np.isin(rule, [place[other] for other in others if other in place])
                if where == "claim":
                    there = np.zeros(int(claim.max(initial=0)) + 1, bool)
                    there[claim[hiding]] = True
                    hidden |= of_these & there[claim]
                else:
                    some = np.flatnonzero(of_these)
                    hidden[some] |= np.isin(row[some], row[hiding])
        return hidden


def _named(names: Sequence[str], rules: Sequence[Rule]) -> Iterable[str]:
    for name in names:
        if name.startswith("group:"):
            group, _, over = name.removeprefix("group:").partition("/")
            yield from (rule.id for rule in rules if rule.group == group and (not over or rule.over == over))
        else:
            yield name
