"""Items that nearly always come together (통상 동반 항목), learnt from statements for rule U004.

In: lines with `claim` and `code`, and the setting of each claim. Out: rows of the table `associations`: setting, code, expected,
statements (with the code), confidence (share of them that have the expected code too). One row a code: the surest
partner, of equals the more frequent. A rare code or a loose pair gives no row.
"""

from typing import Any

import polars as pl

FEWEST_STATEMENTS = 200
LEAST_CONFIDENCE = 0.95


def mined(claims: pl.DataFrame, lines: pl.DataFrame) -> list[dict[str, Any]]:
    """Associations among the codes of one statement, setting by setting."""
    if "code" not in lines.columns or "setting" not in claims.columns:
        return []
    items = lines.select("claim", "code").filter(pl.col("code").fill_null("") != "").unique()
    items = items.join(claims.select("claim", "setting"), on="claim", how="inner").drop_nulls()
    counts = items.group_by("setting", "code").agg(statements=pl.len())
    frequent = items.join(counts.filter(pl.col("statements") >= FEWEST_STATEMENTS), on=["setting", "code"], how="inner")
    if frequent.is_empty():
        return []
    beside = items.select("claim", pl.col("code").alias("expected"))
    pairs = frequent.join(beside, on="claim", how="inner").filter(pl.col("code") != pl.col("expected"))
    together = pairs.group_by("setting", "code", "expected").agg(both=pl.len(), statements=pl.col("statements").first())
    sure = together.with_columns(confidence=pl.col("both") / pl.col("statements")).filter(
        pl.col("confidence") >= LEAST_CONFIDENCE
    )
    ranked = sure.sort(
        ["setting", "code", "confidence", "both", "expected"], descending=[False, False, True, True, False]
    )
    best = ranked.unique(["setting", "code"], keep="first", maintain_order=True)
    return best.select("setting", "code", "expected", "statements", "confidence").to_dicts()
