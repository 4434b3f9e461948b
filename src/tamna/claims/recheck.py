"""Stored statements checked again in bulk (일괄 재점검): under the rules of any day, or with rules that are still tried out.

What is found is kept beside the run; the statements and their own findings stay as they are. A run goes through the patients
in order, a few thousand statements a transaction; stopped anywhere, it goes on after the last one. `Recheck.done` of `total`
tells how far it is. Rules that compare with other patients follow at the end, a quarter of a year at a time (`claims.peers`).
"""

import time
from collections.abc import Iterable
from datetime import date
from typing import Any

import polars as pl
from django.db import connection, transaction
from django.db.models import Count, QuerySet

from tamna.claims import archive, peers
from tamna.claims.models import Claim, Recheck, RecheckFinding
from tamna.core import audit, clock
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.engines.claimcheck import RuleError

CHUNK = 5_000  # statements a transaction; a patient's stay together
ACTIVE = (Recheck.State.WAITING, Recheck.State.RUNNING)
COLUMNS = ("key", "rule_id", "over", "at", "line_no", "severity", "won_at_risk", "hidden")


@transaction.atomic
def start(
    *,
    key: str,
    by: Actor,
    rules_on: date | None = None,
    own_rules: str = "",
    only: Iterable[str] = (),
    first_on: date | None = None,
    last_on: date | None = None,
    department_id: int | None = None,
    most: int | None = None,
) -> Recheck:
    """A run over the statements whose first visit lies in the period; the whole archive without one.

    The same key again is the same run. `most`: patients are taken in order until there are so many statements.
    Raises claims.bad_rules.
    """
    known = Recheck.objects.filter(key=key).first()
    if known is not None:
        return known
    chosen = sorted(set(only))
    try:
        checker = archive.checker(rules_on, own_rules, chosen)
    except RuleError as error:
        raise DomainError("claims.bad_rules", why=str(error)) from error
    later = set() if most else set(peers.rules_of(checker))
    lacking = {key: why for key, why in checker.not_evaluated.items() if key.partition("#")[0] not in later}
    run, is_new = Recheck.objects.get_or_create(
        key=key,
        defaults={
            "rules_on": rules_on, "own_rules": own_rules, "only": chosen, "first_on": first_on, "last_on": last_on,
            "department_id": department_id, "most": most, "total": 0, "not_evaluated": lacking, "made_by": by.name,
            "made_at": clock.now(),
        },
    )  # fmt: skip
    if is_new:
        run.total = min(_statements(run).count(), most or 2**31 - 1)
        run.save(update_fields=["total"])
        audit.note("recheck.started", by=by, subject_type="recheck", subject_id=run.public_id,
                   detail={"statements": run.total, "rules_on": str(rules_on or ""), "only": chosen})  # fmt: skip
        _defer(run)
    return run


def _defer(run: Recheck) -> None:
    from tamna.claims.tasks import recheck_claims

    recheck_claims.defer(recheck_id=run.pk)


@transaction.atomic
def stop(*, recheck_id: int, by: Actor) -> Recheck:
    """End a run after its present chunk; what it found stays. Nothing happens to one that has ended."""
    run = Recheck.objects.select_for_update().get(pk=recheck_id)
    if run.state in ACTIVE:
        run.state, run.finished_at = Recheck.State.STOPPED, clock.now()
        run.save(update_fields=["state", "finished_at"])
        audit.note("recheck.stopped", by=by, subject_type="recheck", subject_id=run.public_id)
    return run


@transaction.atomic
def go_on(*, recheck_id: int, by: Actor) -> Recheck:
    """Take a stopped run up again where it stopped."""
    run = Recheck.objects.select_for_update().get(pk=recheck_id)
    if run.state == Recheck.State.STOPPED:
        run.state, run.finished_at = Recheck.State.WAITING, None
        run.save(update_fields=["state", "finished_at"])
        audit.note("recheck.resumed", by=by, subject_type="recheck", subject_id=run.public_id)
        _defer(run)
    return run


def work(recheck_id: int, *, chunk: int = CHUNK) -> Recheck:
    """Every chunk that is left. Two workers on one run take turns at the same cursor and repeat nothing."""
    while True:
        run = _one_chunk(recheck_id, chunk)
        if run.state not in ACTIVE:
            return run


