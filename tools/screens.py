"""Every screen of a running hospital: where it answers to GET with real ids, and somebody who may see it.

Addresses without an id come from the URL conf; the others are found as a person finds them, by following links. A screen
that no link leads to is not found.
"""

import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django
import httpx
from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve

from bench.place import Place

PEOPLE = {"front_lead": "front_lead", "claims": "claims1", "general": "general1", "it": "it1", "director": "director",
          "auditor": "auditor"}  # fmt: skip
BUNDLE = Path(__file__).parent.parent / "tests" / "data" / "fhir" / "marigold.json"
FEES = "수가코드,적용일자,한글명,단가,항,목,코드구분,급여구분\nZ0001,2026-13-01,틀린 줄,10,03,01,3,급여\n"  # refused: the hospital keeps its own
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
CUT_ANSWER = """
from django.db import transaction
from tamna.claims import services
from tamna.claims.models import Claim
from tamna.connect import hira
from tamna.core import clock
from tamna.core.actor import Actor
from tamna.engines.remedies import is_governed
sent = Claim.objects.filter(batch__receipt_no__gt="", status="received").select_related("batch").order_by("-batch")
claim = next(claim for claim in sent if is_governed(claim.insurer_kind))
row = hira.Decision(serial_no=claim.serial_no, status="adjusted", requested=claim.insurer_won, decided=0, reason="A02",
                    lines=[hira.Cut(line_no=1, amount=claim.insurer_won, reason="A02")])
with transaction.atomic():
    services.keep_document(hira.Document(id=0, kind="result", batch_no=claim.batch.batch_no, receipt_no=claim.batch.receipt_no, on=clock.today(),
                                 count=1, decided_sum=0, statements=[row]), Actor.system("answers"))
"""  # the agency would say it after days of the hospital's time
PAIR = "나란히"  # two records of one person
MOST = 8  # addresses of one screen that are read for links
LINK = re.compile(r'(?:href|hx-get)="(/[^"#?]*)')
NO_SCREEN = frozenset({  # what answers with a file, a part of a page, another page, or to machines; the first run is over
    "billing:fees-example", "billing:order-codes-example", "claims:remedy-letter", "claims:rule-file", "claims:rules-export", "reception:calendar", "lobby:enrol", "lobby:enter", "lobby:manifest", "lobby:phone-worker", "patients:disposal-certificate", "patients:document-file", "web:account-example", "web:badges",
    "web:first-run", "web:healthz", "web:live-address", "web:metrics",
    "web:notification", "web:notification-count", "web:readyz",
})  # fmt: skip
DUMMY = {"int": "0", "str": "x", "uuid": "00000000-0000-0000-0000-000000000000"}


@dataclass(frozen=True)
class Screen:
    name: str  # of its route
    who: str  # an account that may see it; empty: no sign-in
    address: str


@dataclass(frozen=True)
class Route:
    name: str
    path: str
    capability: str

    @property
    def is_plain(self) -> bool:
        return "<" not in self.path

    @property
    def sample(self) -> str:
        """An address that leads to the view, though hardly to a record."""
        return re.sub(r"<(?:(\w+):)?\w+>", lambda found: DUMMY[found[1] or "str"], self.path)


def routes(patterns: Any = None, prefix: str = "/", space: str = "") -> Iterator[Route]:
    """Every route outside the API."""
    for item in patterns or get_resolver().url_patterns:
        path = prefix + str(item.pattern)
        if isinstance(item, URLResolver):
            if not path.startswith("/api/"):
                yield from routes(item.url_patterns, path, item.namespace or space)
        elif isinstance(item, URLPattern):
            yield Route(f"{space}:{item.name}", path, item.callback.capability)


def signed_in(base: str, username: str) -> httpx.Client:
    """One person of the synthetic hospital, by the door; nobody where no name is given."""
    client = httpx.Client(base_url=base, timeout=60, follow_redirects=True)
    if username:
        client.post(f"/door/{username}", data=form_of(client, "/sign-in")).raise_for_status()
    return client


def form_of(client: httpx.Client, address: str) -> dict[str, str]:
    """What every form of a page sends along."""
    return {"csrfmiddlewaretoken": TOKEN.findall(client.get(address).text)[0]}


