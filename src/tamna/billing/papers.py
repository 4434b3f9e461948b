"""Papers of the cashier (진료비 증명서류) made by Typst: how they are set, and how each printing is counted.

The first printing is the original, every later one says that it is a copy and which. A synthetic hospital's paper says so
across the page.
"""

import json
from importlib import resources
from typing import Any

import typst
from django.db import transaction
from django.utils.translation import gettext as _

from tamna.billing.models import Invoice, Printout
from tamna.core import audit, clock
from tamna.core.actor import Actor
from tamna.core.format import day, language, moment
from tamna.core.models import Hospital
from tamna.core.people import called
from tamna.patients.payers import PAYERS

FRAME = r"""
#let d = json(bytes(sys.inputs.data))
#set document(title: d.name)
#set page(paper: "a4", margin: (x: 14mm, y: 13mm), flipped: d.wide, footer: context [#set text(7.5pt, fill: luma(90)); #d.foot #h(1fr) #counter(page).display("1 / 1", both: true)],
  background: if d.synthetic != "" { rotate(-35deg, text(48pt, fill: luma(228), d.synthetic)) })
#set text(font: "Pretendard", size: 8.5pt)
#set table(stroke: 0.4pt + luma(150), inset: (x: 1.6mm, y: 1.15mm))
#grid(columns: (1fr, auto, 1fr), align: (left + horizon, center, right + horizon), text(8pt, fill: luma(80), d.form), text(15pt, weight: "bold", d.title),
  if d.copy != "" { box(stroke: 0.8pt, inset: 1.6mm, text(9pt, weight: "bold", d.copy)) })
#v(3mm)
#grid(columns: (1fr, 1fr, 1fr), row-gutter: 1.8mm, column-gutter: 4mm, ..d.head.map(p => [#text(fill: luma(80), p.at(0)) #h(1.5mm) *#p.at(1)*]))
#v(3mm)
"""


def head_of(invoice: Invoice) -> list[tuple[str, str]]:
    """Who, when, where: the lines above every paper of a bill."""
    visit, ko = invoice.encounter, language() == "ko"
    started, ended = visit.admitted_on or visit.business_on, visit.discharged_on or visit.business_on
    return [
        (_("Chart"), visit.patient.chart_no), (_("Patient"), visit.patient.name),
        (_("Care"), day(started) if started == ended else f"{day(started)} – {day(ended)}"),
        (_("Department"), visit.department.name_ko if ko else visit.department.name_en), (_("Setting"), str(visit.get_setting_display())),
        (_("Payer"), _(PAYERS[invoice.payer]) if invoice.payer in PAYERS else invoice.payer),
        (_("Special case"), visit.special_case or "–"), (_("Bill"), invoice.number), (_("Issued"), moment(invoice.issued_at)),
    ]  # fmt: skip


def frame_of(invoice: Invoice, printout: Printout, title: str, form: str) -> dict[str, Any]:
    """What every paper shows besides its own table."""
    printed = _("Printed %(at)s by %(who)s") % {"at": moment(printout.printed_at), "who": called(printout.printed_by)}
    house = house_of()
    return {
        "name": f"{title} {invoice.number}", "title": title, "form": form, "head": head_of(invoice), "wide": False, **house,
        "copy": _("Copy %(number)s") % {"number": printout.copy_no - 1} if printout.copy_no > 1 else "",
        "synthetic": _("SYNTHETIC") if invoice.is_synthetic else "", "foot": f"{house['hospital']} · {printed}",
    }  # fmt: skip


def house_of() -> dict[str, Any]:
    """Who issues the paper."""
    hospital, ko = Hospital.objects.first(), language() == "ko"
    if hospital is None:
        return {"hospital": "", "house": []}
    return {
        "hospital": hospital.name_ko if ko or not hospital.name_en else hospital.name_en,
        "house": [
            (_("Institution number"), hospital.institution_id), (_("Business number"), hospital.business_no or "–"),
            (_("Address"), hospital.address or "–"), (_("Phone"), hospital.phone or "–"),
        ],
    }  # fmt: skip


@transaction.atomic
def count_printing(*, invoice: Invoice, kind: str, by: Actor) -> Printout:
    """Note that a paper is printed (증명서 발급대장). Two at once are two copies: the bill's row is held."""
    Invoice.objects.select_for_update(no_key=True).get(pk=invoice.pk)
    number = Printout.objects.filter(invoice=invoice, kind=kind).count() + 1
    row = Printout.objects.create(
        invoice=invoice, kind=kind, copy_no=number, printed_by=by.name, printed_at=clock.now()
    )
    audit.note(f"{kind}.printed", by=by, subject_type="invoice", subject_id=invoice.public_id,
               patient_ref=invoice.encounter.patient.public_id, detail={"copy": number})  # fmt: skip
    return row


def pdf(template: str, data: dict[str, Any]) -> bytes:
    """A page set by Typst from its data."""
    fonts = str(resources.files("tamna.web").joinpath("static/vendor/pretendard"))
    inputs = {"data": json.dumps(data, ensure_ascii=False, default=str)}
    return bytes(typst.compile((FRAME + template).encode(), font_paths=[fonts], sys_inputs=inputs))
