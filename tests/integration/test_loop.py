"""The loop of an automation on a real database: propose, edit, refuse, act, undo, outcome, and what follows from the record."""

from datetime import date, timedelta
from typing import ClassVar

import pytest
from django.test import Client
from pydantic import Field

from tamna.core import agreement, automations, catalogue, clock, outbox
from tamna.core.actor import Actor
from tamna.core.automations import Action, Proposal
from tamna.core.errors import DomainError
from tamna.core.models import AuditEntry, AutomationRun, Notification, Outcome, Policy
from tamna.core.models import Proposal as Made

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "chg.mine"  # a line of the plan that nothing else serves


class Paint(Action):
    """A harmless action that remembers."""

    says: ClassVar[str] = "The wall is painted."
    undoable: ClassVar[bool] = True
    wall: int
    colour: str = Field(title="Colour", min_length=2, max_length=20)
    by: date = Field(title="By", default=date(2026, 12, 1))
    done: ClassVar[list] = []

    def verify(self):
        return "wet" if self.colour == "wet" else ""

    def run(self, by):
        Paint.done.append((self.wall, self.colour))

    def undo(self, by):
        Paint.done.remove((self.wall, self.colour))


@pytest.fixture
def painter(hospital, morning):
    """An automation of the loop's own: one proposal for each wall of an event."""

    @automations.automation(KEY, kind="E", team="front", on="wall.bare", engine="tests")
    def propose(event):
        for wall in event.payload["walls"]:
            yield Proposal(Paint(wall=wall, colour=event.payload.get("colour", "white")), key=f"wall:{wall}", title="Paint wall %(wall)s",
                           facts={"wall": wall}, won=1000, minutes=5, pattern=event.payload.get("pattern", ""), subject=("wall", str(wall)))  # fmt: skip

    Paint.done.clear()
    yield propose
    automations._automations.pop(KEY)
    outbox._listeners.pop(f"automation:{KEY}")


def bare(clerk, *walls, **more):
    outbox.record("wall.bare", {"walls": list(walls), **more}, by=clerk)
    outbox.deliver_all()
    return list(Made.objects.filter(automation=KEY, key__in=[f"wall:{wall}" for wall in walls]).order_by("id"))


def line():
    return next(row for row in catalogue.lines() if row.key == KEY)


def test_an_edit_keeps_both_values_and_undo_takes_back_the_edited_one(painter, clerk):
    (row,) = bare(clerk, 1)
    automations.decide(row.pk, "accepted", by=clerk, edited={"colour": "blue", "by": "2026-12-01"})
    row.refresh_from_db()
    decision = row.decisions.get()
    assert (row.state, row.fields["colour"], decision.edited_fields) == ("edited", "white", {"colour": "blue"})
    assert Paint.done == [(1, "blue")] and AuditEntry.objects.filter(action="proposal.edited").count() == 1
    automations.undo(row.pk, by=clerk, reason="wrong wall")
    assert Paint.done == [] and Made.objects.get(pk=row.pk).state == "undone"
    assert line().month.edited == 1 and line().month.share == 0


def test_ids_cannot_be_edited_and_bad_values_decide_nothing(painter, clerk):
    (row,) = bare(clerk, 1)
    for edited in ({"wall": 9}, {"colour": "x"}, {"by": "never"}):
        with pytest.raises(DomainError) as refused:
            automations.decide(row.pk, "accepted", by=clerk, edited=edited)
        assert refused.value.key == "core.edit_invalid"
    with pytest.raises(DomainError) as refused:
        automations.decide(row.pk, "refused", by=clerk)
    assert refused.value.key == "core.refusal_reason"
    row.refresh_from_db()
    assert row.state == "open" and not row.decisions.exists()


def test_a_refused_cause_does_not_come_again_and_five_pause_the_pattern(painter, clerk, user_of):
    user_of("front_lead")
    for row in bare(clerk, 1, 2, 3, 4, pattern="north"):
        assert row.worth_won == 1000 + 5 * automations.MINUTE_WON
        automations.decide(row.pk, "refused", by=clerk, reason="no")
    assert len(bare(clerk, 1, pattern="north")) == 1 and Made.objects.count() == 4
    (fifth,) = bare(clerk, 5, pattern="north")
    assert fifth.trust < 1 and fifth.worth_won < 3000  # ranked lower before it is paused
    automations.decide(fifth.pk, "refused", by=clerk, reason="no")
    outbox.deliver_all()
    policy = Policy.objects.get(pattern="north")
    assert (policy.level, policy.set_by) == ("shadow", "tamna")
    assert AuditEntry.objects.filter(action="automation.level_set", actor_name="tamna").exists()
    assert list(Notification.objects.values_list("user__username", "kind")) == [("front_lead", "pattern.paused")]
    assert bare(clerk, 6, pattern="north")[0].state == "shadow" and bare(clerk, 7, pattern="south")[0].state == "open"
    automations.set_level(KEY, "propose", pattern="north", by=clerk)
    assert bare(clerk, 8, pattern="north")[0].state == "open"


