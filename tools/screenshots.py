"""Pictures of every screen of a living synthetic hospital and of an empty one, for the eye and for the documents.

Run: make screenshots. Starts a Tamna of its own, writes shots/<screen>-<language>-<shape>.png and the chosen ones to
docs/pictures/. Prints what axe finds, any answer other than 200 and any page wider than its screen.
"""

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from bench.place import place
from tools.browser import find
from tools.lobby import enrolled
from tools.screens import Screen, fill, routes, screens

ROOT = Path(__file__).parent.parent
AXE = (ROOT / "tests" / "e2e" / "assets" / "axe" / "axe.min.js").read_text(encoding="utf-8")
KINDS = {  # language, width and height, dark
    "ko-desktop": ("ko", (1440, 900), False), "en-desktop": ("en", (1440, 900), False), "ko-phone": ("ko", (390, 844), False),
    "en-phone": ("en", (390, 844), False), "ko-dark": ("ko", (1440, 900), True),
}  # fmt: skip
STATES = {  # screens worth seeing in a state of their own: who, address, what to press on the way
    "insight-director": ("director", "/insight/", ""),
    "web-catalogue-built": ("director", "/catalogue?show=built", ""),
    "home-reception": ("reception1", "/", ""),
    "home-cashier": ("cashier1", "/", ""),
    "reception-desk": ("reception1", "/reception/?q=00000777", ""),
    "reception-queue": ("reception1", "/reception/board/01", ""),
    "reception-talk": ("reception1", "/reception/conversation?with=ja", ".side summary|.side .sentences button"),
    "reception-bookings": ("reception1", "/reception/bookings", ""),
    "patients-list": ("reception1", "/patients/?q=김", ""),
    "patients-detail": ("reception1", "/patients/?q=00000777", "tbody a"),
    "patients-visit": ("front_lead", "/billing/payments", "tbody a >> nth=3|h1 a[href^='/patients/visits/']"),
    "patients-why": ("front_lead", "/billing/payments", "tbody a >> nth=3|h1 a[href^='/patients/visits/']|.ways a[aria-haspopup] >> nth=5"),
    "billing-invoice": ("front_lead", "/billing/", "tbody a"),
    "billing-paid": ("front_lead", "/billing/payments", "tbody a"),
    "billing-refund": ("front_lead", "/billing/payments", "tbody a|[data-key=B]"),
    "billing-why": ("cashier1", "/billing/", "tbody a|footer a[aria-haspopup]"),
    "claims-claim": ("claims1", "/claims/", "tbody a"),
    "claims-returned": ("claims1", "/claims/?state=returned", ""),
    "claims-stand": ("claims1", "/claims/", "tbody a|[data-key=L]"),
    "claims-answers": ("claims1", "/claims/answers?show=all", ""),
    "web-proposals": ("claims1", "/proposals", ""),
    "web-proposals-done": ("director", "/proposals?state=done", ""),
    "web-proposal": ("director", "/proposals", "tbody a"),
    "web-automation": ("director", "/catalogue/claim.submit", ""),
    "web-search": ("front_lead", "/search?q=김", ""),
    "web-found": ("front_lead", "/", "#search"),
    "insight-figure": ("director", "/insight/figures/paid", ""),
    "insight-figure-errors": ("director", "/insight/figures/errors", ""),
    "web-keysheet": ("front_lead", "/reception/board", "?"),
}  # fmt: skip
EMPTY = frozenset({"web:home", "web:setup", "web:setup-hospital", "web:setup-departments", "web:setup-backup", "web:accounts", "web:imports",
                   "web:connections", "web:jobs", "web:audit", "web:catalogue", "reception:doctors", "billing:fees", "web:keys"})  # fmt: skip
CHOSEN = {  # the documents' name → the screen
    "home": "home-claims", "desk": "reception-desk", "board": "reception-board", "visit": "patients-visit", "cashier": "billing-cashier",
    "bill": "billing-why", "closing": "billing-closing", "claims": "claims-worklist", "claim": "claims-claim",
    "kiosk": "lobby-kiosk-2", "tv": "lobby-board", "figures": "insight-claims", "conversation": "reception-talk",
    "journal": "ledger-journal", "director": "insight-director", "catalogue": "web-catalogue-built",
}  # fmt: skip


class Camera:
    """One language, shape and light; a page a person."""

    def __init__(self, browser: Browser, base: str, folder: Path, kind: str) -> None:
        self.browser, self.base, self.folder, self.kind = browser, base, folder, kind
        self.pages: dict[str, Page] = {}
        self.faults = 0

    def page_of(self, who: str) -> Page:
        if who not in self.pages:
            lang, (width, height), dark = KINDS[self.kind]
            context = self.browser.new_context(
                viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", base_url=self.base,
                locale={"ko": "ko-KR", "en": "en-GB"}[lang],
            )  # fmt: skip
            context.add_cookies([{"name": "tamna_language", "value": lang, "url": self.base}])
            page = self.pages[who] = context.new_page()
            if who:
                page.goto("/sign-in")
                page.locator(f"form[action='/door/{who}'] button").click()
                page.wait_for_url("/")
        return self.pages[who]

    def take(self, name: str, who: str, address: str, presses: str = "") -> None:
        page = self.page_of(who)
        answer = page.goto(address)
        if answer is None or answer.status != 200:
            return self.tell(name, f"answers {answer.status if answer else 'nothing'}")
        for press in filter(None, presses.split("|")):
            if press == "?":
                page.keyboard.press("?")
            elif press == "#search":
                page.locator(press).press_sequentially("김")
            elif (link := page.locator(press).first).count():
                link.click()
            page.wait_for_load_state()
            page.wait_for_timeout(400)
        page.wait_for_timeout(300)
        self.shoot(name, page)

    def shoot(self, name: str, page: Page) -> None:
        """The whole page, so that nothing below the fold is missed."""
        page.screenshot(path=str(self.folder / f"{name}-{self.kind}.png"), full_page=self.kind != "ko-desktop")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            self.tell(name, f"{wide} px wider than the screen")
        page.evaluate(AXE)
        for found in page.evaluate(
            "async () => (await axe.run()).violations.map(v => v.id + ': ' + v.nodes[0].html.slice(0, 120))"
        ):
            self.tell(name, found)

    def tell(self, name: str, fault: str) -> None:
        print(f"{name} {self.kind}: {fault}", flush=True)
        self.faults += 1

    def close(self) -> None:
        for page in self.pages.values():
            page.context.close()


