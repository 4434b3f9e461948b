"""A record layout as data (청구 서식): which field of a claim stands at which byte, read from `params/claim_layout/<name>.yaml`.

Words of a field: `pos`, `len` in bytes from 1; `type` an (text, left), n (number, right; `decimals` implied), d (CCYYMMDD); `id`
the column of nhi-claims.md E; `else` a column of the statement where the row has none; `value` a constant; `codes` ours → theirs,
`also` theirs → ours on reading; `make` a named change (`claimfile.changes`); `one_way` written, not read; `person` filled from the
vault; `may_cut` text that may lose its end; `goes_on` text that goes on in further records; `required`, `among`, `mark` for checks.
Raises ParamsError when positions leave gaps, overlap or miss the record's length.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any

from tamna.params import ParamsError, load_raw

TAMNA = "claim_layout/tamna-hira-1"
KINDS = ("an", "n", "d")


@dataclass(frozen=True)
class Field:
    """One field of a record."""

    pos: int
    len: int
    id: str
    ko: str
    type: str = "an"
    decimals: int = 0
    otherwise: str = ""
    value: str | None = None
    codes: dict[str, str] = field(default_factory=dict)
    also: dict[str, str] = field(default_factory=dict)
    make: str = ""
    one_way: bool = False
    person: bool = False
    may_cut: bool = False
    goes_on: bool = False
    required: bool = False
    among: tuple[str, ...] = ()
    mark: str = ""

    @property
    def of_file(self) -> bool:
        """Whether the file itself says it, not the statement (청구번호, 일련번호, constants)."""
        return self.value is not None or self.id in ("batch_no", "serial_no")


@dataclass(frozen=True, eq=False)
class Record:
    """One kind of record (내역구분) and where its rows come from: header, claim, or a list of the statement."""

    kind: str
    ko: str
    source: str
    length: int
    fields: tuple[Field, ...]
    least: int = 0
    most: int = 1
    variants: tuple[tuple[frozenset[str], Field], ...] = ()

    @property
    def kind_at(self) -> int:
        """Offset of the record kind."""
        return next(item.pos for item in self.fields if item.id == "record_kind") - 1


@lru_cache(maxsize=64)
def in_form(record: Record, form_code: str) -> Record:
    """The record as a form (서식번호) has it: what is put in shifts the rest."""
    for forms, extra in record.variants:
        if form_code in forms:
            before = [item for item in record.fields if item.pos < extra.pos]
            after = [replace(item, pos=item.pos + extra.len) for item in record.fields if item.pos >= extra.pos]
            record = replace(record, length=record.length + extra.len, fields=(*before, extra, *after))
    return record


@dataclass(frozen=True)
class Layout:
    """A whole layout; `records` in the order of the file, the header first."""

    name: str
    starts_on: date
    source: str
    mark: str
    encoding: str
    newline: str
    suffix: str
    header_only: frozenset[str]
    settings: dict[str, str]
    forms: tuple[dict[str, str], ...]
    moves: tuple[dict[str, Any], ...]
    moved_sub: dict[str, str]
    records: tuple[Record, ...]
    running: bool = True  # serials run from 00001 without a hole

    @property
    def header(self) -> Record:
        return self.records[0]

    def record(self, source: str) -> Record:
        return next(record for record in self.records if record.source == source)

    @property
    def header_fields(self) -> frozenset[str]:
        """Every name that a header may hold."""
        return self.header_only | {item.id for item in self.header.fields if item.value is None}

    def claim_type_of(self, form_code: str) -> str:
        return next((row["claim_type"] for row in self.forms if row["form_code"] == form_code), "ffs")

    def forms_for(self, claim_type: str, insurer_kind: str, setting: str) -> tuple[str, ...]:
        """Forms that fit a statement (서식번호)."""
        place = "inpatient" if setting == "inpatient" else "outpatient"
        return tuple(
            row["form_code"]
            for row in self.forms
            if (row["claim_type"], row["setting"]) == (claim_type, place) and row["insurer_kind"] in ("", insurer_kind)
        )


@lru_cache(maxsize=8)
def load_layout(name: str = TAMNA) -> Layout:
    """The layout of a parameter file."""
    return layout_of(load_raw(name), name)


def layout_of(raw: dict[str, Any], name: str) -> Layout:
    """A layout from its words. Raises ParamsError."""
    records = tuple(_record(kind, words, name) for kind, words in raw["records"].items())
    if not records or records[0].source != "header" or len({record.kind_at for record in records[1:]}) != 1:
        raise ParamsError(f"{name}: the header comes first, and all others tell their kind at the same byte")
    return Layout(
        name=raw["layout"], starts_on=raw["from"], source=raw["source"], mark=raw["mark"], encoding=raw["encoding"],
        newline=raw["newline"], suffix=raw["suffix"], header_only=frozenset(raw["header_only"]), settings=raw["settings"],
        forms=tuple(raw["forms"]), moves=tuple(raw["moves"]), moved_sub=raw["moved_sub"], records=records,
        running=raw.get("serials", "running") == "running",
    )  # fmt: skip


def _record(kind: str, words: dict[str, Any], name: str) -> Record:
    where = f"{name} {kind}"
    fields = tuple(_field(row, where) for row in words["fields"])
    at = 1
    for item in fields:
        if item.pos != at:
            raise ParamsError(f"{where}: {item.id} stands at {item.pos}, the field before it ends at {at - 1}")
        at += item.len
    if at - 1 != words["length"]:
        raise ParamsError(f"{where}: the fields are {at - 1} bytes, the record {words['length']}")
    variants = tuple(
        (frozenset(row["forms"]), _field({**{key: row[key] for key in row if key not in ("forms", "at")}, "pos": row["at"]}, where))
        for row in words.get("variants", ())
    )  # fmt: skip
    return Record(
        kind, words["ko"], words["from"], words["length"], fields, words.get("least", 0), words.get("most", 1), variants
    )


def _field(row: dict[str, Any], where: str) -> Field:
    words = dict(row)
    words["otherwise"] = words.pop("else", "")
    words["among"] = tuple(words.get("among", ()))
    try:
        made = Field(**words)
    except TypeError as error:
        raise ParamsError(f"{where}: {row.get('id')}: {error}") from None
    if made.type not in KINDS or made.len < 1:
        raise ParamsError(f"{where}: {made.id} is of no known type or has no length")
    return made
