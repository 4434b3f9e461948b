"""Automations of the cashier: reminding of unpaid bills, explaining a difference of the day, learning order codes."""

import difflib
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, ClassVar

from django.db.models import F
from django.utils.translation import gettext_noop as noop
from pydantic import Field

from tamna.billing import rating, selectors, services
from tamna.billing.models import CashClosing, Invoice
from tamna.core import automations, clock, outbox
from tamna.core.actor import Actor
from tamna.core.automations import Action, Proposal, automation
from tamna.core.models import Event
from tamna.core.models import Proposal as Made
from tamna.reception.models import ServiceRequest

REMIND_AFTER_DAYS, REMIND_UNTIL_DAYS, PAY_WITHIN_DAYS = 1, 30, 7
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
        free = CashClosing.objects.filter(pk=self.closing_id, note="").exists()
        return "" if free else noop("The closing has a note already.")

    def run(self, by: Actor) -> None:
        services.explain_closing(closing_id=self.closing_id, note=self.note, by=by)


@automation(
    "bill.pay", kind="F", team="front", on=("business.hour", "day.closed"), engine="billing.selectors.unpaid",
    covers=noop("Card, cash and transfer, refunds, day close, reminders and explained differences; no simple-pay yet."),
)  # fmt: skip
def propose_bill_pay(event: Event) -> Iterator[Proposal[Any]]:
    """At ten: remind of what is unpaid. When a day closes with a difference: what explains it."""
    if event.name == "day.closed":
        yield from _explained(event.payload["closing_id"])
    elif event.payload["hour"] == 10:
        yield from _reminder()


def _reminder() -> Iterator[Proposal[RemindUnpaid]]:
    today = clock.today()
    reminded = {pk for row in Made.objects.filter(automation="bill.pay", action="RemindUnpaid", state__in=automations.DONE)
                for pk in row.fields["invoice_ids"]}  # fmt: skip
    bills = selectors.unpaid().filter(
        patient_won__gt=F("paid_won"), business_on__lte=today - timedelta(days=REMIND_AFTER_DAYS),
        business_on__gte=today - timedelta(days=REMIND_UNTIL_DAYS),
    )  # fmt: skip
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
    if not gap or closing.note:
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
        return "" if self.fee_code in rating.master() else noop("The fee master has no such code on this day.")

    def run(self, by: Actor) -> None:
        services.confirm_order_code(
            order_code=self.order_code, fee_code=self.fee_code, valid_from=self.valid_from, by=by
        )


@automation(
    "bill.map", kind="E", team="front", on="business.hour", engine="billing.rating.fee_code_of",
    covers=noop("Confirmed codes are charged by themselves; an unknown code is proposed by its name and learnt once confirmed."),
)  # fmt: skip
def propose_codes(event: Event) -> Iterator[Proposal[ConfirmCode]]:
    """Every hour: unmapped order codes, with the fee whose name is nearest."""
    waiting: dict[str, list[ServiceRequest]] = {}
    for order in ServiceRequest.objects.filter(status=ServiceRequest.Status.UNMAPPED).order_by("id")[:200]:
        waiting.setdefault(order.code, []).append(order)
    for code, orders in waiting.items():
        on = clock.business_day(min(order.ordered_at for order in orders))
        names = rating.names_on(on)
        near = difflib.get_close_matches(orders[0].name, names, n=3, cutoff=0.5)
        if not near:
            continue
        likeness = difflib.SequenceMatcher(None, orders[0].name, near[0]).ratio()
        yield Proposal(
            ConfirmCode(order_code=code, fee_code=names[near[0]], valid_from=on),
            key=f"code:{code}",
            title=noop("Order code %(code)s (%(name)s) has no fee: %(fee)s?"),
            facts={"code": code, "name": orders[0].name, "fee": near[0]},
            evidence=tuple({"label": names[name], "value": name, "formula": "difflib"} for name in near),
            confidence=round(likeness, 3),
            minutes=5 * len(orders),
            subject=("order_code", code),
        )  # fmt: skip
