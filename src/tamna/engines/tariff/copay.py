"""Copayment (본인부담금): who pays what of a bill, to the won, and why.

Law: 국민건강보험법 제44조, 시행령 별표2·3; 의료급여법 시행령 제13조. Order: payer, own-rate lines, inpatient lines, emergency,
the smallest applicable rate (penalties first), rounding, long stay, yearly cap. In: Case. Out: Copay in won with steps.
"""

from dataclasses import dataclass
from decimal import Decimal

from tamna.engines.explain import Explained, Step
from tamna.engines.money import cut
from tamna.engines.tariff.case import Case
from tamna.engines.tariff.rules import Rule, by_id, candidates, cap_of
from tamna.params import Fact

NOBODY: Fact[Decimal] = Fact(Decimal(1), "국민건강보험법 제41조④ (비급여)", "S", "any.not_covered")
UNKNOWN: Fact[Decimal] = Fact(Decimal(1), "no row of the table holds on this day: in full", "?", "any.no_rule")
REFERRAL: Fact[Decimal] = Fact(Decimal(1), "의료급여법 시행규칙 제3조 (의뢰 없는 2·3차 기관 이용)", "?", "ma.referral")
MINOR = "nhi.pen.tertiary.minor"
CAPPED_PAYERS = frozenset({"nhi"})
SECOND_LEVEL = frozenset({"hospital", "general", "tertiary"})
AID = frozenset({"medical_aid_1", "medical_aid_2"})
BENEFIT_PAYER = {"veteran": "nhi"}  # veterans' reductions work on top of the health insurance


@dataclass(frozen=True)
class Part:
    """A bucket of the bill with its patient share and the rule that set it."""

    bucket: str
    amount_won: int
    patient_won: int
    rule_id: str

    def as_json(self) -> dict[str, object]:
        return {
            "bucket": self.bucket,
            "amount": self.amount_won,
            "patient_share": self.patient_won,
            "rule": self.rule_id,
        }


@dataclass(frozen=True)
class Copay:
    """The shares of a bill (본인일부부담금·공단부담금), won."""

    id: str
    patient_won: int
    insurer_won: int
    rule_id: str
    parts: tuple[Part, ...]
    cap_excess_won: int = 0
    refund_estimate_won: int | None = None
    counted_won: int = 0  # of the patient's share, what the yearly cap counts


