"""Windows and pairs over whole tables: the meaning of `windows`, by Polars groups and joins."""

from collections.abc import Sequence
from datetime import date

import polars as pl

from tamna.engines.claimcheck.emit_frames import TYPES, WITHIN, FrameEmitter
from tamna.engines.claimcheck.rules import WINDOW_NAMES, Rule
from tamna.engines.claimcheck.single import Part
from tamna.engines.claimcheck.syntax import OVER_MEMBERS, Call, Compare, Literal, Logic, Name, Node, walk
from tamna.engines.claimcheck.tables import Table
from tamna.engines.claimcheck.windows import DAY, FEWEST_PEERS

NO_DAY = date(1, 1, 1)
WANTED = {"quantity": "number", "amount": "int", "days": "int", "code": "text", "line_no": "int"}


def ranked(frame: pl.DataFrame, over: str) -> pl.DataFrame:
    """The rows in the order windows count them: by day, statement, line."""
    day = DAY.get(over, "")
    return frame.sort(*([pl.col(day).fill_null(NO_DAY)] if day in frame.columns else []), "claim", "at")


def _members(
    frame: pl.DataFrame, emitter: FrameEmitter, rule: Rule, parts: Sequence[Part]
) -> tuple[pl.DataFrame, list[str]]:
    """Rows of a ranked frame the rule looks at, with the values of `per` as g0, g1 …; an empty one leaves the row out."""
    keys = [
        (pl.col("claim") if key == Name("claim_id") else emitter.expr(key, frame)).alias(f"g{number}")
        for number, key in enumerate(rule.per)
    ]
    names = [f"g{number}" for number in range(len(keys))]
    day = DAY[rule.over]
    kept = dict.fromkeys(
        name
        for name in (
            "claim",
            "at",
            day,
            "quantity",
            "amount",
            "days",
            "code",
            "line_no",
            *_roots(frame, emitter, parts),
        )
        if name in frame.columns
    )
    roots = dict.fromkeys(name for key in keys for name in key.meta.root_names())
    rows = frame.select(list(kept | roots))  # before the filter: it costs by the column
    if rule.where is not None:
        rows = rows.filter(frame.select(emitter.truth(rule.where, frame).fill_null(value=False)).to_series())
    rows = rows.with_columns(
        *keys,
        (pl.col(day) if day in rows.columns else pl.lit(None, pl.Date())).alias("day"),
        *(pl.lit(None, TYPES[kind]).alias(name) for name, kind in WANTED.items() if name not in rows.columns),
    )
    rows = rows.drop_nulls(names).select(list(dict.fromkeys([*names, *kept, "day", *WANTED])))
    return rows.with_columns(rank=pl.int_range(pl.len(), dtype=pl.Int64())), names


def _roots(frame: pl.DataFrame, emitter: FrameEmitter, parts: Sequence[Part]) -> list[str]:
    """Frame columns the hits and their won will read."""
    tops: list[Node] = [node for part in parts for node in (part.hit, part.won)]
    wanted = {"service_on", "first_visit_on"}
    named: set[str] = set()
    for node in (below for top in tops for below in walk(top)):
        if isinstance(node, Name):
            wanted.add(node.name.rpartition(".")[2])
        elif emitter.named(node) in frame.columns:
            named.add(emitter.named(node))
    both = [name for bare in wanted for name in (bare, f"c:{bare}") if name in frame.columns]
    return [*both, *sorted(named)]


