"""Statements unlike their peers and their own past (과다 청구 의심): how surprising each fact of a statement is, and which one the most.

Learnt from past statements alone, without labels: how many of a code come on a line, how often it comes twice on a day, for which sex, age,
department and diagnosis, whether a first-visit fee follows a recent visit, whether somebody in bed is seen as an outpatient, and the
total against peers (robust z). Each fact is ranked among the past's own; a statement's score is its rarest fact (smallest p).
Peers: Iglewicz & Hoaglin 1993 (median and MAD); ranks instead of sums, since facts of different kinds have no common unit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tamna.engines.learning.columns import Floats

PARTS = ("quantity", "repeat", "sex", "age", "place", "pair", "first_visit", "in_bed", "amount")
AGES = (1, 6, 18, 40, 65)  # bands
GAPS = (8, 31, 91, 366)  # days since the last visit to the department
PRIOR = 20.0  # statements of the department that a diagnosis group is mixed with
FEWEST = 30
GROUP = 3  # letters of a diagnosis that make a group
FIRST = ("01", "01")  # section and sub-section of a first-visit fee
CONSULTATION = "01"
POINTS = 400  # of each part's distribution that are kept
LEAST_SPREAD = 0.2  # of log totals: peers that are all alike still differ by a fifth
SURE = 9.0  # surprise of what cannot be


@dataclass(frozen=True)
class Norms:
    """What is usual, as tables: each a frame of keys with `n` and `hits`; and how rare each part's surprises are."""

    tables: Mapping[str, pl.DataFrame]
    ranks: Mapping[str, Floats]  # part → sorted surprises of past statements that had any
    statements: int
    cutoff: float  # p under which a past statement was in the wanted share of alarms

    def as_json(self) -> dict[str, Any]:
        return {"tables": {name: frame.to_dict(as_series=False) for name, frame in self.tables.items()},
                "ranks": {name: [float(value) for value in values] for name, values in self.ranks.items()},
                "statements": self.statements, "cutoff": self.cutoff}  # fmt: skip

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "Norms":
        tables = {
            name: pl.DataFrame(columns, schema_overrides=_schema(columns)) for name, columns in raw["tables"].items()
        }
        return cls(
            tables,
            {name: np.array(values) for name, values in raw["ranks"].items()},
            int(raw["statements"]),
            float(raw["cutoff"]),
        )


def _schema(columns: Mapping[str, Any]) -> dict[str, Any]:
    texts = ("setting", "code", "sex", "department", "group")
    return {
        name: pl.String if name in texts else pl.Int64 if name in ("band", "gap") else pl.Float64 for name in columns
    }


def fit(claims: pl.DataFrame, lines: pl.DataFrame, diagnoses: pl.DataFrame, *, alarms: float = 0.02) -> Norms:
    """Learn what is usual. `alarms` is the share of past statements that would have been shown."""
    facts = _facts(claims, lines, diagnoses)
    tables = _tables(facts)
    found = _surprises(tables, facts)
    whole = Norms(tables, {}, claims.height, 1.0)
    worst = found.group_by("claim_id", "part").agg(pl.col("surprise").max())
    ranks = {}
    for part in PARTS:
        values = np.sort(worst.filter(pl.col("part") == part)["surprise"].to_numpy())[::-1]
        ranks[part] = values
    ranked = _ranked(found, Norms(whole.tables, ranks, claims.height, 1.0))
    scores = np.sort(ranked.group_by("claim_id").agg(pl.col("p").min())["p"].to_numpy())
    place = int(alarms * claims.height)
    cutoff = float(scores[place]) if place < len(scores) else alarms  # fewer had anything rare at all
    return Norms(tables, {part: _thinned(values) for part, values in ranks.items()}, claims.height, cutoff)


def _thinned(values: Floats) -> Floats:
    """The largest surprises one by one; the rest is never asked for."""
    return values[: max(POINTS, int(len(values) * 0.05))]


