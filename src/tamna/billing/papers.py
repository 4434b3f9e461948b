"""Papers of the cashier (진료비 증명서류): what stands above each, and how each printing is counted.

The first printing is the original, every later one says that it is a copy and which.
"""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tamna.billing.models import Invoice, Printout
from tamna.core import audit, clock
from tamna.core.actor import Actor
from tamna.core.format import day, language, moment
from tamna.core.papers import house_of
from tamna.core.people import called
from tamna.patients.payers import PAYERS


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
