"""Whether checking helps (효과 추적): returns and cuts before and after, against reasons that no rule watches, with an interval.

Difference in differences. Treated: reasons that at least one rule in force looks for. Comparison: reasons that no rule looks for; the
agency's strictness, the season and the mix of patients move both alike. Before: answered statements that were never checked here. After:
those that were. Rates are of answered statements; the interval is 95 %, normal, of four independent shares. It is no trial with chance: what
else changed at the same time for the watched reasons alone would look like an effect, and the screen says so.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from math import sqrt

from django.db.models import BooleanField, Count, ExpressionWrapper, Q

from tamna.claims.models import ClaimResponse
from tamna.claims.studio.ruleset import ruleset
from tamna.core import clock

DAYS = 365
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
