"""Claim rules of the hospital: written, agreed by two people, in force from a day of care, never overwritten."""

import json
import subprocess
import sys
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from tamna.claims import services as claims
from tamna.claims.models import Claim, RuleSwitch, RuleVersion
from tamna.claims.studio import digest, ruleset, selectors, services, text, unsent
from tamna.core import clock, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.models import AuditEntry, Notification, User
from tests.integration.test_flow import patient, visit  # noqa: F401  (a fixture and a way through the hospital)

pytestmark = pytest.mark.django_db(transaction=True)
RAW = {
    "id": "OWN-1", "group": "own", "title": {"ko": "혈액검사 확인", "en": "Look at blood tests"}, "source": "원내 지침 3조", "mark": "K",
    "severity": "adjust", "over": "lines", "hit": "code = 'ZL001'",
    "examples": [{"name": "걸린다", "lines": [{"code": "ZL001"}], "hits": [1]}, {"name": "다른 코드", "lines": [{"code": "AA256"}], "hits": []}],
}  # fmt: skip


@pytest.fixture
def people(hospital, morning):
    """Three claims clerks, each with the actor that signs for them."""
    made = [
        User.objects.create_user(f"c{number}", "long enough 1", name_ko="심사", role="claims", team="claims")
        for number in range(3)
    ]
    return [Actor("person", user.username, user.pk, "claims", "claims") for user in made]


def on(raw=RAW, *, people, day=None, kind="on"):
    """Write, ask, approve."""
    version = services.write(raw=raw, note="새 지침", by=people[0]) if raw else None
    rule_id = raw["id"] if raw else "R001"
    switch = services.ask(
        rule_id=rule_id, kind=kind, from_on=day or clock.today(), reason="지침 개정", version=version, by=people[0]
    )
    return services.approve(switch_id=switch.pk, by=people[1])


def test_an_author_cannot_approve_not_even_past_the_service(people):
    version = services.write(raw=RAW, note="새 지침", by=people[0])
    switch = services.ask(
        rule_id="OWN-1", kind="on", from_on=clock.today(), reason="개정", version=version, by=people[2]
    )
    for who in (people[0], people[2]):  # wrote it, asked for it
        with pytest.raises(DomainError, match=r"claims\.rule_own"):
            services.approve(switch_id=switch.pk, by=who)
        with pytest.raises(IntegrityError), transaction.atomic():
            RuleSwitch.objects.filter(pk=switch.pk).update(
                verdict="approved", decided_by_id=who.user_id, decided_at=clock.now()
            )
    with pytest.raises(IntegrityError), transaction.atomic():  # another author's name on the switch does not help
        RuleSwitch.objects.create(
            rule_id="OWN-2", kind="on", version=version, author_id=people[1].user_id, from_on=clock.today(), reason="x",
            asked_by_id=people[1].user_id, asked_at=clock.now(), verdict="approved", decided_by_id=people[0].user_id, decided_at=clock.now(),
        )  # fmt: skip
        connection.check_constraints()
    assert "OWN-1" not in ruleset.in_force(clock.today())
    services.approve(switch_id=switch.pk, by=people[1])
    assert "OWN-1" in ruleset.in_force(clock.today())


def test_nothing_is_overwritten(people):
    switch = on(people=people)
    for change in (
        lambda: RuleVersion.objects.update(text="x"), lambda: RuleVersion.objects.all().delete(),
        lambda: RuleSwitch.objects.update(from_on=date(2020, 1, 1)), lambda: RuleSwitch.objects.update(decided_reason="x"),
        lambda: RuleSwitch.objects.all()._raw_delete("default"),
    ):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
    with pytest.raises(DomainError, match=r"claims\.rule_decided"):
        services.refuse(switch_id=switch.pk, reason="늦었다", by=people[2])
    deeds = list(
        AuditEntry.objects.filter(subject_type="rule", subject_id="OWN-1")
        .order_by("id")
        .values_list("action", "actor_name")
    )
    assert deeds == [("rule.written", "c0"), ("rule.asked", "c0"), ("rule.approved", "c1"), ("rule.switched", "c1")]


