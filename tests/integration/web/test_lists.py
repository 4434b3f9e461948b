"""Every list alike: pages both ways that keep the filter, sorting by an index, downloads of what is filtered, saved views."""

import csv
import io
import zipfile
from datetime import timedelta
from itertools import chain

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver
from django.utils.translation import gettext as _

from tamna.billing.models import FeeItem
from tamna.core import clock, lists, staff
from tamna.core.actor import Actor
from tamna.core.export import as_csv, as_excel
from tamna.core.format import day
from tamna.core.models import AuditEntry, Department, Practitioner, SavedView, User
from tamna.core.paging import LAST, page
from tamna.patients.models import Patient
from tamna.patients.services import search_tokens
from tamna.reception.models import Slot

pytestmark = pytest.mark.django_db


@pytest.fixture
def crowd(hospital, morning):
    """120 patients; every third is a 김."""
    rows = [
        Patient(
            chart_no=f"{number:08d}", name=("김하나" if number % 3 == 0 else "=이둘"), birth_on=clock.today() - timedelta(days=number // 4),
            sex="F", registered_at=clock.now(), search_tokens=search_tokens("김하나" if number % 3 == 0 else "=이둘", "", f"{number:08d}"),
        )
        for number in range(1, 121)
    ]  # fmt: skip
    return Patient.objects.bulk_create(rows)


@pytest.fixture
def desk(user_of, crowd):
    client = Client()
    client.user = user_of("reception")
    client.force_login(client.user)
    return client


def all_pages(query, order, size=25):
    """Rows from the first page to the last, then back from the end."""
    there, cursor = [], ""
    while True:
        found = page(query, order, cursor, size)
        there.append([row.pk for row in found.rows])
        cursor = found.next_cursor
        if not cursor:
            break
    back, cursor = [], LAST
    while True:
        found = page(query, order, cursor, size)
        back.insert(0, [row.pk for row in found.rows])
        cursor = found.previous_cursor
        if not cursor:
            break
    return there, back


@pytest.mark.parametrize("order", [("-id",), ("birth_on", "id"), ("-birth_on", "-id"), ("birth_on", "-id")])
def test_pages_go_both_ways_over_ties_without_losing_a_row(crowd, order):
    there, back = all_pages(Patient.objects.all(), order)
    expected = list(Patient.objects.order_by(*order).values_list("pk", flat=True))
    assert list(chain(*there)) == list(chain(*back)) == expected


def test_a_page_of_two_fields_starts_in_the_index(crowd):
    first = page(Patient.objects.all(), ("birth_on", "id"), size=2)
    with CaptureQueriesContext(connection) as queries:
        page(Patient.objects.all(), ("birth_on", "id"), first.next_cursor, size=1)
    day, number = first.rows[-1].birth_on, first.rows[-1].pk
    assert f"\"birth_on\" = '{day}'::date AND" in queries[0]["sql"] and f'"id" > {number})' in queries[0]["sql"]
    assert len(queries) == 1  # the next one has the same birth date


def test_a_page_behind_many_equal_rows_joins_only_its_own(crowd):
    Patient.objects.update(birth_on=clock.today())
    cursor = page(Patient.objects.all(), ("-birth_on", "-id"), size=60).next_cursor
    with CaptureQueriesContext(connection) as queries:
        assert len(page(Patient.objects.all(), ("-birth_on", "-id"), cursor, size=10).rows) == 10
    assert len(queries) == 1 and " OR " not in queries[0]["sql"]


def test_the_next_page_keeps_the_filter_and_the_sorting(desk):
    answer = desk.get("/patients/?q=이둘&sort=-birth").content.decode()
    assert "sort=-birth&amp;cursor=" in answer and "q=%EC%9D%B4%EB%91%98" in answer
    assert "80건" in answer


def test_a_wrong_cursor_sort_or_day_gives_the_first_page(desk):
    for query in ("cursor=x", "cursor=W10", "sort=phone", "sort=--chart", "cursor=WyJuZXh0IixbInYiLFsxXV1d"):
        assert desk.get(f"/patients/?{query}").status_code == 200
    assert desk.get("/reception/bookings?on=2026-02-31").status_code == 200


def test_a_download_holds_what_is_filtered_and_is_audited_without_the_name(desk):
    answer = desk.get("/patients/?q=김하나&sort=chart&format=csv")
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [row[1] for row in rows[1:]] == [f"{number:08d}" for number in range(3, 121, 3)]
    entry = AuditEntry.objects.get(action="list.downloaded")
    assert entry.detail["rows"] == 40 and entry.detail["of_patients"] and entry.detail["filters_not_written"] == ["q"]
    assert "김" not in str(entry.detail)
    excel = desk.get("/patients/?q=김하나&format=xlsx")
    book = zipfile.ZipFile(io.BytesIO(excel.content))
    assert book.read("xl/worksheets/sheet1.xml").count(b"<row ") == 41


def test_no_cell_is_a_formula():
    evil = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1", "\n=1"]
    text = b"".join(as_csv("x", ["a"], [[value] for value in evil]).streaming_content).decode("utf-8-sig")
    assert all(row[0].startswith("'") for row in list(csv.reader(io.StringIO(text)))[1:])
    sheet = zipfile.ZipFile(io.BytesIO(as_excel("x", ["a"], [[value] for value in evil]).content))
    assert b"<f>" not in sheet.read("xl/worksheets/sheet1.xml")


def test_a_download_is_bounded_and_says_so(desk, monkeypatch):
    monkeypatch.setattr(lists, "DOWNLOAD_ROWS", 10)
    text = b"".join(desk.get("/patients/?format=csv").streaming_content).decode()
    assert len(text.strip().splitlines()) == 12 and "10건에서 잘랐습니다" in text


def test_a_view_is_saved_without_the_person_shared_renamed_and_deleted(desk, user_of):
    answer = desk.post(
        "/views/save",
        {
            "screen": "bookings",
            "name": "오늘 정형",
            "query": "department=05&state=booked&cursor=abc&on=2026-11-24",
            "team": "1",
        },
    )
    view = SavedView.objects.get()
    assert view.query == "department=05&state=booked&on=2026-11-24" and view.team == "front"
    assert answer["Location"].endswith(view.query)
    desk.post("/views/save", {"screen": "patients", "name": "김", "query": "q=김하나&sort=-birth"})
    assert SavedView.objects.get(screen="patients").query == "sort=-birth"
    other = Client()
    other.force_login(user_of("cashier"))  # the same team
    assert "오늘 정형" in other.get("/reception/bookings").content.decode()
    assert other.post(f"/views/{view.pk}/rename", {"name": "남의 것"}).status_code == 409
    assert other.post(f"/views/{view.pk}/delete").status_code == 409
    stranger = Client()
    stranger.force_login(user_of("director"))
    assert "오늘 정형" not in stranger.get("/reception/bookings").content.decode()
    assert desk.post("/views/save", {"screen": "bookings", "name": "오늘 정형", "query": ""}).status_code == 409
    assert desk.post("/views/save", {"screen": "bookings", "name": " ", "query": ""}).status_code == 409
    assert (
        desk.post("/views/save", {"screen": "journal", "name": "x", "query": ""}).status_code == 409
    )  # may not see it
    assert desk.post(f"/views/{view.pk}/rename", {"name": "정형"}).status_code == 302
    assert desk.post(f"/views/{view.pk}/delete").status_code == 302
    assert not SavedView.objects.filter(screen="bookings").exists()


def test_an_empty_list_says_what_to_do(desk):
    assert "조건을 넓혀" in desk.get("/patients/?q=없는사람").content.decode()
    Patient.objects.all().delete()
    assert "신환을 등록" in desk.get("/patients/").content.decode()


def test_departments_elsewhere_are_no_choice(desk):
    Department.objects.create(code=Department.ELSEWHERE, name_ko="외부 기관", name_en="Elsewhere")
    assert "외부 기관" not in desk.get("/reception/bookings").content.decode()


@pytest.fixture
def it(user_of, hospital, morning):
    client = Client()
    client.user = user_of("it")
    client.force_login(client.user)
    return client


def downloaded(client, address):
    """Rows of a CSV below its header."""
    text = b"".join(client.get(address).streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))[1:]


