"""Patients' screens in a real browser: by touch, by keys without looking, without a server, on a phone, on the wall."""

import contextlib
import re
import threading
from itertools import pairwise

import psutil
import pytest
from playwright.sync_api import Page, expect

from bench.place import answers
from tamna.lobby.kiosk_sizes import sizes
from tests.e2e.eyes import AXE, FAULTS, SIDEWAYS, watched
from tests.e2e.lobby import shell, somebody
from tools.lobby import enrolled

pytestmark = pytest.mark.e2e
LANGUAGES = ("ko", "en", "zh-hans", "ja")
TALL = {"viewport": {"width": 1080, "height": 1920}}
SCAN = """text => { for (const key of [...text, "Enter"]) document.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true})); }"""
SMALL = """([least, press]) => {
  const seen = (each) => each.offsetParent !== null && !each.closest(".unseen, [hidden]");
  const words = [...document.querySelectorAll("#kiosk *")].filter((each) => seen(each) && [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
  const small = words.filter((each) => parseFloat(getComputedStyle(each).fontSize) < least).map((each) => `type ${each.outerHTML.slice(0, 80)}`);
  const pressed = [...document.querySelectorAll("#kiosk button")].filter(seen);
  const short = pressed.filter((each) => { const box = each.getBoundingClientRect(); return box.height < press || box.width < press || box.bottom > innerHeight + 1; });
  return [...small, ...short.map((each) => `target ${each.innerText}`)];
}"""
HIGHEST = "Math.min(...[...document.querySelectorAll('#kiosk button')].filter(each => each.offsetParent).map(each => each.getBoundingClientRect().top))"
LEFT = """async () => ({local: localStorage.length, session: sessionStorage.length, history: history.length, cookies: document.cookie,
  words: document.body.textContent, wishes: (await (await import("/static/lobby/outbox.js")).waiting()).length,
  kept: (await Promise.all((await caches.keys()).map(async name => (await (await caches.open(name)).keys()).map(each => each.url)))).flat()})"""


@pytest.fixture(scope="module")
def lobby(browser, hospital):
    context = enrolled(browser, hospital.url, "kiosk", "로비 1", **TALL)
    yield context
    context.close()


@pytest.fixture
def kiosk(lobby):
    page = watched(lobby.new_page())
    page.goto("/lobby/kiosk")
    at(page, "language")
    yield page
    page.close()


def at(page: Page, step: str) -> None:
    expect(page.locator("#kiosk")).to_have_attribute("data-step", step)


def faults(page: Page) -> list[str]:
    """Access, sizes in millimetres of the standard, script."""
    page.evaluate(AXE)
    small = page.evaluate(SMALL, [sizes().type_px, sizes().target_px])
    return [*page.evaluate(FAULTS, True), *small, *page.errors]


def tap(page: Page, words: str | re.Pattern[str]) -> None:
    page.locator("#kiosk .option:visible", has_text=words).first.click()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_returning_patient_taps_six_times_at_most_and_leaves_nothing(kiosk, hospital, lang):
    one, found = somebody(hospital, lang, stale=True), {}
    before = kiosk.evaluate("history.length")

    def look(step: str) -> None:
        at(kiosk, step)
        if wrong := faults(kiosk):
            found[step] = wrong

    look("language")
    kiosk.locator(f"[data-language='{lang}']").click()
    look("how")
    kiosk.evaluate(SCAN, one.chart)
    look("confirm")
    assert one.phone not in kiosk.content() and "홍길동" not in kiosk.content()
    kiosk.locator("[data-does='confirmed']:visible").click()
    look("contact")
    kiosk.locator("[data-does='same-phone']:visible").click()
    look("visit")
    kiosk.locator("[data-booking]:visible").click()
    look("ticket")  # five taps; four where the phone was confirmed within the year
    number = kiosk.locator("[data-slot='number']:visible").inner_text()
    assert number.isdigit() and kiosk.locator(".qr:visible").count() == 1
    kiosk.locator("[data-does='over']:visible").click()
    at(kiosk, "language")
    left = kiosk.evaluate(LEFT)
    assert (left["local"], left["session"], left["wishes"], left["history"]) == (0, 0, 0, before)
    assert "홍*동" not in left["words"] and one.phone[-4:] not in left["words"] and "csrftoken" in left["cookies"]
    assert all(re.search(r"/static/|/lobby/kiosk$", address) for address in left["kept"]), left["kept"]
    assert not found, found


