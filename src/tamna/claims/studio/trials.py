"""A wording tried on the archive (규칙 시험): newest months first, figures while it runs, the agency's answers beside it.

The rule is judged as if it had always held. A statement's end is the agency's first answer to it: what was sent was judged, not
what was corrected later.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import polars as pl
import structlog
from django.db import connection, transaction
from django.db.models import Count

from tamna.claims import archive
from tamna.claims.models import Claim
from tamna.claims.studio import ruleset
from tamna.claims.studio.models import RuleTrial
from tamna.core import clock, notices, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError, without_data
from tamna.engines.claimcheck import Rule, RuleError
from tamna.engines.claimcheck.frames import FramesCheck
from tamna.engines.claimcheck.trial import Tally, compared

log = structlog.get_logger()
AT_A_TIME = 20_000
TELL_S = 0.5  # a running trial shows new figures this often
ENDS = """
    SELECT c.id AS key, c.claim_no, d.code AS department, c.care_month AS month,
           coalesce(r.status, 'waiting') AS ended,
           CASE WHEN r.status = 'adjusted' THEN r.requested_won - r.decided_won ELSE 0 END AS cut_won, r.reason_code, r.lines
    FROM claims_claim c JOIN core_department d ON d.id = c.department_id
    LEFT JOIN LATERAL (SELECT * FROM claims_claimresponse r WHERE r.claim_id = c.id AND r.kind = 'result' ORDER BY r.id LIMIT 1) r ON true
    WHERE c.id = ANY(%s)"""


def start(
    *, text: str, by: Actor, label: str, other_text: str = "", other_label: str = "", first_month: str = ""
) -> RuleTrial:
    """Ask for a trial of one wording, or of two (시험 시작). Raises claims.rule_file, claims.trial_no_archive."""
    from tamna.claims.studio.tasks import try_rule

    try:
        rule = ruleset.parsed(text)
        if other_text:
            ruleset.parsed(other_text)
    except RuleError as error:
        raise DomainError("claims.rule_file") from error
    with transaction.atomic():
        total = _months(first_month).aggregate(count=Count("id"))["count"]
        if not total:
            raise DomainError("claims.trial_no_archive")
        trial = RuleTrial.objects.create(
            rule_id=rule.id, text=text, other_text=other_text, labels=[label, other_label] if other_text else [label], first_month=first_month,
            total=total, asked_by_id=by.user_id, asked_at=clock.now(),
        )  # fmt: skip
        try_rule.defer(trial_id=trial.pk)
    return trial


def _months(first_month: str) -> Any:
    rows = Claim.objects.all()
    return rows.filter(care_month__gte=first_month) if first_month else rows


def stop(trial: RuleTrial) -> None:
    """Let it end with what it found so far."""
    RuleTrial.objects.filter(pk=trial.pk, state__in=("waiting", "running")).update(state=RuleTrial.State.STOPPED)
    outbox.notify("rule.tried", {"trial_id": trial.pk})


def run(trial_id: int) -> None:
    """Try it, keeping figures as they grow. A trial that was begun by a killed worker begins anew."""
    trial = RuleTrial.objects.get(pk=trial_id)
    if trial.state in (RuleTrial.State.DONE, RuleTrial.State.STOPPED):
        return
    began = told = time.perf_counter()
    tries = [_Try(text) for text in filter(None, (trial.text, trial.other_text))]
    try:
        done = 0
        for ids in _parts(trial.first_month, whole=any(one.rule.across_claims for one in tries)):
            tables = archive.frames(ids)
            claims = _ends(ids, tables["claims"])
            for one in tries:
                one.add(tables, claims)
            done += len(ids)
            if time.perf_counter() - told >= TELL_S:
                told = time.perf_counter()
                if not _keep(trial, tries, done, told - began):
                    return
        _keep(trial, tries, done, time.perf_counter() - began, state=RuleTrial.State.DONE)
    except Exception as error:  # the edge of the job: the person who waits is told
        log.exception("rule.trial_failed", trial_id=trial_id)
        RuleTrial.objects.filter(pk=trial_id).update(state=RuleTrial.State.FAILED, failure=without_data(error)[:200])
        outbox.notify("rule.tried", {"trial_id": trial_id})
        return
    found = trial.result["a"]["found"]
    notices.tell("rule.tried", {"rule": trial.rule_id, "found": found}, key=trial.pk, people=[trial.asked_by_id],
                 url=f"/claims/rules/trials/{trial.public_id}")  # fmt: skip


class _Try:
    """One wording and what it found."""

    def __init__(self, text: str) -> None:
        self.rule: Rule = ruleset.parsed(text)
        checker = archive.Checker(archive.checker().rules.of([self.rule]))
        self.peers, self.rules = checker.peers, checker.rules
        self.check = FramesCheck(self.rules)
        self.tally = Tally(reason=self.rule.reason)
        self.lacks = checker.not_evaluated.get(self.rule.key, "")

    def add(self, tables: dict[str, pl.DataFrame], claims: pl.DataFrame) -> None:
        found = self.check.check(tables, archive.columns(), peers=self.peers)
        self.tally.add(claims, found)


def _keep(
    trial: RuleTrial, tries: Sequence[_Try], done: int, seconds: float, state: str = RuleTrial.State.RUNNING
) -> bool:
    """Write what is known so far; false where somebody stopped it."""
    figures: dict[str, Any] = {
        name: one.tally.figures() | {"lacks": one.lacks} for name, one in zip("ab", tries, strict=False)
    }
    if len(tries) == 2:
        figures["compared"] = compared(tries[0].tally, tries[1].tally)
    trial.result, trial.done, trial.state, trial.seconds = figures, done, state, seconds
    kept = RuleTrial.objects.filter(pk=trial.pk).exclude(state=RuleTrial.State.STOPPED)
    went = kept.update(result=figures, done=done, total=max(trial.total, done), state=state, seconds=seconds)
    outbox.notify("rule.tried", {"trial_id": trial.pk})
    return bool(went)


def _parts(first_month: str, *, whole: bool) -> Iterator[list[int]]:
    """Keys of the archive, newest first; a rule over several claims of a patient gets all of them at once."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM claims_claim WHERE care_month >= %s ORDER BY care_month DESC, id DESC", [first_month]
        )
        ids = [key for (key,) in cursor.fetchall()]
    if whole:
        yield sorted(ids)
        return
    for start_at in range(0, len(ids), AT_A_TIME):
        yield sorted(ids[start_at : start_at + AT_A_TIME])


