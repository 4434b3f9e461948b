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

from tamna.core import clock, lists
from tamna.core.export import as_csv, as_excel
from tamna.core.models import AuditEntry, Department, SavedView
from tamna.core.paging import LAST, page
from tamna.patients.models import Patient
from tamna.patients.services import search_tokens

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
    cursor = page(Patient.objects.all(), ("birth_on", "id")).next_cursor
    with CaptureQueriesContext(connection) as queries:
        page(Patient.objects.all(), ("birth_on", "id"), cursor)
    assert "> (" in queries[0]["sql"] and " OR " not in queries[0]["sql"]


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


def test_a_list_is_sorted_by_indexed_fields_that_are_never_null():
    _ = get_resolver().url_patterns  # every department is loaded
    from tamna.billing.models import Invoice, Payment
    from tamna.claims.models import Batch, Claim, ClaimResponse
    from tamna.core.models import Proposal
    from tamna.ledger.models import JournalEntry
    from tamna.patients.models import ImportedResource, ImportRun
    from tamna.reception.models import Appointment, Encounter

    models = {
        "patients": Patient, "patients.visits": Encounter, "patients.elsewhere": ImportedResource, "bookings": Appointment, "bills": Invoice,
        "payments": Payment, "claims": Claim, "batches": Batch, "batches.statements": Claim, "answers": ClaimResponse, "rules": None,
        "journal": JournalEntry, "audit": AuditEntry, "proposals": Proposal, "proposals.decided": Proposal, "imports": ImportRun,
    }  # fmt: skip
    may_be_null = {"patients.elsewhere"}  # its rows are those with a day
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
