"""The bill to a third payer (기관 청구서) on A4, in Korean or English: for whom, under which guarantee, what of which visit."""

from django.utils.translation import gettext as _

from tamna.billing.models import PayerBill
from tamna.core import clock
from tamna.core.format import day, language, moment, number, won
from tamna.core.papers import house_of, pdf
from tamna.reception.diagnoses import name_of

TEMPLATE = r"""
#table(columns: (1fr, auto, auto, auto), align: (left, right, right, right), fill: (x, y) => if y == 0 { luma(240) },
  table.header(..d.columns.map(c => [*#c*])), ..d.rows.flatten())
#v(3mm)
#table(columns: (auto, 1fr), align: left, table.header([*#d.diagnoses*], [ ]), ..d.conditions.flatten())
#v(4mm)
#align(right, text(13pt, weight: "bold", d.asked))
#v(2mm)
#text(8.5pt, d.notes)
#v(1fr)
#grid(columns: (1fr, auto), align: (left + bottom, right + bottom), text(7.5pt, d.house.map(p => p.at(0) + " " + p.at(1)).join(" · ")), text(12pt, weight: "bold", d.hospital))
"""


def payer_bill_pdf(bill: PayerBill) -> bytes:
    """One page; the itemised statement of the visit goes with it."""
    visit, ko = bill.encounter, language() == "ko"
    invoices = list(visit.invoices.order_by("seq"))
    conditions = [(row.code, name_of(row.code, language()) or row.title) for row in visit.conditions.order_by("seq")]
    department = visit.department.name_ko if ko else visit.department.name_en
    head = [
        (_("Addressee"), bill.payer.name), (_("Guarantee number"), bill.guarantee_no), (_("Bill"), bill.number), (_("Patient"), visit.patient.name),
        (_("Chart"), visit.patient.chart_no), (_("Born"), day(visit.patient.birth_on)), (_("Care"), day(visit.admitted_on or visit.business_on)),
        (_("Department"), department), (_("Due"), day(bill.due_on) if bill.due_on else _("%(days)s days from receipt") % {"days": bill.payer.days_to_pay}),
    ]  # fmt: skip
    notes = [_("The amount is asked in Korean won.")] if bill.payer.currency != "KRW" else []
    notes.append(_("The itemised statement of the visit belongs to this bill."))
    title = _("Bill to %(payer)s") % {"payer": bill.payer.get_kind_display()}
    return pdf(TEMPLATE, {
        **house_of(), "name": f"{bill.number}", "title": title, "form": moment(bill.made_at), "copy": "", "wide": False, "head": head,
        "synthetic": _("SYNTHETIC") if visit.is_synthetic else "", "foot": f"{bill.number} · {moment(clock.now())}",
        "columns": [_("Bill"), _("Total"), _("Patient"), _("Insurer")], "diagnoses": _("Diagnoses"), "conditions": conditions or [["–", "–"]],
        "rows": [[row.number, number(row.total_won), number(row.patient_won), number(row.insurer_won)] for row in invoices],
        "asked": _("Asked of the payer: %(won)s") % {"won": won(bill.total_won)}, "notes": " ".join(notes),
    })  # fmt: skip
