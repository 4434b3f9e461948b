"""What no screen may have: a fault of access, an error of script, a sideways scroll on a phone."""

from pathlib import Path

from playwright.sync_api import Page

AXE = (Path(__file__).parent / "assets" / "axe" / "axe.min.js").read_text(encoding="utf-8")
FAULTS = """async (contrast) => (await axe.run({resultTypes: ["violations"], rules: {"color-contrast": {enabled: contrast}}}))
    .violations.map(v => `${v.id}: ${v.nodes[0].html.slice(0, 120)}`)"""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def watched(page: Page) -> Page:
    """Every error of script on a page stands in `page.errors`."""
    page.errors = []  # type: ignore[attr-defined]
    page.on("console", lambda message: page.errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    return page


def faults_of(page: Page, address: str, *, contrast: bool = True) -> list[str]:
    """What is wrong with a screen: its answer, axe, script, width on a phone."""
    page.errors.clear()
    answer = page.goto(address)
    if answer is None or answer.status != 200:
        return [f"answers {answer.status if answer else 'nothing'}"]
    return faults_on(page, contrast=contrast)


def faults_on(page: Page, *, contrast: bool = True) -> list[str]:
    """The same of the screen that is shown."""
    page.evaluate(AXE)
    found = list(page.evaluate(FAULTS, contrast))
    page.set_viewport_size({"width": 390, "height": 844})
    wider = page.evaluate(SIDEWAYS)
    page.set_viewport_size({"width": 1440, "height": 900})
    return found + ([f"{wider} px wider than a phone"] if wider > 0 else []) + page.errors
