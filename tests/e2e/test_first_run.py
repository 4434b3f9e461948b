"""An empty folder for real use, in a real browser: the setup code, three steps, a door that is not there, a temporary password."""

import os
import re
import subprocess
import sys

import pytest
from playwright.sync_api import Browser, expect

from tamna.core import access
from tamna.core.models import User
from tests.e2e.eyes import faults_of, faults_on, watched
from tests.integration.connect.simulators import free_ports
from tools.screens import NO_SCREEN, routes

pytestmark = pytest.mark.e2e
PASSWORD = "고래가 뛰노는 바다 7"


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """`tamna up --empty`: its address and the code it prints."""
    home, port = tmp_path_factory.mktemp("tamna"), free_ports(10)[0]
    env = {key: value for key, value in os.environ.items() if not key.startswith(("TAMNA_", "DATABASE_"))}
    command = [sys.executable, "-m", "tamna.cli", "up", "--empty", "--workers", "1"]
    env |= {"TAMNA_HOME": str(home), "TAMNA_PORT": str(port)}
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    code, said = "", []
    for line in process.stdout:
        said.append(line)
        code = found[1] if (found := re.search(r"setup code (\S+)", line)) else code
        if "is ready" in line:
            break
    assert code, "".join(said)
    yield f"http://localhost:{port}", code
    process.terminate()
    assert process.wait(60) == 0


def test_a_real_hospital_begins_in_the_browser(empty, browser: Browser):
    url, code = empty
    page = watched(browser.new_page(base_url=url, viewport={"width": 390, "height": 844}))
    page.goto("/")
    expect(page).to_have_url(re.compile("/first-run"))
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").or_(page.locator(".notice")).first).to_be_visible()
    page.errors.clear()  # the wrong code was refused
    page.locator("[name=setup_code]").fill(code)
    page.keyboard.press("Enter")
    page.locator("[name=name_ko]").fill("서귀포 시험병원")
    page.locator("[name=institution_id]").fill("39100103")
    assert faults_on(page) == []
    page.locator("form button[type=submit]").click()
    expect(page.locator("[name=departments]").first).to_be_visible()
    assert faults_on(page) == []
    page.locator("form button[type=submit]").click()
    for name, value in {"username": "it.kim", "person_ko": "김전산", "password": PASSWORD, "again": PASSWORD}.items():
        page.locator(f"[name={name}]").fill(value)
    assert faults_on(page) == []
    page.locator("form button[type=submit]").click()
    expect(page).to_have_url(re.compile("/sign-in"))
    assert page.locator("form[action^='/door/']").count() == 0  # the one-click door does not exist
    page.locator("[name=username]").fill("it.kim")
    page.locator("[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{url}/")
    page.goto("/setup")
    expect(page.locator("main")).to_contain_text("아직")
    assert page.locator(".synthetic").count() == 0 and faults_on(page) == []
    page.goto("/accounts/new")
    page.locator("[name=username]").fill("park.js")
    page.locator("[name=name_ko]").fill("박접수")
    page.locator("select[name=role]").select_option("reception")
    page.locator("main form button[type=submit]").click()
    given = page.locator("#given").inner_text()
    clerk = browser.new_page(base_url=url)
    clerk.goto("/sign-in")
    clerk.locator("[name=username]").fill("park.js")
    clerk.locator("[name=password]").fill(given)
    clerk.keyboard.press("Enter")
    expect(clerk).to_have_url(f"{url}/account")
    expect(clerk.locator("[name=again]")).to_be_visible()
    clerk.wait_for_load_state()
    clerk.goto("/reception/")
    expect(clerk).to_have_url(f"{url}/account")  # nothing else opens before the password is one's own
    unsound = {}
    for route in routes():  # every screen of IT while nothing is there yet
        mine = route.is_plain and route.name not in NO_SCREEN and access.may(User(role="it"), route.capability)
        shown = mine and page.context.request.get(route.path).status != 405  # that takes nothing but a form
        if shown and (found := faults_of(page, route.path)):
            unsound[route.name] = found
    assert not unsound, unsound
