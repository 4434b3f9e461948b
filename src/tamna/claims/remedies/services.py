"""Every write about remedies. Nothing is sent, let go or written off without a person; a ruling only adds.

Law: 국민건강보험법 제87조, 제88조; 의료급여법 제30조, 제30조의2.
"""

from datetime import date

from django.db import transaction
from django.db.models import Count, F, Q

from tamna.claims.models import Claim, ClaimResponse, Remedy
from tamna.claims.remedies import letter
from tamna.connect import hira
from tamna.connect.errors import Refused
from tamna.core import audit, clock, notices, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.engines import remedies

OPEN = (Remedy.Status.OFFERED, Remedy.Status.DRAFT)
RULED = (Remedy.Status.UPHELD, Remedy.Status.PARTLY, Remedy.Status.DISMISSED)


@transaction.atomic
def offer(
    *, response_id: int, by: Actor, kind: str = "", asked_won: int = 0, previous: Remedy | None = None
) -> Remedy | None:
    """Put a way against an answer on the list (구제 제시), with its term; the same one once. None where there is none, or too late."""
    response = ClaimResponse.objects.select_related("claim").get(pk=response_id)
    claim, kind = response.claim, kind or ("objection" if response.status == "adjusted" else "")
    won = asked_won or response.requested_won - response.decided_won
    if not kind or won <= 0 or not remedies.is_governed(claim.insurer_kind):
        return None
    known_on = previous.ruled_on if previous and previous.ruled_on else clock.business_day(response.received_at)
    decided_on = previous.ruled_on if previous and previous.ruled_on else response.decided_on
    term = remedies.term(kind, insurer_kind=claim.insurer_kind, decided_on=decided_on, known_on=known_on)
    if term.due_on < clock.today():
        return None
    share = remedies.chance(kind, *_record(kind))
    row, is_new = Remedy.objects.get_or_create(
        response=response, kind=kind,
        defaults={
            "claim": claim, "previous": previous, "asked_won": won, "chance": share, "known_on": known_on, "due_on": term.due_on,
            "law": term.law, "article": term.article, "made_at": clock.now(), "rank": remedies.rank(won, share, (term.due_on - clock.today()).days),
        },
    )  # fmt: skip
    if is_new:
        outbox.record(
            "remedy.offered", {"remedy_id": row.pk, "claim_id": claim.pk}, by=by, subject=("claim", claim.public_id)
        )
    return row


def _record(kind: str) -> tuple[int, int]:
    """(upheld at least partly, ruled) of this hospital's own remedies of the kind."""
    sums = Remedy.objects.filter(kind=kind, status__in=RULED).aggregate(
        won=Count("id", ~Q(status="dismissed")), all=Count("id")
    )
    return sums["won"], sums["all"]


def _held(remedy_id: int, *states: str) -> Remedy:
    """The row, held. Raises claims.remedy_state, claims.remedy_late."""
    remedy = Remedy.objects.select_for_update(of=("self",)).select_related("claim__batch", "response").get(pk=remedy_id)
    if remedy.status not in states:
        raise DomainError("claims.remedy_state", status=remedy.get_status_display())
    if remedy.due_on < clock.today():
        raise DomainError("claims.remedy_late", day=remedy.due_on.isoformat())
    return remedy


@transaction.atomic
def begin(*, remedy_id: int, by: Actor) -> Remedy:
    """Take an offer up (구제 착수): a letter is drafted."""
    remedy = _held(remedy_id, Remedy.Status.OFFERED)
    remedy.status = Remedy.Status.DRAFT
    remedy.save(update_fields=["status"])
    _note("remedy.begun", remedy, by)
    return remedy


@transaction.atomic
def write(*, remedy_id: int, reason: str, by: Actor) -> Remedy:
    """Keep the grounds of a letter. Raises claims.no_such_article for a reference that does not hold."""
    remedy = _held(remedy_id, Remedy.Status.DRAFT)
    letter.check_references(reason, clock.today())
    remedy.reason = reason.strip()[:4000]
    remedy.save(update_fields=["reason"])
    return remedy


