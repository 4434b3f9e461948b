"""One visit on one timeline (내원 타임라인): every department adds its own steps and figures.

A source is a function of an encounter's id that returns entries; each entry links to its record, its audit and its reason.
`PHASES` is the way of a visit from booking to journal, for the band above the timeline.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop


@dataclass(frozen=True)
class Entry:
    """One step of a visit. `title` and `detail` are translated; `why` holds steps for the drawer."""

    at: datetime
    order: int  # steps at the same minute keep the way of the data
    kind: str
    title: str
    detail: str = ""
    url: str = ""  # the record
    subject: tuple[str, str] = ("", "")  # audit subject: type and id
    why: list[dict[str, Any]] = field(default_factory=list)
    tone: str = ""
    icon: str = "check"
    links: tuple[tuple[str, str], ...] = ()  # more papers of this step: (word, address)
    key: str = ""  # order and count within it: stays the same while a visit goes on


@dataclass(frozen=True)
class Figure:
    """A sum or a time of the whole visit, with the record it opens to."""

    label: str
    value: str
    url: str = ""
    is_whole: bool = False  # the sum of those above it


@dataclass(frozen=True)
class Phase:
    """A part of the way, done once a step of it has happened. `key` is the first step to jump to."""

    label: str
    key: str = ""


PHASES: tuple[tuple[str, range], ...] = (
    (noop("Arrival"), range(1, 4)), (noop("Queue"), range(4, 6)), (noop("Consultation"), range(6, 10)),
    (noop("Charges"), range(10, 12)), (noop("Payment"), range(12, 13)), (noop("Claim"), range(20, 22)),
    (noop("Batch"), range(22, 23)), (noop("Answer"), range(23, 24)), (noop("Journal"), range(30, 31)),
)  # fmt: skip

Source = Callable[[int], Iterable[Entry]]
FigureSource = Callable[[int], Iterable[Figure]]
_sources: list[Source] = []
_figures: list[FigureSource] = []


def source(find: Source) -> Source:
    """Register a timeline source (in an app's `providers.py`)."""
    _sources.append(find)
    return find


def figures(find: FigureSource) -> FigureSource:
    """Register a source of a visit's figures (in an app's `providers.py`)."""
    _figures.append(find)
    return find


def of_encounter(encounter_id: int) -> list[Entry]:
    """All entries of a visit, in order."""
    entries = sorted((entry for find in _sources for entry in find(encounter_id)), key=lambda e: (e.at, e.order))
    seen: Counter[int] = Counter()
    for place, entry in enumerate(entries):
        seen[entry.order] += 1
        entries[place] = replace(entry, key=f"{entry.order}-{seen[entry.order]}")
    return entries


def figures_of(encounter_id: int) -> list[Figure]:
    return [figure for find in _figures for figure in find(encounter_id)]


def phases(entries: list[Entry]) -> list[Phase]:
    """The band: which parts of the way have happened."""
    return [
        Phase(_(label), next((entry.key for entry in entries if entry.order in orders), "")) for label, orders in PHASES
    ]


def step(label: str, value: Any, formula: str = "", *sources: str) -> dict[str, Any]:
    """One line of a reason, in the shape of an engine's steps."""
    return {"label": label, "value": value, "formula": formula, "inputs": {},
            "facts": [{"source": text, "mark": "S"} for text in sources]}  # fmt: skip
