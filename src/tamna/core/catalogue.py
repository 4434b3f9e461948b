"""The automation catalogue (자동화 목록): every line of the plan, joined with what is built, how it runs and what it brought.

Agreement is people's and policies' verdicts by business time; outcomes compare what was done with what was left alone (the
naive baseline “do nothing”), which is no experiment with chance: the page says so.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.db.models.functions import TruncWeek
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from tamna.core import automations, clock
from tamna.core.format import language
from tamna.core.models import AutomationRun, DeadLetter, Decision, Outcome, Policy, Proposal
from tamna.params import load_raw

DONE = automations.DONE
WORDS = (noop("shadow"), noop("open"), noop("accepted"), noop("edited"), noop("refused"), noop("acted"), noop("undone"),
         noop("expired"), noop("failed"))  # fmt: skip


@dataclass(frozen=True)
class Agreement:
    """Verdicts of a span of days."""

    accepted: int = 0
    edited: int = 0
    refused: int = 0
    acted: int = 0
    undone: int = 0

    @property
    def decided(self) -> int:
        return self.accepted + self.edited + self.refused + self.acted

    @property
    def share(self) -> float | None:
        """Done as proposed and not taken back."""
        return max(0, self.accepted + self.acted - self.undone) / self.decided if self.decided else None


@dataclass(frozen=True)
class Outcomes:
    """What happened later: (good, measured) of what was done and of what was left alone."""

    done_good: int = 0
    done: int = 0
    left_good: int = 0
    left: int = 0
    won: int = 0

    @property
    def share(self) -> float | None:
        return self.done_good / self.done if self.done else None

    @property
    def baseline(self) -> float | None:
        return self.left_good / self.left if self.left else None


@dataclass(frozen=True)
class Line:
    """One line of the plan."""

    key: str
    section: str
    title_ko: str
    title_en: str
    kind: str
    is_built: bool
    level: str = ""
    trigger: str = ""
    engine: str = ""
    module: str = ""
    covers: str = ""
    last_run: Any = None
    proposals: int = 0
    open: int = 0
    month: Agreement = field(default_factory=Agreement)
    quarter: Agreement = field(default_factory=Agreement)
    outcomes: Outcomes = field(default_factory=Outcomes)
    failures: int = 0
    paused: int = 0
    won: int = 0
    minutes: int = 0

    @property
    def agreement(self) -> float | None:
        return self.quarter.share

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.key, "section": self.section, "title_ko": self.title_ko, "title_en": self.title_en, "kind": self.kind,
            "built": self.is_built, "level": self.level, "trigger": self.trigger, "engine": self.engine, "module": self.module,
            "covers": self.covers, "last_run": self.last_run.isoformat() if self.last_run else None, "proposals": self.proposals,
            "agreement": self.agreement, "agreement_30": self.month.share, "decided_90": self.quarter.decided,
            "outcome": self.outcomes.share, "outcome_baseline": self.outcomes.baseline, "failures": self.failures,
            "won": self.won, "minutes": self.minutes,
        }  # fmt: skip


def lines() -> list[Line]:
    """Every line of the plan in its order. Eight queries."""
    built, declared = automations.built(), automations.declared()
    runs = dict(AutomationRun.objects.values_list("automation").annotate(last=Max("last_at")))
    policies = dict(Policy.objects.filter(team="", pattern="").values_list("automation", "level"))
    paused = dict(Policy.objects.exclude(pattern="").values_list("automation").annotate(count=Count("id")))
    counts = {
        row["automation"]: row
        for row in Proposal.objects.values("automation").annotate(
            total=Count("id"), open=Count("id", Q(state="open")), won=Sum("won", filter=Q(state__in=DONE)),
            minutes=Sum("minutes", filter=Q(state__in=DONE)),
        )
    }  # fmt: skip
    month, quarter, results, failed = agreements(30), agreements(90), outcomes(), failures()
    found = []
    for section in load_raw("catalogue")["sections"]:
        for key, title_ko, title_en, kind in section["lines"]:
            item, said = built.get(key), declared.get(key)
            count: dict[str, Any] = dict(counts.get(key, {}))
            served = item or said
            found.append(
                Line(
                    key=key, section=section["title"], title_ko=title_ko, title_en=title_en, kind=kind, is_built=served is not None,
                    level=policies.get(key, item.default_level) if item else said.level if said else "",
                    trigger=item.trigger if item else "", engine=served.engine if served else "",
                    module=served.module if served else "", covers=served.covers if served else "", last_run=runs.get(key),
                    proposals=count.get("total", 0), open=count.get("open", 0), month=month.get(key, Agreement()),
                    quarter=quarter.get(key, Agreement()), outcomes=results.get(key, Outcomes()), failures=failed.get(key, 0),
                    paused=paused.get(key, 0), won=count.get("won") or 0, minutes=count.get("minutes") or 0,
                )
            )  # fmt: skip
    return found


def title_of_line(key: str) -> str:
    """The name of a plan line in the reader's language; an unknown key shows itself."""
    for section in load_raw("catalogue")["sections"]:
        for line, title_ko, title_en, _kind in section["lines"]:
            if line == key:
                return str(title_ko if language() == "ko" else title_en)
    return key


