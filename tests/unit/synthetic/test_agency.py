"""The agency judges alike whoever asks: by form, by criteria that drift, by readers who differ, and now and then wrongly."""

import copy
import subprocess
import sys
from datetime import date

import pytest

from tamna.simulators.agency import Judge, Known
from tamna.simulators.agency.habits import Habits
from tamna.simulators.agency.judge import Memory

ON = date(2026, 10, 12)
KNOWN = Known("4", "70000000001", doctors=frozenset({"90001"}))


def statement(number=1, **changes):
    claim = {
        "claim_id": f"C{number:05d}", "setting": "outpatient", "department": "01", "insurer_kind": "4", "patient_ref": f"P{number}", "card_no": "70000000001",
        "birth_date": date(1960, 5, 1), "sex": "M", "first_visit_on": date(2026, 9, 15), "last_service_on": date(2026, 9, 15), "visit_days": 1,
        "doctor_license": "90001", "total_amount": 16_930, "patient_share": 5_000, "insurer_share": 11_930,
    }  # fmt: skip
    line = {
        "item_sub": "01",
        "service_on": date(2026, 9, 15),
        "dose": 1.0,
        "times_per_day": 1.0,
        "days": 1,
        "quantity": 1.0,
    }
    return {
        "claim": claim | changes,
        "lines": [
            {**line, "line_no": 1, "item_class": "01", "code": "AA256", "unit_price": 14_510.0, "amount": 14_510},
            {**line, "line_no": 2, "item_class": "09", "code": "D3022", "unit_price": 1_420.0, "amount": 1_420},
            {**line, "line_no": 3, "item_class": "09", "code": "ZL001", "unit_price": 1_000.0, "amount": 1_000},
        ],
        "diagnoses": [{"kind": "principal", "code": "E11.9"}],
    }  # fmt: skip


def share(judge, make, status, known=KNOWN, on=ON, count=400):
    found = [judge.decide(make(number), on, known) for number in range(count)]
    return sum(one.status in status for one in found) / count


BACK = ("returned", "impossible")
BROKEN = {
    "F01": lambda one: one["claim"].update(card_no="70000000009"),
    "F02": lambda one: one["claim"].update(insurer_kind="7"),
    "F03": lambda one: one["diagnoses"][0].update(code="E11"),
    "F04": lambda one: one["claim"].update(special_code="V193"),
    "F05": lambda one: one["lines"][1].update(service_on=date(2026, 9, 16)),
    "F06": lambda one: one["claim"].update(doctor_license="90002"),
    "F07": lambda one: one["lines"][1].update(code="D302X"),
    "F08": lambda one: one["lines"][1].update(amount=2_420),
    "F09": lambda one: one["claim"].update(patient_share=4_000),
    "F16": lambda one: one["claim"].update(accident_kind="traffic"),
    "F17": lambda one: one["diagnoses"][0].update(code="W19"),
    "F18": lambda one: one["diagnoses"][0].update(code="N95.1"),
    "F23": lambda one: one["lines"].clear(),
}


@pytest.mark.parametrize("reason", sorted(BROKEN))
def test_a_broken_form_comes_back_with_its_reason(reason):
    judge, seen = Judge(7), []
    for number in range(60):
        one = statement(number)
        BROKEN[reason](one)
        seen.append(judge.decide(one, ON, KNOWN))
    hit = [one for one in seen if one.status in BACK]
    assert len(hit) > 50
    assert sum(one.reason == reason for one in hit) > 0.85 * len(hit)
    assert all(one.decided_won == 0 for one in hit)


def test_a_clean_statement_is_nearly_always_paid():
    assert share(Judge(7), statement, ("full",)) > 0.95


def with_own_line(number, counted_won=0):
    """A statement with a line that the patient pays in full; `counted_won` of it wrongly in the total."""
    one = statement(number)
    own = {"line_no": 4, "code": "ZT035", "unit_price": 5_000.0, "amount": 5_000, "copay_kind": "full_self"}
    one["lines"].append(one["lines"][2] | own)
    one["claim"]["total_amount"] += counted_won
    one["claim"]["patient_share"] += counted_won
    return one


