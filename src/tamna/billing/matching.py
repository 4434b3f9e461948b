"""What an unknown order may mean (오더 매핑 제안): fees in force that day, and what people confirmed before, told to the engine."""

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from tamna.billing import rating
from tamna.billing.models import FeeItem, OrderCode

if TYPE_CHECKING:
    from tamna.engines.tariff.matching import Index, Suggestion

CONFIRMED = 5_000  # the newest confirmed names that are learnt from


def suggestions(name: str, on: date, limit: int = 3) -> "list[Suggestion]":
    """The fees an order's name is nearest to, best first, each with a confidence. Nothing where there is no master yet."""
    if rating.known_master() is None:
        return []
    confirmed = OrderCode.objects.exclude(fee_code="").exclude(order_name="").order_by("-id")[:CONFIRMED]
    newest = FeeItem.objects.order_by("-id").values_list("id", flat=True).first()
    return _index(on, newest, tuple(confirmed.values_list("order_name", "fee_code"))).nearest(name, limit)


@lru_cache(maxsize=2)
def _index(on: date, newest: int | None, learnt: tuple[tuple[str, str], ...]) -> "Index":
    """Built once for a day and a master: `newest` tells that another file was read."""
    from tamna.engines.tariff.matching import Index  # the learner's library is loaded only where an order is unknown

    known = rating.known_master()
    return Index([(item.code, item.name_ko, item.name_en) for item in known.in_force(on)] if known else [], learnt)
