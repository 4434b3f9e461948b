"""Keeping the fee master (수가 마스터 반영): files in, dated rows kept, nothing overwritten; and asking what is in force.

A line whose code and first day are new is added; the same line again changes nothing; a line that only says when a known
one ends, ends it; a line that contradicts a known one is refused, for bills stand on it. Batches commit with the count
of lines read, so a killed run goes on after the last kept batch. Raises billing.fees_unreadable.
"""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from tamna.billing.models import FeeImport, FeeItem
from tamna.core import audit, notices, outbox, sheet
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.home import folder
from tamna.engines import tariff
from tamna.engines.tariff.master_file import COLUMNS, NEEDED, BadLine, read_line

BATCH = 500
KEPT_REFUSALS = 1000
LARGEST_FILE = 128 << 20
Row = tuple[int, dict[str, str]]


class StoredMaster:
    """The hospital's own master, one indexed question a code."""

    name = "imported"

    def at(self, code: str, on: date) -> tariff.FeeItem:
        """The item in force on the day of service. Raises UnknownCode."""
        rows = FeeItem.objects.filter(code=code, valid_from__lte=on).order_by("-valid_from")
        fields = rows.values_list("fields", flat=True)[:2]
        for row in fields:
            item = tariff.FeeItem.of(row)
            if item.last_on is None or on <= item.last_on:
                return item
        raise tariff.UnknownCode(code, on)

    def in_force(self, on: date) -> list[tariff.FeeItem]:
        """Every item in force on a day, the newest version of each code. One question for all."""
        rows = FeeItem.objects.filter(valid_from__lte=on).order_by("code", "-valid_from").distinct("code")
        items = [tariff.FeeItem.of(row) for row in rows.values_list("fields", flat=True).iterator(chunk_size=5000)]
        return [item for item in items if item.last_on is None or on <= item.last_on]

    def find(self, words: str, on: date, limit: int) -> list[tariff.FeeItem]:
        """Items in force whose code begins with the words or whose name holds them, by code."""
        fits = Q(code__startswith=words.upper()) | Q(name_ko__icontains=words) | Q(name_en__icontains=words)
        rows = FeeItem.objects.filter(fits, valid_from__lte=on).exclude(valid_to__lt=on).order_by("code", "-valid_from")
        return [tariff.FeeItem.of(row) for row in rows.distinct("code").values_list("fields", flat=True)[:limit]]

    def __contains__(self, code: str) -> bool:
        return FeeItem.objects.filter(code=code).exists()


def in_force(rows: QuerySet[FeeItem], on: date) -> QuerySet[FeeItem]:
    """Those in force on a day: begun, not ended, and no newer line of the code has begun."""
    newer = FeeItem.objects.filter(code=OuterRef("code"), valid_from__gt=OuterRef("valid_from"), valid_from__lte=on)
    return rows.filter(Q(valid_to=None) | Q(valid_to__gte=on), ~Exists(newer), valid_from__lte=on)


