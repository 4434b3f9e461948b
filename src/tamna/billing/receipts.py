"""The statutory bill and receipt (진료비 계산서·영수증), in Korean or English: every row of the form, ① to ⑨, what was paid how.

Law: 국민건강보험 요양급여의 기준에 관한 규칙 제7조; rows and columns as its annexed form names them [K]. A bill that was corrected shows the
visit as it stood when it was issued: what was billed and paid before stands apart.
"""

from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _

from tamna.billing.models import Invoice, Payment, Printout
from tamna.billing.papers import frame_of
from tamna.core.format import language, moment, number
from tamna.core.papers import pdf

ROWS = {  # row of `engines.tariff.bill_rows` → the form's words, in its order; the last six stand on bills of earlier versions
    "consultation": ("진찰료", "Consultation"), "room_1": ("입원료 1인실", "Room, 1 bed"), "room_2_3": ("입원료 2·3인실", "Room, 2–3 beds"),
    "room_4": ("입원료 4인실 이상", "Room, 4 beds or more"), "meals": ("식대", "Meals"), "dispensing_act": ("투약 및 조제료 행위료", "Dispensing, act"),
    "dispensing_drug": ("투약 및 조제료 약품비", "Dispensing, drugs"), "injection_act": ("주사료 행위료", "Injection, act"),
    "injection_drug": ("주사료 약품비", "Injection, drugs"), "anaesthesia": ("마취료", "Anaesthesia"),
    "treatment and surgery": ("처치 및 수술료", "Treatment and surgery"), "laboratory": ("검사료", "Laboratory"), "imaging": ("영상진단료", "Imaging"),
    "radiotherapy": ("방사선치료료", "Radiotherapy"), "materials": ("치료재료대", "Materials"), "rehabilitation": ("재활 및 물리치료료", "Rehabilitation"),
    "psychotherapy": ("정신요법료", "Psychotherapy"), "blood": ("전혈 및 혈액성분제제료", "Blood"), "CT": ("CT 진단료", "CT"), "MRI": ("MRI 진단료", "MRI"),
    "PET": ("PET 진단료", "PET"), "ultrasound": ("초음파 진단료", "Ultrasound"), "prosthetic": ("보철·교정료", "Orthodontic, prosthetic"),
    "certificates": ("제증명수수료", "Certificates"), "others": ("기타", "Others"), "fixed": ("포괄수가진료비", "DRG and fixed sums"),
    "room": ("입원료", "Room"), "dispensing": ("투약 및 조제료", "Dispensing"), "injection": ("주사료", "Injection"),
    "selective": ("선별급여", "Selective"), "full self": ("전액본인부담", "Full self-pay"),
}  # fmt: skip
ALWAYS = tuple(ROWS)[:26]

TEMPLATE = r"""
#let n = d.columns.len()
#table(columns: (2.2fr, 1fr, 1fr, 1fr, 1fr, 1fr), align: (left, right, right, right, right, right), fill: (x, y) => if y < 3 { luma(240) },
  table.header(table.cell(rowspan: 3, align: horizon)[*#d.item*], table.cell(colspan: 3, align: center)[*#d.groups.at(0)*], table.cell(colspan: 2, align: center)[*#d.groups.at(1)*],
    table.cell(colspan: 2, align: center)[#d.groups.at(2)], table.cell(rowspan: 2, align: center + horizon)[#d.columns.at(2)], table.cell(rowspan: 2, align: center + horizon)[#d.columns.at(3)], table.cell(rowspan: 2, align: center + horizon)[#d.columns.at(4)],
    [#d.columns.at(0)], [#d.columns.at(1)]),
  ..d.rows.flatten(), ..d.sum.map(c => [*#c*]))
#v(2.5mm)
#grid(columns: (1.15fr, 1fr), column-gutter: 5mm,
  [#table(columns: (1fr, auto), align: (left, right), ..d.sums.map(p => ([#p.at(0)], [*#p.at(1)*])).flatten())],
  [#table(columns: (1fr, auto), align: (left, right), ..d.paid.map(p => ([#p.at(0)], [*#p.at(1)*])).flatten())
   #text(7.5pt, fill: luma(60), d.payments)])
#v(1.5mm)
#text(7.5pt, fill: luma(60), d.notes)
#v(1fr)
#grid(columns: (1fr, auto), align: (left + bottom, right + bottom), text(7.5pt, d.house.map(p => p.at(0) + " " + p.at(1)).join(" · ")), text(12pt, weight: "bold", d.hospital))
"""


