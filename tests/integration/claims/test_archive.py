"""The stored statements: one by one and in bulk the rules find the same, and a re-check stores it once."""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db.models import F

from tamna.claims import archive, documents, recheck, reports
from tamna.claims.models import (
    Batch,
    Claim,
    ClaimLine,
    Finding,
    InfectionReport,
    Recheck,
    RecheckFinding,
    ReportedMachine,
    ReportedStaff,
)
from tamna.core import clock
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.models import Department, Practitioner
from tamna.engines.claimcheck import schema
from tamna.engines.claimcheck.frame_documents import documents_of
from tamna.params import table
from tamna.patients.models import Coverage
from tamna.patients.services import register_patient
from tamna.reception.models import Condition, Encounter, ServiceRequest

pytestmark = pytest.mark.django_db(transaction=True)
FIRST = date(2026, 9, 1)
CLERK = Actor("person", "clerk", role="claims", team="claims")
FEES = [row for row in table("tariff/fee_items") if row["unit_price_won"] and row["benefit"] != "non_covered"]
CODES = ["I10.9", "E11.9", "J20.9", "M54.5", "A75.3", "Z99.9", "NOPE", "M17.1"]


class Archive:
    """Statements with faults in them, made by chance."""

    def __init__(self, seed: int = 1) -> None:
        self.chance, self.serial = random.Random(seed), 0
        self.departments = {row.code: row for row in Department.objects.all()}
        self.doctors = list(Practitioner.objects.order_by("id"))

    def patient(self, payer="nhi"):
        made = register_patient(
            name="김수", birth_on=date(1940 + self.chance.randrange(84), 3, 2), sex=self.chance.choice("FM"), by=CLERK
        )
        Coverage.objects.create(
            patient=made, payer=payer, card_no=self.chance.choice(["", "70000000001"]), checked_on=FIRST,
            checked_at=clock.at_seoul(FIRST), benefit_stopped=self.chance.random() < 0.1,
        )  # fmt: skip
        return made

    def claim(self, patient, on=None, codes=None, diagnosis=None, **values):
        chance, self.serial = self.chance, self.serial + 1
        on = on or FIRST + timedelta(days=chance.randrange(40))
        setting = values.pop("setting", None) or chance.choice(["outpatient"] * 8 + ["inpatient", "emergency"])
        stay = chance.randrange(1, 6) if setting == "inpatient" else 0
        department = self.departments[chance.choice(["01", "05"])]
        at = clock.at_seoul(on, 600)
        encounter = Encounter.objects.create(
            patient=patient, department=department, practitioner=chance.choice([*self.doctors, None]),
            coverage=chance.choice([patient.coverages.first(), patient.coverages.first(), None]), setting=setting,
            status="finished", payer="nhi", business_on=on, arrived_at=at, finished_at=at + timedelta(hours=chance.randrange(9)),
            admitted_on=on if stay else None, discharged_on=on + timedelta(days=stay) if stay else None,
            ktas=chance.randrange(1, 6) if setting == "emergency" else None,
            special_case=chance.choice(["", "", "", "V193"]),
        )  # fmt: skip
        fees = (
            [row for row in FEES if row["code"] in codes] if codes else chance.choices(FEES, k=chance.randrange(0, 7))
        )
        total = 0
        claim = Claim.objects.create(
            claim_no=f"202609-{self.serial:06d}", encounter=encounter, insurer_kind=values.pop("insurer_kind", "4"), payer="nhi",
            setting=setting, department=department, care_month="202609", first_visit_on=on, made_at=at, **values,
        )  # fmt: skip
        for number, fee in enumerate(fees, start=1):
            quantity = chance.choice([1, 1, 1, 2, 40])
            amount = int(fee["unit_price_won"]) * quantity + chance.choice([0, 0, 0, 7])
            total += amount
            ClaimLine.objects.create(
                claim=claim, line_no=number, item_class=fee["item_class"], item_sub=fee["item_sub"], code_kind=fee["code_kind"],
                code=chance.choice([fee["code"]] * 9 + ["NOPE"]) if not codes else fee["code"], name=fee["name_ko"],
                service_at=at + timedelta(days=chance.randrange(stay) if stay else 0, minutes=chance.randrange(700)),
                unit_won=int(fee["unit_price_won"]), dose=quantity, quantity=Decimal(quantity), amount_won=amount,
                benefit=chance.choice(["covered"] * 8 + ["full_self", "selective80"]),
                note_code=chance.choice([""] * 9 + ["JX999"]), note_text=chance.choice(["", "사유"]),
            )  # fmt: skip
        for seq in range(1, chance.randrange(1, 4)):
            Condition.objects.create(
                encounter=encounter, seq=seq, kind="principal" if seq == 1 else "secondary",
                code=diagnosis or chance.choice(CODES),
            )  # fmt: skip
        if chance.random() < 0.3:
            ServiceRequest.objects.create(
                encounter=encounter,
                placer_number=f"P{self.serial}",
                code=chance.choice(FEES)["code"],
                name="x",
                ordered_at=at,
            )
        claim.total_won, claim.patient_won = total, total * 3 // 10
        claim.insurer_won = total - claim.patient_won
        claim.save()
        return claim

    def fill(self, patients=20, claims=80):
        people = [self.patient() for _ in range(patients)]
        return [self.claim(self.chance.choice(people)) for _ in range(claims)]


