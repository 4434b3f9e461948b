"""Papers made by Typst (ADR 0012): the frame that all share, who issues them, a page set from its data.

A synthetic hospital's paper says so across the page.
"""

import json
from importlib import resources
from typing import Any

import typst
from django.utils.translation import gettext as _

from tamna.core.format import language, moment
from tamna.core.models import Hospital
from tamna.core.people import called

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


def plain_frame(title: str, form: str, head: list[tuple[str, str]], *, name: str, by: str, at: Any) -> dict[str, Any]:
    """The frame of a paper that is no bill: title, the law it follows, the lines above."""
    hospital, house = Hospital.objects.first(), house_of()
    printed = _("Printed %(at)s by %(who)s") % {"at": moment(at), "who": called(by)}
    return {
        "name": name, "title": title, "form": form, "head": head, "wide": False, "copy": "", **house,
        "synthetic": _("SYNTHETIC") if hospital and hospital.is_synthetic else "", "foot": f"{house['hospital']} · {printed}",
    }  # fmt: skip


def pdf(template: str, data: dict[str, Any]) -> bytes:
    """A page set by Typst from its data."""
    fonts = str(resources.files("tamna.web").joinpath("static/vendor/pretendard"))
    inputs = {"data": json.dumps(data, ensure_ascii=False, default=str)}
    source = (FRAME + template).encode()
    return bytes(typst.compile(source, font_paths=[fonts], sys_inputs=inputs))  # type: ignore[misc]  # its stub's Input