def test_accounts_are_filtered_sorted_and_read_in_again_as_they_were_downloaded(it):
    by = Actor("person", "it", it.user.pk, "it", "it")
    for number, name in enumerate(("다", "가", "나"), 1):
        staff.create(username=f"p{number}.kim", name_ko=name, name_en="Kim", role="cashier", department="01", by=by)
    staff.set_active(user_id=User.objects.get(username="p1.kim").pk, is_active=False, by=by)
    assert [row[1] for row in downloaded(it, "/accounts?role=cashier&sort=name&format=csv")] == ["가", "나", "다"]
    assert [row[0] for row in downloaded(it, "/accounts?state=disabled&format=csv")] == ["p1.kim"]
    assert len(downloaded(it, "/accounts?q=kim&department=01&state=temporary&format=csv")) == 3
    whole = io.BytesIO(b"".join(it.get("/accounts?format=csv").streaming_content))
    whole.name = "accounts.csv"
    before = User.objects.order_by("pk").values()
    known = list(before)
    said = it.post("/accounts/list", {"file": whole}).content.decode()
    assert _("Read %(read)s lines: %(made)s made, %(changed)s changed, %(same)s already so, %(refused)s refused.") % {
        "read": 4, "made": 0, "changed": 0, "same": 4, "refused": 0} in said  # fmt: skip
    assert list(before.all()) == known
    it.post("/views/save", {"screen": "accounts", "name": "수납", "query": "role=cashier&q=kim&sort=-name"})
    assert SavedView.objects.get().query == "role=cashier&sort=-name"
    assert AuditEntry.objects.filter(action="list.downloaded", subject_id="accounts").count() == 4


