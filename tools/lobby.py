"""A browser set up as a kiosk or a waiting board, for tests and for pictures."""

import re
from typing import Any

from playwright.sync_api import Browser, BrowserContext

from tools.screens import form_of, signed_in


def enrolled(browser: Browser, base: str, kind: str, name: str, **options: Any) -> BrowserContext:
    """IT makes the device and opens its link once on the device itself."""
    staff = signed_in(base, "it1")
    form = form_of(staff, "/devices")
    staff.post("/devices/new", data={**form, "kind": kind, "name": name, "shows_names": "1"}).raise_for_status()
    row = staff.get("/devices").text.partition(name)[2]
    address = re.findall(r'action="(/devices/[0-9a-f-]{36}/invite)"', row)[0]
    link = re.findall(r'href="([^"]+/lobby/enrol/[^"]+)"', staff.post(address, data=form).text)[0]
    context = browser.new_context(base_url=base, **options)
    page = context.new_page()
    page.goto(link)
    page.get_by_role("button").last.click()
    page.wait_for_url(re.compile(f"/lobby/{kind}"))
    page.close()
    return context
