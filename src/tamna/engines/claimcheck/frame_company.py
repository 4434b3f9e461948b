"""Windows and pairs over whole tables: the meaning of `windows`, by Polars groups and joins.

A window is read only where something can be found: groups that hold no row which could hit are left out before anything
is sorted or counted, and what needs an order is asked only of groups that the rest of the condition left.
"""

from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np
import polars as pl

from tamna.engines.claimcheck.company import as_mine, by_itself, conjuncts, is_alone, is_of_other
from tamna.engines.claimcheck.emit_frames import TYPES, FrameEmitter
from tamna.engines.claimcheck.frame_numbers import DENSE, Places, combined
from tamna.engines.claimcheck.frame_scope import Mask, Scope
from tamna.engines.claimcheck.rules import PAIR_NAMES, WINDOW_NAMES, Rule
from tamna.engines.claimcheck.single import Part
from tamna.engines.claimcheck.syntax import (
    OVER_MEMBERS,
    WITHIN,
    Call,
    Compare,
    Literal,
    Logic,
    Name,
    Node,
    Test,
    walk,
)
from tamna.engines.claimcheck.tables import Table
from tamna.engines.claimcheck.windows import DAY, FEWEST_PEERS

NO_DAY = date(1, 1, 1)
# Column → its type, and what of a window or pair reads it.
WANTED = {
    "quantity": ("number", {"total", "quantity_within"}),
    "amount": ("int", {"kept_code", "is_cheaper"}),
    "days": ("int", {"days_overlap"}),
    "code": ("text", {"codes", "kept_code", "side"}),
}
IN_ORDER = {"nth", "days_since", "kept_code"} | WITHIN | {"nth_distinct"}  # the rest is the same however rows stand


def windowed(scope: Scope, rule: Rule, parts: Sequence[Part], members: Places) -> pl.DataFrame:
    """Of the members (rows that `where` lets in), those that could still hit, with `w:` columns for the window's values."""
    nodes = _read(rule, parts)
    asked = _values(nodes)
    hit = conjuncts(rule.hit)
    peers = [value for value in asked if isinstance(value, Call) and value.function == "robust_z"]
    keys = scope.keys(rule.per, members)
    if (keys < 0).any():
        members, keys = members[keys >= 0], keys[keys >= 0]
    columns: list[pl.Series] = []
    for call in peers:
        z = _robust_z(scope, call, members, keys)
        needed = any(isinstance(node, Compare) and call in (node.left, node.right) for node in hit)
        kept = z.is_not_null().to_numpy() if needed else np.ones(len(z), bool)
        columns = [column.filter(kept) for column in columns] + [z.filter(kept).alias(scope.emitter.named(call))]
        members, keys = members[kept], keys[kept]
    if not peers:  # which need every row of the window
        members, keys = _able(scope, hit, members, keys)
    rows = _company(scope, members, keys, nodes).with_columns(columns)
    later = [value for value in asked if _name(value) in IN_ORDER]
    for value in asked:
        if value not in peers and value not in later:
            rows = _with(rows, scope.emitter, value)
    known = [node for node in hit if not IN_ORDER & set(map(_name, _values([node])))]
    if later and not peers:
        met = pl.all_horizontal([pl.lit(value=True), *(scope.emitter.truth(node, rows) for node in known)])
        rows = _ranked(_groups_of(rows, met))
    elif later:
        rows = _ranked(rows)
    for value in later:
        rows = _with(rows, scope.emitter, value)
    return rows


def _read(rule: Rule, parts: Sequence[Part]) -> list[Node]:
    return [rule.hit, *(node for part in parts for node in (part.hit, part.won))]


def _values(nodes: Iterable[Node]) -> list[Name | Call]:
    """What nodes ask of the window, once each."""
    found: dict[Name | Call, None] = {}
    for top in nodes:
        for node in walk(top):
            is_value = isinstance(node, Name) and node.name in WINDOW_NAMES
            if is_value or (isinstance(node, Call) and node.function in WITHIN | OVER_MEMBERS):
                found[node] = None  # type: ignore[index]
    return list(found)


def _name(value: Name | Call) -> str:
    return value.name if isinstance(value, Name) else value.function