def test_doctors_who_cannot_be_booked_are_found(it):
    booked, gone = Practitioner.objects.order_by("license_no")
    last = clock.now() + timedelta(days=3)
    for at in (clock.now() + timedelta(days=1), last, clock.now() - timedelta(days=1)):
        Slot.objects.create(practitioner=booked, starts_at=at)
    Slot.objects.create(practitioner=booked, starts_at=last + timedelta(days=1), is_open=False)
    rows = downloaded(it, "/reception/doctors?format=csv")
    assert [(row[0], row[4]) for row in rows] == [(booked.license_no, day(last)), (gone.license_no, "진료시간 없음")]
    assert [row[0] for row in downloaded(it, "/reception/doctors?state=no_hours&format=csv")] == [gone.license_no]
    Practitioner.objects.filter(pk=gone.pk).update(is_active=False)
    assert [row[0] for row in downloaded(it, "/reception/doctors?state=gone&format=csv")] == [gone.license_no]
    assert downloaded(it, "/reception/doctors?state=no_hours&format=csv") == []
    assert [row[0] for row in downloaded(it, "/reception/doctors?sort=-name&department=05&format=csv")] == [
        gone.license_no
    ]
    refused = it.post("/reception/doctors", {"license_no": "x", "name_ko": "", "department": "01"})
    assert refused.status_code == 422 and booked.license_no in refused.content.decode()


