"""Reads of claims: worklist, one claim, batches, the tray of answers. Bounded queries."""

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from tamna.billing.models import ChargeItem
from tamna.claims import risk
from tamna.claims.documents import INSURER_KIND
from tamna.claims.models import Batch, Claim, ClaimResponse, Finding
from tamna.core.models import User
from tamna.core.paging import counted
from tamna.reception.models import Encounter

SENT_TO_HIRA = frozenset({"4", "5", "7", "8"})  # industrial accidents (9) are reviewed elsewhere
WORKLIST = ("checked", "approved", "draft", "received", "returned", "impossible", "adjusted", "paid")


BY_WORTH = ("-urgency", "-worth_won", "-id")


def capacity() -> tuple[int, int]:
    """Clerks of the claims team, and how many statements they can look at on a day (하루 처리 가능 건수). One query."""
    clerks = User.objects.filter(role="claims", is_active=True).count()
    return clerks, max(1, clerks) * risk.fact("minutes_a_day") // risk.fact("minutes_a_statement")


def share_of_day(rows: QuerySet[Claim]) -> QuerySet[Claim]:
    """The statements of today's capacity: due first, then most expected loss (오늘 몫)."""
    _, most = capacity()
    last = rows.order_by(*BY_WORTH).values_list("urgency", "worth_won", "pk")[most - 1 : most].first()
    if last is None:
        return rows
    urgency, worth, pk = last
    return rows.filter(
        Q(urgency__gt=urgency)
        | Q(urgency=urgency, worth_won__gt=worth)
        | Q(urgency=urgency, worth_won=worth, pk__gte=pk)
    )


def of_today() -> dict[str, int]:
    """What the worklist says above its rows: clerks, capacity, waiting, due, and the won in today's share and after it. Four queries."""
    clerks, most = capacity()
    waiting = Claim.objects.filter(status="checked")
    due = waiting.filter(urgency=2)[:1000].count()
    sums = share_of_day(waiting).aggregate(n=Count("id"), won=Sum("worth_won"))
    whole = waiting.aggregate(n=Count("id"), won=Sum("worth_won"))
    return {"clerks": clerks, "capacity": most, "due": due, "n": sums["n"], "won": sums["won"] or 0, "later": whole["n"] - sums["n"],
            "later_won": (whole["won"] or 0) - (sums["won"] or 0)}  # fmt: skip


def counts(limit: int = 999) -> dict[str, int]:
    """Claims by state, each counted no further than one over `limit`. One query, index only."""
    return counted(Claim, "status", WORKLIST, limit)


def worklist() -> QuerySet[Claim]:
    """Claims, for paging by BY_WORTH within a state."""
    return Claim.objects.select_related("encounter__patient", "department")


def answers() -> QuerySet[ClaimResponse]:
    """Answers that a person should see: returned, not reviewable, cut. For paging by ("-id",)."""
    return (
        ClaimResponse.objects.filter(kind="result")
        .exclude(status="full")
        .select_related("claim__department", "claim__batch")
    )


def batches() -> QuerySet[Batch]:
    return Batch.objects.all()


def ready() -> QuerySet[Claim]:
    """Statements that can be sent now (청구 대기)."""
    return Claim.objects.filter(status=Claim.Status.APPROVED, insurer_kind__in=SENT_TO_HIRA, batch=None)


def unclaimed() -> QuerySet[Encounter]:
    """Finished visits of claimed payers with charges that no statement holds (청구 누락)."""
    claimed = Claim.objects.filter(encounter=OuterRef("pk"))
    charges = ChargeItem.objects.filter(encounter=OuterRef("pk")).exclude(status="entered-in-error")
    forgotten = Exists(charges) & ~Exists(claimed) | Exists(charges.filter(status="billable"))
    return Encounter.objects.filter(forgotten, status="finished", payer__in=list(INSURER_KIND))


def denial_share(rule_id: str) -> tuple[int, int, float]:
    """(cut or returned, answered, the usual share) of statements on which this rule spoke. Two queries."""
    results = ClaimResponse.objects.filter(kind="result")
    bad = Count("id", Q(status__in=["adjusted", "returned", "impossible"]))
    with_rule = results.filter(Exists(Finding.objects.filter(claim=OuterRef("claim"), rule_id=rule_id)))
    own, usual = with_rule.aggregate(bad=bad, all=Count("id")), results.aggregate(bad=bad, all=Count("id"))
    return own["bad"], own["all"], usual["bad"] / usual["all"] if usual["all"] else 0.04


def regained_share() -> tuple[int, int]:
    """(paid in full, answered again) of statements that were returned and sent again. One query."""
    returned = ClaimResponse.objects.filter(claim=OuterRef("claim"), status="returned", id__lt=OuterRef("id"))
    again = ClaimResponse.objects.filter(Exists(returned), kind="result")
    sums = again.aggregate(paid=Count("id", Q(status="full")), all=Count("id"))
    return sums["paid"], sums["all"]


def next_after(claim: Claim) -> Claim | None:
    """The claim that needs a person next, what is due first, then most expected loss, leaving this one out. One query."""
    return worklist().filter(status="checked").exclude(pk=claim.pk).order_by(*BY_WORTH).first()
