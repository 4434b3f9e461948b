"""A wording tried on the archive (규칙 시험): newest months first, figures while it runs, the agency's answers beside it.

The rule is judged as if it had always held. A statement's end is the agency's first answer to it: what was sent was judged, not
what was corrected later.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl
import structlog
from django.db import connection, transaction
from django.db.models import Count

from tamna.claims import archive
from tamna.claims.models import Claim
from tamna.claims.studio import ruleset
from tamna.claims.studio.models import RuleTrial
from tamna.claims.studio.narrow import candidates
from tamna.core import clock, notices, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError, without_data
from tamna.engines.claimcheck import Rule, RuleError, RuleSet
from tamna.engines.claimcheck.frames import FramesCheck
from tamna.engines.claimcheck.syntax import Call, Listed, Name
from tamna.engines.claimcheck.trial import HIT, WHOLE, Tally, compared

log = structlog.get_logger()
AT_A_TIME = 20_000
TELL_S = 0.5  # a running trial shows new figures this often
FIRST_ANSWER = """FROM claims_claim c JOIN core_department d ON d.id = c.department_id
    LEFT JOIN LATERAL (SELECT status, requested_won, decided_won, reason_code, lines FROM claims_claimresponse r
                       WHERE r.claim_id = c.id AND r.kind = 'result' ORDER BY r.id LIMIT 1) r ON true
    WHERE c.id = ANY(%(ids)s)"""
FORESEEN = (
    "(r.reason_code = %(reason)s OR r.lines @> jsonb_build_array(jsonb_build_object('reason', %(reason)s::text)))"
)
WHOLE_OF = f"""SELECT d.code, c.care_month, coalesce(r.status, 'waiting'), count(*), count(*) FILTER (WHERE {FORESEEN})
    {FIRST_ANSWER} GROUP BY 1, 2, 3"""
ENDS_OF = f"""SELECT c.id AS key, c.claim_no AS claim_id, d.code AS department, c.care_month AS month, coalesce(r.status, 'waiting') AS ended,
    CASE WHEN r.status = 'adjusted' THEN r.requested_won - r.decided_won ELSE 0 END AS cut_won, coalesce({FORESEEN}, false) AS foreseen
    {FIRST_ANSWER}"""


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
        done, wanted, can_be = 0, _asked(tries), _candidates(tries)
        for ids in _parts(trial.first_month, whole=any(one.rule.across_claims for one in tries)):
            some = ids if can_be is None else [key for key in ids if key in can_be]
            tables = archive.frames(some, wanted) if some else None
            for one in tries:
                one.add(ids, tables)
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

    def add(self, ids: Sequence[int], tables: dict[str, pl.DataFrame] | None) -> None:
        """A part of the archive; `tables` hold those of its claims that can be found."""
        with connection.cursor() as cursor:
            cursor.execute(WHOLE_OF, {"ids": list(ids), "reason": self.rule.reason})
            whole = pl.DataFrame(cursor.fetchall(), schema=WHOLE, orient="row")
        if tables is None:
            self.tally.add(whole, pl.DataFrame(schema=HIT))
            return
        found = self.check.check(tables, archive.columns(), peers=self.peers)
        self.tally.add(whole, _hit(found, tables["claims"], self.rule.reason))


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


def _hit(found: pl.DataFrame, claims: pl.DataFrame, reason: str) -> pl.DataFrame:
    """One row a found claim, with what became of it."""
    if found.is_empty():
        return pl.DataFrame(schema=HIT)
    sums = found.group_by("claim").agg(findings=pl.len(), won=pl.col("won_at_risk").sum())
    sums = sums.join(claims.select("claim", "key"), on="claim", how="left")
    kinds = {"key": pl.Int64(), **{name: kind for name, kind in HIT.items() if name not in ("findings", "won")}}
    ends = archive.read_packed(ENDS_OF, {"ids": sums["key"].to_list(), "reason": reason}, kinds)
    return sums.join(ends, on="key").select(list(HIT)).cast(dict(HIT))  # type: ignore[arg-type]


def recent_first_month(months: int) -> str:
    """The first of so many months of care, this one with them (202609 in November for three)."""
    years, month = divmod(clock.today().year * 12 + clock.today().month - months, 12)
    return f"{years}{month + 1:02}"


def _candidates(tries: Sequence[_Try]) -> set[int] | None:
    """Claims that some of them can find."""
    found: set[int] = set()
    for one in tries:
        own = candidates(one.rule)
        if own is None:
            return None
        found |= own
    return found


def _asked(tries: Sequence[_Try]) -> dict[str, set[str]] | None:
    """What all of them read."""
    found: dict[str, set[str]] = {}
    for one in tries:
        asked = columns_asked(one.rules)
        if asked is None:
            return None
        for scope, names in asked.items():
            found.setdefault(scope, set()).update(names)
    return found


ALWAYS = {"claims": {"claim_id", "first_visit_on", "claim_on", "birth_date", "total_amount"},
          "lines": {"line_no", "code", "service_on", "amount"}, "diagnoses": {"code", "kind"}, "orders": {"code", "done_on"}}  # fmt: skip
IN_COMPANY = {"quantity", "days", "amount", "code", "line_no", "onset_on", "seq"}  # what windows and pairs read


def columns_asked(rules: RuleSet) -> dict[str, set[str]] | None:
    """The columns these rules read, by table; tables they do not look at are not named. None: all of everything."""
    names: set[str] = set()
    scopes = {"claims"}
    for node in rules.nodes():
        match node:
            case Name(name):
                names.add(name.rpartition(".")[2])
                scopes |= {rules.derived[name].over} if name in rules.derived else set()
            case Call("engine"):
                return None
            case Call("has_note"):
                scopes.add("lines")
                names |= {"note_code", "note_text", "line_no"}
            case Call("code_present") | Listed(rows="line"):
                scopes.add("lines")
            case Call("has_code_prefix") | Listed(rows="diagnosis"):
                scopes.add("diagnoses")
            case Call("orders_without_line"):
                scopes |= {"orders", "lines"}
    for rule in rules.rules:
        scopes.add("lines" if rule.over == "notes" else rule.over)
        names |= {"note_code", "note_text"} if rule.over == "notes" else set()
        names |= IN_COMPANY if rule.per else set()
    known = archive.columns()
    return {scope: (ALWAYS[scope] | names) & known[scope] for scope in scopes if scope in known}
