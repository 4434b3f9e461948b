"""Every write about claims: draft, check, correct, approve, batch, submit, read answers, decide about cuts.

Law: 국민건강보험법 제47조 (요양급여비용의 청구와 지급), 시행규칙 제19조–제20조. States follow the life of a statement; a correction
after submission is a new statement. Nothing is written off by itself: a cut waits in the tray for a person.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import IntegerField, Max, Min, Sum
from django.db.models.functions import Cast

from tamna.billing.models import ChargeItem
from tamna.claims import archive, documents
from tamna.claims.models import Batch, Claim, ClaimLine, ClaimResponse, Finding
from tamna.claims.studio.ruleset import version_of
from tamna.claims.submission import completeness, corrections, records, sending
from tamna.connect import hira
from tamna.core import audit, clock, notices, numbering, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.engines.claimcheck import Company, RuleSet
from tamna.engines.claimcheck.fixes import verified
from tamna.reception.models import Encounter

log = structlog.get_logger()
OPEN = (Claim.Status.DRAFT, Claim.Status.CHECKED, Claim.Status.APPROVED)
DAYS_TO_SEND = 15
make_batches, file_of, submit = sending.make_batches, sending.file_of, sending.submit
supplement, add_omitted = corrections.supplement, corrections.add_omitted


@transaction.atomic
def draft(*, encounter_id: int, by: Actor) -> Claim | None:
    """Draft the statement of a billed visit (명세서 작성), or write it anew while it has not been sent.

    None for payers that are not claimed; a statement that was open for another payer is withdrawn. After submission a
    change becomes a worklist item, never a rewrite.
    """
    encounter = Encounter.objects.select_for_update().select_related("department", "patient").get(pk=encounter_id)
    kind = documents.INSURER_KIND.get(encounter.payer)
    if kind is None:
        Claim.objects.filter(encounter=encounter, status__in=OPEN).update(status=Claim.Status.WITHDRAWN)
        return None
    sums = encounter.invoices.aggregate(insurer=Sum("insurer_won"))
    claim = Claim.objects.select_for_update().filter(encounter=encounter, kind="original").first()
    if claim is not None and claim.status not in (*OPEN, Claim.Status.WITHDRAWN):
        return claim
    charges = encounter.charges.exclude(status=ChargeItem.Status.ENTERED_IN_ERROR).exclude(benefit="non_covered")
    charges = list(charges.order_by("item_class", "item_sub", "id"))
    amounts = claimed(charges, sums["insurer"] or 0)
    if claim is None:
        on = encounter.admitted_on or encounter.business_on
        number = numbering.take("claim", f"{on:%Y%m}")
        claim = Claim(
            claim_no=f"{on:%Y%m}-{number:06d}", encounter=encounter,
            setting=encounter.setting, department=encounter.department, care_month=f"{on:%Y%m}", first_visit_on=on,
            due_on=on + timedelta(days=DAYS_TO_SEND), made_at=clock.now(), is_synthetic=encounter.is_synthetic,
        )  # fmt: skip
    claim.status, claim.insurer_kind, claim.payer = Claim.Status.DRAFT, kind, encounter.payer
    claim.total_won, claim.patient_won, claim.insurer_won = amounts
    claim.save()
    claim.lines.all().delete()
    ClaimLine.objects.bulk_create(_lines(claim, charges))
    facts = {"claim_id": claim.pk, "encounter_id": encounter.pk}
    outbox.record("claim.drafted", facts, by=by, subject=("claim", claim.public_id))
    return claim


def claimed(charges: list[ChargeItem], insurer_won: int) -> tuple[int, int, int]:
    """총액1 (below 10 won cut), patient share of it, claim amount: non-covered and 100/100 lines stay out."""
    own = sum(charge.amount_won for charge in charges if charge.benefit == "full_self")
    total = sum(charge.amount_won for charge in charges) - own
    total -= total % 10
    insurer = min(total, insurer_won)
    insurer -= insurer % 10
    return total, total - insurer, insurer


def _lines(claim: Claim, charges: Iterable[ChargeItem]) -> list[ClaimLine]:
    return [
        ClaimLine(
            claim=claim, line_no=number, charge=charge, item_class=charge.item_class, item_sub=charge.item_sub,
            code_kind=charge.code_kind, code=charge.code, name=charge.name, service_at=charge.service_at,
            unit_won=charge.unit_won, dose=charge.quantity, times_per_day=1, days=1, quantity=charge.quantity,
            amount_won=charge.amount_won, benefit=charge.benefit,
        )
        for number, charge in enumerate(charges, start=1)
    ]  # fmt: skip


@transaction.atomic
def check(*, claim_id: int, by: Actor) -> Claim:
    """Run every rule over a statement (사전점검), keep all findings, and approve what is clean.

    Findings a person accepted with a reason stay accepted when the same fault is found again.
    """
    claim = Claim.objects.select_for_update().get(pk=claim_id)
    if claim.status not in OPEN:
        raise DomainError("claims.wrong_state", status=claim.get_status_display())
    checker = archive.checker()
    document, company = checker.company(claim.pk)
    report = checker.rules.checked(document, company)
    accepted = {(row.rule_id, row.line_no): row for row in claim.findings.filter(state="accepted")}
    claim.findings.all().delete()
    fixes = _fixes(checker.rules, document, company) if report.findings else {}
    rows = []
    for found in report.findings:
        before = accepted.get((found.rule_id, found.line_no))
        rows.append(
            Finding(
                claim=claim, rule_id=found.rule_id, line_no=found.line_no, severity=found.severity,
                message_ko=found.message("ko"), message_en=found.message("en"), source=found.source[:200],
                fix=fixes.get((found.rule_id, found.line_no)), won_at_risk=found.won_at_risk,
                state="accepted" if before else "open", state_by=before.state_by if before else "",
                state_reason=before.state_reason if before else "",
            )
        )  # fmt: skip
    Finding.objects.bulk_create(rows)
    still = [row for row in rows if row.state == "open"]
    claim.rejects = sum(row.severity == "reject" for row in still)
    claim.adjusts = sum(row.severity == "adjust" for row in still)
    claim.warnings = sum(row.severity == "warn" for row in still)
    claim.risk_won = sum(row.won_at_risk for row in still if row.severity != "warn")
    claim.score, claim.checked_at, claim.rules_version = report.score, clock.now(), version_of(checker.rules)
    claim.gaps = [fault.as_json() for fault in completeness.gaps(claim, documents.of(claim, document))]
    clean = not (claim.rejects or claim.adjusts or claim.gaps)
    claim.status = Claim.Status.APPROVED if clean else Claim.Status.CHECKED
    claim.save()
    facts = {"claim_id": claim.pk, "rejects": claim.rejects, "adjusts": claim.adjusts}
    outbox.record("claim.checked", facts, by=by, subject=("claim", claim.public_id))
    return claim


def _fixes(rules: RuleSet, document: dict[str, Any], company: Company) -> dict[tuple[str, int | None], dict[str, Any]]:
    """Fixes that the engine computed and checked again, by finding."""
    found = {}
    for proposal in verified(rules, document, company):
        raw = proposal.as_json()
        if all(step["action"] in ("set_claim", "set_line", "remove_line") for step in raw["steps"]):
            found[raw["rule_id"], raw["line_no"]] = raw
    return found


@transaction.atomic
def apply_fix(*, finding_id: int, by: Actor) -> Claim:
    """Do what a verified fix proposes (한 번에 고치기), then check again. Raises claims.fix_stale."""
    finding = Finding.objects.select_related("claim").get(pk=finding_id)
    claim = Claim.objects.select_for_update().get(pk=finding.claim_id)
    if claim.status not in OPEN or not finding.fix or finding.state != "open":
        raise DomainError("claims.fix_stale")
    _change(claim, finding.fix)
    audit.note("claim.fixed", by=by, subject_type="claim", subject_id=claim.public_id,
               detail={"rule": finding.rule_id, "fix": finding.fix})  # fmt: skip
    return check(claim_id=claim.pk, by=by)


LINE_COLUMNS = {"unit_price": "unit_won", "amount": "amount_won", "quantity": "quantity", "days": "days", "dose": "dose",
                "times_per_day": "times_per_day", "code": "code", "item_class": "item_class", "item_sub": "item_sub",
                "note_code": "note_code", "note_text": "note_text"}  # fmt: skip
CLAIM_COLUMNS = {"total_amount": "total_won", "patient_share": "patient_won", "insurer_share": "insurer_won"}


def _change(claim: Claim, fix: dict[str, Any]) -> None:
    """Apply every step of a verified proposal, in order. Raises claims.fix_stale when the statement has moved on."""
    for step in fix["steps"]:
        action, fields = step["action"], step.get("fields") or {}
        if action == "set_claim" and set(fields) <= set(CLAIM_COLUMNS):
            for key, value in fields.items():
                setattr(claim, CLAIM_COLUMNS[key], int(value))
            claim.save(update_fields=["total_won", "patient_won", "insurer_won"])
            continue
        line = claim.lines.filter(line_no=step["line_no"]).first() if action in ("set_line", "remove_line") else None
        if line is None or not set(fields) <= set(LINE_COLUMNS):
            raise DomainError("claims.fix_stale")
        if action == "remove_line":
            line.delete()
            continue
        for key, value in fields.items():
            kind = ClaimLine._meta.get_field(LINE_COLUMNS[key])
            setattr(line, LINE_COLUMNS[key], kind.to_python(value))
        line.save()


@transaction.atomic
def accept_finding(*, finding_id: int, reason: str, by: Actor) -> Claim:
    """Let a finding stand with a reason (예외 인정). Raises claims.reason_needed."""
    if not reason.strip():
        raise DomainError("claims.reason_needed")
    finding = Finding.objects.select_related("claim").get(pk=finding_id)
    finding.state, finding.state_by, finding.state_reason = "accepted", by.name, reason[:200]
    finding.save(update_fields=["state", "state_by", "state_reason"])
    audit.note("finding.accepted", by=by, subject_type="claim", subject_id=finding.claim.public_id, reason=reason,
               detail={"rule": finding.rule_id})  # fmt: skip
    return check(claim_id=finding.claim_id, by=by)


@transaction.atomic
def approve(*, claim_id: int, by: Actor) -> Claim:
    """Release a checked statement for sending (심사 승인). Raises claims.rejects_open, claims.wrong_state."""
    claim = Claim.objects.select_for_update().get(pk=claim_id)
    if claim.status != Claim.Status.CHECKED:
        raise DomainError("claims.wrong_state", status=claim.get_status_display())
    if claim.rejects:
        raise DomainError("claims.rejects_open", count=claim.rejects)
    if claim.gaps:
        raise DomainError("claims.incomplete", count=len(claim.gaps))
    claim.status = Claim.Status.APPROVED
    claim.save(update_fields=["status"])
    audit.note("claim.approved", by=by, subject_type="claim", subject_id=claim.public_id)
    outbox.record("claim.approved", {"claim_id": claim.pk}, by=by)
    return claim


@transaction.atomic
def hold_for_review(*, claim_id: int, reason: str, by: Actor) -> Claim:
    """Take a ready statement back to the worklist (심사 보류): a person approves it. Raises claims.wrong_state."""
    claim = Claim.objects.select_for_update().get(pk=claim_id)
    if claim.status != Claim.Status.APPROVED or claim.batch_id is not None:
        raise DomainError("claims.wrong_state", status=claim.get_status_display())
    claim.status = Claim.Status.CHECKED
    claim.save(update_fields=["status"])
    audit.note("claim.held", by=by, subject_type="claim", subject_id=claim.public_id, reason=reason)
    outbox.record("claim.held", {"claim_id": claim.pk}, by=by)
    return claim


@dataclass(frozen=True)
class Collected:
    """What a round of reading answers brought."""

    documents: int = 0
    statements: int = 0


def collect_answers(*, by: Actor) -> Collected:
    """Read the agency's answers after the last one kept (심사결과 수신); each document lands whole, once."""
    after = _last_document()
    total, statements = 0, 0
    while True:
        found = hira.answers(after, at=clock.now())
        for document in found:
            after = document.id
            if isinstance(document, hira.Unreadable):
                _set_aside(document.id, document.reason)
                continue
            statements += keep_document(document, by)
            total += 1
        if not found:
            return Collected(total, statements)


