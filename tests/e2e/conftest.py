"""One living hospital for all who look at it, and a real browser."""

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bench.place import Place, place
from tests.integration.connect.simulators import free_ports
from tools.browser import find

SHARING = (
    "test_clerks_day",
    "test_every_screen",
    "test_rules_by_two",
    "test_living_hospital",
    "test_kiosk",
    "test_the_end",
)
LATER = {"test_the_answers_are_read": "test_living_hospital"}  # the agency takes its time
LOCALES = {"ko": "ko-KR", "en": "en-GB"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs no browser, those who share the hospital one after the other, its end, then those with a place of their own."""

    def place_of(item: pytest.Item) -> int:
        name = LATER.get(item.name, item.path.stem)
        return SHARING.index(name) if name in SHARING else len(SHARING) if item.get_closest_marker("e2e") else -1

    items.sort(key=place_of)


@pytest.fixture(scope="session")
def hospital():
    """`tamna up` in an empty folder: thirty times as fast as life, with two days of a past."""
    with place(free_ports(10)[0], rate=30, history_days=2, workers=1) as here:
        yield here


@pytest.fixture(scope="session")
def browser():
    expect.set_options(timeout=30_000)  # a busy machine is slow, not wrong
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def enter(browser: Browser, hospital: Place):
    """Sign in by the synthetic door: `enter("cashier1", "en")` gives a page; "" stays outside."""
    contexts = []

    def door(who: str, lang: str = "ko") -> Page:
        context = browser.new_context(
            viewport={"width": 1440, "height": 900}, base_url=hospital.url, locale=LOCALES[lang]
        )
        contexts.append(context)
        context.add_cookies([{"name": "tamna_language", "value": lang, "url": hospital.url}])
        page = context.new_page()
        page.goto("/sign-in")
        if who:
            page.locator(f"form[action='/door/{who}'] button").press("Enter")
            page.wait_for_url("/")
        return page

    yield door
    for context in contexts:
        context.close()