def named(screen: Screen) -> str:
    if screen.name == "web:home":
        return "web-home" if screen.who == "front_lead" else f"home-{screen.who.rstrip('1')}"
    return screen.name.replace(":", "-")


def of_a_living_hospital(browser: Browser, base: str, folder: Path, kinds: list[str], only: set[str]) -> int:
    found, lost = screens(base)
    for name in lost:
        print(f"{name}: no link leads to it")
    wanted = {named(screen): (screen.who, screen.address, "") for screen in found} | STATES
    faults = len(lost)
    for kind in kinds:
        camera = Camera(browser, base, folder, kind)
        for name, (who, address, presses) in wanted.items():
            if not only or name in only:
                camera.take(name, who, address, presses)
        camera.close()
        faults += camera.faults
    return faults


def of_the_lobby(browser: Browser, base: str, folder: Path) -> int:
    """A kiosk in four languages, up to the way people are recognised, and the waiting board."""
    faults = 0
    shapes = {"kiosk": {"width": 1080, "height": 1920}, "board": {"width": 1920, "height": 1080}}
    for kind, shape in shapes.items():
        context = enrolled(browser, base, kind, f"{kind} {time.time():.0f}", viewport=shape)
        camera = Camera(browser, base, folder, "ko-desktop")  # the whole of what stands on the device, no more
        page = context.new_page()
        page.goto(f"/lobby/{kind}")
        page.wait_for_timeout(2000)
        camera.shoot(f"lobby-{kind}", page)
        for number in range(1, 5) if kind == "kiosk" else ():
            page.goto("/lobby/kiosk")
            page.wait_for_timeout(1000)
            page.keyboard.press(str(number))
            page.wait_for_timeout(1000)
            camera.shoot(f"lobby-kiosk-{number}", page)
        context.close()
        faults += camera.faults
    return faults


def of_an_empty_hospital(browser: Browser, base: str, home: Path, folder: Path) -> int:
    """The first run step by step in Korean and English turned about, then IT's screens with nothing in them."""
    camera = Camera(browser, base, folder, "ko-desktop")
    page = camera.page_of("")
    for name, fields in (
        ("code", {"setup_code": (home / "keys" / "setup.code").read_text(encoding="utf-8").strip()}),
        ("hospital", {"name_ko": "서귀포 시험의료원", "institution_id": "39100103"}),
        ("departments", {}),
        ("account", {"username": "it.go", "person_ko": "고은별", "password": "고래가 뛰노는 바다 7", "again": "고래가 뛰노는 바다 7"}),
    ):  # fmt: skip
        page.goto("/first-run")
        camera.shoot(f"first-run-{name}", page)
        for field, value in fields.items():
            page.locator(f"[name={field}]").fill(value)
        page.locator("form.body button.main").click()
        page.wait_for_load_state()
    page.locator("[name=username]").fill("it.go")
    page.locator("[name=password]").fill("고래가 뛰노는 바다 7")
    page.locator("form.body button.main").click()
    page.wait_for_url("/")
    for route in routes():
        if route.name in EMPTY:
            page.goto(route.path)
            camera.shoot(f"empty-{route.name.replace(':', '-')}", page)
    camera.close()
    return camera.faults


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--base", help="a Tamna that runs already; else one is started")
    parser.add_argument("--only", default="", help="names of screens, comma between")
    parser.add_argument("--kinds", default=",".join(KINDS), help=f"of {', '.join(KINDS)}")
    parser.add_argument(
        "--publish", action="store_true", help="with --base: put the chosen ones into docs/pictures too"
    )
    args = parser.parse_args()
    folder = ROOT / "shots"
    folder.mkdir(exist_ok=True)
    only, kinds = set(filter(None, args.only.split(","))), args.kinds.split(",")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox"])
        if args.base:
            faults = of_a_living_hospital(browser, args.base, folder, kinds, only)
        else:
            with place(18600, 12, history_days=30) as here:
                os.environ["TAMNA_HOME"] = str(here.home)
                time.sleep(60)  # some life and some past first
                try:
                    fill(here)
                except RuntimeError as error:  # what it lacks is told, the other screens are pictured
                    print(error, flush=True)
                faults = of_a_living_hospital(browser, here.url, folder, kinds, only)
                faults += of_the_lobby(browser, here.url, folder)
            with place(18600, empty=True) as here:
                faults += of_an_empty_hospital(browser, here.url, here.home, folder)
    if not args.base or args.publish:
        publish(folder)
    print(f"{faults} faults")
    return 1 if faults else 0


def publish(folder: Path) -> None:
    """The chosen ones into the documents."""
    pictures = ROOT / "docs" / "pictures"
    pictures.mkdir(exist_ok=True)
    for name, screen in CHOSEN.items():
        taken = folder / f"{screen}-ko-desktop.png"
        if taken.exists():
            shutil.copy(taken, pictures / f"{name}.png")


if __name__ == "__main__":
    sys.exit(main())
