"""Where billing asks the tariff engine: price of a line, shares of a bill, which fee an order means."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from tamna.billing import fees
from tamna.billing.models import ChargeItem, OrderCode
from tamna.core import clock
from tamna.core.errors import DomainError
from tamna.core.models import Hospital
from tamna.engines import tariff
from tamna.engines.tariff.bill import BillLine
from tamna.reception.models import Encounter, ServiceRequest

FIRST, FOLLOW_UP = "first", "follow_up"
CONSULTATION = {
    "clinic": {FIRST: "AA154", FOLLOW_UP: "AA254"},
    "hospital": {FIRST: "AA155", FOLLOW_UP: "AA255"},
    "general": {FIRST: "AA156", FOLLOW_UP: "AA256"},
    "tertiary": {FIRST: "AA157", FOLLOW_UP: "AA257"},
}


@dataclass(frozen=True)
class Rated:
    """The whole visit rated as it stands now (산정 결과), won."""

    total_won: int
    patient_won: int
    rule: str
    parts: list[dict[str, Any]]
    steps: list[dict[str, Any]]
    unconfirmed: list[str]
    bill_rows: list[dict[str, Any]]
    counted_won: int  # of the patient's share, what the yearly cap counts
    cap_excess_won: int


_own_master = False  # once true, for ever: rows of the master are never taken away


def master() -> "tariff.FeeMaster | fees.StoredMaster":
    """The hospital's own master; the developer master (simulated prices) in the synthetic hospital only.

    Raises billing.no_fee_master in real use before one is imported: a real bill never stands on a simulated price.
    """
    found = known_master()
    if found is None:
        raise DomainError("billing.no_fee_master")
    return found


def known_master() -> "tariff.FeeMaster | fees.StoredMaster | None":
    """The master prices stand on, None where there is none yet."""
    global _own_master
    _own_master = _own_master or fees.has_own_master()
    if _own_master:
        return fees.StoredMaster()
    hospital = _hospital(_moment())
    return tariff.FeeMaster.developer() if hospital is None or hospital.is_synthetic else None


def forget() -> None:
    """Read hospital and master anew (between tests)."""
    global _own_master
    _own_master = False
    _hospital.cache_clear()


def _moment() -> int:
    return int(time.monotonic() // 10)  # a change of the hospital's class reaches every process within ten seconds


@lru_cache(maxsize=1)
def _hospital(moment: int) -> Hospital | None:
    return Hospital.objects.first()


def institution() -> tuple[str, str, str]:
    """Class, area and emergency class of this hospital."""
    hospital = _hospital(_moment())
    if hospital is None:
        _hospital.cache_clear()
        return "general", "dong", "none"
    return hospital.institution_class, hospital.area, hospital.emergency


def price(encounter: Encounter, code: str, quantity: Decimal, days: int, service_at: datetime) -> dict[str, Any]:
    """Fields of a charge item. Raises billing.unknown_code."""
    at = service_at.astimezone(clock.SEOUL)
    try:
        item = master().at(code, at.date())
    except tariff.UnknownCode as unknown:
        raise DomainError("billing.unknown_code", code=code) from unknown
    explained = tariff.price_line(
        item, quantity=quantity, days=days, at=at.replace(tzinfo=None), payer=encounter.payer,
        institution=institution()[0], birth_on=encounter.patient.birth_on,
    )  # fmt: skip
    priced = explained.value
    return {
        "code": item.code,
        "name": item.name_ko,
        "name_en": item.name_en,
        "item_class": item.item_class,
        "item_sub": item.item_sub,
        "code_kind": item.code_kind,
        "benefit": item.benefit,
        "quantity": quantity,
        "days": days,
        "unit_won": priced.unit_won,
        "amount_won": priced.amount_won,
        "service_at": service_at,
        "steps": [step.as_json() for step in explained.steps],
        "unconfirmed": list(explained.unconfirmed),
    }


def rate(encounter: Encounter, charges: Iterable[ChargeItem], year_to_date_won: int | None = None) -> Rated:
    """Share the visit's charges between patient and insurer, by the day of service (discharge for inpatients).

    `year_to_date_won`: what the yearly cap counted already (본인부담상한 누계); above the top cap the insurer pays.
    """
    lines = [
        BillLine(charge.code, charge.item_class, charge.item_sub, charge.benefit, charge.amount_won, charge.code_kind)
        for charge in charges
    ]
    explained = tariff.copay(case_of(encounter, tariff.bucket_amounts(lines), year_to_date_won))
    result = explained.value
    return Rated(
        total_won=result.patient_won + result.insurer_won,
        patient_won=result.patient_won,
        rule=result.rule_id,
        parts=[part.as_json() for part in result.parts],
        steps=[step.as_json() for step in explained.steps],
        unconfirmed=list(explained.unconfirmed),
        bill_rows=tariff.bill_rows(lines, result),
        counted_won=result.counted_won,
        cap_excess_won=result.cap_excess_won,
    )


def care_day(encounter: Encounter) -> date:
    """The day that decides a visit's rates: of service, of discharge for a stay."""
    return encounter.discharged_on or encounter.business_on


def owed_by(payer: str) -> str:
    """Whose debt the insurer's share is: the health insurance's, or a third payer's."""
    return payer if payer in ("auto", "industrial") else "insurer"


def case_of(encounter: Encounter, amounts: "tariff.Amounts", year_to_date_won: int | None = None) -> "tariff.Case":
    """The copayment question of a visit."""
    kind, area, emergency = institution()
    on = care_day(encounter)
    stay = (on - encounter.admitted_on).days if encounter.admitted_on else None
    return tariff.Case(
        on=on,
        payer=encounter.payer,
        birth_on=encounter.patient.birth_on,
        amounts=amounts,
        setting=encounter.setting,
        institution=kind,
        area=area,
        emergency_class=emergency,
        sex=encounter.patient.sex,
        special_case=encounter.special_case,
        emergency_level=encounter.ktas,
        days=stay,
        room_beds=3,
        year_to_date_share=year_to_date_won,
    )


def consultation_code(encounter: Encounter) -> str | None:
    """The consultation fee of a visit (초진·재진 진찰료); none for a stay."""
    if encounter.setting == Encounter.Setting.INPATIENT:
        return None
    return CONSULTATION[institution()[0]][FIRST if encounter.is_first_visit else FOLLOW_UP]


def fee_code_of(order: ServiceRequest) -> str | None:
    """The fee an order means on its day: the hospital's confirmed map, else the same code where the master has it that day.

    Empty: confirmed as never charged. None: not known, nothing is guessed.
    """
    on = clock.business_day(order.ordered_at)
    mapped = OrderCode.objects.filter(order_code=order.code, valid_from__lte=on).order_by("-valid_from").first()
    if mapped:
        return mapped.fee_code
    return order.code if is_in_force(order.code, on) else None


def is_in_force(code: str, on: date) -> bool:
    """Whether the master has a code on a day. Raises billing.no_fee_master."""
    try:
        master().at(code, on)
    except tariff.UnknownCode:
        return False
    return True


def find_fees(words: str, on: date, limit: int = 8) -> list[tariff.FeeItem]:
    """Fees in force on a day whose code begins with the words or whose name holds them. None where there is no master yet."""
    known = known_master()
    return known.find(words, on, limit) if known else []


def names_on(on: date) -> dict[str, str]:
    """Korean name → code of every fee in force on a day; none where there is no master yet."""
    known = known_master()
    return {item.name_ko: item.code for item in known.in_force(on)} if known else {}
