"""Pictures of every screen of a living synthetic hospital, for the eye and for the documents.

Run: make screenshots. Starts a Tamna of its own, writes shots/<screen>-<language>-<shape>.png and the chosen ones to
docs/pictures/. Prints what axe finds and any answer other than 200.
"""

import argparse
import shutil
import sys
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from bench.place import place

ROOT = Path(__file__).parent.parent
AXE = (ROOT / "tests" / "e2e" / "assets" / "axe" / "axe.min.js").read_text(encoding="utf-8")
CHROMIUM = next(path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name)))
SCREENS = {  # name → (who, address or link to follow from the address)
    "home": ("front_lead", "/", ""),
    "desk": ("reception1", "/reception/?q=00000777", ""),
    "board": ("reception1", "/reception/board", ""),
    "queue": ("reception1", "/reception/board/01", ""),
    "bookings": ("reception1", "/reception/bookings", ""),
    "patients": ("reception1", "/patients/?q=김", ""),
    "patient": ("reception1", "/patients/?q=00000777", "tbody a"),
    "visit": ("front_lead", "/billing/payments", "tbody a >> nth=3|h1 a"),
    "cashier": ("cashier1", "/billing/", ""),
    "bill": ("cashier1", "/billing/", "tbody a"),
    "why": ("cashier1", "/billing/", "tbody a|footer a[aria-haspopup]"),
    "closing": ("cashier1", "/billing/closing", ""),
    "claims": ("claims1", "/claims/", ""),
    "claim": ("claims1", "/claims/", "tbody a"),
    "rules": ("claims1", "/claims/rules", ""),
    "batches": ("claims1", "/claims/batches", ""),
    "answers": ("claims1", "/claims/answers", ""),
    "journal": ("general1", "/ledger/", ""),
    "trial-balance": ("general1", "/ledger/trial-balance", ""),
    "director": ("director", "/insight/", ""),
    "catalogue": ("director", "/catalogue", ""),
    "proposals": ("claims1", "/proposals", ""),
    "audit": ("it1", "/audit", ""),
    "jobs": ("it1", "/jobs", ""),
    "connections": ("it1", "/connections", ""),
    "tokens": ("it1", "/tokens", ""),
    "gallery": ("it1", "/gallery", ""),
}
SHAPES = {"desktop": (1440, 900), "phone": (390, 844)}
CHOSEN = ("home", "desk", "board", "visit", "cashier", "bill", "closing", "claims", "claim", "journal", "director",
          "catalogue")  # fmt: skip


def enter(browser: Browser, base: str, who: str, lang: str, size: tuple[int, int], dark: bool) -> Page:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if dark else "light"
    )
    context.add_cookies([{"name": "tamna_language", "value": lang, "url": base}])
    page = context.new_page()
    page.goto(f"{base}/sign-in")
    page.locator(f"form[action='/door/{who}'] button").click()
    page.wait_for_load_state()
    return page


def shoot(browser: Browser, base: str, folder: Path, lang: str, shape: str, dark: bool, only: set[str]) -> int:
    faults, pages = 0, {}
    for name, (who, address, clicks) in SCREENS.items():
        if only and name not in only:
            continue
        page = pages.get(who) or pages.setdefault(who, enter(browser, base, who, lang, SHAPES[shape], dark))
        answer = page.goto(base + address)
        if answer is None or answer.status != 200:
            print(f"{name}: {answer.status if answer else 'no answer'}")
            faults += 1
            continue
        for click in filter(None, clicks.split("|")):
            link = page.locator(click).first
            if link.count():
                link.click()
                page.wait_for_load_state()
                page.wait_for_timeout(400)
        page.wait_for_timeout(300)
        page.screenshot(path=str(folder / f"{name}-{lang}-{shape}{'-dark' if dark else ''}.png"))
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            print(f"{name} {lang} {shape}: {wide} px wider than the screen")
            faults += 1
        page.evaluate(AXE)
        for found in page.evaluate(
            "async () => (await axe.run()).violations.map(v => v.id + ': ' + v.nodes[0].html.slice(0, 120))"
        ):
            print(f"{name} {lang} {shape} {'dark' if dark else 'light'}: {found}")
            faults += 1
    for page in pages.values():
        page.context.close()
    return faults


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--base", help="a Tamna that runs already; else one is started")
    parser.add_argument("--only", default="", help="names of screens, comma between")
    parser.add_argument(
        "--publish", action="store_true", help="with --base: put the chosen ones into docs/pictures too"
    )
    parser.add_argument("--quick", action="store_true", help="Korean on a desktop only")
    args = parser.parse_args()
    folder = ROOT / "shots"
    folder.mkdir(exist_ok=True)
    only = set(filter(None, args.only.split(",")))

    def all_of(base: str) -> int:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            kinds = [("ko", "desktop", False)]
            if not args.quick:
                kinds += [("en", "desktop", False), ("ko", "phone", False), ("ko", "desktop", True)]
            return sum(shoot(browser, base, folder, *kind, only) for kind in kinds)

    if args.base:
        faults = all_of(args.base)
    else:
        with place(18600, 12, history_days=3) as here:
            time.sleep(45)  # some life first
            faults = all_of(here.url)
    if args.base and not args.publish:
        print(f"{faults} faults")
        return 1 if faults else 0
    pictures = ROOT / "docs" / "pictures"
    pictures.mkdir(exist_ok=True)
    for name in CHOSEN:
        taken = folder / f"{name}-ko-desktop.png"
        if taken.exists():
            shutil.copy(taken, pictures / f"{name}.png")
    print(f"{faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
