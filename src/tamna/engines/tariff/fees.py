"""The fee, drug and material master (수가·약가·치료재료 마스터), asked by code and date.

The product builds it from its own rows after an import; `FeeMaster.developer()` reads the developer file, whose prices
are simulated (mark sim) and shown as such.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from tamna.params import table


class UnknownCode(LookupError):
    """The code is not in force on that day."""

    def __init__(self, code: str, on: date) -> None:
        super().__init__(f"{code} is not in the fee master on {on.isoformat()}")
        self.code, self.on = code, on


@dataclass(frozen=True)
class FeeItem:
    """One line of the master, in force from `starts_on` to `last_on`."""

    code: str
    name_ko: str
    name_en: str
    item_class: str
    item_sub: str
    code_kind: str  # fee, drug, material
    points: Decimal | None
    unit_won: int
    has_class_add_on: bool
    benefit: str  # covered, covered_ct, covered_mri, room2, room3, meal, selective30…, full_self, non_covered
    starts_on: date
    last_on: date | None
    mark: str

    @classmethod
    def of(cls, row: Mapping[str, str]) -> "FeeItem":
        """From a row of the master file (all text)."""
        return cls(
            code=row["code"],
            name_ko=row["name_ko"],
            name_en=row["name_en"],
            item_class=row["item_class"],
            item_sub=row["item_sub"],
            code_kind=row["code_kind"],
            points=Decimal(row["points"]) if row["points"] else None,
            unit_won=int(row["unit_price_won"]),
            has_class_add_on=row["add_on_class"] == "yes",
            benefit=row["benefit"],
            starts_on=date.fromisoformat(row["valid_from"]),
            last_on=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
            mark=row["mark"],
        )


class FeeMaster:
    """Codes → items over time."""

    def __init__(self, items: Iterable[FeeItem], name: str) -> None:
        self.name = name  # shown on screen: which master prices stand on
        self._items: dict[str, list[FeeItem]] = {}
        for item in items:
            self._items.setdefault(item.code, []).append(item)
        for versions in self._items.values():
            versions.sort(key=lambda item: item.starts_on, reverse=True)

    @classmethod
    @lru_cache(maxsize=1)
    def developer(cls) -> "FeeMaster":
        """The developer master (831 items, simulated prices)."""
        return cls((FeeItem.of(row) for row in table("tariff/fee_items")), "developer 2026-11-24")

    def at(self, code: str, on: date) -> FeeItem:
        """The item in force on the day of service. Raises UnknownCode."""
        for item in self._items.get(code, ()):
            if item.starts_on <= on and (item.last_on is None or on <= item.last_on):
                return item
        raise UnknownCode(code, on)

    def in_force(self, on: date) -> list[FeeItem]:
        """Every item in force on a day, by code."""
        return [
            item
            for versions in self._items.values()
            for item in versions
            if item.starts_on <= on and (item.last_on is None or on <= item.last_on)
        ]

    def find(self, words: str, on: date, limit: int) -> list[FeeItem]:
        """Items in force whose code begins with the words or whose name holds them, by code."""
        wanted, code = words.lower(), words.upper()
        fits = (item for item in self.in_force(on)
                if item.code.startswith(code) or wanted in item.name_ko.lower() or wanted in item.name_en.lower())  # fmt: skip
        return sorted(fits, key=lambda item: item.code)[:limit]

    def __contains__(self, code: str) -> bool:
        return code in self._items

    def __len__(self) -> int:
        return len(self._items)
