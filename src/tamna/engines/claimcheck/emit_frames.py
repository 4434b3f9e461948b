"""Rules as Polars expressions over whole tables; the same answers as `emit_python`, proved by a differential test.

What is no plain expression (table rows, notes, codes elsewhere on the statement) is first joined to the frame as a
column, found once for each distinct key with the very function the single check uses.
Frame columns: own columns by their names, the claim's as `c:NAME`, the other line of a pair as `o:NAME`, its table
row as `p:NAME`, window values as `w:NAME`, looked-up values as `§N`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tamna.engines import calendar
from tamna.engines.claimcheck import schema
from tamna.engines.claimcheck.emit_python import EPSILON, like_regex
from tamna.engines.claimcheck.frame_numbers import combined, dense, numbered
from tamna.engines.claimcheck.rules import PAIR_NAMES, WINDOW_NAMES, Typing
from tamna.engines.claimcheck.syntax import (
    OVER_MEMBERS,
    WITHIN,
    Arithmetic,
    Call,
    Compare,
    Listed,
    Literal,
    Logic,
    Lookup,
    Name,
    Node,
    Test,
    children,
    walk,
)

TYPES: dict[str, pl.DataType] = {
    "text": pl.String(),
    "int": pl.Int64(),
    "number": pl.Float64(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us"),
    "bool": pl.Boolean(),
    "any": pl.Null(),
    "null": pl.Null(),
}
ENGINE = "engine:"  # of the claims: what an engine answered
OUTSIDE = {"has_note", "code_present", "has_code_prefix", "engine", "orders_without_line"}


class Around:
    """The other tables, for what a row asks about its statement."""

    def __init__(self, frames: Mapping[str, pl.DataFrame]) -> None:
        self.frames = frames

    def engine(self, name: str) -> pl.Series:
        return self.frames["claims"][ENGINE + name]

    @cached_property
    def _coded(self) -> pl.DataFrame:
        return self.frames["diagnoses"].filter(pl.col("code").is_not_null() & (pl.col("code") != ""))

    @cached_property
    def diagnoses(self) -> pl.DataFrame:
        return self._coded.select("claim", "code")

    @cached_property
    def confirmed(self) -> pl.DataFrame:
        return self._coded.filter(pl.col("kind").ne_missing(pl.lit("rule_out"))).select("claim", "code")

    @cached_property
    def codes(self) -> pl.DataFrame:
        """Claim, code and day of the lines."""
        lines = self.frames["lines"]
        read = lines.select("claim", "code", *(["service_on"] if "service_on" in lines.columns else []))
        return read.filter(pl.col("code").is_not_null() & (pl.col("code") != ""))

    def of_claims(self, rows: pl.DataFrame, claims: pl.Series) -> pl.DataFrame:
        """The rows of these claims."""
        return rows.filter(self.among(claims)[rows["claim"].to_numpy()])

    def among(self, claims: pl.Series) -> NDArray[np.bool_]:
        """Each claim's number → whether it is one of these."""
        there = np.zeros(len(self.frames["claims"]), bool)
        there[claims.to_numpy()] = True
        return there

    @property
    def notes(self) -> pl.DataFrame:
        return self.frames["notes"]

    @property
    def orders(self) -> pl.DataFrame:
        return self.frames["orders"]


@dataclass(frozen=True)
class Keyed:
    """What a table is asked: each distinct key once, and which of them a row asks."""

    distinct: pl.DataFrame
    places: pl.Series