def scores(norms: Norms, claims: pl.DataFrame, lines: pl.DataFrame, diagnoses: pl.DataFrame) -> pl.DataFrame:
    """The rarest facts of each statement: claim_id, p, part, line_no, code, value, n, share; the rarest first, three at most a statement."""
    ranked = _ranked(_surprises(norms.tables, _facts(claims, lines, diagnoses)), norms)
    down = [False, False, True, False, False]
    order = ["claim_id", "p", "surprise", "part", "line_no"]
    best = (
        ranked.sort(order, descending=down, nulls_last=True).group_by("claim_id", "part", maintain_order=True).first()
    )
    return best.sort(order, descending=down, nulls_last=True).group_by("claim_id", maintain_order=True).head(3)


def _ranked(found: pl.DataFrame, norms: Norms) -> pl.DataFrame:
    """p: the share of past statements whose own worst surprise of this part was as large."""
    parts = []
    for part, values in norms.ranks.items():
        rows = found.filter(pl.col("part") == part)
        if rows.is_empty():
            continue
        larger = len(values) - np.searchsorted(values[::-1], rows["surprise"].to_numpy() - 1e-9, side="left")
        inside = rows["surprise"].to_numpy() >= values[-1] if len(values) else np.ones(rows.height, dtype=bool)
        p = np.where(inside, (larger + 0.5) / (norms.statements + 1), 1.0)
        parts.append(rows.with_columns(p=pl.Series(p)))
    return pl.concat(parts) if parts else found.with_columns(p=pl.lit(1.0)).clear()


@dataclass(frozen=True)
class _Facts:
    about: pl.DataFrame  # claim_id setting department sex band group gap in_bed total
    lines: pl.DataFrame  # claim_id line_no code section sub quantity on, with the columns of about
    pairs: pl.DataFrame  # claim_id code other


def with_past(claims: pl.DataFrame, diagnoses: pl.DataFrame, beds: pl.DataFrame | None = None) -> pl.DataFrame:
    """Adds what the patient's other statements tell: `gap_days` since the last visit to the department for the same diagnosis group, and
    `in_bed` on an outpatient day. `beds`: patient_ref, start, stop of stays that have no statement yet.
    """
    rows = claims.select("claim_id", "patient_ref", "setting", "department", "first_visit_on", "last_service_on").join(
        _groups(diagnoses), on="claim_id", how="left"
    )
    visits = rows.filter(pl.col("setting") == "outpatient").sort(
        "patient_ref", "department", "group", "first_visit_on", "claim_id"
    )
    before = pl.col("first_visit_on").shift().over("patient_ref", "department", "group")
    visits = visits.with_columns(gap_days=(pl.col("first_visit_on") - before).dt.total_days())
    stays = rows.filter(pl.col("setting") == "inpatient").select(
        "patient_ref", start="first_visit_on", stop="last_service_on"
    )
    if beds is not None:
        stays = pl.concat([stays, beds.select("patient_ref", "start", "stop")])
    inside = visits.join(stays, on="patient_ref").filter(
        (pl.col("first_visit_on") > pl.col("start")) & (pl.col("first_visit_on") < pl.col("stop"))
    )
    lying = inside["claim_id"].unique()
    known = claims.drop([name for name in ("gap_days", "in_bed") if name in claims.columns])
    return known.join(
        visits.select("claim_id", "gap_days"), on="claim_id", how="left", maintain_order="left"
    ).with_columns(in_bed=pl.col("claim_id").is_in(lying.implode()))


def _groups(diagnoses: pl.DataFrame) -> pl.DataFrame:
    """The principal diagnosis group of each statement."""
    principal = diagnoses.filter(pl.col("kind") == "principal")
    return principal.group_by("claim_id").agg(group=pl.col("code").first().str.slice(0, GROUP))


