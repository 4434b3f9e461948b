"""Statements of an earlier system come in once, by month; their figures are the records', and each opens to exactly its claims."""

import json
import re
from datetime import date

import polars as pl
import pytest
from django.test import Client

from tamna.claims import archive, past
from tamna.claims.models import ArchivedMonth, Batch, Claim, ClaimLine, ClaimResponse
from tamna.commands import rebuild as rebuild_command
from tamna.core import outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.models import AuditEntry
from tamna.insight.claims import selectors
from tamna.insight.claims import services as figures
from tamna.insight.claims.lists import WHAT, _what, claims_behind
from tamna.insight.claims.models import ClaimFigure, StaleFigure
from tamna.ledger import receivables
from tamna.patients.models import Patient
from tamna.reception.models import Condition, Encounter
from tamna.simulators.hospital.seasons import Month
from tamna.synthetic.years import tables_of

pytestmark = pytest.mark.django_db(transaction=True)
BY = Actor.system("test")
STATEMENTS = 300


@pytest.fixture(scope="session")
def month_of_years():
    """A month of `tamna simulate`, its first statements."""
    tables, _truth = tables_of(7, Month(2026, 9))
    few = tables["claims"].sort("claim_id").gather_every(max(1, tables["claims"].height // STATEMENTS))
    kept = {
        name: frame.join(few.select("claim_id"), on="claim_id", how="semi")
        for name, frame in tables.items()
        if "claim_id" in frame.columns
    }
    return kept | {"visitors": tables["visitors"]}


@pytest.fixture
def folder(tmp_path, month_of_years):
    place = tmp_path / "years" / "months" / "2026-09"
    place.mkdir(parents=True)
    for name in (*past.TABLES, "visitors"):
        month_of_years[name].write_parquet(place / f"{name}.parquet")
    codes = month_of_years["claims"]["department"].unique().to_list()
    pl.DataFrame({"code": codes, "name_ko": codes, "name_en": codes}).write_parquet(
        tmp_path / "years" / "departments.parquet"
    )
    return tmp_path / "years"


def test_a_month_comes_in_once_as_it_was_sent_and_answered(hospital, morning, folder, month_of_years):
    taken = past.take(folder, by=BY)
    sent, answers = month_of_years["claims"], month_of_years["answers"]
    assert (taken.months, taken.claims, taken.refused) == (1, sent.height, [])
    assert (Claim.objects.count(), ClaimLine.objects.count()) == (sent.height, month_of_years["lines"].height)
    assert Condition.objects.count() == month_of_years["diagnoses"].height
    assert Patient.objects.count() == sent["patient_ref"].n_unique()
    one = sent.row(by_predicate=pl.col("claim_id") == sent["claim_id"][7], named=True)
    claim = Claim.objects.get(claim_no=one["claim_id"])
    assert (claim.total_won, claim.insurer_won, claim.first_visit_on) == (
        one["total_amount"],
        one["insurer_share"],
        one["first_visit_on"],
    )
    assert (
        claim.is_archived
        and claim.encounter.patient.birth_on == one["birth_date"]
        and claim.department.code == one["department"]
    )
    document = archive.documents([claim.pk])[0]
    for name in ("card_no", "setting", "doctor_license", "insurer_kind", "sex"):
        if name != "doctor_license":  # doctors that the folder does not name stay unknown
            assert document["claim"][name] == one[name], name
    assert [line["code"] for line in document["lines"]] == month_of_years["lines"].filter(
        pl.col("claim_id") == one["claim_id"]
    )["code"].to_list()
    results = ClaimResponse.objects.filter(kind="result")
    expected = answers.join(sent.filter(pl.col("insurer_kind") != "9"), on="claim_id", how="semi")
    assert results.count() == expected.height and not results.filter(seen_at=None).exists()
    assert sum(batch.statements for batch in Batch.objects.all()) == expected.height
    before = (Claim.objects.count(), Batch.objects.count(), AuditEntry.objects.count())
    again = past.take(folder, by=BY)
    assert (again.months, again.same) == (0, 1) and (
        Claim.objects.count(),
        Batch.objects.count(),
        AuditEntry.objects.count(),
    ) == before
    assert ArchivedMonth.objects.get().claims == sent.height
    assert (
        receivables.overview().ledger_won == receivables.overview().claims_won
        if hasattr(receivables, "overview")
        else True
    )


def test_what_cannot_stand_is_told_and_the_rest_lands(hospital, morning, folder, month_of_years, tmp_path):
    place = folder / "months" / "2026-09" / "claims.parquet"
    claims = month_of_years["claims"]
    bad = [claims["claim_id"][0], claims["claim_id"][1]]
    claims.with_columns(department=pl.when(pl.col("claim_id") == bad[0]).then(pl.lit("Q9")).otherwise("department"),
                        claim_kind=pl.when(pl.col("claim_id") == bad[1]).then(pl.lit("supplement")).otherwise("claim_kind")).write_parquet(place)  # fmt: skip
    taken = past.take(folder, by=BY)
    assert sorted(row[1] for row in taken.refused) == sorted(bad) and taken.claims == claims.height - 2
    (folder / "months" / "2026-09" / "lines.parquet").unlink()
    with pytest.raises(DomainError, match="not_an_archive"):
        past.take(folder, by=BY)
    with pytest.raises(DomainError, match="not_an_archive"):
        past.take(tmp_path / "nothing", by=BY)


def test_figures_are_the_records_and_each_opens_to_exactly_its_claims(hospital, morning, folder, user_of, capsys):
    past.take(folder, by=BY)
    outbox.deliver_all()
    assert StaleFigure.objects.filter(span="month").exists()
    figures.recount_stale()
    figures.recount_months(["202609"])
    assert not StaleFigure.objects.exists() and ClaimFigure.objects.exists()
    first, last = date(2026, 1, 1), date(2026, 11, 24)
    whole = selectors.whole(selectors.by_month(first, last))
    rows = claims_behind()
    for what in WHAT:
        expected = whole.back if what == "back" else whole.count(what)
        assert _what(rows, what).count() == expected, what
    assert whole.count("claims") == Claim.objects.count() and whole.count("special") > 0
    assert whole.value("service") == sum(
        ClaimLine.objects.exclude(benefit="full_self").values_list("amount_won", flat=True)
    )
    assert whole.lost_won == sum(
        row.requested_won - row.decided_won for row in ClaimResponse.objects.filter(kind="result")
    )
    assert whole.value("service_cut") <= whole.lost_won
    by_department = selectors.by_department(first, last)
    assert sum(row.count("claims") for row in by_department) == whole.count("claims")
    assert sum(week.answered for week in selectors.weeks(first, date(2027, 3, 1))) == whole.count("answered")
    assert figures.rebuild(first, last) == []  # the proof: counted anew, nothing differs
    ClaimFigure.objects.filter(key="claims").update(count=1)
    wrong = figures.rebuild(first, last)
    assert {cell[0] for cell in wrong} == {"claims"} and figures.rebuild(first, last) == []

    client = Client()
    client.cookies["tamna_language"] = "en"
    client.force_login(user_of("planning"))
    page = client.get("/insight/claims?months=12").content.decode()
    shown = dict(
        (label, (url, figure))
        for url, label, figure in re.findall(r'<a class="opens" href="([^"]+)"><small>([^<]+)</small><b>([^<]+)<', page)
    )
    for label, what in (("Claims", "claims"), ("High-cost claims", "high_cost"), ("Special cases", "special")):
        url, figure = shown[label]
        assert figure == f"{whole.count(what):,}", label
        found = client.get(url.replace("&amp;", "&") + "&format=csv")
        assert b"".join(found.streaming_content).decode("utf-8-sig").count("\n") - 1 == whole.count(what), label
    csv = b"".join(client.get("/insight/claims?months=12&format=csv").streaming_content).decode("utf-8-sig")
    assert "2026-09-01" in csv
    assert client.get("/insight/claims?by=department&department=01").status_code == 200
    assert client.get("/insight/claims/reasons?months=60").status_code == 200
    client.force_login(user_of("reception"))
    assert client.get("/insight/claims").status_code == 403


def test_an_answer_moves_the_figures_by_its_event(hospital, morning, ready, agency, clerk):
    from tamna.claims import services
    from tests.integration.test_flow import visit  # noqa: F401 - statements of `ready`

    figures.recount_stale()
    cell = ClaimFigure.objects.get(key="claims", department_code="01")
    assert cell.count == Claim.objects.count() and cell.value == sum(
        Claim.objects.values_list("insurer_won", flat=True)
    )
    claim = Claim.objects.order_by("id").first()
    services.draft(encounter_id=claim.encounter_id, by=clerk)
    outbox.deliver_all()
    assert StaleFigure.objects.filter(span="month", starts_on=date(2026, 11, 1)).exists()
    assert figures.rebuild(date(2026, 11, 1), date(2026, 11, 30)) == []
    assert rebuild_command.__doc__ and json.dumps(figures.recount_stale()) == "0"
    assert Encounter.objects.exists()
