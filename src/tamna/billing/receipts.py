"""The statutory bill and receipt (진료비 계산서·영수증) as PDF by Typst, in Korean or English.

Law: 국민건강보험 요양급여의 기준에 관한 규칙 제7조. A synthetic hospital's paper says so across the page.
"""

import json
from importlib import resources
from typing import Any

import typst
from django.utils.translation import gettext as _

from tamna.billing.models import Invoice, Payment
from tamna.core.format import moment, number, won
from tamna.core.models import Hospital

ROW_NAMES = {
    "consultation": ("진찰료", "Consultation"), "room": ("입원료", "Room"), "meals": ("식대", "Meals"), "dispensing": ("투약 및 조제료", "Dispensing"),
    "injection": ("주사료", "Injection"), "anaesthesia": ("마취료", "Anaesthesia"), "treatment and surgery": ("처치 및 수술료", "Treatment, surgery"),
    "laboratory": ("검사료", "Laboratory"), "imaging": ("영상진단료", "Imaging"), "materials": ("치료재료대", "Materials"), "CT": ("CT", "CT"),
    "rehabilitation": ("재활 및 물리치료료", "Rehabilitation"), "psychotherapy": ("정신요법료", "Psychotherapy"), "MRI": ("MRI", "MRI"), "PET": ("PET", "PET"),
}  # fmt: skip

TEMPLATE = r"""
#let d = json(bytes(sys.inputs.data))
#set document(title: d.name)
#set page(paper: "a4", margin: 18mm, background: if d.synthetic != "" { rotate(-35deg, text(48pt, fill: luma(225), d.synthetic)) })
#set text(font: "Pretendard", size: 9.5pt)
#align(center, text(17pt, weight: "bold", d.title))
#v(4mm)
#grid(columns: (1fr, 1fr), row-gutter: 2.2mm, ..d.head.map(p => [#text(fill: luma(90), p.at(0)) #h(2mm) *#p.at(1)*]))
#v(4mm)
#table(columns: (2.4fr, 1fr, 1fr, 1fr, 1fr, 1fr), align: (left, right, right, right, right, right), stroke: 0.4pt + luma(170),
  ..d.columns.map(c => [*#c*]), ..d.rows.flatten())
#v(3mm)
#align(right, grid(columns: 2, column-gutter: 8mm, row-gutter: 2.2mm, align: (left, right), ..d.sums.map(p => ([#p.at(0)], [*#p.at(1)*])).flatten()))
#v(4mm)
#text(8.5pt, fill: luma(80), d.notes)
#v(8mm)
#align(center, text(12pt, weight: "bold", d.hospital))
"""


def _fonts() -> str:
    return str(resources.files("tamna.web").joinpath("static/vendor/pretendard"))


def receipt_pdf(invoice: Invoice, lang: str = "ko") -> bytes:
    """The bill with what was paid, one page A4."""
    hospital = Hospital.objects.first()
    visit = invoice.encounter
    ko = lang == "ko"
    rows = []
    for row in invoice.bill_rows:
        name = ROW_NAMES.get(row["row"], (row["row"], row["row"]))[0 if ko else 1]
        rows.append(
            [
                name,
                *(number(row.get(key, 0)) for key in ("patient", "insurer", "full_self", "selective", "non_covered")),
            ]
        )
    payments = list(Payment.objects.filter(invoice=invoice).order_by("id"))
    data: dict[str, Any] = {
        "title": _("Medical bill and receipt"),
        "name": f"{_('Medical bill and receipt')} {invoice.number} · {won(invoice.patient_won)}",
        "synthetic": _("SYNTHETIC") if invoice.is_synthetic else "",
        "head": [
            (_("Patient"), visit.patient.masked_name), (_("Chart"), visit.patient.chart_no),
            (_("Department"), visit.department.name_ko if ko else visit.department.name_en), (_("Visit"), moment(visit.arrived_at)),
            (_("Bill"), invoice.number), (_("Payer"), invoice.payer),
        ],
        "columns": [_("Item"), _("Patient ①"), _("Insurer ②"), _("Full self ③"), _("Selective"), _("Non-covered ⑤")],
        "rows": rows,
        "sums": [
            (_("Total ⑥"), number(invoice.total_won)), (_("Insurer"), number(invoice.insurer_won)),
            (_("Patient pays ⑦"), number(invoice.patient_won)), (_("Paid"), number(invoice.paid_won)),
            (_("Remaining ⑨"), number(invoice.patient_won - invoice.paid_won)),
        ],
        "notes": " · ".join(
            f"{_('Receipt')} {row.receipt_no} {row.get_tender_display()} {number(row.amount_won)} {row.approval_no} {moment(row.taken_at)}"
            for row in payments
        ),
        "hospital": (hospital.name_ko if ko else hospital.name_en) if hospital else "",
    }  # fmt: skip
    return bytes(
        typst.compile(
            TEMPLATE.encode(), font_paths=[_fonts()], sys_inputs={"data": json.dumps(data, ensure_ascii=False)}
        )
    )
