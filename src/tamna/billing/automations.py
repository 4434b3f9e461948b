"""Automations of the cashier: reminding of unpaid bills, explaining a difference of the day, learning order codes."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, ClassVar

from django.db.models import F
from django.utils.translation import gettext_noop as noop
from pydantic import Field

from tamna.billing import matching, rating, relief, selectors, services  # noqa: F401  (relief is an automation of its own)
from tamna.billing.models import CashClosing, Invoice, PaymentPlan
from tamna.core import automations, clock, outbox
from tamna.core.actor import Actor
from tamna.core.automations import Action, Proposal, automation
from tamna.core.models import Event
from tamna.core.models import Proposal as Made

REMIND_AFTER_DAYS, REMIND_UNTIL_DAYS, PAY_WITHIN_DAYS = 1, 30, 7
LEARNT = noop("confirmed before")
LAPSED = "소멸시효 완성 (민법 제163조)"
LEAST_WON = 1_000  # a reminder costs a message and somebody's patience


class RemindUnpaid(Action):
    """Send everyone on the list one message with what is owed and until when."""

    says: ClassVar[str] = noop("Each person gets one message with the sum owed and the day. No second message is sent.")
    invoice_ids: list[int]
    pay_by: date = Field(title=noop("Pay by"))

    def verify(self) -> str:
        if self.pay_by <= clock.today():
            return noop("The day to pay by has passed.")
        owed = Invoice.objects.filter(pk__in=self.invoice_ids, paid_won__lt=F("patient_won")).exists()
        return "" if owed else noop("Everything was paid meanwhile.")

    def run(self, by: Actor) -> None:
        services.remind(invoice_ids=self.invoice_ids, pay_by=self.pay_by, by=by)


class NoteDifference(Action):
    """Write the likely reason beside a difference of the day close."""

    says: ClassVar[str] = noop("The note is kept beside the closing. No amount is changed.")
    closing_id: int
    note: str = Field(title=noop("Note"), min_length=1, max_length=200)

    def verify(self) -> str:
        free = CashClosing.objects.filter(pk=self.closing_id, finding="").exists()
        return "" if free else noop("The closing has a note already.")

    def run(self, by: Actor) -> None:
        services.explain_closing(closing_id=self.closing_id, note=self.note, by=by)


class WriteOff(Action):
    """Give up what a bill still owes."""

    says: ClassVar[str] = noop(
        "What the bill still owes is written off and posted as bad debt. A later payment takes it back."
    )
    invoice_id: int
    reason: str = Field(title=noop("Reason"), min_length=1, max_length=200)

    def verify(self) -> str:
        bill = Invoice.objects.get(pk=self.invoice_id)
        return "" if services.due_won(bill) > 0 else noop("Everything was paid meanwhile.")

    def run(self, by: Actor) -> None:
        bill = Invoice.objects.get(pk=self.invoice_id)
        services.write_off(
            invoice_id=bill.pk, amount_won=services.due_won(bill), reason=self.reason, by=by, key=f"writeoff:{bill.public_id}:{bill.paid_won}",
        )  # fmt: skip


@automation(
    "bill.pay", kind="F", team="front", on=("business.hour", "day.closed", "plan.broken", "write_off.asked"),
    engine="billing.selectors.unpaid",
    covers=noop("Card, cash, transfer, simple pay and deposits, in parts; refunds to their tender; day close of cashier and house; reminders, "
                "instalments, write-offs by the director; third payers; receipt and itemised statement. Simple pay runs on a simulated terminal."),
)  # fmt: skip
def propose_bill_pay(event: Event) -> Iterator[Proposal[Any]]:
    """At ten: remind of what is unpaid, give up what has lapsed. A broken plan, a wish to write off, a difference of the day."""
    if event.name == "day.closed":
        yield from _explained(event.payload["closing_id"])
    elif event.name == "write_off.asked":
        yield _give_up(
            Invoice.objects.get(pk=event.payload["invoice_id"]), event.payload["reason"], f"asked:{event.pk}"
        )
    elif event.name == "plan.broken":
        yield from _broken(PaymentPlan.objects.select_related("invoice").get(pk=event.payload["plan_id"]))
    elif event.payload["hour"] == 10:
        yield from _reminder()
        yield from _lapsed()


def _give_up(bill: Invoice, reason: str, key: str) -> Proposal[WriteOff]:
    """Only the director sees it: the team of the proposal is the director's."""
    due = services.due_won(bill)
    return Proposal(
        WriteOff(invoice_id=bill.pk, reason=reason),
        key=f"writeoff:{bill.public_id}:{key}",
        title=noop("Write off %(won)s won of bill %(bill)s?"),
        facts={"won": f"{due:,}", "bill": bill.number},
        evidence=(
            {"label": noop("Reason"), "value": reason, "formula": ""},
            {"label": noop("Billed on"), "value": str(bill.business_on), "formula": ""},
            {"label": noop("Lapses on"), "value": str(services.lapses_on(bill.business_on)), "formula": "민법 제163조"},
        ),
        won=due,
        minutes=10,
        team="director",
        subject=("invoice", str(bill.public_id)),
    )  # fmt: skip


