"""History under other fees: the same fees change nothing, a factor and a file move what they name, the parts come to the whole."""

import io
from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Sum
from django.test import Client

from tamna.billing.models import ChargeItem
from tamna.claims import past
from tamna.claims.models import ClaimLine
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.insight.repricing import services
from tamna.insight.repricing.models import RepricedCell, Repricing
from tests.integration.claims.test_past_and_figures import folder, month_of_years  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)
BY = Actor.system("test")
SEPTEMBER = date(2026, 9, 1)
SPAN = {"first": SEPTEMBER, "last": date(2026, 9, 30), "fees_on": SEPTEMBER, "by": BY}


@pytest.fixture
def shelf(hospital, morning, folder):  # noqa: F811
    past.take(folder, by=BY)
    return ClaimLine.objects.aggregate(won=Sum("amount_won"))["won"]


def sums(run: Repricing) -> dict[str, int]:
    return run.cells.aggregate(
        before=Sum("before_won"),
        after=Sum("after_won"),
        other=Sum("other_lines"),
        lines=Sum("lines"),
        kept=Sum("kept_lines"),
    )


def done(key: str, **facts) -> Repricing:
    return services.work(services.start(key=key, **{**SPAN, **facts}).pk)


def test_the_same_fees_change_nothing_and_another_factor_moves_points_alone(shelf):
    same = done("same")
    found = sums(same)
    assert (same.state, same.done, same.total) == ("done", 1, 1)
    assert found["before"] == shelf and found["lines"] == ClaimLine.objects.count()
    wrong = found["other"] / found["lines"]
    assert wrong < 0.02  # clerks' mistakes on purpose; all else is priced as it was claimed
    if not found["other"]:
        assert found["after"] == shelf
    dearer = sums(done("dearer", factor=Decimal("92.18")))  # ten per cent over 83.8
    assert dearer["before"] == shelf
    drugs = {
        cell.item_class: (cell.before_won, cell.after_won) for cell in RepricedCell.objects.filter(run__key="dearer")
    }
    assert 1.02 < dearer["after"] / found["after"] < 1.101
    points = RepricedCell.objects.filter(run__key="dearer", item_class="01").aggregate(
        before=Sum("before_won"), after=Sum("after_won")
    )
    assert points["after"] / points["before"] == pytest.approx(1.1, abs=0.002) and drugs
    for by in ("department_code", "item_class"):
        rows = services.summed(Repricing.objects.get(key="dearer").cells.all(), by)
        assert sum(row["after_won"] for row in rows) == dearer["after"]
    assert not ChargeItem.objects.exists() and ClaimLine.objects.aggregate(won=Sum("amount_won"))["won"] == shelf


def test_a_tried_file_moves_its_codes_and_its_bad_lines_are_told(shelf, user_of):
    line = ClaimLine.objects.filter(code_kind="fee", item_class="09").order_by("id").first()
    text = ("수가코드,적용일자,한글명,단가,항,목,코드구분,급여구분\n"
            f"{line.code},2027-01-01,검사,999990,09,{line.item_sub},1,급여\nBAD!,2027-01-01,x,1,09,01,1,급여\n")  # fmt: skip
    fees, refused = services.read_fees(io.BytesIO(text.encode()))
    assert [row["code"] for row in fees] == [line.code] and refused[0]["row"] == 3
    client = Client()
    client.cookies["tamna_language"] = "en"
    client.force_login(user_of("planning"))
    form = {"key": "k", "first": "2026-09-01", "last": "2026-09-30", "fees_on": "2026-09-01", "factor": "",
            "file": SimpleUploadedFile("next.csv", text.encode(), "text/csv")}  # fmt: skip
    assert client.post("/insight/repricing/start", form).status_code == 302
    assert (
        client.post(
            "/insight/repricing/start", {**form, "file": SimpleUploadedFile("next.csv", text.encode())}
        ).status_code
        == 302
    )
    run = services.work(Repricing.objects.get().pk)
    same = sums(done("same"))
    expected = sum(row.quantity * 999_990 for row in ClaimLine.objects.filter(code=line.code))
    was = RepricedCell.objects.filter(run__key="same", item_class="09").aggregate(won=Sum("after_won"))["won"]
    now = run.cells.filter(item_class="09").aggregate(won=Sum("after_won"))["won"]
    own = sum(row.amount_won for row in ClaimLine.objects.filter(code=line.code))
    assert now - was == pytest.approx(int(expected) - own, rel=0.01) and sums(run)["before"] == same["before"]
    page = client.get(f"/insight/repricing/{run.public_id}").content.decode()
    assert (
        "next.csv" in page
        and "row 3" in page
        and client.get(f"/insight/repricing/{run.public_id}?format=csv").status_code == 200
    )
    assert (
        client.get("/insight/claims/profit").status_code == 200
        and client.get("/insight/claims/profit?by=service").status_code == 200
    )


def test_what_cannot_be_tried_is_refused_and_a_stopped_run_stays_stopped(shelf):
    for wrong in ("0.5", "1e9", "many"):
        with pytest.raises(DomainError, match="bad_factor"):
            services.read_factor(wrong)
    assert services.read_factor(" 83.8 ") == Decimal("83.8") and services.read_factor("") is None
    with pytest.raises(DomainError, match="fees_unreadable"):
        services.read_fees(io.BytesIO(b"\x00\x01"))
    with pytest.raises(DomainError, match="nothing_to_price"):
        services.start(key="none", **{**SPAN, "first": date(2020, 1, 1), "last": date(2020, 2, 1)})
    run = services.start(key="stopped", **SPAN)
    assert services.start(key="stopped", **SPAN).pk == run.pk
    assert services.stop(run_id=run.pk, by=BY).state == "stopped"
    assert services.work(run.pk).state == "stopped" and not run.cells.exists()
