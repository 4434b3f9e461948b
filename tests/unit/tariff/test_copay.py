"""The copayment engine against the worked examples, and its properties."""

import json
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamna.commands.copay import answer
from tamna.engines.tariff import Amounts, Case, copay, parse_case
from tamna.engines.tariff.case import PAYERS, SETTINGS

GOLDEN = Path(__file__).parents[2] / "golden" / "tariff" / "copay.jsonl"
EXAMPLES = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]

won = st.integers(0, 20_000_000)
amounts = st.builds(
    Amounts, covered=won, ct_mri=won, drugs=won, emergency_fee=st.integers(0, 100_000), meals=won, room_2_3=won,
    selective=st.lists(st.tuples(st.sampled_from((30, 50, 80, 90)), won), max_size=3).map(tuple), full_self=won,
    non_covered=won,
)  # fmt: skip
cases = st.builds(
    Case, on=st.dates(date(2018, 1, 1), date(2026, 12, 31)), payer=st.sampled_from(PAYERS),
    birth_on=st.dates(date(1920, 1, 1), date(2017, 12, 31)), amounts=amounts, setting=st.sampled_from(SETTINGS),
    institution=st.sampled_from(("general", "hospital", "tertiary", "clinic")), area=st.sampled_from(("dong", "eupmyeon")),
    emergency_class=st.sampled_from(("local_center", "none")),
    special_case=st.sampled_from(("", "", "V193", "V000", "V800", "V999")), pregnant=st.booleans(),
    room_beds=st.sampled_from((2, 3)), emergency_level=st.sampled_from((None, 1, 3, 4, 5)),
    hours_in_er=st.sampled_from((0, 5.9, 6, 30)), visits_this_year=st.sampled_from((3, 366)),
    year_to_date_share=st.sampled_from((None, 0, 8_000_000)), income_decile=st.sampled_from((None, 1, 10)),
    veteran_rate=st.sampled_from((None, 60, 100)),
)  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["case"]["id"])
def test_worked_example(example):
    result = answer(example["case"])
    assert (result["patient_share"], result["insurer_share"]) == (example["patient"], example["insurer"]), example[
        "why"
    ]


@given(cases)
@settings(max_examples=400)
def test_shares_add_up_and_are_never_negative(case):
    result = copay(case).value
    assert result.patient_won + result.insurer_won == case.amounts.total
    assert result.patient_won >= 0 and result.insurer_won >= 0
    assert all(0 <= part.patient_won <= part.amount_won for part in result.parts)
    if case.payer not in ("self", "auto", "industrial"):
        assert sum(part.patient_won for part in result.parts) - result.cap_excess_won == result.patient_won


@given(cases, st.integers(0, 3_000_000))
def test_a_larger_bill_never_costs_the_patient_less(case, more):
    from dataclasses import replace

    larger = replace(case, amounts=replace(case.amounts, covered=case.amounts.covered + more))
    tiers = case.institution in ("clinic", "pharmacy")  # the age-65 steps fall back by law only upward
    assert tiers or copay(larger).value.patient_won >= copay(case).value.patient_won


def test_a_birthday_changes_the_rate_on_the_day_itself():
    base = {
        "date": "2026-04-06",
        "institution": {"type": "general"},
        "setting": "outpatient",
        "amounts": {"covered": 100_000},
    }
    before = answer({**base, "patient": {"birth_date": "2020-04-07", "sex": "F", "payer": "nhi"}})
    on_it = answer({**base, "patient": {"birth_date": "2020-04-06", "sex": "F", "payer": "nhi"}})
    assert (before["patient_share"], on_it["patient_share"]) == (35_000, 50_000)


def test_an_unconfirmed_rule_that_decided_is_named():
    case = {
        "date": "2026-04-06", "institution": {"type": "general"}, "setting": "outpatient",
        "patient": {"birth_date": "1970-01-01", "sex": "F", "payer": "nhi", "special_class": "rare"},
        "amounts": {"covered": 100_000},
    }  # fmt: skip
    assert answer(case)["unconfirmed"] == ["nhi.special.rare"]