def _ends(ids: Sequence[int], claims: pl.DataFrame) -> pl.DataFrame:
    """What became of these claims, in the place the frames give them."""
    with connection.cursor() as cursor:
        cursor.execute(ENDS, [list(ids)])
        rows = cursor.fetchall()
    reasons = [[code] * bool(code) + [cut.get("reason", "") for cut in (lines or ())] for *_, code, lines in rows]
    told = pl.DataFrame(
        {
            "key": pl.Series([row[0] for row in rows], dtype=pl.Int64()),
            "claim_id": pl.Series([row[1] for row in rows], dtype=pl.String()),
            "department": pl.Series([row[2] for row in rows], dtype=pl.String()),
            "month": pl.Series([row[3] for row in rows], dtype=pl.String()),
            "ended": pl.Series([row[4] for row in rows], dtype=pl.String()),
            "cut_won": pl.Series([row[5] for row in rows], dtype=pl.Int64()),
            "reasons": pl.Series(reasons, dtype=pl.List(pl.String())),
        }
    )
    return claims.select("claim", "key").join(told, on="key", how="inner").drop("key")


def recent_first_month(months: int) -> str:
    """The month of care so many months ago; empty for the whole archive."""
    return f"{clock.today().replace(day=1) - timedelta(days=31 * (months - 1)):%Y%m}" if months else ""
