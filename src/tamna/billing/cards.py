"""Card and simple-pay money (카드·간편결제): the terminal first, the record second, and never one without the other.

What the terminal is asked is written down before it is asked (`TerminalRequest`). If the record is refused after an approval, the
approval is cancelled. If the answer was lost, or the machine died in between, `settle_lost` asks the terminal by the same key
and finishes what was begun. While one card of a bill is not known, no other is charged for it.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from tamna.billing import services
from tamna.billing.models import Deposit, Invoice, Payment, TerminalRequest
from tamna.connect import payment as terminal
from tamna.connect.errors import Refused, Unreachable
from tamna.core import audit
from tamna.core.actor import Actor
from tamna.core.errors import DomainError, refused_as
from tamna.patients.selectors import family

ASKED, DONE, REFUSED, UNDONE = TerminalRequest.State.ASKED, TerminalRequest.State.DONE, TerminalRequest.State.REFUSED, TerminalRequest.State.UNDONE  # fmt: skip
UNDO = "undo"
ORDER = ("card", "simple", "deposit", "transfer", "cash")  # of several tenders: what may be refused comes first
LOST_AFTER_S = 30  # a terminal answers within eight seconds, or not at all


def pay(*, invoice_id: int, amount_won: int, tender: str, key: str, by: Actor) -> Payment:
    """Charge a card or a phone and record it. Raises billing.card_declined, card_unreachable, card_busy, and what record_payment raises."""
    existing = Payment.objects.filter(key=key).first()
    if existing:
        return existing
    settle_of_bill(invoice_id, besides=key)
    invoice = Invoice.objects.get(pk=invoice_id)
    services.check_due(invoice, amount_won)
    request = _begin(key, tender, amount_won, by, invoice=invoice)
    return _approve(request)  # type: ignore[return-value]


def pay_by_card(*, invoice_id: int, amount_won: int, key: str, by: Actor) -> Payment:
    """Charge a card and record it."""
    return pay(invoice_id=invoice_id, amount_won=amount_won, tender="card", key=key, by=by)


def take_deposit(
    *, patient_id: int, amount_won: int, tender: str, kind: str, key: str, by: Actor, reason: str = ""
) -> Deposit:
    """Take a deposit, through the terminal where the tender needs it."""
    fields: dict[str, Any] = {"patient_id": patient_id, "amount_won": amount_won, "tender": tender, "kind": kind}
    existing = Deposit.objects.filter(key=key).first()
    if existing or tender not in Payment.BY_TERMINAL:
        return services.take_deposit(**fields, key=key, by=by, reason=reason)
    if amount_won <= 0:
        raise DomainError("billing.amount_positive")
    request = _begin(key, tender, amount_won, by, patient_id=patient_id, facts={"kind": kind, "reason": reason})
    return _approve(request)  # type: ignore[return-value]


def return_deposit(*, deposit: Deposit, amount_won: int, reason: str, key: str, by: Actor) -> Deposit:
    """Give a deposit back to the tender it came from."""
    existing = Deposit.objects.filter(key=key).first()
    if existing or deposit.tender not in Payment.BY_TERMINAL:
        return services.return_deposit(deposit_id=deposit.pk, amount_won=amount_won, reason=reason, key=key, by=by)
    if not reason.strip():
        raise DomainError("billing.refund_reason")
    if not 0 < amount_won <= deposit.left_won:
        raise DomainError("billing.deposit_too_little", left=f"{deposit.left_won:,}")
    request = _begin(
        key, deposit.tender, amount_won, by, is_cancel=True, deposit=deposit, patient_id=deposit.patient_id, facts={"reason": reason}
    )  # fmt: skip
    return _cancel(request)  # type: ignore[return-value]


def refund_by_card(
    *, payment: Payment, amount_won: int, reason: str, key: str, by: Actor, bill: Invoice | None = None
) -> Payment:
    """Give back to the card it came from, then record it (on `bill` where it is a difference bill that is settled)."""
    existing = Payment.objects.filter(key=key).first()
    if existing:
        return existing
    if not reason.strip():
        raise DomainError("billing.refund_reason")
    for earlier in payment.cancels.filter(state=ASKED).exclude(key=key):  # an answer that was lost: finish it first
        settle(earlier)
    if not 0 < amount_won <= services.refundable_won(payment):
        raise DomainError("billing.refund_too_much", left=f"{services.refundable_won(payment):,}")
    request = _begin(key, payment.tender, amount_won, by, is_cancel=True, payment=payment, invoice=bill or payment.invoice, facts={"reason": reason})  # fmt: skip
    return _cancel(request)  # type: ignore[return-value]


def refund(*, payment: Payment, amount_won: int, reason: str, key: str, by: Actor, bill: Invoice | None = None) -> Payment:  # fmt: skip
    """Give a payment back to where it came from (환불): through the terminal where it came from there."""
    if payment.tender in Payment.BY_TERMINAL:
        return refund_by_card(payment=payment, amount_won=amount_won, reason=reason, key=key, by=by, bill=bill)
    return services.refund(payment_id=payment.pk, amount_won=amount_won, reason=reason, key=key, by=by, bill=bill)


def pay_parts(*, invoice_id: int, parts: Mapping[str, int], key: str, by: Actor) -> list[Payment]:
    """Take one bill by several tenders at once (분할 수납): those that may fail first, cash last; each part once by its key.

    Raises billing.overpaid before anything is taken, billing.partly_taken (what was taken stays) when a later part is refused.
    """
    wanted = {tender: parts[tender] for tender in ORDER if parts.get(tender)}
    bill = Invoice.objects.select_related("encounter").get(pk=invoice_id)
    if set(parts) - set(ORDER) or min(wanted.values(), default=0) <= 0:
        raise DomainError("billing.amount_positive")
    done = Payment.objects.filter(invoice=bill, key__startswith=f"{key}:", amount_won__gt=0)
    left = sum(wanted.values()) - sum(done.values_list("amount_won", flat=True))
    if left:
        services.check_due(bill, left)
    taken: list[Payment] = []
    for tender, amount in wanted.items():
        name = f"{key}:{tender}"
        try:
            if tender == Payment.Tender.DEPOSIT:
                taken += use_deposits(invoice=bill, amount_won=amount, key=name, by=by)
            elif tender in Payment.BY_TERMINAL:
                taken.append(pay(invoice_id=bill.pk, amount_won=amount, tender=tender, key=name, by=by))
            else:
                taken.append(
                    services.record_payment(invoice_id=bill.pk, amount_won=amount, tender=tender, key=name, by=by)
                )
        except DomainError as refused:
            if not taken:
                raise
            kept = ", ".join(f"{row.get_tender_display()} {row.amount_won:,}" for row in taken)
            raise DomainError("billing.partly_taken", taken=kept, why=refused.message) from refused
    return taken


@transaction.atomic
def use_deposits(*, invoice: Invoice, amount_won: int, key: str, by: Actor) -> list[Payment]:
    """Set what is held for the patient off against a bill, oldest first. Raises billing.deposit_too_little."""
    known = list(Payment.objects.filter(key__startswith=f"{key}:", invoice=invoice))
    if known:
        return known
    held = Deposit.objects.filter(patient__in=family(invoice.encounter.patient_id), left_won__gt=0).order_by("id")
    used, left = [], amount_won
    for deposit in held:
        part = min(left, deposit.left_won)
        if part > 0:
            used.append(
                services.use_deposit(
                    deposit_id=deposit.pk, invoice_id=invoice.pk, amount_won=part, key=f"{key}:{deposit.pk}", by=by
                )
            )
            left -= part
    if left:
        raise DomainError("billing.deposit_too_little", left=f"{amount_won - left:,}")
    return used


def give_back(*, bill: Invoice, reason: str, key: str, by: Actor) -> int:
    """Settle a bill in the patient's favour (차액 환급): set off what the visit still owes, give back the rest the way it came.

    Won settled. Each step has its own key, so the same call goes on where a lost terminal stopped it.
    Raises billing.nothing_to_give_back and what a refund raises.
    """
    if services.due_won(bill) >= 0:
        raise DomainError("billing.nothing_to_give_back")
    won = services.set_off(invoice_id=bill.pk, key=key, by=by)
    taken = Payment.objects.filter(invoice__encounter=bill.encounter_id, amount_won__gt=0).exclude(tender="set_off")
    for payment in taken.order_by("-id"):
        bill.refresh_from_db()
        amount = min(services.refundable_won(payment), -services.due_won(bill))
        if amount <= 0:
            continue
        refund(payment=payment, amount_won=amount, reason=reason, key=f"{key}:{payment.pk}", by=by, bill=bill)
        won += amount
    return won


# -- what the terminal is asked ----------------------------------------------------------------------------------------
def _begin(key: str, tender: str, amount_won: int, by: Actor, **target: Any) -> TerminalRequest:
    """Write down what will be asked. The same key is one request. Raises billing.card_busy, billing.key_reused."""
    with refused_as(one_card_at_a_time="billing.card_busy"):
        request, _ = TerminalRequest.objects.get_or_create(
            key=key,
            defaults={"tender": tender, "amount_won": amount_won, "by_kind": by.kind, "by_name": by.name, "by_user_id": by.user_id, **target},
        )  # fmt: skip
    if request.amount_won != amount_won or request.tender != tender or request.state == UNDONE:
        raise DomainError("billing.key_reused")
    if request.state == REFUSED:  # asked again with another card in the slot
        with refused_as(one_card_at_a_time="billing.card_busy"):
            request.state = ASKED
            request.save(update_fields=["state"])
    return request


def _approve(request: TerminalRequest) -> Payment | Deposit:
    try:
        approval = terminal.approve(request.key, request.amount_won, request.tender)  # type: ignore[arg-type]
    except Refused as refused:
        _end(request, REFUSED, refused.code)
        raise DomainError("billing.card_declined", code=refused.code) from refused
    except Unreachable as unreachable:
        raise DomainError("billing.card_unreachable") from unreachable
    return _record_approval(request, approval.approval_no)


def _record_approval(request: TerminalRequest, approval_no: str) -> Payment | Deposit:
    """Book what was approved; what cannot be booked is given back to the card."""
    fields = {
        "amount_won": request.amount_won,
        "tender": request.tender,
        "key": request.key,
        "approval_no": approval_no,
        "by": _by(request),
    }
    try:
        with transaction.atomic():
            booked: Payment | Deposit
            if request.invoice_id:
                booked = services.record_payment(invoice_id=request.invoice_id, **fields)
            else:
                booked = services.take_deposit(patient_id=request.patient_id, **request.facts, **fields)
            _end(request, DONE)
        return booked
    except DomainError:
        _end(request, ASKED, UNDO)  # should this stop here, the job goes on with giving back, never with booking
        _undo(request)
        raise


def _undo(request: TerminalRequest) -> None:
    terminal.cancel(request.key, request.amount_won, f"undo:{request.key}")
    _end(request, UNDONE)


def _cancel(request: TerminalRequest) -> Payment | Deposit:
    was: Payment | Deposit = request.payment or request.deposit  # type: ignore[assignment]
    try:
        answer = terminal.cancel(
            was.key, request.amount_won, request.key, approval_no=was.approval_no, approved_won=was.amount_won
        )
    except Refused as refused:
        _end(request, REFUSED, refused.code)
        raise DomainError("billing.card_keeps", code=refused.code) from refused
    except Unreachable as unreachable:
        raise DomainError("billing.card_unreachable") from unreachable
    fields = {
        "amount_won": request.amount_won,
        "key": request.key,
        "approval_no": answer.approval_no,
        "by": _by(request),
        **request.facts,
    }
    with transaction.atomic():
        booked: Payment | Deposit
        if request.payment:
            booked = services.refund(payment_id=was.pk, bill=request.invoice, **fields)
        else:
            booked = services.return_deposit(deposit_id=was.pk, **fields)
        _end(request, DONE)
    return booked


def settle_of_bill(invoice_id: int, *, besides: str) -> None:
    """Finish what is not known of a bill's cards before another is charged. Raises billing.card_busy while one is under way."""
    for request in TerminalRequest.objects.filter(invoice=invoice_id, state=ASKED, is_cancel=False).exclude(
        key=besides
    ):
        if not TerminalRequest.objects.filter(
            pk=request.pk, asked_at__lt=Now() - timedelta(seconds=LOST_AFTER_S)
        ).exists():
            raise DomainError("billing.card_busy")
        settle(request)


