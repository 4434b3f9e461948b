"""Screens of the fee master: what is in force, files read with their reports, an upload."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render

from tamna.billing import fees as master
from tamna.billing.lists import FEES, benefit
from tamna.billing.messages import FEE_REASONS
from tamna.billing.models import FeeImport, FeeItem
from tamna.billing.tasks import take_fees
from tamna.core import lists
from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.export import as_csv
from tamna.core.models import Hospital
from tamna.engines.tariff.master_file import COLUMNS, NEEDED


@needs("billing.fees")
def fees(request: HttpRequest) -> HttpResponseBase:
    """Codes in force on a day, by code; the files that were read; a new one."""
    error = ""
    if request.method == "POST":
        file = request.FILES.get("file")
        try:
            if file is None:
                raise DomainError("billing.fees_unreadable", why="–")
            run = master.keep_upload(file.chunks(), file.name or "upload.csv", by=Actor.of(request))
            if run.finished_at is None:
                take_fees.defer(import_id=run.pk, by_name=request.user.username)
            return redirect("billing:fee-import", import_id=run.pk)
        except DomainError as refused:
            error = refused.message
    hospital = Hospital.objects.first()
    context = {
        "error": error, "benefit": benefit,
        "imports": FeeImport.objects.order_by("-id")[:10], "columns": COLUMNS, "needed": NEEDED,
        "own": master.has_own_master(), "is_synthetic": bool(hospital and hospital.is_synthetic),
    }  # fmt: skip
    return lists.show(request, FEES, FeeItem.objects.all(), "billing/fees.html", context, 422 if error else 200)


@needs("billing.fees")
def fee_import(request: HttpRequest, import_id: int) -> HttpResponse:
    """One file: how far it is read, and each refused line with its reason."""
    run = get_object_or_404(FeeImport, pk=import_id)
    if request.GET.get("format") == "csv":
        rows = ((row["row"], row["code"], row["field"], row["key"], row["message"]) for row in run.refusals)
        return as_csv("fees-refused", ("line", "code", "field", "reason", "message"), rows)
    if request.method == "POST" and run.finished_at is None:
        take_fees.defer(import_id=run.pk, by_name=request.user.username)
        return redirect("billing:fee-import", import_id=run.pk)
    return render(request, "billing/fee_import.html", {"run": run, "reasons": FEE_REASONS})


@needs("billing.fees")
def example(request: HttpRequest) -> HttpResponse:
    """A file with the right columns and two lines."""
    header = (
        "수가코드",
        "적용일자",
        "적용종료일",
        "한글명",
        "영문명",
        "상대가치점수",
        "단가",
        "항",
        "목",
        "코드구분",
        "급여구분",
        "종별가산",
    )
    rows = (
        (
            "AA156",
            "20260101",
            "",
            "초진진찰료 종합병원",
            "Consultation, first visit",
            "229.71",
            "",
            "01",
            "01",
            "1",
            "급여",
            "미적용",
        ),
        ("650000010", "20260101", "", "예시정 5밀리그램", "", "", "120", "03", "01", "3", "급여", "미적용"),
    )
    return as_csv("fees-example", header, rows)
