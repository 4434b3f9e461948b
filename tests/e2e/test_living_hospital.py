"""The newcomer's command: `tamna up` in an empty folder, a living hospital in a real browser, one Ctrl-C ends it all."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest
from playwright.sync_api import expect, sync_playwright

pytestmark = pytest.mark.e2e
PORT = 18100
BASE = f"http://localhost:{PORT}"
AXE = (Path(__file__).parent / "assets" / "axe" / "axe.min.js").read_text(encoding="utf-8")
CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("tamna")


@pytest.fixture(scope="module")
def tamna(home):
    """A started product in an empty folder."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("TAMNA_", "DATABASE_"))}
    env |= {"TAMNA_HOME": str(home), "TAMNA_PORT": str(PORT)}
    command = [sys.executable, "-m", "tamna.cli", "up", "--rate", "30", "--history-days", "2", "--workers", "1"]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{BASE}/readyz", timeout=2).status_code == 200:
                break
        except httpx.HTTPError:
            pass
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.5)
    yield process
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        process.wait(30)


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


def enter(browser, who, lang="ko"):
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": "tamna_language", "value": lang, "url": BASE}])
    page = context.new_page()
    page.goto(f"{BASE}/sign-in")
    page.locator(f"form[action='/door/{who}'] button").click()
    page.wait_for_load_state()
    return page


def test_the_directors_figures_move_by_themselves(tamna, browser):
    page = enter(browser, "director")
    page.goto(f"{BASE}/insight/")
    page.evaluate("window.openedOnce = true")  # gone after a reload
    figure = page.locator("#live-page .tile b").first
    before = figure.inner_text()
    expect(figure).not_to_have_text(before, timeout=120_000)
    assert page.evaluate("window.openedOnce") is True


def test_a_visit_is_followed_to_the_journal(tamna, browser):
    page = enter(browser, "front_lead")
    page.goto(f"{BASE}/billing/payments")
    page.locator("tbody a").nth(3).click()
    page.locator("h1 a").click()
    expect(page.locator("#visit-timeline")).to_contain_text("분개", timeout=30_000)
    text = page.locator("#visit-timeline").inner_text()
    for word in ("접수", "대기번호", "본인부담", "영수증", "명세서", "전표"):
        assert word in text, word
    page.locator("#visit-timeline a", has_text=re.compile("왜")).first.click()
    expect(page.locator("#drawer")).to_be_visible()


def test_the_bell_rings_by_itself_and_is_read_by_keyboard(tamna, browser):
    page, lead = enter(browser, "it1"), enter(browser, "front_lead")
    page.goto(f"{BASE}/jobs")
    page.evaluate("window.openedOnce = true")  # gone after a reload
    before = page.locator("#unread").inner_text()
    lead.goto(f"{BASE}/catalogue/rec.priority")
    form = lead.locator("form[action='/catalogue/rec.priority/level']").first
    form.locator("select[name=level]").select_option("propose")
    form.locator("button").last.click()
    expect(page.locator("#unread")).not_to_have_text(before, timeout=30_000)
    assert page.evaluate("window.openedOnce") is True
    page.keyboard.press("i")
    first = page.locator("#drawer .notices a").first
    expect(first).to_contain_text("긴급 환자 우선 처리")
    first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/catalogue/rec.priority")
    expect(page.locator("#unread")).to_have_text(before)  # that one is read


def test_a_clerk_receives_a_patient_by_keyboard(tamna, browser):
    page = enter(browser, "reception1")
    page.goto(f"{BASE}/reception/")
    page.keyboard.type("00000777")
    page.keyboard.press("Enter")
    page.wait_for_load_state()
    page.locator("tbody form button").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/reception/tickets/**")
    expect(page.locator("h1")).to_contain_text("대기번호")


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_screens_have_no_accessibility_fault(tamna, browser, lang):
    pages = {
        "director": ["/", "/insight/", "/catalogue"], "reception1": ["/reception/", "/reception/board", "/patients/"],
        "cashier1": ["/billing/", "/billing/closing"], "claims1": ["/claims/", "/claims/answers", "/claims/rules"],
        "general1": ["/ledger/", "/ledger/trial-balance"], "it1": ["/notifications", "/jobs", "/connections", "/tokens", "/audit"],
    }  # fmt: skip
    for who, paths in pages.items():
        page = enter(browser, who, lang)
        for path in paths:
            assert page.goto(BASE + path).status == 200, path
            page.evaluate(AXE)
            faults = page.evaluate(
                "async () => (await axe.run()).violations.map(v => v.id + ' ' + v.nodes[0].html.slice(0, 90))"
            )
            assert not faults, (path, faults)
        page.context.close()


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


def test_no_person_stands_in_a_log_an_event_or_an_error(tamna, home):
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


def test_one_interrupt_ends_every_process(tamna):
    children = psutil.Process(tamna.pid).children(recursive=True)
    assert len(children) >= 10
    tamna.send_signal(signal.SIGINT)
    assert tamna.wait(40) == 0
    _gone, alive = psutil.wait_procs(children, timeout=10)
    assert not alive, [process.name() for process in alive]
