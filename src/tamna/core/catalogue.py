"""The automation catalogue (자동화 목록): every line of the plan, joined with what is built, how it runs and what it brought."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Q, Sum
from django.utils.translation import gettext as _

from tamna.core import automations
from tamna.core.format import language
from tamna.core.models import AutomationRun, Policy, Proposal
from tamna.params import load_raw

DECIDED = ("accepted", "edited", "refused", "acted", "undone")


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
    last_run: Any = None
    proposals: int = 0
    agreement: float | None = None
    won: int = 0
    minutes: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.key, "section": self.section, "title_ko": self.title_ko, "title_en": self.title_en, "kind": self.kind,
            "built": self.is_built, "level": self.level, "trigger": self.trigger, "engine": self.engine, "module": self.module,
            "last_run": self.last_run.isoformat() if self.last_run else None, "proposals": self.proposals,
            "agreement": self.agreement, "won": self.won, "minutes": self.minutes,
        }  # fmt: skip


def lines() -> list[Line]:
    """Every line of the plan in its order. Three queries."""
    built, declared = automations.built(), automations.declared()
    runs = dict(AutomationRun.objects.values_list("automation").annotate(last=Max("started_at")))
    policies = dict(Policy.objects.filter(team="").values_list("automation", "level"))
    counts = {
        row["automation"]: row
        for row in Proposal.objects.values("automation").annotate(
            total=Count("id"), decided=Count("id", Q(state__in=DECIDED)), agreed=Count("id", Q(state__in=("accepted", "acted"))),
            won=Sum("won", filter=Q(state__in=("accepted", "edited", "acted"))),
            minutes=Sum("minutes", filter=Q(state__in=("accepted", "edited", "acted"))),
        )
    }  # fmt: skip
    found = []
    for section in load_raw("catalogue")["sections"]:
        for key, title_ko, title_en, kind in section["lines"]:
            item, said = built.get(key), declared.get(key)
            count: dict[str, Any] = dict(counts.get(key, {}))
            served = item or said
            found.append(
                Line(
                    key=key, section=section["title"], title_ko=title_ko, title_en=title_en, kind=kind,
                    is_built=item is not None or said is not None,
                    level=policies.get(key, item.default_level) if item else said.level if said else "",
                    trigger=item.trigger if item else "", engine=served.engine if served else "",
                    module=served.module if served else "", last_run=runs.get(key),
                    proposals=count.get("total", 0),
                    agreement=count["agreed"] / count["decided"] if count.get("decided") else None,
                    won=count.get("won") or 0, minutes=count.get("minutes") or 0,
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


def title_of(row: Proposal) -> str:
    """The sentence of a proposal in the reader's language."""
    facts = dict(row.title_facts)
    if language() != "ko":  # a fact may come in both languages: message, message_en
        facts |= {name.removesuffix("_en"): value for name, value in row.title_facts.items() if name.endswith("_en")}
    try:
        return _(row.title) % facts
    except (KeyError, ValueError):
        return row.title
