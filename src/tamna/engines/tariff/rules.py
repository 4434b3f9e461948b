"""The table of copayment rules (params/tariff/copay_rules.csv), compiled once into conditions.

A rule: whom it is for (payer, setting, institution, area, when), what it sets (bucket, kind, value), since when and by
which law. `valid_to` is the last day it holds, as in the table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from tamna.engines.tariff.case import Case
from tamna.params import Fact, ParamsError, table

Condition = Callable[[Case], bool]
CENTRES = frozenset({"regional_center", "local_center", "trauma_center"})
SEVERE = frozenset(
    {"V193", "V194", "V027", "V191", "V268", "V275", "V192", "V247", "V248", "V249", "V250", "V273"}
)  # 중증질환: 암, 뇌혈관, 심장, 화상, 외상
TUBERCULOSIS = frozenset({"V000", "V010"})
SHARED_BUCKETS = ("covered", "scan")  # what a rule of `both` is about
DEMENTIA = frozenset({"V800", "V810"})


def is_special(case: Case) -> bool:
    return bool(case.special_case or case.special_class)


def _spared(case: Case) -> bool:
    """Exempt from the emergency rate of mild cases: special case, under one year, pregnant (unconfirmed list)."""
    return is_special(case) or case.age < 1 or case.pregnant


def _over_365(case: Case) -> bool:
    """The 366th outpatient visit of the year; not under 18, pregnant, special case, severely disabled."""
    return case.visits_this_year > 365 and not (
        case.age < 18 or case.pregnant or is_special(case) or case.severely_disabled
    )


NAMED: dict[str, Condition] = {
    "pregnant": lambda case: case.pregnant,
    "preterm": lambda case: case.preterm,
    "minor_disease": lambda case: case.minor_disease,
    "direct_dispensing": lambda case: case.direct_dispensing,
    "not_dispensing": lambda case: not case.direct_dispensing,
    "chronic_notified": lambda case: case.chronic_notified,
    "high_risk_pregnancy": lambda case: case.high_risk_pregnancy,
    "over_365": _over_365,
    "ma_exempt": lambda case: case.exempt or case.age < 18 or case.pregnant or is_special(case),
    "free_inpatient": lambda case: case.age < 6 or bool(case.delivery),
    "special_severe": lambda case: case.special_case in SEVERE,
    "special_rare_or_tb": lambda case: case.special_class == "rare" or case.special_case in TUBERCULOSIS,
    "special_dementia": lambda case: case.special_case in DEMENTIA,
    "ktas_4_5": lambda case: case.setting == "emergency" and (case.emergency_level or 0) >= 4,
    "emergency_centre": lambda case: case.emergency_class in CENTRES,
    "not_spared": lambda case: not _spared(case),
}


def _condition(word: str) -> Condition:
    if word in NAMED:
        return NAMED[word]
    for sign in ("<=", ">=", "<", "="):
        name, found, value = word.partition(sign)
        if not found:
            continue
        if name in {"age", "days_old"} and sign != "=":
            limit = int(value)
            compare: dict[str, Callable[[int, int], bool]] = {
                "<=": lambda a, b: a <= b,
                ">=": lambda a, b: a >= b,
                "<": lambda a, b: a < b,
            }
            holds = compare[sign]
            return lambda case: holds(getattr(case, name), limit)
        if name in {"special_case", "special_class", "delivery"} and sign == "=":
            return lambda case: getattr(case, name) == value
        if name == "room_beds" and sign == "=":
            beds = int(value)
            return lambda case: case.room_beds == beds
    raise ParamsError(f"copay_rules: cannot read the condition {word!r}")


@dataclass(frozen=True)
class Rule:
    rule_id: str
    role: str  # rate, penalty, own, surcharge
    payers: frozenset[str]
    setting: str
    institutions: frozenset[str]
    area: str
    conditions: tuple[Condition, ...]
    bucket: str  # covered, scan, both, meals, room, …
    kind: str  # rate, fixed, tiered, line, reduce
    value: Decimal
    tiers: tuple[tuple[int | None, str], ...]
    consultation: Decimal | None
    starts_on: date
    last_on: date | None
    fact: Fact[Decimal]

    def is_for(self, payer: str, setting: str, institution: str, area: str) -> bool:
        """Whether the rule is for such bills at all, read under this setting (emergencies borrow one)."""
        return (
            payer in self.payers
            and self.setting in ("any", setting)
            and ("any" in self.institutions or institution in self.institutions)
            and self.area in ("any", area)
        )

    def holds(self, case: Case) -> bool:
        """Whether it is in force on the day and its conditions are met."""
        return (
            self.starts_on <= case.on
            and (self.last_on is None or case.on <= self.last_on)
            and all(holds(case) for holds in self.conditions)
        )

    def share(self, amount: int, consultation: int = 0) -> Decimal:
        """The patient's share of a bucket, not rounded yet. A fixed amount never exceeds the cost."""
        if self.kind == "fixed":
            return min(self.value, Decimal(amount))
        if self.kind == "tiered":
            return _tier(self.tiers, amount)
        if self.consultation is not None:
            return (amount - consultation) * self.value + consultation * self.consultation
        return amount * self.value