def fill(here: Place) -> None:
    """Give a synthetic hospital what it has not by itself: an import, a fee file, a third payer's bill, a batch under way."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(BUNDLE, folder)
        Path(folder, "cut.json").write_text('{"resourceType": "Bundle", "entry": [', encoding="utf-8")
        env = os.environ | {"TAMNA_HOME": str(here.home), "TAMNA_PORT": str(here.port)}
        done = subprocess.run(
            [sys.executable, "-m", "tamna.cli", "import", "fhir", folder], env=env, check=False, capture_output=True
        )
    if done.returncode != 3:  # the cut one is refused
        raise RuntimeError(done.stderr.decode())
    lead = signed_in(here.url, "front_lead")
    asked = {"department": "01", "peak": "110", "low": "90", "servers": "2", "more": "1", "earlier": "30"}
    lead.post("/reception/season/new", data={**form_of(lead, "/reception/season"), **asked}).raise_for_status()
    claims = signed_in(here.url, "claims1")
    form = form_of(claims, "/billing/fees")
    claims.post(
        "/billing/fees", data=form, files={"file": ("master.csv", FEES.encode(), "text/csv")}
    ).raise_for_status()
    claims.post("/claims/rules/trials", data={**form, "rule": "A001", "version": "shipped"}).raise_for_status()
    claims.post("/claims/rechecks/start", data={**form, "key": "screens"}).raise_for_status()
    tried = {"key": "screens", "first": "2020-01-01", "last": "2099-12-31", "fees_on": "2026-09-01", "factor": "85.5"}
    claims.post("/insight/repricing/start", data={**form, **tried}).raise_for_status()
    _bill_overseas(here.url)
    _persons(here.url)
    for _ in range(60):
        if "/claims/batches/" in claims.post("/claims/send", data=form).text:
            return _answer(env, claims)
        time.sleep(2)  # the claims of the past are still being checked
    raise RuntimeError("no claim got ready to send")


def _answer(env: dict[str, str], claims: httpx.Client) -> None:
    """A cut by the agency, and the way against it."""
    for _ in range(60):
        done = subprocess.run(
            [sys.executable, "-m", "tamna.cli", "manage", "shell", "-c", CUT_ANSWER],
            env=env,
            check=False,
            capture_output=True,
        )
        if done.returncode == 0:
            break
        time.sleep(2)  # the batch is on its way
    for _ in range(120):  # the past is still being loaded
        if re.search(r'href="/claims/remedies/[0-9a-f-]{36}"', claims.get("/claims/remedies").text):
            return
        time.sleep(1)
    raise RuntimeError("no remedy was offered\n" + done.stderr.decode())


def _bill_overseas(base: str) -> None:
    """A third payer with a bill of its own, for the first unpaid bill."""
    desk = signed_in(base, "front_lead")
    form = form_of(desk, "/billing/payers")
    desk.post(
        "/billing/payers/new", data={**form, "name": "Overseas Health", "kind": "overseas", "days": "30"}
    ).raise_for_status()
    for bill in re.findall(r'href="(/billing/[0-9a-f-]{36})"', desk.get("/billing/").text):
        address = re.findall(r'href="(/billing/visits/[0-9a-f-]{36})"', desk.get(bill).text)[0] + "/bill-payer"
        payer = re.findall(r'<option value="([0-9a-f-]{36})"', desk.get(address).text)
        if payer:  # an accident has a payer of its own kind
            desk.post(
                address, data={**form, "payer": payer[0], "guarantee_no": "GOP-1", "limit": "1000"}
            ).raise_for_status()
            return


def _persons(base: str) -> None:
    """Two records of one person with an answer and an old document, a month's review, a disposal that waits."""
    desk, auditor = signed_in(base, "front_lead"), signed_in(base, "auditor")
    form = form_of(desk, "/reception/patients/new")
    person = {
        **form,
        "kind": "rrn",
        "number": "",
        "name": PAIR,
        "birth_on": "1980-05-17",
        "sex": "F",
        "phone": "01000001234",
    }
    made = [desk.post("/reception/patients/new", data=person).url.params["patient"] for _ in range(2)]
    for one in made:
        page = f"/patients/{one}/consents/survey"
        shown = re.findall(r'name="shown" value="(\w+)"', desk.get(page).text)[0]
        desk.post(page, data={**form, "shown": shown, "how": "paper", "answer": "yes"}).raise_for_status()
        paper = {**form, "title": "혈액 검사결과", "text": "혈색소 참고치", "written_on": "2010-01-01"}
        desk.post(f"/patients/{one}/documents", data=paper).raise_for_status()
        desk.post(f"/patients/{one}/documents", data={**paper, "title": "스캔", "text": ""}).raise_for_status()
    due = re.findall(r'name="document" value="(\d+)"', desk.get("/patients/disposals").text)
    desk.post("/patients/disposals", data={**form, "document": due[0]}).raise_for_status()
    again = form_of(auditor, "/patients/access")
    month = re.findall(r'name="month" value="([\d-]+)"', auditor.get("/patients/access").text)[0]
    auditor.post("/patients/access/make", data={**again, "month": month}).raise_for_status()


def screens(base: str) -> tuple[list[Screen], list[str]]:
    """The screens, and the names of routes that answer GET but that no link leads to."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tamna.web.settings")
    django.setup()
    from tamna.core import access
    from tamna.core.models import User

    people = {who: signed_in(base, who) for who in ("", *PEOPLE.values())}

    def who_may(capability: str) -> list[str]:
        if capability == access.PUBLIC:
            return [""]
        team = capability.partition(".")[0]  # whoever works with it before whoever may look
        roles = sorted(
            (role for role in PEOPLE if access.may(User(role=role), capability)), key=lambda role: role != team
        )
        return [PEOPLE[role] for role in roles]

    found: dict[str, list[Screen]] = {}
    left: dict[str, Route] = {}
    to_read = [Screen("patients:list", "front_lead", f"/patients/?q={PAIR}")]  # first: others may be newer by now

    def reached(name: str, who: str, address: str) -> None:
        known = found.setdefault(name, [])
        screen = Screen(name, who, address)
        if len(known) < MOST and screen not in known:
            known.append(screen)
            to_read.append(screen)

    for route in routes():
        allowed = who_may(route.capability)
        if not allowed or route.name in NO_SCREEN or people[allowed[0]].get(route.sample).status_code == 405:
            continue  # it only takes what is sent
        if route.is_plain:
            for who in allowed if route.name == "web:home" else allowed[:1]:
                reached(route.name, who, route.path)
        else:
            left[route.name] = route
    while to_read:
        screen = to_read.pop(0)
        answer = people[screen.who].get(screen.address)
        if answer.status_code != 200 or "<html" not in answer.text[:200]:  # a file, a part of a page, somebody else's
            found[screen.name].remove(screen)
            continue
        for address in LINK.findall(answer.text):
            try:
                name = resolve(html.unescape(address)).view_name
            except Resolver404:
                continue
            if name in left and (allowed := who_may(left[name].capability)):
                who = screen.who if screen.who in allowed else allowed[0]
                reached(name, who, html.unescape(address))
    shown = [screen for name, known in found.items() for screen in known[: None if name == "web:home" else 1]]
    return shown, [name for name in left if name not in found]