def file(*, remedy_id: int, by: Actor) -> Remedy:
    """Hand an objection or appeal in (제기). Asked outside of a transaction; the same again gives the same receipt.

    Raises Unreachable (try again), claims.remedy_refused, claims.remedy_state, claims.remedy_late.
    """
    with transaction.atomic():
        remedy = _held(remedy_id, Remedy.Status.DRAFT)
    batch = remedy.claim.batch
    plea = hira.Plea(
        plea_id=str(remedy.public_id), kind=remedy.kind, batch_no=batch.batch_no if batch else "", receipt_no=batch.receipt_no if batch else "",
        serial_no=remedy.claim.serial_no, asked=remedy.asked_won, previous_no=remedy.previous.receipt_no if remedy.previous else "",
        letter=letter.text_of(remedy),
    )  # fmt: skip
    try:
        receipt = hira.plead(plea, at=clock.now())
    except Refused as refused:
        raise DomainError("claims.remedy_refused", code=refused.code) from refused
    with transaction.atomic():
        remedy = _held(remedy_id, Remedy.Status.DRAFT)
        remedy.status, remedy.receipt_no, remedy.filed_at = Remedy.Status.FILED, receipt.receipt_no, clock.now()
        remedy.save(update_fields=["status", "receipt_no", "filed_at"])
        _note("remedy.filed", remedy, by)
        outbox.record(
            "remedy.filed",
            {"remedy_id": remedy.pk, "claim_id": remedy.claim_id},
            by=by,
            subject=("claim", remedy.claim.public_id),
        )
    return remedy


@transaction.atomic
def let_go(*, remedy_id: int, reason: str, by: Actor) -> Remedy:
    """Let a remedy go (구제 포기), with a reason. The cut itself stays in the tray until somebody accepts it."""
    if not reason.strip():
        raise DomainError("claims.reason_needed")
    remedy = Remedy.objects.select_for_update(of=("self",)).select_related("claim").get(pk=remedy_id)
    if remedy.status not in OPEN:
        raise DomainError("claims.remedy_state", status=remedy.get_status_display())
    remedy.status = Remedy.Status.DROPPED
    remedy.save(update_fields=["status"])
    _note("remedy.let_go", remedy, by, reason=reason[:200])
    return remedy


def collect_rulings(*, by: Actor) -> int:
    """Read what was ruled (결정 통지) on everything that was filed; each ruling once."""
    waiting = {str(row.public_id): row.pk for row in Remedy.objects.filter(status=Remedy.Status.FILED)}
    if not waiting:
        return 0
    kept = 0
    for ruling in hira.rulings(sorted(waiting), at=clock.now()):
        kept += _keep(waiting.get(ruling.plea_id), ruling, by)
    return kept


@transaction.atomic
def _keep(remedy_id: int | None, ruling: hira.Ruling, by: Actor) -> int:
    remedy = (
        Remedy.objects.select_for_update(of=("self",))
        .select_related("claim")
        .filter(pk=remedy_id, status=Remedy.Status.FILED)
        .first()
    )
    if remedy is None or ruling.regained > remedy.asked_won:
        return 0
    remedy.status, remedy.regained_won, remedy.ruled_on = ruling.status, ruling.regained, ruling.on
    Claim.objects.filter(pk=remedy.claim_id).update(decided_won=F("decided_won") + ruling.regained)
    remedy.save(update_fields=["status", "regained_won", "ruled_on"])
    facts = {"remedy_id": remedy.pk, "claim_id": remedy.claim_id, "status": remedy.status, "won": remedy.regained_won}
    outbox.record("remedy.ruled", facts, by=by, subject=("claim", remedy.claim.public_id))
    notices.tell("remedy.ruled", {"claim": remedy.claim.claim_no, "won": remedy.regained_won}, key=remedy.pk, url=f"/claims/remedies/{remedy.public_id}")  # fmt: skip
    return 1


def rank_anew(on: date) -> int:
    """Every morning: what may be regained for each day that is left."""
    rows = list(Remedy.objects.filter(status__in=OPEN))
    for row in rows:
        row.rank = remedies.rank(row.asked_won, row.chance, (row.due_on - on).days)
    Remedy.objects.bulk_update(rows, ["rank"], batch_size=500)
    return len(rows)


def _note(name: str, remedy: Remedy, by: Actor, reason: str = "") -> None:
    audit.note(name, by=by, subject_type="claim", subject_id=remedy.claim.public_id, reason=reason,
               detail={"kind": remedy.kind, "won": remedy.asked_won})  # fmt: skip
