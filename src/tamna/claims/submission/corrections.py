"""What follows a decided statement: the supplement of one that was not reviewable, the addition of what was left out.

보완청구 names receipt, serial and reason of the statement before; 추가청구 names receipt and serial. The statement before is never
changed. Law: 요양급여비용 청구방법·명세서서식 및 작성요령 (청구구분 1 보완, 2 추가).
"""

from django.db import transaction
from django.db.models import Sum

from tamna.billing.models import ChargeItem
from tamna.claims.models import Claim, ClaimLine
from tamna.core import audit, clock, numbering, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError, refused_as
from tamna.params import table

COPIED = ("encounter", "insurer_kind", "payer", "setting", "department", "care_month", "first_visit_on", "total_won", "patient_won",
          "insurer_won", "due_on", "is_synthetic")  # fmt: skip
LINE = ("line_no", "charge_id", "item_class", "item_sub", "code_kind", "code", "name", "service_at", "unit_won", "dose", "times_per_day",
        "days", "quantity", "amount_won", "benefit", "note_code", "note_text")  # fmt: skip
DECIDED = (Claim.Status.FULL, Claim.Status.ADJUSTED, Claim.Status.PAID)


def main_code(reason: str) -> str:
    """사유코드: the two digits that fit the field, of the official code where it is known, else of our own number [sim]."""
    official = {row["code"]: row["official_code"] for row in table("claimcheck/reason_codes")}.get(reason, "")
    found = official if official[:2].isdigit() else "".join(letter for letter in reason if letter.isdigit())
    return found[:2].rjust(2, "0") if found else "00"


@transaction.atomic
def supplement(*, claim_id: int, by: Actor) -> Claim:
    """Write the supplement of a statement that was not reviewable (보완청구): a new statement that names the old one.

    Raises claims.wrong_state, claims.followed_already, claims.no_receipt.
    """
    old = Claim.objects.select_for_update(of=("self",)).select_related("batch", "encounter").get(pk=claim_id)
    if old.status != Claim.Status.IMPOSSIBLE:
        raise DomainError("claims.wrong_state", status=old.get_status_display())
    answer = old.responses.filter(status="impossible").order_by("-id").first()
    new = _following(old, "supplement", answer.reason_code if answer else "")
    ClaimLine.objects.bulk_create(
        [ClaimLine(claim=new, **{name: getattr(line, name) for name in LINE}) for line in old.lines.order_by("line_no")]
    )
    old.status = Claim.Status.CORRECTED
    old.save(update_fields=["status"])
    old.responses.filter(seen_at=None).update(seen_by=by.name, seen_at=clock.now())
    return _recorded(new, old, "claim.supplemented", by)


@transaction.atomic
def add_omitted(*, claim_id: int, by: Actor) -> Claim:
    """Claim billed charges that a decided statement left out (추가청구). Raises claims.wrong_state, claims.nothing_omitted."""
    old = Claim.objects.select_for_update(of=("self",)).select_related("batch", "encounter").get(pk=claim_id)
    if old.status not in DECIDED:
        raise DomainError("claims.wrong_state", status=old.get_status_display())
    charges = omitted(old)
    if not charges:
        raise DomainError("claims.nothing_omitted")
    from tamna.claims import services

    total, _patient, _insurer = services.claimed(charges, 0)
    billed = old.encounter.invoices.aggregate(won=Sum("insurer_won"))["won"] or 0
    others = old.encounter.claims.exclude(status__in=(Claim.Status.WITHDRAWN, Claim.Status.CORRECTED))
    insurer = max(0, min(total, billed - (others.aggregate(won=Sum("insurer_won"))["won"] or 0)))
    insurer -= insurer % 10
    new = _following(old, "added", "", total_won=total, insurer_won=insurer, patient_won=total - insurer)
    ClaimLine.objects.bulk_create(services._lines(new, charges))
    return _recorded(new, old, "claim.added", by)


def omitted(claim: Claim) -> list[ChargeItem]:
    """Billed charges of the visit that no living statement holds, in the order of the file."""
    held = ClaimLine.objects.filter(claim__encounter=claim.encounter_id).exclude(
        claim__status__in=(Claim.Status.WITHDRAWN, Claim.Status.CORRECTED)
    )
    charges = ChargeItem.objects.filter(encounter=claim.encounter_id, status=ChargeItem.Status.BILLED)
    charges = charges.exclude(benefit="non_covered").exclude(pk__in=held.filter(charge__isnull=False).values("charge"))
    return list(charges.order_by("item_class", "item_sub", "id"))


def _following(old: Claim, kind: str, reason: str, **amounts: int) -> Claim:
    if old.batch is None or not old.batch.receipt_no:
        raise DomainError("claims.no_receipt")
    number = numbering.take("claim", old.care_month)
    copied = {name: getattr(old, name) for name in COPIED} | amounts
    with refused_as(one_supplement_each="claims.followed_already"):
        return Claim.objects.create(
            **copied, kind=kind, previous=old, previous_receipt_no=old.batch.receipt_no[:7], previous_serial_no=old.serial_no,
            return_reason=main_code(reason) if kind == "supplement" else "", claim_no=f"{old.care_month}-{number:06d}", made_at=clock.now(),
        )  # fmt: skip


def _recorded(new: Claim, old: Claim, name: str, by: Actor) -> Claim:
    audit.note(name, by=by, subject_type="claim", subject_id=old.public_id, detail={"claim": new.claim_no})
    facts = {"claim_id": new.pk, "encounter_id": new.encounter_id}
    outbox.record("claim.drafted", facts, by=by, subject=("claim", new.public_id))
    return new