def receipt_pdf(invoice: Invoice, printout: Printout) -> bytes:
    """The bill with what was paid, on A4."""
    title = (
        _("Medical bill and receipt")
        if invoice.encounter.setting != "inpatient"
        else _("Medical bill and receipt (stay)")
    )
    data = frame_of(invoice, printout, title, _("Form of 요양급여의 기준에 관한 규칙 제7조"))
    return pdf(TEMPLATE, {**data, **_table(invoice), **_sums(invoice)})


def _table(invoice: Invoice) -> dict[str, Any]:
    place = 0 if language() == "ko" else 1
    known = {row["row"]: row for row in invoice.bill_rows}
    rows, totals = [], [0] * 5
    for name in (*ALWAYS, *(name for name in known if name not in ALWAYS)):
        row = known.get(name, {})
        sums = [
            row.get("patient", 0) + row.get("selective", 0),
            row.get("insurer", 0),
            row.get("full_self", 0),
            0,
            row.get("non_covered", 0),
        ]
        totals = [a + b for a, b in zip(totals, sums, strict=True)]
        rows.append([ROWS.get(name, (name, name))[place], *(number(won) if won else "" for won in sums)])
    return {
        "item": _("Item"), "groups": [_("Covered"), _("Not covered"), _("Partial copayment")], "rows": rows,
        "columns": [_("Patient ①"), _("Insurer ②"), _("Full self ③"), _("Elective ④"), _("Other ⑤")],
        "sum": [_("Sum"), *(number(won) for won in totals)], "selective": sum(row.get("selective", 0) for row in known.values()),
    }  # fmt: skip


def _sums(invoice: Invoice) -> dict[str, Any]:
    """⑥ to ⑨ of the visit as it stood with this bill; payments of earlier bills are ⑧."""
    upto = Invoice.objects.filter(encounter=invoice.encounter_id, seq__lte=invoice.seq)
    whole = upto.aggregate(
        total=Sum("total_won"), patient=Sum("patient_won"), insurer=Sum("insurer_won"), excess=Sum("cap_excess_won")
    )
    payments = list(Payment.objects.filter(invoice__in=upto).select_related("invoice").order_by("id"))
    before = sum(row.amount_won for row in payments if row.invoice_id != invoice.pk)
    mine = [row for row in payments if row.invoice_id == invoice.pk]
    paid = sum(row.amount_won for row in mine)
    by_tender: dict[str, int] = {}
    for row in mine:
        by_tender[str(row.get_tender_display())] = by_tender.get(str(row.get_tender_display()), 0) + row.amount_won
    left = whole["patient"] - before - paid
    selective = sum(row.get("selective", 0) for row in invoice.bill_rows)
    notes = [_("① includes %(won)s of selective benefits.") % {"won": number(selective)}] if selective else []
    if invoice.corrects_id:
        notes.append(
            _("This bill corrects %(number)s; the earlier bill stays as it was.") % {"number": invoice.corrects.number}
        )
    if invoice.unconfirmed:
        notes.append(
            _("Unconfirmed figures decided part of this amount: %(list)s") % {"list": ", ".join(invoice.unconfirmed)}
        )
    return {
        "sums": [
            (_("Total ⑥ = ① + ② + ③ + ④ + ⑤"), number(whole["total"])), (_("Insurer"), number(whole["insurer"])),
            (_("Above the yearly cap"), number(whole["excess"])), (_("Patient pays ⑦"), number(whole["patient"])),
            (_("Paid before ⑧"), number(before)), (_("To pay ⑨ = ⑦ − ⑧"), number(whole["patient"] - before)),
        ],
        "paid": [*((tender, number(won)) for tender, won in by_tender.items()), (_("Paid with this bill"), number(paid)), (_("Remaining"), number(left))],
        "payments": " · ".join(f"{_('Receipt')} {row.receipt_no} {row.approval_no} {moment(row.taken_at)}".replace("  ", " ") for row in mine),
        "notes": " ".join(notes),
    }  # fmt: skip
