"""Reads dated parameters from YAML and answers `at(date)`.

A file holds named facts, each `{unit, values: [{from, to, value, source, mark}]}`; `to` is the first day it no longer
holds. Gaps, overlaps, floats and missing sources are refused at load.
"""

import csv
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from typing import Any, Generic, TypeVar, get_args, get_type_hints

import yaml

T = TypeVar("T")
MARKS = frozenset({"S", "K", "?", "sim"})


class ParamsError(ValueError):
    """A parameter file is wrong: the message names file, fact and row."""


class NoFact(LookupError):
    """No value is in force on that day."""

    def __init__(self, key: str, on: date) -> None:
        super().__init__(f"{key} has no value on {on.isoformat()}")
        self.key, self.on = key, on


@dataclass(frozen=True)
class Fact(Generic[T]):
    """One value in force, with the source that says so."""

    value: T
    source: str
    mark: str
    key: str = ""
    starts_on: date = date.min
    ends_on: date | None = None  # the first day it no longer holds

    def as_json(self) -> dict[str, Any]:
        value: Any = self.value
        return {
            "key": self.key,
            "value": format(value, "f") if isinstance(value, Decimal) else value,
            "source": self.source,
            "mark": self.mark,
            "from": self.starts_on.isoformat(),
        }


@dataclass(frozen=True)
class Dated(Generic[T]):
    """A fact over time."""

    key: str
    unit: str
    values: tuple[Fact[T], ...]

    def at(self, on: date) -> Fact[T]:
        for fact in reversed(self.values):
            if fact.starts_on <= on and (fact.ends_on is None or on < fact.ends_on):
                return fact
        raise NoFact(self.key, on)


def _text(path: str) -> str:
    return resources.files("tamna.params").joinpath(path).read_text(encoding="utf-8")


@lru_cache(maxsize=256)
def load_raw(name: str) -> Any:
    """The YAML file `params/<name>.yaml` as it stands."""
    return yaml.safe_load(_text(f"{name}.yaml"))


@lru_cache(maxsize=256)
def table(name: str) -> tuple[dict[str, str], ...]:
    """The table `params/<name>.csv` as rows of text."""
    return tuple(csv.DictReader(_text(f"{name}.csv").splitlines()))


def _convert(value: Any, kind: type, where: str) -> Any:
    if isinstance(value, float):
        raise ParamsError(f"{where}: quote decimals, a float is never exact")
    if kind is Decimal:
        return Decimal(str(value))
    if kind is int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise ParamsError(f"{where}: expected a whole number, found {value!r}")
        return value
    return value


def _dated(name: str, field: str, raw: Any, kind: type) -> Dated[Any]:
    key = f"{name.replace('/', '.')}.{field}"
    facts: list[Fact[Any]] = []
    for row in raw["values"]:
        if row.get("mark") not in MARKS or not row.get("source"):
            raise ParamsError(f"{key}: every value has a source and a mark of {sorted(MARKS)}")
        starts, ends = row["from"], row.get("to")
        if facts and facts[-1].ends_on != starts:
            raise ParamsError(f"{key}: gap or overlap at {starts}")
        if ends is not None and ends <= starts:
            raise ParamsError(f"{key}: ends before it starts at {starts}")
        facts.append(Fact(_convert(row["value"], kind, key), row["source"], row["mark"], key, starts, ends))
    if not facts:
        raise ParamsError(f"{key}: no value")
    return Dated(key, raw["unit"], tuple(facts))


def load(name: str, into: type[T]) -> T:
    """Fill the frozen dataclass `into`, whose fields are Dated[Decimal], Dated[int] or Dated[str]."""
    raw = load_raw(name)
    hints = get_type_hints(into)
    names = {field.name for field in fields(into)}  # type: ignore[arg-type]
    if set(raw) != names:
        raise ParamsError(f"{name}: facts {sorted(set(raw) ^ names)} are on one side only")
    return into(**{field: _dated(name, field, raw[field], get_args(hints[field])[0]) for field in names})
