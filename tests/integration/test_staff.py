"""Simulated staff decide through the API: for their own team, marked as simulated, never in a real hospital."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from pydantic import Field

from tamna.core import clock
from tamna.core.api import token_hash
from tamna.core.automations import Action
from tamna.core.models import ApiToken, Decision, Hospital, User
from tamna.core.models import Proposal as Made
from tamna.simulators.hospital import World
from tamna.simulators.staff import Staff

pytestmark = pytest.mark.django_db(transaction=True)


class Sweep(Action):
    """A harmless action with something to edit."""

    note: str = Field(default="", title="Note")

    def run(self, by):
        pass


@pytest.fixture
def ask(hospital):
    """The product's API as the robots use it."""
    Hospital.objects.update(is_synthetic=True)
    ApiToken.objects.create(
        name="robots", hash=token_hash("t"), scopes=["automations.see", "automations.decide"], made_by="test"
    )
    client = Client(headers={"Authorization": "Bearer t"})

    def send(method, path, *, params=None, json=None):
        reply = (
            client.get(f"/api/v1{path}", params)
            if method == "GET"
            else client.post(f"/api/v1{path}", dumps(json), content_type="application/json")
        )
        return {"status": reply.status_code, "refused": reply.json().get("key"), **reply.json()}

    dumps = json.dumps
    return send


def proposed(count, *, team="claims", automation="claim.omit", at=None):
    return [
        Made.objects.create(
            automation=automation, action="Sweep", key=f"{team}:{number}", title="x", team=team, won=number,
            worth_won=number, made_at=at or clock.now() - timedelta(hours=1),
        )
        for number in range(count)
    ]  # fmt: skip


def synthetic(user_of, role):
    user = user_of(role)
    user.is_synthetic = True
    user.save()
    return user


def test_a_person_decides_for_the_own_team_and_is_marked(ask, user_of, morning):
    synthetic(user_of, "claims")
    own, other = proposed(1)[0], proposed(1, team="front", automation="bill.pay")[0]
    body = {"verdict": "refused", "person": "claims", "reason": "no"}
    assert ask("POST", f"/proposals/{own.public_id}/decision", json=body)["state"] == "refused"
    assert ask("POST", f"/proposals/{own.public_id}/decision", json=body)["refused"] == "core.already_decided"
    assert ask("POST", f"/proposals/{other.public_id}/decision", json=body)["status"] == 404
    decision = Decision.objects.get()
    assert (decision.by["kind"], decision.by["name"], decision.by["team"]) == ("simulated", "robot:claims", "claims")
    assert ask("POST", f"/proposals/{other.public_id}/decision", json={**body, "person": "nobody"})["status"] == 403
    Hospital.objects.update(is_synthetic=False)
    assert ask("POST", f"/proposals/{own.public_id}/decision", json=body)["status"] == 403


def test_staff_work_at_a_human_pace_and_leave_some(ask, user_of, morning):
    world = World(7, 50)
    User.objects.bulk_create(
        User(username=clerk.username, name_ko="직원", role=clerk.role, team=clerk.team, is_synthetic=True)
        for clerk in world.staff
    )
    proposed(300)
    fresh = proposed(1, team="front", automation="bill.map", at=clock.now())[0]
    staff = Staff(ask, world)
    staff.decide(morning, 7 * 60)
    assert not Decision.objects.exists()
    for minute in range(9 * 60, 16 * 60, 5):
        staff.decide(morning, minute)
    decided = Decision.objects.count()
    clerks = sum(clerk.team == "claims" for clerk in world.staff)
    assert clerks * 3 <= decided <= clerks * 60
    assert {row.by["team"] for row in Decision.objects.all()} == {"claims"}
    assert {"accepted", "edited", "refused"} == set(Decision.objects.values_list("verdict", flat=True))
    assert not Decision.objects.filter(verdict="refused", reason="").exists()
    (daily,) = proposed(1, team="claims", automation="claim.submit")
    Made.objects.filter(pk=daily.pk).update(worth_won=10**6)
    staff.decide(morning, 18 * 60 + 1)
    daily.refresh_from_db()
    assert daily.state == "accepted"
    assert Made.objects.filter(state="open").count() >= 60 and Made.objects.get(pk=fresh.pk).state == "open"
