"""The screens of the rule studio, and a rule tried on stored claims."""

from uuid import uuid4

import pytest
from django.test import Client

from tamna.claims import archive
from tamna.claims.models import Claim, ClaimResponse, RuleSwitch, RuleTrial, RuleVersion
from tamna.claims.studio import ruleset, services, text, trials
from tamna.claims.studio.narrow import candidates
from tamna.core import clock
from tamna.core.models import Notification, User
from tamna.engines.claimcheck.frames import FramesCheck
from tests.integration.test_flow import patient, visit  # noqa: F401  (a fixture and a way through the hospital)
from tests.integration.test_rule_studio import RAW, people  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)
FORM = {
    "id": "own-1", "group": "own", "title_ko": "혈액검사 확인", "source": "원내 지침 3조", "mark": "K", "severity": "adjust", "over": "lines",
    "hit": "code = 'ZL001'", "examples": "- {name: 걸린다, lines: [{code: ZL001}], hits: [1]}\n- {name: 괜찮다, lines: [{code: AA256}], hits: []}",
    "note": "새 지침",
}  # fmt: skip


@pytest.fixture
def desk(people):  # noqa: F811
    """Clients of three claims clerks."""
    clients = []
    for actor in people:
        client = Client()
        client.force_login(User.objects.get(pk=actor.user_id))
        clients.append(client)
    return clients


def answer(claim, status, reason="", cut=0):
    ClaimResponse.objects.create(
        claim=claim, document_id=str(uuid4()), kind="result", status=status, requested_won=claim.insurer_won, decided_won=claim.insurer_won - cut,
        reason_code=reason, decided_on=clock.today(), received_at=clock.now(),
    )  # fmt: skip


@pytest.fixture
def archived(patient, clerk):  # noqa: F811
    """Three claims: one cut, one paid in full (and cut later, which does not count), one without an answer."""
    claims = []
    for code in ("ZL001", "ZL001", "D3022"):
        visit(patient, clerk, orders=((code, 1),))
        claims.append(Claim.objects.order_by("-id").first())
    answer(claims[0], "adjusted", "A12", cut=700)
    answer(claims[1], "full")
    answer(claims[1], "adjusted", "A12", cut=10)
    return claims


def tried(raw, by, **more):
    trial = trials.start(text=text.version_text(raw), label="draft", by=by, **more)
    trials.run(trial.pk)
    trial.refresh_from_db()
    assert trial.state == "done", trial.failure
    return trial


def test_a_trial_says_what_the_agency_said(archived, people):  # noqa: F811
    trial = tried(RAW | {"reason": "A12"}, people[0])
    found = trial.result["a"]
    assert (trial.done, trial.total, found["claims"], found["found"]) == (3, 3, 3, 2)
    assert (found["ended"]["adjusted"], found["ended"]["full"], found["cut_won"]) == (1, 1, 700)
    assert (found["precision"], found["usual"], found["reason"]) == (0.5, 0.5, {"code": "A12", "found": 1, "all": 1})
    assert [row["claim_id"] for row in found["examples"]] == [archived[0].claim_no, archived[1].claim_no]
    assert Notification.objects.get(kind="rule.tried").user_id == people[0].user_id
    trials.run(trial.pk)  # told once, tried once
    assert Notification.objects.filter(kind="rule.tried").count() == 1


def test_two_wordings_are_compared(archived, people):  # noqa: F811
    other = RAW | {"hit": "code IN ('ZL001', 'D3022')"}
    trial = tried(RAW, people[0], other_text=text.version_text(other), other_label="2")
    assert {name: part["found"] for name, part in trial.result["compared"].items()} == {
        "only_a": 0,
        "only_b": 1,
        "both": 2,
    }
    again = RAW | {
        "where": "code = 'ZL001'",
        "per": ["patient_ref", "code"],
        "hit": "nth > 1",
    }  # over several claims of the patient
    assert tried(again, people[0]).result["a"]["found"] == 1


def test_a_stopped_trial_stays_as_it_was(archived, people):  # noqa: F811
    trial = trials.start(text=text.version_text(RAW), label="draft", by=people[0])
    trials.stop(trial)
    trials.run(trial.pk)
    trial.refresh_from_db()
    assert (trial.state, trial.result) == ("stopped", {})


def test_reading_only_what_is_asked_finds_the_same(archived):
    """Every shipped rule over all columns, and over those it asks alone."""
    ids = [claim.pk for claim in archived]
    whole, checker = archive.frames(ids), archive.checker()
    for rule in checker.rules.rules:
        one = archive.Checker(checker.rules.of([rule]))
        check, asked = FramesCheck(one.rules), trials.columns_asked(one.rules)
        narrow, can_be = archive.frames(ids, asked), candidates(rule)
        found = check.check(whole, archive.columns(), peers=one.peers)
        assert check.check(narrow, archive.columns(), peers=one.peers).equals(found), rule.id
        keys = set(found.join(whole["claims"].select("claim", "key"), on="claim")["key"])
        assert can_be is None or keys <= can_be, rule.id