def _last_document() -> int:
    """Where to read on: after the last one, or before the first of today's that was set aside, to ask for it again."""
    from tamna.core.models import InterfaceMessage

    kept = InterfaceMessage.objects.filter(system="hira", direction="in").annotate(
        number=Cast("control_id", IntegerField())
    )
    again = kept.filter(status="failed", at__gt=clock.now() - timedelta(days=1)).aggregate(first=Min("number"))["first"]
    return again - 1 if again else kept.aggregate(last=Max("number"))["last"] or 0


def _set_aside(number: int, reason: str) -> None:
    """An answer that cannot be believed (판독 불가 통보): kept out of the books, asked for again, told to people once."""
    from tamna.core.models import InterfaceMessage

    _, is_new = InterfaceMessage.objects.get_or_create(
        system="hira", direction="in", control_id=str(number),
        defaults={"kind": "unreadable", "status": "failed", "detail": reason[:300], "at": clock.now()},
    )  # fmt: skip
    if is_new:
        notices.tell("answer.unreadable", {"number": number}, key=number, url="/claims/answers")


STATUS = {"returned": Claim.Status.RETURNED, "impossible": Claim.Status.IMPOSSIBLE, "full": Claim.Status.FULL,
          "adjusted": Claim.Status.ADJUSTED, "held": Claim.Status.HELD, "paid": Claim.Status.PAID}  # fmt: skip


