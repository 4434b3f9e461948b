"""Unpaid bills (미수금 관리): reminders, promises and instalments, writing off what cannot be had.

Law: 민법 제163조 (a hospital's claim lapses after three years) [K]; 채권의 공정한 추심에 관한 법률 제9조 (nobody is asked from nine
in the evening to eight in the morning) [K]. Amounts in won.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta

from django.db import transaction

from tamna.billing.models import Instalment, Invoice, Payment, PaymentPlan
from tamna.billing.services.money import check_due, due_won, taken
from tamna.core import audit, clock, outbox
from tamna.core.access import capabilities_of
from tamna.core.actor import Actor
from tamna.core.errors import DomainError

QUIET_FROM, QUIET_TO = time(21), time(8)
MOST_INSTALMENTS = 36
LAPSES_AFTER_YEARS = 3


def quiet_until(at: datetime) -> datetime | None:
    """When people may be asked again, None where they may be asked now (야간 연락 금지)."""
    local = at.astimezone(clock.SEOUL)
    if QUIET_TO <= local.time() < QUIET_FROM:
        return None
    on = local.date() + timedelta(days=1) if local.time() >= QUIET_FROM else local.date()
    return clock.at_seoul(on, QUIET_TO.hour * 60)


def lapses_on(issued_on: date) -> date:
    """The day on which a bill can no longer be claimed (소멸시효 완성일)."""
    year = issued_on.year + LAPSES_AFTER_YEARS
    leap = issued_on.month == 2 and issued_on.day == 29
    return date(year, 3, 1) if leap else issued_on.replace(year=year)


@transaction.atomic
def remind(*, invoice_ids: Iterable[int], pay_by: date, by: Actor) -> int:
    """Ask for what is owed by one message each (미수금 안내). Sent by a job after the commit; the same bill and day once."""
    from tamna.billing.tasks import send_reminder

    count = 0
    for invoice in Invoice.objects.filter(pk__in=list(invoice_ids)).order_by("id"):
        if due_won(invoice) > 0:
            send_reminder.defer(invoice_id=invoice.pk, pay_by=pay_by.isoformat())
            audit.note("bill.reminded", by=by, subject_type="invoice", subject_id=invoice.public_id)
            count += 1
    outbox.record("bill.reminded", {"count": count, "pay_by": pay_by.isoformat()}, by=by)
    return count


@transaction.atomic
def agree_plan(
    *, invoice_id: int, instalments: Sequence[tuple[date, int]], by: Actor, agreed_with: str = "", note: str = ""
) -> PaymentPlan:
    """Agree when an open bill is paid (납부 약정): one day is a promise, several are instalments; they add up to what is owed.

    A plan that stood is ended. Raises billing.already_paid, billing.plan_sum, billing.plan_days.
    """
    invoice = Invoice.objects.select_for_update().get(pk=invoice_id)
    due = due_won(invoice)
    if due <= 0:
        raise DomainError("billing.already_paid")
    days = [on for on, _ in instalments]
    if not days or len(days) > MOST_INSTALMENTS or min(days) < clock.today() or days != sorted(set(days)):
        raise DomainError("billing.plan_days", most=MOST_INSTALMENTS)
    if any(won <= 0 for _, won in instalments) or sum(won for _, won in instalments) != due:
        raise DomainError("billing.plan_sum", due=f"{due:,}")
    invoice.plans.filter(state=PaymentPlan.State.OPEN).update(state=PaymentPlan.State.ENDED)
    kind = PaymentPlan.Kind.PROMISE if len(days) == 1 else PaymentPlan.Kind.INSTALMENTS
    plan = PaymentPlan.objects.create(
        invoice=invoice, kind=kind, paid_before_won=invoice.paid_won, agreed_with=agreed_with[:60], note=note[:200],
        made_by=by.name, made_at=clock.now(),
    )  # fmt: skip
    Instalment.objects.bulk_create(Instalment(plan=plan, due_on=on, won=won) for on, won in instalments)
    audit.note("plan.agreed", by=by, subject_type="invoice", subject_id=invoice.public_id, detail={"parts": len(days)})
    outbox.record("plan.agreed", {"plan_id": plan.pk, "invoice_id": invoice.pk}, by=by)
    return plan


def even_instalments(won: int, parts: int, first_on: date) -> list[tuple[date, int]]:
    """A sum in monthly parts of whole thousands, the rest in the first (균등 분할). Raises billing.plan_days."""
    if not 1 <= parts <= MOST_INSTALMENTS:
        raise DomainError("billing.plan_days", most=MOST_INSTALMENTS)
    each = won // parts // 1_000 * 1_000 or won // parts
    if not each:
        raise DomainError("billing.plan_sum", due=f"{won:,}")
    sums = [won - each * (parts - 1), *[each] * (parts - 1)]
    return [(_months_later(first_on, month), part) for month, part in enumerate(sums)]


def _months_later(on: date, months: int) -> date:
    year, month = divmod(on.year * 12 + on.month - 1 + months, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=on.day - 1), following - timedelta(days=1))


def late_won(plan: PaymentPlan, on: date) -> int:
    """What of a plan should have come before a day and did not (연체액)."""
    wanted = sum(part.won for part in plan.instalments.all() if part.due_on < on)
    return max(0, min(wanted - (plan.invoice.paid_won - plan.paid_before_won), due_won(plan.invoice)))


@transaction.atomic
def review_plan(*, plan_id: int, by: Actor) -> PaymentPlan:
    """See whether a plan was kept, broken, or still runs (약정 이행 점검). Looking again changes nothing."""
    plan = PaymentPlan.objects.select_for_update(of=("self",)).select_related("invoice").get(pk=plan_id)
    if plan.state != PaymentPlan.State.OPEN:
        return plan
    if due_won(plan.invoice) <= 0:
        plan.state = PaymentPlan.State.KEPT
    elif late_won(plan, clock.today()):
        plan.state = PaymentPlan.State.BROKEN
    if plan.state != PaymentPlan.State.OPEN:
        plan.save(update_fields=["state"])
        outbox.record(f"plan.{plan.state}", {"plan_id": plan.pk, "invoice_id": plan.invoice_id}, by=by)
    return plan


@transaction.atomic
def ask_write_off(*, invoice_id: int, reason: str, by: Actor) -> None:
    """Ask the director to give a bill up (대손 상신): it becomes a proposal, nothing else happens.

    Raises billing.write_off_reason, billing.already_paid.
    """
    if not reason.strip():
        raise DomainError("billing.write_off_reason")
    invoice = Invoice.objects.get(pk=invoice_id)
    if due_won(invoice) <= 0:
        raise DomainError("billing.already_paid")
    audit.note("write_off.asked", by=by, subject_type="invoice", subject_id=invoice.public_id, reason=reason)
    facts = {"invoice_id": invoice.pk, "won": due_won(invoice), "reason": reason.strip()[:200]}
    outbox.record("write_off.asked", facts, by=by, subject=("invoice", invoice.public_id))


@transaction.atomic
def write_off(*, invoice_id: int, amount_won: int, reason: str, key: str, by: Actor) -> Payment:
    """Give up what is owed (대손 처리), by somebody with the authority for it. A later payment takes it back first (`refund`).

    Raises billing.write_off_authority, billing.write_off_reason, and what a payment raises.
    """
    if "billing.write_off" not in capabilities_of(by.role):
        raise DomainError("billing.write_off_authority")
    if not reason.strip():
        raise DomainError("billing.write_off_reason")
    existing = Payment.objects.filter(key=key).first()
    if existing:
        return existing
    invoice = Invoice.objects.select_for_update().get(pk=invoice_id)
    check_due(invoice, amount_won)
    invoice.plans.filter(state=PaymentPlan.State.OPEN).update(state=PaymentPlan.State.ENDED)
    payment = taken(invoice, amount_won, Payment.Tender.WRITE_OFF, key, by, reason=reason)
    audit.note("bill.written_off", by=by, subject_type="invoice", subject_id=invoice.public_id, reason=reason,
               detail={"amount_won": amount_won})  # fmt: skip
    return payment