@pytest.fixture
def shelf(hospital, morning):
    ReportedStaff.objects.create(
        kind="doctor", license_no="90001", valid_from=date(2020, 1, 1), valid_to=date(2026, 9, 20)
    )
    ReportedStaff.objects.create(kind="physical_therapist", license_no="PT1", valid_from=date(2020, 1, 1))
    ReportedMachine.objects.create(kind="CT", number="1", valid_from=date(2020, 1, 1), valid_to=date(2026, 9, 10))
    ReportedMachine.objects.create(kind="DXA", number="1", valid_from=date(2020, 1, 1))
    return Archive()


def told(report):
    both = [(one, False) for one in report.findings] + [(one, True) for one in report.hidden]
    return {(one.rule_id, one.rule.over, one.at, one.line_no, one.severity, one.won_at_risk, hid) for one, hid in both}


def test_one_by_one_and_in_bulk_the_rules_find_the_same(shelf):
    claims = shelf.fill()
    checker = archive.checker()
    table = checker.findings([claim.pk for claim in claims])
    found: dict[int, set] = {claim.pk: set() for claim in claims}
    for row in table.iter_rows(named=True):
        found[row["key"]].add(
            tuple(row[name] for name in ("rule_id", "over", "at", "line_no", "severity", "won_at_risk", "hidden"))
        )
    for claim in claims:
        assert told(checker.report(claim.pk)) == found[claim.pk], claim.claim_no
    assert len({row[0] for rows in found.values() for row in rows}) > 30
    some = [claim.pk for claim in claims[:7]]
    again = checker.findings(some)
    assert set(again["key"]) <= set(some)
    kept = {key: rows for key, rows in found.items() if key in some}
    assert sum(map(len, kept.values())) == len(
        again
    )  # judged with all statements of their patients, whoever was asked for


def test_frames_and_documents_say_the_same(shelf):
    claims = shelf.fill(6, 25)
    ids = [claim.pk for claim in claims]
    tables = archive.frames(ids)
    frames = {part: rows.drop("key", strict=False) for part, rows in tables.items()}
    for framed, document in zip(documents_of(frames), map(schema.normal, archive.documents(ids)), strict=True):
        for part in ("claim", "lines", "diagnoses", "orders"):
            assert framed[part] == document[part]


