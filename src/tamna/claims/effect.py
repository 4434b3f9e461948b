"""Whether checking helps (효과 추적): returns and cuts before and after, against reasons that no rule watches, with an interval.

Difference in differences. Treated: reasons that at least one rule in force looks for. Comparison: reasons that no rule looks for; the
agency's strictness, the season and the mix of patients move both alike. Before: answered statements that were never checked here. After:
those that were. One rule (`of_rule`): the answers of its own reason, for care in the half year before its first day and
in the half year from it. Rates are of answered statements; the interval is 95 %, normal, of four independent shares. It is no trial with chance: what
else changed at the same time for the watched reasons alone would look like an effect, and the screen says so.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt

from django.db.models import BooleanField, Count, ExpressionWrapper, Q
from django.utils.translation import gettext_noop as noop

from tamna.claims.models import ClaimResponse
from tamna.claims.studio.ruleset import ruleset
from tamna.core import clock
from tamna.engines.claimcheck import Rule

DAYS = 365
RULE_DAYS = 182  # on each side of a rule's first day
FEWEST_HITS = 10  # of its reason, on both sides together, before an effect of one rule is told
FEWEST = 200  # answers on each side before anything is said
BACK = ("returned", "impossible", "adjusted")


@dataclass(frozen=True)
class Effect:
    """Shares before and after, the comparison's change, and the difference with its interval; none where too few were answered."""

    reason: str  # empty: all watched reasons together
    rules: int
    before: float
    after: float
    change: float | None
    low: float | None
    high: float | None

    @property
    def is_sure(self) -> bool:
        return self.low is not None and self.high is not None and (self.high < 0 or self.low > 0)


@dataclass(frozen=True)
class Effects:
    """What the screen shows."""

    answered_before: int
    answered_after: int
    comparison_before: float
    comparison_after: float
    whole: Effect
    reasons: list[Effect]

    @property
    def is_enough(self) -> bool:
        return min(self.answered_before, self.answered_after) >= FEWEST


def watched() -> Counter[str]:
    """Reason → how many rules in force look for it; advice that never blocks a statement does not count."""
    return Counter(rule.reason for rule in ruleset().rules if rule.reason and rule.severity != "warn")


def effects() -> Effects:
    """Everything from the answers of the last year. One query."""
    since = clock.today() - timedelta(days=DAYS)
    rows = ClaimResponse.objects.filter(kind="result", decided_on__gte=since).exclude(status="held")
    counts: dict[bool, Counter[str]] = defaultdict(Counter)
    never = ExpressionWrapper(Q(claim__checked_at__isnull=True), output_field=BooleanField())
    sums = (
        rows.annotate(never=never)
        .values_list("never", "reason_code")
        .annotate(back=Count("id", Q(status__in=BACK)), n=Count("id"))
    )
    for never_checked, reason, back, n in sums:
        counts[not never_checked][""] += n
        if reason:
            counts[not never_checked][reason] += back
    return weighed(counts[False], counts[True], watched())


@dataclass(frozen=True)
class RuleEffect:
    """What became of a rule's own reason around its first day. `why` is empty where an effect can be told."""

    since: date | None
    answered_before: int = 0
    answered_after: int = 0
    hits_before: int = 0
    hits_after: int = 0
    effect: Effect | None = None
    why: str = ""


def of_rule(rule: Rule, since: date | None) -> RuleEffect:
    """Its reason before and after `since` (a day of care), against reasons that no rule watches in both half years. One query.

    A rule of the shipped set holds from the beginning: there is no before, and nothing is told of it.
    """
    if not rule.reason:
        return RuleEffect(since, why=noop("The rule names no reason of the agency: nothing to count."))
    if since is None or since <= date.min:
        return RuleEffect(
            None, why=noop("The rule holds from the beginning of the records: there is no before to compare with.")
        )
    span = timedelta(days=RULE_DAYS)
    rows = ClaimResponse.objects.filter(
        kind="result", claim__first_visit_on__range=(since - span, since + span - timedelta(days=1))
    )
    after = ExpressionWrapper(Q(claim__first_visit_on__gte=since), output_field=BooleanField())
    sums = (
        rows.exclude(status="held").annotate(later=after).values_list("later", "reason_code")
        .annotate(back=Count("id", Q(status__in=BACK)), n=Count("id"))
    )  # fmt: skip
    counts: dict[bool, Counter[str]] = {False: Counter(), True: Counter()}
    for later, reason, back, n in sums:
        counts[later][""] += n
        counts[later][reason or "-"] += back
    return told(rule.reason, since, counts[False], counts[True], watched())


def told(reason: str, since: date, before: Counter[str], after: Counter[str], rules: Counter[str]) -> RuleEffect:
    """The effect on one reason from counts as `weighed` takes them."""
    n, m, hits = before[""], after[""], (before[reason], after[reason])
    others = [one for one in {*before, *after} if one and one != reason and one not in rules]
    base = (sum(before[one] for one in others), sum(after[one] for one in others))
    why = ""
    if min(n, m) < FEWEST:
        why = noop("Too few answers to say: at least 200 on each side of its first day are needed.")
    elif sum(hits) < FEWEST_HITS:
        why = noop("Too few to say: its reason came fewer than ten times in both half years together.")
    elif not base[0]:
        why = noop("Nothing to compare with: no reason that no rule watches came before its first day.")
    effect = None if why else _effect(reason, rules[reason], hits, base, n, m)
    return RuleEffect(since, n, m, *hits, effect, why)


def weighed(before: Counter[str], after: Counter[str], rules: Counter[str]) -> Effects:
    """`before` and `after`: reason → statements that came back or were cut with it; the empty key holds how many were answered."""
    n, m = before[""], after[""]
    others = [reason for reason in {*before, *after} if reason and reason not in rules]
    base = (sum(before[reason] for reason in others), sum(after[reason] for reason in others))
    found = sorted(
        {reason for reason in {*before, *after} if reason in rules},
        key=lambda reason: (-before[reason] - after[reason], reason),
    )
    whole = (sum(before[reason] for reason in found), sum(after[reason] for reason in found))
    return Effects(
        n, m, base[0] / n if n else 0.0, base[1] / m if m else 0.0, _effect("", sum(rules.values()), whole, base, n, m),
        [_effect(reason, rules[reason], (before[reason], after[reason]), base, n, m) for reason in found],
    )  # fmt: skip


def _effect(reason: str, rules: int, hits: tuple[int, int], base: tuple[int, int], n: int, m: int) -> Effect:
    before, after = hits[0] / n if n else 0.0, hits[1] / m if m else 0.0
    if min(n, m) < FEWEST or not base[0]:
        return Effect(reason, rules, before, after, None, None, None)
    # the comparison's change is relative, so that a rare reason is not set against the level of many others
    drift = (base[1] + 0.5) / m / ((base[0] + 0.5) / n)
    expected = before * drift
    spread = sqrt(
        after * (1 - after) / m
        + drift**2 * before * (1 - before) / n
        + expected**2 * (1 / (base[0] + 0.5) + 1 / (base[1] + 0.5))
    )
    change = after - expected
    return Effect(reason, rules, before, after, change, change - 1.96 * spread, change + 1.96 * spread)