def settle(request: TerminalRequest) -> None:
    """Ask the terminal what became of a request and finish it (미확인 거래 확인). Raises billing.card_unreachable."""
    try:
        if request.is_cancel:
            _cancel(request)
            return
        if request.code == UNDO:
            _undo(request)
            return
        known = terminal.query(request.key)
    except Unreachable as unreachable:
        raise DomainError("billing.card_unreachable") from unreachable
    if known is None:
        _end(request, REFUSED, "never_reached")
        return
    try:
        _record_approval(request, known.approval_no)
    except DomainError as refused:  # the bill was paid another way meanwhile: the card has its money back
        audit.note(
            "card.undone", by=_by(request), subject_type="terminal", subject_id=request.pk, detail={"why": refused.key}
        )


def settle_lost() -> int:
    """Finish every request whose answer was lost. Returns how many were settled; stops where the terminal is silent."""
    lost = TerminalRequest.objects.filter(state=ASKED, asked_at__lt=Now() - timedelta(seconds=LOST_AFTER_S))
    done = 0
    for request in lost.order_by("id")[:100]:
        try:
            settle(request)
            done += 1
        except DomainError as trouble:
            if trouble.key == "billing.card_unreachable":
                break
            if (
                trouble.key != "billing.card_keeps" and not request.is_cancel
            ):  # what the card has back waits to be booked
                _end(request, REFUSED, trouble.key[:40])
    return done


def _end(request: TerminalRequest, state: str, code: str = "") -> None:
    request.state, request.code = state, code[:40]
    request.save(update_fields=["state", "code"])


def _by(request: TerminalRequest) -> Actor:
    return Actor(request.by_kind, request.by_name, request.by_user_id)
