"""One visit on one timeline (내원 타임라인): every department adds its own entries.

A source is a function of an encounter's id that returns entries; each entry links to its record, its audit and its reason.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One step of a visit. `title` and `detail` are translated; `why` holds steps for the drawer."""

    at: datetime
    order: int  # steps at the same minute keep the way of the data
    kind: str
    title: str
    detail: str = ""
    url: str = ""
    subject: tuple[str, str] = ("", "")  # audit subject: type and id
    why: list[dict[str, Any]] = field(default_factory=list)
    tone: str = ""


Source = Callable[[int], Iterable[Entry]]
_sources: list[Source] = []


def source(find: Source) -> Source:
    """Register a timeline source (in an app's `providers.py`)."""
    _sources.append(find)
    return find


def of_encounter(encounter_id: int) -> list[Entry]:
    """All entries of a visit, in order."""
    entries = [entry for find in _sources for entry in find(encounter_id)]
    return sorted(entries, key=lambda entry: (entry.at, entry.order))
