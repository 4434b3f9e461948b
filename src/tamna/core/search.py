"""One search box over everything: each department registers a provider in its `providers.py`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tamna.core import access


@dataclass(frozen=True)
class Hit:
    kind: str  # translated: Patient, Claim, Menu
    title: str
    detail: str
    url: str


@dataclass(frozen=True)
class Provider:
    capability: str
    find: Callable[[str, int, Any], Iterable[Hit]]


_providers: dict[str, Provider] = {}


def provider(key: str, capability: str) -> Callable[[Callable[[str, int, Any], Iterable[Hit]]], Any]:
    """Register `find(words, limit, user)`; it is asked only for people with the capability."""

    def register(find: Callable[[str, int, Any], Iterable[Hit]]) -> Callable[[str, int, Any], Iterable[Hit]]:
        _providers[key] = Provider(capability, find)
        return find

    return register


def find(words: str, user: Any, *, limit: int = 8) -> list[Hit]:
    words = words.strip()[:80]
    if not words:
        return []
    hits: list[Hit] = []
    for item in _providers.values():
        if access.may(user, item.capability):
            hits.extend(item.find(words, limit, user))
    return hits
