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
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl

import tamna
from tamna.simulators.hospital.crowd import residents
from tamna.simulators.hospital.figures import departments, figures
from tamna.simulators.hospital.month import HospitalMonth, hospital_month, noticed_codes
from tamna.simulators.hospital.office import items, office_month
from tamna.simulators.hospital.review import judged
from tamna.simulators.hospital.seasons import Month
from tamna.synthetic.prices import priced, shared

FORMAT = 1
INSTITUTION = "39100103"
INSURER_KIND = {
    "nhi": "4",
    "near_poor_2": "4",
    "medical_aid_1": "5",
    "medical_aid_2": "5",
    "veteran": "7",
    "auto": "8",
    "industrial": "9",
}
NOT_CLAIMED = ("non_covered", "full_self")
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
    charges, bills = _billed(made, month)
    claims, lines, diagnoses, faults = _claims(made, charges, bills, month)
    answers, causes = _answers(seed, month, claims, lines, faults, made)
    claimed = claims.select("claim_id", "encounter_id")
    invoices, payments = _money(bills, month)
    tables = {
        "calendar": made.calendar, "visitors": made.visitors, "appointments": made.appointments,
        "encounters": bills.drop("doctor", "night", "tender", "patient_won", "insurer_won", "total_won", "rule"),
        "queue_events": made.queue_events, "charges": charges.drop("fault", "bucket"), "invoices": invoices, "payments": payments,
        "claims": claims.drop("encounter_id"), "lines": lines, "diagnoses": diagnoses, "answers": answers,
        "claim_encounters": claimed, **office_month(seed, month, bills.select("encounter_id", "setting", "closed_on", "department")),
    }  # fmt: skip
    truth = {"faults": faults, "no_show": made.no_show_truth, "cuts": causes}
    return {name: frame.with_columns(is_synthetic=pl.lit(True)) for name, frame in tables.items()}, truth


