"""The stored statements as the rules see them, straight from PostgreSQL: documents for one, frames for thousands.

`archive.sql` says once what each column is; both ways read it. A document is told apart from its neighbours only by the
pseudonym of the person; the card number alone is unsealed, because rules read it. A statement is judged with the other
statements of its patient, and where it has physical therapy with those of the same days (30 patients a therapist).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache
from importlib import resources
from typing import Any

import polars as pl
from django.db import connection

from tamna.claims.models import ReportedMachine, ReportedStaff
from tamna.claims.studio import ruleset
from tamna.core import clock, crypto
from tamna.engines.claimcheck import Company, Report, RuleSet, schema
from tamna.engines.claimcheck.emit_frames import TYPES
from tamna.engines.claimcheck.frame_input import with_line_notes
from tamna.engines.claimcheck.frames import FramesCheck
from tamna.engines.claimcheck.rules import Rule
from tamna.engines.claimcheck.syntax import Compare, Literal, Name, walk

PARTS = ("claims", "lines", "diagnoses", "orders")  # of archive.sql
CARD = "patients_coverage.card_no"  # the sealed column, as `core.crypto` labels it
THERAPY = Compare("=", Name("item_class"), Literal("06"))
NOTES = frozenset({"claim_id", "unit", "line_no", "note_code", "note_text"})  # written on the lines
COLUMN_END, ROW_END, NOTHING = "\x1f", "\x1e", "\x1d"
Ids = Sequence[int]


@lru_cache(maxsize=1)
def _queries() -> Mapping[str, str]:
    text = resources.files("tamna.claims").joinpath("archive.sql").read_text(encoding="utf-8")
    named = (part.partition("\n") for part in text.split("-- name: ")[1:])
    return {name.strip(): query.strip() for name, _, query in named}


@lru_cache(maxsize=1)
def _names() -> Mapping[str, tuple[str, ...]]:
    """Columns of each query; `key` comes first."""
    found = {}
    with connection.cursor() as cursor:
        for part in PARTS:
            cursor.execute(_queries()[part], {"ids": [], "today": date.min})
            found[part] = tuple(column.name for column in cursor.description)
    return found


@lru_cache(maxsize=1)
def columns() -> Mapping[str, frozenset[str]]:
    """What this hospital's records can know of a statement, as `RuleSet.not_evaluated` asks it."""
    known = {part: frozenset(names) - {"key"} for part, names in _names().items()}
    return {**known, "claims": known["claims"] | {"age"}, "notes": NOTES}


def documents(ids: Ids) -> list[schema.Document]:
    """Whole statements in order of their keys, dates as text as a file has them. Four queries however many they are."""
    found: dict[int, schema.Document] = {}
    for part in PARTS:
        with connection.cursor() as cursor:
            cursor.execute(_queries()[part], {"ids": list(ids), "today": clock.today()})
            names = [column.name for column in cursor.description][1:]
            for key, *values in cursor:
                row = dict(zip(names, map(_plain, values), strict=True))
                if part == "claims":
                    row["card_no"] = _opened(row["card_no"])
                    found[key] = {"claim": row, "lines": [], "diagnoses": [], "notes": [], "orders": []}
                else:
                    found[key][part].append(row)
    return [found[key] for key in sorted(found)]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M")
    return value.isoformat() if isinstance(value, date) else value


def _opened(sealed: bytes | None) -> str | None:
    return crypto.unseal(bytes(sealed), CARD) if sealed else None


