"""Unsent claims under changed rules (미청구 명세서 재점검): the same check, only where its answer about the rule is another one."""

from tamna.claims import archive, services
from tamna.claims.models import Claim, Finding
from tamna.core.actor import Actor

AT_A_TIME = 500


def check_again(rule_id: str, after_id: int, *, by: Actor) -> tuple[int, int]:
    """The next unsent claims by id. Returns (last id while more may come, how many were checked anew).

    A claim on which the rule says what it said before is left alone: what a person decided about it stands.
    """
    waiting = Claim.objects.filter(status__in=services.OPEN, batch=None, pk__gt=after_id).exclude(checked_at=None)
    ids = list(waiting.order_by("pk").values_list("pk", flat=True)[:AT_A_TIME])
    if not ids:
        return 0, 0
    before = set(Finding.objects.filter(claim__in=ids, rule_id=rule_id).values_list("claim", "line_no", "severity"))
    found = archive.checker().findings(ids)
    found = found.filter((found["rule_id"] == rule_id) & ~found["hidden"])
    now = set(found.select("key", "line_no", "severity").iter_rows())
    changed = sorted({claim_id for claim_id, *_ in before ^ now})
    for claim_id in changed:
        services.check(claim_id=claim_id, by=by)
    return (ids[-1] if len(ids) == AT_A_TIME else 0), len(changed)
