"""A rule tried on claims whose end is known (규칙 시험): what it finds, what is at stake, and whether the agency agreed.

In, for each part of the archive: `whole` (department, month, ended, claims, foreseen), how its claims ended, and `hit`, one row a
found claim. `ended` is full, adjusted, returned, impossible, held or waiting; won is whole won. Out: plain figures. Precision is
the share of found and answered claims that were cut or returned; the naive rule beside it finds claims at random, so its
precision is the usual share.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from tamna.engines.shares import wilson

BAD = ("adjusted", "returned", "impossible")
ANSWERED = ("full", *BAD)
ENDED = ("full", "adjusted", "returned", "impossible", "held", "waiting")
EXAMPLES = 8


@dataclass
class Tally:
    """Sums that grow with the archive. `reason` is the agency's code the rule foresees, if it names one."""

    reason: str = ""
    parts: list[pl.DataFrame] = field(default_factory=list)
    found: list[pl.DataFrame] = field(default_factory=list)

    def add(self, whole: pl.DataFrame, hit: pl.DataFrame) -> None:
        """One part of the archive (see WHOLE) and what was found in it (see HIT)."""
        self.parts.append(whole)
        self.found.append(hit)

    @property
    def findings(self) -> int:
        return int(sum(part["findings"].sum() for part in self.found))

    @property
    def hit(self) -> pl.DataFrame:
        """One row a found claim (see HIT)."""
        return pl.concat(self.found) if self.found else pl.DataFrame(schema=HIT)

    def figures(self) -> dict[str, Any]:
        """Everything the screen shows, so far."""
        hit, whole = self.hit, pl.concat(self.parts) if self.parts else pl.DataFrame(schema=WHOLE)
        own = _ends(hit["ended"].value_counts().rows()) if len(hit) else _ends([])
        usual = _ends(whole.group_by("ended").agg(pl.col("claims").sum()).rows())
        result = {
            "claims": int(whole["claims"].sum()),
            "findings": self.findings,
            "found": len(hit),
            "won": int(hit["won"].sum()),
            "cut_won": int(hit["cut_won"].sum()),
            "ended": own,
            "usual_ended": usual,
            **_precision(own),
            "usual": _share(usual),
            "by_department": _by(hit, whole, "department"),
            "by_month": _by(hit, whole, "month"),
            "examples": examples(hit),
        }
        if self.reason:
            result["reason"] = {
                "code": self.reason,
                "found": int(hit["foreseen"].sum()),
                "all": int(whole["foreseen"].sum()),
            }
        return result


# findings and won of one claim, its end, and whether the agency cut or returned it for the reason the rule names
HIT: Mapping[str, Any] = {
    "findings": pl.UInt32(), "won": pl.Int64(), "claim_id": pl.String(), "department": pl.String(), "month": pl.String(),
    "ended": pl.String(), "cut_won": pl.Int64(), "foreseen": pl.Boolean(),
}  # fmt: skip
# how many claims ended so, and how many of them for that reason
WHOLE: Mapping[str, Any] = {
    "department": pl.String(), "month": pl.String(), "ended": pl.String(), "claims": pl.UInt32(), "foreseen": pl.UInt32(),
}  # fmt: skip


def compared(one: Tally, other: Tally) -> dict[str, Any]:
    """Claims that only the one finds, only the other, and both; and how they ended."""
    mine, theirs = one.hit, other.hit
    parts = {
        "only_a": mine.join(theirs, on="claim_id", how="anti"),
        "only_b": theirs.join(mine, on="claim_id", how="anti"),
        "both": mine.join(theirs, on="claim_id", how="semi"),
    }
    return {name: _part(frame) for name, frame in parts.items()}


def examples(hit: pl.DataFrame, most: int = EXAMPLES) -> list[dict[str, Any]]:
    """A few found claims of each end, dearest first: what the agency cut first, then what it let pass."""
    order = (
        pl.col("ended")
        .cast(pl.String())
        .replace_strict({end: place for place, end in enumerate(("adjusted", "returned", "full"))}, default=9)
    )
    each = hit.with_columns(order=order).sort("order", "won", "claim_id", descending=[False, True, False])
    kept = each.group_by("ended", maintain_order=True).head(max(2, most // 3)).head(most)
    return kept.select("claim_id", "department", "month", "ended", "won", "cut_won").to_dicts()


def _part(frame: pl.DataFrame) -> dict[str, Any]:
    ends = _ends(frame["ended"].value_counts().rows()) if len(frame) else _ends([])
    return {
        "found": len(frame),
        "won": int(frame["won"].sum()),
        "ended": ends,
        **_precision(ends),
        "examples": examples(frame, 6),
    }


def _ends(rows: Sequence[tuple[Any, ...]]) -> dict[str, int]:
    counts = dict.fromkeys(ENDED, 0)
    for end, count in rows:
        counts[str(end)] = counts.get(str(end), 0) + int(count)
    return counts


def _share(ends: Mapping[str, int]) -> float | None:
    answered = sum(ends[end] for end in ANSWERED)
    return sum(ends[end] for end in BAD) / answered if answered else None


def _precision(ends: Mapping[str, int]) -> dict[str, Any]:
    """The share with its 95 % interval (Wilson 1927); null where nothing was answered."""
    answered, bad = sum(ends[end] for end in ANSWERED), sum(ends[end] for end in BAD)
    if not answered:
        return {"answered": 0, "bad": 0, "precision": None, "precision_low": None, "precision_high": None}
    low, high = wilson(bad, answered)
    return {
        "answered": answered,
        "bad": bad,
        "precision": bad / answered,
        "precision_low": low,
        "precision_high": high,
    }


def _by(hit: pl.DataFrame, whole: pl.DataFrame, key: str) -> list[dict[str, Any]]:
    """Claims, found, won and the agency's verdict for each department or month."""
    own = hit.group_by(key).agg(
        found=pl.len(),
        won=pl.col("won").sum(),
        bad=pl.col("ended").is_in(BAD).sum(),
        answered=pl.col("ended").is_in(ANSWERED).sum(),
    )
    rows = whole.group_by(key).agg(claims=pl.col("claims").sum()).join(own, on=key, how="left").fill_null(0).sort(key)
    return rows.rename({key: "key"}).to_dicts()