def agreements(days: int) -> dict[str, Agreement]:
    """Verdicts of the last days, by automation. One query."""
    rows = (
        Decision.objects.filter(at__gte=clock.now() - timedelta(days=days), verdict__in=Agreement.__dataclass_fields__)
        .values_list("proposal__automation", "verdict").annotate(count=Count("id")).order_by()
    )  # fmt: skip
    return {key: Agreement(**verdicts) for key, verdicts in _grouped(rows).items()}


def _grouped(rows: Iterable[tuple[str, str, int]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for key, name, count in rows:
        found[key][name] = count
    return found


def outcomes() -> dict[str, Outcomes]:
    """What happened later, done beside left alone, by automation. One query."""
    done, good = Q(proposal__state__in=DONE), Q(is_good=True)
    rows = Outcome.objects.exclude(is_good=None).values("proposal__automation").annotate(
        done_good=Count("id", done & good), done=Count("id", done), left_good=Count("id", ~done & good), left=Count("id", ~done),
        sum=Sum("won", filter=done),
    ).order_by()  # fmt: skip
    return {
        row["proposal__automation"]: Outcomes(
            row["done_good"], row["done"], row["left_good"], row["left"], row["sum"] or 0
        )
        for row in rows
    }


def failures() -> dict[str, int]:
    """Runs given up and actions that a check or a service stopped, of the last 90 days. Two queries."""
    since = clock.now() - timedelta(days=90)
    found: dict[str, int] = dict(
        Proposal.objects.filter(state="failed", made_at__gte=since).values_list("automation").annotate(count=Count("id")).order_by()
    )  # fmt: skip
    letters = DeadLetter.objects.filter(solved_at=None, handler__startswith="automation:").values_list("handler")
    for handler, count in letters.annotate(count=Count("id")).order_by():
        key = handler.removeprefix("automation:")
        found[key] = found.get(key, 0) + count
    return found


def done_since(at: datetime) -> QuerySet[Proposal]:
    """Proposals that were carried out since an instant of business time and not taken back."""
    carried = Decision.objects.filter(verdict__in=DONE, at__gte=at)
    return Proposal.objects.filter(pk__in=carried.values("proposal_id"), state__in=DONE)


def weeks(key: str, count: int = 12) -> list[tuple[date, Agreement]]:
    """Verdicts by week of business time, oldest first. One query."""
    monday = clock.today() - timedelta(days=clock.today().weekday())
    start = monday - timedelta(weeks=count - 1)
    rows = (
        Decision.objects.filter(proposal__automation=key, at__gte=clock.at_seoul(start), verdict__in=Agreement.__dataclass_fields__)
        .annotate(week=TruncWeek("at", tzinfo=clock.SEOUL)).values_list("week", "verdict").annotate(count=Count("id")).order_by()
    )  # fmt: skip
    found: dict[date, dict[str, int]] = defaultdict(dict)
    for week, verdict, number in rows:
        found[week.astimezone(clock.SEOUL).date()][verdict] = number
    days = [start + timedelta(weeks=index) for index in range(count)]
    return [(day, Agreement(**found.get(day, {}))) for day in days]


def title_of(row: Proposal) -> str:
    """The sentence of a proposal in the reader's language; a fact may come in both: `message` and `message_en`, or {ko, en}."""
    facts = dict(row.title_facts)
    if language() != "ko":
        facts |= {name.removesuffix("_en"): value for name, value in row.title_facts.items() if name.endswith("_en")}
    try:
        return _(row.title) % {
            key: value.get(language(), "") if isinstance(value, dict) else value for key, value in facts.items()
        }
    except (KeyError, ValueError):
        return row.title
