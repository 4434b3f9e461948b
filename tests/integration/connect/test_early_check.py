"""An order of the HIS is found fault with within seconds over the real port, by the engine and with the answer of the later check."""

import time
from datetime import date

import httpx
import pytest
from django.test import Client

from tamna.claims.models import Claim, EarlyFinding, Finding, ReportedMachine
from tamna.core import clock, outbox
from tamna.core.models import Event, Notification
from tamna.patients import timeline
from tamna.patients.models import Coverage
from tamna.reception import services as reception
from tamna.reception.models import Condition, Encounter, ServiceRequest
from tests.integration.connect.conftest import listening
from tests.integration.connect.simulators import running

pytestmark = pytest.mark.django_db(transaction=True)
FAULTY, CLEAN = "HC341", "ZL001"  # a scan in a hospital that has reported no such machine; a test


@pytest.fixture
def insured(patient, visit):
    ReportedMachine.objects.create(kind="CT", number="1", valid_from=date(2020, 1, 1))
    cover = Coverage.objects.create(
        patient=patient, payer="nhi", card_no="71234567890", checked_on=clock.today(), checked_at=clock.now()
    )
    Encounter.objects.filter(pk=visit.pk).update(payer="nhi", coverage=cover)
    return Encounter.objects.get(pk=visit.pk)


@pytest.fixture
def his(tmp_path, transactional_db, morning):
    """The HIS as a process of its own that speaks to the product's real port."""
    with running(tmp_path, ("his",)) as simulators, listening(simulators["his"].ports["product_mllp"]):
        yield simulators["his"]


def told(his, step: str, visit: Encounter, **facts) -> None:
    body = {"chart_no": visit.patient.chart_no, "visit": str(visit.public_id), "at": clock.now().isoformat(), **facts}
    httpx.post(f"{his.url}/{step}", json=body).raise_for_status()


def until(ready, seconds: float = 15) -> None:
    for _ in range(int(seconds * 20)):
        outbox.deliver_all()
        if ready():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come")


def test_an_order_is_found_fault_with_at_once_and_the_claim_says_the_same_later(his, insured, user_of):
    clerk = user_of("claims")
    told(his, "orders", insured, orders=[[CLEAN, 1], [FAULTY, 1], [CLEAN, 99]])
    until(lambda: EarlyFinding.objects.filter(gone_at=None).exists())
    early = set(EarlyFinding.objects.filter(gone_at=None).values_list("rule_id", "severity"))
    assert (
        not Claim.objects.exists() and not Event.objects.filter(name__startswith="claim.").exists()
    )  # nothing of the look is kept
    assert all(row.order_id and row.stage == "order" for row in EarlyFinding.objects.all())
    assert Notification.objects.filter(user=clerk, kind="visit.found").count() == 1
    entries = [
        entry
        for entry in timeline.of_encounter(insured.pk)
        if entry.subject == ("encounter", str(insured.public_id)) and entry.icon == "shield"
    ]
    assert len(entries) == EarlyFinding.objects.count() and all(entry.why for entry in entries)
    client = Client()
    client.force_login(clerk)
    page = client.get("/claims/early").content.decode()
    assert all(rule in page for rule, _severity in early)
    outbox.deliver_all()
    told(his, "finish", insured, diagnoses=["I10.9"])
    until(lambda: Claim.objects.filter(checked_at__isnull=False).exists())
    later = set(Finding.objects.values_list("rule_id", "severity"))
    assert early and early <= later
    assert (
        "visit.found" and client.get("/claims/early").content.decode().count("data-primary") == 0
    )  # the claim speaks for itself now


def test_a_finding_goes_when_its_order_is_taken_back_and_a_discharge_looks_at_the_whole(
    listener, write, insured, clerk
):
    order = reception.Ordered("P-1", FAULTY, "scan")
    reception.place_orders(encounter=insured, orders=[order], by=clerk)
    outbox.deliver_all()
    found = EarlyFinding.objects.filter(gone_at=None)
    assert found.exists() and found.first().order == ServiceRequest.objects.get()
    before = EarlyFinding.objects.count()
    Condition.objects.create(encounter=insured, seq=1, kind="secondary", code="NOPE")
    assert listener.tell(write("ADT^A03", "C1")).code == "AA"
    outbox.deliver_all()
    whole = EarlyFinding.objects.filter(stage="discharge", gone_at=None)
    assert whole.exists() and EarlyFinding.objects.count() > before and whole.filter(order=None).exists()
    reception.revoke_order(placer_number="P-1", by=clerk)
    outbox.deliver_all()
    assert not EarlyFinding.objects.filter(gone_at=None, order__isnull=False).exists()
    Encounter.objects.filter(pk=insured.pk).update(payer="self")
    assert not Claim.objects.exists()