def _able(scope: Scope, hit: Sequence[Node], members: Places, keys: Places) -> tuple[Places, Places]:
    """Only groups with a row that, seen without its window, could hit."""
    alone: list[Node] = [node for node in hit if is_alone(node)]
    sides = [side for node in hit if isinstance(node, Compare) for side in (node.left, node.right)]
    alone += [Logic("not", (Test("null", side),)) for side in sides if not isinstance(side, Literal) and is_alone(side)]
    for node in hit:
        if _counts_some(node):
            members, keys = _with_one(members, keys, scope.met_among([node.left.args[0]], members))  # type: ignore[union-attr]
    if alone:
        members, keys = _with_one(members, keys, scope.met_among(alone, members))
    lone = [by_itself(node) for node in hit]
    if None in lone:
        return members, keys
    kept = _twice(keys) | scope.met_among([node for node in lone if node is not None], members)
    return members[kept], keys[kept]


def _twice(keys: Places) -> Mask:
    """Keys that occur again. Sorting is quicker than hashing here, counting in a table where it is small quicker than both."""
    if keys.max(initial=0) < DENSE:
        return np.bincount(keys)[keys] > 1 if len(keys) else np.zeros(0, bool)
    ordered = np.sort(keys)
    return _among(keys, ordered[1:][ordered[1:] == ordered[:-1]])


def _counts_some(node: Node) -> bool:
    """`counted(…) > 0`"""
    counted = isinstance(node, Compare) and isinstance(node.left, Call) and node.left.function == "counted"
    return counted and (node.operator, node.right) == (">", Literal(0))  # type: ignore[union-attr]


def _with_one(members: Places, keys: Places, able: Mask) -> tuple[Places, Places]:
    """Members of groups that hold an able one."""
    if able.all():
        return members, keys
    kept = _among(keys, keys[able])
    return members[kept], keys[kept]


def _among(keys: Places, some: Places) -> Mask:
    if keys.max(initial=0) < DENSE:
        there = np.zeros(DENSE, bool)
        there[some] = True
        return there[keys]
    return pl.Series(keys).is_in(pl.Series(some).unique().implode()).to_numpy()


def _company(
    scope: Scope, members: Places, keys: Places, nodes: Sequence[Node], more: Iterable[str] = ()
) -> pl.DataFrame:
    """The members with their group `g`, their day, and every column that company is asked for."""
    names = {_name(value) for value in _values(nodes)} | _pair_names(nodes) | set(more)
    wanted = {name: kind for name, (kind, by) in WANTED.items() if names & by}
    if names & (IN_ORDER | PAIR_NAMES.keys()):
        wanted[DAY[scope.over]] = "date"
    rows = scope.rows(members, nodes, wanted)
    rows = rows.with_columns(
        pl.lit(None, TYPES[kind]).alias(name) for name, kind in wanted.items() if name not in rows.columns
    )
    if DAY[scope.over] in wanted:
        rows = rows.with_columns(pl.col(DAY[scope.over]).alias("day"))
    return rows.with_columns(pl.Series("g", keys), pl.Series("row", members))


def _pair_names(nodes: Iterable[Node]) -> set[str]:
    return {node.name for top in nodes for node in walk(top) if isinstance(node, Name)} & PAIR_NAMES.keys()


def _ranked(rows: pl.DataFrame) -> pl.DataFrame:
    """In the order windows count them: by day, statement, line."""
    rows = rows.sort(pl.col("day").fill_null(NO_DAY), "claim", "at")
    return rows.with_columns(rank=pl.int_range(pl.len(), dtype=pl.Int64()))


def _groups_of(rows: pl.DataFrame, met: pl.Expr) -> pl.DataFrame:
    """Groups with a row that meets the condition."""
    able = rows.select(met.fill_null(value=False)).to_series()
    if len(able) != len(rows) or able.all():
        return rows
    return rows.filter(pl.col("g").is_in(rows["g"].filter(able).unique().implode()))


def _with(rows: pl.DataFrame, emitter: FrameEmitter, value: Name | Call) -> pl.DataFrame:
    """One value of the window as a column."""
    if isinstance(value, Name):
        if value.name == "days_since":
            return _days_since(rows)
        return rows.with_columns(_of_group(value.name).alias(f"w:{value.name}"))
    return _counted_back(rows, emitter, value) if value.function in WITHIN else _over_members(rows, emitter, value)


def _of_group(name: str) -> pl.Expr:
    match name:
        case "nth":
            return pl.int_range(pl.len(), dtype=pl.Int64()).over("g") + 1
        case "rows":
            return pl.len().over("g").cast(pl.Int64())
        case "total":
            return pl.col("quantity").fill_null(0.0).sum().over("g")
        case "codes":
            return pl.col("code").drop_nulls().n_unique().over("g").cast(pl.Int64())
    dearest = [pl.col("amount").fill_null(0), pl.col("rank")]
    return pl.col("code").sort_by(dearest, descending=[True, False]).first().over("g")


