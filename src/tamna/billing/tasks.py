"""Jobs of the cashier: a reminder of an unpaid bill, sent once, in the patient's language."""

from tamna.core.tasks import BACKOFF, app


@app.task(queue="messages", retry=BACKOFF)
def send_reminder(invoice_id: int, pay_by: str) -> None:
    from datetime import date

    from django.utils import translation
    from django.utils.translation import gettext as _

    from tamna.billing.models import Invoice
    from tamna.billing.services import due_won
    from tamna.connect.messaging import Message, send
    from tamna.core.format import day, won
    from tamna.core.models import Hospital

    bill = Invoice.objects.select_related("encounter__patient").get(pk=invoice_id)
    patient, owed, hospital = bill.encounter.patient, due_won(bill), Hospital.objects.first()
    if owed <= 0 or not patient.phone or hospital is None:
        return
    with translation.override("ko" if patient.language == "ko" else "en"):
        name = hospital.name_ko if patient.language == "ko" else hospital.name_en
        text = _("[%(hospital)s] %(won)s of your visit on %(visit)s is still open. Please pay by %(day)s.") % {
            "hospital": name, "won": won(owed), "visit": day(bill.business_on), "day": day(date.fromisoformat(pay_by)),
        }  # fmt: skip
    send(Message(key=f"remind:{bill.public_id}:{pay_by}", to=patient.phone, text=text))