def test_typing_screens_and_each_way_of_use_are_sound(kiosk):
    """Keypads, departments, the low layout, large type and high contrast, the question before the wipe."""
    found = {}
    for tool in ("low", "slow", "contrast"):
        kiosk.locator("[data-language='ko']").click()
        kiosk.locator(f"[data-tool='{tool}']:visible").click()
        for step in ("phone", "chart", "resident"):
            kiosk.locator(f"[data-go='{step}']:visible").click()
            at(kiosk, step)
            if wrong := faults(kiosk):
                found[tool, step] = wrong
            if tool == "low":
                assert kiosk.evaluate(HIGHEST) >= sizes().low_px
            kiosk.locator("[data-does='back']:visible").click()
        kiosk.locator("[data-does='over']:visible").click()
        at(kiosk, "language")
    assert not found, found


def test_who_walks_away_is_wiped(lobby):
    page = lobby.new_page()
    page.clock.install()
    page.goto("/lobby/kiosk")
    page.locator("[data-language='en']").click()
    page.locator("[data-go='phone']:visible").click()
    page.locator("[data-digit='7']:visible").click()
    page.clock.run_for(1000 * sizes().idle_s + 500)
    expect(page.get_by_role("dialog")).to_contain_text("Are you still there?")
    page.get_by_role("button", name="Yes, go on").click()
    at(page, "phone")
    page.clock.run_for(1000 * (sizes().idle_s + sizes().warning_s + 2))
    at(page, "language")
    assert "7" not in page.locator("[data-in='en'] [data-step='phone'] [data-typed]").inner_text()
    page.close()


def test_the_whole_flow_without_looking(kiosk, hospital):
    """Nothing here reads the screen: only what is said (the live region) and keys of a number pad."""
    one = somebody(hospital, "ko")
    said = kiosk.locator("#said")

    def hear(words: str) -> str:
        expect(said).to_contain_text(words)
        return said.inner_text()

    def choice(words: str) -> str:
        """The number that was said before an option."""
        return re.findall(rf"(\d+): [^.]*{words}", said.inner_text())[0]

    hear("언어를 골라 주세요")
    kiosk.keyboard.press("+")
    hear("더하기는 소리")
    kiosk.keyboard.press(choice("한국어"))
    hear("어떻게 찾아 드릴까요")
    kiosk.keyboard.press("*")  # again
    hear("어떻게 찾아 드릴까요")
    kiosk.keyboard.press(choice("전화번호와 생년월일"))
    hear("전화번호를 입력해 주세요")
    kiosk.keyboard.type(one.phone, delay=5)
    kiosk.keyboard.press("Enter")
    hear("생년월일 8자리")
    kiosk.keyboard.type(one.birth[:-1] + "9", delay=100)
    kiosk.keyboard.press("Backspace")
    kiosk.keyboard.press(one.birth[-1])
    kiosk.keyboard.press("Enter")
    hear("본인이 맞으신가요")
    kiosk.keyboard.press(choice("네, 맞아요"))
    hear("어떤 진료로 오셨나요")
    kiosk.keyboard.press(choice("내과"))
    words = hear("접수되었습니다")
    assert re.search(r"내 번호\W+\d+", words) and re.search(r"예상 대기 \d+~\d+분", words)
    kiosk.keyboard.press(choice("완료"))
    hear("언어를 골라 주세요")


def visits(hospital, one) -> str:
    return shell(hospital, f"from tamna.reception.models import Ticket; print('TICKETS', Ticket.objects.filter(encounter__patient__chart_no='{one.chart}').count())").partition("TICKETS")[2].strip()  # fmt: skip


def keep_down(hospital, over: threading.Event) -> None:
    """Kill the web process and whatever takes its place, until it is over."""
    while not over.wait(0.2):
        with contextlib.suppress(KeyError, psutil.NoSuchProcess):
            web = psutil.Process(hospital.named()["web"])
            for process in [web, *web.children(recursive=True)]:  # a worker answers on without its master
                process.kill()


