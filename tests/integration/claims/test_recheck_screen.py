"""The archive's re-check by hand: one form begins one run, it can be stopped and taken up again, and shows what it found."""

import pytest
from django.test import Client

from tamna.claims import recheck
from tamna.claims.models import Claim, ClaimResponse, Recheck
from tamna.core import clock

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_run_is_begun_once_stopped_and_taken_up_again(ready, user_of):
    client = Client()
    client.cookies["tamna_language"] = "en"
    client.force_login(user_of("claims"))
    form = {"key": "k", "first_on": "2026-11-01", "last_on": "", "department": "01", "rules_on": ""}
    address = client.post("/claims/rechecks/start", form)["Location"]
    assert client.post("/claims/rechecks/start", form)["Location"] == address and Recheck.objects.count() == 1
    run = Recheck.objects.get()
    assert (run.total, run.state, run.department.code) == (len(ready), "waiting", "01")
    page = client.get(address).content.decode()
    assert 'hx-trigger="every 2s"' in page and "Stop" in page
    client.post(f"{address}/stop")
    assert recheck.work(run.pk).state == "stopped"
    client.post(f"{address}/go-on")
    assert recheck.work(run.pk).state == "done"
    page = client.get(address).content.decode()
    assert 'hx-trigger="every 2s"' not in page and f"{len(ready)} / {len(ready)}" in page
    assert (
        client.get("/claims/rechecks?format=csv").status_code == 200
        and client.post(f"{address}/burn").status_code == 404
    )
    client.force_login(user_of("planning"))
    assert client.get(address).status_code == 200 and client.post("/claims/rechecks/start", form).status_code == 403


def test_similar_claims_tell_how_they_ended(ready, user_of):
    claims = list(Claim.objects.order_by("id"))
    for claim, status in zip(claims[1:], ("full", "adjusted", "returned"), strict=True):
        ClaimResponse.objects.create(claim=claim, document_id="d", kind="result", status=status, requested_won=100, decided_won=40, reason_code="" if status == "full" else "A02",
                                     decided_on=clock.today(), received_at=clock.now())  # fmt: skip
    client = Client()
    client.cookies["tamna_language"] = "en"
    client.force_login(user_of("claims"))
    page = client.get(f"/claims/{claims[0].public_id}/similar").content.decode()
    assert "I10" in page and page.count("A02") >= 2 and ">3<" in page
    assert "Similar claims" in client.get(f"/claims/{claims[0].public_id}").content.decode()
