"""The check at the order and at discharge (오더·퇴원 시점 점검): a visit without a statement, judged as the statement it would be.

The statement is written as it would be now, judged by the rules of the later check, and taken back: nothing of it is kept but
what was found. So the engine, the columns and the answer are those of the pre-check. What is not known yet is not held
against the visit: rules that read diagnoses wait until one is recorded; at an order only lines of orders are told, and no
rule about notes of the statement. A finding that a later look no longer has is marked gone.
"""

from dataclasses import dataclass

from django.db import transaction

from tamna.billing import rating
from tamna.claims import archive, documents, services
from tamna.claims.models import Claim, EarlyFinding
from tamna.core import clock, notices
from tamna.core.actor import Actor
from tamna.engines.claimcheck import RuleSet
from tamna.engines.claimcheck.report import Finding
from tamna.engines.claimcheck.rules import Rule
from tamna.engines.claimcheck.syntax import Call, Listed, Name, walk
from tamna.reception.models import Encounter

ORDER, DISCHARGE = EarlyFinding.Stage.ORDER, EarlyFinding.Stage.DISCHARGE
SERIOUS = ("reject", "adjust")
GOES_ON = (Encounter.Status.ARRIVED, Encounter.Status.IN_PROGRESS)


@dataclass(frozen=True)
class Seen:
    """A finding on a statement that was taken back, and the order its line stands for."""

    finding: Finding
    order_id: int | None


def look(encounter_id: int, *, stage: EarlyFinding.Stage, by: Actor) -> list[EarlyFinding]:
    """Judge a visit as it stands and keep what is found; the claims team is told of what is new. Returns what is open."""
    encounter = Encounter.objects.select_related("department", "patient").get(pk=encounter_id)
    known = Claim.objects.filter(encounter=encounter).exclude(status=Claim.Status.WITHDRAWN)
    if (
        encounter.payer not in documents.INSURER_KIND
        or encounter.status == Encounter.Status.CANCELLED
        or known.exists()
    ):
        return []  # nobody is asked for it, or its statement speaks for itself or is about to
    found = {
        (seen.finding.rule_id, seen.order_id): seen.finding for seen in as_it_stands(encounter, stage=stage, by=by)
    }
    fresh = _keep(encounter, found, stage)
    serious = [row for row in fresh if row.severity in SERIOUS]
    if serious:
        facts = {
            "count": len(serious),
            "department": encounter.department.name_ko,
            "won": sum(row.won_at_risk for row in serious),
        }
        notices.tell("visit.found", facts, key=f"{encounter.pk}:{stage}:{min(row.pk for row in serious)}",
                     url=f"/patients/visits/{encounter.public_id}", at=clock.now())  # fmt: skip
    return list(EarlyFinding.objects.filter(encounter=encounter, gone_at=None).order_by("id"))


def as_it_stands(encounter: Encounter, *, stage: EarlyFinding.Stage, by: Actor) -> list[Seen]:
    """What the rules would find on the statement of this visit now. Nothing is kept."""
    with transaction.atomic():
        try:
            claim = services.draft(encounter_id=encounter.pk, by=by)
            if claim is None or not claim.lines.exists():
                return []
            charges = [line.charge for line in claim.lines.select_related("charge").order_by("line_no") if line.charge]
            rated = rating.rate(encounter, charges)
            total, patient, insurer = services.claimed(charges, rated.total_won - rated.patient_won)
            Claim.objects.filter(pk=claim.pk).update(total_won=total, patient_won=patient, insurer_won=insurer)
            checker = archive.checker()
            report = checker.report(claim.pk)
            orders = dict(claim.lines.values_list("line_no", "charge__service_request_id"))
        finally:
            transaction.set_rollback(True)
    has_diagnoses = encounter.conditions.exists()
    return [
        Seen(one, orders.get(one.line_no) if one.line_no else None)
        for one in report.findings
        if _is_known(one.rule, checker.rules, has_diagnoses) and (stage == DISCHARGE or _of_an_order(one, orders))
    ]


def _of_an_order(finding: Finding, orders: dict[int, int | None]) -> bool:
    return (
        finding.line_no is not None
        and orders.get(finding.line_no) is not None
        and "notes" not in _scopes(finding.rule, None)
    )


def _is_known(rule: Rule, rules: RuleSet, has_diagnoses: bool) -> bool:
    """Whether what the rule reads is there already."""
    return has_diagnoses or "diagnoses" not in _scopes(rule, rules)


def _scopes(rule: Rule, rules: RuleSet | None) -> set[str]:
    """The tables a rule reads: its own, and those its conditions look into."""
    found = {rule.over}
    for node in (part for top in rule.nodes for part in walk(top)):
        match node:
            case Name(name) if rules is not None and name in rules.derived:
                found.add(rules.derived[name].over)
            case Name(name) if name.startswith("note_"):
                found.add("notes")
            case Call("has_note"):
                found.add("notes")
            case Call("has_code_prefix") | Listed(rows="diagnosis"):
                found.add("diagnoses")
    return found


@transaction.atomic
def _keep(
    encounter: Encounter, found: dict[tuple[str, int | None], Finding], stage: EarlyFinding.Stage
) -> list[EarlyFinding]:
    """Write what is new, mark what is gone. Returns what is new."""
    now = clock.now()
    before = {
        (row.rule_id, row.order_id): row for row in EarlyFinding.objects.select_for_update().filter(encounter=encounter)
    }
    looked_at = (ORDER, stage)  # a look at an order says nothing of what only a discharge can show
    gone = [
        row.pk for key, row in before.items() if row.gone_at is None and row.stage in looked_at and key not in found
    ]
    EarlyFinding.objects.filter(pk__in=gone).update(gone_at=now)
    back = [row.pk for key, row in before.items() if row.gone_at is not None and key in found]
    EarlyFinding.objects.filter(pk__in=back).update(gone_at=None)
    fresh = [
        _row(encounter, order_id, one, stage)
        for (rule_id, order_id), one in found.items()
        if (rule_id, order_id) not in before
    ]
    return EarlyFinding.objects.bulk_create(fresh)


def _row(encounter: Encounter, order_id: int | None, one: Finding, stage: EarlyFinding.Stage) -> EarlyFinding:
    return EarlyFinding(
        encounter=encounter, order_id=order_id, stage=stage, rule_id=one.rule_id, severity=one.severity, message_ko=one.message("ko"),
        message_en=one.message("en"), source=one.source[:200], won_at_risk=one.won_at_risk, found_at=clock.now(),
    )  # fmt: skip