def _days_since(rows: pl.DataFrame) -> pl.DataFrame:
    days = rows.select("g", "day").drop_nulls().unique().sort("g", "day")
    since = (pl.col("day") - pl.col("day").shift(1).over("g")).dt.total_days()
    days = days.with_columns(since.alias("w:days_since"))
    return rows.join(days, on=["g", "day"], how="left", maintain_order="left")


def _over_members(rows: pl.DataFrame, emitter: FrameEmitter, node: Call) -> pl.DataFrame:
    """The answer of one function over the members as its own column."""
    name = emitter.named(node)
    if node.function == "counted":
        met = emitter.truth(node.args[0], rows).fill_null(value=False)
        return rows.with_columns(met.cast(pl.Int64()).sum().over("g").alias(name))
    value = emitter.expr(node.args[0], rows)
    if node.function == "nth_distinct":
        rows = rows.with_columns(k0=value)
        first = rows.drop_nulls("k0").group_by("g", "k0").agg(first=pl.col("rank").min())
        turn = first.with_columns(pl.col("first").rank("dense").over("g").cast(pl.Int64()).alias(name)).drop("first")
        return rows.join(turn, on=["g", "k0"], how="left", maintain_order="left").drop("k0")
    raise AssertionError(node)


def _robust_z(scope: Scope, node: Call, members: Places, keys: Places) -> pl.Series:
    """Each member's z; a peer is a row, or all rows that share the further arguments."""
    value = node.args[0]
    rows = scope.rows(members, [value])
    rows = rows.select(scope.emitter.expr(value, rows).cast(pl.Float64()).alias("x"), pl.Series("g", keys))
    unit = (
        np.arange(len(members))
        if len(node.args) == 1
        else combined([scope.values(arg) for arg in node.args[1:]])[0][members]
    )
    rows = rows.with_columns(pl.Series("unit", unit), pl.int_range(pl.len()).alias("member"))
    rows = rows.filter(pl.col("x").is_not_null() & (pl.col("unit") >= 0))
    peers = rows
    if len(node.args) > 1:
        both = combined(
            [
                (rows["g"].to_numpy(), int(keys.max(initial=0)) + 1),
                (rows["unit"].to_numpy(), int(unit.max(initial=0)) + 1),
            ]
        )
        again = _twice(both[0])
        summed = rows.filter(again).group_by("g", "unit").agg(pl.col("x").sum())
        peers = pl.concat([rows.filter(~again).select("g", "unit", "x"), summed])
    values = peers.group_by("g", "x").agg(count=pl.len().cast(pl.Int64()))  # far fewer than peers
    values = values.join(_medians(values, "x").rename({"middle": "m"}), on="g")
    values = values.with_columns(away=(pl.col("x") - pl.col("m")).abs())
    spread = _medians(values.group_by("g", "away").agg(pl.col("count").sum()), "away").drop("among")
    values = values.join(spread, on="g").with_columns(spread=pl.col("middle") * 1.4826)
    values = values.filter((pl.col("among") >= FEWEST_PEERS) & (pl.col("spread") != 0))
    values = values.select("g", "x", z=(pl.col("x") - pl.col("m")) / pl.col("spread"))
    if values.is_empty():
        return pl.Series([None], dtype=pl.Float64()).new_from_index(0, len(members))
    told = peers.join(values, on=["g", "x"]).select("g", "unit", "z")
    if len(told) < len(peers):
        rows = rows.filter(pl.col("g").is_in(told["g"].unique().implode()))
    told = rows.join(told, on=["g", "unit"]).select("member", "z")
    z = np.full(len(members), np.nan)
    z[told["member"].to_numpy()] = told["z"].to_numpy()
    return pl.Series(z).fill_nan(None)


def _medians(values: pl.DataFrame, of: str) -> pl.DataFrame:
    """The median of each group from its values and how often each stands there; `among`: how many they are."""
    values = values.sort("g", of).with_columns(
        upto=pl.col("count").cum_sum().over("g"), among=pl.col("count").sum().over("g")
    )
    low, high = (pl.col("among") - 1) // 2, pl.col("among") // 2  # places of the middle two
    before = pl.col("upto") - pl.col("count")
    return values.group_by("g").agg(
        pl.col("among").first(),
        middle=(
            pl.col(of).filter((before <= low) & (low < pl.col("upto"))).first()
            + pl.col(of).filter((before <= high) & (high < pl.col("upto"))).first()
        )
        / 2,
    )


