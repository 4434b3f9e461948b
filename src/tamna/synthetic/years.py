"""Writes the synthetic hospital month by month as Parquet: each month a folder that appears whole or not at all.

Same seed, same bytes; any month can be made again alone. Claims follow the columns of `tamna check`. What only the
generator knows (faults, chances, causes of cuts) goes to `truth/`, never beside the tables.
"""

import hashlib
import io
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

import tamna
from tamna.simulators.hospital.crowd import residents
from tamna.simulators.hospital.figures import departments, figures
from tamna.simulators.hospital.month import hospital_month
from tamna.simulators.hospital.office import items, office_month
from tamna.simulators.hospital.seasons import Month
from tamna.synthetic.statements import archived, billed

FORMAT = 2
NOTICE = "All of this is invented by a program. Nobody in it exists; no figure says anything about a real hospital."
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Plan:
    """What to make: a seed and months in a row."""

    seed: int
    last: Month
    count: int

    @property
    def months(self) -> list[Month]:
        return [self.last.shifted(-back) for back in range(self.count - 1, -1, -1)]

    def head(self) -> dict[str, Any]:
        return {
            "is_synthetic": True, "notice": NOTICE, "format": FORMAT, "tamna": tamna.__version__, "polars": pl.__version__,
            "seed": self.seed, "residents": figures("years")["residents"],
        }  # fmt: skip


class OtherHospital(Exception):
    """The folder holds another seed or another version's hospital."""


def begin(plan: Plan, out: Path) -> list[Month]:
    """Make the folder ready; returns the months still to be made. Raises OtherHospital, OSError."""
    out.mkdir(parents=True, exist_ok=True)
    manifest = out / "manifest.json"
    if manifest.exists():
        try:
            found = json.loads(manifest.read_text(encoding="utf-8"))
        except ValueError as error:
            raise OtherHospital("manifest.json cannot be read") from error
        differing = [key for key, value in plan.head().items() if found.get(key) != value]
        if differing:
            raise OtherHospital(", ".join(f"{key} {found.get(key)!r}" for key in differing))
    elif any(out.iterdir()):
        raise OtherHospital("it holds other files")
    else:
        _write_json(manifest, {**plan.head(), "is_complete": False})
    for name in ("months", "truth"):
        (out / name).mkdir(exist_ok=True)
        for left in (out / name).glob(".*.part"):
            shutil.rmtree(left)
    _write(out / "patients.parquet", residents(plan.seed)[1])
    _write(out / "items.parquet", items(plan.seed))
    world = residents(plan.seed)[0]
    _write(
        out / "doctors.parquet",
        pl.DataFrame([vars(doctor) for doctor in world.doctors]).with_columns(is_synthetic=pl.lit(True)),
    )
    _write(
        out / "staff.parquet",
        pl.DataFrame([vars(clerk) for clerk in world.staff]).with_columns(is_synthetic=pl.lit(True)),
    )
    listed = [{"code": item["code"], "name_ko": item["ko"], "name_en": item["en"]} for item in departments()]
    _write(out / "departments.parquet", pl.DataFrame(listed).with_columns(is_synthetic=pl.lit(True)))
    return [month for month in plan.months if not (out / "months" / str(month)).is_dir()]


def write_month(seed: int, month: Month, out: Path) -> dict[str, int]:
    """Make one month. Truth first, then the month: the month's folder means that both are there."""
    tables, truth = tables_of(seed, month)
    _folder(out / "truth" / str(month), truth)
    _folder(out / "months" / str(month), tables)
    return {name: frame.height for name, frame in tables.items()}