def test_rules_that_ask_reports_orders_and_infections(shelf):
    shelf.chance.random = lambda: 0.99  # no order of chance
    claim = shelf.claim(shelf.patient(), codes=["HC341"], diagnosis="A75.3", setting="outpatient")
    ServiceRequest.objects.create(
        encounter=claim.encounter, placer_number="X", code="D3063", name="x", ordered_at=clock.at_seoul(claim.first_visit_on, 600)
    )  # fmt: skip
    Condition.objects.filter(encounter=claim.encounter).delete()
    Condition.objects.create(encounter=claim.encounter, seq=1, kind="principal", code="A75.3")
    checker = archive.checker()
    evaluated = {"L001", "L002", "L003", "L004", "L005", "L009", "L010", "U003", "X021", "P002", "P006", "P007"}
    assert not evaluated & set(checker.not_evaluated)

    def rules():
        report = archive.checker().report(claim.pk)
        return {one.rule_id for one in (*report.findings, *report.hidden)}

    assert {"U003", "X021"} <= rules() and "L002" not in rules()
    InfectionReport.objects.create(encounter=claim.encounter, code="A75.3", reported_on=FIRST, made_by="clerk")
    ReportedMachine.objects.filter(kind="DXA").delete()
    ServiceRequest.objects.all().delete()
    assert not {"U003", "X021"} & rules() and "L002" in rules()
    ReportedMachine.objects.all().delete()
    assert "L002" in archive.checker().not_evaluated


def test_reports_from_a_list_land_once_and_bad_rows_are_told(shelf):
    claim = shelf.claim(shelf.patient())
    rows = [
        {"what": "staff", "kind": "psychiatrist", "number": "90002", "valid_from": "2026-01-01", "valid_to": ""},
        {"what": "machine", "kind": "MRI", "number": "7", "valid_from": "2026-01-01", "valid_to": "2027-01-01"},
        {"what": "infection", "kind": "A75.3", "number": claim.claim_no, "valid_from": "2026-09-02"},
        {"what": "machine", "kind": "MRI", "number": "8", "valid_from": "2026-01-01", "valid_to": "2025-01-01"},
        {"what": "infection", "kind": "A75.3", "number": "?", "valid_from": "2026-09-02"},
        {"what": "bed", "kind": "x", "valid_from": "2026-09-02"},
        {"what": "staff", "kind": "doctor", "valid_from": "soon"},
    ]
    first = reports.take(enumerate(rows, start=1), by=CLERK)
    assert (first.kept, first.same) == (3, 0)
    assert [(row, column) for row, column, _ in first.refused] == [
        (4, "valid_to"),
        (5, "number"),
        (6, "what"),
        (7, "valid_from"),
    ]
    rows[1]["valid_to"] = "2028-01-01"
    again = reports.take(enumerate(rows[:3], start=1), by=CLERK)
    assert (again.kept, again.same) == (1, 2)
    assert ReportedMachine.objects.get(kind="MRI").valid_to == date(2028, 1, 1)
    assert InfectionReport.objects.get().encounter_id == claim.encounter_id


def test_the_thirty_first_patient_of_a_therapist(shelf):
    claims = [shelf.claim(shelf.patient(), on=FIRST, codes=["MM010"], setting="outpatient") for _ in range(31)]
    ClaimLine.objects.update(service_at=clock.at_seoul(FIRST, 600))
    checker = archive.checker()
    hit = [claim.pk for claim in claims if "L003" in {one.rule_id for one in checker.report(claim.pk).findings}]
    assert hit == [claims[-1].pk]
    table = checker.findings([claims[-1].pk, claims[0].pk])
    assert list(table.filter(table["rule_id"] == "L003")["key"]) == hit