def _counted_back(rows: pl.DataFrame, emitter: FrameEmitter, node: Call) -> pl.DataFrame:
    """Sum up to this row, less the sum up to the last day outside the period."""
    known = pl.col("day").is_not_null()
    weight = pl.lit(1.0) if node.function == "rows_within" else pl.col("quantity").fill_null(0.0)
    rows = rows.with_columns(
        upto=pl.when(known).then(weight).otherwise(0.0).cum_sum().over("g"),
        before=(pl.col("day") - pl.duration(days=emitter.expr(node.args[0], rows).cast(pl.Int64()))),
    )
    ends = rows.drop_nulls("day").group_by("g", "day").agg(outside=pl.col("upto").max()).sort("day")
    asked = rows.drop_nulls("before").sort("before")
    counted = asked.join_asof(
        ends, left_on="before", right_on="day", by="g", strategy="backward", check_sortedness=False
    ).select("rank", (pl.col("upto") - pl.col("outside").fill_null(0.0)).alias(emitter.named(node)))
    return rows.join(counted, on="rank", how="left", maintain_order="left").drop("upto", "before")


def paired(scope: Scope, rule: Rule, parts: Sequence[Part], members: Places) -> pl.DataFrame:
    """Ordered pairs of members that could hit: mine by name, the other as `o:NAME`, the table's row as `p:NAME`."""
    nodes = _read(rule, parts)
    keys = scope.keys(rule.per, members)
    table = scope.emitter.typing.tables[rule.pair_table] if rule.pair_table else None
    fit = keys >= 0
    if table:
        fit &= scope.met_among([Test("in", Name("code"), table.paired_codes)], members)
    members, keys = members[fit], keys[fit]
    hit = conjuncts(rule.hit)
    mine = scope.met_among([node for node in hit if is_alone(node)], members)
    others = scope.met_among([as_mine(node) for node in hit if is_of_other(node)], members)
    useful = (mine | others) & _twice(keys)
    for able in (mine, others):
        useful &= _among(keys, keys[able & useful])
    rows = _company(scope, members[useful], keys[useful], nodes, ["is_later", *(["side"] if table else [])])
    rows = _ranked(rows.with_columns(pl.Series("mine", mine[useful]), pl.Series("others", others[useful])))
    other = rows.filter("others").drop("mine", "others")
    other = other.rename({name: f"o:{name}" for name in other.columns if name != "g"})
    both = (
        rows.filter("mine")
        .drop("mine", "others")
        .join(other, on="g", how="inner")
        .filter(pl.col("rank") != pl.col("o:rank"))
    )
    both = both.with_columns(_beside(_pair_names(nodes)))
    if table:
        sides = [
            both.join(_listed(table, first, second), on=["code", "o:code"]).with_columns(pl.lit(side).alias("w:side"))
            for side, first, second in (("a", "code", "o:code"), ("b", "o:code", "code"))
        ]
        both = pl.concat(sides, how="diagonal")
    return scope.emitter.prepared(both, nodes)


def _listed(table: Table, first: str, second: str) -> pl.DataFrame:
    rows = list(table.single.values())
    one, two = table.key_columns
    frame = pl.DataFrame(
        {name: pl.Series([row.get(name) for row in rows], dtype=TYPES[kind]) for name, kind in table.types.items()}
    )
    frame = frame.select(pl.all().name.prefix("p:"), pl.col(one).alias(first), pl.col(two).alias(second))
    return frame


def _beside(names: set[str]) -> list[pl.Expr]:
    """What a pair says of its two lines."""
    later = pl.col("rank") > pl.col("o:rank")
    found = [later.alias("w:is_later")]
    if "is_cheaper" in names:
        amount, other = pl.col("amount").fill_null(0), pl.col("o:amount").fill_null(0)
        found.append(((amount < other) | ((amount == other) & later)).alias("w:is_cheaper"))
    if "days_overlap" in names:
        last, other_last = (_last_day(prefix) for prefix in ("", "o:"))
        found.append(((pl.col("day") <= other_last) & (pl.col("o:day") <= last)).alias("w:days_overlap"))
    return found


def _last_day(prefix: str) -> pl.Expr:
    days = pl.col(f"{prefix}days").fill_null(1)
    days = pl.when(days == 0).then(1).otherwise(days)
    return pl.col(f"{prefix}day") + pl.duration(days=(days - 1).clip(0, 9_999))
