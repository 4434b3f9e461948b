"""What is told later about a visit's benefit: a difference bill, never another old one; a sent statement makes a person look."""

from datetime import timedelta

import pytest
from django.db.models import Sum

from tamna.billing import selectors
from tamna.billing import services as billing
from tamna.billing.models import Invoice
from tamna.claims.models import Claim, Finding
from tamna.core import automations, clock, outbox
from tamna.core.errors import DomainError
from tamna.core.models import AuditEntry
from tamna.core.models import Proposal as Made
from tamna.ledger.models import JournalLine
from tamna.patients.models import Coverage
from tamna.reception import services as reception
from tests.integration.test_flow import patient, visit  # noqa: F401  (a fixture and a way through the hospital)

pytestmark = pytest.mark.django_db(transaction=True)
CANCER = (("principal", "C50.9"),)


def told(patient, clerk, **more):  # noqa: F811
    """The insurer's answer of today, unlike the one before."""
    cover = Coverage.objects.create(
        patient=patient, **{"payer": "nhi", "checked_on": clock.today(), "checked_at": clock.now(), **more}
    )
    facts = {"patient_id": patient.pk, "coverage_id": cover.pk, "changed": 1}
    outbox.record("coverage.checked", facts, by=clerk)
    outbox.deliver_all()
    return cover


def sums(encounter):
    return encounter.invoices.aggregate(total=Sum("total_won"), patient=Sum("patient_won"))


def test_a_special_case_registered_back_to_the_diagnosis_lowers_the_share_by_a_difference(patient, clerk):  # noqa: F811
    encounter = visit(patient, clerk, diagnoses=CANCER)
    other = visit(patient, clerk, diagnoses=(("principal", "I10.9"),))
    before, untouched = encounter.invoices.get(), other.invoices.get()
    with clock.frozen(clock.now() + timedelta(days=10)):
        day = clock.today() - timedelta(days=10)
        told(patient, clerk, special_case="V193", special_from=day, special_to=day + timedelta(days=5 * 365))
        told(patient, clerk, special_case="V193", special_from=day, special_to=day + timedelta(days=5 * 365))
        (row,) = Made.objects.filter(automation="bill.relief")  # the visit for another disease pays the ordinary rate
        assert row.subject_ref == str(encounter.public_id) and "홍길동" not in str(row.fields) + str(row.evidence)
        automations.decide(row.pk, "accepted", by=clerk)
        outbox.deliver_all()
        old, new = encounter.invoices.order_by("seq")
        assert (old.pk, old.patient_won, old.total_won) == (before.pk, before.patient_won, before.total_won)
        assert new.kind == "difference" and new.patient_won < 0 and new.total_won == 0
        assert (
            sums(encounter)["patient"] == pytest.approx(before.total_won * 0.05, abs=100)
            and row.won == -new.patient_won
        )
        for _ in range(2):
            billing.rerate(encounter_id=encounter.pk, by=clerk)
        for handler in ("billing.payer_changed", "automation:bill.relief"):
            outbox.replay(handler)
        outbox.deliver_all()
        assert encounter.invoices.count() == 2 and Made.objects.filter(automation="bill.relief").count() == 1
    assert Invoice.objects.get(encounter=other) == untouched


def test_other_diagnoses_take_a_special_case_off(patient, clerk):  # noqa: F811
    day = clock.today()
    Coverage.objects.filter(patient=patient).update(
        special_case="V193", special_from=day, special_to=day + timedelta(days=365)
    )
    encounter = visit(patient, clerk, diagnoses=CANCER)
    first = encounter.invoices.get()
    assert encounter.invoices.get().patient_won < first.total_won // 10
    with pytest.raises(DomainError):
        reception.change_conditions(
            encounter_id=encounter.pk, diagnoses=(("principal", "I10.9"),), reason=" ", by=clerk
        )
    reception.change_conditions(encounter_id=encounter.pk, diagnoses=(("principal", "I10.9"),), reason="오기", by=clerk)
    outbox.deliver_all()
    new = encounter.invoices.get(seq=2)
    assert new.patient_won > 0 and encounter.conditions.get().code == "I10.9"
    reception.change_conditions(encounter_id=encounter.pk, diagnoses=(("principal", "I10.9"),), reason="또", by=clerk)
    outbox.deliver_all()
    assert encounter.invoices.count() == 2
    noted = AuditEntry.objects.get(action="encounter.diagnoses_changed")
    assert noted.detail["before"] == ["C50.9"] and noted.detail["special_case"] == ["V193", ""]
    assert Claim.objects.get(encounter=encounter).status in ("approved", "checked")


@pytest.mark.parametrize("payer", ["self", "medical_aid_1"])
def test_another_payer_after_the_claim_was_sent_makes_a_person_look(patient, clerk, payer):  # noqa: F811
    encounter = visit(patient, clerk)
    claim = Claim.objects.get(encounter=encounter)
    Claim.objects.filter(pk=claim.pk).update(status="received")
    for _ in range(2):
        reception.change_payer(
            encounter_id=encounter.pk, payer=payer, special_case="", reason="자격 소급 상실", by=clerk
        )
        outbox.deliver_all()
    (row,) = Made.objects.filter(automation="claim.exception")
    assert (row.team, row.action, row.won) == ("claims", "NoteChange", claim.insurer_won)
    again = Claim.objects.get(pk=claim.pk)
    assert (again.status, again.payer, again.insurer_won) == ("received", "nhi", claim.insurer_won)  # never a rewrite
    automations.decide(row.pk, "accepted", by=clerk)
    assert Finding.objects.get(claim=claim, rule_id="SENT-CHANGED").won_at_risk == claim.insurer_won


def test_the_insurer_pays_above_the_yearly_cap_and_the_year_is_counted_once(patient, clerk):  # noqa: F811
    first = visit(patient, clerk, orders=(("ZL001", 1),)).invoices.get()
    assert first.counted_won == first.patient_won and first.cap_year == 2026 and not first.cap_excess_won
    assert billing.counted_won(patient.pk, 2026) == first.counted_won
    Invoice.objects.filter(pk=first.pk).update(counted_won=8_430_000 - 5_000)  # as if a long stay had been billed
    encounter = visit(patient, clerk, orders=(("ZL001", 1),))
    second = encounter.invoices.get()
    assert (second.patient_won, second.counted_won) == (5_000, 5_000) and second.cap_excess_won > 0
    year = selectors.cap_year(patient.pk, 2026)
    assert (year.counted_won, year.excess_won) == (8_430_000, second.cap_excess_won)
    assert year.groups[0][2] == 8_430_000 - 900_000 and year.groups[-1][2] == 0
    billing.cancel_charge(charge_id=encounter.charges.get(code="ZL001").pk, reason="오기", by=clerk)
    assert billing.counted_won(patient.pk, 2026) <= 8_430_000
    outbox.deliver_all()
    books = JournalLine.objects.aggregate(debit=Sum("debit_won"), credit=Sum("credit_won"))
    assert books["debit"] == books["credit"]
