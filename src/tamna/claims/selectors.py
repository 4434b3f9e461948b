"""Reads of claims: worklist, one claim, batches, the tray of answers. Bounded queries."""

from django.db.models import Count, QuerySet

from tamna.claims.models import Batch, Claim, ClaimResponse

WORKLIST = ("checked", "approved", "draft", "received", "returned", "impossible", "adjusted", "paid")


def counts() -> dict[str, int]:
    """Claims by state. One query."""
    return dict(Claim.objects.values_list("status").annotate(count=Count("id")))


def worklist(state: str, department: str = "", words: str = "") -> QuerySet[Claim]:
    """Claims of a state, for paging by ("-risk_won", "-id")."""
    claims = Claim.objects.filter(status=state).select_related("encounter__patient", "department")
    if department:
        claims = claims.filter(department__code=department)
    return claims.filter(claim_no__startswith=words) if words else claims


def answers(unseen: bool = True) -> QuerySet[ClaimResponse]:
    """Answers that a person should see: returned, not reviewable, cut. For paging by ("-id",)."""
    rows = (
        ClaimResponse.objects.filter(kind="result")
        .exclude(status="full")
        .select_related("claim__department", "claim__batch")
    )
    return rows.filter(seen_at=None) if unseen else rows


def batches() -> QuerySet[Batch]:
    return Batch.objects.all()
