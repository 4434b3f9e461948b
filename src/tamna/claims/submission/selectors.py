"""Reads of what is sent and what came back (제출 현황): what would go now, one batch at every step, deadlines. Bounded queries."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from tamna.claims.models import Batch, Claim, ClaimResponse
from tamna.claims.selectors import SENT_TO_HIRA, ready
from tamna.claims.submission.models import BatchEntry, RecordRequest
from tamna.claims.submission.terms import TERMS, lapsing_month
from tamna.core import clock
from tamna.core.format import day, won

NOT_SENT = (Claim.Status.DRAFT, Claim.Status.CHECKED, Claim.Status.APPROVED)


def to_come() -> list[dict[str, Any]]:
    """Batches as they would be made now: insurer kind, setting, month, kind, with count and won. One query."""
    groups = ready().values("insurer_kind", "setting", "care_month", "kind")
    return list(
        groups.annotate(count=Count("id"), won=Sum("insurer_won")).order_by(
            "care_month", "insurer_kind", "setting", "kind"
        )
    )


def incomplete() -> QuerySet[Claim]:
    """Statements that lack something the file needs, for paging by ("first_visit_on", "id")."""
    waiting = Claim.objects.filter(status=Claim.Status.CHECKED, insurer_kind__in=SENT_TO_HIRA).exclude(gaps=[])
    return waiting.select_related("encounter__patient", "department")


@dataclass(frozen=True)
class Sums:
    """What a batch asked for and what came of it, won; each step is of those that reached it."""

    asked: int
    decided: int
    open: int  # no result yet
    cut: int
    back: int  # returned or not reviewable
    paid: int

    @property
    def to_pay(self) -> int:
        return self.decided - self.paid


def sums_of(batch: Batch) -> Sums:
    """Asked = decided + cut + back + without a result. One query."""
    result = Q(kind="result") & ~Q(status="held")
    lost = Q(status__in=["returned", "impossible"])
    found = ClaimResponse.objects.filter(batch=batch).aggregate(
        asked=Sum("requested_won", filter=result), decided=Sum("decided_won", filter=result),
        back=Sum("requested_won", filter=result & lost), paid=Sum("decided_won", filter=Q(kind="payment")),
    )  # fmt: skip
    found = {name: value or 0 for name, value in found.items()}
    cut = found["asked"] - found["decided"] - found["back"]
    return Sums(
        batch.insurer_won, found["decided"], batch.insurer_won - found["asked"], cut, found["back"], found["paid"]
    )


def answers_of(batch: Batch) -> list[dict[str, Any]]:
    """The agency's documents about a batch, oldest first, each with its count and sum. One query."""
    rows = ClaimResponse.objects.filter(batch=batch).values("document_id", "kind", "decided_on")
    return list(
        rows.annotate(
            count=Count("id"), won=Sum("decided_won"), asked=Sum("requested_won"), received_at=Min("received_at"), first=Min("id"),
            back=Count("id", filter=Q(status__in=["returned", "impossible"])), cut=Count("id", filter=Q(status="adjusted")),
            held=Count("id", filter=Q(status="held")), returned=Count("id", filter=Q(status="returned")),
        ).order_by("decided_on", "first")
    )  # fmt: skip


def name_of(document: dict[str, Any]) -> str:
    """What a document is called."""
    if document["kind"] == "payment":
        return _("Notice of payment")
    if document["held"] == document["count"]:
        return _("Request for records")
    return _("Return") if document["returned"] == document["count"] else _("Notice of result")


DOCUMENT_KIND = {"payment": "payment", "request": "request_records"}


def document_of(batch: Batch, document: dict[str, Any]) -> dict[str, Any]:
    """A kept answer as the agency wrote it. Two queries."""
    serials = {entry.claim_id: entry.serial_no for entry in batch.entries.all()}
    due = dict(
        RecordRequest.objects.filter(batch=batch, document_id=document["document_id"]).values_list("claim_id", "due_on")
    )
    rows = [
        {"serial_no": serials[row.claim_id], "status": row.status, "requested": row.requested_won, "decided": row.decided_won,
         "reason": row.reason_code, "text": row.reason_text, "lines": row.lines, "due_on": due.get(row.claim_id)}
        for row in ClaimResponse.objects.filter(batch=batch, document_id=document["document_id"]).order_by("id")
    ]  # fmt: skip
    number = document["document_id"].rpartition(":")[2]
    kind = "return" if document["returned"] == document["count"] else DOCUMENT_KIND.get(document["kind"], "result")
    return {
        "id": int(number) if number.isdigit() else 0, "kind": kind, "batch_no": batch.batch_no, "receipt_no": batch.receipt_no,
        "on": document["decided_on"], "decided_sum": document["won"], "count": len(rows), "statements": rows,
    }  # fmt: skip


def entries_of(batch: Batch) -> QuerySet[BatchEntry]:
    return BatchEntry.objects.filter(batch=batch).select_related("claim__encounter__patient", "claim__department")


def history_of(batch: Batch, documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What happened to a batch, newest first, for the timeline component."""
    return [entry for _at, entry in sorted(_happened(batch, documents), key=lambda row: row[0], reverse=True)]


def _happened(batch: Batch, documents: list[dict[str, Any]]) -> Iterator[tuple[datetime, dict[str, Any]]]:
    def entry(at: datetime, title: str, note: str = "", tone: str = "") -> tuple[datetime, dict[str, Any]]:
        local = at.astimezone(clock.SEOUL)
        return at, {"at": f"{day(local.date())} {local:%H:%M}", "title": title, "note": note, "tone": tone}

    yield entry(batch.made_at, _("Batch made"), _("%(count)s statements") % {"count": batch.statements})
    if batch.received_at:
        yield entry(batch.received_at, _("Agency's receipt"), batch.receipt_no, "green")
    for row in documents:
        note = _("%(count)s statements · %(won)s") % {"count": row["count"], "won": won(row["won"])}
        tone = "amber" if row["back"] or row["cut"] or row["held"] else "green"
        yield entry(row["received_at"], name_of(row), note, tone)


def requests_of(batch: Batch) -> QuerySet[RecordRequest]:
    return RecordRequest.objects.filter(batch=batch).select_related("claim").order_by("due_on", "id")


@dataclass(frozen=True)
class Late:
    """What passes a term if nobody acts: counts and won."""

    lapsing: int
    lapsing_won: int
    impossible: int
    impossible_won: int
    records: int
    records_on: date | None


def late(today: date) -> Late:
    """Statements near the lapse of three years, not reviewable ones that lie, records due within three days. Three queries."""
    old = Claim.objects.filter(status__in=NOT_SENT, care_month__lte=lapsing_month(today)).aggregate(
        n=Count("id"), won=Sum("insurer_won")
    )
    since = today - timedelta(days=TERMS.impossible_days.at(today).value)
    lying = Claim.objects.filter(
        status=Claim.Status.IMPOSSIBLE,
        is_archived=False,
        responses__status="impossible",
        responses__decided_on__lt=since,
    )
    left = lying.aggregate(n=Count("id", distinct=True), won=Sum("insurer_won"))
    asked = RecordRequest.objects.filter(sent_at=None, due_on__lte=today + timedelta(days=3)).aggregate(
        n=Count("id"), on=Min("due_on")
    )
    return Late(old["n"], old["won"] or 0, left["n"], left["won"] or 0, asked["n"], asked["on"])