def _lapsed() -> Iterator[Proposal[WriteOff]]:
    """Bills that can no longer be claimed (소멸시효), oldest first."""
    first = clock.today() - timedelta(days=366 * services.LAPSES_AFTER_YEARS)
    for bill in (
        selectors.unpaid()
        .filter(patient_won__gt=F("paid_won"), business_on__lte=first + timedelta(days=4))
        .order_by("id")[:50]
    ):
        if services.lapses_on(bill.business_on) <= clock.today():
            yield _give_up(bill, LAPSED, "lapsed")


def _broken(plan: PaymentPlan) -> Iterator[Proposal[RemindUnpaid]]:
    """A day that was agreed passed without the money."""
    late = services.late_won(plan, clock.today())
    if late <= 0 or not plan.invoice.encounter.patient.phone:
        return
    yield Proposal(
        RemindUnpaid(invoice_ids=[plan.invoice_id], pay_by=clock.today() + timedelta(days=PAY_WITHIN_DAYS)),
        key=f"plan:{plan.pk}",
        title=noop("What was agreed for bill %(bill)s did not come: remind of %(won)s won"),
        facts={"bill": plan.invoice.number, "won": f"{late:,}"},
        evidence=({"label": noop("Owed"), "value": f"{services.due_won(plan.invoice):,}", "formula": "billing.services.late_won"},),
        won=late,
        minutes=5,
        subject=("invoice", str(plan.invoice.public_id)),
    )  # fmt: skip


def _reminder() -> Iterator[Proposal[RemindUnpaid]]:
    """Bills of the last month that nobody agreed a day for."""
    today = clock.today()
    reminded = {pk for row in Made.objects.filter(automation="bill.pay", action="RemindUnpaid", state__in=automations.DONE)
                for pk in row.fields["invoice_ids"]}  # fmt: skip
    bills = selectors.unpaid().filter(
        patient_won__gt=F("paid_won"), business_on__lte=today - timedelta(days=REMIND_AFTER_DAYS),
        business_on__gte=today - timedelta(days=REMIND_UNTIL_DAYS),
    ).exclude(plans__state=PaymentPlan.State.OPEN)  # fmt: skip
    wanted = [
        bill for bill in bills.order_by("id")[:500]
        if bill.pk not in reminded and services.due_won(bill) >= LEAST_WON and bill.encounter.patient.phone
    ]  # fmt: skip
    if wanted:
        owed = sum(services.due_won(bill) for bill in wanted)
        yield Proposal(
            RemindUnpaid(invoice_ids=[bill.pk for bill in wanted], pay_by=today + timedelta(days=PAY_WITHIN_DAYS)),
            key=f"remind:{today}",
            title=noop("%(count)s people have not paid: remind them"),
            facts={"count": len(wanted)},
            evidence=(
                {"label": noop("Owed"), "value": f"{owed:,}", "formula": "billing.selectors.unpaid"},
                {"label": noop("Oldest bill"), "value": str(min(bill.business_on for bill in wanted)), "formula": ""},
            ),
            won=owed,
            minutes=3 * len(wanted),
            expires_at=clock.at_seoul(today, 20 * 60),
        )  # fmt: skip