def test_a_claim_that_cannot_be_found_is_not_read(archived):
    first, second, third = (claim.pk for claim in archived)
    asked = lambda hit, **more: candidates(ruleset.parsed(text.version_text(RAW | {"hit": hit, **more})))  # noqa: E731
    assert asked("code = 'D3022'") == {third}
    assert asked("code LIKE 'ZL%' AND amount > 0 AND setting = 'outpatient' AND age < 12") == {first, second}
    assert asked("code = 'D3022' OR code IN ('ZL001', 'X')") == {first, second, third}
    assert asked("NOT code = 'D3022'") is None and asked("code = 'D3022' OR age < 12") is None
    assert asked("nth > 1 AND code = 'D3022'", per=["claim_id"]) is None  # the window has other lines too
    assert asked("nth > 1", per=["claim_id"], where="code = 'D3022'") == {third}
    assert asked("code_present('D3022') AND department = '01'", over="claims", examples=[]) == {third}


def test_a_form_says_where_it_is_wrong_and_keeps_what_was_written(desk):
    page = desk[0].post("/claims/rules/check", FORM | {"hit": "coda = 'ZL001'"}).content.decode()
    assert "<mark>coda</mark>" in page and 'data-put="code"' in page and 'data-length="4"' in page
    answered = desk[0].post("/claims/rules/new", FORM | {"hit": "coda = 'ZL001'"})
    assert (
        answered.status_code == 422
        and "coda = &#39;ZL001&#39;" in answered.content.decode()
        and not RuleVersion.objects.exists()
    )
    assert "원내 지침 3조" in answered.content.decode()
    odd = (
        desk[0]
        .post("/claims/rules/check", FORM | {"examples": "- [", "per": "patient_ref, (", "fix": "x", "id": "<b>"})
        .content.decode()
    )
    assert odd.count("<li class") >= 3 and "<b>" not in odd.replace("<b>규칙", "").replace("<b>예시", "").replace(
        "<b>수정", ""
    ).replace("<b>같은", "")
    suggested = (
        desk[0]
        .post("/claims/rules/examples", {key: value for key, value in FORM.items() if key != "examples"})
        .content.decode()
    )
    assert suggested.count("hits:") == 3  # two examples, and the hint
    assert "코드가 ZL001이면" in desk[0].post("/claims/rules/check", FORM).content.decode()


def test_from_the_form_to_the_second_person(desk, people, archived):  # noqa: F811
    written = desk[0].post("/claims/rules/new", FORM)
    assert written["Location"] == "/claims/rules/OWN-1?version=1"
    assert (
        desk[0]
        .post("/claims/rules/OWN-1/ask", {"kind": "on", "version": "1", "from_on": "2026-11-01", "reason": "시행"})
        .status_code
        == 302
    )
    switch = RuleSwitch.objects.get()
    assert desk[0].post(f"/claims/rules/switches/{switch.public_id}/approve").status_code == 409
    mine, theirs = (client.get("/claims/rules/OWN-1").content.decode() for client in desk[:2])
    assert "/approve" not in mine and "/withdraw" in mine and "/approve" in theirs and "/withdraw" not in theirs
    assert desk[1].post(f"/claims/rules/switches/{switch.public_id}/approve").status_code == 302
    assert "OWN-1" in ruleset.in_force(clock.today())
    rows = desk[2].get("/claims/rules?state=own&format=csv")
    assert "OWN-1" in b"".join(rows.streaming_content).decode()
    assert desk[2].get("/claims/rules/OWN-1/file").content.decode().startswith("rules:")
    assert "2026-11-01" in desk[2].get("/claims/rules/export").content.decode()
    assert "OWN-1" in desk[2].get("/claims/rules/changes").content.decode()
    for bad in ({"kind": "on", "version": "9"}, {"kind": "burn"}):
        assert (
            desk[0].post("/claims/rules/OWN-1/ask", {"from_on": "2026-11-01", "reason": "x", **bad}).status_code == 404
        )
    assert desk[0].post("/claims/rules/OWN-1/ask", {"kind": "off", "from_on": "soon", "reason": "x"}).status_code == 409
    answered = desk[0].post("/claims/rules/trials", {"rule": "OWN-1", "version": "1", "against": "1", "months": "3"})
    trial = RuleTrial.objects.get()
    assert answered["Location"] == f"/claims/rules/trials/{trial.public_id}" and trial.first_month == "202609"
    trials.run(trial.pk)
    page = desk[1].get(answered["Location"]).content.decode()
    assert archived[0].claim_no in page and "100.0%" not in page.split("progressbar")[0]


def test_who_may_not_write_may_read(desk, user_of):
    client = Client()
    client.force_login(user_of("auditor"))
    assert client.get("/claims/rules/R001").status_code == 200
    assert "/claims/rules/new" not in client.get("/claims/rules").content.decode()
    for address in ("/claims/rules/new", "/claims/rules/check", "/claims/rules/trials", "/claims/rules/import"):
        assert client.post(address, FORM).status_code == 403
    director = Client()
    director.force_login(user_of("director"))
    services.write(raw=RAW, note="x", by=_actor(User.objects.get(username="c0")))
    switch = services.ask(
        rule_id="OWN-1",
        kind="on",
        from_on=clock.today(),
        reason="x",
        version=RuleVersion.objects.get(),
        by=_actor(User.objects.get(username="c1")),
    )
    assert director.post("/claims/rules/new", FORM).status_code == 403
    assert director.post(f"/claims/rules/switches/{switch.public_id}/approve").status_code == 302


def _actor(user):
    from tamna.core.actor import Actor

    return Actor("person", user.username, user.pk, user.role, user.team)
