"""Prices history anew (재산정): begin a run, go through it month by month, stop it. Only the run's own sums are written.

A line keeps its day and hour, its quantity, its patient's age and its payer, so add-ons are those of its day; what is tried is
the price: the tried file's line of the code, else the hospital's master of `fees_on`, and points times the tried factor. A code
that neither knows stays as it was claimed and is counted apart; so are lines that were claimed at another price than the master
of their own day gives, because their difference is not the fees' alone.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any, BinaryIO

import polars as pl
import structlog
from django.db import transaction
from django.db.models import F, QuerySet

from tamna.billing import rating
from tamna.claims import archive
from tamna.claims.models import Claim
from tamna.core import audit, clock, sheet
from tamna.core.actor import Actor
from tamna.core.errors import DomainError, without_data
from tamna.engines import tariff
from tamna.engines.tariff.master_file import COLUMNS, NEEDED, BadLine, read_line
from tamna.engines.tariff.price import CHILD_CLASSES, factor_on
from tamna.insight.repricing.models import RepricedCell, Repricing
from tamna.params import Fact

log = structlog.get_logger()
ACTIVE = (Repricing.State.WAITING, Repricing.State.RUNNING)
MOST_LINES, MOST_REFUSED = 50_000, 200
LINES = """SELECT d.code AS department, l.item_class, l.code, l.quantity::float8 AS quantity, l.days, l.amount_won, c.payer,
    to_char(l.service_at AT TIME ZONE 'Asia/Seoul', 'YYYY-MM-DD HH24') AS hour,
    CASE WHEN l.item_class = ANY(%(aged)s) THEN p.birth_on::text END AS born, count(*) AS lines
FROM claims_claimline l JOIN claims_claim c ON c.id = l.claim_id JOIN core_department d ON d.id = c.department_id
    JOIN reception_encounter e ON e.id = c.encounter_id JOIN patients_patient p ON p.id = e.patient_id