def test_the_fee_master_shows_what_is_in_force_on_a_day(it):
    fields = FeeItem.objects.get(code="AA156").fields
    for code, first, last, price in (
        ("ZZ1", "2026-01-01", None, 100),
        ("ZZ1", "2026-07-01", None, 200),
        ("ZZ2", "2026-01-01", "2026-06-30", 300),
    ):
        FeeItem.objects.create(
            code=code, valid_from=first, valid_to=last, name_ko="예시", mark="K",
            fields={**fields, "unit_price_won": str(price), "benefit": "selective50"},
        )  # fmt: skip
    asked = lambda query: [(row[0], row[5]) for row in downloaded(it, f"/billing/fees?{query}&format=csv")]  # noqa: E731
    assert asked("q=ZZ") == [("ZZ1", "200")]
    assert asked("q=ZZ&on=2026-06-30") == [("ZZ1", "100"), ("ZZ2", "300")]
    assert asked("q=예시&on=&sort=-from")[0] == ("ZZ1", "200") and len(asked("q=예시&on=")) == 3
    assert asked("benefit=selective50&mark=K") == [("ZZ1", "200")]
    page = it.get("/billing/fees?benefit=selective50").content.decode()
    assert "선별급여 50%" in page and "selective50</td>" not in page
    assert it.post("/billing/fees", {}).status_code == 422


def test_a_list_is_sorted_by_indexed_fields_that_are_never_null():
    assert get_resolver().url_patterns  # every department is loaded
    from tamna.billing.models import Invoice, OrderCode, PayerBill, Payment
    from tamna.claims.models import (  # fmt: skip
        Batch,
        Claim,
        ClaimResponse,
        EarlyFinding,
        Recheck,
        RecheckFinding,
        Remedy,
        RuleSwitch,
    )
    from tamna.claims.submission.models import BatchEntry, RecordRequest
    from tamna.core.models import Proposal
    from tamna.insight.repricing.models import RepricedCell, Repricing
    from tamna.ledger.models import JournalEntry
    from tamna.patients.models import AccessReview, Disposal, FiledDocument, ImportedResource, ImportRun, Merge
    from tamna.reception.models import Appointment, Communication, Encounter, WaitingRequest

    models = {
        "patients": Patient, "patients.visits": Encounter, "patients.elsewhere": ImportedResource, "bookings": Appointment, "bills": Invoice,
        "payments": Payment, "claims": Claim, "batches": Batch, "batches.statements": BatchEntry, "answers": ClaimResponse, "rules": None,
        "rules.changes": RuleSwitch, "remedies": Remedy, "unpaid": Invoice, "payer-bills": PayerBill,
        "order-codes": OrderCode, "tax": Patient, "claims.incomplete": Claim, "records": RecordRequest,
        "batches.answer": None,  # the rows of one document
        "journal": JournalEntry, "audit": AuditEntry, "proposals": Proposal, "proposals.decided": Proposal, "imports": ImportRun,
        "accounts": User, "doctors": Practitioner, "waiting_list": WaitingRequest, "communications": Communication, "fees": FeeItem, "patients.merges": Merge,
        "patients.looks": AuditEntry, "patients.reviews": AccessReview, "patients.documents": FiledDocument,
        "patients.sorting": FiledDocument, "patients.disposals": Disposal,
        "early": EarlyFinding, "rechecks": Recheck, "recheck.findings": RecheckFinding, "claims.records": Claim, "repricings": Repricing,
        "repricing.cells": RepricedCell, "claims.figures": None, "claims.reasons": None, "claims.profit": None,  # sums of counted cells
    }  # fmt: skip
    may_be_null = {"patients.elsewhere", "rules.changes"}  # their rows are those with a day
    assert set(models) == set(lists.known())
    for key, listing in lists.known().items():
        model = models[key]
        if model is None:
            continue
        with connection.cursor() as cursor:
            cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = %s", [model._meta.db_table])
            indexes = " ".join(row[0] for row in cursor.fetchall())
        for order in [listing.order, *(column.sort for column in listing.columns if column.sort)]:
            fields = [model._meta.get_field(name.lstrip("-")) for name in order]
            assert fields[-1].unique, (key, order)
            assert key in may_be_null or not any(field.null for field in fields), (key, order)
            assert f"({fields[0].column}" in indexes or f", {fields[0].column}" in indexes, (key, order)