def finish(plan: Plan, out: Path) -> dict[str, Any]:
    """Write the manifest: rows and checksums of every file there is."""
    files = {str(path.relative_to(out)): path for path in sorted(out.rglob("*.parquet"))}
    rows: dict[str, int] = {}
    sums = {}
    for name, path in files.items():
        table = ("truth." if name.startswith("truth/") else "") + path.stem
        rows[table] = rows.get(table, 0) + int(pl.scan_parquet(path).select(pl.len()).collect().item())
        sums[name] = _sha256(path)
    present = sorted(path.name for path in (out / "months").iterdir() if not path.name.startswith("."))
    manifest = {
        **plan.head(), "is_complete": True, "months": present, "rows": dict(sorted(rows.items())),
        "administrative_records": sum(rows.get(name, 0) for name in ADMINISTRATIVE), "sha256": sums,
    }  # fmt: skip
    _write_json(out / "manifest.json", manifest)
    return manifest


ADMINISTRATIVE = (
    "documents", "purchases", "stock_moves", "facility_tickets", "it_tickets", "roster", "energy", "surveys", "equipment_events",
    "census",
)  # fmt: skip


def tables_of(seed: int, month: Month) -> tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame]]:
    """All tables of a month, and the labels kept apart."""
    made = hospital_month(seed, month)
    charges, bills = billed(made, month)
    past = archived(seed, month, made, charges, bills)
    invoices, payments = _money(bills, month)
    tables = {
        "calendar": made.calendar, "visitors": made.visitors, "appointments": made.appointments,
        "encounters": bills.drop("doctor", "night", "tender", "patient_won", "insurer_won", "total_won", "rule"),
        "queue_events": made.queue_events, "charges": charges.drop("fault", "bucket"), "invoices": invoices, "payments": payments,
        "claims": past.claims, "lines": past.lines, "diagnoses": past.diagnoses, "answers": past.answers,
        "answer_lines": past.cuts, "claim_encounters": past.claimed, **office_month(seed, month, bills.select("encounter_id", "setting", "closed_on", "department")),
    }  # fmt: skip
    truth = {"faults": past.faults, "mistakes": past.mistakes, "no_show": made.no_show_truth, "cuts": past.causes}
    return {name: frame.with_columns(is_synthetic=pl.lit(True)) for name, frame in tables.items()}, truth


def _money(bills: pl.DataFrame, month: Month) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Invoices and what was paid at the window; one in 120 is still open."""
    stamp = f"{month.year}{month.month:02d}"
    ordered = bills.sort("paid_at", "encounter_id").with_row_index("n", offset=1)
    number = pl.col("n").cast(pl.String).str.zfill(6)
    open_bill = pl.col("n") % 120 == 0
    invoices = ordered.select(
        pl.format("N{}-{}", pl.lit(stamp), number).alias("invoice_id"), "encounter_id", "payer", "total_won", "patient_won", "insurer_won",
        "rule", issued_at="finished_at", paid_won=pl.when(open_bill).then(0).otherwise("patient_won"),
    )  # fmt: skip
    payments = ordered.filter(~open_bill & (pl.col("patient_won") > 0)).select(
        pl.format("R{}-{}", pl.lit(stamp), number).alias("receipt_id"), pl.format("N{}-{}", pl.lit(stamp), number).alias("invoice_id"),
        amount_won="patient_won", tender="tender", taken_at="paid_at",
    )  # fmt: skip
    return invoices, payments


def _folder(path: Path, frames: dict[str, pl.DataFrame]) -> None:
    """A folder of tables that appears whole; one from an earlier try is replaced."""
    part = path.with_name(f".{path.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        for name, frame in frames.items():
            _write(part / f"{name}.parquet", frame)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    shutil.rmtree(path, ignore_errors=True)
    part.rename(path)


def _write(path: Path, frame: pl.DataFrame) -> None:
    """By way of memory: polars says a full disk in words only, the system in an OSError."""
    packed = io.BytesIO()
    frame.write_parquet(packed, compression="zstd", compression_level=1)
    _put(path, packed.getbuffer())


def _put(path: Path, content: bytes | memoryview) -> None:
    """Whole or not at all, also after a loss of power."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    part.replace(path)


def _write_json(path: Path, value: dict[str, Any]) -> None:
    _put(path, (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode())


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as opened:
        while chunk := opened.read(CHUNK_BYTES):
            yield chunk


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    for chunk in _chunks(path):
        digest.update(chunk)
    return digest.hexdigest()