def test_a_line_that_the_patient_pays_in_full_stands_outside_the_total_and_is_not_lowered():
    judge = Judge(7)
    assert share(judge, with_own_line, ("full",)) > 0.95
    assert share(judge, lambda number: with_own_line(number, 5_000), BACK) > 0.9
    cuts = [cut for number in range(3_000) for cut in judge.decide(with_own_line(number), ON, KNOWN).cuts]
    assert cuts and all(cut.line_no != 4 for cut in cuts)


def test_the_same_question_gets_the_same_answer_in_another_process():
    program = (
        "import sys; sys.path.insert(0, 'tests/unit/synthetic'); from test_agency import *; "
        "print([Judge(7).decide(statement(n), ON, KNOWN).decided_won for n in range(200)])"
    )
    here = [Judge(7).decide(statement(number), ON, KNOWN).decided_won for number in range(200)]
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert there.strip() == str(here)


def test_what_was_mended_is_looked_at_afresh():
    judge = Judge(7)
    wrong = next(number for number in range(20_000) if judge.decide(statement(number), ON, KNOWN).cause == "wrong")
    assert {judge.decide(statement(wrong), ON, KNOWN, turn=turn).status for turn in range(1, 6)} >= {"full"}


def doubled(number):
    one = statement(number)
    one["lines"][1] |= {"times_per_day": 3.0, "quantity": 3.0, "amount": 4_260}
    one["claim"] |= {"total_amount": 19_770, "insurer_share": 14_770}
    return one


def test_more_than_a_day_allows_is_mostly_cut_and_only_the_excess():
    judge = Judge(7)
    found = [judge.decide(doubled(number), ON, KNOWN) for number in range(300)]
    cut = [one for one in found if one.status == "adjusted" and one.reason == "A01"]
    assert len(cut) > 60
    assert all(1_500 < one.asked_won - one.decided_won < 3_000 for one in cut)
    assert {line.line_no for one in cut for line in one.cuts if line.reason == "A01"} == {2}


def test_criteria_drift_from_quarter_to_quarter():
    habits = Habits(7)
    early, late = habits.drift(date(2023, 2, 1)), habits.drift(date(2026, 2, 1))
    assert early != late
    assert habits.drift(date(2026, 1, 1)) == habits.drift(date(2026, 3, 31))
    assert habits.drift(date(2026, 3, 31)) != habits.drift(date(2026, 4, 1))


def test_reviewers_and_doctors_names_differ():
    habits = Habits(7)
    levels = [reader["counts"] for reader in habits.reviewers]
    assert max(levels) > 1.3 * min(levels)
    names = [habits.on_doctor(str(number)) for number in range(500)]
    assert max(names) > 4
    assert sum(names) / 500 == pytest.approx(1, abs=0.25)


def test_seeds_are_different_agencies():
    assert [Judge(seed).habits.reviewers[0]["needs"] for seed in (1, 2)] != [Judge(1).habits.reviewers[0]["needs"]] * 2


def test_a_first_visit_soon_after_another_is_seen_by_memory():
    def first(number):
        one = statement(number)
        one["lines"][0]["code"] = "AA156"
        return one

    judge, memory = Judge(7), Memory()
    cut = 0
    for number in range(300):
        one, again = first(number), first(number)
        judge.decide(one, ON, KNOWN, memory)
        again["claim"] |= {
            "claim_id": f"L{number}",
            "first_visit_on": date(2026, 9, 25),
            "last_service_on": date(2026, 9, 25),
        }
        for line in again["lines"]:
            line["service_on"] = date(2026, 9, 25)
        cut += judge.decide(again, ON, KNOWN, memory).reason == "A12"
    assert cut > 60


def test_judging_changes_nothing():
    one = doubled(1)
    before = copy.deepcopy(one)
    Judge(7).decide(one, ON, KNOWN, Memory())
    assert one == before