def test_each_version_holds_on_days_of_its_own(people):
    today = clock.today()
    on(people=people, day=today - timedelta(days=10))
    on(RAW | {"severity": "warn"}, people=people, day=today + timedelta(days=5))
    on(None, people=people, kind="off", day=today - timedelta(days=3))  # a shipped rule, R001
    at = {days: ruleset.in_force(today + timedelta(days=days)) for days in (-11, -10, 4, 5)}
    assert (
        "OWN-1" not in at[-11]
        and at[-10]["OWN-1"].severity == at[4]["OWN-1"].severity == "adjust"
        and at[5]["OWN-1"].severity == "warn"
    )
    assert "R001" in at[-10] and "R001" not in at[4]
    known = ruleset.composed()
    assert sorted(known.versions) == ["OWN-1", "OWN-1#1"]
    assert ruleset.ruleset(known_at=clock.now() - timedelta(days=1)) is ruleset.shipped()
    assert ruleset.version_of(known.rules) != ruleset.version_of(ruleset.shipped()) == "356 rules"
    back = services.ask(rule_id="R001", kind="on", from_on=today, reason="되살림", by=people[0])
    services.approve(switch_id=back.pk, by=people[1])
    assert "R001" in ruleset.in_force(today) and "R001" not in ruleset.in_force(today - timedelta(days=1))


def test_a_rule_retired_from_its_first_day_is_still_found(people):
    on(people=people, day=date(2020, 1, 1))
    on(None, people=people, kind="off", day=date(2018, 1, 1))  # R001
    off = services.ask(rule_id="OWN-1", kind="off", from_on=date(2020, 1, 1), reason="폐지", by=people[0])
    services.approve(switch_id=off.pk, by=people[1])
    states = {row.id: row.state for row in selectors.rows()}
    assert (states["OWN-1"], states["R001"], states["R002"], len(states)) == ("off", "off", "on", 357)
    shown = [selectors.dossier(rule_id) for rule_id in ("OWN-1", "R001", "R002", "NONE")]
    assert [one and (one.state, one.number, one.holds) for one in shown] == [
        ("off", 1, False),
        ("off", None, False),
        ("on", None, True),
        None,
    ]


def test_a_rule_that_is_switched_on_finds_unsent_claims_and_leaves_them_when_retired(people, patient, clerk):  # noqa: F811
    visit(patient, clerk)
    claim = Claim.objects.get()
    assert claim.status == "approved" and not claim.findings.exists()
    on(people=people)
    outbox.deliver_all()
    assert unsent.check_again("OWN-1", 0, by=people[1]) == (0, 1)
    claim.refresh_from_db()
    assert claim.status == "checked" and [finding.rule_id for finding in claim.findings.all()] == ["OWN-1"]
    assert claim.rules_version.startswith("357 rules ")
    finding = claim.findings.get()
    claims.accept_finding(finding_id=finding.pk, reason="확인함", by=people[0])
    assert unsent.check_again("OWN-1", 0, by=people[1]) == (0, 0)  # what a person decided stands
    off = services.ask(rule_id="OWN-1", kind="off", from_on=clock.today(), reason="지침 폐지", by=people[1])
    services.approve(switch_id=off.pk, by=people[2])
    assert unsent.check_again("OWN-1", 0, by=people[1]) == (0, 1)
    assert not claim.findings.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name LIKE '%%recheck_open'")
        assert cursor.fetchone()[0] == 1


