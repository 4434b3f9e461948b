"""Unsent claims under changed rules (미청구 명세서 재점검): the same check, only where its answer about the rule is another one."""

from tamna.claims import documents, services
from tamna.claims.models import Claim, Finding
from tamna.claims.studio.ruleset import ruleset
from tamna.core.actor import Actor

AT_A_TIME = 200


def some(rule_id: str, after_id: int, *, by: Actor) -> tuple[int, int]:
    """The next claims by id. Returns (last id while more may come, how many were checked anew).

    A claim on which the rule says what it said before is left alone: what a person decided about it stands.
    """
    waiting = Claim.objects.filter(status__in=services.OPEN, batch=None, pk__gt=after_id).exclude(checked_at=None)
    claims = list(waiting.order_by("pk")[:AT_A_TIME])
    if not claims:
        return 0, 0
    known: dict[int, set[tuple[int | None, str]]] = {}
    for claim_id, line_no, severity in Finding.objects.filter(claim__in=claims, rule_id=rule_id).values_list(
        "claim", "line_no", "severity"
    ):
        known.setdefault(claim_id, set()).add((line_no, severity))
    rules, changed = ruleset(), 0
    for claim, document in zip(claims, documents.of_many(claims), strict=True):
        report = rules.check_one(document)
        now = {(finding.line_no, finding.severity) for finding in report.findings if finding.rule_id == rule_id}
        if now != known.get(claim.pk, set()):
            services.check(claim_id=claim.pk, by=by)
            changed += 1
    return (claims[-1].pk if len(claims) == AT_A_TIME else 0), changed