def _facts(claims: pl.DataFrame, lines: pl.DataFrame, diagnoses: pl.DataFrame) -> _Facts:
    known = claims if "gap_days" in claims.columns else with_past(claims, diagnoses)
    days = (pl.col("first_visit_on") - pl.col("birth_date")).dt.total_days() / 365.25
    about = known.join(_groups(diagnoses), on="claim_id", how="left").select(
        "claim_id", "setting", "department", pl.col("sex").fill_null(""), pl.col("group").fill_null(""),
        band=_band(days, AGES), gap=_band(pl.col("gap_days").cast(pl.Float64), GAPS), in_bed="in_bed",
        total=pl.col("total_amount").cast(pl.Float64),
    )  # fmt: skip
    shown = lines.select(
        "claim_id", "line_no", "code", section="item_class", sub="item_sub", quantity=pl.col("quantity").cast(pl.Float64), on=pl.col("service_on"),
    ).join(about, on="claim_id")  # fmt: skip
    codes = (
        shown.filter((pl.col("setting") != "inpatient") & ~pl.col("section").is_in(["01", "02"]))
        .select("claim_id", "setting", "code")
        .unique()
    )
    pairs = codes.join(codes.select("claim_id", other="code"), on="claim_id").filter(pl.col("code") < pl.col("other"))
    return _Facts(about, shown, pairs)


def _band(value: pl.Expr, edges: tuple[int, ...]) -> pl.Expr:
    expression = pl.lit(0, pl.Int64)
    for edge in edges:
        expression = expression + (value >= edge).cast(pl.Int64)
    return pl.when(value.is_null()).then(pl.lit(len(edges) + 1, pl.Int64)).otherwise(expression)


def _counted(frame: pl.DataFrame, keys: list[str], hit: list[str]) -> pl.DataFrame:
    """n rows by keys, and hits by keys and what was seen."""
    whole = frame.group_by(keys).agg(n=pl.len().cast(pl.Float64))
    return frame.group_by([*keys, *hit]).agg(hits=pl.len().cast(pl.Float64)).join(whole, on=keys).sort([*keys, *hit])


def _tables(facts: _Facts) -> dict[str, pl.DataFrame]:
    lines, about = facts.lines, facts.about
    quantity = (
        lines.group_by("setting", "code", "quantity")
        .agg(hits=pl.len().cast(pl.Float64))
        .sort("setting", "code", "quantity", descending=[False, False, True])
    )
    quantity = quantity.with_columns(
        hits=pl.col("hits").cum_sum().over("setting", "code"), n=pl.col("hits").sum().over("setting", "code")
    )
    days = _twice(lines)
    repeat = (
        days.group_by("setting", "code")
        .agg(n=pl.len().cast(pl.Float64), hits=(pl.col("times") > 1).sum().cast(pl.Float64))
        .sort("setting", "code")
    )
    with_code = lines.unique(["claim_id", "code"])
    in_department = about.group_by("setting", "department").agg(n=pl.len().cast(pl.Float64))
    in_group = about.group_by("setting", "department", "group").agg(n=pl.len().cast(pl.Float64))
    place = (
        with_code.group_by("setting", "department", "code")
        .agg(hits=pl.len().cast(pl.Float64))
        .join(in_department, on=["setting", "department"])
    )
    group = (
        with_code.group_by("setting", "department", "group", "code")
        .agg(hits=pl.len().cast(pl.Float64))
        .join(in_group, on=["setting", "department", "group"])
    )
    first = lines.filter((pl.col("setting") == "outpatient") & (pl.col("section") == CONSULTATION)).unique("claim_id")
    is_first = (pl.col("section") == FIRST[0]) & (pl.col("sub") == FIRST[1])
    visits = first.group_by("gap").agg(n=pl.len().cast(pl.Float64), hits=is_first.sum().cast(pl.Float64)).sort("gap")
    peers = about.group_by("setting", "department", "group").agg(
        n=pl.len().cast(pl.Float64), middle=pl.col("total").log1p().median(), spread=_mad()
    )
    wide = about.group_by("setting", "department").agg(
        n=pl.len().cast(pl.Float64), middle=pl.col("total").log1p().median(), spread=_mad()
    )
    alone = (
        with_code.filter(pl.col("setting") != "inpatient").group_by("setting", "code").agg(n=pl.len().cast(pl.Float64))
    )
    return {
        "quantity": quantity, "repeat": repeat, "sex": _counted(with_code, ["code"], ["sex"]), "age": _counted(with_code, ["code"], ["band"]),
        "place": place.sort("setting", "department", "code"), "group": group.sort("setting", "department", "group", "code"),
        "groups": in_group.sort("setting", "department", "group"), "departments": in_department.sort("setting", "department"), "first_visit": visits,
        "peers": peers.sort("setting", "department", "group"), "wide": wide.sort("setting", "department"), "alone": alone.sort("setting", "code"),
        "pair": facts.pairs.group_by("setting", "code", "other").agg(hits=pl.len().cast(pl.Float64)).rename({"other": "sex"}).sort("setting", "code", "sex"),
    }  # fmt: skip


