"""The itemised statement (진료비 세부산정내역), in Korean or English: every line with code, unit price, times, days, amount, who pays.

Law: 국민건강보험 요양급여의 기준에 관한 규칙 제7조③ (on request) [K]. It holds the visit as it stands, cancelled lines left out.
"""

from django.db.models import Sum
from django.utils.translation import gettext as _

from tamna.billing.models import ChargeItem, Invoice, Printout
from tamna.billing.papers import frame_of
from tamna.billing.receipts import ROWS
from tamna.core import clock
from tamna.core.format import language, number
from tamna.core.papers import pdf
from tamna.engines.labels import label
from tamna.engines.tariff.bill import BillLine, row_of

TEMPLATE = r"""
#table(columns: (1.7fr, auto, auto, 3.4fr, auto, auto, auto, auto, auto), align: (left, left, left, left, right, right, right, right, left),
  fill: (x, y) => if y == 0 { luma(240) }, table.header(..d.columns.map(c => [*#c*])), ..d.rows.flatten(),
  ..d.subtotals.map(p => (table.cell(colspan: 7, align: right)[#p.at(0)], [*#p.at(1)*], [])).flatten())
#v(2mm)
#align(right, grid(columns: 2, column-gutter: 6mm, row-gutter: 1.6mm, align: (left, right), ..d.sums.map(p => ([#p.at(0)], [*#p.at(1)*])).flatten()))
#v(1.5mm)
#text(7.5pt, fill: luma(60), d.notes)
#v(4mm)
#grid(columns: (1fr, auto), align: (left + bottom, right + bottom), text(7.5pt, d.house.map(p => p.at(0) + " " + p.at(1)).join(" · ")), text(12pt, weight: "bold", d.hospital))
"""


def statement_pdf(invoice: Invoice, printout: Printout) -> bytes:
    """Every line of the visit as it stands: the lines and the totals are those of all its bills together."""
    place = 0 if language() == "ko" else 1
    charges = ChargeItem.objects.filter(encounter=invoice.encounter_id, status=ChargeItem.Status.BILLED)
    rows, subtotals, only_korean = [], {}, False
    for charge in sorted(charges, key=lambda row: (row.item_class, row.item_sub, row.service_at, row.pk)):
        row = row_of(
            BillLine(
                charge.code, charge.item_class, charge.item_sub, charge.benefit, charge.amount_won, charge.code_kind
            )
        )
        name = ROWS.get(row, (row, row))[place]
        subtotals[name] = subtotals.get(name, 0) + charge.amount_won
        only_korean = only_korean or (place == 1 and not charge.name_en)
        rows.append([
            name, f"{charge.service_at.astimezone(clock.SEOUL):%Y-%m-%d}", charge.code, charge.shown_name, number(charge.unit_won),
            f"{float(charge.quantity):g}", str(charge.days), number(charge.amount_won), label(f"benefit.{charge.benefit}", language()),
        ])  # fmt: skip
    whole = Invoice.objects.filter(encounter=invoice.encounter_id).aggregate(
        total=Sum("total_won"), patient=Sum("patient_won"), insurer=Sum("insurer_won")
    )
    notes = [_("Lines are priced to the won; the bill's total is rounded by the rules of copayment.")]
    if only_korean:
        notes.append(_("Some names of the fee master exist in Korean only."))
    return pdf(TEMPLATE, {
        **frame_of(invoice, printout, _("Itemised statement"), _("Form of 요양급여의 기준에 관한 규칙 제7조")),
        "columns": [_("Item"), _("Day"), _("Code"), _("Name"), _("Unit price"), _("Times"), _("Days"), _("Amount"), _("Benefit")],
        "rows": rows, "subtotals": [(name, number(won)) for name, won in subtotals.items()], "notes": " ".join(notes),
        "sums": [(_("Total"), number(whole["total"])), (_("Insurer"), number(whole["insurer"])), (_("Patient pays"), number(whole["patient"]))],
    })  # fmt: skip