def windowed(frame: pl.DataFrame, emitter: FrameEmitter, rule: Rule, parts: Sequence[Part]) -> pl.DataFrame:
    """The members with `w:` columns for the window's values."""
    rows, keys = _members(frame, emitter, rule, parts)
    nodes = [node for part in parts for top in (part.hit, part.won) for node in walk(top)]
    able = pl.any_horizontal(_able(part.hit, emitter, rows, keys) for part in parts)
    if not any(isinstance(node, Call) and node.function == "robust_z" for node in nodes):  # which needs every peer
        rows = rows.join(rows.filter(able).select(keys).unique(), on=keys, how="semi", maintain_order="left")
    asked = {node.name for node in nodes if isinstance(node, Name)}
    columns = {
        "nth": pl.int_range(pl.len(), dtype=pl.Int64()).over(keys) + 1,
        "rows": pl.len().over(keys).cast(pl.Int64()),
        "total": pl.col("quantity").fill_null(0.0).sum().over(keys),
        "codes": pl.col("code").drop_nulls().n_unique().over(keys).cast(pl.Int64()),
        "kept_code": pl.col("code")
        .sort_by([pl.col("amount").fill_null(0), pl.col("rank")], descending=[True, False])
        .first()
        .over(keys),
    }
    rows = rows.with_columns(value.alias(f"w:{name}") for name, value in columns.items() if name in asked)
    if "days_since" in asked:
        days = rows.select(*keys, "day").drop_nulls().unique().sort(*keys, "day")
        since = (pl.col("day") - pl.col("day").shift(1).over(keys)).dt.total_days()
        rows = rows.join(
            days.with_columns(since.alias("w:days_since")), on=[*keys, "day"], how="left", maintain_order="left"
        )
    for node in dict.fromkeys(node for node in nodes if isinstance(node, Call) and node.function in WITHIN):
        rows = _counted_back(rows, keys, emitter, node, frame)
    for node in dict.fromkeys(node for node in nodes if isinstance(node, Call) and node.function in OVER_MEMBERS):
        rows = _over_members(rows, keys, emitter, node)
    return rows


def _able(hit: Node, emitter: FrameEmitter, rows: pl.DataFrame, keys: list[str]) -> pl.Expr:
    """What must hold of a row, seen without its window, for the hit to be true; windows without such a row are left out."""
    needed = [pl.lit(value=True)]
    for part in hit.parts if isinstance(hit, Logic) and hit.operator == "and" else (hit,):
        if isinstance(part, Compare):
            if part == Compare(">", Name("nth"), Literal(1)):
                needed.append(pl.struct(keys).is_duplicated())
            sides = (part.left, part.right)
            needed += [emitter.expr(side, rows).is_not_null() for side in sides if _is_alone(side)]
        if _is_alone(part):
            needed.append(emitter.truth(part, rows).fill_null(value=False))
    return pl.all_horizontal(needed)


def _is_alone(node: Node) -> bool:
    """Whether a row answers it without its window."""
    return not any(
        (isinstance(below, Name) and below.name in WINDOW_NAMES)
        or (isinstance(below, Call) and below.function in WITHIN | OVER_MEMBERS)
        for below in walk(node)
    )


def _over_members(rows: pl.DataFrame, keys: list[str], emitter: FrameEmitter, node: Call) -> pl.DataFrame:
    """The answer of one function over the members as its own column."""
    name = emitter.named(node)
    if node.function == "counted":
        met = emitter.truth(node.args[0], rows).fill_null(value=False)
        return rows.with_columns(met.cast(pl.Int64()).sum().over(keys).alias(name))
    value = emitter.expr(node.args[0], rows)
    if node.function == "nth_distinct":
        rows = rows.with_columns(k0=value)
        first = rows.drop_nulls("k0").group_by([*keys, "k0"]).agg(first=pl.col("rank").min())
        turn = first.with_columns(pl.col("first").rank("dense").over(keys).cast(pl.Int64()).alias(name)).drop("first")
        return rows.join(turn, on=[*keys, "k0"], how="left", maintain_order="left").drop("k0")
    return _robust_z(rows, keys, emitter, node, name)


def _robust_z(rows: pl.DataFrame, keys: list[str], emitter: FrameEmitter, node: Call, name: str) -> pl.DataFrame:
    """A peer is a row, or all rows that share the further arguments."""
    shared = [emitter.expr(arg, rows).alias(f"k{number}") for number, arg in enumerate(node.args[1:])]
    units = [f"k{number}" for number in range(len(shared))] or ["rank"]
    rows = rows.with_columns(emitter.expr(node.args[0], rows).cast(pl.Float64()).alias("x"), *shared)
    peers = rows.drop_nulls(["x", *units]).group_by([*keys, *units]).agg(pl.col("x").sum())
    peers = peers.with_columns(middle=pl.col("x").median().over(keys), among=pl.len().over(keys))
    peers = peers.with_columns(spread=(pl.col("x") - pl.col("middle")).abs().median().over(keys) * 1.4826)
    z = (pl.col("x") - pl.col("middle")) / pl.col("spread")
    known = (pl.col("among") >= FEWEST_PEERS) & (pl.col("spread") != 0)
    peers = peers.select(*keys, *units, pl.when(known).then(z).alias(name))
    there = pl.col("x").is_not_null()
    rows = rows.join(peers, on=[*keys, *units], how="left", maintain_order="left")
    rows = rows.with_columns(pl.when(there).then(pl.col(name)).alias(name))
    return rows.drop("x", *(unit for unit in units if unit != "rank"))


