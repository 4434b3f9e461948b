"""Third payers (제3의 지급자): the bill sent to a car insurer, industrial accident insurance or an overseas insurer, and its answers.

Car and industrial accidents: the insurer's share of the visit is billed under its guarantee (자동차손해배상 보장법 제12조,
산업재해보상보험법 제40조) [K]. Overseas: what the patient owes is taken over as far as the guarantee goes. Amounts in won.
"""

from datetime import date, timedelta

from django.db import transaction
from django.db.models import F, Sum

from tamna.billing.models import Invoice, PayerAnswer, PayerBill, Payment, ThirdPayer
from tamna.billing.services.money import due_won, refund, refundable_won, taken
from tamna.core import audit, clock, numbering, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError, refused_as
from tamna.reception.models import Encounter

ACCIDENTS = frozenset({ThirdPayer.Kind.AUTO, ThirdPayer.Kind.INDUSTRIAL})
BILLED = Payment.Tender.PAYER


def unbilled_won(encounter: Encounter) -> int:
    """The insurer's share of a visit that no payer's bill holds yet."""
    share = encounter.invoices.aggregate(sum=Sum("insurer_won"))["sum"] or 0
    billed = encounter.payer_bills.exclude(state=PayerBill.State.WITHDRAWN).aggregate(sum=Sum("total_won"))["sum"] or 0
    return share - billed


@transaction.atomic
def bill_payer(
    *, encounter_id: int, payer_id: int, guarantee_no: str, by: Actor, limit_won: int | None = None
) -> PayerBill:
    """Bill a third payer for a visit (기관 청구). Accidents: its whole open share; overseas: what the patient owes, to the limit.

    Raises billing.guarantee_missing, billing.payer_differs, billing.nothing_to_bill.
    """
    encounter = Encounter.objects.select_for_update(of=("self",)).get(pk=encounter_id)
    payer = ThirdPayer.objects.get(pk=payer_id, is_active=True)
    if not guarantee_no.strip():
        raise DomainError("billing.guarantee_missing")
    accident = payer.kind in ACCIDENTS
    if accident and payer.kind != encounter.payer:
        raise DomainError("billing.payer_differs")
    bills = list(Invoice.objects.select_for_update().filter(encounter=encounter).order_by("id"))
    owed = unbilled_won(encounter) if accident else sum(max(0, due_won(bill)) for bill in bills)
    total = owed if accident or limit_won is None else min(owed, limit_won)
    if total <= 0:
        raise DomainError("billing.nothing_to_bill")
    now = clock.now()
    on = clock.business_day(now)
    made = PayerBill.objects.create(
        number=f"P{on:%y%m}-{numbering.take('payer_bill', f'{on:%Y%m}'):04d}", payer=payer, encounter=encounter,
        guarantee_no=guarantee_no.strip()[:40], total_won=total, made_at=now, business_on=on,
    )  # fmt: skip
    if not accident:
        left = total
        for bill in bills:
            part = min(left, due_won(bill))
            if part > 0:
                taken(bill, part, BILLED, f"payer:{made.public_id}:{bill.pk}", by, reason=made.number)
                left -= part
    audit.note("payer.billed", by=by, subject_type="payer_bill", subject_id=made.public_id, detail={"won": total})
    outbox.record("payer.billed", {"payer_bill_id": made.pk}, by=by, subject=("payer_bill", made.public_id))
    return made


@transaction.atomic
def send_payer_bill(*, payer_bill_id: int, by: Actor) -> PayerBill:
    """Note that a bill went out (청구서 발송); its time to pay begins. Sending twice changes nothing."""
    bill = PayerBill.objects.select_for_update(of=("self",)).select_related("payer").get(pk=payer_bill_id)
    if bill.state == PayerBill.State.OPEN:
        bill.state, bill.sent_on = PayerBill.State.SENT, clock.today()
        bill.due_on = bill.sent_on + timedelta(days=bill.payer.days_to_pay)
        bill.save(update_fields=["state", "sent_on", "due_on"])
        audit.note("payer.bill_sent", by=by, subject_type="payer_bill", subject_id=bill.public_id)
        outbox.record("payer.bill_sent", {"payer_bill_id": bill.pk}, by=by)
    return bill


