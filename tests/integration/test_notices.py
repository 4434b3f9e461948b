"""The bell: made once, seen by whom the table names and by nobody else, read by each alone, the same after a replay."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone, translation

from tamna import cli
from tamna.billing import fees
from tamna.billing import services as billing
from tamna.billing.models import CashClosing
from tamna.core import access, accounts, automations, clock, notices, outbox, staff, watch
from tamna.core.actor import Actor
from tamna.core.models import Event, Notification, Proposal, User
from tamna.core.tasks import app
from tamna.patients.models import ImportRun
from tamna.web import live
from tests.integration.test_flow import patient, visit  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db(transaction=True)
IT = Actor.system("test")


@pytest.fixture
def people(hospital, morning, user_of):
    """One person of every role."""
    return {role: user_of(role) for role in access.ROLES}


def told(kind: str) -> list[str]:
    return sorted(Notification.objects.filter(kind=kind).values_list("user__username", flat=True))


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    client.cookies["tamna_language"] = "en"
    return client


def again(handler: str) -> None:
    outbox.replay(handler)
    outbox.deliver_all()


def hour(on: str, number: int) -> Event:
    at = clock.at_seoul(datetime.fromisoformat(on).date(), number * 60)
    with clock.frozen(at):
        event = outbox.record("business.hour", {"date": on, "hour": number}, by=IT, at=at)
        outbox.deliver_all()
    return event


def test_every_kind_names_roles_that_exist_and_speaks_both_languages():
    pointed = {notices.PERSON, notices.TEAM, notices.LEAD}
    for kind in notices.KINDS.values():
        assert set(kind.to) - pointed <= set(access.ROLES), kind.key
        said = set()
        for language in ("ko", "en"):
            with translation.override(language):
                said.add(
                    notices.says(
                        Notification(kind=kind.key, facts={"day": "2026-11-24", "level": "act", "work": "tidy"})
                    )
                )
        assert len(said) == 2, kind.key


def test_a_level_is_told_to_the_lead_and_it_once_and_each_reads_alone(people):
    automations.set_level("rec.priority", "off", by=Actor.system("someone"))
    outbox.deliver_all()
    again("core.tell_level")
    assert told("level.lost") == ["front_lead", "it"]  # a system did it
    by = Actor("person", "front_lead", people["front_lead"].pk, "front_lead", "front")
    automations.set_level("rec.priority", "propose", by=by)
    automations.set_level("rec.priority", "propose", by=by)  # nothing changes
    automations.set_level("claim.submit", "shadow", by=by)
    outbox.deliver_all()
    assert told("level.changed") == ["director", "it", "it"]  # not who did it; claims has no lead of its own
    lead, it = browser(people["front_lead"]), browser(people["it"])
    assert (lead.get("/notifications/count").content, it.get("/notifications/count").content) == (b"1", b"3")
    assert b">3</b>" in it.get("/").content  # in the frame of every page
    row = notices.of(people["it"]).last()
    opened = it.get(f"/notifications/{row.public_id}")
    assert opened["Location"] == "/catalogue/rec.priority"
    assert lead.get(f"/notifications/{row.public_id}").status_code == 404  # another's
    assert (lead.get("/notifications/count").content, it.get("/notifications/count").content) == (b"1", b"2")
    lead.post("/notifications/read", {"id": row.pk})
    assert notices.unread(people["it"]) == "2" and notices.unread(people["front_lead"]) == "1"
    it.post("/notifications/read")
    assert notices.unread(people["it"]) == "" and notices.unread(people["front_lead"]) == "1"
    assert b"No notices." in browser(people["cashier"]).get("/notifications").content


def test_a_muted_kind_is_not_told_and_what_must_be_known_cannot_be_muted(people):
    it = browser(people["it"])
    page = it.get("/notifications").content.decode()
    assert "Always told" in page and "A cashier&#39;s day" not in page  # nothing of IT's
    it.post("/notifications/kinds", {"kind": ["system.back", "job.died"]})
    people["it"].refresh_from_db()
    assert "system.away" in people["it"].muted_notices and not {"backup.failed", "job.died"} & set(
        people["it"].muted_notices
    )
    for kind, facts in (("system.away", {"system": "bank"}), ("backup.failed", {})):
        notices.tell(kind, facts, key="1", team="general")
    assert told("system.away") == ["general"] and told("backup.failed") == ["it"]


def test_what_was_given_up_is_told_to_it_once(people, clerk):
    @outbox.on("wall.bare", key="tests.falls")
    def falls(event):
        raise ValueError("always")

    try:
        outbox.record("wall.bare", {}, by=clerk)
        for _ in range(outbox.MAX_ATTEMPTS + 1):
            outbox.deliver()
            from tamna.core.models import Subscription

            Subscription.objects.update(retry_at=None)
    finally:
        outbox._listeners.pop("tests.falls")
    number = app.configure_task("tamna.core.tasks.verify_audit").defer(timestamp=0)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE id = %s", [number])
        cursor.execute("SELECT procrastinate_finish_job_v1(%s, 'failed', false)", [number])
    assert watch.given_up() == 2 and watch.given_up() == 0
    with connection.cursor() as cursor:  # the job tables are not emptied between tests
        cursor.execute("DELETE FROM procrastinate_jobs WHERE id = %s", [number])
    assert told("job.died") == told("delivery.parked") == ["it"]
    with translation.override("en"):
        assert "Verify the audit log" in notices.says(Notification.objects.get(kind="job.died"))


def test_what_is_due_is_told_to_its_team_in_one_notice(people):
    common = {
        "automation": "claim.submit",
        "action": "SendReady",
        "title": "x",
        "state": "open",
        "made_at": clock.now(),
    }
    for number, (team, minutes) in enumerate((("claims", 80), ("claims", 70), ("front", 75), ("claims", 150))):
        Proposal.objects.create(**common, key=str(number), team=team, due_at=clock.now() + timedelta(minutes=minutes))
    late = clock.now() + timedelta(minutes=40)
    Proposal.objects.create(
        **{**common, "made_at": late}, key="late", team="front", due_at=late + timedelta(minutes=10)
    )
    hour("2026-11-24", 11)
    again("core.tell_due")
    assert told("proposals.due") == ["cashier", "claims", "front_lead", "reception"]
    two, one = (Notification.objects.get(kind="proposals.due", user=people[role]) for role in ("claims", "cashier"))
    assert two.facts == {"count": 2, "time": "11:50"} and two.url == "/proposals"
    assert one.url == f"/proposals/{Proposal.objects.get(key='2').public_id}"


def test_a_temporary_password_is_told_a_day_before_it_ends(people):
    staff.reset_password(user_id=people["cashier"].pk, by=IT)
    staff.reset_password(user_id=people["reception"].pk, by=IT)
    assert watch.passwords() == 0
    User.objects.filter(role="cashier").update(temporary_until=timezone.now() + timedelta(hours=20))
    User.objects.filter(role="reception").update(temporary_until=timezone.now() - timedelta(hours=1))
    assert watch.passwords() == 1 and watch.passwords() == 0 and told("password.ending") == ["it"]
    assert browser(people["it"]).get("/notifications").content.count(f"/accounts/{people['cashier'].pk}".encode()) == 0
    given = staff.reset_password(user_id=people["cashier"].pk, by=IT)
    accounts.change_password(User.objects.get(role="cashier"), old=given, new="correct horse staple", by=IT)
    assert watch.passwords() == 0


def test_a_day_that_was_not_closed_is_told_next_morning_and_can_still_be_closed(people, patient, clerk):  # noqa: F811
    cashier = Actor("person", "cashier", people["cashier"].pk, "cashier", "front")
    bill = visit(patient, clerk).invoices.get()
    billing.record_payment(invoice_id=bill.pk, amount_won=bill.patient_won, tender="cash", key="k", by=cashier)
    hour("2026-11-24", 20)
    assert told("day.open") == []
    hour("2026-11-25", 8)
    again("billing.tell_open_day")
    assert told("day.open") == ["cashier", "front_lead"]
    row = Notification.objects.get(kind="day.open", user=people["cashier"])
    with clock.frozen(clock.now() + timedelta(days=1)):
        hers, others = browser(people["cashier"]), browser(people["front_lead"])
        assert hers.get(f"/notifications/{row.public_id}")["Location"] == "/billing/closing?on=2026-11-24"
        assert others.post("/billing/closing/count?on=2026-11-24", {"note-1000": "0"}).status_code == 409
        assert not CashClosing.objects.exists()  # nothing of that day is hers
        hers.post("/billing/closing/count?on=2026-11-24", {"note-10": str(bill.patient_won // 10)})
        hers.post("/billing/closing/close?on=2026-11-24", {"note": "" if bill.patient_won % 10 == 0 else "10원 미만"})
    assert CashClosing.objects.get().business_on.isoformat() == "2026-11-24"
    hour("2026-11-26", 8)
    assert told("day.open") == ["cashier", "front_lead"]


def test_an_import_that_finished_is_told_once(people, tmp_path, capsys):
    folder = Path(__file__).parents[1] / "data" / "fhir"
    for _ in range(2):  # the second changes nothing, and says nothing
        cli.main(["import", "fhir", str(folder / "marigold.json"), "--format", "json"])
    assert told("import.finished") == ["it"]
    run = ImportRun.objects.get()
    assert notices.of(people["it"]).get(kind="import.finished").url == f"/imports/{run.public_id}"
    master = tmp_path / "master.csv"
    master.write_text(
        "code,valid_from,name_ko,item_class,item_sub,unit_price_won\nZZ1,20260101,검사,09,01,100\n", "utf-8"
    )
    for _ in range(2):
        fees.take(master, "master.csv", by=IT)
        outbox.deliver_all()
    assert told("fees.imported") == ["claims", "it"]


def test_a_link_is_given_to_who_may_open_it(people):
    for name in ("connection.away", "connection.back"):
        outbox.record(name, {"system": "hira"}, by=IT)
    outbox.deliver_all()
    assert told("system.away") == told("system.back") == ["claims", "it"]
    assert b'href="/notifications/' in browser(people["it"]).get("/notifications").content
    page = browser(people["claims"]).get("/notifications").content
    assert b"HIRA does not answer" in page and b'href="/notifications/' not in page


def test_old_notices_go_and_a_replay_does_not_bring_them_back(people, monkeypatch):
    monkeypatch.setenv("TAMNA_NOTICE_DAYS", "30")
    outbox.record("connection.away", {"system": "hira"}, by=IT)
    outbox.deliver_all()
    with clock.frozen(clock.now() + timedelta(days=29)):
        assert notices.prune() == 0
    with clock.frozen(clock.now() + timedelta(days=31)):
        assert notices.prune() == 2 and not Notification.objects.exists()
        again("core.tell_connection")
    assert not Notification.objects.exists()


def test_the_bell_asks_little_however_much_there_is(people, django_assert_max_num_queries):
    mine = Notification(
        user=people["it"], kind="job.died", facts={"work": "tidy", "tries": 1}, url="/jobs", at=clock.now()
    )
    Notification.objects.bulk_create(replace_key(mine, number) for number in range(150))
    it = browser(people["it"])
    with django_assert_max_num_queries(6):
        assert it.get("/notifications/count").content == b"99+"
    with django_assert_max_num_queries(9):
        page = it.get("/notifications", headers={"HX-Request": "true"}).content.decode()
    assert page.count("<li") == 30 and "?before=" in page
    last = notices.of(people["it"])[29].pk
    assert it.get(f"/notifications?before={last}").content.decode().count("Given up") == 30


def replace_key(row: Notification, number: int) -> Notification:
    return Notification(user=row.user, kind=row.kind, facts=row.facts, url=row.url, at=row.at, key=str(number))


def test_what_is_told_to_some_goes_to_their_streams_only():
    import asyncio

    hers, his = asyncio.Queue(1), asyncio.Queue(1)
    live.streams.update({hers: 1, his: 2})
    try:
        live._send(b"one", [1])
        assert hers.get_nowait() == b"one" and his.empty()
        live._send(b"all")
        live._send(b"more", [2])
        assert hers.get_nowait() == b"all" and his.get_nowait() == live.RELOAD  # one behind is told so, the other not
    finally:
        live.streams.clear()