class _Reckoning:
    """The working sheet of one case."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.payer = BENEFIT_PAYER.get(case.payer, case.payer)
        self.parts: list[Part] = []
        self.steps: list[Step] = []

    def step(self, label: str, value: object, formula: str, inputs: dict[str, object], *rules: Rule | Fact) -> None:
        facts = tuple(rule.fact if isinstance(rule, Rule) else rule for rule in rules)
        self.steps.append(Step(label, value, formula, inputs, facts, facts[0].key if facts else ""))

    def part(self, bucket: str, amount: int, patient: int, rule: Rule | Fact) -> int:
        key = rule.rule_id if isinstance(rule, Rule) else rule.key
        self.parts.append(Part(bucket, amount, patient, key))
        return patient

    def best(self, bucket: str, setting: str, amount: int) -> Rule | None:
        """The penalty that applies, else the rule with the smallest share; ties go to the more general row."""
        case = self.case
        fits = [
            rule
            for rule in candidates(self.payer, setting, case.institution, case.area, bucket)
            if rule.role in ("rate", "penalty") and rule.holds(case)
        ]
        penalties = [rule for rule in fits if rule.role == "penalty"]
        consultation = case.amounts.consultation if bucket == "covered" else 0
        if penalties:  # of two penalties the heavier: none makes the other milder
            return max(penalties, key=lambda rule: rule.share(amount, consultation))
        return min(fits, key=lambda rule: rule.share(amount, consultation), default=None)


def copay(case: Case) -> Explained[Copay]:
    """Share one bill. Shares add up to the total and are never negative. Raises nothing on a checked Case."""
    sheet = _Reckoning(case)
    if case.payer in ("self", "auto", "industrial"):
        return _outside(sheet)
    own = _own_lines(sheet) + _inpatient_lines(sheet)
    setting, mild = _setting(case)
    shared, rule, cap_counts = _shared(sheet, setting, mild)
    shared, excess, refund = _cap(sheet, shared, cap_counts)
    patient = own + shared
    total = case.amounts.total
    sheet.step("copay.total", patient, "own lines + shared", {"own": own, "shared": shared, "total": total})
    counted = cap_counts - excess if case.payer in CAPPED_PAYERS else 0
    result = Copay(case.id, patient, total - patient, rule, tuple(sheet.parts), excess, refund, counted)
    return Explained(result, tuple(sheet.steps))


def _outside(sheet: _Reckoning) -> Explained[Copay]:
    """Self-pay pays all; auto and industrial accident patients pay what is not covered only."""
    case, rule = sheet.case, by_id(f"{sheet.case.payer}.any")
    total = case.amounts.total
    patient = total if case.payer == "self" else case.amounts.non_covered
    sheet.part("all", total, patient, rule)
    sheet.step("copay.payer", patient, rule.rule_id, {"total": total, "non_covered": case.amounts.non_covered}, rule)
    return Explained(Copay(case.id, patient, total - patient, rule.rule_id, tuple(sheet.parts)), tuple(sheet.steps))


def _own_lines(sheet: _Reckoning) -> int:
    """Lines with a rate of their own, never reduced: selective, 100/100, non-covered, elective."""
    amounts, patient = sheet.case.amounts, 0
    if amounts.selective:
        rule = by_id("any.selective")
        exact = sum((Decimal(amount) * rate / 100 for rate, amount in amounts.selective), Decimal(0))
        share = cut(exact, 10)
        patient += sheet.part("selective", sum(amount for _, amount in amounts.selective), share, rule)
        sheet.step("copay.selective", share, "Σ amount × rate, cut to 10", {"lines": amounts.selective}, rule)
    for bucket in ("full_self", "non_covered", "elective"):
        amount = getattr(amounts, bucket)
        if amount:
            rule = by_id(f"any.{bucket}")
            patient += sheet.part(bucket, amount, amount, rule)
            sheet.step(f"copay.{bucket}", amount, "in full", {"amount": amount}, rule)
    return patient


def _inpatient_lines(sheet: _Reckoning) -> int:
    """Rooms of 2 and 3 beds, each floored to 10 won; outside of every reduction and of the cap."""
    case = sheet.case
    amount = case.amounts.room_2_3
    if not amount:
        return 0
    rule = next(
        (
            rule
            for rule in candidates(sheet.payer, "inpatient", case.institution, case.area, "room")
            if rule.holds(case)
        ),
        None,
    )
    share = amount if rule is None else cut(rule.share(amount), 10)
    sheet.step(
        "copay.room", share, "room fee × rate, cut to 10", {"room_2_3": amount, "beds": case.room_beds}, rule or NOBODY
    )
    return sheet.part("room_2_3", amount, share, rule or NOBODY)


def _setting(case: Case) -> tuple[str, bool]:
    """Which rules an emergency borrows, and whether it is mild (KTAS 4–5)."""
    if case.setting != "emergency":
        return case.setting, False
    if (case.emergency_level or 0) >= 4:
        return "outpatient", True
    return ("inpatient" if case.hours_in_er >= 6 else "outpatient"), False


def _shared(sheet: _Reckoning, setting: str, mild: bool) -> tuple[int, str, int]:
    """Step 5 to 7: (patient share of the shared buckets, winning rule, the part that counts for the yearly cap)."""
    case, amounts = sheet.case, sheet.case.amounts
    covered, fee = amounts.covered + amounts.drugs, amounts.emergency_fee
    full_fee = 0
    if mild and fee:
        rule = by_id(
            "ma.er.fee.no" if case.payer in AID and case.on >= by_id("ma.er.fee.no").starts_on else "nhi.er.fee.no"
        )
        full_fee = sheet.part("emergency_fee", fee, fee, rule)
        sheet.step("copay.emergency_fee", fee, "KTAS 4–5: in full", {"emergency_fee": fee}, rule)
    half_fee = Decimal(0)
    if fee and not mild and setting == "outpatient" and sheet.payer == "nhi":
        rule = by_id("nhi.er.fee.ok")
        half_fee = rule.share(fee)
        sheet.step("copay.emergency_fee", half_fee, "KTAS 1–3: half", {"emergency_fee": fee}, rule)
    elif fee and not mild:
        covered += fee  # at the rate of the stay
    rate_setting = "emergency" if mild else setting
    first = _bucket(sheet, "covered", rate_setting, setting, covered)
    scan = _bucket(sheet, "scan", rate_setting, setting, amounts.ct_mri)
    exact = first[0] + scan[0] + half_fee
    fixed = sum((share for share, rule in (first, scan) if isinstance(rule, Rule) and rule.kind == "fixed"), Decimal(0))
    unit = 10 if setting == "inpatient" or case.payer in AID else 100
    shared = int(fixed) + cut(exact - fixed, unit)
    sheet.step("copay.rounding", shared, f"cut to {unit}", {"before": exact, "fixed": fixed})
    if case.payer == "veteran" and case.veteran_rate:
        rule = by_id("veteran.reduce")
        exact = shared * Decimal(100 - case.veteran_rate) / 100
        shared = cut(exact, 10)
        sheet.step(
            "copay.veteran", shared, "share × (1 − reduction), cut to 10", {"reduction": case.veteran_rate}, rule
        )
    spread = _spread(
        shared,
        exact,
        (
            ("covered", covered, first),
            ("ct_mri", amounts.ct_mri, scan),
            ("emergency_fee", fee, (half_fee, by_id("nhi.er.fee.ok"))),
        ),
    )
    for bucket, amount, patient, decided_by in spread:
        if amount and not (bucket == "emergency_fee" and not half_fee):
            sheet.part(bucket, amount, patient, decided_by)
    meals = _meals(sheet)
    winner = first[1] if covered else scan[1] if amounts.ct_mri else first[1]
    winning = winner.rule_id if isinstance(winner, Rule) else winner.key
    if (
        case.payer in AID
        and case.referral is False
        and case.setting == "outpatient"
        and case.institution in SECOND_LEVEL
    ):
        sheet.step(
            "copay.referral",
            shared,
            "no referral: exceptions are decided by a person",
            {"institution": case.institution},
            REFERRAL,
        )
    counts = sum(patient for _, _, patient, rule in spread if not _beyond_the_cap(case, rule))
    return shared + full_fee + meals, winning, counts + meals


def _beyond_the_cap(case: Case, rule: Rule | Fact) -> bool:
    """Shares that the yearly cap never counts (시행령 제19조③): under a penalty; minor disease only of those who are not spared."""
    penalty = isinstance(rule, Rule) and rule.role == "penalty"
    spared = isinstance(rule, Rule) and rule.rule_id == MINOR and (case.pregnant or case.age < 6)
    return (penalty and not spared) or rule is UNKNOWN


def _bucket(
    sheet: _Reckoning, bucket: str, rate_setting: str, setting: str, amount: int
) -> tuple[Decimal, Rule | Fact]:
    """The exact share of one bucket under its winning rule, with the long-stay surcharge where the ordinary rate won."""
    case = sheet.case
    rule = sheet.best(bucket, rate_setting, amount)
    if rule is None or (rate_setting != setting and rule.role != "penalty"):
        rule = sheet.best(bucket, setting, amount)
    if rule is None:
        if amount:
            sheet.step(f"copay.{bucket}", amount, "no benefit on this day: in full", {"amount": amount}, UNKNOWN)
        return Decimal(amount), UNKNOWN
    consultation = case.amounts.consultation if bucket == "covered" else 0
    share = rule.share(amount, consultation)
    if amount or bucket == "covered":
        sheet.step(
            f"copay.{bucket}", share, f"{rule.kind} {rule.value}", {"amount": amount, "age": case.age, "payer": case.payer}, rule
        )  # fmt: skip
    if (
        bucket == "covered"
        and rule.rule_id == "nhi.in.adult"
        and case.institution in ("hospital", "general", "tertiary")
    ):
        for name, fee in (("nhi.in.long16", case.room_fee_16_30), ("nhi.in.long31", case.room_fee_31)):
            long_stay = by_id(name)
            if fee and long_stay.starts_on <= case.on:
                more = fee * (long_stay.value - rule.value)
                share += more
                sheet.step(
                    "copay.long_stay",
                    more,
                    f"room fee × ({long_stay.value} − {rule.value})",
                    {"room_fee": fee},
                    long_stay,
                )
    return share, rule


def _spread(shared: int, exact: Decimal, buckets: tuple) -> list[tuple[str, int, int, Rule | Fact]]:
    """Give the rounded share to the buckets in proportion; the first bucket carries the rounding difference."""
    total = sum((share for _, _, (share, _) in buckets), Decimal(0))
    rows = [
        (bucket, amount, cut(share * shared / total, 1) if total else 0, rule)
        for bucket, amount, (share, rule) in buckets
    ]
    rest = shared - sum(row[2] for row in rows)
    for index, (bucket, amount, patient, rule) in enumerate(rows):
        if amount and patient + rest <= amount and patient + rest >= 0:
            rows[index] = (bucket, amount, patient + rest, rule)
            break
    return rows


def _meals(sheet: _Reckoning) -> int:
    amount = sheet.case.amounts.meals
    if not amount:
        return 0
    rule = next(
        (
            rule
            for rule in candidates(sheet.payer, "inpatient", sheet.case.institution, sheet.case.area, "meals")
            if rule.holds(sheet.case)
        ),
        None,
    )
    share = amount if rule is None else cut(rule.share(amount), 10)
    sheet.step("copay.meals", share, "meals × rate, cut to 10", {"meals": amount}, rule or NOBODY)
    return sheet.part("meals", amount, share, rule or NOBODY)


def _cap(sheet: _Reckoning, shared: int, counts: int) -> tuple[int, int, int | None]:
    """Yearly cap (본인부담상한제): (share after it, excess paid by the insurer, refund estimate)."""
    case = sheet.case
    if case.payer not in CAPPED_PAYERS:
        return shared, 0, None
    before = case.year_to_date_share or 0
    excess = 0
    top = cap_of(case.on.year, 10)
    if top is not None and before + counts > top.value:
        excess = min(counts, before + counts - top.value)
        sheet.step("copay.cap", shared - excess, "the year's share stops at the top cap",
                   {"year_to_date": before, "counts": counts, "cap": top.value}, top)  # fmt: skip
    refund = None
    if case.income_decile is not None:
        own = cap_of(case.on.year, case.income_decile)
        if own is not None:
            refund = max(0, before + counts - excess - own.value)
            sheet.step("copay.refund", refund, "year's share − cap of the income group",
                       {"year": before + counts - excess, "cap": own.value}, own)  # fmt: skip
    return shared - excess, excess, refund
