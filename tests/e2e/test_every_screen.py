"""Every screen that answers GET, as somebody who may see it: no fault of access, no error of script, no sideways scroll on a
phone. Ids are those of the running hospital; a screen that no link leads to is a fault too."""

import re

import psycopg
import pytest
from playwright.sync_api import expect

from tests.e2e.eyes import faults_of, faults_on, watched
from tests.e2e.hands import Hands
from tools.screens import Screen, fill, screens

pytestmark = pytest.mark.e2e
MORE = (  # the same screens in another state
    ("front_lead", "/reception/?q=00000777"), ("front_lead", "/reception/?q=%EA%B9%80"), ("front_lead", "/reception/bookings?q=00000777"),
    ("front_lead", "/patients/?q=nobody-is-called-so"), ("front_lead", "/search?q=%EA%B9%80"), ("claims1", "/claims/?state=returned"),
    ("claims1", "/claims/answers?show=all"), ("claims1", "/claims/rules/new?rule=R001"), ("claims1", "/claims/rules/E002"), ("claims1", "/proposals?state=decided"), ("director", "/proposals?state=done"),
    ("director", "/insight/figures/errors"), ("director", "/insight/figures/paid"), ("director", "/catalogue?show=built"),
    ("general1", "/ledger/trial-balance?start=2000-01-01&end=2000-01-02"),
)  # fmt: skip


@pytest.fixture(scope="module")
def filled(hospital) -> list[Screen]:
    """Every screen of the hospital, once it holds what it has not by itself, and a record that is protected."""
    fill(hospital)
    with psycopg.connect(host=str(hospital.home / "pg"), user="postgres", dbname="tamna") as database:
        row = database.execute(
            "UPDATE patients_patient SET is_restricted = true WHERE chart_no = '00000011' RETURNING public_id"
        ).fetchone()
    found, lost = screens(hospital.url)
    assert not lost, lost
    return [
        *found,
        Screen("patients:detail", "front_lead", f"/patients/{row[0]}"),
        *(Screen("", who, address) for who, address in MORE),
    ]


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_every_screen_is_sound(filled, enter, lang):
    pages, faults = {}, {}
    for screen in filled:
        page = pages.get(screen.who) or pages.setdefault(screen.who, watched(enter(screen.who, lang)))
        if found := faults_of(page, screen.address, contrast=lang == "ko"):  # colours are the same in every language
            faults[f"{screen.name} {screen.address} as {screen.who}"] = found
    assert not faults, "\n".join(f"{name}\n    " + "\n    ".join(found) for name, found in faults.items())


def test_what_opens_on_a_screen_is_sound(enter):
    """The drawer, a dialog, the sheet of keys, the answers of the search box."""
    page = watched(enter("front_lead"))
    hands = Hands(page)
    page.goto("/billing/payments")
    hands.row(re.compile("^\\d"))
    hands.send("Enter")
    hands.reach(re.compile("왜"))
    hands.press("Enter")
    expect(page.locator("#drawer .drawer")).to_be_visible()
    assert faults_on(page) == []
    hands.press("Escape")
    hands.row(re.compile("^\\d"))
    hands.press("b")
    expect(page.locator("dialog[open]")).to_be_visible()
    assert faults_on(page) == []
    hands.press("Escape", "Escape", "?")
    expect(page.locator("#keys")).to_be_visible()
    assert faults_on(page) == []
    hands.press("Escape", "/")
    hands.type("김")
    expect(page.locator("#search-found a").first).to_be_visible()
    assert faults_on(page) == []