def _mad() -> pl.Expr:
    return (pl.col("total").log1p() - pl.col("total").log1p().median()).abs().median() * 1.4826


def _twice(lines: pl.DataFrame) -> pl.DataFrame:
    """How often a code stands on one day of a statement; rooms and meals are left out."""
    rows = lines.filter(~pl.col("section").is_in(["02"]))
    return rows.group_by("claim_id", "setting", "code", "on").agg(times=pl.len(), line_no=pl.col("line_no").max())


def _rarity(hits: pl.Expr, n: pl.Expr) -> pl.Expr:
    """−log10 of a share, half a count added: what was never seen in n is as rare as n lets one say."""
    return -((hits.fill_null(0.0) + 0.5) / (n.fill_null(0.0) + 1.0)).log10()


def _surprises(tables: Mapping[str, pl.DataFrame], facts: _Facts) -> pl.DataFrame:
    """Every fact that is rarer than one in twenty: claim_id, part, line_no, code, value, hits, n, surprise."""
    lines, about = facts.lines, facts.about
    first = lines.unique(["claim_id", "code"], keep="first", maintain_order=True)
    found = [
        _part("quantity", _exact(lines, tables["quantity"]), "quantity"),
        _part(
            "repeat",
            _twice(lines).filter(pl.col("times") > 1).join(tables["repeat"], on=["setting", "code"], how="left"),
            "times",
        ),
        _part("sex", _seen(first, tables["sex"], "sex"), None),
        _part("age", _seen(first, tables["age"], "band"), "band"),
        _part("place", _place(first, tables), None),
        _part("pair", _pairs(facts.pairs, tables), None),
        _part("first_visit", _first_visits(lines, tables["first_visit"]), "gap"),
    ]
    bed = about.filter(pl.col("in_bed")).select("claim_id", hits=pl.lit(0.0), n=pl.lit(0.0), surprise=pl.lit(SURE))
    found.append(_part("in_bed", bed, None))
    found.append(_part("amount", _amounts(about, tables), "total"))
    return pl.concat(found).filter(pl.col("surprise") > 1.3)


COLUMNS = {"claim_id": pl.String, "part": pl.String, "line_no": pl.Int64, "code": pl.String, "value": pl.Float64, "hits": pl.Float64, "n": pl.Float64,
           "surprise": pl.Float64}  # fmt: skip


