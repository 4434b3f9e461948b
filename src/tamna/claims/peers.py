"""Rules that compare with the claims of other patients (동료 비교), judged on the archive a quarter of a year at a time.

What a statement is judged with are all standing statements whose first visit lies in the same quarter, whoever was asked for;
items that usually come together are learnt from the same quarter. Only the columns these rules read are fetched.
"""

from datetime import date, timedelta

import polars as pl
from django.db.models import Max, Min, QuerySet

from tamna.claims import archive
from tamna.claims.archive import Checker
from tamna.claims.models import Claim
from tamna.claims.studio.trials import columns_asked
from tamna.engines.claimcheck import RuleSet
from tamna.engines.claimcheck.associations import mined
from tamna.engines.claimcheck.frames import FramesCheck

LEARNT = "associations"  # the table that is learnt from the statements themselves


def rules_of(checker: Checker) -> list[str]:
    """Ids of the rules that need the claims of other patients: those of a day, those of peers, what usually comes together."""
    lacking = checker.not_evaluated
    return sorted({
        rule.id for rule in checker.rules.rules
        if (rule.key in checker.peers and rule.key not in lacking)
        or (rule.across_patients and lacking.get(rule.key) == "claims of other patients") or lacking.get(rule.key) == f"table {LEARNT}"
    })  # fmt: skip


def quarter_of(on: date) -> date:
    return date(on.year, 3 * ((on.month - 1) // 3) + 1, 1)


def following(quarter: date) -> date:
    return quarter_of(quarter + timedelta(days=100))


def next_quarter(rows: QuerySet[Claim], after: date | None) -> date | None:
    """The first quarter of these statements, or the one after the last that was judged; none at the end."""
    span = rows.aggregate(first=Min("first_visit_on"), last=Max("first_visit_on"))
    if span["first"] is None:
        return None
    quarter = following(after) if after else quarter_of(span["first"])
    return quarter if quarter <= span["last"] else None


def findings(rows: QuerySet[Claim], quarter: date, rules: RuleSet) -> pl.DataFrame:
    """What these rules find on the statements asked for of a quarter, as `Checker.findings` tells it."""
    within = {"first_visit_on__gte": quarter, "first_visit_on__lt": following(quarter)}
    standing = Claim.objects.filter(**within).exclude(status__in=("withdrawn", "corrected"))
    tables = archive.frames(list(standing.order_by("id").values_list("id", flat=True)), columns_asked(rules))
    if LEARNT in rules.tables:
        rules = rules.with_table(LEARNT, mined(tables["claims"], tables["lines"]))
    found = FramesCheck(rules).check(tables, archive.columns(), peers=frozenset(rule.key for rule in rules.rules))
    keys = tables["claims"].select("claim", "key")
    asked = list(rows.filter(**within).values_list("id", flat=True))
    return found.join(keys, on="claim", maintain_order="left").filter(pl.col("key").is_in(asked))