def _explained(closing_id: int) -> Iterator[Proposal[NoteDifference]]:
    """A payment of exactly the difference that was typed with another tender, or a sum counted twice or not at all."""
    closing = CashClosing.objects.select_related("cashier").get(pk=closing_id)
    gap = closing.difference_won
    if not gap or closing.finding:
        return
    size = abs(gap)
    mine = closing.payments.order_by("id")
    same = [row for row in mine if abs(row.amount_won) == size]
    wrong_tender = [row for row in same if (row.tender != "cash") == (gap > 0)]
    if wrong_tender:
        row, sure = wrong_tender[0], 0.8
        note = f"영수증 {row.receipt_no} ({row.amount_won:,}원): 수납 수단을 {row.get_tender_display()}(으)로 잘못 입력했을 수 있음"
    elif same:
        row, sure = same[0], 0.6
        note = f"영수증 {row.receipt_no} ({row.amount_won:,}원): 현금을 받지 않았거나 두 번 받았을 수 있음"
    else:
        return
    yield Proposal(
        NoteDifference(closing_id=closing.pk, note=note),
        key=f"closing:{closing.pk}",
        title=noop("Day close of %(day)s differs by %(won)s won: receipt %(receipt)s fits"),
        facts={"day": closing.business_on.isoformat(), "won": f"{gap:,}", "receipt": row.receipt_no},
        evidence=tuple({"label": noop("Receipt"), "value": f"{one.receipt_no}: {one.amount_won:,}", "formula": one.tender} for one in same[:5]),
        confidence=sure / len(same),
        won=size,
        minutes=15,
        subject=("closing", str(closing.pk)),
    )  # fmt: skip


@outbox.on("payment.taken", "business.day", key="billing.outcomes")
def on_paid(event: Event) -> None:
    """A reminder was good for a bill when it was paid by the day; a list that was left alone is measured the same way."""
    rows = Made.objects.filter(
        automation="bill.pay", action="RemindUnpaid", made_at__gte=clock.now() - timedelta(days=60)
    )
    if event.name == "payment.taken":
        bill = Invoice.objects.get(pk=event.payload["invoice_id"])
        if services.due_won(bill) <= 0:
            for row in rows.filter(fields__invoice_ids__contains=[bill.pk]).exclude(state="open"):
                automations.outcome(
                    row, noop("Paid"), key=f"invoice:{bill.pk}", is_good=True, won=event.payload["amount_won"]
                )
        return
    today = date.fromisoformat(event.payload["date"])
    for row in rows.exclude(state__in=["open", "failed"]):
        if date.fromisoformat(row.fields["pay_by"]) >= today:
            continue
        for bill in Invoice.objects.filter(pk__in=row.fields["invoice_ids"], paid_won__lt=F("patient_won")):
            automations.outcome(row, noop("Not paid by the day"), key=f"invoice:{bill.pk}", is_good=False)


class ConfirmCode(Action):
    """Let an order code of the HIS mean a fee from a day on, and charge the orders that wait for it."""

    says: ClassVar[str] = noop("The order code means this fee from the day on; the waiting orders are charged.")
    order_code: str
    fee_code: str = Field(title=noop("Fee code"), min_length=3, max_length=9)
    valid_from: date = Field(title=noop("From"))

    def verify(self) -> str:
        return (
            ""
            if rating.is_in_force(self.fee_code, self.valid_from)
            else noop("The fee master has no such code on this day.")
        )

    def run(self, by: Actor) -> None:
        services.confirm_order_code(
            order_code=self.order_code, fee_code=self.fee_code, valid_from=self.valid_from, by=by
        )


@automation(
    "bill.map", kind="P", team="front", on="business.hour", engine="engines.tariff.matching",
    covers=noop("Confirmed codes are charged by themselves; an unknown one is proposed by its name and by what was confirmed before, and learnt "
                "once confirmed. Nothing is charged before."),
)  # fmt: skip
def propose_codes(event: Event) -> Iterator[Proposal[ConfirmCode]]:
    """Every hour: unmapped order codes, with the fee whose name is nearest."""
    for waiting in selectors.waiting_codes():
        near = matching.suggestions(waiting.name, waiting.first_on)
        if not near:
            continue
        best = near[0]
        yield Proposal(
            ConfirmCode(order_code=waiting.code, fee_code=best.code, valid_from=waiting.first_on),
            key=f"code:{waiting.code}",
            title=noop("Order code %(code)s (%(name)s) has no fee: %(fee)s?"),
            facts={"code": waiting.code, "name": waiting.name, "fee": best.name},
            evidence=tuple({"label": row.code, "value": row.name, "formula": LEARNT if row.learnt else f"{row.likeness:.2f}"} for row in near),
            confidence=best.confidence,
            minutes=5 * waiting.orders,
            subject=("order_code", waiting.code),
        )  # fmt: skip