def _billed(made: HospitalMonth, month: Month) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Priced lines of every encounter, and the encounters with who pays what."""
    about = made.encounters.select(
        "encounter_id", "payer", "night", "closed_on", "admitted_on", "started_at",
        age_days=(pl.col("closed_on") - pl.col("birth_date")).dt.total_days(),
    )  # fmt: skip
    lines = made.lines.join(about, on="encounter_id", how="left", maintain_order="left")
    lines = priced(lines, month.first)
    lines = lines.sort("encounter_id", "item_class", "item_sub", "code", "offset", "minute").with_columns(
        line_no=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("encounter_id"),
        service_on=pl.col("admitted_on") + pl.duration(days=pl.col("offset")),
        service_at=pl.col("admitted_on").cast(pl.Datetime("us"))
        + pl.duration(days=pl.col("offset"), minutes=pl.col("minute").cast(pl.Int64)),
    )
    charges = lines.select(
        "encounter_id", "line_no", "code", "name", "item_class", "item_sub", "code_kind", "benefit", "bucket", "unit_won",
        pl.col("quantity").cast(pl.Int64), "times", "days", "amount_won", "add_on_rate", "night_add_on", "child_add_on",
        "service_on", "service_at", "fault",
    )  # fmt: skip
    return charges, shared(
        made.encounters, charges.select("encounter_id", "bucket", "benefit", "item_class", "amount_won")
    )


def _claims(
    made: HospitalMonth, charges: pl.DataFrame, bills: pl.DataFrame, month: Month
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:  # fmt: skip
    """Statements of the month in the columns of `tamna check`, with their lines, diagnoses and the labels of their faults."""
    insured = bills.filter(pl.col("payer").is_in(list(INSURER_KIND))).sort("closed_on", "encounter_id")
    kept = charges.filter(~pl.col("benefit").is_in(NOT_CLAIMED)).join(
        insured.select("encounter_id", claim_id=pl.format("C{}-{}", pl.lit(f"{month.year}{month.month:02d}"), pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(6))),
        on="encounter_id", maintain_order="left",
    )  # fmt: skip
    sums = kept.group_by("encounter_id", maintain_order=True).agg(
        pl.col("claim_id").first(), kept_won=pl.col("amount_won").sum()
    )
    insured = insured.join(sums, on="encounter_id", maintain_order="left")
    total = pl.col("kept_won") // 10 * 10
    insurer = pl.min_horizontal(total, pl.col("insurer_won")) // 10 * 10
    stay = pl.col("setting") == "inpatient"
    claims = insured.select(
        "claim_id", "encounter_id", claim_kind=pl.lit("original"), claim_type=pl.lit("ffs"),
        form_code=pl.when(stay).then(pl.lit("H010")).otherwise(pl.lit("H011")),
        insurer_kind=pl.col("payer").replace_strict(INSURER_KIND),
        aid_type=pl.when(pl.col("payer") == "medical_aid_1").then(pl.lit("1")).when(pl.col("payer") == "medical_aid_2").then(pl.lit("2")),
        institution_id=pl.lit(INSTITUTION), institution_class=pl.lit("general"), area=pl.lit("dong"), setting="setting", department="department",
        patient_ref="patient_ref", card_no=pl.format("7{}", pl.col("patient_ref").str.slice(-8).str.zfill(10)), birth_date="birth_date", sex="sex",
        first_visit_on="admitted_on", last_service_on="closed_on", claim_on=pl.lit(month.shifted(1).first + timedelta(days=9)),
        admitted_on=pl.when(stay).then("admitted_on"), discharged_on=pl.when(stay).then("closed_on"),
        result_code="result_code", visit_days=pl.when(stay).then("nights").otherwise(1), benefit_days=pl.when(stay).then("nights").otherwise(1),
        stay_days=pl.when(stay).then("nights"), admit_route=pl.when(stay).then(pl.when(pl.col("kind") == "emergency").then(pl.lit("31")).otherwise(pl.lit("32"))),
        doctor_license="doctor_license", license_kind=pl.lit("1"), special_code=pl.when(pl.col("special_code") != "").then("special_code"),
        special_registered=pl.col("special_code") != "", pregnant=pl.lit(False), eligible_on_first_day=pl.lit(True), benefit_stopped=pl.lit(False),
        identity_checked=pl.lit(True), ktas=pl.when(pl.col("ktas") > 0).then("ktas"), arrived_by_er=(pl.col("setting") == "emergency") | (stay & (pl.col("kind") == "emergency")),
        total_amount=total, patient_share=total - insurer, insurer_share=insurer,
    )  # fmt: skip
    numbered = kept.with_columns(line_no=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("claim_id"))
    lines = numbered.select(
        "claim_id", "line_no", "item_class", "item_sub", "code_kind", "code", "service_on", "service_at",
        unit_price=pl.col("unit_won").cast(pl.Float64), dose=(pl.col("quantity") / (pl.col("times") * pl.col("days"))).cast(pl.Float64),
        times_per_day=pl.col("times").cast(pl.Float64), days="days",
        quantity=pl.col("quantity").cast(pl.Float64), amount=pl.col("amount_won"), add_on_rate="add_on_rate", night_add_on="night_add_on", child_add_on="child_add_on",
        copay_kind=pl.when(pl.col("benefit").str.starts_with("selective")).then(pl.lit("selective")).otherwise(pl.lit("partial")),
        selective_rate=pl.when(pl.col("benefit").str.starts_with("selective")).then(pl.col("benefit").str.strip_prefix("selective").cast(pl.Int64, strict=False)),
    )  # fmt: skip
    names = claims.select("encounter_id", "claim_id", "department", onset_on="first_visit_on")
    diagnoses = made.diagnoses.join(names, on="encounter_id", maintain_order="left").select(
        "claim_id", "seq", "kind", "code", "onset_on", "department"
    )
    faults = numbered.filter(pl.col("fault") != "").select("claim_id", "line_no", "fault", "amount_won")
    return claims, lines, diagnoses, faults


def _answers(
    seed: int, month: Month, claims: pl.DataFrame, lines: pl.DataFrame, faults: pl.DataFrame, made: HospitalMonth
) -> tuple[pl.DataFrame, pl.DataFrame]:
    worst = faults.group_by("claim_id").agg(fault=pl.col("fault").first(), worst_won=pl.col("amount_won").max())
    noticed = lines.filter(pl.col("code").is_in(noticed_codes()))["claim_id"].unique()
    doctors = made.encounters.select("encounter_id", "doctor")
    asked = (
        claims.join(doctors, on="encounter_id", how="left", maintain_order="left")
        .join(worst, on="claim_id", how="left", maintain_order="left")
        .with_columns(
            pl.col("fault").fill_null(""), pl.col("worst_won").fill_null(0), insurer_won=pl.col("insurer_share"),
            has_noticed_code=pl.col("claim_id").is_in(noticed.implode()),
        )
    )  # fmt: skip
    answers = judged(residents(seed)[0], month, asked)
    return answers.drop("cause"), answers.filter(pl.col("cause") != "").select(
        "claim_id", "cause", "requested_won", "decided_won"
    )


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
