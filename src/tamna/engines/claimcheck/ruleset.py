"""The rule set: load once, check one claim or whole tables, offer fixes that were checked again.

A rule that needs a column or table the input does not have is `not_evaluated`, never counted as passed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tamna.engines.claimcheck import schema
from tamna.engines.claimcheck.report import Report, Suppressions
from tamna.engines.claimcheck.rules import PAIR_NAMES, WINDOW_NAMES, Derived, Rule, Typing, derived_columns, read_rules
from tamna.engines.claimcheck.share import PatientShare
from tamna.engines.claimcheck.single import Engine, SingleCheck, parts_of
from tamna.engines.claimcheck.syntax import Call, Listed, Literal, Lookup, Name, Node, walk
from tamna.engines.claimcheck.tables import Tables

if TYPE_CHECKING:
    import polars as pl

    from tamna.engines.claimcheck.fixes import Proposal

Columns = Mapping[str, frozenset[str]]  # scope → columns the input has; a scope without rows is left out


@dataclass(frozen=True)
class Company:
    """The other claims a claim is judged with, and what its source can know."""

    history: Sequence[schema.Document] = ()  # normal documents
    place: int | None = None  # this claim's turn among them; after all of them when None
    peers: frozenset[str] | None = frozenset()  # keys of rules across patients that can be judged; None: every one
    columns: Columns | None = None  # those of the source, where that is more than this claim shows


ALONE = Company()


@lru_cache(maxsize=2)
def _yaml(name: str) -> Any:
    return yaml.safe_load(
        resources.files("tamna.engines.claimcheck").joinpath("rules", name).read_text(encoding="utf-8")
    )


@dataclass(frozen=True)
class RuleSet:
    """Rules with their tables (심사 점검 규칙 모음)."""

    rules: tuple[Rule, ...]
    tables: Tables
    derived: Mapping[str, Derived]
    engines: Mapping[str, Engine]

    @staticmethod
    def load(
        on: date | None = None,
        extra_files: Iterable[Path | str] = (),
        only: Iterable[str] = (),
        *,
        tables_folder: Path | None = None,
        engines: Mapping[str, Engine] | None = None,
        own: str = "",
    ) -> "RuleSet":
        """`on` takes the rules of that day for every claim; without it each rule asks the day of care.

        `engines` answer `engine('copay')`: document → won (None: unknown); the patient share is known by itself.
        `own`: rules as YAML text, beside those of files. Raises RuleError, ParamsError.
        """
        tables = Tables(tables_folder)
        engines = {"copay": PatientShare(tables), **(engines or {})}
        raw = derived_columns(_yaml("derived.yaml"))
        typing = Typing(tables, raw)
        derived = {
            name: Derived(
                name,
                column.over,
                column.kind,
                typing.resolved(column.value, column.over) if column.value else None,
                typing.resolved(column.where, column.over) if column.where else None,
            )
            for name, column in raw.items()
        }
        rules = read_rules(Typing(tables, derived), extra_files, only, on, own)
        return RuleSet(rules, tables, derived, engines)

    def of(self, rules: Iterable[Rule]) -> "RuleSet":
        """Other rules over the same tables."""
        return replace(self, rules=tuple(rules))

    def with_table(self, name: str, rows: Sequence[Mapping[str, Any]]) -> "RuleSet":
        """The same rules with one more table of the institution."""
        return self.with_tables({name: rows})

    def with_tables(self, given: Mapping[str, Sequence[Mapping[str, Any]]]) -> "RuleSet":
        """The same rules with more tables of the institution; a table without rows leaves its rules not evaluated."""
        tables = self.tables
        for name, rows in given.items():
            tables = tables.joined(name, rows)
        return replace(self, tables=tables)

    @cached_property
    def typing(self) -> Typing:
        return Typing(self.tables, self.derived)

    @cached_property
    def by_id(self) -> Mapping[str, Rule]:
        return {rule.id: rule for rule in self.rules}

    @cached_property
    def single(self) -> SingleCheck:
        return SingleCheck(self.rules, self.typing, self.derived, self.engines)

    @cached_property
    def suppressions(self) -> Suppressions:
        return Suppressions(_yaml("suppressions.yaml"), self.rules)

    @cached_property
    def _needs(self) -> Mapping[str, tuple[frozenset[tuple[str, str]], str]]:
        """Version of a rule → (columns it needs, the table it lacks)."""
        return {rule.key: (self._columns_of(rule.nodes, rule.over), self._missing_table(rule)) for rule in self.rules}

    @cached_property
    def _absent(self) -> dict[tuple[Any, ...], Mapping[str, str]]:
        return {}

    def check_one(
        self, claim: schema.Document, *, history: Sequence[schema.Document] = (), archive: bool = False
    ) -> Report:
        """All findings of one claim document. `history`: other claims of the patient. Raises InputError.

        `archive`: they are those of all patients, so that rules which compare with peers can be judged.
        """
        others = [schema.normal(other) for other in history]
        return self.checked(schema.normal(claim), Company(others, peers=None if archive else frozenset()))

    def checked(self, document: schema.Document, company: Company = ALONE) -> Report:
        """`check_one` for documents that are normal already."""
        columns = columns_of(document) if company.columns is None else company.columns
        skipped = self.not_evaluated(columns, peers=company.peers)
        findings = self.single.findings(document, company.history, skipped, company.place)
        shown, hidden = self.suppressions.split(findings)
        return Report(document["claim"].get("claim_id"), tuple(shown), tuple(hidden), skipped)

    def check_frames(
        self,
        claims: "pl.DataFrame",
        lines: "pl.DataFrame",
        diagnoses: "pl.DataFrame",
        prescriptions: "pl.DataFrame | None" = None,
        notes: "pl.DataFrame | None" = None,
        orders: "pl.DataFrame | None" = None,
    ) -> "pl.DataFrame":
        """Findings over whole tables: claim, claim_id, rule_id, line_no, at, severity, hidden, won_at_risk.

        `claim` is the row of `claims`; rows of the other tables belong to a claim by claim_id. Raises InputError.
        """
        from tamna.engines.claimcheck.frames import FramesCheck

        parts = {"prescriptions": prescriptions, "notes": notes, "orders": orders}
        return FramesCheck(self).findings({"claims": claims, "lines": lines, "diagnoses": diagnoses, **parts})

    def not_evaluated(self, columns: Columns, *, peers: Iterable[str] | None = None) -> Mapping[str, str]:
        """Rules that cannot be judged with these columns, by `Rule.key` → what they lack.

        `peers`: keys of the rules across patients whose other claims are there; None: every such rule.
        """
        there = None if peers is None else frozenset(peers)
        key = (there, *sorted(columns.items()))
        if key not in self._absent:
            lacking: dict[str, str] = {}
            across = {rule.key for rule in self.rules if rule.across_patients}
            for rule, (needed, table) in self._needs.items():
                gone = sorted(f"{scope}.{name}" for scope, name in needed if not _present(columns, scope, name))
                if gone or table:
                    lacking[rule] = ", ".join(gone).replace("orders.*", "table orders") or f"table {table}"
                elif there is not None and rule not in there and rule in across:
                    lacking[rule] = "claims of other patients"
            if len(self._absent) > 256:
                self._absent.clear()
            self._absent[key] = lacking
        return self._absent[key]

    def _columns_of(self, nodes: Iterable[Node], over: str) -> frozenset[tuple[str, str]]:
        needed: set[tuple[str, str]] = set()
        optional = {
            id(node.args[0])
            for top in nodes
            for node in walk(top)
            if isinstance(node, Call) and node.function == "coalesce"
        }
        for node in (below for top in nodes for below in walk(top)):
            match node:
                case Name() if id(node) in optional:  # coalesce(column, …) does without the column
                    continue
                case Name(name):
                    needed |= self._column(name, over)
                case Call("has_note"):
                    needed.add(("notes", "*"))
                case Call("orders_without_line"):
                    needed |= {("lines", "code"), ("lines", "service_on")}
                    needed |= set() if self.tables["orders"].usable else {("orders", "*")}
                case Call("code_present") | Listed(rows="line"):
                    needed.add(("lines", "code"))
                case Call("has_code_prefix") | Listed(rows="diagnosis"):
                    needed |= {("diagnoses", "code"), ("diagnoses", "kind")}
                case Call("engine", (Literal(name),)):
                    engine = self.engines.get(str(name))
                    asked: frozenset[str] = getattr(engine, "columns", frozenset())
                    needed |= {("claims", column) for column in asked} if engine else {("engine", str(name))}
                case Lookup(table=table) if self.tables[table].dated:
                    needed.add((over, "service_on") if over == "lines" else ("claims", "first_visit_on"))
        return frozenset(needed)

    def _column(self, name: str, over: str) -> set[tuple[str, str]]:
        prefix, _, column = name.rpartition(".")
        if prefix == "claim" and column not in self.derived:
            return {("claims", column)}
        if prefix == "claim":
            name = column
        if prefix == "pair" or (name in PAIR_NAMES or name in WINDOW_NAMES):
            return {(over, "amount"), (over, "code")} if name in {"is_cheaper", "kept_code"} else set()
        if name in self.derived:
            derived = self.derived[name]
            nodes = [node for node in (derived.value, derived.where) if node is not None]
            return set(self._columns_of(nodes, derived.over))
        return {("claims" if column in schema.CLAIM and column not in schema.SCOPES[over] else over, column)}

    def _missing_table(self, rule: Rule) -> str:
        """The table without rows, or the column it lacks, that the rule or a derived column of it asks."""
        asked: dict[str, set[str]] = {rule.pair_table: set()} if rule.pair_table else {}
        for node in self._below(rule.nodes):
            match node:
                case Lookup(table=table, column=column):
                    asked.setdefault(table, set()).update([column] if column else [])
                case Listed(table=table):
                    asked.setdefault(table, set())
                case Call("orders_without_line") if self.tables["orders"].usable:
                    asked["orders"] = {"code", "done_on"}
        for name, columns in sorted(asked.items()):
            if not self.tables[name].usable:
                return name
            if lacking := columns & self.tables[name].lacks - {"count"}:
                return f"{name}.{min(lacking)}"
        return ""

    def _below(self, tops: Iterable[Node]) -> Iterator[Node]:
        """Every node, those of derived columns too."""
        for top in tops:
            for node in walk(top):
                yield node
                if isinstance(node, Name) and (derived := self.derived.get(node.name.removeprefix("claim."))):
                    yield from self._below(part for part in (derived.value, derived.where) if part is not None)

    def nodes(self) -> Iterator[Node]:
        """Everything the rules read, derived columns too."""
        for rule in self.rules:
            for part in parts_of(rule):
                yield from self._below((*rule.nodes, part.hit, part.won))

    def verified_fixes(self, claim: schema.Document, *, history: Sequence[schema.Document] = ()) -> "list[Proposal]":
        """Fixes the engine computed and checked again, one proposal a finding. Raises InputError."""
        from tamna.engines.claimcheck.fixes import verified

        return verified(self, schema.normal(claim), Company([schema.normal(other) for other in history]))


def columns_of(document: schema.Document) -> Columns:
    """Columns a claim document has; lists without rows say nothing about columns, so they lack none."""
    columns = {"claims": frozenset(document["claim"])}
    for part in schema.TABLES:
        if rows := document[part]:
            columns[part] = frozenset(rows[0]) if len(rows) == 1 else frozenset().union(*rows)
        elif part in {"notes", "orders"} and part in document["given"]:
            columns[part] = frozenset()  # it is known that there is none
    return columns


def _present(columns: Columns, scope: str, name: str) -> bool:
    if scope == "engine":
        return False
    if scope == "orders":
        return "orders" in columns
    if name == "*":  # notes may be given as notes or on the line
        return "notes" in columns or "note_code" in columns.get("lines", {"note_code"})
    if scope == "notes" and name in {"note_code", "note_text", "line_no"}:
        return True
    if scope in columns and name in columns[scope]:
        return True
    if scope != "claims":
        own = name in schema.SCOPES[scope]
        return (own and scope not in columns) or name in columns["claims"] or (name in schema.REQUIRED and not own)
    return name in schema.REQUIRED or (name == "age" and {"birth_date", "first_visit_on"} <= columns["claims"])
