"""Whole tables against the rules: each condition once a kind of row, a claim or a row; windows and pairs by group.

In: frames of claims, lines, diagnoses, prescriptions, notes. Out: one frame of findings, ordered by claim and rule.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from tamna.engines.claimcheck import schema
from tamna.engines.claimcheck.company import conjuncts
from tamna.engines.claimcheck.emit_frames import ENGINE, TYPES, Around, FrameEmitter
from tamna.engines.claimcheck.frame_company import paired, windowed
from tamna.engines.claimcheck.frame_documents import documents_of
from tamna.engines.claimcheck.frame_numbers import Places
from tamna.engines.claimcheck.frame_parts import by_patients
from tamna.engines.claimcheck.frame_scope import Domain, Scope, asked
from tamna.engines.claimcheck.rules import SEVERITIES, Derived, Rule
from tamna.engines.claimcheck.single import Part, parts_of
from tamna.engines.claimcheck.syntax import Call, Name, Node, walk

if TYPE_CHECKING:
    from tamna.engines.claimcheck.ruleset import Columns, RuleSet

FOUND = {
    "claim": pl.UInt32(),
    "at": pl.UInt32(),
    "line_no": pl.Int64(),
    "won_at_risk": pl.Int64(),
    "part": pl.UInt32(),
}
MANY = 50_000  # claims from which parts side by side are quicker than one: each part reads all rules anew
THREADS = 2
SHARES = (0.4, 0.6)  # of the patients; whoever has the smaller part compares patients, about a sixth of all work
NOTE_COLUMNS = ("note_code", "note_text", "line_no")


class FramesCheck:
    """One run of a rule set over tables."""

    def __init__(self, ruleset: "RuleSet", many: int = MANY) -> None:
        """`many`: claims from which parts are judged side by side."""
        self.ruleset, self.typing, self.many = ruleset, ruleset.typing, many

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
        numbered = list(enumerate(parts))
        whole = {scope: _completed(frame, scope) for scope, frame in frames.items()}
        whole["claims"] = whole["claims"].with_columns(self._engines(parts, whole, documents))
        if len(whole["claims"]) < self.many:
            return self._told(self._found(whole, numbered), parts, whole["claims"])
        across = [one for one in numbered if one[1].rule.across_patients]
        within = [one for one in numbered if not one[1].rule.across_patients]
        with ThreadPoolExecutor(THREADS) as threads:
            jobs = [(threads.submit(self._found, whole, across), np.arange(len(whole["claims"])))]
            jobs += [(threads.submit(self._found, part, within), at) for part, at in by_patients(whole, SHARES)]
            found = [
                rows.with_columns(pl.Series("claim", at[rows["claim"].to_numpy()]).cast(pl.UInt32()))
                for job, at in jobs
                for rows in job.result()
            ]
        return self._told(found, parts, whole["claims"])

    def _found(self, whole: Mapping[str, pl.DataFrame], chosen: Sequence[tuple[int, Part]]) -> list[pl.DataFrame]:
        """What these parts find, each by its number."""
        around = Around(whole)
        emitters = {scope: FrameEmitter(scope, self.typing, around) for scope in whole}
        scopes = self._scopes(whole, emitters, [part for _, part in chosen])
        found: list[pl.DataFrame] = []
        for over, scope in scopes.items():
            here = [(number, part) for number, part in chosen if part.rule.over == over]
            if here and len(scope):
                found += _alone(scope, here) + _in_company(scope, here)
        return found

    def _scopes(
        self, whole: Mapping[str, pl.DataFrame], emitters: Mapping[str, FrameEmitter], parts: Sequence[Part]
    ) -> dict[str, Scope]:
        """The rows of every scope; the claims with the derived columns that the rules use."""
        fixed = self._derived_of(parts)
        claims = Domain(whole["claims"], emitters["claims"])
        scopes = {over: Scope(frame, emitters[over], claims) for over, frame in whole.items()}
        for over, scope in scopes.items():
            scope.learn(asked(part for part in parts if part.rule.over == over))
            scope.learn(
                node for column in fixed if column.over == over for node in (column.where, column.value) if node
            )
        counted = [
            values
            for over, scope in scopes.items()
            for values in _counted(scope, [column for column in fixed if column.over == over], len(whole["claims"]))
        ]
        claims.frame = claims.frame.with_columns(counted)
        scopes["claims"].frame = claims.frame
        return scopes

    def _derived_of(self, parts: Sequence[Part]) -> list[Derived]:
        """Derived columns that the rules read."""
        names = {node.name.rpartition(".")[2] for top in asked(parts) for node in walk(top) if isinstance(node, Name)}
        return [column for name, column in self.ruleset.derived.items() if name in names]

    def _engines(
        self, parts: Iterable[Part], frames: Mapping[str, pl.DataFrame], documents: Sequence[schema.Document] | None
    ) -> list[pl.Series]:
        """What engines answer for each claim, as columns `engine:NAME`."""
        asked = {
            str(node.args[0].value)  # type: ignore[union-attr]
            for part in parts
            for node in walk(part.hit)
            if isinstance(node, Call) and node.function == "engine"
        }
        if not asked:
            return []
        answers = []
        for name in sorted(asked):
            engine = self.ruleset.engines[name]
            told = documents if documents is not None else documents_of(frames, getattr(engine, "reads", None))
            answers.append(pl.Series(ENGINE + name, [engine(document) for document in told], dtype=pl.Float64()))
        return answers

    def _told(self, found: Sequence[pl.DataFrame], parts: Sequence[Part], claims: pl.DataFrame) -> pl.DataFrame:
        """One finding a rule and row, gravest first; suppressed ones marked `hidden`."""
        rules = list(self.ruleset.by_id)
        place = {rule: number for number, rule in enumerate(rules)}
        rule_of = np.array([place[part.rule.id] for part in parts], np.int64)
        grave = np.array([SEVERITIES.index(part.severity) for part in parts], np.int64)
        table = pl.concat(found) if found else pl.DataFrame(schema=FOUND)
        part = table["part"].to_numpy()
        claim, at = (table[name].cast(pl.Int64()).to_numpy() for name in ("claim", "at"))
        row = (claim * len(rules) + rule_of[part]) * (int(at.max(initial=0)) + 1) + at
        order = np.lexsort((grave[part], row))
        row = row[order]
        first = order[np.concatenate([np.ones(min(len(row), 1), bool), row[1:] != row[:-1]])]
        table, part = table[first], part[first]
        rule = rule_of[part]
        over = [str(self.ruleset.by_id[name].over) for name in rules]
        hidden = self.ruleset.suppressions.hidden(rules, over, rule, table["claim"].to_numpy(), table["at"].to_numpy())
        number = (
            claims["claim_id"] if "claim_id" in claims.columns else pl.Series([None] * len(claims), dtype=pl.String())
        )
        rules_of_rows = pl.Series(rule, dtype=pl.UInt32())
        return table.select(
            "claim",
            number.gather(table["claim"]).alias("claim_id"),
            pl.Series(rules, dtype=pl.String()).gather(rules_of_rows).alias("rule_id"),
            pl.Series(over, dtype=pl.String()).gather(rules_of_rows).alias("over"),
            "at",
            "line_no",
            pl.Series(SEVERITIES).gather(pl.Series(grave[part], dtype=pl.UInt32())).alias("severity"),
            "won_at_risk",
            pl.Series("hidden", hidden),
        )


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
    return frame.with_columns(missing).rechunk()  # rows in pieces are several times slower to gather


def _counted(scope: Scope, columns: Sequence[Derived], claims: int) -> Iterator[pl.Series]:
    """Derived columns of every claim."""
    for column, at in zip(columns, scope.met([conjuncts(column.where) for column in columns]), strict=True):
        yield _aggregated(scope, column, at, claims).alias(column.name)


def _aggregated(scope: Scope, column: Derived, at: Places | None, claims: int) -> pl.Series:
    dtype = TYPES[column.type]
    owner = scope.claim if at is None else scope.claim[at]
    if column.value is None:
        counts = pl.Series(np.bincount(owner, minlength=claims))
        return (counts > 0) if column.kind == "any" else counts.cast(dtype)
    rows = scope.rows(at, [column.value])
    values = rows.select("claim", scope.emitter.expr(column.value, rows).alias("x"))
    if column.kind in {"sum", "distinct"}:
        values = values.drop_nulls("x")
    if column.kind == "sum":
        return pl.Series(np.bincount(values["claim"], values["x"].cast(pl.Float64()), claims)).cast(dtype)
    if column.kind == "distinct":
        return pl.Series(np.bincount(values.unique()["claim"], minlength=claims)).cast(dtype)
    chosen = pl.col("x").max() if column.kind == "max" else pl.col("x").first()
    told = values.group_by("claim", maintain_order=True).agg(chosen)
    return pl.Series([None], dtype=dtype).new_from_index(0, claims).scatter(told["claim"], told["x"].cast(dtype))


def _alone(scope: Scope, chosen: Sequence[tuple[int, Part]]) -> list[pl.DataFrame]:
    """Findings of the parts that look at a row by itself; those with the same won at risk are read together."""
    alone = [(number, part) for number, part in chosen if not part.rule.per]
    by_won: dict[Node, list[tuple[int, Places]]] = {}
    for (number, part), at in zip(alone, scope.hits([part for _, part in alone]), strict=True):
        if len(at):
            by_won.setdefault(part.won, []).append((number, at))
    found = []
    for won, hits in by_won.items():
        rows = scope.rows(np.concatenate([at for _, at in hits]), [won])
        numbers = np.repeat([number for number, _ in hits], [len(at) for _, at in hits])
        found.append(_rows(rows, scope.emitter, won, pl.Series(numbers, dtype=pl.UInt32())))
    return found


def _in_company(scope: Scope, chosen: Sequence[tuple[int, Part]]) -> list[pl.DataFrame]:
    """Findings of the parts that look at windows and pairs."""
    together: dict[str, tuple[Rule, list[tuple[int, Part]]]] = {}
    for number, part in chosen:
        if part.rule.per:
            together.setdefault(part.rule.key, (part.rule, []))[1].append((number, part))
    rules = [rule for rule, _ in together.values()]
    found = []
    for (rule, numbers), at in zip(
        together.values(), scope.met([conjuncts(rule.where) for rule in rules]), strict=True
    ):
        members = np.arange(len(scope)) if at is None else at
        if not len(members):
            continue
        company = (paired if rule.pair else windowed)(scope, rule, [part for _, part in numbers], members)
        if (held := scope.in_force(rule)) is not None:
            company = company.filter(held[company["row"].to_numpy()])
        for number, part in numbers:
            hit = company.filter(scope.emitter.truth(part.hit, company).fill_null(value=False))
            if not hit.is_empty():
                found.append(_rows(hit, scope.emitter, part.won, pl.lit(number, pl.UInt32())))
    return found


def _rows(frame: pl.DataFrame, emitter: FrameEmitter, won: Node, part: pl.Series | pl.Expr) -> pl.DataFrame:
    """Findings on rows that were hit."""
    line_no = pl.col("line_no") if emitter.over in {"lines", "notes"} and "line_no" in frame.columns else pl.lit(None)
    risk = emitter.expr(won, frame).cast(pl.Float64()).fill_null(0).clip(lower_bound=0).floor()
    return frame.select(
        pl.col("claim").cast(pl.UInt32()),
        pl.col("at").cast(pl.UInt32()),
        line_no.cast(pl.Int64()).alias("line_no"),
        risk.cast(pl.Int64()).alias("won_at_risk"),
        part.alias("part"),
    )