def frames(ids: Ids, wanted: Mapping[str, Collection[str]] | None = None) -> dict[str, pl.DataFrame]:
    """The same statements as typed frames with `claim` and `at`, ready for `FramesCheck.check`; claims keep their `key`.

    `wanted`: the columns of each table that will be asked; PostgreSQL reckons no other, and a table not named stays empty.
    """
    none = pl.DataFrame(schema={"claim": pl.UInt32(), "at": pl.UInt32()})
    read = {
        part: _copied(part, ids, None if wanted is None else wanted[part])
        for part in PARTS
        if wanted is None or part in wanted
    }
    claims = read["claims"].with_row_index("claim").with_columns(at=pl.lit(0, pl.UInt32()))
    if "card_no" in claims.columns:
        claims = _with_cards(claims)
    done = {"claims": _with_age(claims) if {"birth_date", "first_visit_on"} <= set(claims.columns) else claims}
    places = claims.select("key", "claim")
    for part in PARTS[1:]:
        if part not in read:
            done[part] = none
            continue
        rows = read[part].join(places, on="key", how="inner", maintain_order="left").drop("key")
        done[part] = rows.with_columns(at=pl.int_range(pl.len(), dtype=pl.UInt32()).over("claim"))
    noted = {"note_code", "line_no"} <= set(done["lines"].columns)
    return done | {"prescriptions": none, "notes": with_line_notes(none, done["lines"]) if noted else none}


def _with_cards(claims: pl.DataFrame) -> pl.DataFrame:
    sealed = claims["card_no"].unique().drop_nulls()
    opened = [_opened(bytes.fromhex(text.removeprefix("\\x"))) for text in sealed]
    return claims.with_columns(pl.col("card_no").replace_strict(sealed, opened, default=None, return_dtype=pl.String()))


def _with_age(claims: pl.DataFrame) -> pl.DataFrame:
    ages = [
        schema.years_between(birth, on) if birth and on else None
        for birth, on in claims.select("birth_date", "first_visit_on").iter_rows()
    ]
    return claims.with_columns(age=pl.Series(ages, dtype=pl.Int64()))


def _copied(part: str, ids: Ids, wanted: Collection[str] | None = None) -> pl.DataFrame:
    """A query's rows, each column in the type the rules know it by."""
    known = schema.CLAIM if part == "claims" else schema.TABLES[part]
    kinds = {
        name: "int" if name == "key" else known[name]
        for name in _names()[part]
        if wanted is None or name == "key" or name in wanted
    }
    types = {name: TYPES[kind] for name, kind in kinds.items()}
    return read_packed(_queries()[part], {"ids": list(ids), "today": clock.today()}, types)