KIND = {"payment": "payment", "request_records": "request"}  # of a response; returns and results are results


@transaction.atomic
def keep_document(document: hira.Document, by: Actor) -> int:
    from tamna.core.models import InterfaceMessage

    kept, is_new = InterfaceMessage.objects.select_for_update().get_or_create(
        system="hira", direction="in", control_id=str(document.id),
        defaults={"kind": document.kind, "status": "accepted", "at": clock.now()},
    )  # fmt: skip
    if not is_new and kept.status != "failed":
        return 0
    batch = Batch.objects.filter(batch_no=document.batch_no).first()
    claims = _serials(batch) if batch else {}
    wrong = _contradicts(document, claims)
    kept.kind, kept.status, kept.detail = document.kind, "refused" if wrong else "accepted", wrong
    kept.save(update_fields=["kind", "status", "detail"])
    if wrong or batch is None:
        _tell_wrong(document)
        return 0
    responses, changed = [], []
    for row in document.statements:
        claim = claims[row.serial_no]
        if document.kind == "request_records":
            records.keep(document, row, batch, claim, by)
        responses.append(
            ClaimResponse(
                claim=claim, batch=batch, document_id=f"{document.kind}:{document.id}", kind=KIND.get(document.kind, "result"),
                status=row.status, requested_won=row.requested, decided_won=row.decided, reason_code=row.reason, reason_text=row.text,
                lines=[cut.model_dump() for cut in row.lines], decided_on=document.on, received_at=clock.now(),
            )
        )  # fmt: skip
        if claim.batch_id != batch.pk or claim.status == Claim.Status.CORRECTED:
            continue  # it went on under another serial or number since: the answer is kept, the state is not
        if not (claim.status == Claim.Status.PAID and document.kind != "payment"):
            claim.status = STATUS[row.status]
        if row.status != "held" and (document.kind != "payment" or claim.decided_won is None):
            claim.decided_won = row.decided
        changed.append(claim)
    ClaimResponse.objects.bulk_create(responses)
    Claim.objects.bulk_update(changed, ["status", "decided_won"], batch_size=500)
    for response in responses:
        facts = {"claim_id": response.claim_id, "response_id": response.pk, "status": response.status,
                 "encounter_id": response.claim.encounter_id}  # fmt: skip
        subject = ("claim", response.claim.public_id)
        if response.kind == "request":
            continue  # no decision: `records.requested` tells of it
        if response.kind == "payment":
            outbox.record("claim.paid", {**facts, "won": response.decided_won}, by=by, subject=subject)
        else:
            cut = response.requested_won - response.decided_won
            facts |= {"won": response.decided_won, "cut_won": cut}
            outbox.record("claim.answered", facts, by=by, subject=subject)
    if document.kind not in KIND:
        batch.status = Batch.Status.REVIEWED
        batch.save(update_fields=["status"])
        back = sum(response.status not in ("full", "held") for response in responses)
        told = {"batch_id": batch.pk, "document_id": document.id, "statements": len(responses), "back": back}
        outbox.record("batch.answered", told, by=by, subject=("batch", batch.public_id))
    return len(responses)


