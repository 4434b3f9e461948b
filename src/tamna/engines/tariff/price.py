"""Price of a service (수가 산정): points × conversion factor × add-ons, rounded to 10 won; drugs and materials by unit price.

Law: 국민건강보험법 제45조 (요양급여비용), 건강보험 행위 급여 목록 산정지침. A line's amount is unit price × quantity, half up
to the won. In: item of the master, quantity, days, instant of service, institution, payer, birth date. Out: won and steps.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from tamna.engines.calendar import is_night_or_holiday
from tamna.engines.explain import Explained, Step
from tamna.engines.money import round_half_up
from tamna.engines.tariff.fees import FeeItem
from tamna.params import Dated, Fact, load, table

CONSULTATION, ANAESTHESIA, PROCEDURES = "01", "05", "08"
CHILD_CLASSES = frozenset({"04", "05", "08"})


@dataclass(frozen=True)
class PriceFacts:
    factor_hospital: Dated[Decimal]
    factor_clinic: Dated[Decimal]
    night_consultation: Dated[Decimal]
    night_procedure: Dated[Decimal]
    anaesthesia_70: Dated[Decimal]
    child_newborn: Dated[Decimal]
    child_under_1: Dated[Decimal]
    child_under_6: Dated[Decimal]


FACTS = load("tariff/price", PriceFacts)


@dataclass(frozen=True)
class Priced:
    """A priced line (진료내역 줄), won."""

    item: FeeItem
    quantity: Decimal
    days: int
    unit_won: int
    amount_won: int
    add_on_rate: Decimal


@lru_cache(maxsize=128)
def class_add_on(payer: str, institution: str, on: date) -> Fact[Decimal] | None:
    """Class add-on (종별가산율) by payer, institution and date; None where the table has no row."""
    scale = "medical_aid" if payer.startswith("medical_aid") else payer if payer in ("auto", "industrial") else "nhi"
    for row in table("tariff/class_add_on"):
        starts = date.fromisoformat(row["valid_from"])
        ends = date.fromisoformat(row["valid_to"]) if row["valid_to"] else None
        if (row["payer"], row["institution"]) == (scale, institution) and starts <= on and (ends is None or on < ends):
            return Fact(
                Decimal(row["rate"]), row["source"], row["mark"], f"class_add_on.{scale}.{institution}", starts, ends
            )
    return None


def _age_on(birth_on: date, on: date) -> int:
    return on.year - birth_on.year - ((on.month, on.day) < (birth_on.month, birth_on.day))


def has_night_add_on(item_class: str, item_sub: str, code_kind: str) -> bool:
    """Consultations, anaesthesia, procedures and operations cost more at night and on holidays (야간·공휴일 가산)."""
    if item_class == CONSULTATION:
        return item_sub in ("01", "02")
    return item_class in (ANAESTHESIA, PROCEDURES) and code_kind == "fee"


def has_child_add_on(item_class: str, code_kind: str) -> bool:
    """Injections, anaesthesia, procedures and operations cost more under 6 years (소아 가산)."""
    return item_class in CHILD_CLASSES and code_kind == "fee"


def _add_ons(
    item: FeeItem, at: datetime, payer: str, institution: str, birth_on: date | None
) -> list[tuple[str, Fact[Decimal]]]:
    """Add-ons that apply, each with its source."""
    on, found = at.date(), []
    if item.has_class_add_on:
        by_class = class_add_on(payer, institution, on)
        if by_class is not None and by_class.value:
            found.append(("price.class_add_on", by_class))
    if is_night_or_holiday(at) and has_night_add_on(item.item_class, item.item_sub, item.code_kind):
        consulted = item.item_class == CONSULTATION
        found.append(("price.night", (FACTS.night_consultation if consulted else FACTS.night_procedure).at(on)))
    if birth_on is not None and item.code_kind == "fee":
        age = _age_on(birth_on, on)
        if item.item_class == ANAESTHESIA and age >= 70:
            found.append(("price.age", FACTS.anaesthesia_70.at(on)))
        elif has_child_add_on(item.item_class, item.code_kind) and age < 6:
            newborn = (on - birth_on).days <= 28
            fact = FACTS.child_newborn if newborn else FACTS.child_under_1 if age < 1 else FACTS.child_under_6
            found.append(("price.age", fact.at(on)))
    return found


def factor_on(institution: str, on: date) -> Fact[Decimal]:
    """The conversion factor (환산지수) of a kind of institution on a day, won a point. Raises NoFact."""
    return (FACTS.factor_clinic if institution == "clinic" else FACTS.factor_hospital).at(on)


def price_line(
    item: FeeItem, *, quantity: Decimal = Decimal(1), days: int = 1, at: datetime, payer: str = "nhi",
    institution: str = "general", birth_on: date | None = None, factor: Fact[Decimal] | None = None,
) -> Explained[Priced]:  # fmt: skip
    """Price one line. Items with points follow the year's factor, or one that is tried; others keep the master's unit price."""
    steps: list[Step] = []
    master = Fact(
        item.unit_won, f"수가·약가 마스터 {item.code}", item.mark, f"fee.{item.code}", item.starts_on, item.last_on
    )
    rate = Decimal(0)
    if item.points is None or item.benefit in ("meal", "non_covered", "full_self") or item.benefit.startswith("room"):
        unit_won = item.unit_won
        steps.append(Step("price.unit", unit_won, "unit price of the master", {"code": item.code}, (master,)))
    else:
        factor = factor or factor_on(institution, at.date())
        exact = item.points * factor.value
        steps.append(
            Step(
                "price.points",
                exact,
                "points × factor",
                {"points": item.points, "factor": factor.value},
                (factor, master),
            )
        )
        for label, fact in _add_ons(item, at, payer, institution, birth_on):
            rate += fact.value
            steps.append(Step(label, fact.value, f"+{fact.value:%}", {}, (fact,)))
        unit_won = round_half_up(exact * (1 + rate), 10)
        steps.append(
            Step("price.unit", unit_won, "(points × factor) × (1 + add-ons), rounded to 10", {"add_ons": rate})
        )
    amount_won = round_half_up(unit_won * quantity)
    steps.append(Step("price.amount", amount_won, "unit × quantity, half up", {"unit": unit_won, "quantity": quantity}))
    return Explained(Priced(item, quantity, days, unit_won, amount_won, rate), tuple(steps))
