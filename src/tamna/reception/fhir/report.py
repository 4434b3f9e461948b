"""What an import says of itself (들여오기 보고): read, mapped, kept aside and why, refused; in the reader's language."""

import dataclasses
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from tamna.connect.fhir import FhirError
from tamna.core.errors import DomainError, catalogue

KEPT: dict[str, str] = {
    "no_place": noop("Tamna has no record of this kind; the original is kept"),
    "not_ours": noop("staff, departments and places of another institution"),
    "charged_elsewhere": noop("charges of another institution are not billed here"),
    "foreign_payer": noop("not a Korean payer; eligibility is asked at the desk"),
    "not_finished": noop("the visit is not finished; only finished and cancelled visits become records"),
    "unknown_class": noop("the class of the visit is not known here"),
    "no_start": noop("the day is not said"),
    "no_visit": noop("it belongs to no visit that became a record"),
    "no_code": noop("no code is said"),
    "withdrawn": noop("its sender marked it as entered in error"),
    "not_ordered_here": noop("an order of another institution"),
    "person_incomplete": noop("the person's name, exact birth date or sex is missing"),
}  # fmt: skip
MOST_REFUSALS = 200


@dataclass
class Count:
    """Entries of one resource type. `read` is the sum of the others."""

    read: int = 0
    mapped: int = 0
    kept: int = 0
    refused: int = 0
    unchanged: int = 0
    reasons: Counter[str] = dataclasses.field(default_factory=Counter)


@dataclass(frozen=True)
class Refusal:
    """One refused bundle (no row) or entry. `place` is the file's number in the run; `name` is never stored."""

    place: int
    key: str
    row: int | None = None
    field: str = ""
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)
    name: str = ""

    @classmethod
    def of(cls, error: FhirError | DomainError, place: int, name: str = "") -> "Refusal":
        if isinstance(error, FhirError):
            return cls(place, error.key, error.row, error.field, error.facts, name)
        return cls(place, error.key, None, "", {key: str(value) for key, value in error.facts.items()}, name)

    @property
    def message(self) -> str:
        return DomainError(self.key, **self.facts).message

    @property
    def hint(self) -> str:
        return _(HINTS[self.key]) if self.key in HINTS else ""

    def stored(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if key != "name" and value not in (None, "", {})}

    def as_json(self) -> dict[str, Any]:
        """As the command line says it on standard error."""
        message = f"{self.name}: {self.message}" if self.name else self.message
        return {"code": self.key, "message": message, "row": self.row, "field": self.field, "hint": self.hint}


RETRY = noop("Correct it at its source and import again: what is here already is not taken twice.")
HINTS: dict[str, str] = {
    "fhir.no_such_file": noop("Give a file or a folder that exists."),
    "fhir.empty_folder": noop("Give a folder with .json, .ndjson or .jsonl files; .gz is read too."),
    "fhir.no_right": noop("Give the account that runs Tamna the right to read it."),
    "fhir.unreadable": noop("Copy the file again and look at the disk."),
    "fhir.encoding": noop("Save the file as UTF-8 and import again."),
    "fhir.too_large": noop("Split it into a bundle a patient, or into NDJSON lines, and import again."),
    "fhir.cut_json": noop("Copy the file again from its source; the end is missing."),
    "fhir.cut_gzip": noop("Copy the file again from its source; the end is missing or damaged."),
    "fhir.reference_missing": noop("Import the patients first, or put them into the same bundle."),
    "fhir.changed": noop("Nothing here is overwritten. Look at both versions and correct ours by hand."),
    "fhir.person_differs": noop("Ask the sender whose record this is; do not change ours to fit."),
}  # fmt: skip
for _key in ("fhir.binary", "fhir.bad_json", "fhir.bad_number", "fhir.key_twice", "fhir.too_deep", "fhir.not_fhir", "fhir.wrong_type",
             "fhir.bundle_type", "fhir.empty", "fhir.empty_bundle", "fhir.bad_element", "fhir.element_missing", "fhir.no_resource",
             "fhir.method", "fhir.same_id_twice", "fhir.no_lines", "fhir.does_not_fit", "fhir.bad_text"):  # fmt: skip
    HINTS[_key] = RETRY


