"""What a statement probably lacks (누락 가능 항목): items that nearly always come with what is on it, and were not charged.

Learnt from past statements: with a code, in a department, or with a diagnosis group, which other codes came too (association rules:
support and confidence, Agrawal & Srikant 1994). A stay lacks days of an item that past stays had every day. What is told is expected won:
confidence × the item's usual amount. It is a question to a person, never a charge.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from tamna.engines.risk.outliers import GROUP

FEWEST = 100  # statements with the reason
LEAST = 0.90  # share of them that had the item too
LEAST_LIFT = 1.5  # and so many times as often as statements at large
DAILY = 0.95  # share of past stays that had it every day
ROOM, CONSULTATION = "room", "consultation"  # every kind of them is one item


@dataclass(frozen=True)
class Companions:
    """Learnt rules: kind, setting, reason, expected, support, confidence, won."""

    rules: pl.DataFrame

    def as_json(self) -> list[dict[str, Any]]:
        return self.rules.to_dicts()

    @classmethod
    def of(cls, raw: list[Mapping[str, Any]]) -> "Companions":
        return cls(pl.DataFrame(raw, schema=SCHEMA))


SCHEMA = {"kind": pl.String, "setting": pl.String, "reason": pl.String, "expected": pl.String, "support": pl.Int64, "confidence": pl.Float64, "won": pl.Int64}  # fmt: skip


def fit(
    claims: pl.DataFrame, lines: pl.DataFrame, diagnoses: pl.DataFrame, *, fewest: int = FEWEST, least: float = LEAST
) -> Companions:
    """Learn companions from past statements."""
    items = _items(claims, lines)
    usual = items.group_by("setting", "code").agg(won=pl.col("amount").median().cast(pl.Int64))
    everyone = claims.group_by("setting").agg(whole=pl.len())
    share = (
        items.group_by("setting", "code")
        .agg(with_code=pl.len())
        .join(everyone, on="setting")
        .with_columns(at_large=pl.col("with_code") / pl.col("whole"))
    )
    found = []
    for kind, reasons in _reasons(claims, items, diagnoses).items():
        support = reasons.group_by("setting", "reason").agg(support=pl.len()).filter(pl.col("support") >= fewest)
        kept = reasons.join(support, on=["setting", "reason"])
        both = kept.join(items.select("claim_id", expected="code"), on="claim_id").filter(
            pl.col("reason") != pl.col("expected")
        )
        rules = both.group_by("setting", "reason", "expected", "support").agg(hits=pl.len())
        rules = rules.with_columns(confidence=pl.col("hits") / pl.col("support")).filter(pl.col("confidence") >= least)
        rules = rules.join(share.select("setting", "at_large", expected="code"), on=["setting", "expected"])
        if kind != "department":  # what a whole department always has needs no second reason
            rules = rules.filter((pl.col("confidence") >= LEAST_LIFT * pl.col("at_large")) | (pl.col("at_large") > 0.9))
        found.append(rules.with_columns(kind=pl.lit(kind)))
    found.append(_daily(claims, lines, fewest))
    named = pl.concat(
        [
            part.select("kind", "setting", "reason", "expected", pl.col("support").cast(pl.Int64), "confidence")
            for part in found
        ]
    )
    named = named.join(usual, left_on=["setting", "expected"], right_on=["setting", "code"], how="left").with_columns(
        pl.col("won").fill_null(0)
    )
    return Companions(
        named.select(list(SCHEMA)).sort(
            "setting", "expected", "confidence", "support", descending=[False, False, True, True]
        )
    )


def missing(known: Companions, claims: pl.DataFrame, lines: pl.DataFrame, diagnoses: pl.DataFrame) -> pl.DataFrame:
    """What each statement lacks: claim_id, expected, kind, reason, support, confidence, expected_won; the surest reason of each item."""
    items = _items(claims, lines)
    found = []
    for kind, reasons in _reasons(claims, items, diagnoses).items():
        rules = known.rules.filter(pl.col("kind") == kind)
        found.append(
            reasons.join(rules, on=["setting", "reason"]).join(
                items.select("claim_id", expected="code"), on=["claim_id", "expected"], how="anti"
            )
        )
    every = pl.concat(
        [part.select("claim_id", "expected", "kind", "reason", "support", "confidence", "won") for part in found]
    )
    short = _short(known, claims, lines)
    told = pl.concat([every, short]).with_columns(
        expected_won=(pl.col("confidence") * pl.col("won")).round().cast(pl.Int64)
    )
    told = told.sort("claim_id", "expected", "confidence", "support", descending=[False, False, True, True])
    return told.unique(["claim_id", "expected"], keep="first", maintain_order=True).drop("won")


def _named() -> pl.Expr:
    """The code, or the one name for all kinds of a room or of a consultation."""
    section, sub = pl.col("item_class"), pl.col("item_sub")
    return (
        pl.when((section == "02") & ~sub.is_in(["10", "11"])).then(pl.lit(ROOM))
        .when((section == "01") & sub.is_in(["01", "02"])).then(pl.lit(CONSULTATION)).otherwise("code")
    )  # fmt: skip


def _items(claims: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """One row an item of a statement, with its amount."""
    rows = lines.join(claims.select("claim_id", "setting"), on="claim_id").with_columns(code=_named())
    return (
        rows.group_by("claim_id", "setting", "code")
        .agg(pl.col("amount").sum().cast(pl.Float64))
        .sort("claim_id", "code")
    )


def _reasons(claims: pl.DataFrame, items: pl.DataFrame, diagnoses: pl.DataFrame) -> dict[str, pl.DataFrame]:
    where = claims.select("claim_id", "setting", "department")
    groups = (
        diagnoses.filter(pl.col("kind") != "rule_out")
        .select("claim_id", group=pl.col("code").str.slice(0, GROUP))
        .unique()
    )
    return {
        "code": items.select("claim_id", "setting", reason="code"),
        "department": where.select("claim_id", "setting", reason="department"),
        "diagnosis": groups.join(where, on="claim_id").select("claim_id", "setting", reason=pl.format("{} · {}", "department", "group")),
    }  # fmt: skip


def _stays(claims: pl.DataFrame) -> pl.DataFrame:
    return claims.filter(pl.col("setting") == "inpatient").select(
        "claim_id", "setting", stay=pl.col("stay_days").cast(pl.Float64).fill_null(1.0)
    )


def _days(stays: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """How much of each item a stay has; all kinds of rooms are one item."""
    rows = lines.join(stays, on="claim_id").with_columns(
        code=_named(), price=pl.col("unit_price").cast(pl.Float64), quantity=pl.col("quantity").cast(pl.Float64)
    )
    return rows.group_by("claim_id", "setting", "code", "stay").agg(pl.col("quantity").sum(), pl.col("price").median())


def _daily(claims: pl.DataFrame, lines: pl.DataFrame, fewest: int) -> pl.DataFrame:
    """Items that nearly every past stay had for each of its days, so many a day."""
    if "stay_days" not in claims.columns:
        return pl.DataFrame(schema={name: kind for name, kind in SCHEMA.items() if name != "won"})
    stays = _stays(claims)
    rates = _days(stays, lines).with_columns(rate=(pl.col("quantity") / pl.col("stay")).floor())
    whole = stays.group_by("setting").agg(support=pl.len()).filter(pl.col("support") >= fewest)
    usual = rates.group_by("setting", "code").agg(a_day=pl.col("rate").median())
    rules = rates.join(usual, on=["setting", "code"]).join(whole, on="setting").filter(pl.col("a_day") >= 1)
    rules = rules.group_by("setting", "code", "support", "a_day").agg(hits=(pl.col("rate") >= pl.col("a_day")).sum())
    rules = rules.with_columns(confidence=pl.col("hits") / pl.col("support")).filter(pl.col("confidence") >= DAILY)
    return rules.select("setting", reason=pl.col("a_day").cast(pl.Int64).cast(pl.String), expected="code", support=pl.col("support").cast(pl.Int64),
                        confidence="confidence", kind=pl.lit("daily"))  # fmt: skip


def _short(known: Companions, claims: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Stays with fewer of a daily item than their days ask for."""
    rules = known.rules.filter(pl.col("kind") == "daily").select(
        "setting", code="expected", a_day=pl.col("reason").cast(pl.Float64), support="support", confidence="confidence"
    )
    if "stay_days" not in claims.columns or rules.is_empty():
        return pl.DataFrame(
            schema={
                "claim_id": pl.String,
                **{name: SCHEMA[name] for name in ("expected", "kind", "reason", "support", "confidence", "won")},
            }
        )
    stays = _stays(claims)
    days = _days(stays, lines)
    wanted = stays.join(rules, on="setting").join(
        days.select("claim_id", "code", "quantity", "price"), on=["claim_id", "code"], how="left"
    )
    wanted = wanted.join(days.group_by("code").agg(usual=pl.col("price").median()), on="code", how="left")
    wanted = wanted.with_columns(
        all=pl.col("stay") * pl.col("a_day"), lack=pl.col("stay") * pl.col("a_day") - pl.col("quantity").fill_null(0.0)
    )
    short = wanted.filter(pl.col("lack") > 0)
    won = (pl.col("lack") * pl.col("price").fill_null(pl.col("usual")).fill_null(0.0)).round().cast(pl.Int64)
    reason = pl.format("{} / {}", pl.col("lack").cast(pl.Int64), pl.col("all").cast(pl.Int64))
    return short.select(
        "claim_id",
        expected="code",
        kind=pl.lit("daily"),
        reason=reason,
        support="support",
        confidence="confidence",
        won=won,
    )