@transaction.atomic
def _one_chunk(recheck_id: int, chunk: int) -> Recheck:
    began = time.perf_counter()
    run = Recheck.objects.select_for_update().get(pk=recheck_id)
    if run.state not in ACTIVE:
        return run
    ids, last = _next(run, chunk)
    if ids:
        checker = archive.checker(run.rules_on, run.own_rules, run.only)
        _counted(run, checker.findings(ids, days=bool(run.most)).select(COLUMNS))
        run.done += len(ids)
        run.total = max(run.total, run.done)  # statements may have been made since the run began
        run.after_patient, run.state = last, Recheck.State.RUNNING
    if (run.most and run.done >= run.most) or (not ids and not _quarter(run)):
        run.total = run.done
        run.state, run.finished_at = Recheck.State.DONE, clock.now()
    run.seconds += time.perf_counter() - began
    run.save()
    return run


def _counted(run: Recheck, found: pl.DataFrame) -> None:
    """Keep what a chunk found and count it."""
    shown = found.filter(~found["hidden"])
    known = run.rows.filter(claim__in=shown["key"].unique().to_list(), is_hidden=False)
    before = set(known.values_list("claim_id", flat=True))
    _kept(run, found.iter_rows())
    run.found += len(set(shown["key"]) - before)
    each = shown.group_by("rule_id", "severity").agg(pl.len(), pl.col("key").n_unique(), pl.col("won_at_risk").sum())
    for rule_id, severity, *more in each.iter_rows():  # chunks and quarters share no statement, so their counts add up
        was = run.sums.get(f"{rule_id}:{severity}", (0, 0, 0))
        run.sums[f"{rule_id}:{severity}"] = [int(one) + int(other) for one, other in zip(was, more, strict=True)]
    run.findings += len(shown)
    run.risk_won += int(shown.filter(shown["severity"] != "warn")["won_at_risk"].sum())


def _quarter(run: Recheck) -> bool:
    """The next quarter under the rules that compare with other patients; false where none is left."""
    checker = archive.checker(run.rules_on, run.own_rules, run.only)
    names = [] if run.most else peers.rules_of(checker)
    quarter = peers.next_quarter(_statements(run), run.peers_after) if names else None
    if quarter is None:
        return False
    rules = archive.checker(run.rules_on, run.own_rules, names).rules
    run.peers_after, run.state = quarter, Recheck.State.RUNNING
    _counted(run, peers.findings(_statements(run), quarter, rules).select(COLUMNS))
    return True


def _statements(run: Recheck) -> QuerySet[Claim]:
    rows = Claim.objects.exclude(status=Claim.Status.WITHDRAWN)
    if run.first_on:
        rows = rows.filter(first_visit_on__gte=run.first_on)
    if run.last_on:
        rows = rows.filter(first_visit_on__lte=run.last_on)
    return rows.filter(department_id=run.department_id) if run.department_id else rows


def _next(run: Recheck, chunk: int) -> tuple[list[int], int]:
    """Statements of the next patients, about `chunk` of them, and the last of these patients."""
    rows = _statements(run).filter(encounter__patient_id__gt=run.after_patient)
    each = rows.values("encounter__patient_id").annotate(count=Count("id")).order_by("encounter__patient_id")
    left = min(chunk, run.most - run.done) if run.most else chunk
    last = sum_of = 0
    for patient, count in each.values_list("encounter__patient_id", "count")[:left]:
        last, sum_of = patient, sum_of + count
        if sum_of >= left:
            break
    if not last:
        return [], last
    ids = list(rows.filter(encounter__patient_id__lte=last).order_by("id").values_list("id", flat=True))
    return (ids[:left] if run.most else ids), last


def _kept(run: Recheck, rows: Iterable[tuple[Any, ...]]) -> None:
    """The findings of a chunk, by COPY."""
    columns = "recheck_id, claim_id, rule_id, over, at, line_no, severity, won_at_risk, is_hidden"
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {RecheckFinding._meta.db_table} ({columns}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row((run.pk, *row))


def by_rule(run: Recheck) -> list[dict[str, Any]]:
    """Rule → findings, statements and won at risk of a run, most won first. No query: the chunks have summed it up."""
    rows = [
        {
            "rule_id": key.partition(":")[0],
            "severity": key.partition(":")[2],
            "findings": findings,
            "claims": claims,
            "won": won,
        }
        for key, (findings, claims, won) in run.sums.items()
    ]
    return sorted(rows, key=lambda row: (-row["won"], row["rule_id"]))
