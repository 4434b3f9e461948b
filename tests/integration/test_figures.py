"""Every figure of the director's page opens to a list whose records come to exactly that figure."""

import re

import pytest
from django.test import Client

from tamna.billing import services as billing
from tamna.claims.models import Claim
from tamna.core import clock, outbox
from tamna.core.models import Decision, Department
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
    return clock.today()


def test_every_figure_opens_to_records_that_come_to_it(day, user_of):
    client = Client(headers={"Accept-Language": "en"})
    client.cookies["tamna_language"] = "en"
    client.force_login(user_of("director"))
    html = client.get("/insight/").content.decode()
    tiles = re.findall(r'<a class="tile" href="([^"]+)"[^>]*>\s*<small>([^<]+)</small><b>([^<]+)</b>', html)
    assert len(tiles) == 7 == html.count('class="tile"')
    opened = {}
    for url, label, figure in tiles:
        page = client.get(url.replace("&amp;", "&"))
        assert page.status_code == 200, label
        said = re.search(r'id="sum">([^<]+)<', page.content.decode()).group(1)
        assert said.split(" in all")[0] == figure, (label, said, figure)
        opened[label] = (figure, page)
    assert opened["Visits today"][0] == "6" and opened["Done by automations"][0] == "3"
    for label, count in (("Visits today", 6), ("Mean wait", 4), ("Collected today", 2), ("Owed today", 2), ("Returned claims of the month", 1), ("Done by automations", 3)):  # fmt: skip
        body = opened[label][1].content.decode()
        assert body.split("<tbody", 1)[1].split("</tbody>")[0].count("<tr>") == count, label
    for figure in FIGURES.values():
        rows = [figure.row(row).value for row in figure.of(day)]
        total = figure.total(figure.of(day))
        assert len(rows) == total.count > 0, figure.key
        if figure.key in ("visits", "paid", "owed", "claimed", "returned"):
            assert sum(rows) == total.value, figure.key
    parts = re.findall(r'<dt><a href="(/insight/figures/visits[^"]+)">[^<]+</a></dt>.*?<dd>(\d+)', html, re.S)
    assert [int(value) for _url, value in parts] == [4, 2]
    for url, value in parts:
        assert f'id="sum">{value}<' in client.get(url.replace("&amp;", "&")).content.decode()
    done = re.findall(r'href="(/proposals\?state=done[^"]+)">(\d+)<', html)
    assert sorted(int(value) for _url, value in done) == [1, 2]
    for url, value in done:
        assert f'id="sum">{value} in all' in client.get(url.replace("&amp;", "&")).content.decode()
    errors = re.search(r'<b><a href="(/insight/figures/errors[^"]+)">([^<]+)</a></b>', html)
    assert errors.group(2) == "100.0%" and 'id="sum">100.0%' in client.get(errors.group(1)).content.decode()
    assert "Not measured yet" not in html
    assert html.count(">not measured: needs") == 3 and html.count("change not measured: needs") == 2


@pytest.mark.parametrize("role", ["auditor", "planning", "front_lead"])
def test_whoever_sees_the_page_can_open_its_figures(day, user_of, role):
    client = Client()
    client.force_login(user_of(role))
    html = client.get("/insight/").content.decode()
    for url in re.findall(r'<a class="tile" href="([^"]+)"', html):
        assert client.get(url.replace("&amp;", "&")).status_code == 200, (role, url)