def test_all_mistakes_are_told_at_once():
    with pytest.raises(ExceptionGroup) as caught:
        parse_case(
            {
                "date": "2026-02-30",
                "colour": "red",
                "setting": "outpatient",
                "institution": {"type": "general"},
                "patient": {"birth_date": "2030-01-01", "payer": "gold"},
                "amounts": {"covered": -1, "meals": 1.5},
            }
        )
    fields = {error.field for error in caught.value.exceptions}
    assert fields == {"colour", "date", "patient.payer", "amounts.covered", "amounts.meals"}


def shares(**changes):
    case = Case(
        **{"on": date(2026, 4, 6), "payer": "nhi", "birth_on": date(1970, 1, 1), "amounts": Amounts(), **changes}
    )
    return copay(case).value.patient_won


def test_a_fixed_amount_is_not_rounded_and_never_exceeds_the_cost():
    assert shares(payer="medical_aid_1", amounts=Amounts(covered=1_234)) == 1_234
    assert shares(payer="medical_aid_1", amounts=Amounts(covered=1_234, ct_mri=999)) == 1_234 + 40
    assert shares(payer="near_poor_2", institution="clinic", amounts=Amounts(covered=777, ct_mri=9_999)) == 777 + 1_300


def test_a_room_of_four_is_shared_at_tertiary_hospitals_only():
    room = {"setting": "inpatient", "room_beds": 4, "amounts": Amounts(room_2_3=100_000)}
    assert shares(institution="tertiary", **room) == 30_000
    assert shares(institution="tertiary", on=date(2014, 8, 31), **room) == 100_000


def test_of_two_penalties_the_heavier_holds():
    both = {
        "institution": "tertiary",
        "minor_disease": True,
        "visits_this_year": 366,
        "amounts": Amounts(covered=100_000),
    }
    assert shares(**both) == 100_000 and shares(**{**both, "minor_disease": False}) == 90_000


def test_the_yearly_cap_counts_by_bucket():
    bill = Amounts(covered=100_000, ct_mri=100_000)
    minor = copay(
        Case(
            on=date(2026, 4, 6),
            payer="nhi",
            birth_on=date(1970, 1, 1),
            amounts=bill,
            institution="tertiary",
            minor_disease=True,
        )
    ).value
    assert (minor.patient_won, minor.counted_won) == (
        160_000,
        60_000,
    )  # minor disease stays out, the scan beside it counts
    pregnant = copay(
        Case(
            on=date(2026, 4, 6),
            payer="nhi",
            birth_on=date(1990, 1, 1),
            amounts=bill,
            institution="tertiary",
            minor_disease=True,
            pregnant=True,
        )
    ).value
    assert pregnant.counted_won == pregnant.patient_won
    over = copay(
        Case(on=date(2026, 4, 6), payer="nhi", birth_on=date(1970, 1, 1), amounts=bill, visits_this_year=366)
    ).value
    assert (over.patient_won, over.counted_won) == (180_000, 0)


def test_one_bill_above_the_cap_stops_there_without_a_word_about_the_year():
    stay = {"setting": "inpatient", "amounts": Amounts(covered=60_000_000)}
    assert shares(**stay) == 8_430_000 and shares(**stay, on=date(2027, 1, 1)) == 12_000_000  # no cap is known for 2027


@given(cases)
@settings(max_examples=300)
def test_what_counts_for_the_cap_is_a_part_of_the_share_and_never_above_the_cap(case):
    from tamna.engines.tariff.rules import cap_of

    result, top = copay(case).value, cap_of(case.on.year, 10)
    assert 0 <= result.counted_won <= result.patient_won
    assert case.payer == "nhi" or (result.counted_won, result.cap_excess_won) == (0, 0)
    if top is not None and case.payer == "nhi" and (case.year_to_date_share or 0) <= top.value:
        assert (case.year_to_date_share or 0) + result.counted_won <= top.value


