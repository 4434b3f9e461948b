"""Charges, bills and payments in the search box and on a visit's timeline."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from tamna.billing.models import ChargeItem, Invoice, Payment
from tamna.core.format import won
from tamna.core.search import Hit, provider
from tamna.patients.timeline import Entry, source


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
    bills = list(Invoice.objects.filter(encounter_id=encounter_id).order_by("seq"))
    if charges:
        url = reverse("billing:invoice", args=[bills[0].public_id]) if bills else ""
        total = sum(charge.amount_won for charge in charges)
        why = [{"label": charge.name, "value": charge.amount_won, "formula": f"{charge.unit_won:,} × {charge.quantity:g}", "inputs": {},
                "facts": [fact for step in charge.steps for fact in step.get("facts", [])][:2]} for charge in charges]  # fmt: skip
        yield Entry(max(charge.service_at for charge in charges), 10, _("Charges"), _("%(count)s charge lines") % {"count": len(charges)},
                    won(total), url, ("charge", str(charges[0].public_id)), why)  # fmt: skip
    for bill in bills:
        subject, url = ("invoice", str(bill.public_id)), reverse("billing:invoice", args=[bill.public_id])
        yield Entry(bill.issued_at, 11, _("Copayment"), _("Patient pays %(won)s") % {"won": won(bill.patient_won)},
                    f"{bill.number} · {bill.rule}", url, subject, bill.steps)  # fmt: skip
        for payment in bill.payments.order_by("id"):
            yield Entry(payment.taken_at, 12, _("Payment") if payment.amount_won > 0 else _("Refund"), won(payment.amount_won),
                        f"{payment.get_tender_display()} · {_('Receipt')} {payment.receipt_no}", url, ("payment", str(payment.public_id)), tone="green")  # fmt: skip
