"""The newcomer's hospital in a real browser: figures that move, a visit from the door to the journal, nobody in the logs."""

import json
import os
import re
import signal
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.e2e


def test_the_directors_figures_move_by_themselves(enter):
    page = enter("director")
    page.goto("/insight/")
    page.evaluate("window.openedOnce = true")  # gone after a reload
    figure = page.locator("#live-page .tile b").first
    before = figure.inner_text()
    expect(figure).not_to_have_text(before, timeout=120_000)
    assert page.evaluate("window.openedOnce") is True


def test_a_visit_is_followed_to_the_journal(enter):
    page = enter("front_lead")
    page.goto("/billing/payments")
    page.locator("tbody a").nth(3).click()
    page.locator("h1 a[href^='/patients/visits/']").click()
    timeline = page.locator("#visit-timeline")
    for word in ("접수", "대기번호", "본인부담", "영수증", "명세서", "전표"):
        expect(timeline).to_contain_text(word, timeout=60_000)  # the journal follows a payment by an event
    page.locator("#visit-timeline a", has_text=re.compile("왜")).first.click()
    expect(page.locator("#drawer")).to_be_visible()


def test_the_bell_rings_by_itself_and_is_read_by_keyboard(enter):
    page, lead = enter("it1"), enter("front_lead")
    page.goto("/jobs")
    page.evaluate("window.openedOnce = true")  # gone after a reload
    before = page.locator("#unread").inner_text()
    lead.goto("/catalogue/rec.priority")
    form = lead.locator("form[action='/catalogue/rec.priority/level']").first
    form.locator("select[name=level]").select_option("propose")
    form.locator("button").last.click()
    expect(page.locator("#unread")).not_to_have_text(before)
    assert page.evaluate("window.openedOnce") is True
    page.keyboard.press("i")
    first = page.locator("#drawer .notices a").first
    expect(first).to_contain_text("긴급 환자 우선 처리")
    first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/catalogue/rec.priority")
    expect(page.locator("#unread")).to_have_text(before)  # that one is read


def people_in(home: Path) -> dict[str, int]:
    """Where a patient's name, resident number or phone stands among the records that must hold none → how often."""
    from tamna.commands.up import PATIENTS, SEED
    from tamna.simulators.hospital import World

    world = World(SEED, PATIENTS)
    known = {row.name_ko for row in (*world.staff, *world.doctors)}
    names = {person.name for person in world.people} - known
    digits = {re.sub(r"\D", "", number) for person in world.people for number in (person.resident_number, person.phone)}

    def many(text: str) -> int:
        words = set(re.findall(r"[가-힣]+|[A-Z][A-Za-z]+(?: [A-Z][A-Za-z]+)+", text))
        numbers = {re.sub(r"\D", "", number) for number in re.findall(r"\d[\d-]{8,}\d", text)}
        return len(words & names) + len(numbers & digits)

    assert many(f"{next(iter(names))} {world.people[0].phone}") == 2  # it does find them
    found = {
        path.name: many(path.read_text(encoding="utf-8")) for path in [*(home / "log").iterdir(), home / "pg" / "log"]
    }
    assert {"web.log", "worker.log", "sim-his.log"} <= set(found)
    with psycopg.connect(host=str(home / "pg"), user="postgres", dbname="tamna") as database:
        for table in ("core_event", "core_deadletter", "core_subscription", "core_interfacemessage", "core_automationrun",
                      "procrastinate_jobs", "procrastinate_events"):  # fmt: skip
            rows = database.execute(f"SELECT string_agg(t::text, ' ') FROM {table} t").fetchone()
            found[table] = many(rows[0] or "")
    return {place: count for place, count in found.items() if count}


def test_no_person_stands_in_a_log_an_event_or_an_error(hospital):
    home = hospital.home
    status = json.loads((home / "state" / "status.json").read_text(encoding="utf-8"))
    os.kill(
        next(row["pid"] for row in status["processes"] if row["name"] == "worker"), signal.SIGKILL
    )  # errors to write
    with psycopg.connect(host=str(home / "pg"), user="postgres", dbname="tamna") as database:
        (name,) = database.execute("SELECT name_ko FROM core_practitioner LIMIT 1").fetchone()
        with pytest.raises(psycopg.errors.IntegrityError):  # a refused row, which PostgreSQL would quote
            database.execute("INSERT INTO core_hospital SELECT * FROM core_hospital")
    assert people_in(home) == {}
    assert name not in (home / "pg" / "log").read_text(encoding="utf-8")
    assert "INSERT INTO core_hospital" not in (home / "pg" / "log").read_text(encoding="utf-8")