WHERE c.care_month = %(month)s AND c.status NOT IN ('withdrawn', 'corrected')
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9"""
TYPES: dict[str, Any] = {
    "department": pl.String(), "item_class": pl.String(), "code": pl.String(), "quantity": pl.Float64(), "days": pl.Int64(), "amount_won": pl.Int64(),
    "payer": pl.String(), "hour": pl.String(), "born": pl.String(), "lines": pl.Int64(),
}  # fmt: skip


def read_fees(file: BinaryIO) -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
    """Lines of a tried fee file, and those that cannot be read. Nothing is kept of it in the master. Raises insight.fees_unreadable."""
    good: list[dict[str, str]] = []
    refused: list[dict[str, Any]] = []
    try:
        for number, row in sheet.rows(file, COLUMNS, needed=NEEDED):
            try:
                good.append(read_line(row))
            except BadLine as bad:
                refused.append({"row": number, "code": row.get("code", "")[:20], "why": bad.message})
            if len(good) > MOST_LINES:
                raise DomainError("insight.fees_too_many", most=MOST_LINES)
    except sheet.Unreadable as unreadable:
        raise DomainError("insight.fees_unreadable", why=unreadable.message) from unreadable
    return good, refused[:MOST_REFUSED]


def read_factor(text: str) -> Decimal | None:
    """A conversion factor as written, won a point; none where nothing is written. Raises insight.bad_factor."""
    if not text.strip():
        return None
    try:
        factor = Decimal(text.strip().replace(",", ""))
    except InvalidOperation as error:
        raise DomainError("insight.bad_factor") from error
    if not Decimal(1) <= factor <= Decimal(1000):
        raise DomainError("insight.bad_factor")
    return factor


@transaction.atomic
def start(
    *, key: str, by: Actor, first: date, last: date, fees_on: date, factor: Decimal | None = None, fees: list[dict[str, str]] | None = None,
    refused: list[dict[str, Any]] | None = None, file_name: str = "",
) -> Repricing:  # fmt: skip
    """A run over months of care; the same key again is the same run. Raises insight.nothing_to_price, billing.no_fee_master."""
    from tamna.insight.repricing.tasks import reprice

    known = Repricing.objects.filter(key=key).first()
    if known is not None:
        return known
    rating.master()
    months = _months(f"{first:%Y%m}", f"{last:%Y%m}").count()
    if not months:
        raise DomainError("insight.nothing_to_price")
    run = Repricing.objects.create(
        key=key, first_month=f"{first:%Y%m}", last_month=f"{last:%Y%m}", fees_on=fees_on, factor_won=factor, fees=fees or [],
        refused=refused or [], file_name=file_name[:120], total=months, made_by=by.name, made_at=clock.now(),
    )  # fmt: skip
    audit.note("repricing.started", by=by, subject_type="repricing", subject_id=run.public_id,
               detail={"first": run.first_month, "last": run.last_month, "fees": len(run.fees), "factor": str(factor or "")})  # fmt: skip
    reprice.defer(run_id=run.pk)
    return run


def _months(first: str, last: str) -> QuerySet[Claim, str]:
    months = Claim.objects.filter(care_month__range=(first, last)).exclude(status__in=("withdrawn", "corrected"))
    return months.values_list("care_month", flat=True).distinct().order_by("care_month")


@transaction.atomic
def stop(*, run_id: int, by: Actor) -> Repricing:
    """End a run after its present month; what it summed stays."""
    run = Repricing.objects.select_for_update().get(pk=run_id)
    if run.state in ACTIVE:
        run.state = Repricing.State.STOPPED
        run.save(update_fields=["state"])
        audit.note("repricing.stopped", by=by, subject_type="repricing", subject_id=run.public_id)
    return run


def work(run_id: int) -> Repricing:
    """Every month that is left; a killed run goes on after its last month."""
    run = Repricing.objects.get(pk=run_id)
    try:
        tried = Tried.of(run)
        while run.state in ACTIVE:
            run = _one_month(run_id, tried)
    except Exception as error:  # the edge of the job: who waits is told
        log.exception("repricing.failed", run_id=run_id)
        Repricing.objects.filter(pk=run_id).update(state=Repricing.State.FAILED, failure=without_data(error)[:200])
        run.refresh_from_db()
    return run


@transaction.atomic
def _one_month(run_id: int, tried: "Tried") -> Repricing:
    began = time.perf_counter()
    run = Repricing.objects.select_for_update().get(pk=run_id)
    if run.state not in ACTIVE:
        return run
    month = _months(run.first_month, run.last_month).filter(care_month__gt=run.after_month).first()
    if month is None:
        run.state = Repricing.State.DONE
    else:
        _add(run, tried.cells(archive.read_packed(LINES, {"month": month, "aged": [*sorted(CHILD_CLASSES)]}, TYPES)))
        run.after_month, run.done, run.state = month, min(run.done + 1, run.total), Repricing.State.RUNNING
    run.seconds += time.perf_counter() - began
    run.save()
    return run


def _add(run: Repricing, cells: Mapping[tuple[str, str], list[int]]) -> None:
    names = ("lines", "before_won", "after_won", "other_lines", "other_won", "kept_lines", "kept_won")
    for (department, item_class), sums in sorted(cells.items()):
        cell, _new = RepricedCell.objects.get_or_create(run=run, department_code=department, item_class=item_class)
        RepricedCell.objects.filter(pk=cell.pk).update(
            **{name: F(name) + value for name, value in zip(names, sums, strict=True)}
        )


@dataclass
class Tried:
    """The fees that are tried, and what they make of a line. Prices that were asked once are kept."""

    fees_on: date
    factor: Fact[Decimal]
    items: Mapping[str, tariff.FeeItem]
    institution: str
    _prices: dict[tuple[Any, ...], tuple[int | None, int | None]] = field(default_factory=dict)
    _known: dict[tuple[str, date], tariff.FeeItem | None] = field(default_factory=dict)

    @classmethod
    def of(cls, run: Repricing) -> "Tried":
        institution = rating.institution()[0]
        factor = (
            Fact(run.factor_won, "tried", "sim", "factor.tried")
            if run.factor_won
            else factor_on(institution, run.fees_on)
        )
        return cls(run.fees_on, factor, {row["code"]: tariff.FeeItem.of(row) for row in run.fees}, institution)

    @cached_property
    def _master(self) -> Any:
        return rating.master()

    def _at(self, code: str, on: date) -> tariff.FeeItem | None:
        if (code, on) not in self._known:
            try:
                self._known[code, on] = self._master.at(code, on)
            except tariff.UnknownCode:
                self._known[code, on] = None
        return self._known[code, on]

    def cells(self, lines: pl.DataFrame) -> dict[tuple[str, str], list[int]]:
        """Sums of a month by department and class: lines, before, after, those at another price, those of unknown codes."""
        found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * 7)
        for department, item_class, code, quantity, days, amount, payer, hour, born, count in lines.iter_rows():
            before, after = self._price(code, quantity, days, payer, hour, born)
            sums, won = found[department, item_class], amount * count
            sums[0] += count
            sums[1] += won
            sums[2] += won if after is None else after * count
            if before != amount:
                sums[3] += count
                sums[4] += won
            if after is None:
                sums[5] += count
                sums[6] += won
        return found

    def _price(
        self, code: str, quantity: float, days: int, payer: str, hour: str, born: str | None
    ) -> tuple[int | None, int | None]:
        """What the master of the line's own day gives, and what the tried fees give; none where a master does not know the code."""
        key = (code, quantity, days, payer, hour, born)
        if key not in self._prices:
            at = datetime.fromisoformat(f"{hour}:00")
            facts = {"quantity": Decimal(str(quantity)), "days": days, "at": at, "payer": payer, "institution": self.institution,
                     "birth_on": date.fromisoformat(born) if born else None}  # fmt: skip
            own, tried = self._at(code, at.date()), self.items.get(code) or self._at(code, self.fees_on)
            before = tariff.price_line(own, **facts).value.amount_won if own else None
            after = tariff.price_line(tried, **facts, factor=self.factor).value.amount_won if tried else None
            self._prices[key] = before, after
        return self._prices[key]


def summed(cells: Iterable[RepricedCell], by: str) -> list[dict[str, Any]]:
    """Cells added up by department or class, the largest effect first."""
    found: dict[str, dict[str, Any]] = {}
    for cell in cells:
        row = found.setdefault(
            getattr(cell, by), {"name": getattr(cell, by), "lines": 0, "before_won": 0, "after_won": 0}
        )
        for name in ("lines", "before_won", "after_won"):
            row[name] += getattr(cell, name)
    return sorted(found.values(), key=lambda row: -abs(row["after_won"] - row["before_won"]))
