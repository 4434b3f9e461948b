"""Whether a share changed after some week, and by how much (심사 기준 변화 탐지).

For each series and each week that leaves enough on both sides, a two-proportion z-test with the pooled share; the strongest week
is told. Where weeks scatter more than chance around the two shares, z is divided by the root of that scatter (Pearson's chi-square a
degree of freedom), so that a clumped reason is not taken for a change. The p-value is multiplied by all looks taken (every series × every week, Bonferroni), which is strict: the looks overlap. The
interval is Wald's, 95 %, of the two shares at that week, widened alike, not corrected for the choice of the week. In: answers a week, hits of each
series. Out: one Change a series. Raises nothing; too little says so by p = 1 and no week.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import sqrt

from tamna.engines.shares import Z95, p_of, z_of


@dataclass(frozen=True)
class Week:
    """Answers of a week and how many of them were of each kind."""

    on: date
    answered: int
    hits: Mapping[str, int]


@dataclass(frozen=True)
class Change:
    """`since`: first week of the new share, none where too little was answered. `p` is corrected for all looks, `naive_p` compares the
    last four weeks with the four before them and knows of no other look."""

    key: str
    since: date | None
    before: float
    after: float
    answered_before: int
    answered_after: int
    low: float
    high: float
    p: float
    looks: int
    naive_before: float = 0.0
    naive_after: float = 0.0
    naive_p: float = 1.0

    @property
    def is_sure(self) -> bool:
        return self.since is not None and self.p < 0.05

    @property
    def naive_is_sure(self) -> bool:
        return self.naive_p < 0.05


def changes(weeks: Sequence[Week], *, fewest_weeks: int = 4, fewest_answers: int = 200) -> list[Change]:
    """One change a series, the surest first. `weeks` in order, without gaps that matter."""
    keys = sorted({key for week in weeks for key in week.hits})
    of = [week.answered for week in weeks]
    places = [
        place for place in range(fewest_weeks, len(weeks) - fewest_weeks + 1)
        if min(sum(of[:place]), sum(of[place:])) >= fewest_answers
    ]  # fmt: skip
    looks = len(keys) * len(places)
    found = [_strongest(key, weeks, places, looks) for key in keys]
    return sorted(found, key=lambda one: (one.p, -abs(one.after - one.before), one.key))


def _strongest(key: str, weeks: Sequence[Week], places: Sequence[int], looks: int) -> Change:
    hits, of = [week.hits.get(key, 0) for week in weeks], [week.answered for week in weeks]
    whole, everything = sum(hits), sum(of)
    share = whole / everything if everything else 0.0
    naive = _naive(hits, of)
    if not places:
        return Change(key, None, share, share, everything, 0, 0.0, 0.0, 1.0, looks, *naive)
    sums = {place: (sum(hits[:place]), sum(of[:place])) for place in places}
    best = max(places, key=lambda place: abs(z_of(*sums[place], whole - sums[place][0], everything - sums[place][1])))
    had, n = sums[best]
    has, m = whole - had, everything - n
    before, after = had / n, has / m
    scatter = sqrt(_scatter(hits, of, [before] * best + [after] * (len(of) - best)))
    spread = Z95 * scatter * sqrt(before * (1 - before) / n + after * (1 - after) / m)
    p = min(1.0, p_of(z_of(had, n, has, m) / scatter) * looks)
    return Change(
        key, weeks[best].on, before, after, n, m, after - before - spread, after - before + spread, p, looks, *naive
    )


def _scatter(hits: Sequence[int], of: Sequence[int], shares: Sequence[float]) -> float:
    """How much more than by chance the weeks scatter around their shares: 1 where they do not."""
    parts = [
        (hit - n * share) ** 2 / (n * share * (1 - share))
        for hit, n, share in zip(hits, of, shares, strict=True)
        if n and 0 < share < 1
    ]
    return max(1.0, sum(parts) / (len(parts) - 2)) if len(parts) > 2 else 1.0


def _naive(hits: Sequence[int], of: Sequence[int]) -> tuple[float, float, float]:
    """The last four weeks beside the four before, as one would look by eye."""
    had, n, has, m = sum(hits[-8:-4]), sum(of[-8:-4]), sum(hits[-4:]), sum(of[-4:])
    return (had / n if n else 0.0, has / m if m else 0.0, p_of(z_of(had, n, has, m)) if n and m else 1.0)