def test_a_recheck_stores_what_the_single_check_finds_and_goes_on_where_it_stopped(shelf):
    claims = shelf.fill(12, 50)
    Claim.objects.filter(pk=claims[3].pk).update(status="withdrawn")
    run = recheck.start(key="all", by=CLERK)
    assert recheck.start(key="all", by=CLERK).pk == run.pk and Recheck.objects.count() == 1
    assert run.total == 49
    partly = recheck._one_chunk(run.pk, 10)
    assert 10 <= partly.done < 49 and partly.state == "running"
    assert recheck.stop(recheck_id=run.pk, by=CLERK).state == "stopped"
    assert recheck.work(run.pk).done == partly.done  # a stopped run stays where it is
    recheck.go_on(recheck_id=run.pk, by=CLERK)
    done = recheck.work(run.pk, chunk=7)
    assert (done.state, done.done, done.total) == ("done", 49, 49)
    assert recheck.work(run.pk).findings == done.findings == RecheckFinding.objects.filter(is_hidden=False).count()
    checker = archive.checker()
    for claim in claims:
        if claim.pk != claims[3].pk:
            rows = RecheckFinding.objects.filter(claim=claim, recheck=run).annotate(hid=F("is_hidden"))
            names = ("rule_id", "over", "at", "line_no", "severity", "won_at_risk", "hid")
            assert set(rows.values_list(*names)) == told(checker.report(claim.pk))
    assert not Finding.objects.exists()
    assert sum(row["findings"] for row in recheck.by_rule(done)) == done.findings


def test_a_recheck_of_some_under_rules_of_a_day_and_own_rules(shelf):
    shelf.fill(10, 40)
    own = """
id: OWN-1
title: {ko: 모든 줄, en: Every line}
source: 원내 규칙
severity: warn
over: lines
hit: "amount > 0"
"""
    run = recheck.start(key="own", by=CLERK, own_rules=own, only=["OWN-1"], most=15, rules_on=date(2026, 9, 1))
    done = recheck.work(run.pk, chunk=4)
    assert (done.state, done.done, done.total) == ("done", 15, 15)
    assert {row.rule_id for row in done.rows.all()} == {"OWN-1"}
    asked = {row.claim_id for row in done.rows.all()}
    assert done.findings == ClaimLine.objects.filter(claim_id__in=asked, amount_won__gt=0).count()
    with pytest.raises(DomainError, match="bad_rules"):
        recheck.start(key="bad", by=CLERK, own_rules="id: X")
    assert not Recheck.objects.filter(key="bad").exists()


def test_what_is_sent_holds_no_fact_of_our_own(shelf):
    claim = shelf.claim(shelf.patient())
    made = datetime(2026, 10, 3, 9, tzinfo=clock.SEOUL)
    batch = Batch.objects.create(
        batch_no="202609O001", insurer_kind="4", setting=claim.setting, care_month="202609", made_at=made
    )
    Claim.objects.filter(pk=claim.pk).update(batch=batch)
    sent = documents.to_send([Claim.objects.get(pk=claim.pk)])[0]
    assert "orders" not in sent and not documents.OWN & set(sent["claim"])
    assert sent["claim"]["claim_on"] == "2026-10-03"


def test_a_recheck_judges_rules_that_compare_with_other_patients_by_quarter(shelf):
    """U001: ten times what the same department, disease and setting usually have."""
    shelf.chance.random = lambda: 0.99
    claims = [
        shelf.claim(shelf.patient(), on=FIRST, codes=["ZL001"], diagnosis="I10.9", setting="outpatient")
        for _ in range(40)
    ]
    Condition.objects.all().delete()
    for claim in claims:
        Condition.objects.create(encounter=claim.encounter, seq=1, kind="principal", code="I10.9")
    Claim.objects.update(department=claims[0].department, total_won=14_000)
    Claim.objects.filter(pk__in=[claim.pk for claim in claims[20:]]).update(total_won=15_000)
    Claim.objects.filter(pk=claims[7].pk).update(total_won=145_100)
    run = recheck.start(key="peers", by=CLERK, only=["U001", "U002", "U005", "L002"])
    assert not {"U001", "U002", "U005"} & set(run.not_evaluated)
    done = recheck.work(run.pk, chunk=7)
    assert (done.state, done.done) == ("done", 40)
    assert list(done.rows.filter(rule_id="U001").values_list("claim_id", flat=True)) == [claims[7].pk]
    assert recheck.work(run.pk).findings == done.findings == done.rows.filter(is_hidden=False).count()
