"""Lookup tables of the rules (기준 테이블): fees, KCD, exclusive pairs, DUR, special cases.

`params/claimcheck/tables.yaml` says how each is keyed. A dated table answers with the row in force on the day and, when
the day lies outside every validity, with the nearest row before it (else the first), so that a rule can tell an unknown
code from one that is known but not valid. Raises ParamsError.
"""

import csv
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from tamna.params import ParamsError, load_raw, table

Key = tuple[Any, ...]
EMPTY: Mapping[str, Any] = {}


class Table:
    """One table: `row(key, day)` and `listed(key, codes)`."""

    def __init__(self, name: str, spec: Mapping[str, Any], rows: Sequence[Mapping[str, str]]) -> None:
        self.name = name
        self.types: dict[str, str] = dict.fromkeys(rows[0] if rows else (), "text") | spec.get("types", {})
        self.key_columns: list[str] = spec.get("key", [])
        self.width = len(self.key_columns) if "key" in spec else 1
        self.rows = [DERIVE.get(name, dict)(self._typed(row)) for row in rows]
        if self.rows:
            self.types |= DERIVED_TYPES.get(name, {})
        self._versions: dict[Key, list[Mapping[str, Any]]] = {}
        self._prefix, self._range = spec.get("prefix"), spec.get("range")
        for row in self.rows:
            self._versions.setdefault(tuple(row.get(column) for column in self.key_columns), []).append(row)
        self._starts: dict[Key, list[date]] = {}
        for key, versions in self._versions.items() if spec.get("dated") else ():
            if len(versions) > 1:
                versions.sort(key=lambda row: row["valid_from"] or date.min)
                self._starts[key] = [row["valid_from"] or date.min for row in versions]
        self.dated = bool(self._starts)  # the day is asked only where some key has two versions
        self._by_prefix = {row[self._prefix] or "": row for row in self.rows} if self._prefix else {}
        self._lists = self._searched(spec["list"]) if "list" in spec else {}
        self._found: dict[str, Mapping[str, Any]] = {}
        self.single = {key: versions[0] for key, versions in self._versions.items()}

    def _typed(self, row: Mapping[str, str]) -> dict[str, Any]:
        try:
            return {name: CONVERT[self.types[name]](value) if value else None for name, value in row.items()}
        except (ValueError, KeyError) as error:
            raise ParamsError(f"table {self.name}: {error}") from error

    def _searched(self, columns: str | list[str]) -> dict[Key, tuple[tuple[str, str], ...]]:
        lists: dict[Key, list[tuple[str, str]]] = {}
        for row in self.rows:
            key = tuple(row.get(column) for column in self.key_columns)
            if isinstance(columns, str):
                spans = [(start, start) for start in (row[columns] or "").split(";") if start]
            else:
                spans = [(row[columns[0]], row[columns[1]])]
            lists.setdefault(key, []).extend(spans)
        return {key: tuple(spans) for key, spans in lists.items()}

    def row(self, key: Key, day: date | None = None) -> Mapping[str, Any]:
        """The row for the key, or an empty one."""
        if self._prefix or self._range:
            return self._inexact(key[0])
        versions = self._versions.get(key)
        if versions is None:
            return EMPTY
        if day is None or key not in self._starts:
            return versions[0]
        return versions[max(bisect_right(self._starts[key], day) - 1, 0)]

    def _inexact(self, code: str) -> Mapping[str, Any]:
        if code is None:
            return EMPTY
        found = self._found.get(code)
        if found is None:
            found = self._by_start(code) if self._prefix else self._in_range(code)
            if len(self._found) < 100_000:
                self._found[code] = found
        return found

    def _by_start(self, code: str) -> Mapping[str, Any]:
        starts = (code[:length] for length in range(len(code), -1, -1))
        return next((self._by_prefix[start] for start in starts if start in self._by_prefix), EMPTY)

    def _in_range(self, code: str) -> Mapping[str, Any]:
        low, high = self._range or ("", "")
        return next((row for row in self.rows if row[low] <= code and code[: len(row[high])] <= row[high]), EMPTY)

    def listed(self, key: Key, codes: Sequence[str | None]) -> bool | None:
        """Some code stands in the key's list; null when the table has no list for the key."""
        spans = self._lists.get(key)
        if spans is None:
            return None
        return any(low <= code and code[: len(high)] <= high for code in codes if code for low, high in spans)


class Tables:
    """All tables, loaded when first asked. `folder` replaces tables by NAME.csv."""

    def __init__(self, folder: Path | None = None) -> None:
        self._specs: dict[str, Mapping[str, Any]] = load_raw("claimcheck/tables")
        self._folder = folder
        self._loaded: dict[str, Table] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._specs

    def __getitem__(self, name: str) -> Table:
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def _load(self, name: str) -> Table:
        if name not in self._specs:
            raise ParamsError(f"there is no table {name}; it needs an entry in params/claimcheck/tables.yaml")
        spec = self._specs[name]
        if self._folder and (path := self._folder / f"{name}.csv").is_file():
            with path.open(encoding="utf-8-sig", newline="") as text:
                return Table(name, spec, tuple(csv.DictReader(text)))
        if spec.get("own"):
            return Table(name, spec, ())
        return Table(name, spec, table(spec.get("file", f"claimcheck/{name}")))


def _fee(row: dict[str, Any]) -> dict[str, Any]:
    """age_rule `ge12` → age_from; benefit `selective80` → selective_rate; group `ct_head` → region of the body."""
    rule, benefit, group = row.get("age_rule") or "", row.get("benefit") or "", row.get("exclusive_group") or ""
    modality, _, region = group.partition("_")
    return row | {
        "age_from": int(rule[2:]) if rule.startswith("ge") else None,
        "age_to": int(rule[2:]) if rule.startswith("le") else None,
        "selective_rate": int(benefit[9:]) if benefit.startswith("selective") else None,
        "modality": modality if modality in {"ct", "mri"} else None,
        "region": region if modality in {"ct", "mri"} else None,
    }


def _class_add_on(row: dict[str, Any]) -> dict[str, Any]:
    """The payer's own word → the claim's insurer_kind."""
    kinds = {"nhi": "4", "medical_aid": "5", "auto": "8", "industrial": "9"}
    return row | {"insurer_kind": kinds.get(row["payer"] or "")}


DERIVE: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"fees": _fee, "class_add_on": _class_add_on}
DERIVED_TYPES = {
    "fees": {"age_from": "int", "age_to": "int", "selective_rate": "int", "modality": "text", "region": "text"},
    "class_add_on": {"insurer_kind": "text"},
}
CONVERT: dict[str, Callable[[str], Any]] = {
    "text": str,
    "int": lambda text: int(float(text)),
    "number": float,
    "date": date.fromisoformat,
}
