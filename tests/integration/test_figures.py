"""Every figure of the director's page opens to a list whose records come to exactly that figure."""

import re
from datetime import date, timedelta

import pytest
from django.test import Client

from tamna.billing import services as billing
from tamna.claims.models import Claim
from tamna.core import access, clock, outbox
from tamna.core.models import Decision, Department, User
from tamna.core.models import Proposal as Made
from tamna.insight.figures import FIGURES
from tamna.patients import services as registration
from tamna.patients.models import Coverage
from tamna.reception import services as reception

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def day(hospital, morning, clerk):
    """Six visits in two departments: four billed, two of them paid; claims, one returned and answered; proposals."""
    for number in range(6):
        patient = registration.register_patient(
            name=f"가나{number}", birth_on=clock.today().replace(year=1980), sex="F", by=clerk
        )
        Coverage.objects.create(
            patient=patient,
            payer="nhi",
            card_no=f"7123456789{number}",
            checked_on=clock.today(),
            checked_at=clock.now(),
        )
        department = Department.objects.get(code="05" if number % 3 == 0 else "01")
        ticket = reception.receive(patient_id=patient.pk, department_id=department.pk, by=clerk)
        if number < 4:
            reception.call_next(department_id=department.pk, by=clerk)
            reception.move(ticket_id=ticket.pk, step="enter", by=clerk)
            reception.finish(encounter_id=ticket.encounter_id, diagnoses=[("principal", "I10.9")], by=clerk)
        outbox.deliver_all()
        for bill in ticket.encounter.invoices.all() if number < 2 else ():
            billing.record_payment(
                invoice_id=bill.pk, amount_won=bill.patient_won, tender="cash", key=f"k{number}", by=clerk
            )
    outbox.deliver_all()
    claim = Claim.objects.order_by("id").first()
    claim.responses.create(
        document_id="d:1", kind="result", status="returned", decided_on=clock.today(), received_at=clock.now()
    )
    Claim.objects.filter(pk=claim.pk).update(status="returned")
    for number, state in enumerate(("acted", "accepted", "refused", "open", "accepted")):
        row = Made.objects.create(
            automation="claim.omit" if number else "bill.map", action="SendReady", key=f"t{number}", title="x", team="claims",
            state=state, minutes=3, made_at=clock.now(),
        )  # fmt: skip
        if state != "open":
            Decision.objects.create(proposal=row, verdict=state, at=clock.now())
    with clock.frozen(morning - timedelta(days=1)):
        for number in range(2):
            patient = registration.register_patient(name=f"다라{number}", birth_on=date(1950, 1, 1), sex="M", by=clerk)
            reception.receive(patient_id=patient.pk, department_id=Department.objects.get(code="01").pk, by=clerk)
        outbox.deliver_all()
    return clock.today()


TILE = re.compile(
    r'<div class="tile">\s*<a class="opens" href="([^"]+)"><small>([^<]+)</small><b>([^<]+)</b></a>\s*<small>(?:<a href="([^"]+)">([^<]*)</a>)?'
)


def opened(client, url: str) -> str:
    answer = client.get(url.replace("&amp;", "&"))
    assert answer.status_code == 200, url
    return answer.content.decode()


def says(page: str) -> str:
    """What the list comes to."""
    return re.search(r'id="sum">([^<]+)<', page)[1].split(" in all")[0]


def rows(page: str) -> int:
    return page.split("<tbody", 1)[1].split("</tbody>")[0].count("<tr>")


def test_every_figure_opens_to_records_that_come_to_it(day, user_of):
    client = Client()
    client.cookies["tamna_language"] = "en"
    client.force_login(user_of("director"))
    html = opened(client, "/insight/")
    tiles = TILE.findall(html)
    assert len(tiles) == 7 == html.count('class="tile"')
    counts = {"Visits today": 6, "Mean wait": 4, "Collected today": 2, "Owed today": 2, "Returned claims of the month": 1,
              "Done by automations": 3}  # fmt: skip
    for url, label, figure, note_url, note in tiles:
        page = opened(client, url)
        assert says(page) == figure, label
        assert rows(page) == counts.get(label, rows(page)), label
        noted, page = re.search(r"[\d.]+%?", note)[0], opened(client, note_url)
        if label != "Done by automations":  # its note names the span
            assert noted in (says(page), re.search(r"from (\d+) records", page)[1]), (label, note)
    assert [note for *_tile, note in tiles[:2]] == ["yesterday 2", "4 calls today"]
    assert dict((label, figure) for _url, label, figure, *_note in tiles)["Done by automations"] == "3"
    for figure in FIGURES.values():
        found = [figure.row(row).value for row in figure.of(day)]
        total = figure.total(figure.of(day))
        assert len(found) == total.count > 0, figure.key
        if figure.unit == "won":
            assert sum(found) == total.value, figure.key
    days = re.findall(
        r'<th scope="row"><a href="(/insight/figures/visits[^"]+)">[^<]+</a></th><td class="number">(\d+)<', html
    )
    assert [int(value) for _url, value in days] == [2, 6]
    assert [url for url, _value in days] == re.findall(r'<a href="([^"]+)" tabindex="-1"', html)  # the picture's too
    parts = re.findall(r'<dt><a href="(/insight/figures/visits[^"]+)">[^<]+</a></dt>.*?<dd>(\d+)', html, re.S)
    assert [int(value) for _url, value in parts] == [4, 2]
    for url, value in days + parts:
        assert says(opened(client, url)) == value and rows(opened(client, url)) == int(value)
    done = re.findall(
        r'href="(/proposals\?state=done[^"]+)">(\d+)</a></td><td class="number"><a href="([^"]+)">(\d+ min)<', html
    )
    assert sorted((int(count), minutes) for _url, count, _saved, minutes in done) == [(1, "3 min"), (2, "6 min")]
    for url, count, saved, minutes in done:
        page = opened(client, url)
        assert url == saved and says(page) == count and f'id="saved">{minutes}<' in page
        assert page.count(">3 min</td>") == int(count)
    errors = re.search(r'<b><a href="(/insight/figures/errors[^"]+)">([^<]+)</a></b>', html)
    assert errors[2] == "100.0%" == says(opened(client, errors[1]))
    assert "Not measured yet" not in html
    assert html.count(">not measured: needs") == 3 and html.count("change not measured: needs") == 2


@pytest.mark.parametrize(
    "role", ["auditor", "planning", "front_lead", "reception", "cashier", "claims", "general", "it"]
)
def test_whoever_sees_a_figure_can_open_it(day, user_of, role):
    client = Client()
    client.cookies["tamna_language"] = "en"
    client.force_login(user_of(role))
    home = opened(client, "/")
    watch = re.findall(r'<dt><a href="([^"]+)">([^<]+)</a></dt><dd>([^<]+)<', home)
    for url, label, figure, *_note in TILE.findall(home) + watch:
        page = opened(client, url)
        if "/figures/" in url:
            assert says(page) == figure, (role, label)
        elif figure[0] != "0" and "claims" not in label:
            assert rows(page) > 0, (role, label)
    if access.may(User(role=role), "insight.see"):
        for url, _label, _figure, note_url, _note in TILE.findall(opened(client, "/insight/")):
            assert opened(client, url) and opened(client, note_url), (role, url)
    else:
        assert client.get("/insight/").status_code == 403


def test_a_figure_is_closed_to_whoever_may_not_open_its_records(day, user_of):
    client = Client()
    client.force_login(user_of("cashier"))
    assert client.get("/insight/figures/paid").status_code == 200
    assert client.get("/insight/figures/claimed").status_code == 403
