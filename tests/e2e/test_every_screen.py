"""Every screen that answers GET, as somebody who may see it: no fault of access, no error of script, no sideways scroll on a
phone. Ids are those of the running hospital; a screen that no link leads to is a fault too."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import expect

from tests.e2e.eyes import faults_of, faults_on, watched
from tests.e2e.hands import Hands
from tools.screens import Screen, screens, signed_in

pytestmark = pytest.mark.e2e
DATA = Path(__file__).parents[1] / "data" / "fhir"
FEES = "수가코드,적용일자,한글명,단가,항,목,코드구분,급여구분\nZ0001,2026-13-01,틀린 줄,10,03,01,3,급여\n"  # the hospital keeps its own
MORE = (  # the same screens in another state
    ("front_lead", "/reception/?q=00000777"), ("front_lead", "/reception/?q=%EA%B9%80"), ("front_lead", "/reception/bookings?q=00000777"),
    ("front_lead", "/patients/?q=nobody-is-called-so"), ("front_lead", "/search?q=%EA%B9%80"), ("claims1", "/claims/?state=returned"),
    ("claims1", "/claims/answers?show=all"), ("claims1", "/proposals?state=decided"), ("director", "/proposals?state=done"),
    ("director", "/insight/figures/errors"), ("director", "/insight/figures/paid"), ("director", "/catalogue?show=built"),
    ("general1", "/ledger/trial-balance?start=2000-01-01&end=2000-01-02"),
)  # fmt: skip


@pytest.fixture(scope="module")
def filled(hospital, tmp_path_factory) -> list[Screen]:
    """Records that a synthetic hospital has not by itself; then every screen of it."""
    folder = tmp_path_factory.mktemp("bundles")
    shutil.copy(DATA / "marigold.json", folder)
    (folder / "cut.json").write_text('{"resourceType": "Bundle", "entry": [', encoding="utf-8")
    env = os.environ | {"TAMNA_HOME": str(hospital.home), "TAMNA_PORT": str(hospital.port)}
    done = subprocess.run([sys.executable, "-m", "tamna.cli", "import", "fhir", str(folder)], env=env, check=False, capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 3, done.stderr  # the cut one is refused
    claims = signed_in(hospital.url, "claims1")
    form = {
        "csrfmiddlewaretoken": re.search(
            r'name="csrfmiddlewaretoken" value="([^"]+)"', claims.get("/billing/fees").text
        )[1]
    }
    sent = claims.post("/billing/fees", data=form, files={"file": ("master.csv", FEES.encode(), "text/csv")})
    assert sent.status_code == 200 and "/billing/fees/" in str(sent.url)
    for _ in range(60):
        if "/claims/batches/" in claims.post("/claims/send", data=form).text:
            break
        time.sleep(2)  # the claims of the past are still being checked
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
