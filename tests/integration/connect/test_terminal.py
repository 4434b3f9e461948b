"""What was asked of the card terminal and never answered is finished, once, whatever stopped it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from tamna.billing import cards
from tamna.billing import services as billing
from tamna.billing.models import Deposit, Payment, TerminalRequest
from tamna.connect import payment
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tests.integration.connect.test_outside import bill, charged  # noqa: F401  (fixtures)

pytestmark = pytest.mark.django_db(transaction=True)


def later(seconds=60):
    """As if it had been asked long ago."""
    TerminalRequest.objects.update(asked_at=timezone.now() - timedelta(seconds=seconds))


def lost(world, do, **fields):
    world["card"].fault(lost_rate=1)
    with pytest.raises(DomainError, match="card_unreachable"):
        do(**fields)
    world["card"].quiet()


def given_back(key):
    """What a further cancel of everything would still find."""
    try:
        payment.cancel(key, 1, f"probe-{uuid4()}")
    except payment.Refused as refused:
        return refused.code == "over_amount"
    return False


@pytest.mark.parametrize("tender", ["card", "simple"])
def test_a_lost_payment_is_found_by_the_job_and_nobody_charges_beside_it(world, bill, clerk, tender):  # noqa: F811
    key = f"pay-{uuid4()}"
    lost(world, cards.pay, invoice_id=bill.pk, amount_won=bill.patient_won, tender=tender, key=key, by=clerk)
    with pytest.raises(DomainError, match="card_busy"):  # another card, while the first is not known
        cards.pay(invoice_id=bill.pk, amount_won=bill.patient_won, tender="card", key=f"pay-{uuid4()}", by=clerk)
    assert cards.settle_lost() == 0  # it may still be answering
    later()
    assert cards.settle_lost() == 1 and cards.settle_lost() == 0
    taken = Payment.objects.get()
    assert (taken.key, taken.tender, taken.amount_won, taken.cashier) == (key, tender, charged(key), clerk.name)
    assert TerminalRequest.objects.get().state == "done"


def test_a_lost_payment_goes_back_when_the_bill_was_paid_in_cash(world, bill, clerk):  # noqa: F811
    key = f"pay-{uuid4()}"
    lost(world, cards.pay, invoice_id=bill.pk, amount_won=bill.patient_won, tender="card", key=key, by=clerk)
    billing.record_payment(invoice_id=bill.pk, amount_won=bill.patient_won, tender="cash", key="cash", by=clerk)
    later()
    cards.settle_lost()
    assert Payment.objects.get().tender == "cash" and given_back(key)
    assert TerminalRequest.objects.get().state == "undone"


def test_the_next_card_first_learns_what_became_of_the_one_before(world, bill, clerk):  # noqa: F811
    key = f"pay-{uuid4()}"
    lost(world, cards.pay, invoice_id=bill.pk, amount_won=bill.patient_won, tender="card", key=key, by=clerk)
    later()
    with pytest.raises(DomainError, match="already_paid"):
        cards.pay(invoice_id=bill.pk, amount_won=bill.patient_won, tender="card", key=f"pay-{uuid4()}", by=clerk)
    assert Payment.objects.get().key == key


def test_a_lost_partial_refund_under_a_new_key_gives_back_once(world, bill, clerk):  # noqa: F811
    key = f"pay-{uuid4()}"
    taken = cards.pay(invoice_id=bill.pk, amount_won=bill.patient_won, tender="card", key=key, by=clerk)
    back = {"payment": taken, "amount_won": bill.patient_won // 2 + 1, "reason": "이중 수납", "by": clerk}
    lost(world, cards.refund, key=f"back-{uuid4()}", **back)
    with pytest.raises(
        DomainError, match="refund_too_much"
    ):  # the page was loaded anew: the first refund is found and finished
        cards.refund(key=f"back-{uuid4()}", **back)
    refund = Payment.objects.get(amount_won__lt=0)
    assert refund.amount_won == -back["amount_won"] and refund.refund_of == taken
    assert (
        payment.cancel(key, bill.patient_won - back["amount_won"], f"rest-{uuid4()}").status == "cancelled"
    )  # exactly the rest was left


def test_a_lost_refund_is_booked_after_the_drawer_closed(world, bill, clerk, user_of, monkeypatch):  # noqa: F811
    from tamna.billing.models import CashClosing
    from tamna.core import clock

    taken = cards.pay(invoice_id=bill.pk, amount_won=bill.patient_won, tender="card", key=f"pay-{uuid4()}", by=clerk)
    cashier = user_of("cashier")
    by = Actor("person", cashier.username, cashier.pk, "cashier", "front")
    lost(world, cards.refund, key=f"back-{uuid4()}", payment=taken, amount_won=1_000, reason="이중 수납", by=by)
    CashClosing.objects.create(
        cashier=cashier,
        business_on=clock.today(),
        expected_cash_won=0,
        counted_cash_won=0,
        card_won=0,
        transfer_won=0,
        difference_won=0,
        closed_at=clock.now(),
    )
    later()
    assert cards.settle_lost() == 0 and not Payment.objects.filter(amount_won__lt=0).exists()
    tomorrow = clock.now() + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    assert cards.settle_lost() == 1
    assert Payment.objects.get(amount_won__lt=0).refund_of == taken


def test_a_terminal_that_never_saw_a_payment_leaves_nothing(world, bill, clerk):  # noqa: F811
    world["card"].fault(outage=1)
    with pytest.raises(DomainError, match="card_unreachable"):
        cards.pay(invoice_id=bill.pk, amount_won=1_000, tender="card", key=f"pay-{uuid4()}", by=clerk)
    later()
    assert (
        cards.settle_lost() == 0 and TerminalRequest.objects.get().state == "asked"
    )  # still silent: nothing is decided
    world["card"].quiet()
    assert cards.settle_lost() == 1
    assert TerminalRequest.objects.get().code == "never_reached" and not Payment.objects.exists()
    cards.pay(invoice_id=bill.pk, amount_won=1_000, tender="card", key=f"pay-{uuid4()}", by=clerk)


def test_a_deposit_by_card_is_taken_and_returned_through_the_terminal(world, bill, clerk):  # noqa: F811
    key, back = f"dep-{uuid4()}", f"ret-{uuid4()}"
    fields = {
        "patient_id": bill.encounter.patient_id,
        "amount_won": 30_000,
        "tender": "card",
        "kind": "advance",
        "key": key,
        "by": clerk,
    }
    lost(world, cards.take_deposit, **fields)
    deposit = cards.take_deposit(**fields)  # the same button
    assert deposit.approval_no and charged(key) == 30_000
    lost(world, cards.return_deposit, deposit=deposit, amount_won=10_000, reason="퇴원", key=back, by=clerk)
    later()
    assert cards.settle_lost() == 1 and cards.settle_lost() == 0
    deposit.refresh_from_db()
    assert deposit.left_won == 20_000 and Deposit.objects.get(return_of=deposit).amount_won == -10_000
