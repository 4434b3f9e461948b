"""Papers over the counter (증명서류): receipt, itemised statement, the year's file for tax deduction (연말정산 의료비)."""

from collections.abc import Iterator
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404

from tamna.billing import selectors
from tamna.billing.lists import TAX
from tamna.billing.models import Invoice, Printout
from tamna.billing.papers import count_printing
from tamna.billing.receipts import receipt_pdf
from tamna.billing.statements import statement_pdf
from tamna.core import audit, clock, lists
from tamna.core.access import needs
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.export import as_csv
from tamna.core.models import Hospital

# The year's file: one line a person. The tax office's own layout is not among our sources: these are the facts it asks for.
TAX_COLUMNS = (
    "귀속연도",
    "요양기관기호",
    "사업자등록번호",
    "환자 식별번호",
    "환자 성명",
    "수납금액",
    "카드",
    "현금",
    "계좌이체",
    "간편결제",
    "선수금 대체",
    "건수",
)
YEARS = 5


def _bill(public_id: UUID) -> Invoice:
    return get_object_or_404(
        Invoice.objects.select_related("encounter__patient", "encounter__department", "corrects"), public_id=public_id
    )


def _pdf(data: bytes, name: str) -> HttpResponse:
    response = HttpResponse(data, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return response


@needs("billing.see")
def receipt(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """진료비 계산서·영수증. Every opening is a printing: the second is a copy."""
    bill = _bill(public_id)
    printout = count_printing(invoice=bill, kind=Printout.Kind.RECEIPT, by=Actor.of(request))
    return _pdf(receipt_pdf(bill, printout), bill.number)


@needs("billing.see")
def statement(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """진료비 세부산정내역."""
    bill = _bill(public_id)
    printout = count_printing(invoice=bill, kind=Printout.Kind.STATEMENT, by=Actor.of(request))
    return _pdf(statement_pdf(bill, printout), f"{bill.number}-lines")


def _year(request: HttpRequest) -> int:
    asked, this_year = request.GET.get("year", ""), clock.today().year
    return int(asked) if asked.isdigit() and this_year - YEARS <= int(asked) <= this_year else this_year


@needs("billing.tax")
def tax(request: HttpRequest) -> HttpResponseBase:
    """What each person paid in a year, names masked; the file holds names and numbers and needs a reason."""
    year = _year(request)
    if request.method == "POST":
        return _tax_file(request, year)
    context = {
        "year": year,
        "columns": TAX_COLUMNS,
        "years": [(n, str(n)) for n in range(clock.today().year, clock.today().year - YEARS - 1, -1)],
    }
    return lists.show(request, TAX, selectors.tax_year(year), "billing/tax.html", context)


def _tax_file(request: HttpRequest, year: int) -> HttpResponseBase:
    reason = request.POST.get("reason", "").strip()
    if not reason:
        raise DomainError("billing.file_reason")
    people = selectors.tax_year(year)
    audit.note(
        "tax_file.made",
        by=Actor.of(request),
        subject_type="tax_file",
        subject_id=str(year),
        reason=reason,
        detail={"people": people.count()},
    )
    return as_csv(f"medical-expenses-{year}", TAX_COLUMNS, _tax_rows(year))


def _tax_rows(year: int) -> Iterator[tuple[object, ...]]:
    hospital = Hospital.objects.first()
    ours = (hospital.institution_id, hospital.business_no) if hospital else ("", "")
    people = selectors.tax_year(year).prefetch_related("identities").order_by("id")
    for patient in people.iterator(chunk_size=500):
        first = min(patient.identities.all(), key=lambda row: row.pk, default=None)
        sums = [getattr(patient, f"paid_{tender}") or 0 for tender in selectors.TAXED]
        yield (year, *ours, first.number if first else "", patient.name, patient.paid_won, *sums, patient.paid_count)