def _part(name: str, rows: pl.DataFrame, value: str | None) -> pl.DataFrame:
    if "surprise" not in rows.columns:
        rows = rows.with_columns(surprise=_rarity(pl.col("hits"), pl.col("n")))
    shown = {
        "claim_id": pl.col("claim_id"), "part": pl.lit(name), "line_no": pl.col("line_no") if "line_no" in rows.columns else pl.lit(None),
        "code": pl.col("code") if "code" in rows.columns else pl.lit(None), "value": pl.col(value) if value else pl.lit(None), "hits": pl.col("hits"),
        "n": pl.col("n"), "surprise": pl.col("surprise"),
    }  # fmt: skip
    return rows.select(**{column: expression.cast(COLUMNS[column]) for column, expression in shown.items()})


def _exact(lines: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """Lines with as many or more of a code in the setting: the tail at the next quantity seen."""
    ordered = table.select("setting", "code", "quantity", "hits", "n").sort("quantity")
    wanted = lines.filter(pl.col("quantity") > 1).sort("quantity")
    return wanted.join_asof(ordered, on="quantity", by=["setting", "code"], strategy="forward", check_sortedness=False).with_columns(
        n=pl.col("n").fill_null(0.0)
    ).join(table.group_by("setting", "code").agg(every=pl.col("n").first()), on=["setting", "code"], how="left").with_columns(
        n=pl.max_horizontal("n", pl.col("every").fill_null(0.0))
    )  # fmt: skip


def _seen(rows: pl.DataFrame, table: pl.DataFrame, column: str) -> pl.DataFrame:
    whole = table.group_by("code").agg(n=pl.col("n").first())
    return rows.join(table.select("code", column, "hits"), on=["code", column], how="left").join(
        whole, on="code", how="left"
    )


def _place(rows: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """A code's share in the department, leaning to its share in the diagnosis group where that is known."""
    keys = ["setting", "department"]
    found = rows.filter(~pl.col("section").is_in(["01", "02"])).join(
        tables["place"].select(*keys, "code", "hits"), on=[*keys, "code"], how="left"
    )
    found = found.join(tables["departments"], on=keys, how="left")
    own = tables["group"].select(*keys, "group", "code", own="hits")
    found = found.join(own, on=[*keys, "group", "code"], how="left").join(
        tables["groups"].rename({"n": "peers"}), on=[*keys, "group"], how="left"
    )
    usual = (pl.col("hits").fill_null(0.0) + 0.5) / (pl.col("n").fill_null(0.0) + 1.0)
    share = (pl.col("own").fill_null(0.0) + PRIOR * usual) / (pl.col("peers").fill_null(0.0) + PRIOR)
    return found.with_columns(surprise=-share.log10())


def _pairs(pairs: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Two codes on one statement: how rarely the rarer one comes with the other."""
    found = pairs.join(tables["pair"].rename({"sex": "other"}), on=["setting", "code", "other"], how="left")
    found = found.join(tables["alone"], on=["setting", "code"], how="left").join(
        tables["alone"].rename({"code": "other", "n": "m"}), on=["setting", "other"], how="left"
    )
    return found.with_columns(n=pl.min_horizontal(pl.col("n").fill_null(0.0), pl.col("m").fill_null(0.0)))


def _first_visits(lines: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    rows = lines.filter(
        (pl.col("setting") == "outpatient")
        & (pl.col("section") == FIRST[0])
        & (pl.col("sub") == FIRST[1])
        & (pl.col("gap") <= len(GAPS))
    )
    return rows.join(table, on="gap", how="left")


def _amounts(about: pl.DataFrame, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    keys = ["setting", "department"]
    found = about.join(tables["peers"], on=[*keys, "group"], how="left").join(
        tables["wide"].rename({"n": "m", "middle": "middle_wide", "spread": "spread_wide"}), on=keys, how="left"
    )
    few = pl.col("n").fill_null(0.0) < FEWEST
    middle = pl.when(few).then("middle_wide").otherwise("middle")
    spread = pl.when(few).then("spread_wide").otherwise("spread")
    z = (pl.col("total").log1p() - middle) / pl.max_horizontal(spread, pl.lit(LEAST_SPREAD))
    return found.with_columns(hits=z, surprise=z.fill_null(0.0))