@dataclass
class Tally:
    """The counts of a bundle or of a whole run."""

    types: dict[str, Count] = dataclasses.field(default_factory=dict)
    bundles: Counter[str] = dataclasses.field(default_factory=Counter)  # read new unchanged refused
    records: Counter[str] = dataclasses.field(default_factory=Counter)  # rows made, by table
    refusals: list[Refusal] = dataclasses.field(default_factory=list)
    refused_more: int = 0
    patients: list[dict[str, str]] = dataclasses.field(
        default_factory=list
    )  # chart number and public id of the new ones

    def count(self, kind: str) -> Count:
        return self.types.setdefault(kind, Count())

    def refuse(self, refusal: Refusal) -> None:
        if len(self.refusals) < MOST_REFUSALS:
            self.refusals.append(refusal)
        else:
            self.refused_more += 1

    def add(self, other: "Tally") -> None:
        for kind, one in other.types.items():
            mine = self.count(kind)
            for name in ("read", "mapped", "kept", "refused", "unchanged"):
                setattr(mine, name, getattr(mine, name) + getattr(one, name))
            mine.reasons += one.reasons
        self.bundles += other.bundles
        self.records += other.records
        self.patients += other.patients
        self.refused_more += other.refused_more
        for refusal in other.refusals:
            self.refuse(refusal)

    def total(self, name: str) -> int:
        return sum(getattr(one, name) for one in self.types.values())

    @property
    def refused(self) -> int:
        """Whole files and single entries, also those that are no longer listed."""
        return len(self.refusals) + self.refused_more

    @property
    def is_new(self) -> bool:
        return self.total("mapped") + self.total("kept") > 0

    def as_json(self) -> dict[str, Any]:
        """The report: stable keys, reasons in the reader's language beside their names."""
        names = ("read", "mapped", "kept", "refused", "unchanged")
        by_type = {
            kind: {
                **{name if name != "kept" else "kept_aside": getattr(one, name) for name in names},
                **({"reasons": {key: {"count": count, "says": _(KEPT[key])} for key, count in sorted(one.reasons.items())}} if one.reasons else {}),
            }
            for kind, one in sorted(self.types.items())
        }  # fmt: skip
        return {
            "format": "FHIR R4",
            "bundles": {name: self.bundles[name] for name in ("read", "new", "unchanged", "refused")},
            "resources": {name if name != "kept" else "kept_aside": self.total(name) for name in names},
            "by_type": by_type, "records_made": dict(sorted(self.records.items())), "patients": self.patients,
            "refusals": self.refused,
        }  # fmt: skip

    def stored(self) -> dict[str, Any]:
        """What the run keeps: counts only."""
        by_type = {
            kind: [one.read, one.mapped, one.kept, one.refused, one.unchanged]
            for kind, one in sorted(self.types.items())
        }
        reasons = {kind: dict(one.reasons) for kind, one in sorted(self.types.items()) if one.reasons}
        return {
            "bundles": dict(self.bundles),
            "types": by_type,
            "reasons": reasons,
            "records": dict(self.records),
            "refused": self.refused,
        }


@dataclass(frozen=True)
class RunView:
    """A stored run as IT's screen shows it."""

    run: Any
    bundles: dict[str, int]
    totals: dict[str, int]
    types: list[tuple[str, list[int], list[tuple[str, int]]]]
    refused: int  # whole files and single entries
    refusals: list[Refusal]  # the first of them

    @classmethod
    def of(cls, run: Any) -> "RunView":
        types, reasons = run.counts.get("types", {}), run.counts.get("reasons", {})
        names = ("read", "mapped", "kept", "refused", "unchanged")
        return cls(
            run, {**dict.fromkeys(("read", "new", "unchanged", "refused"), 0), **run.counts.get("bundles", {})},
            {name: sum(counts[place] for counts in types.values()) for place, name in enumerate(names)},
            [(kind, counts, [(_(KEPT[key]), count) for key, count in reasons.get(kind, {}).items()]) for kind, counts in types.items()],
            run.counts.get("refused", len(run.refusals)), [Refusal(**{"place": 0, "key": "", **stored}) for stored in run.refusals],
        )  # fmt: skip


def as_text(report: dict[str, Any]) -> str:
    """The same report for a person."""
    totals, bundles = report["resources"], report["bundles"]
    lines = [
        _("Bundles: %(read)s read, %(new)s new, %(unchanged)s here already, %(refused)s refused") % bundles,
        _("Resources: %(read)s read, %(mapped)s mapped, %(kept_aside)s kept aside, %(unchanged)s here already, %(refused)s refused") % totals,
        "",
    ]  # fmt: skip
    for kind, one in report["by_type"].items():
        lines.append(
            f"  {kind:<24}"
            + _(
                "%(read)6s read %(mapped)6s mapped %(kept_aside)6s kept aside %(unchanged)6s here already %(refused)4s refused"
            )
            % one
        )
        lines += [f"    {reason['count']:>6} {reason['says']}" for reason in one.get("reasons", {}).values()]
    made = ", ".join(f"{name} {count}" for name, count in report["records_made"].items())
    lines += [
        "",
        _("New records: %(made)s") % {"made": made or "0"},
        f"{report['seconds']} s, {report['peak_mib']} MiB",
        "",
    ]
    return "\n".join(lines)


def known_keys() -> set[str]:
    """Keys that have a sentence (a test looks that none is missing)."""
    return {key for key in catalogue() if key.startswith("fhir.")}