def test_act_is_earned_and_lost_again(painter, clerk):
    with pytest.raises(DomainError):
        automations.set_level(KEY, "act", by=clerk)
    for row in bare(clerk, *range(20)):
        automations.decide(row.pk, "accepted", by=clerk)
    automations.set_level(KEY, "act", by=clerk)
    acted = bare(clerk, *range(100, 120))
    assert {row.state for row in acted} == {"acted"} and automations.level_of(KEY) == "act"
    for row in acted[:2]:
        automations.undo(row.pk, by=clerk)
    assert automations.level_of(KEY) == "act"  # 18 of 20 are 90 %
    automations.outcome(acted[2], "Peeled off", key="rain", is_good=False)
    assert automations.level_of(KEY) == "propose"
    entry = AuditEntry.objects.filter(action="automation.level_set", actor_name="tamna").get()
    assert entry.detail["level"] == "propose" and "17 of the last 20" in entry.reason
    assert agreement.lately(KEY).agreed == 17


def test_outcomes_stand_beside_what_was_left_alone(painter, clerk):
    done, left, shut = bare(clerk, 1, 2, 3)
    automations.decide(done.pk, "accepted", by=clerk)
    automations.decide(left.pk, "refused", by=clerk, reason="no")
    assert automations.overtake([shut], "gone") == 1
    for row, good in ((done, True), (left, False), (shut, True)):
        row.refresh_from_db()
        assert automations.outcome(row, "Seen", key="spring", is_good=good, won=500)
        assert not automations.outcome(row, "Seen", key="spring", is_good=good)
    found = line().outcomes
    assert (found.done_good, found.done, found.left_good, found.left, found.won) == (1, 1, 1, 2, 500)
    assert (found.share, found.baseline) == (1.0, 0.5) and Outcome.objects.count() == 3


def test_what_a_check_stops_is_a_failure_and_runs_are_counted_by_the_hour(painter, clerk):
    (row,) = bare(clerk, 1, colour="wet")
    assert automations.decide(row.pk, "accepted", by=clerk).state == "failed"
    bare(clerk, 2)
    run = AutomationRun.objects.get(automation=KEY)
    assert (run.runs, run.proposals, line().failures, Paint.done) == (2, 2, 1, [])
    assert line().last_run == clock.now()


def test_a_person_edits_on_screen_and_sees_both_values(painter, clerk, user_of):
    (row,) = bare(clerk, 1)
    client = Client(headers={"accept-language": "ko"})
    client.force_login(user_of("reception"))
    page = client.get(f"/proposals/{row.public_id}").content.decode()
    assert 'name="colour"' in page and 'type="date"' in page and 'name="wall"' not in page
    bad = client.post(f"/proposals/{row.public_id}/decide", {"verdict": "edited", "colour": "x", "by": "2026-12-01"})
    assert bad.status_code == 422 and 'aria-invalid="true"' in bad.content.decode()
    assert client.post(f"/proposals/{row.public_id}/decide", {"verdict": "refused"}).status_code == 422
    answer = client.post(
        f"/proposals/{row.public_id}/decide", {"verdict": "edited", "colour": "green", "by": "2026-12-02"}, follow=True
    )
    text = answer.content.decode()
    assert "<del>white</del>" in text and "<b>green</b>" in text and Paint.done == [(1, "green")]
    assert client.post(f"/proposals/{row.public_id}/undo", follow=True).status_code == 200 and Paint.done == []
    assert client.get(f"/catalogue/{KEY}").status_code == 200
    lead = Client()
    lead.force_login(user_of("front_lead"))  # may set levels
    for language in ("ko", "en"):
        lead.cookies["tamna_language"] = language
        assert lead.get(f"/catalogue/{KEY}").status_code == 200 and lead.get("/catalogue").status_code == 200
    other = Client()
    other.force_login(user_of("claims"))
    assert other.get(f"/proposals/{row.public_id}").status_code == 404  # another team's


def test_an_expired_proposal_cannot_be_decided(painter, clerk):
    (row,) = bare(clerk, 1)
    Made.objects.filter(pk=row.pk).update(expires_at=clock.now() - timedelta(minutes=1))
    with pytest.raises(DomainError) as refused:
        automations.decide(row.pk, "accepted", by=Actor.system("x"))
    assert refused.value.key == "core.proposal_expired"


def test_a_proposal_whose_action_this_version_no_longer_has_can_be_read_and_refused(painter, clerk, user_of):
    (row,) = bare(clerk, 1)
    Made.objects.filter(pk=row.pk).update(action="PaintOfLastYear")
    client = Client(headers={"accept-language": "ko"})
    client.force_login(user_of("reception"))
    page = client.get(f"/proposals/{row.public_id}").content.decode()
    assert "이 버전에는" in page and 'value="accepted"' not in page and 'value="refused"' in page
    for verdict in ("accepted", "edited"):
        answer = client.post(f"/proposals/{row.public_id}/decide", {"verdict": verdict, "colour": "green"})
        assert answer.status_code < 500 and Made.objects.get(pk=row.pk).state == "open"
    client.post(f"/proposals/{row.public_id}/decide", {"verdict": "refused", "reason": "old"})
    assert (
        Made.objects.get(pk=row.pk).state == "refused" and client.get(f"/proposals/{row.public_id}").status_code == 200
    )