def test_a_server_that_dies_in_mid_flow_costs_nobody_a_place(kiosk, hospital):
    one = somebody(hospital, "ko")
    kiosk.locator("[data-language='ko']").click()
    kiosk.evaluate(SCAN, one.chart)
    at(kiosk, "confirm")
    kiosk.locator("[data-does='confirmed']:visible").click()
    at(kiosk, "visit")
    down = threading.Event()
    killer = threading.Thread(target=keep_down, args=(hospital, down), daemon=True)
    killer.start()
    while answers(f"{hospital.url}/healthz"):
        kiosk.wait_for_timeout(100)
    kiosk.locator("[data-booking]:visible").click()
    at(kiosk, "slip")
    assert re.fullmatch(r"[A-Z]\d{3}", kiosk.locator("[data-slot='slip']:visible").inner_text())
    kiosk.locator("[data-does='over']:visible").click()
    kiosk.reload()  # the page itself comes without the server
    at(kiosk, "language")
    down.set()
    killer.join()
    while not answers(f"{hospital.url}/readyz"):
        kiosk.wait_for_timeout(500)
    wishes = "async () => (await (await import('/static/lobby/outbox.js')).waiting()).length"
    for _ in range(120):
        if not kiosk.evaluate(wishes):
            break
        kiosk.wait_for_timeout(500)
    assert kiosk.evaluate(wishes) == 0 and visits(hospital, one) == "1"


def test_a_lost_answer_is_no_second_ticket(kiosk, hospital):
    one, asked = somebody(hospital, "en"), []

    def lose(route) -> None:
        asked.append(route.request.post_data_json["key"])
        route.fetch()
        route.abort() if len(asked) == 1 else route.continue_()

    kiosk.route("**/lobby/kiosk/receive", lose)
    kiosk.locator("[data-language='en']").click()
    kiosk.evaluate(SCAN, one.code)
    at(kiosk, "confirm")
    kiosk.locator("[data-does='confirmed']:visible").click()
    at(kiosk, "slip")
    at(kiosk, "ticket")  # the same wish again, by itself, while the person still stands there
    assert len(set(asked)) == 1 and len(asked) >= 2 and visits(hospital, one) == "1"
    kiosk.locator("[data-does='over']:visible").click()
    kiosk.locator("[data-language='en']").click()
    kiosk.evaluate(SCAN, one.code)
    at(kiosk, "trouble")
    expect(kiosk.locator("[data-slot='sentence']:visible")).to_contain_text("already been used")


def test_phone_and_board_are_sound_in_every_language(browser, hospital):
    found = {}
    for lang in LANGUAGES:
        one = somebody(hospital, lang)
        for scheme in ("light", "dark"):
            context = browser.new_context(
                base_url=hospital.url, viewport={"width": 390, "height": 844}, color_scheme=scheme
            )
            phone = watched(context.new_page())
            phone.goto(one.link)
            assert phone.url.endswith("/lobby/me") and phone.locator(".qr").count() == 1
            phone.evaluate(AXE)
            wrong = [*phone.evaluate(FAULTS, True), *phone.errors]
            if wrong or phone.evaluate(SIDEWAYS) > 0:
                found[lang, scheme] = wrong or "wider than a phone"
            context.close()
    context = enrolled(browser, hospital.url, "board", "TV 1", viewport={"width": 1920, "height": 1080})
    board = watched(context.new_page())
    board.goto("/lobby/board")
    seen = []
    for _ in range(40):
        seen.append(board.locator("#board .board").get_attribute("lang"))
        if seen[-1] not in seen[:-1]:
            board.evaluate(AXE)
            if wrong := [*board.evaluate(FAULTS, True), *board.errors]:
                found["board", seen[-1]] = wrong
        if len(set(seen)) == 4:
            break
        board.wait_for_timeout(2000)
    assert [one for one, other in pairwise([*seen, ""]) if one != other] == ["ko", "en", "zh-Hans", "ja"]
    context.close()
    assert not found, found