def _serials(batch: Batch) -> dict[str, Claim]:
    """The statements of a batch by the serial they were sent under, whatever became of them since."""
    entries = dict(batch.entries.values_list("serial_no", "claim_id"))
    locked = {claim.pk: claim for claim in Claim.objects.select_for_update().filter(pk__in=entries.values())}
    return {serial_no: locked[claim_id] for serial_no, claim_id in entries.items()}


def _contradicts(document: hira.Document, claims: dict[str, Claim]) -> str:
    """Why an answer cannot be ours: an unknown batch or statement, another sum than was asked for; empty when it can."""
    if not claims:
        return "unknown batch"
    for row in document.statements:
        claim = claims.get(row.serial_no)
        if claim is None:
            return "unknown statement"
        if row.requested != claim.insurer_won:
            return "another sum than was asked for"
    return ""


def _tell_wrong(document: hira.Document) -> None:
    notices.tell("answer.contradicts", {"number": document.id}, key=document.id, url="/claims/answers")


@transaction.atomic
def accept_cut(*, response_id: int, by: Actor) -> ClaimResponse:
    """Accept what was cut (삭감 수용): only now revenue is lowered, by what no objection regained.

    Raises claims.already_decided, claims.remedy_filed while an objection waits for its ruling.
    """
    response = ClaimResponse.objects.select_for_update().select_related("claim").get(pk=response_id)
    if response.seen_at is not None or response.status != "adjusted":
        raise DomainError("claims.already_decided")
    remedies = list(response.remedies.all())
    if any(remedy.status == "filed" for remedy in remedies):
        raise DomainError("claims.remedy_filed")
    response.seen_by, response.seen_at = by.name, clock.now()
    response.save(update_fields=["seen_by", "seen_at"])
    cut = response.requested_won - response.decided_won - sum(remedy.regained_won for remedy in remedies)
    audit.note(
        "claim.cut_accepted", by=by, subject_type="claim", subject_id=response.claim.public_id, detail={"won": cut}
    )
    if cut:
        outbox.record(
            "claim.cut_accepted",
            {"claim_id": response.claim_id, "response_id": response.pk, "won": cut, "encounter_id": response.claim.encounter_id}, by=by,
        )  # fmt: skip
    return response