@transaction.atomic
def take_answer(
    *, payer_bill_id: int, paid_won: int, cut_won: int, key: str, by: Actor, cut_to: str = "", reason: str = "",
    reference: str = "", received_on: date | None = None, by_claim: bool = False,
) -> PayerAnswer:  # fmt: skip
    """Take what a payer paid and cut (입금·삭감). A cut names its reason and who carries it: the hospital, or the patient anew.

    `by_claim`: the review agency's answer about the statement; the ledger took it from there.
    Raises billing.answer_empty, billing.cut_reason, billing.payer_overpaid, billing.answered_by_claim.
    """
    existing = PayerAnswer.objects.filter(key=key).first()
    if existing:
        return existing
    bill = PayerBill.objects.select_for_update(of=("self",)).select_related("payer").get(pk=payer_bill_id)
    if PayerAnswer.objects.filter(key=key).exists():
        return PayerAnswer.objects.get(key=key)
    if min(paid_won, cut_won) < 0 or paid_won + cut_won == 0:
        raise DomainError("billing.answer_empty")
    if bill.by_claim and not by_claim:
        raise DomainError("billing.answered_by_claim")
    if cut_won and (not reason.strip() or cut_to not in PayerAnswer.CutTo.values):
        raise DomainError("billing.cut_reason")
    if paid_won + cut_won > bill.left_won:
        raise DomainError("billing.payer_overpaid", left=f"{bill.left_won:,}")
    with refused_as(payer_bill_overpaid="billing.payer_overpaid"):
        bill.paid_won, bill.cut_won = bill.paid_won + paid_won, bill.cut_won + cut_won
        bill.by_claim = bill.by_claim or by_claim
        bill.state = PayerBill.State.PARTLY if bill.left_won else PayerBill.State.SETTLED
        bill.save(update_fields=["paid_won", "cut_won", "state", "by_claim"])
    answer = PayerAnswer.objects.create(
        bill=bill, paid_won=paid_won, cut_won=cut_won, cut_to=cut_to if cut_won else "", reason=reason[:200],
        reference=reference[:60], key=key, by_claim=by_claim, received_on=received_on or clock.today(), made_by=by.name,
        made_at=clock.now(),
    )  # fmt: skip
    if cut_won and cut_to == PayerAnswer.CutTo.PATIENT:
        _ask_the_patient(bill, answer, by)
    audit.note("payer.answered", by=by, subject_type="payer_bill", subject_id=bill.public_id, reason=reason,
               detail={"paid_won": paid_won, "cut_won": cut_won, "cut_to": answer.cut_to})  # fmt: skip
    outbox.record("payer.answered", {"answer_id": answer.pk, "payer_bill_id": bill.pk}, by=by)
    return answer


def _ask_the_patient(bill: PayerBill, answer: PayerAnswer, by: Actor) -> None:
    """An overseas insurer's cut is owed by the patient again: the take-over is given back in part."""
    left = answer.cut_won
    uses = Payment.objects.filter(key__startswith=f"payer:{bill.public_id}:", amount_won__gt=0).order_by("-id")
    for payment in uses:
        part = min(left, refundable_won(payment))
        if part > 0:
            key = f"payer-cut:{answer.pk}:{payment.pk}"
            refund(payment_id=payment.pk, amount_won=part, reason=answer.reason, key=key, by=by)
            left -= part
    if left:
        raise DomainError("billing.cut_not_the_patients")


@transaction.atomic
def withdraw_payer_bill(*, payer_bill_id: int, reason: str, by: Actor) -> PayerBill:
    """Take a bill back that nobody answered (청구 취소): what was taken over is the patient's again.

    Raises billing.refund_reason, billing.answered_already.
    """
    if not reason.strip():
        raise DomainError("billing.refund_reason")
    bill = PayerBill.objects.select_for_update(of=("self",)).get(pk=payer_bill_id)
    if bill.answers.exists():
        raise DomainError("billing.answered_already")
    if bill.state == PayerBill.State.WITHDRAWN:
        return bill
    for payment in Payment.objects.filter(key__startswith=f"payer:{bill.public_id}:", amount_won__gt=0).order_by("id"):
        refund(
            payment_id=payment.pk,
            amount_won=refundable_won(payment),
            reason=reason,
            key=f"payer-back:{payment.pk}",
            by=by,
        )
    bill.state = PayerBill.State.WITHDRAWN
    bill.save(update_fields=["state"])
    audit.note("payer.bill_withdrawn", by=by, subject_type="payer_bill", subject_id=bill.public_id, reason=reason)
    outbox.record("payer.bill_withdrawn", {"payer_bill_id": bill.pk}, by=by)
    return bill


def open_bill_of(encounter_id: int) -> PayerBill | None:
    """The oldest bill of a visit that still waits for an answer."""
    bills = PayerBill.objects.filter(encounter=encounter_id, total_won__gt=F("paid_won") + F("cut_won"))
    return bills.exclude(state=PayerBill.State.WITHDRAWN).order_by("id").first()


@transaction.atomic
def keep_payer(*, name: str, kind: str, by: Actor, country: str = "KR", currency: str = "KRW", contact: str = "",
               days_to_pay: int = 30) -> ThirdPayer:  # fmt: skip
    """Make a third payer known (지급기관 등록). The same name changes it. Raises billing.payer_name."""
    if not name.strip() or kind not in ThirdPayer.Kind.values or not 1 <= days_to_pay <= 365:
        raise DomainError("billing.payer_name")
    fields = {"kind": kind, "country": country.upper()[:2] or "KR", "currency": currency.upper()[:3] or "KRW",
              "contact": contact.strip()[:120], "days_to_pay": days_to_pay, "is_active": True}  # fmt: skip
    payer, _ = ThirdPayer.objects.update_or_create(name=name.strip()[:80], defaults=fields)
    audit.note("payer.kept", by=by, subject_type="third_payer", subject_id=payer.public_id)
    return payer