class FrameEmitter:
    """Expressions for the rows of one scope."""

    def __init__(self, over: str, typing: Typing, around: Around) -> None:
        self.over, self.typing, self.around = over, typing, around
        self.names: dict[Any, str] = {}

    def named(self, key: Any) -> str:
        return self.names.setdefault(key, f"§{len(self.names)}")

    # ---- columns joined before -------------------------------------------------------------------------------------

    def prepared(self, frame: pl.DataFrame, nodes: Iterable[Node]) -> pl.DataFrame:
        """The frame with a column for everything in `nodes` that is no plain expression and can be known here."""
        lookups: dict[tuple[str, tuple[Node, ...]], set[str | None]] = {}
        known: dict[tuple[Any, ...], Keyed] = {}
        ordered = list(dict.fromkeys(node for top in nodes for node in _inner_first(top)))
        for node in ordered:
            if isinstance(node, Lookup):
                lookups.setdefault((node.table, node.keys), set()).add(node.column)
        for node in ordered:
            if not self._joins(node) or self.named(node) in frame.columns or not self._knowable(node, frame):
                continue
            match node:
                case Lookup(table, keys, _):
                    frame = self._look_up(frame, table, keys, lookups[table, keys], known)
                case Listed():
                    frame = self._listed(frame, node, known)
                case Call("engine", (Literal(name),)):
                    frame = frame.with_columns(
                        self.around.engine(str(name)).gather(frame["claim"]).alias(self.named(node))
                    )
                case Call():
                    frame = self._outside(frame, node)
        return frame

    def _joins(self, node: Node) -> bool:
        return isinstance(node, (Lookup, Listed)) or (isinstance(node, Call) and node.function in OUTSIDE)

    def _knowable(self, node: Node, frame: pl.DataFrame) -> bool:
        for below in walk(node):
            if isinstance(below, Name):
                prefix, _, column = below.name.rpartition(".")
                if prefix in {"other", "pair"} and f"{prefix[0]}:{column}" not in frame.columns:
                    return False
                if (below.name in WINDOW_NAMES or below.name in PAIR_NAMES) and f"w:{below.name}" not in frame.columns:
                    return False
        return True

    def _keyed(
        self, frame: pl.DataFrame, keys: tuple[Node, ...], known: dict[tuple[Any, ...], "Keyed"], *, dated: bool = False
    ) -> "Keyed":
        """The distinct values of the keys (and the day), and each row's place among them; found once for all tables."""
        if (keys, dated) not in known:
            values = [self.expr(key, frame).alias(f"k{number}") for number, key in enumerate(keys)]
            rows = frame.select(*values, *([self.day(frame).alias("kday")] if dated else []))
            if len(rows) < len(frame):  # literals alone
                rows = rows.select(pl.all().repeat_by(len(frame)).explode())
            coded = [(numbers + 1, count + 1) for numbers, count in map(numbered, rows.get_columns())]
            places, size = dense(*combined(coded))
            first = np.zeros(size, np.int64)
            first[places] = np.arange(len(rows))
            known[keys, dated] = Keyed(rows[first], pl.Series(places))
        return known[keys, dated]

    def _look_up(
        self, frame: pl.DataFrame, name: str, keys: tuple[Node, ...], asked: set[str | None],
        known: dict[tuple[Any, ...], "Keyed"],
    ) -> pl.DataFrame:  # fmt: skip
        table = self.typing.tables[name]
        keyed = self._keyed(frame, keys, known, dated=table.dated)
        asked_keys = list(keyed.distinct.iter_rows())
        hits = [table.row(row[:-1], row[-1]) if table.dated else table.row(row) for row in asked_keys]
        answers = [
            pl.Series(
                self.named(Lookup(name, keys, column)),
                [hit.get(str(column)) for hit in hits],
                TYPES[table.types.get(str(column), "text")],
            )
            for column in sorted(asked - {None}, key=str)
        ]
        exists = [None if None in row[: len(keys)] else bool(hit) for row, hit in zip(asked_keys, hits, strict=True)]
        answers.append(pl.Series(self.named(Lookup(name, keys, None)), exists, pl.Boolean()))
        return frame.with_columns(answer.gather(keyed.places) for answer in answers if answer.name not in frame.columns)

    def _listed(self, frame: pl.DataFrame, node: Listed, known: dict[tuple[Any, ...], "Keyed"]) -> pl.DataFrame:
        table, name = self.typing.tables[node.table], self.named(node)
        codes = self.around.confirmed if node.rows == "diagnosis" else self.around.codes
        if not node.keys:
            hits = [code for code in codes["code"].unique() if table.listed((), [code])]
            if table.listed((), []) is None:
                return frame.with_columns(pl.lit(None, pl.Boolean()).alias(name))
            return self._flagged(frame, codes.filter(pl.col("code").is_in(hits)).select("claim"), ["claim"], name)
        keyed = self._keyed(frame, node.keys, known)
        asked_keys = list(keyed.distinct.iter_rows())
        there = pl.Series([table.listed(key, []) is not None for key in asked_keys], dtype=pl.Boolean())
        rows = there.gather(
            keyed.places
        ).arg_true()  # the few rows whose key the table knows; elsewhere nothing is known
        asked = pl.DataFrame({"claim": frame["claim"].gather(rows), "place": keyed.places.gather(rows)})
        codes = self.around.of_claims(codes, asked["claim"]).select("claim", "code").unique()
        beside = asked.unique().join(codes, on="claim", how="inner")
        pairs = beside.select("place", "code").unique()
        hits = [bool(table.listed(asked_keys[place], [code])) for place, code in pairs.iter_rows()]
        met = beside.join(pairs.filter(pl.Series(hits, dtype=pl.Boolean())), on=["place", "code"], how="inner")
        flags = self._flagged(asked, met.select("claim", "place"), ["claim", "place"], name)[name]
        return frame.with_columns(
            pl.Series(name, [None], pl.Boolean()).new_from_index(0, len(frame)).scatter(rows, flags)
        )

    def _outside(self, frame: pl.DataFrame, node: Call) -> pl.DataFrame:
        name = self.named(node)
        if node.function == "orders_without_line":
            return self._orders_without_line(frame, name)
        first = node.args[0]
        if node.function == "has_note":
            code, word = (str(arg.value) for arg in (*node.args, Literal(""))[:2] if isinstance(arg, Literal))
            notes = self.around.notes.filter(
                (pl.col("note_code") == code) & pl.col("note_text").fill_null("").str.contains(word, literal=True)
            )
            if self.over == "claims":
                return self._flagged(frame, notes.select("claim"), ["claim"], name)
            frame = self._flagged(frame, notes.filter(pl.col("line_no").is_null()).select("claim"), ["claim"], name)
            line = self.expr(Name("line_no"), frame).alias("k0")
            frame = self._flagged(
                frame.with_columns(line),
                notes.select("claim", pl.col("line_no").alias("k0")).drop_nulls(),
                ["claim", "k0"],
                "kflag",
            )
            return frame.with_columns(pl.col(name) | pl.col("kflag")).drop("kflag", "k0")
        if node.function == "has_code_prefix" and isinstance(first, Literal):
            rows = self.around.diagnoses.filter(pl.col("code").str.starts_with(str(first.value)))
            return self._flagged(frame, rows.select("claim"), ["claim"], name)
        if isinstance(first, Literal):
            rows = self.around.codes.filter(pl.col("code") == str(first.value))
            return self._flagged(frame, rows.select("claim"), ["claim"], name)
        asked = frame.select("claim", self.expr(first, frame).cast(pl.String()).alias("k0"))
        there = asked["k0"].is_not_null().to_numpy()
        some = asked.filter(there)
        codes = self.around.of_claims(self.around.codes, some["claim"]).rename({"code": "k0"})
        flags = np.zeros(len(frame), bool)
        flags[there] = self._flagged(some, codes, ["claim", "k0"], name)[name].to_numpy()
        return frame.with_columns(pl.Series(name, flags))

    def _orders_without_line(self, frame: pl.DataFrame, name: str) -> pl.DataFrame:
        rows = [row for row in self.typing.tables["orders"].rows if row["code"] and row["done_on"]]
        listed = pl.DataFrame(
            {column: [row[column] for row in rows] for column in ("claim_id", "code", "done_on")},
            schema={"claim_id": pl.String(), "code": pl.String(), "done_on": pl.Date()},
        )
        claims = frame.select("claim", self.expr(Name("claim_id"), frame).alias("claim_id")).unique()
        own = self.around.orders.select("claim", "code", "done_on").filter(
            (pl.col("code") != "") & pl.col("done_on").is_not_null()
        )
        orders = pl.concat([own, listed.join(claims.drop_nulls(), on="claim_id").select("claim", "code", "done_on")])
        orders = orders.with_row_index("order")
        lines = self.around.codes
        days = (
            lines.get_column("service_on")
            if "service_on" in lines.columns
            else pl.Series([None] * len(lines), dtype=pl.Date())
        )
        beside = orders.join(lines.select("claim", "code", days.alias("day")), on=["claim", "code"], how="inner")
        met = beside.filter((pl.col("day") - pl.col("done_on")).dt.total_days().abs() <= 1)
        lost = (
            orders.filter(~pl.col("order").is_in(met["order"].implode()))
            .group_by("claim")
            .agg(pl.len().cast(pl.Int64()).alias(name))
        )
        frame = frame.join(lost, on="claim", how="left", maintain_order="left")
        return frame.with_columns(pl.col(name).fill_null(0))

    def _flagged(self, frame: pl.DataFrame, rows: pl.DataFrame, on: list[str], name: str) -> pl.DataFrame:
        """True where the row's keys are among `rows`, else false. `on` begins with the claim."""
        flags = np.zeros(len(frame), bool)
        if not rows.is_empty():
            flags = self.around.among(rows["claim"])[frame["claim"].to_numpy()]
            if len(on) > 1 and flags.any():
                some = frame.select(on).filter(flags)
                known = rows.select(on).unique().with_columns(pl.lit(value=True).alias(name))
                met = some.join(known, on=on, how="left", maintain_order="left")[name].fill_null(value=False)
                flags[flags] = met.to_numpy()
        return frame.with_columns(pl.Series(name, flags))

    def day(self, frame: pl.DataFrame) -> pl.Expr:
        claims = self.expr(Name("first_visit_on"), frame)
        return claims if self.over != "lines" else pl.coalesce(self.expr(Name("service_on"), frame), claims)

    # ---- expressions -----------------------------------------------------------------------------------------------

    def expr(self, node: Node, frame: pl.DataFrame) -> pl.Expr:
        """The node over the prepared frame."""
        match node:
            case Name(name):
                return self._name(name, frame)
            case Literal(value):
                return pl.lit(value)
            case Lookup() | Listed():
                return pl.col(self.named(node))
            case Call(function, _) if function in OUTSIDE | WITHIN | OVER_MEMBERS:
                return pl.col(self.named(node))
            case Call(function, args):
                return self._call(function, args, frame)
            case Arithmetic(operator, left, right):
                return self._arithmetic(operator, self.expr(left, frame), self.expr(right, frame))
            case Compare(operator, left, right):
                return self._comparison(operator, left, right, frame)
            case Test(kind, value, against):
                return self._tested(kind, self.expr(value, frame), against)
            case Logic("not", (part,)):
                return ~self.truth(part, frame)
            case Logic(operator, parts):
                whole = self.truth(parts[0], frame)
                for part in parts[1:]:
                    whole = whole & self.truth(part, frame) if operator == "and" else whole | self.truth(part, frame)
                return whole
        raise AssertionError(node)

    def truth(self, node: Node, frame: pl.DataFrame) -> pl.Expr:
        return self.expr(node, frame).cast(pl.Boolean())

    def _name(self, name: str, frame: pl.DataFrame) -> pl.Expr:
        prefix, _, column = name.rpartition(".")
        if prefix == "claim":
            there = [column if self.over == "claims" else f"c:{column}"]
            return (
                pl.col(there[0])
                if there[0] in frame.columns
                else pl.lit(None, TYPES[self.typing.name(self.over, name)])
            )
        if prefix in {"other", "pair"}:
            there = [known for known in (f"{prefix[0]}:{column}", f"o:c:{column}") if known in frame.columns]
            return pl.coalesce(there) if there else pl.lit(None, TYPES[self.typing.name(self.over, name)])
        if f"w:{name}" in frame.columns:
            return pl.col(f"w:{name}")
        own = [name] if name in frame.columns and not self.only_claims(name) else []
        found = own + ([f"c:{name}"] if f"c:{name}" in frame.columns and not self._only_own(name) else [])
        if not found:
            return pl.lit(None, TYPES[self.typing.name(self.over, name)])
        return pl.coalesce(found) if len(found) > 1 else pl.col(found[0])

    def only_claims(self, name: str) -> bool:
        known = name in schema.CLAIM or name in self.typing.derived
        return self.over != "claims" and ((known and name not in schema.SCOPES[self.over]) or name == "claim_id")

    def _only_own(self, name: str) -> bool:
        return name in schema.SCOPES[self.over] and name not in schema.CLAIM

    def _arithmetic(self, operator: str, left: pl.Expr, right: pl.Expr) -> pl.Expr:
        match operator:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
        return pl.when(right != 0).then(left.cast(pl.Float64()) / right)

    def _comparison(self, operator: str, left: Node, right: Node, frame: pl.DataFrame) -> pl.Expr:
        kinds = {self.typing.of(left, self.over), self.typing.of(right, self.over)}
        mine, other = self.expr(left, frame), self.expr(right, frame)
        if "any" in kinds:
            wanted = TYPES[next(iter(kinds - {"any"}), "text")]
            mine, other = (side.cast(wanted, strict=False) for side in (mine, other))
        if "number" in kinds:
            match operator:
                case "=":
                    return (mine - other).abs() <= EPSILON
                case "<>":
                    return (mine - other).abs() > EPSILON
                case "<":
                    return mine < other - EPSILON
                case "<=":
                    return mine <= other + EPSILON
                case ">":
                    return mine > other + EPSILON
            return mine >= other - EPSILON
        match operator:
            case "=":
                return mine == other
            case "<>":
                return mine != other
            case "<":
                return mine < other
            case "<=":
                return mine <= other
            case ">":
                return mine > other
        return mine >= other

    def _tested(self, kind: str, value: pl.Expr, against: tuple[Any, ...]) -> pl.Expr:
        if kind == "null":
            return value.is_null()
        if kind == "in":
            return pl.when(value.is_not_null()).then(value.is_in(list(against)))
        return value.str.contains(f"^(?s:{like_regex(str(against[0]))})$")

    def _call(self, function: str, args: tuple[Node, ...], frame: pl.DataFrame) -> pl.Expr:
        first, *more = (self.expr(arg, frame) for arg in args)
        match function:
            case "floor":
                return (first + EPSILON).floor()
            case "ceil":
                return (first - EPSILON).ceil()
            case "floor10":
                return ((first + EPSILON) / 10).floor() * 10
            case "round":
                scale = 10 ** (int(args[1].value or 0) if len(args) > 1 and isinstance(args[1], Literal) else 0)  # type: ignore[arg-type]
                return (first.cast(pl.Float64()) * scale + 0.5 + EPSILON).floor() / scale
            case "abs":
                return first.abs()
            case "least":
                return pl.when(first.is_not_null() & more[0].is_not_null()).then(pl.min_horizontal(first, more[0]))
            case "greatest":
                return pl.when(first.is_not_null() & more[0].is_not_null()).then(pl.max_horizontal(first, more[0]))
            case "coalesce":
                return pl.coalesce(first, more[0])
            case "length":
                return first.str.len_chars().cast(pl.Int64())
            case "left":
                return first.str.slice(0, more[0])
            case "month":
                return first.dt.month().cast(pl.Int64())
            case "year":
                return first.dt.year().cast(pl.Int64())
            case "date_diff_days":
                return (first - more[0]).dt.total_days()
            case "regexp_matches":
                return first.str.contains(str(args[1].value)) if isinstance(args[1], Literal) else pl.lit(None)
            case "is_night_or_holiday":
                return _night(first)
        raise AssertionError(function)


@lru_cache(maxsize=1)
def _holidays() -> list[date]:
    first, last = date(2015, 1, 1).toordinal(), date(2040, 1, 1).toordinal()
    days = (date.fromordinal(day) for day in range(first, last))
    return [day for day in days if calendar.is_holiday(day)]


def _night(at: pl.Expr) -> pl.Expr:
    minutes = at.dt.hour().cast(pl.Int64()) * 60 + at.dt.minute()
    closes = pl.when(at.dt.weekday() == 6).then(13 * 60).otherwise(18 * 60)
    return at.dt.date().is_in(_holidays()) | (minutes < 9 * 60) | (minutes >= closes)


def _inner_first(node: Node) -> Iterator[Node]:
    for child in children(node):
        yield from _inner_first(child)
    yield node
