"""What a claim file has to say besides its records: faults with their place and words, and the person of a statement.

A fault names a statement and a field, never a value of a person. Words in ko and en: `params/claim_layout/faults.yaml`.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tamna.engines.claimfile.layout import Layout
from tamna.params import load_raw

Statement = Mapping[str, Any]  # claim, diagnoses, lines, prescriptions, notes: columns of nhi-claims.md E


@dataclass(frozen=True)
class Person:
    """Who a statement is for, from the vault; nothing of it is ever printed (고유식별정보)."""

    patient_name: str = dataclasses.field(default="", repr=False)
    resident_no: str = dataclasses.field(default="", repr=False)
    subscriber_name: str = dataclasses.field(default="", repr=False)


NOBODY = Person()


@dataclass(frozen=True)
class Fault:
    """One thing that is missing, wrong, or was changed on the way (기재 누락·오류)."""

    code: str
    field: str = ""  # id of the layout's field
    record: str = ""  # H A B C D E
    row: int = 0  # from 1 within its list: a line's own number on lines
    serial_no: str = ""
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    mark: str = ""  # "?" where what was asked for is not confirmed

    def as_json(self) -> dict[str, Any]:
        full = {"code": self.code, "field": self.field, "record": self.record, "row": self.row, "serial_no": self.serial_no,
                "facts": dict(self.facts), "mark": self.mark}  # fmt: skip
        return {key: value for key, value in full.items() if value}

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> "Fault":
        return cls(**{key: raw[key] for key in cls.__dataclass_fields__ if key in raw})

    def message(self, lang: str, layout: Layout) -> str:
        """A sentence that says where, what, and what to do."""
        words = load_raw("claim_layout/faults")
        place = words["records"].get(self.record, {}).get(lang, "")
        row = words["row"][lang].format(row=self.row) if self.row else ""
        template: str = words["faults"][self.code][lang]
        return " ".join(filter(None, (place, row, template.format(field=self.name(lang, layout), **self.facts))))

    def name(self, lang: str, layout: Layout) -> str:
        """What the field is called."""
        if lang != "ko":
            return self.field.replace("_", " ")
        found = (item.ko for record in layout.records for item in record.fields if item.id == self.field)
        own = load_raw("claim_layout/faults")["fields"].get(self.field)
        return str(own or next(found, self.field))


class Unwritable(ValueError):
    """A batch that cannot be written: every reason at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} faults; the first: {faults[0].code} {faults[0].record}.{faults[0].field}")
        self.faults = tuple(faults)


class BadFile(ValueError):
    """Bytes that are not a whole claim file (변환오류): which row, which field, why."""

    def __init__(self, code: str, row: int = 0, field: str = "") -> None:
        super().__init__(f"{code} in row {row}" + (f", {field}" if field else ""))
        self.code, self.row, self.field = code, row, field
