"""Whole tables against the rules: every row expression over all rows at once, windows and pairs by group.

In: frames of claims, lines, diagnoses, prescriptions, notes. Out: one frame of findings, ordered by claim and rule.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from tamna.engines.claimcheck import schema
from tamna.engines.claimcheck.emit_frames import TYPES, WITHIN, Around, FrameEmitter
from tamna.engines.claimcheck.emit_python import note_rows
from tamna.engines.claimcheck.frame_company import paired, ranked, windowed
from tamna.engines.claimcheck.report import Finding
from tamna.engines.claimcheck.rules import SEVERITIES, Rule
from tamna.engines.claimcheck.single import Part, parts_of
from tamna.engines.claimcheck.syntax import Call, Name, Node, walk

if TYPE_CHECKING:
    from tamna.engines.claimcheck.ruleset import Columns, RuleSet

AT_A_TIME = 25  # expressions evaluated together: more only costs memory
FOUND = {
    "claim": pl.UInt32(),
    "at": pl.UInt32(),
    "line_no": pl.Int64(),
    "won_at_risk": pl.Int64(),
    "part": pl.UInt32(),
}
DAYS = {"first_visit_on", "service_on", "claim_on", "onset_on", "claim_id"}  # what windows, tables and orders ask by
NOTE_COLUMNS = ("note_code", "note_text", "line_no")


def frames_of(documents: Sequence[schema.Document]) -> dict[str, pl.DataFrame]:
    """Frames of normal documents; `claim` is the document's place, `at` the row's place in its list."""
    frames: dict[str, pl.DataFrame] = {}
    for scope in schema.SCOPES:
        rows: list[tuple[int, int, schema.Row]] = []
        for place, document in enumerate(documents):
            if scope == "claims":
                rows.append((place, 0, document["claim"]))
            else:
                listed = note_rows(document) if scope == "notes" else document[scope]
                rows.extend((place, at, row) for at, row in enumerate(listed))
        names = dict.fromkeys(name for _, _, row in rows for name in row)
        series = [
            pl.Series("claim", [claim for claim, _, _ in rows], pl.UInt32()),
            pl.Series("at", [at for _, at, _ in rows], pl.UInt32()),
        ]
        for name in names:
            kind = (schema.CLAIM if scope == "claims" else schema.SCOPES[scope]).get(name)
            values = [row.get(name) for _, _, row in rows]
            if kind:
                series.append(pl.Series(name, values, TYPES[kind]))
            else:
                series.append(pl.Series(name, values, strict=False))
        frames[scope] = pl.DataFrame(series)
    return frames


class FramesCheck:
    """One run of a rule set over tables."""

    def __init__(self, ruleset: "RuleSet") -> None:
        self.ruleset, self.typing = ruleset, ruleset.typing

    def findings(self, given: Mapping[str, pl.DataFrame | None], columns: "Columns | None" = None) -> pl.DataFrame:
        """Findings over frames as the caller has them (see RuleSet.check_frames)."""
        from tamna.engines.claimcheck.frame_input import accepted, columns_of_frames

        return self.check(accepted(given), columns or columns_of_frames(given))

    def check(
        self,
        frames: Mapping[str, pl.DataFrame],
        columns: "Columns",
        documents: Sequence[schema.Document] | None = None,
        *,
        peers: Iterable[str] | None = None,
    ) -> pl.DataFrame:
        """Findings over frames that have `claim` and `at` and typed columns. `peers`: see `RuleSet.not_evaluated`."""
        skipped = self.ruleset.not_evaluated(columns, peers=peers)
        parts = [part for rule in self.ruleset.rules if rule.key not in skipped for part in parts_of(rule)]
        whole = {scope: _completed(frame, scope) for scope, frame in frames.items()}
        used = {scope: self._used(parts, scope) for scope in whole}
        around = Around(whole, self._engines(parts, whole, documents))
        emitters = {scope: FrameEmitter(scope, self.typing, around) for scope in whole}
        whole["claims"] = self._derived(whole, emitters, used)
        found: list[pl.DataFrame] = []
        for scope in whole:
            chosen = [(number, part) for number, part in enumerate(parts) if part.rule.over == scope]
            if chosen and not whole[scope].is_empty():
                frame = _with_claims(ranked(whole[scope], scope), whole["claims"], scope, used[scope])
                found += self._scope(frame, emitters[scope], chosen)
        return self._told(found, parts, whole["claims"])

    def _engines(
        self, parts: Iterable[Part], frames: Mapping[str, pl.DataFrame], documents: Sequence[schema.Document] | None
    ) -> dict[str, pl.Series]:
        asked = {
            str(node.args[0].value)  # type: ignore[union-attr]
            for part in parts
            for node in walk(part.hit)
            if isinstance(node, Call) and node.function == "engine"
        }
        if not asked:
            return {}
        documents = documents if documents is not None else documents_of(frames)
        engines = self.ruleset.engines
        return {
            name: pl.Series([engines[name](document) for document in documents], dtype=pl.Float64()) for name in asked
        }

    def _used(self, parts: Sequence[Part], scope: str) -> set[str]:
        """Names that rules over a scope read, and derived columns made of it; `claim.x`, `other.x` and `pair.x` as x."""
        tops = [top for part in parts if part.rule.over == scope for top in (*part.rule.nodes, part.hit, part.won)]
        made = (column for column in self.ruleset.derived.values() if column.over == scope)
        tops += [top for column in made for top in (column.where, column.value) if top]
        names = {node.name.rpartition(".")[2] for top in tops for node in walk(top) if isinstance(node, Name)}
        return names | DAYS

    def _derived(
        self, frames: Mapping[str, pl.DataFrame], emitters: Mapping[str, FrameEmitter], used: Mapping[str, set[str]]
    ) -> pl.DataFrame:
        """The claims with the derived columns the rules use."""
        names = set().union(*used.values())
        fixed = [column for name, column in self.ruleset.derived.items() if name in names]
        claims = frames["claims"]
        for scope in ("lines", "diagnoses"):
            columns = [column for column in fixed if column.over == scope]
            if not columns:
                continue
            emitter = emitters[scope]
            frame = _with_claims(frames[scope], frames["claims"], scope, used[scope])
            frame = emitter.prepared(
                frame, [node for column in columns for node in (column.where, column.value) if node]
            )
            aggregates = []
            for column in columns:
                everything = pl.col("claim").is_not_null()  # a bare literal would be one row, not the group's
                chosen = emitter.truth(column.where, frame).fill_null(value=False) if column.where else everything
                value = emitter.expr(column.value, frame) if column.value else chosen
                aggregates.append(_aggregate(column.kind, value, chosen).alias(column.name))
            counted = frame.group_by("claim", maintain_order=True).agg(aggregates)
            claims = claims.drop([column.name for column in columns], strict=False)
            claims = claims.join(counted, on="claim", how="left", maintain_order="left").with_columns(
                pl.col(column.name).cast(TYPES[column.type]).fill_null(0 if column.kind != "any" else False)
                for column in columns
                if column.kind not in {"first", "max"}
            )
        return claims

    def _scope(
        self, frame: pl.DataFrame, emitter: FrameEmitter, chosen: Sequence[tuple[int, Part]]
    ) -> list[pl.DataFrame]:
        nodes: list[Node] = [node for _, part in chosen for node in (*part.rule.nodes, part.hit, part.won)]
        frame = emitter.prepared(frame, [*nodes, *_within_args(nodes)])
        found: list[pl.DataFrame] = []
        alone = [(number, part) for number, part in chosen if not part.rule.per]
        for start in range(0, len(alone), AT_A_TIME):
            some = alone[start : start + AT_A_TIME]
            hits = frame.select(
                self._hit(frame, emitter, part).arg_true().implode().alias(str(number)) for number, part in some
            )
            for number, part in some:
                places = hits[str(number)][0]
                if len(places):
                    found.append(_rows(frame[places], emitter, part, number))
        together: dict[str, tuple[Rule, list[tuple[int, Part]]]] = {}
        for number, part in chosen:
            if part.rule.per:
                together.setdefault(part.rule.key, (part.rule, []))[1].append((number, part))
        for rule, numbered in together.values():
            gather = paired if rule.pair else windowed
            company = gather(frame, emitter, rule, [part for _, part in numbered])
            for number, part in numbered:
                hit = company.filter(self._hit(company, emitter, part, where=False))
                if not hit.is_empty():
                    found.append(_rows(hit, emitter, part, number))
        return found

    def _hit(self, frame: pl.DataFrame, emitter: FrameEmitter, part: Part, *, where: bool = True) -> pl.Expr:
        hit = emitter.truth(part.hit, frame) & emitter.in_force(frame, part.rule.starts_on, part.rule.ends_on)
        if where and part.rule.where is not None:
            hit = emitter.truth(part.rule.where, frame) & hit
        return hit.fill_null(value=False)

    def _told(self, found: Sequence[pl.DataFrame], parts: Sequence[Part], claims: pl.DataFrame) -> pl.DataFrame:
        """One finding a rule and row, gravest first; suppressed ones marked `hidden`."""
        rules = list(self.ruleset.rules)
        place = {rule.id: number for number, rule in enumerate(rules)}
        named = pl.DataFrame(
            {
                "part": range(len(parts)),
                "rule": [place[part.rule.id] for part in parts],
                "rule_id": [part.rule.id for part in parts],
                "over": [part.rule.over for part in parts],
                "severity": [part.severity for part in parts],
                "grave": [SEVERITIES.index(part.severity) for part in parts],
            },
            schema_overrides={"part": pl.UInt32()},
        )
        table = pl.concat(found) if found else pl.DataFrame(schema=FOUND)
        table = (
            table.join(named, on="part")
            .sort("claim", "rule", "at", "grave")
            .unique(["claim", "rule", "at"], keep="first", maintain_order=True)
        )
        identity = (
            claims.select("claim", "claim_id")
            if "claim_id" in claims.columns
            else claims.select("claim", claim_id=pl.lit(None, pl.String()))
        )
        table = table.join(identity, on="claim", how="left", maintain_order="left")
        return table.with_columns(hidden=pl.Series(self._hidden(table), dtype=pl.Boolean())).select(
            "claim", "claim_id", "rule_id", "over", "at", "line_no", "severity", "won_at_risk", "hidden"
        )

    def _hidden(self, table: pl.DataFrame) -> list[bool]:
        hidden = [False] * len(table)
        hiding = table.filter(pl.col("rule_id").is_in(list(self.ruleset.suppressions.hides)))["claim"].unique()
        rows = table.with_row_index("row").filter(pl.col("claim").is_in(hiding.implode()))
        by_claim: dict[int, list[tuple[int, str, int]]] = {}
        for row, claim, rule, at in rows.select("row", "claim", "rule_id", "at").iter_rows():
            by_claim.setdefault(claim, []).append((row, rule, at))
        for found in by_claim.values():
            if len(found) > 1:
                findings = [Finding(self.ruleset.by_id[rule], "", at, None, 0) for _, rule, at in found]
                shown = {(finding.rule.id, finding.at) for finding in self.ruleset.suppressions.split(findings)[0]}
                for row, rule, at in found:
                    hidden[row] = (rule, at) not in shown
        return hidden


def _completed(frame: pl.DataFrame, scope: str) -> pl.DataFrame:
    """Columns that surroundings and windows read are there, empty if the input has none."""
    wanted = {
        "claims": (),
        "lines": ("code", "line_no"),
        "diagnoses": ("code", "kind"),
        "prescriptions": ("code",),
        "notes": NOTE_COLUMNS,
        "orders": ("code", "done_on"),
    }[scope]
    types = schema.CLAIM if scope == "claims" else schema.SCOPES[scope]
    missing = [pl.lit(None, TYPES[types[name]]).alias(name) for name in wanted if name not in frame.columns]
    return frame.with_columns(missing)


def _with_claims(frame: pl.DataFrame, claims: pl.DataFrame, scope: str, used: set[str]) -> pl.DataFrame:
    """Each row beside what the rules read of its claim, as `c:NAME`."""
    if scope == "claims":
        return frame
    read = [name for name in claims.columns if name in used and name not in {"claim", "at"}]
    places = frame["claim"]  # a claim's number is its place
    return frame.with_columns(claims[name].gather(places).alias(f"c:{name}") for name in read)


def _within_args(nodes: Iterable[Node]) -> list[Node]:
    return [node.args[0] for top in nodes for node in walk(top) if isinstance(node, Call) and node.function in WITHIN]


def _aggregate(kind: str, value: pl.Expr, chosen: pl.Expr) -> pl.Expr:
    match kind:
        case "count":
            return chosen.cast(pl.Int64()).sum()
        case "any":
            return chosen.any()
        case "sum":
            return value.filter(chosen).sum()
        case "distinct":
            return value.filter(chosen).drop_nulls().n_unique()
        case "max":
            return value.filter(chosen).max()
    return value.filter(chosen).first()


def _rows(frame: pl.DataFrame, emitter: FrameEmitter, part: Part, number: int) -> pl.DataFrame:
    """Findings of one part on the rows it hit."""
    line_no = pl.col("line_no") if part.rule.over in {"lines", "notes"} else pl.lit(None)
    won = emitter.expr(part.won, frame).cast(pl.Float64()).fill_null(0).clip(lower_bound=0).floor()
    return frame.select(
        pl.col("claim").cast(pl.UInt32()),
        pl.col("at").cast(pl.UInt32()),
        line_no.cast(pl.Int64()).alias("line_no"),
        won.cast(pl.Int64()).alias("won_at_risk"),
        pl.lit(number, pl.UInt32()).alias("part"),
    )


def documents_of(frames: Mapping[str, pl.DataFrame]) -> list[schema.Document]:
    """Documents again, for engines that look at one claim."""
    documents: list[schema.Document] = [
        {"claim": row, **{part: [] for part in schema.TABLES}}
        for row in frames["claims"].drop("claim", "at").iter_rows(named=True)
    ]
    for part in schema.TABLES:
        claims = frames[part]["claim"].to_list()
        for claim, row in zip(claims, frames[part].drop("claim", "at").iter_rows(named=True), strict=True):
            documents[claim][part].append(row)
    return documents