def _tier(tiers: tuple[tuple[int | None, str], ...], amount: int) -> Decimal:
    for limit, value in tiers:
        if limit is None or amount <= limit:
            return min(Decimal(value[1:]), Decimal(amount)) if value.startswith("=") else amount * Decimal(value)
    raise ParamsError("copay_rules: a tiered rule needs an open last step")


def _tiers(text: str) -> tuple[tuple[int | None, str], ...]:
    steps = (step.split(":") for step in text.split(";"))
    return tuple((int(limit) if limit else None, value) for limit, value in steps)


@lru_cache(maxsize=1)
def rules() -> tuple[Rule, ...]:
    """Every rule, in the order of the table."""
    everyone = frozenset({"any"})
    built = []
    for row in table("tariff/copay_rules"):
        tiered = row["kind"] == "tiered"
        value = Decimal(0) if tiered else Decimal(row["value"])
        payers = frozenset(row["payer"].split(";"))
        built.append(
            Rule(
                rule_id=row["rule_id"],
                role=row["role"],
                payers=payers,
                setting=row["setting"],
                institutions=frozenset(row["institution"].split(";")) if row["institution"] else everyone,
                area=row["area"],
                conditions=tuple(_condition(word.strip()) for word in row["when"].split("&") if word.strip()),
                bucket=row["bucket"],
                kind=row["kind"],
                value=value,
                tiers=_tiers(row["value"]) if tiered else (),
                consultation=Decimal(row["consultation"]) if row["consultation"] else None,
                starts_on=date.fromisoformat(row["valid_from"]),
                last_on=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
                fact=Fact(
                    value, row["source"], row["mark"], row["rule_id"], date.fromisoformat(row["valid_from"]), None
                ),
            )
        )
    return tuple(built)


@lru_cache(maxsize=1024)
def candidates(payer: str, setting: str, institution: str, area: str, bucket: str) -> tuple[Rule, ...]:
    """Rules that could apply to a bucket of such bills, so that one case looks at a few rows only."""
    return tuple(
        rule
        for rule in rules()
        if rule.bucket == bucket or (rule.bucket == "both" and bucket in SHARED_BUCKETS)
        if rule.is_for(payer, setting, institution, area)
    )


def by_id(rule_id: str) -> Rule:
    return _index()[rule_id]


@lru_cache(maxsize=1)
def _index() -> dict[str, Rule]:
    return {rule.rule_id: rule for rule in rules()}


@lru_cache(maxsize=64)
def cap_of(year: int, decile: int) -> Fact[int] | None:
    """Yearly cap (본인부담상한액) of a year and an income decile, won; None before the table begins."""
    column = {1: "1", 2: "2_3", 3: "2_3", 4: "4_5", 5: "4_5", 6: "6_7", 7: "6_7", 8: "8", 9: "9", 10: "10"}[decile]
    for row in table("tariff/caps"):
        if int(row["year"]) == year:
            key = f"cap.{year}.{column}"
            return Fact(int(row[f"decile_{column}"]), row["source"], row["mark"], key, date(year, 1, 1), None)
    return None