@given(cases, st.integers(0, 9_000_000), st.integers(0, 9_000_000))
@settings(max_examples=200)
def test_the_more_was_paid_this_year_the_less_is_asked_now(case, a, b):
    from dataclasses import replace

    low, high = sorted((a, b))
    shares_of = [copay(replace(case, year_to_date_share=won)).value.patient_won for won in (low, high)]
    assert shares_of[0] >= shares_of[1]


@given(cases, st.sampled_from(("pregnant", "special_case", "exempt")))
@settings(max_examples=300)
def test_no_relief_makes_a_bill_dearer(case, relief):
    from dataclasses import replace

    plain = replace(case, pregnant=False, special_case="", exempt=False, special_class="")
    helped = replace(plain, **{relief: "V193" if relief == "special_case" else True})
    assert copay(helped).value.patient_won <= copay(plain).value.patient_won


def edges():
    """The day before, on and after each day on which a rule of the table begins or ends."""
    from tamna.engines.tariff.rules import rules

    for rule in rules():
        for day in (rule.starts_on, rule.last_on):
            if day is not None:
                yield from ((rule, day + timedelta(days=more)) for more in (-1, 0, 1))


def test_a_rule_holds_from_its_first_day_to_its_last():
    for rule, on in edges():
        case = Case(on=on, payer="nhi", birth_on=date(1960, 1, 1), amounts=Amounts(covered=1))
        held = rule.starts_on <= on and (rule.last_on is None or on <= rule.last_on)
        dated = replace_conditions(rule)
        assert dated.holds(case) == held, (rule.rule_id, on)


def replace_conditions(rule):
    """The rule for everybody: only its days are left to decide."""
    from dataclasses import replace

    return replace(
        rule, payers=frozenset({"nhi"}), setting="any", institutions=frozenset({"any"}), area="any", conditions=()
    )


def test_a_share_that_no_rule_decides_is_said_to_be_unconfirmed():
    case = {
        "date": "2026-04-06", "institution": {"type": "pharmacy"}, "setting": "outpatient",
        "patient": {"birth_date": "1970-01-01", "payer": "near_poor_2"}, "amounts": {"covered": 10_000},
    }  # fmt: skip
    result = answer(case)
    assert result["patient_share"] == 10_000 and result["unconfirmed"] == ["any.no_rule"]


def test_medical_aid_without_a_referral_is_told_to_be_looked_at():
    case = {
        "date": "2026-04-06", "institution": {"type": "general"}, "setting": "outpatient",
        "patient": {"birth_date": "1970-01-01", "payer": "medical_aid_1"}, "amounts": {"covered": 57_000}, "context": {"referral": False},
    }  # fmt: skip
    assert (
        answer(case)["unconfirmed"] == ["ma.referral"]
        and answer({**case, "context": {"referral": True}})["unconfirmed"] == []
    )


@pytest.mark.parametrize("empty", [{"amounts": None}, {"context": None}, {"amounts": {}, "context": {}}])
def test_what_is_not_said_is_nothing(empty):
    case = {"date": "2026-04-06", "institution": {"type": "general"}, "setting": "outpatient",
            "patient": {"birth_date": "1970-01-01", "payer": "nhi"}}  # fmt: skip
    assert answer({**case, **empty})["patient_share"] == 0


@pytest.mark.parametrize(("code", "kept"), [("v193", "V193"), (" V193 ", "V193"), ("", ""), (None, "")])
def test_a_special_case_is_read_as_people_write_it(code, kept):
    case = {"date": "2026-04-06", "institution": {"type": "general"}, "setting": "outpatient",
            "patient": {"birth_date": "1970-01-01", "payer": "nhi", "special_case": code}}  # fmt: skip
    assert parse_case(case).special_case == kept
    with pytest.raises(ExceptionGroup):
        parse_case({**case, "patient": {**case["patient"], "special_case": 193}})


