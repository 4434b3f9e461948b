"""What the copayment engine is asked: one case, checked field by field.

Shape: `tamna copay` (docs/reference/copay.md). Amounts are disjoint integers of won. All mistakes are collected.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from functools import cached_property
from typing import Any

from tamna.engines.errors import InputError

CLASSES = ("tertiary", "general", "hospital", "clinic", "pharmacy")
AREAS = ("dong", "eupmyeon")
EMERGENCY = ("regional_center", "local_center", "trauma_center", "local_institution", "none")
SETTINGS = ("outpatient", "inpatient", "emergency")
PAYERS = (
    "nhi",
    "medical_aid_1",
    "medical_aid_2",
    "near_poor_1",
    "near_poor_2",
    "veteran",
    "auto",
    "industrial",
    "self",
)
SELECTIVE_RATES = (30, 50, 80, 90)


@dataclass(frozen=True)
class Amounts:
    """Disjoint sums of the bill, won."""

    covered: int = 0
    consultation: int = 0  # the part of covered that is 진찰료, informative
    ct_mri: int = 0
    drugs: int = 0
    emergency_fee: int = 0
    meals: int = 0
    room_2_3: int = 0
    selective: tuple[tuple[int, int], ...] = ()  # (rate in percent, amount)
    full_self: int = 0
    non_covered: int = 0
    elective: int = 0

    @property
    def total(self) -> int:
        plain = (self.covered, self.ct_mri, self.drugs, self.emergency_fee, self.meals, self.room_2_3)
        own = (self.full_self, self.non_covered, self.elective)
        return sum(plain) + sum(own) + sum(amount for _, amount in self.selective)


@dataclass(frozen=True)
class Case:
    """One bill to share between patient and insurer (본인부담금 산정 대상)."""

    on: date
    payer: str
    birth_on: date
    amounts: Amounts
    setting: str = "outpatient"
    institution: str = "general"
    area: str = "dong"
    emergency_class: str = "none"
    sex: str = "F"
    id: str = ""
    special_case: str = ""
    special_class: str = ""
    pregnant: bool = False
    preterm: bool = False
    severely_disabled: bool = False
    days: int | None = None
    room_beds: int | None = None
    room_fee_16_30: int = 0
    room_fee_31: int = 0
    delivery: str = ""
    high_risk_pregnancy: bool = False
    emergency_level: int | None = None
    hours_in_er: float = 0
    visits_this_year: int = 0
    minor_disease: bool = False
    referral: bool | None = None
    direct_dispensing: bool = False
    chronic_notified: bool = False
    exempt: bool = False
    year_to_date_share: int | None = None
    income_decile: int | None = None
    veteran_rate: int | None = None

    @cached_property
    def age(self) -> int:
        """Full years on the day of service (만 나이)."""
        had_birthday = (self.on.month, self.on.day) >= (self.birth_on.month, self.birth_on.day)
        return self.on.year - self.birth_on.year - (0 if had_birthday else 1)

    @cached_property
    def days_old(self) -> int:
        return (self.on - self.birth_on).days


class _Reader:
    """Takes fields out of a JSON object and collects what is wrong."""

    def __init__(self) -> None:
        self.errors: list[InputError] = []

    def bad(self, field_name: str, code: str, message: str, hint: str = "") -> None:
        self.errors.append(InputError(code, message, field_name, hint))

    def section(self, raw: Mapping[str, Any], name: str, known: set[str]) -> Mapping[str, Any]:
        value = raw.get(name)
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.bad(name, "not_an_object", f"{name} must be an object")
            return {}
        for key in value:
            if key not in known:
                self.bad(f"{name}.{key}", "unknown_field", f"{key} is not a field of {name}")
        return value

    def won(self, raw: Mapping[str, Any], where: str, key: str) -> int:
        value = raw.get(key, 0)
        if value is None:
            return 0
        if isinstance(value, float) and value.is_integer() and value >= 0:
            return int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            self.bad(f"{where}.{key}", "not_whole_won", f"{key} must be a whole number of won", "no fraction, no text")
            return 0
        if value < 0:
            self.bad(f"{where}.{key}", "negative_amount", f"{key} is negative")
            return 0
        return value

    def choice(
        self, raw: Mapping[str, Any], where: str, key: str, allowed: tuple[str, ...], default: str | None
    ) -> str:
        value = raw.get(key)
        if value is None or value == "":
            if default is None:
                self.bad(f"{where}{key}", "missing_field", f"{key} is missing", f"one of {', '.join(allowed)}")
                return allowed[0]
            return default
        if value not in allowed:
            self.bad(f"{where}{key}", "unknown_value", f"{value!r} is not a {key}", f"one of {', '.join(allowed)}")
            return allowed[0]
        return str(value)

    def day(self, raw: Mapping[str, Any], where: str, key: str) -> date:
        value = raw.get(key)
        try:
            if isinstance(value, str) and len(value) == 10:
                return date.fromisoformat(value)
        except ValueError:
            pass
        self.bad(f"{where}{key}", "bad_date", f"{key} must be a date such as 2026-04-06")
        return date(2000, 1, 1)

    def code(self, raw: Mapping[str, Any], where: str, key: str) -> str:
        """A special-case code (특정기호) such as V193, in capitals; none where there is none."""
        value = raw.get(key)
        if value is None or value == "":
            return ""
        if not isinstance(value, str) or not re.fullmatch(r"[A-Z]\d{3,4}", value.strip().upper()):
            self.bad(f"{where}{key}", "bad_code", f"{key} must be a code such as V193, or null")
            return ""
        return value.strip().upper()

    def flag(self, raw: Mapping[str, Any], where: str, key: str) -> bool:
        value = raw.get(key)
        if value is None:
            return False
        if not isinstance(value, bool):
            self.bad(f"{where}.{key}", "not_a_flag", f"{key} must be true or false")
            return False
        return value

    def count(self, raw: Mapping[str, Any], where: str, key: str, low: int, high: int) -> int | None:
        value = raw.get(key)
        if value is None:
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.bad(f"{where}.{key}", "out_of_range", f"{key} must be a whole number from {low} to {high}")
            return None
        return value


TOP = {"id", "date", "institution", "setting", "patient", "amounts", "context"}
INSTITUTION = {"type", "area", "emergency"}
PATIENT = {"birth_date", "sex", "payer", "special_case", "special_class", "pregnant", "preterm", "severely_disabled"}
AMOUNTS = {item.name for item in fields(Amounts)}
CONTEXT = {
    "days", "room_beds", "room_fee_16_30", "room_fee_31", "delivery", "high_risk_pregnancy", "emergency_level",
    "hours_in_er", "visits_this_year", "minor_disease", "referral", "direct_dispensing", "chronic_notified", "exempt",
    "year_to_date_share", "income_decile", "veteran_rate",
}  # fmt: skip


def parse_case(raw: Any) -> Case:
    """Read the JSON object of `tamna copay`. Raises ExceptionGroup of InputError: all that is wrong at once."""
    reader = _Reader()
    if not isinstance(raw, Mapping):
        raise ExceptionGroup("case", [InputError("not_an_object", "a case is a JSON object")])
    for key in raw:
        if key not in TOP:
            reader.bad(str(key), "unknown_field", f"{key} is not a field of a case")
    institution = reader.section(raw, "institution", INSTITUTION)
    patient = reader.section(raw, "patient", PATIENT)
    amounts = reader.section(raw, "amounts", AMOUNTS)
    context = reader.section(raw, "context", CONTEXT)
    on = reader.day(raw, "", "date")
    birth_on = reader.day(patient, "patient.", "birth_date")
    if birth_on > on and not reader.errors:
        reader.bad("patient.birth_date", "born_after_service", "the birth date is after the date of service")
    case = Case(
        id="" if raw.get("id") is None else str(raw["id"]),
        on=on,
        birth_on=birth_on,
        payer=reader.choice(patient, "patient.", "payer", PAYERS, None),
        sex=reader.choice(patient, "patient.", "sex", ("F", "M"), "F"),
        setting=reader.choice(raw, "", "setting", SETTINGS, None),
        institution=reader.choice(institution, "institution.", "type", CLASSES, None),
        area=reader.choice(institution, "institution.", "area", AREAS, "dong"),
        emergency_class=reader.choice(institution, "institution.", "emergency", EMERGENCY, "none"),
        special_case=reader.code(patient, "patient.", "special_case"),
        special_class=reader.choice(patient, "patient.", "special_class", ("rare",), ""),
        pregnant=reader.flag(patient, "patient", "pregnant"),
        preterm=reader.flag(patient, "patient", "preterm"),
        severely_disabled=reader.flag(patient, "patient", "severely_disabled"),
        amounts=Amounts(
            **{key: reader.won(amounts, "amounts", key) for key in AMOUNTS - {"selective"}},
            selective=_selective(reader, amounts.get("selective")),
        ),
        days=reader.count(context, "context", "days", 0, 36_600),
        room_beds=reader.count(context, "context", "room_beds", 1, 20),
        room_fee_16_30=reader.won(context, "context", "room_fee_16_30"),
        room_fee_31=reader.won(context, "context", "room_fee_31"),
        delivery=reader.choice(context, "context.", "delivery", ("vaginal", "caesarean"), ""),
        high_risk_pregnancy=reader.flag(context, "context", "high_risk_pregnancy"),
        emergency_level=reader.count(context, "context", "emergency_level", 1, 5),
        hours_in_er=_hours(reader, context.get("hours_in_er")),
        visits_this_year=reader.count(context, "context", "visits_this_year", 0, 10_000) or 0,
        minor_disease=reader.flag(context, "context", "minor_disease"),
        referral=reader.flag(context, "context", "referral") if context.get("referral") is not None else None,
        direct_dispensing=reader.flag(context, "context", "direct_dispensing"),
        chronic_notified=reader.flag(context, "context", "chronic_notified"),
        exempt=reader.flag(context, "context", "exempt"),
        year_to_date_share=None if context.get("year_to_date_share") is None
        else reader.won(context, "context", "year_to_date_share"),
        income_decile=reader.count(context, "context", "income_decile", 1, 10),
        veteran_rate=reader.count(context, "context", "veteran_rate", 0, 100),
    )  # fmt: skip
    if case.amounts.consultation > case.amounts.covered:
        reader.bad(
            "amounts.consultation", "part_over_whole", "consultation is more than covered, of which it is a part"
        )
    if case.room_fee_16_30 + case.room_fee_31 > case.amounts.covered:
        reader.bad(
            "context.room_fee_16_30", "part_over_whole", "the room fees are more than covered, of which they are a part"
        )
    if reader.errors:
        raise ExceptionGroup("case", reader.errors)
    return case


def _selective(reader: _Reader, raw: Any) -> tuple[tuple[int, int], ...]:
    if raw is None:
        return ()
    if not isinstance(raw, list):
        reader.bad("amounts.selective", "not_a_list", "selective must be a list of {rate, amount}")
        return ()
    lines = []
    for index, item in enumerate(raw):
        where = f"amounts.selective[{index}]"
        if not isinstance(item, Mapping) or set(item) - {"rate", "amount"}:
            reader.bad(where, "unknown_field", "a selective line has rate and amount")
            continue
        if item.get("rate") not in SELECTIVE_RATES:
            reader.bad(f"{where}.rate", "unknown_value", "the rate must be 30, 50, 80 or 90")
            continue
        lines.append((int(item["rate"]), reader.won(item, where, "amount")))
    return tuple(lines)


def _hours(reader: _Reader, raw: Any) -> float:
    if raw is None:
        return 0
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not 0 <= raw <= 10_000:
        reader.bad("context.hours_in_er", "out_of_range", "hours_in_er must be a number of hours")
        return 0
    return raw
