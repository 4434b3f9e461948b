"""Jobs of billing: an unpaid bill's reminder and what became of it, an uploaded fee master read, waiting visits billed."""

from tamna.core.tasks import BACKOFF, app


@app.task(queue="messages", retry=BACKOFF)
def send_reminder(invoice_id: int, pay_by: str) -> None:
    """Send one reminder; in the quiet hours it waits for the morning (야간 연락 금지)."""
    from datetime import date

    from django.utils import translation
    from django.utils.translation import gettext as _

    from tamna.billing.models import Invoice
    from tamna.billing.services import due_won, quiet_until
    from tamna.core import clock
    from tamna.core.format import day, won
    from tamna.core.models import Hospital
    from tamna.patients.consents import MESSAGES
    from tamna.patients.sending import write_to

    bill = Invoice.objects.select_related("encounter__patient").get(pk=invoice_id)
    patient, owed, hospital = bill.encounter.patient, due_won(bill), Hospital.objects.first()
    if owed <= 0 or hospital is None:
        return
    later = quiet_until(clock.now())
    if later is not None:
        wait_s = max(1, int(clock.wall_seconds_until(later)))
        send_reminder.configure(schedule_in={"seconds": wait_s}).defer(invoice_id=invoice_id, pay_by=pay_by)
        return
    with translation.override("ko" if patient.language == "ko" else "en"):
        name = hospital.name_ko if patient.language == "ko" else hospital.name_en
        text = _("[%(hospital)s] %(won)s of your visit on %(visit)s is still open. Please pay by %(day)s.") % {
            "hospital": name, "won": won(owed), "visit": day(bill.business_on), "day": day(date.fromisoformat(pay_by)),
        }  # fmt: skip
    write_to(patient, purpose=MESSAGES, kind="reminder", key=f"remind:{bill.public_id}:{pay_by}", text=text)


@app.periodic(cron="* * * * *")
@app.task(queue="core", queueing_lock="settle_terminal", lock="settle_terminal")
def settle_terminal(timestamp: int) -> int:
    """Finish what was asked of the card terminal and never answered (미확인 카드 거래). Returns how many."""
    from tamna.billing.cards import settle_lost

    return settle_lost()


@app.periodic(cron="*/10 * * * *")
@app.task(queue="messages", queueing_lock="check_deliveries", lock="check_deliveries")
def check_deliveries(timestamp: int) -> int:
    """Ask what became of messages that were sent (발송 결과); the desk is told of those that did not arrive. Returns how many."""
    from tamna.connect import messaging
    from tamna.connect.errors import Refused, Unreachable
    from tamna.core import notices
    from tamna.core.models import InterfaceMessage

    failed = []
    for row in InterfaceMessage.objects.filter(system="messaging", direction="out", status="sent").order_by("id")[:200]:
        try:
            found = messaging.status(row.detail).status
        except Unreachable:
            break
        except Refused:
            found = "failed"
        if found != "accepted":  # still on its way
            row.status = "accepted" if found == "delivered" else "failed"
            row.save(update_fields=["status"])
            failed += [row.pk] if row.status == "failed" else []
    if failed:
        notices.tell("message.failed", {"count": len(failed)}, key=failed[0], url="/billing/")
    return len(failed)


@app.task(queue="core", retry=BACKOFF, lock="take_fees")
def take_fees(import_id: int, by_name: str) -> None:
    """Read a kept file to its end; after a kill it goes on where it was."""
    from tamna.billing import fees
    from tamna.billing.models import FeeImport
    from tamna.core.actor import Actor
    from tamna.core.errors import DomainError

    run = FeeImport.objects.get(pk=import_id)
    try:
        fees.take(fees.kept_path(run.digest), run.name, by=Actor("person", by_name))
    except DomainError as refused:
        if refused.key == "billing.fees_unreadable":  # said on the screen; trying again changes nothing
            return
        raise


@app.task(queue="core", retry=BACKOFF, lock="bill_waiting")
def bill_waiting() -> int:
    from tamna.billing import fees
    from tamna.billing.handlers import PRICER

    return fees.bill_waiting(by=PRICER)
