"""What may be done about a decision of the review agency (권리구제), until when, and what first.

Law: 국민건강보험법 제87조제3항 (90 days from knowing, never later than 180 days after the decision), 제88조제1항 (the same terms);
의료급여법 제30조, 제30조의2. In: the days that decide. Out: the term with its article. Raises KeyError for
an insurer whose decisions other laws govern.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from tamna.params import load_raw

KINDS = ("objection", "appeal")


@dataclass(frozen=True)
class Term:
    """Until when, and by which law and article. `mark` is that of the parameter."""

    kind: str
    due_on: date
    law: str
    article: str
    mark: str


@lru_cache(maxsize=1)
def _ways() -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = load_raw("claims/remedies")
    return found


def term(kind: str, *, insurer_kind: str, decided_on: date, known_on: date) -> Term:
    """The last day of a remedy: the earlier of what the law counts from knowing and from the decision."""
    way = _ways()[kind]
    law, article = way["articles"][insurer_kind]
    ends = (known_on + timedelta(days=way["days"]), decided_on + timedelta(days=way["latest_days"]))
    return Term(kind, min(ends), law, article, way["mark"])


def is_governed(insurer_kind: str) -> bool:
    """Whether the agency's decisions about this insurer follow the laws above."""
    return all(insurer_kind in way["articles"] for way in _ways().values())


def chance(kind: str, won: int, decided: int) -> Decimal:
    """The share that was worth it, drawn to the usual one until there is a record of its own."""
    way = _ways()[kind]
    return ((won + Decimal(way["chance"]) * way["prior"]) / (decided + way["prior"])).quantize(Decimal("0.001"))


def rank(asked_won: int, share: Decimal, days_left: int) -> int:
    """Expected won a day that is left (우선순위): what may be regained × its chance / days. Nothing after the last day."""
    return int(asked_won * share / max(days_left, 1)) if days_left >= 0 else 0