def test_what_cannot_be_asked_is_said(people):
    with pytest.raises(DomainError, match=r"claims\.rule_faulty"):
        services.write(raw=RAW | {"hit": "codee = 'ZL001'"}, note="x", by=people[0])
    with pytest.raises(DomainError, match=r"claims\.rule_note_needed"):
        services.write(raw=RAW, note=" ", by=people[0])
    with pytest.raises(DomainError, match=r"claims\.rule_people_only"):
        services.write(raw=RAW, note="x", by=Actor.automation("claim.rules"))
    bare = services.write(raw=RAW | {"examples": RAW["examples"][:1]}, note="x", by=people[0])
    with pytest.raises(DomainError, match=r"claims\.rule_examples"):
        services.ask(rule_id="OWN-1", kind="on", from_on=clock.today(), reason="x", version=bare, by=people[0])
    with pytest.raises(DomainError, match=r"claims\.rule_not_on"):
        services.ask(rule_id="OWN-1", kind="off", from_on=clock.today(), reason="x", by=people[0])
    with pytest.raises(DomainError, match=r"claims\.rule_not_there"):
        services.ask(rule_id="OWN-1", kind="on", from_on=clock.today(), reason="x", by=people[0])
    good = services.write(raw=RAW, note="x", by=people[0])
    with pytest.raises(DomainError, match=r"claims\.rule_unchanged"):
        services.write(raw=RAW, note="x", by=people[1])
    first = services.ask(rule_id="OWN-1", kind="on", from_on=clock.today(), reason="x", version=good, by=people[0])
    with pytest.raises(DomainError, match=r"claims\.rule_asked_already"):
        services.ask(rule_id="OWN-1", kind="on", from_on=clock.today(), reason="x", version=good, by=people[1])
    with pytest.raises(DomainError, match=r"claims\.rule_not_yours"):
        services.withdraw(switch_id=first.pk, by=people[1])
    services.withdraw(switch_id=first.pk, by=people[0])
    again = services.ask(rule_id="OWN-1", kind="on", from_on=clock.today(), reason="x", version=good, by=people[0])
    services.refuse(switch_id=again.pk, reason="근거가 약함", by=people[1])
    assert "OWN-1" not in ruleset.in_force(clock.today())
    assert Notification.objects.get(kind="rule.decided").user_id == people[0].user_id
    assert set(Notification.objects.filter(kind="rule.asked", key=again.pk).values_list("user_id", flat=True)) == {
        people[1].user_id,
        people[2].user_id,
    }


def test_a_file_goes_out_and_comes_back_and_the_command_reads_it(people, tmp_path):
    on(people=people, day=date(2026, 9, 1))
    told = text.file_of(["OWN-1", "R002"], ruleset.composed(), clock.today())
    path = tmp_path / "rules.yaml"
    path.write_text(told, encoding="utf-8")
    document = {
        "claim": {"claim_id": "C1", "first_visit_on": "2026-09-02"},
        "lines": [{"line_no": 1, "code": "ZL001", "amount": 900}],
        "diagnoses": [],
    }
    early = {**document, "claim": {"claim_id": "C2", "first_visit_on": "2026-08-31"}}
    asked = "\n".join(json.dumps(row) for row in (document, early))
    done = subprocess.run([sys.executable, "-m", "tamna.cli", "check", "-", "--rules", str(path), "--only", "OWN-1"],
                          input=asked, capture_output=True, text=True, check=True)  # fmt: skip
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [[finding["rule_id"] for finding in answer["findings"]] for answer in answers] == [["OWN-1"], []]
    assert answers[0]["findings"][0]["won_at_risk"] == 900
    taken = services.take_file(content=told.encode(), note="되읽기", by=people[2])
    assert (taken.versions, sorted(taken.unchanged), taken.refused) == ([], ["OWN-1", "R002"], [])
    changed = told.replace("ZL001", "ZL002").replace("ktas IS NULL", "ktass IS NULL")
    taken = services.take_file(content=changed.encode(), note="고침", by=people[2])
    assert [version.number for version in taken.versions] == [2] and [name for name, _ in taken.refused] == ["R002"]
    assert (
        ruleset.in_force(clock.today())["OWN-1"].hit == ruleset.parsed(text.version_text(RAW)).hit
    )  # nothing is in force yet
    with pytest.raises(DomainError, match=r"claims\.rule_file"):
        services.take_file(content=b"\xff\xfe: [", note="x", by=people[2])


def test_the_week_is_told_on_monday_once(people):
    on(people=people)
    monday = clock.today() + timedelta(days=(7 - clock.today().weekday()) % 7 or 7)
    at = clock.at_seoul(monday, 480)
    with clock.frozen(at):
        assert digest.tell(monday, at=at) == 3
        assert digest.tell(monday, at=at) == 0
        assert digest.tell(monday + timedelta(days=7), at=at) == 0
    assert digest.changes().get().rule_id == "OWN-1"
