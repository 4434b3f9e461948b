"""Charges, bills and payments in the search box and on a visit's timeline."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tamna.billing.models import ChargeItem, Invoice, Payment
from tamna.core.format import won
from tamna.core.people import called
from tamna.core.search import Hit, provider
from tamna.patients.timeline import Entry, Figure, figures, source, step


@provider("billing", "billing.see")
def find(words: str, limit: int, user: Any) -> Iterator[Hit]:
    if not any(letter.isdigit() for letter in words):
        return
    for bill in Invoice.objects.filter(number__startswith=words)[:limit]:
        yield Hit(_("Bills"), bill.number, won(bill.patient_won), reverse("billing:invoice", args=[bill.public_id]))
    if words.isdigit() and len(words) < 18:
        for payment in Payment.objects.filter(receipt_no=int(words)).select_related("invoice")[:1]:
            yield Hit(
                _("Receipts"),
                str(payment.receipt_no),
                won(payment.amount_won),
                reverse("billing:invoice", args=[payment.invoice.public_id]),
            )


@source
def money_entries(encounter_id: int) -> Iterator[Entry]:
    charges = list(
        ChargeItem.objects.filter(encounter_id=encounter_id).exclude(status="entered-in-error").order_by("id")
    )
    bills = list(Invoice.objects.filter(encounter_id=encounter_id).prefetch_related("payments").order_by("seq"))
    if charges:
        url = reverse("billing:invoice", args=[bills[0].public_id]) if bills else ""
        total = sum(charge.amount_won for charge in charges)
        why = [{"label": charge.shown_name, "value": won(charge.amount_won), "formula": f"{charge.code} · {charge.unit_won:,} × {charge.quantity:g}", "inputs": {},
                "facts": [fact for step in charge.steps for fact in step.get("facts", [])][:2]} for charge in charges]  # fmt: skip
        yield Entry(max(charge.service_at for charge in charges), 10, _("Charges"), ngettext("%(count)s charge line", "%(count)s charge lines", len(charges)) % {"count": len(charges)},
                    won(total), url, ("charge", str(charges[0].public_id)), why, icon="list")  # fmt: skip
    for bill in bills:
        yield from _bill_entries(bill)


def _bill_entries(bill: Invoice) -> Iterator[Entry]:
    subject, url = ("invoice", str(bill.public_id)), reverse("billing:invoice", args=[bill.public_id])
    yield Entry(bill.issued_at, 11, _("Copayment"), _("Patient pays %(won)s") % {"won": won(bill.patient_won)},
                f"{_('Total')} {won(bill.total_won)} · {_('Insurer')} {won(bill.insurer_won)}", url, subject, bill.steps, icon="coins")  # fmt: skip
    receipt = ((_("Receipt (PDF)"), reverse("billing:receipt", args=[bill.public_id])),)
    for payment in bill.payments.all():
        is_refund = payment.amount_won < 0
        why = [step(_("Tender"), payment.get_tender_display(), _("Approval %(number)s") % {"number": payment.approval_no} if payment.approval_no else ""),
               step(_("Amount"), won(payment.amount_won), _("of %(won)s owed") % {"won": won(bill.patient_won)}),
               step(_("Taken by"), called(payment.cashier), payment.reason)]  # fmt: skip
        yield Entry(payment.taken_at, 12, _("Refund") if is_refund else _("Payment"), won(payment.amount_won),
                    f"{payment.get_tender_display()} · {_('Receipt')} {payment.receipt_no}", url, ("payment", str(payment.public_id)), why,
                    "amber" if is_refund else "green", icon="undo" if is_refund else "card", links=receipt)  # fmt: skip


@figures
def money_figures(encounter_id: int) -> Iterator[Figure]:
    bills = list(Invoice.objects.filter(encounter_id=encounter_id).order_by("seq"))
    if not bills:
        return
    url = reverse("billing:invoice", args=[bills[-1].public_id])
    total, patient, paid = (
        sum(getattr(bill, name) for bill in bills) for name in ("total_won", "patient_won", "paid_won")
    )
    yield Figure(_("Insurer"), won(total - patient))
    yield Figure(_("Patient"), won(patient), url)
    yield Figure(_("Total"), won(total), is_whole=True)
    yield Figure(_("Paid"), won(paid))
    yield Figure(_("Owed"), won(patient - paid), url if patient != paid else "")
