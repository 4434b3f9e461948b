"""A person who has a keyboard and no mouse."""

import re
import time

from playwright.sync_api import Error, Page, expect

FOCUSED = """() => { const one = document.activeElement;
  if (one.matches("body, main, [role=region]")) return "";
  return (one.labels?.[0] ?? one).innerText || one.getAttribute("aria-label") || one.value || ""; }"""
PATIENCE_S = 60
ARRIVED = "!('left' in document.documentElement.dataset) && document.readyState === 'complete'"


class Hands:
    """What is pressed, typed and looked for on a page. Nothing here clicks, and no address is typed."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.keys = 0  # pressed so far
        self.answers: list[str] = []  # questions of the browser, each answered with Enter
        page.on("dialog", self._agree)

    def _agree(self, dialog) -> None:
        self.answers.append(dialog.message)
        dialog.accept()

    @property
    def focused(self) -> str:
        """The words of whatever the next key goes to."""
        return self.page.evaluate(FOCUSED).strip()

    def press(self, *keys: str) -> None:
        self.keys += len(keys)
        for key in keys:
            self.page.keyboard.press(key)

    def send(self, key: str) -> None:
        """A key that leads to another page, or to this one anew."""
        self.page.evaluate("document.documentElement.dataset.left = ''")
        self.press(key)
        until = time.monotonic() + PATIENCE_S
        while not self._arrived():
            assert time.monotonic() < until, f"{key} led nowhere"
            self.page.wait_for_timeout(30)

    def _arrived(self) -> bool:
        """Asked from here, not by a script that waits in the page: its policy lets none be made of text."""
        try:
            return bool(self.page.evaluate(ARRIVED))
        except Error:  # the page is just changing
            return False

    def type(self, text: str, *keys: str) -> None:
        """Over what stands in the field that has the focus."""
        self.press("Control+a")
        self.keys += len(text)
        self.page.keyboard.type(text)
        self.press(*keys)

    def reach(self, words: str | re.Pattern[str], key: str = "Tab", most: int = 80) -> None:
        """Press a key until something with these words has the focus."""
        for _ in range(most):
            if re.search(words if isinstance(words, re.Pattern) else re.escape(words), self.focused):
                return
            self.press(key)
        raise AssertionError(f"{words} is not reached with {key}; last {self.focused!r}")

    def fill(self, label: str, text: str) -> None:
        self.reach(label)
        self.type(text)

    def choose(self, label: str, option: str) -> None:
        """In a list of choices: down to the one wanted."""
        self.reach(label)
        for _ in range(20):
            if self.page.evaluate("document.activeElement.selectedOptions[0].text") == option:
                return
            self.press("ArrowDown")
        raise AssertionError(f"{label} has no {option}")

    def go(self, name: str, heading: str = "") -> None:
        """To a page of the menu, by the search box."""
        self.press("Escape", "/")
        self.type(name)
        expect(self.page.locator("#search-found a", has_text=name).first).to_be_visible()
        self.reach(name, "ArrowDown")
        self.send("Enter")
        expect(self.page.locator("h1").first).to_contain_text(heading or name)

    def row(self, words: str | re.Pattern[str]) -> None:
        """Along the list of the page to the row with these words."""
        self.press("Escape", "ArrowDown", "Home")
        self.reach(words, "ArrowDown")