@transaction.atomic
def mark_seen(*, response_id: int, by: Actor) -> ClaimResponse:
    """Take an answer off the list of new ones (확인): nothing is posted, the statement keeps its state."""
    response = ClaimResponse.objects.select_for_update().select_related("claim").get(pk=response_id)
    if response.seen_at is not None or response.status == "adjusted":
        raise DomainError("claims.already_decided")
    response.seen_by, response.seen_at = by.name, clock.now()
    response.save(update_fields=["seen_by", "seen_at"])
    audit.note("answer.seen", by=by, subject_type="claim", subject_id=response.claim.public_id,
               detail={"status": response.status})  # fmt: skip
    return response


@transaction.atomic
def reopen_returned(*, claim_id: int, by: Actor) -> Claim:
    """Take a returned statement back into work (반송 → 작성): nothing was decided, it is sent again as original."""
    claim = Claim.objects.select_for_update().get(pk=claim_id)
    if claim.status != Claim.Status.RETURNED:
        raise DomainError("claims.wrong_state", status=claim.get_status_display())
    claim.status, claim.batch, claim.serial_no = Claim.Status.DRAFT, None, ""
    claim.save(update_fields=["status", "batch", "serial_no"])
    claim.responses.filter(seen_at=None).update(seen_by=by.name, seen_at=clock.now())
    outbox.record("claim.drafted", {"claim_id": claim.pk, "encounter_id": claim.encounter_id}, by=by)
    return claim