def test_rows_of_the_bill_add_up_and_none_is_below_nothing():
    from tamna.engines.tariff.bill import BillLine, bill_rows, bucket_amounts

    chance = Random(3)
    kinds = [("AA156", "01", "01", "covered"), ("ZL001", "09", "01", "covered"), ("X", "04", "01", "covered"), ("R", "02", "01", "room2"),
             ("C", "S", "01", "covered_ct"), ("D", "04", "01", "selective50"), ("E", "08", "01", "full_self"), ("F", "W", "03", "non_covered")]  # fmt: skip
    for _ in range(400):
        lines = [
            BillLine(*chance.choice(kinds), chance.choice((0, 1, 7, 999, 12_340, 1_000_001)))
            for _ in range(chance.randrange(1, 9))
        ]
        case = Case(on=date(2026, 4, 6), payer=chance.choice(PAYERS), birth_on=date(1960, 1, 1), amounts=bucket_amounts(lines), room_beds=2,
                    setting=chance.choice(SETTINGS), special_case=chance.choice(("", "V193")))  # fmt: skip
        result = copay(case).value
        rows = bill_rows(lines, result)
        columns = ("patient", "insurer", "full_self", "selective", "non_covered")
        assert all(int(row[name]) >= 0 for row in rows for name in columns)
        assert sum(int(row[name]) for row in rows for name in columns) == sum(line.amount_won for line in lines)
        if case.payer not in ("auto", "industrial"):
            assert sum(int(row[name]) for row in rows for name in columns if name != "insurer") == result.patient_won


def reachable():
    """Cases spread over everything a rule can ask for: each rule of the table must decide one of them."""
    births = [date(2026, 4, 1), date(2025, 7, 1), date(2024, 7, 1), date(2022, 1, 1), date(2014, 1, 1), date(1955, 1, 1),
              date(1980, 1, 1)]  # fmt: skip
    turns = [
        {}, {"pregnant": True}, {"preterm": True}, {"minor_disease": True}, {"direct_dispensing": True},
        {"chronic_notified": True}, {"exempt": True}, {"visits_this_year": 366}, {"special_class": "rare"},
        {"delivery": "vaginal"}, {"delivery": "caesarean"}, {"high_risk_pregnancy": True}, {"room_beds": 2},
        {"room_beds": 3}, {"room_beds": 4}, {"emergency_level": 5, "emergency_class": "local_center"},
        {"emergency_level": 5}, {"veteran_rate": 60}, {"room_fee_16_30": 50_000}, {"room_fee_31": 50_000},
        *({"special_case": code} for code in
          ("V193", "V194", "V027", "V191", "V268", "V275", "V192", "V247", "V248", "V249", "V250", "V273", "V800", "V810",
           "V000", "V010", "V001", "V003", "V005", "V009")),
    ]  # fmt: skip
    bills = [
        Amounts(covered=100_000, meals=10_000, room_2_3=10_000, emergency_fee=10_000, full_self=1, non_covered=1, elective=1,
                selective=((50, 10_000),)),
        Amounts(ct_mri=100_000),
        Amounts(covered=9_000),
    ]  # fmt: skip
    classes, areas = ("tertiary", "general", "hospital", "clinic", "pharmacy"), ("dong", "eupmyeon")
    days = (date(2017, 6, 1), date(2024, 12, 30), date(2026, 4, 6))
    chance = Random(1)  # drawn with a fixed seed: the whole product is hundreds of thousands
    for _ in range(100_000):
        on = chance.choice(days)
        yield Case(
            on=on, payer=chance.choice(PAYERS), setting=chance.choice(SETTINGS),
            birth_on=chance.choice([day for day in births if day <= on]), amounts=chance.choice(bills), institution=chance.choice(classes),
            area=chance.choice(areas), **chance.choice(turns),
        )  # fmt: skip


def test_every_rule_of_the_table_decides_some_case():
    from tamna.engines.tariff.rules import rules

    left = {rule.rule_id for rule in rules()}
    for case in reachable():
        explained = copay(case)
        left -= {fact.key for step in explained.steps for fact in step.facts}
        if not left:
            break
    assert not left