def read_packed(query: str, values: Mapping[str, Any], types: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """The columns of a query as a frame. PostgreSQL packs all rows into one text: a row at a time costs the driver ten times that.

    The signs between columns and rows are control letters that no text of a statement holds; one that a text does hold is left out.
    """
    columns = (
        f"coalesce(translate({name}::text, E'{COLUMN_END}{ROW_END}', ''), E'{NOTHING}')"
        if kind == pl.String()
        else f"coalesce({name}::text, E'{NOTHING}')"
        for name, kind in types.items()
    )
    packed = f" || E'{COLUMN_END}' || ".join(columns)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT string_agg({packed}, E'{ROW_END}') FROM ({query}) part", values)  # noqa: S608 - our own names
        content = cursor.fetchone()[0]
    if not content:
        return pl.DataFrame(schema=dict(types))
    text = {name: pl.String() if kind == pl.Boolean() else kind for name, kind in types.items()}
    rows = pl.read_csv(
        content.encode(), has_header=False, schema=text, separator=COLUMN_END, eol_char=ROW_END, quote_char=None, null_values=[NOTHING],
        empty_string_is_null=False, glob=False,
    )  # fmt: skip
    return rows.with_columns(pl.col(name) == "true" for name, kind in types.items() if kind == pl.Boolean())


def with_company(ids: Ids, companies: Sequence[str] = ("of_patients", "of_days")) -> list[int]:
    """These statements and those they are judged with, in order of their keys. A query a company."""
    found = set(ids)
    with connection.cursor() as cursor:
        for query in companies:
            cursor.execute(_queries()[query], {"ids": list(ids)})
            found.update(key for (key,) in cursor)
    return sorted(found)


@dataclass(frozen=True)
class Checker:
    """A rule set with this hospital's own tables, over its own statements."""

    rules: RuleSet

    @cached_property
    def peers(self) -> frozenset[str]:
        """Rules across patients that can be judged: those over the physical therapy of one day."""
        return frozenset(rule.key for rule in self.rules.rules if rule.across_patients and _of_a_day(rule))

    @cached_property
    def _frames_check(self) -> FramesCheck:
        return FramesCheck(self.rules)

    def company(self, claim_id: int) -> tuple[schema.Document, Company]:
        """A statement and what it is judged with; both normal."""
        ids = with_company([claim_id])
        place = ids.index(claim_id)
        read = [schema.normal(document) for document in documents(ids)]
        return read.pop(place), Company(read, place, self.peers, columns())

    def report(self, claim_id: int) -> Report:
        """Everything the rules find on one stored statement."""
        return self.rules.checked(*self.company(claim_id))

    def findings(self, ids: Ids, *, days: bool = True) -> pl.DataFrame:
        """The same findings for many: `key` of the claim, rule_id, over, at, line_no, severity, won_at_risk, hidden.

        `days`: with the physical therapy of the same days; without it the rules over a day are left to who judges whole spans.
        """
        tables = frames(with_company(ids, ("of_patients", "of_days") if days else ("of_patients",)))
        found = self._frames_check.check(tables, columns(), peers=self.peers if days else frozenset())
        keys = tables["claims"].select("claim", "key")
        return found.join(keys, on="claim", maintain_order="left").filter(pl.col("key").is_in(list(ids)))

    @property
    def not_evaluated(self) -> Mapping[str, str]:
        """Rules that cannot be judged here → what the records lack."""
        return self.rules.not_evaluated(columns(), peers=self.peers)


def _of_a_day(rule: Rule) -> bool:
    return Name("service_on") in rule.per and rule.where is not None and THERAPY in walk(rule.where)


def checker(on: date | None = None, own: str = "", only: Iterable[str] = ()) -> Checker:
    """The rules in force with the hospital's reported staff and machines. Compiled once for the same rules and reports.

    `on`: the rules of this day for every claim. `own`: rules as YAML text that join or replace them. `only`: these rules.
    Raises RuleError.
    """
    return _checker(ruleset.switches(), on, own, tuple(only), _reported())


Reported = tuple[tuple[str, tuple[tuple[tuple[str, Any], ...], ...]], ...]


def _reported() -> Reported:
    """Rows of the tables of the institution (요양기관 현황 신고), hashable."""
    people = list(ReportedStaff.objects.order_by("id").values("kind", "license_no", "valid_from", "valid_to"))
    doctors: dict[str, dict[str, Any]] = {}
    for row in people:
        if row["license_no"]:
            held = {"doctor_license": row["license_no"], "valid_from": row["valid_from"], "valid_to": row["valid_to"]}
            doctors[row["license_no"]] = _widest(doctors.get(row["license_no"]), held)
    machines: dict[str, dict[str, Any]] = {}
    for machine in ReportedMachine.objects.order_by("id").values("kind", "valid_from", "valid_to"):
        held = {"equipment": machine["kind"], "valid_from": machine["valid_from"], "valid_to": machine["valid_to"]}
        machines[machine["kind"]] = _widest(machines.get(machine["kind"]), held)
    reported = [{"kind": row["kind"], "valid_from": row["valid_from"], "valid_to": row["valid_to"]} for row in people]
    tables = {"staff": list(doctors.values()), "staff_reported": reported, "equipment": list(machines.values())}
    return tuple((name, tuple(tuple(row.items()) for row in rows)) for name, rows in tables.items())


def _widest(known: dict[str, Any] | None, row: dict[str, Any]) -> dict[str, Any]:
    """One row a key: from the first report to the last; an open one stays open."""
    if known is None:
        return row
    ends = None if None in (known["valid_to"], row["valid_to"]) else max(known["valid_to"], row["valid_to"])
    return row | {"valid_from": min(known["valid_from"], row["valid_from"]), "valid_to": ends}


@lru_cache(maxsize=4)
def _checker(
    known: tuple[ruleset.Switched, ...], on: date | None, own: str, only: tuple[str, ...], reported: Reported
) -> Checker:
    tables = {name: [dict(row) for row in rows] for name, rows in reported}
    return Checker(ruleset.chosen(known, on, own, only).with_tables(tables))
