"""Open proposals of one kind under one line (같은 제안 묶음): an automation's same rule asks once, and opens to its list.

A kind is the automation, the sentence and the rule that the sentence names.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Max, QuerySet, Sum, TextField, Value, Window
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce, RowNumber

from tamna.core.catalogue import title_of
from tamna.core.models import Proposal

ORDER = ("-worth_won", "-id")  # of every list of open proposals: value × trust
SHOWN = 5  # rows of a group that open in place; the rest is on the proposals page


@dataclass(frozen=True)
class Group:
    """Proposals of one kind: how many, what they are worth together, the largest few."""

    automation: str
    rule: str
    count: int
    won: int
    minutes: int
    rows: list[Proposal]

    @property
    def title(self) -> str:
        """The one proposal's sentence, or what the many have in common."""
        first = self.rows[0]
        if self.count == 1 or not self.rule:
            return title_of(first)
        return f"{self.rule} · {title_of(first).rpartition(f'{self.rule}: ')[2]}"


def of(user: Any) -> QuerySet[Proposal]:
    """Proposals a person may see and decide: the director all, everyone else those of the own team."""
    return Proposal.objects.all() if user.role == "director" else Proposal.objects.filter(team__in={user.team, ""})


def with_rule(rows: QuerySet[Proposal]) -> Any:
    return rows.annotate(rule=Coalesce(KeyTextTransform("rule", "title_facts"), Value(""), output_field=TextField()))


def grouped(rows: QuerySet[Proposal], *, limit: int = 8) -> list[Group]:
    """The kinds of these open proposals, most worth (value × trust) first, as in the list. Two queries."""
    kinds = (
        with_rule(rows).order_by().values("automation", "title", "rule")
        .annotate(count=Count("id"), sum_won=Sum("won"), sum_minutes=Sum("minutes"), worth=Sum("worth_won"), last=Max("id"))
        .order_by("-worth", "-last")[:limit]
    )  # fmt: skip
    found = list(kinds)
    wanted = {(kind["automation"], kind["title"], kind["rule"]) for kind in found}
    place = Window(
        RowNumber(),
        partition_by=[F("automation"), F("title"), F("rule")],
        order_by=[F("worth_won").desc(), F("id").desc()],
    )
    best: dict[tuple[str, str, str], list[Proposal]] = {}
    for row in with_rule(rows).order_by().annotate(place=place).filter(place__lte=SHOWN).order_by("place"):
        kind = (row.automation, row.title, row.rule)
        if kind in wanted:
            best.setdefault(kind, []).append(row)
    return [
        Group(kind["automation"], kind["rule"], kind["count"], kind["sum_won"], kind["sum_minutes"],
              best[kind["automation"], kind["title"], kind["rule"]])
        for kind in found if (kind["automation"], kind["title"], kind["rule"]) in best
    ]  # fmt: skip