def has_own_master() -> bool:
    return FeeItem.objects.exists()


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def keep_upload(chunks: Iterator[bytes], name: str, *, by: Actor) -> FeeImport:
    """Keep an uploaded file under the data folder and its row; the job then reads it. Raises billing.fees_unreadable."""
    part = folder("imports", private=True) / f".{timezone.now():%Y%m%d%H%M%S%f}.part"
    size = 0
    try:
        with part.open("wb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > LARGEST_FILE:
                    raise DomainError("billing.fees_unreadable", why=f"over {LARGEST_FILE >> 20} MiB")
                file.write(chunk)
        digest = digest_of(part)
        row, _ = FeeImport.objects.get_or_create(digest=digest, defaults={"name": name[:120], "made_by": by.name})
        part.replace(kept_path(digest))
    finally:
        part.unlink(missing_ok=True)
    return row


def kept_path(digest: str) -> Path:
    return folder("imports", private=True) / f"{digest}.csv"


def take(path: Path, name: str, *, by: Actor) -> FeeImport:
    """Read a file to its end, from where an earlier run of the same file stopped."""
    digest = digest_of(path)
    run, _ = FeeImport.objects.get_or_create(digest=digest, defaults={"name": name[:120], "made_by": by.name})
    if run.finished_at:
        return run
    try:
        with path.open("rb") as file:
            lines = sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
            FeeImport.objects.filter(pk=run.pk).update(rows=lines, failed="")
            file.seek(0)
            with closing(sheet.rows(file, COLUMNS, needed=NEEDED)) as rows:
                for _ in islice(rows, run.read):
                    pass
                while batch := list(islice(rows, BATCH)):
                    run = _take_batch(run.pk, run.read, batch)
    except sheet.Unreadable as unreadable:
        FeeImport.objects.filter(pk=run.pk).update(failed=str(unreadable)[:200])
        raise DomainError("billing.fees_unreadable", why=unreadable.message) from unreadable
    return _finish(run.pk, by)


@transaction.atomic
def _take_batch(run_id: int, start: int, batch: list[Row]) -> FeeImport:
    """One batch, and how far the file is read, in one transaction."""
    run = FeeImport.objects.select_for_update().get(pk=run_id)
    if run.read != start:
        raise DomainError("billing.fees_busy")
    good: list[tuple[int, dict[str, str]]] = []
    for line, row in batch:
        try:
            good.append((line, read_line(row)))
        except BadLine as bad:
            _refuse(run, line, row.get("code", ""), bad.field, bad.code, bad.message)
    known = {
        (item.code, item.valid_from.isoformat()): item
        for item in FeeItem.objects.filter(code__in={row["code"] for _, row in good})
    }
    fresh: list[FeeItem] = []
    for line, row in good:
        item = known.get((row["code"], row["valid_from"]))
        if item is None:
            item = FeeItem(code=row["code"], valid_from=row["valid_from"], valid_to=row["valid_to"] or None, name_ko=row["name_ko"],
                           name_en=row["name_en"], fields=row, mark=row["mark"])  # fmt: skip
            known[row["code"], row["valid_from"]] = item
            fresh.append(item)
            run.added += 1
        elif item.fields == row:
            run.same += 1
        elif {**item.fields, "valid_to": ""} == {**row, "valid_to": ""} and not item.fields["valid_to"]:
            item.fields, item.valid_to = row, row["valid_to"]
            if item.pk:
                item.save(update_fields=["fields", "valid_to"])
            run.ended += 1
        else:
            differing = next(name for name in row if row[name] != item.fields.get(name, ""))
            _refuse(run, line, row["code"], differing, "differs", "this code has another value from the same day on")
    FeeItem.objects.bulk_create(fresh)
    run.read += len(batch)
    run.save()
    return run


def _refuse(run: FeeImport, line: int, code: str, field: str, key: str, message: str) -> None:
    run.refused += 1
    if len(run.refusals) < KEPT_REFUSALS:
        run.refusals.append({"row": line, "code": code[:20], "field": field, "key": key, "message": message})


@transaction.atomic
def _finish(run_id: int, by: Actor) -> FeeImport:
    run = FeeImport.objects.select_for_update().get(pk=run_id)
    if run.finished_at is None:
        run.finished_at, run.rows = timezone.now(), run.read
        run.save(update_fields=["finished_at", "rows"])
        counts = {"read": run.read, "added": run.added, "refused": run.refused}
        audit.note("fees.imported", by=by, subject_type="fee_import", subject_id=run.pk, detail=counts)
        outbox.record("fees.imported", {"import_id": run.pk, **counts}, by=by)
    return run


def bill_waiting(*, by: Actor, days: int = 120) -> int:
    """Bill the visits that ended while there was no master (수가 마스터 반영 전 진료분)."""
    from tamna.billing import services
    from tamna.core import clock
    from tamna.reception.models import Encounter

    first = clock.today() - timedelta(days=days)
    waiting = Encounter.objects.filter(
        status=Encounter.Status.FINISHED, business_on__gte=first, invoices=None, claims=None
    ).order_by("pk")
    billed, missing = 0, 0
    for encounter in waiting.select_related("department", "patient"):
        try:
            with transaction.atomic():
                billed += services.bill_visit(encounter, by=by)
        except DomainError:  # a code that the new master does not hold
            missing += 1
    if missing:
        notices.tell("visits.unbilled", {"count": missing}, key=f"{clock.today()}:{missing}", url="/billing/fees")
    return billed


def report(run: FeeImport) -> dict[str, Any]:
    """What became of a file, for the shell and the screen."""
    return {"file": run.name, "read": run.read, "added": run.added, "ended": run.ended, "same": run.same, "refused": run.refused,
            "finished": run.finished_at is not None, "failed": run.failed}  # fmt: skip
