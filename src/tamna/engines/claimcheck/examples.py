"""Examples of rules: a clean statement, and what an example changes in it. Every example is a test.

An example says `claim: {column: value}`, `lines:`, `diagnoses:`, `notes:`, `prescriptions:`; rows given replace the
clean statement's rows, each filled up from a plain row of its kind. `history:` lists earlier statements.
`tables:` gives rows of the institution's own tables, `engines:` the answer of an engine. `peers:` lists other patients'
statements, each `times:` over (`#` in a value is the turn): then the rule sees the whole archive.
`hits:` is true, false, or the line numbers that get the finding.
"""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tamna.engines.claimcheck import schema
from tamna.engines.claimcheck.rules import Rule
from tamna.engines.claimcheck.ruleset import RuleSet
from tamna.engines.claimcheck.single import Engine

DAY = "2026-09-01"
CLAIM: dict[str, Any] = {
    "claim_id": "C1",
    "claim_kind": "original",
    "claim_type": "ffs",
    "form_code": "H011",
    "insurer_kind": "4",
    "institution_id": "39100001",
    "institution_class": "general",
    "setting": "outpatient",
    "department": "01",
    "patient_ref": "P1",
    "card_no": "10000000001",
    "sex": "F",
    "age": 52,
    "birth_date": "1974-03-02",
    "first_visit_on": DAY,
    "last_service_on": DAY,
    "claim_on": "2026-10-05",
    "result_code": "9",
    "visit_days": 1,
    "benefit_days": 1,
    "doctor_license": "12345",
    "license_kind": "1",
    "pregnant": False,
    "total_amount": 14510,
    "patient_share": 7200,
    "insurer_share": 7310,
}
LINE: dict[str, Any] = {
    "item_class": "01",
    "item_sub": "02",
    "code_kind": "fee",
    "code": "AA256",
    "service_on": DAY,
    "unit_price": 14510,
    "dose": 1,
    "times_per_day": 1,
    "days": 1,
    "quantity": 1,
    "amount": 14510,
}
DIAGNOSIS: dict[str, Any] = {"kind": "principal", "code": "I10.9", "onset_on": "2026-09-01"}


@dataclass(frozen=True)
class Example:
    name: str
    document: schema.Document
    history: tuple[schema.Document, ...]
    archive: bool
    hits: bool | list[int]
    tables: Mapping[str, list[dict[str, Any]]]
    engines: Mapping[str, int]


def examples_of(rule: Rule) -> Iterator[Example]:
    for number, raw in enumerate(rule.examples, start=1):
        yield Example(
            str(raw.get("name", f"{rule.id} {number}")),
            statement(raw),
            (*(statement(earlier) for earlier in raw.get("history", ())), *_peers(raw.get("peers", ()))),
            "peers" in raw,
            raw["hits"],
            raw.get("tables", {}),
            raw.get("engines", {}),
        )


def rules_for(rule: Rule, example: Example, among: RuleSet | None = None) -> RuleSet:
    """The rule alone, over the tables of `among` (the shipped ones), with the example's own tables and engines."""
    among = among or RuleSet.load(only=[rule.id])
    answers = {name: _answering(won) for name, won in example.engines.items()}
    rules = replace(among, rules=(rule,), engines={**among.engines, **answers})
    for name, rows in example.tables.items():
        rules = rules.with_table(name, rows)
    return rules


def outcome(rule: Rule, example: Example, among: RuleSet | None = None) -> bool | list[int]:
    """What the rule says to the example, in the form of its `hits`. Raises InputError."""
    rules = rules_for(rule, example, among)
    report = rules.check_one(example.document, history=example.history, archive=example.archive)
    found = [finding for finding in (*report.findings, *report.hidden) if finding.rule_id == rule.id]
    if isinstance(example.hits, bool):
        return bool(found)
    return sorted(finding.line_no or finding.at + 1 for finding in found)


def _answering(won: int) -> Engine:
    return lambda _: won


def statement(raw: Mapping[str, Any]) -> schema.Document:
    """The clean statement with the example's changes."""
    document: schema.Document = {"claim": CLAIM | dict(raw.get("claim", {}))}
    document["lines"] = _rows(raw.get("lines", [{}]), LINE, "line_no")
    document["diagnoses"] = _rows(raw.get("diagnoses", [{}]), DIAGNOSIS, "seq")
    document["prescriptions"] = copy.deepcopy(list(raw.get("prescriptions", [])))
    document["notes"] = copy.deepcopy(list(raw.get("notes", [])))
    if "orders" in raw:
        document["orders"] = copy.deepcopy(list(raw["orders"]))
    return document


def _peers(raw: Sequence[Mapping[str, Any]]) -> Iterator[schema.Document]:
    """Statements of as many other patients."""
    for kind, peer in enumerate(raw):
        for turn in range(int(peer.get("times", 1))):
            document = statement(peer)
            numbered = {
                name: value.replace("#", str(turn))
                for name, value in peer.get("claim", {}).items()
                if isinstance(value, str)
            }
            document["claim"] |= {"claim_id": f"C-{kind}-{turn}", "patient_ref": f"P-{kind}-{turn}", **numbered}
            yield document


def _rows(rows: Sequence[Mapping[str, Any]], plain: Mapping[str, Any], counter: str) -> list[schema.Row]:
    """Later diagnoses are secondary ones unless the example says otherwise."""
    filled = [dict(plain) | {counter: number} | dict(row) for number, row in enumerate(rows, start=1)]
    if counter == "seq":
        for row, given in zip(filled[1:], rows[1:], strict=True):
            row["kind"] = given.get("kind", "secondary")
    return filled
