"""Lookup tables of the rules (기준 테이블): fees, KCD, exclusive pairs, DUR, special cases.

`params/claimcheck/tables.yaml` says how each is keyed. A dated table answers with the row in force on the day and, when
the day lies outside every validity, with the nearest row before it (else the first), so that a rule can tell an unknown
code from one that is known but not valid. Raises ParamsError.
"""

import csv
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from tamna.engines.tariff.price import has_child_add_on, has_night_add_on
from tamna.params import ParamsError, load_raw, table

Key = tuple[Any, ...]
EMPTY: Mapping[str, Any] = {}
FEW = 5_000  # values of a key that are worth a look before the table is asked


class Table:
    """One table: `row(key, day)` and `listed(key, codes)`."""

    def __init__(
        self, name: str, spec: Mapping[str, Any], rows: Sequence[Mapping[str, str]], wanted: Iterable[str] = ()
    ) -> None:
        """`wanted`: columns the shipped table has; of those, what the rows lack is null and told by `lacks`."""
        self.name = name
        given = dict.fromkeys(rows[0] if rows else (), "text")
        self.types: dict[str, str] = dict.fromkeys(wanted, "text") | given | spec.get("types", {})
        self.lacks: frozenset[str] = frozenset(self.types) - frozenset(given) if rows else frozenset()
        self.key_columns: list[str] = spec.get("key", [])
        self.width = len(self.key_columns) if "key" in spec else 1
        self.rows = [done for row in rows for done in self._derived(self._typed(row))]
        if self.rows:
            self.types |= DERIVED_TYPES.get(name, {})
            self.lacks -= frozenset(self.rows[0])
        self._versions: dict[Key, list[Mapping[str, Any]]] = {}
        self._prefix, self._range = spec.get("prefix"), spec.get("range")
        for row in self.rows:
            self._versions.setdefault(tuple(row.get(column) for column in self.key_columns), []).append(row)
        self._starts: dict[Key, list[date]] = {}
        for key, versions in self._versions.items() if spec.get("dated") else ():
            if len(versions) > 1:
                versions.sort(key=lambda row: row.get("valid_from") or date.min)
                self._starts[key] = [row.get("valid_from") or date.min for row in versions]
        self._reported: bool = spec.get("reported", False)
        self.dated = bool(self._starts) or self._reported  # else the day need not be asked
        self._within: list[str] = spec.get("within", [])  # the last key is a number between these two columns
        self.width += bool(self._within)
        self.searched = bool(self._prefix or self._range or self._within)
        self._by_prefix = {row[self._prefix] or "": row for row in self.rows} if self._prefix else {}
        self._lists = self._searched(spec["list"]) if "list" in spec else {}
        self._found: dict[str, Mapping[str, Any]] = {}
        self.single = {key: versions[0] for key, versions in self._versions.items()}

    def _typed(self, row: Mapping[str, str]) -> dict[str, Any]:
        try:
            return {name: CONVERT[self.types[name]](value) if value else None for name, value in row.items()}
        except (ValueError, KeyError) as error:
            raise ParamsError(f"table {self.name}: {error}") from error

    def _derived(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        try:
            return DERIVE.get(self.name, _as_it_is)(row)
        except (ValueError, KeyError, AttributeError) as error:
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
        if self._within:
            return self._in_span(key)
        if self._reported:
            return self._on_day(key, day)
        versions = self._versions.get(key)
        if versions is None:
            return EMPTY
        if day is None or key not in self._starts:
            return versions[0]
        return versions[max(bisect_right(self._starts[key], day) - 1, 0)]

    def _in_span(self, key: Key) -> Mapping[str, Any]:
        low, high = self._within
        number = key[-1]
        if number is None:
            return EMPTY
        return next((row for row in self._versions.get(key[:-1], ()) if row[low] <= number <= row[high]), EMPTY)

    def _on_day(self, key: Key, day: date | None) -> Mapping[str, Any]:
        """How many rows of the key hold on the day (신고 인원)."""
        if day is None or None in key:
            return EMPTY
        rows = self._versions.get(key, ())
        held = ((row.get("valid_from") or date.min) <= day <= (row.get("valid_to") or date.max) for row in rows)
        return {"count": sum(held)}

    @cached_property
    def changes(self) -> frozenset[date]:
        """Days on which what a dated table answers may change."""
        days = {start for starts in self._starts.values() for start in starts}
        for row in self.rows if self._reported else ():
            days.add(row.get("valid_from") or date.min)
            ends = row.get("valid_to") or date.max
            days.add(ends if ends == date.max else ends + timedelta(days=1))
        return frozenset(days - {date.min, date.max})

    @cached_property
    def keys_alone(self) -> Sequence[tuple[Any, ...]]:
        """For each key column the values without which there is no row; empty where that is not so simple or not so few."""
        if self._prefix or self._range or self._reported:
            return ()
        known = [tuple(dict.fromkeys(row.get(column) for row in self.rows)) for column in self.key_columns]
        return [() if None in values or len(values) > FEW else values for values in known]

    @cached_property
    def paired_codes(self) -> tuple[str, ...]:
        """Of a table of pairs, every code that stands in one."""
        return tuple(sorted({code for row in self.rows for code in (row[column] for column in self.key_columns)}))

    @property
    def usable(self) -> bool:
        """Has rows, and the columns that name them."""
        return bool(self.rows) and all(column in self.rows[0] for column in self.key_columns)

    def of(self, key: Key) -> Sequence[Mapping[str, Any]]:
        """Every row of the key."""
        return self._versions.get(key, ())

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
        if path := self._own_file(name, spec):
            try:
                with path.open(encoding="utf-8-sig", newline="") as text:
                    rows = tuple(csv.DictReader(text))
                return Table(name, spec, rows, _wanted(name, spec))
            except (OSError, UnicodeDecodeError, csv.Error) as error:
                raise ParamsError(f"{path.name} cannot be read") from error
            except KeyError as error:
                raise ParamsError(f"{path.name} has no column {error.args[0]}") from error
        if spec.get("own"):
            return Table(name, spec, ())
        return Table(name, spec, _shipped(name, spec))

    def _own_file(self, name: str, spec: Mapping[str, Any]) -> Path | None:
        """NAME.csv of the folder, or the file that a table shares with another."""
        names = (name, str(spec.get("file", name)).rpartition("/")[2])
        paths = [self._folder / f"{one}.csv" for one in names] if self._folder else []
        return next((path for path in paths if path.is_file()), None)

    def joined(self, name: str, rows: Sequence[Mapping[str, Any]]) -> "Tables":
        """These tables with the rows of one more, learnt from the claims themselves."""
        tables = Tables(self._folder)
        told = [{column: "" if value is None else str(value) for column, value in row.items()} for row in rows]
        spec = self._specs[name]
        tables._loaded = self._loaded | {name: Table(name, spec, told, _wanted(name, spec))}
        return tables


def _shipped(name: str, spec: Mapping[str, Any]) -> Sequence[Mapping[str, str]]:
    return table(spec.get("file", f"claimcheck/{name}"))


def _wanted(name: str, spec: Mapping[str, Any]) -> Iterable[str]:
    """Columns of the shipped table."""
    return () if spec.get("own") else next(iter(_shipped(name, spec)), ())


def _as_it_is(row: dict[str, Any]) -> list[dict[str, Any]]:
    return [row]


def _fee(row: dict[str, Any]) -> list[dict[str, Any]]:
    """age_rule `ge12` → age_from; benefit `selective80` → selective_rate; group `ct_head` → region of the body.

    night_rule and child_rule: the price engine adds to this item at night or for a child under 6.
    """
    rule, benefit, group = row.get("age_rule") or "", row.get("benefit") or "", row.get("exclusive_group") or ""
    modality, _, region = group.partition("_")
    section, part, kind = (row.get(name) or "" for name in ("item_class", "item_sub", "code_kind"))
    whole = {
        "night_rule": "yes" if has_night_add_on(section, part, kind) else "no",
        "child_rule": "yes" if has_child_add_on(section, kind) else "no",
        **row,
        "age_from": int(rule[2:]) if rule.startswith("ge") else None,
        "age_to": int(rule[2:]) if rule.startswith("le") else None,
        "selective_rate": int(benefit[9:]) if benefit.startswith("selective") else None,
        "modality": modality if modality in {"ct", "mri"} else None,
        "region": region if modality in {"ct", "mri"} else None,
    }
    return [whole]


def _class_add_on(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The payer's own word → the claim's insurer_kind."""
    kinds = {"nhi": "4", "medical_aid": "5", "auto": "8", "industrial": "9"}
    return [row | {"insurer_kind": kinds.get(row["payer"] or "")}]


def _strength(row: dict[str, Any]) -> list[dict[str, Any]]:
    """One row a code: its strength, up to two higher ones of the same ingredient and unit, and the half of it."""
    steps = [float(step) for step in row["strengths_low_to_high"].split(";")]
    done = []
    for code, strength in zip(row["codes"].split(";"), steps, strict=True):
        higher = [*[step for step in steps if step > strength][:2], None, None]
        half = next((step for step in steps if step * 2 == strength), None)
        own = {"code": code, "strength": strength, "higher": higher[0], "highest": higher[1], "half": half}
        done.append({"ingredient": row["ingredient"], "unit": row["unit"]} | own)
    return done


DERIVE: dict[str, Callable[[dict[str, Any]], list[dict[str, Any]]]] = {
    "fees": _fee,
    "class_add_on": _class_add_on,
    "strengths": _strength,
}
DERIVED_TYPES = {
    "fees": {"age_from": "int", "age_to": "int", "selective_rate": "int"}
    | dict.fromkeys(["modality", "region", "night_rule", "child_rule"], "text"),
    "strengths": {"code": "text"} | dict.fromkeys(["strength", "higher", "highest", "half"], "number"),
    "class_add_on": {"insurer_kind": "text"},
}
CONVERT: dict[str, Callable[[str], Any]] = {
    "text": str,
    "int": lambda text: int(float(text)),
    "number": float,
    "date": date.fromisoformat,
}