def _counted_back(
    rows: pl.DataFrame, keys: list[str], emitter: FrameEmitter, node: Call, frame: pl.DataFrame
) -> pl.DataFrame:
    """Sum up to this row, less the sum up to the last day outside the period."""
    known = pl.col("day").is_not_null()
    weight = pl.lit(1.0) if node.function == "rows_within" else pl.col("quantity").fill_null(0.0)
    rows = rows.with_columns(
        upto=pl.when(known).then(weight).otherwise(0.0).cum_sum().over(keys),
        before=(pl.col("day") - pl.duration(days=emitter.expr(node.args[0], rows).cast(pl.Int64()))),
    )
    ends = rows.drop_nulls("day").group_by([*keys, "day"]).agg(outside=pl.col("upto").max()).sort("day")
    asked = rows.drop_nulls("before").sort("before")
    counted = asked.join_asof(
        ends, left_on="before", right_on="day", by=keys, strategy="backward", check_sortedness=False
    ).select("rank", (pl.col("upto") - pl.col("outside").fill_null(0.0)).alias(emitter.named(node)))
    return rows.join(counted, on="rank", how="left", maintain_order="left").drop("upto", "before")


def paired(frame: pl.DataFrame, emitter: FrameEmitter, rule: Rule, parts: Sequence[Part]) -> pl.DataFrame:
    """Every ordered pair of members: mine by name, the other as `o:NAME`, the table's row as `p:NAME`."""
    rows, keys = _members(frame, emitter, rule, parts)
    table = emitter.typing.tables[rule.pair_table] if rule.pair_table else None
    if table:
        codes = {code for row in table.rows for code in (row[column] for column in table.key_columns)}
        rows = rows.filter(pl.col("code").is_in(list(codes)))
    other = rows.rename({name: f"o:{name}" for name in rows.columns if name not in keys})
    both = rows.join(other, on=keys, how="inner").filter(pl.col("rank") != pl.col("o:rank"))
    both = both.with_columns(_beside())
    if table:
        sides = [
            both.join(_listed(table, first, second), on=["code", "o:code"]).with_columns(pl.lit(side).alias("w:side"))
            for side, first, second in (("a", "code", "o:code"), ("b", "o:code", "code"))
        ]
        both = pl.concat(sides, how="diagonal")
    return emitter.prepared(both, [node for part in parts for node in (part.hit, part.won)])


def _listed(table: Table, first: str, second: str) -> pl.DataFrame:
    rows = list(table.single.values())
    one, two = table.key_columns
    frame = pl.DataFrame(
        {name: pl.Series([row.get(name) for row in rows], dtype=TYPES[kind]) for name, kind in table.types.items()}
    )
    frame = frame.select(pl.all().name.prefix("p:"), pl.col(one).alias(first), pl.col(two).alias(second))
    return frame


def _beside() -> list[pl.Expr]:
    amount, other = pl.col("amount").fill_null(0), pl.col("o:amount").fill_null(0)
    later = pl.col("rank") > pl.col("o:rank")
    last, other_last = (_last_day(prefix) for prefix in ("", "o:"))
    return [
        ((amount < other) | ((amount == other) & later)).alias("w:is_cheaper"),
        later.alias("w:is_later"),
        ((pl.col("day") <= other_last) & (pl.col("o:day") <= last)).alias("w:days_overlap"),
    ]


def _last_day(prefix: str) -> pl.Expr:
    days = pl.col(f"{prefix}days").fill_null(1)
    days = pl.when(days == 0).then(1).otherwise(days)
    return pl.col(f"{prefix}day") + pl.duration(days=(days - 1).clip(0, 9_999))
