"""Statements of an earlier system taken into the archive (과거 명세서 이관): a folder of months as `tamna simulate` writes them.

Each month is one transaction and one row of `ArchivedMonth`: a run that was stopped goes on with the next month, the same bytes
again change nothing. Tables go in by COPY from their columns, no object a row. What comes in: people (name, sex, birth), the
coverage on the statement, the visit, diagnoses, lines, the answer and the payment. What does not: resident numbers, bills,
postings; these statements were billed elsewhere (`Claim.is_archived`). Won as they stand; times of day are not known and set to 09:00.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from django.db import connection, models, transaction

from tamna.billing import rating
from tamna.claims.documents import INSURER_KIND
from tamna.claims.models import ArchivedMonth, Batch, Claim, ClaimLine, ClaimResponse
from tamna.claims.submission.sending import batch_number
from tamna.core import audit, clock, numbering, outbox
from tamna.core.actor import Actor
from tamna.core.bulk import copy_in
from tamna.core.errors import DomainError
from tamna.core.identity import new_public_id
from tamna.core.models import Department, Practitioner
from tamna.patients.models import Coverage, Patient
from tamna.patients.services import search_tokens
from tamna.reception.models import Condition, Encounter

TABLES = ("claims", "lines", "diagnoses", "answers", "answer_lines")
PAYER_OF_AID = {"1": "medical_aid_1", "2": "medical_aid_2"}
PAYER_OF_KIND = {
    kind: payer for payer, kind in reversed(list(INSURER_KIND.items())) if payer not in PAYER_OF_AID.values()
}
ENDED = {"full": "paid", "adjusted": "paid", "returned": "returned", "impossible": "impossible", "held": "held"}
NINE = pl.duration(hours=9)
NULL = "\\N"
Frames = dict[str, pl.DataFrame]


@dataclass
class Taken:
    """What a run brought, months and rows."""

    months: int = 0
    same: int = 0
    new: list[str] = field(default_factory=list)
    claims: int = 0
    lines: int = 0
    answers: int = 0
    refused: list[tuple[str, str, str]] = field(default_factory=list)  # month, claim, why
    seconds: float = 0.0


def take(folder: Path, *, by: Actor, say: Callable[[ArchivedMonth], None] = lambda month: None) -> Taken:
    """Every month of the folder, oldest first. Raises claims.not_an_archive."""
    months = sorted(path for path in (folder / "months").glob("[0-9]*") if path.is_dir())
    if not months:
        raise DomainError("claims.not_an_archive")
    began, taken, house = time.perf_counter(), Taken(), _House(folder)
    for path in months:
        digest = _digest(path)
        if ArchivedMonth.objects.filter(digest=digest).exists():
            taken.same += 1
            continue
        row = _month(path, digest, house, taken, by)
        taken.months += 1
        taken.new.append(row.month)
        taken.claims, taken.lines, taken.answers = (
            taken.claims + row.claims,
            taken.lines + row.lines,
            taken.answers + row.answers,
        )
        say(row)
    if taken.months:
        with connection.cursor() as cursor:  # plans over the new rows need their figures
            for table in (Claim, ClaimLine, ClaimResponse, Encounter, Condition, Batch):
                cursor.execute(f"ANALYZE {table._meta.db_table}")
        audit.note("archive.taken", by=by, subject_type="hospital", subject_id=1,
                   detail={"months": taken.months, "claims": taken.claims, "refused": len(taken.refused)})  # fmt: skip
    taken.seconds = time.perf_counter() - began
    return taken


def _digest(path: Path) -> str:
    found = hashlib.sha256(path.name.encode())
    for name in TABLES:
        try:
            found.update((path / f"{name}.parquet").read_bytes())
        except OSError as error:
            raise DomainError("claims.not_an_archive") from error
    return found.hexdigest()


class _House:
    """Departments, doctors, people and coverages: what is known, and what the folder adds to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.coverages: dict[tuple[Any, ...], int] = {}
        self.people = dict(Patient.objects.values_list("chart_no", "pk"))
        for row in _rows(folder / "departments.parquet"):
            Department.objects.get_or_create(
                code=row["code"], defaults={"name_ko": row["name_ko"], "name_en": row["name_en"], "is_open": False}
            )
        self.departments = dict(Department.objects.values_list("code", "pk"))
        known = dict(Practitioner.objects.values_list("license_no", "pk"))
        for row in _rows(folder / "doctors.parquet"):
            if row["license_no"] not in known and row["department"] in self.departments:
                made = Practitioner.objects.create(
                    license_no=row["license_no"], name_ko=row["name_ko"], name_en=row["name_en"], is_active=False,
                    department_id=self.departments[row["department"]],
                )  # fmt: skip
                known[made.license_no] = made.pk
        self.doctors = known

    def received(self, claims: pl.DataFrame, month: Path) -> None:
        """People of the statements who are not known yet; those the folder says nothing of stay without a name."""
        wanted = claims.unique("patient_ref", keep="first", maintain_order=True)
        wanted = wanted.filter(~pl.col("patient_ref").str.slice(0, 12).is_in(list(self.people)))
        if wanted.is_empty():
            return
        named = {row["patient_ref"]: row["name"] for path in (self.folder / "patients.parquet", month / "visitors.parquet")
                 for row in _rows(path) if row["patient_ref"]}  # fmt: skip
        fresh = []
        for row in wanted.select("patient_ref", "birth_date", "sex", "first_visit_on").iter_rows(named=True):
            chart_no, name = row["patient_ref"][:12], named.get(row["patient_ref"], "")
            fresh.append(
                Patient(chart_no=chart_no, name=name, search_tokens=search_tokens(name, "", chart_no), birth_on=row["birth_date"],
                        sex=row["sex"], is_imported=True, is_synthetic=_is_synthetic(claims),
                        registered_at=clock.at_seoul(row["first_visit_on"], 540))
            )  # fmt: skip
        self.people |= {patient.chart_no: patient.pk for patient in copy_in(fresh)}

    def covered(self, claims: pl.DataFrame) -> pl.DataFrame:
        """`coverage_id` of each statement: one row for what the same person carried in the same way."""
        columns = [
            "patient_id",
            "payer",
            "insurer_kind",
            "card_no",
            "registered_code",
            "special_valid_to",
            "benefit_stopped",
        ]
        kinds = claims.select(*columns, "aid_type", "first_visit_on").unique(columns, keep="first", maintain_order=True)
        fresh = []
        for row in kinds.iter_rows(named=True):
            key = tuple(row[name] for name in columns)
            if key not in self.coverages:
                made = Coverage(
                    patient_id=row["patient_id"], payer=row["payer"], insurer_kind=row["insurer_kind"], card_no=row["card_no"] or "",
                    special_case=row["registered_code"] or "", special_to=row["special_valid_to"], aid_type=row["aid_type"] or "",
                    benefit_stopped=bool(row["benefit_stopped"]), checked_on=row["first_visit_on"],
                    checked_at=clock.at_seoul(row["first_visit_on"], 540), source="import",
                )  # fmt: skip
                fresh.append((key, made))
        copy_in([made for _key, made in fresh])
        self.coverages |= {key: made.pk for key, made in fresh}
        keys = [self.coverages[row] for row in claims.select(columns).iter_rows()]
        return claims.with_columns(coverage_id=pl.Series(keys, dtype=pl.Int64))


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    return pl.read_parquet(path).iter_rows(named=True) if path.is_file() else iter(())


def _is_synthetic(claims: pl.DataFrame) -> bool:
    return "is_synthetic" in claims.columns and bool(claims["is_synthetic"].any())


@transaction.atomic
def _month(path: Path, digest: str, house: _House, taken: Taken, by: Actor) -> ArchivedMonth:
    began = time.perf_counter()
    read: Frames = {name: pl.read_parquet(path / f"{name}.parquet") for name in TABLES}
    claims = _kept(read["claims"], path.name, house, taken)
    month, refused = path.name.replace("-", ""), read["claims"].height - claims.height
    house.received(claims, path)
    keys = {name: house.people.get(name[:12]) for name in claims["patient_ref"].unique()}
    claims = house.covered(
        claims.with_columns(patient_id=pl.col("patient_ref").replace_strict(keys, return_dtype=pl.Int64))
    )
    answers = read["answers"].join(claims.select("claim_id"), on="claim_id", how="semi")
    claims = _batched(claims.join(answers, on="claim_id", how="left"), month)
    claims = claims.with_columns(encounter_key=_keys(Encounter, claims.height), claim_key=_keys(Claim, claims.height))
    _copy(Encounter, _encounters(claims, house))
    _copy(Claim, _claims(claims, house, month))
    places = claims.select("claim_id", "claim_key", "encounter_key", "is_synthetic")
    _copy(
        Condition,
        read["diagnoses"]
        .join(places, on="claim_id")
        .select("seq", "kind", "code", "onset_on", encounter_id="encounter_key"),
    )
    lines = read["lines"].join(places, on="claim_id")
    _copy(ClaimLine, _lines(lines, _names(path.name)))
    count = _answered(claims, read["answer_lines"])
    outbox.record("archive.month_taken", {"month": month, "claims": claims.height}, by=by)
    return ArchivedMonth.objects.create(
        digest=digest, month=month, claims=claims.height, lines=lines.height, answers=count, refused=refused,
        seconds=time.perf_counter() - began, made_by=by.name, made_at=clock.now(),
    )  # fmt: skip


def _names(month: str) -> dict[str, str]:
    """Code → name of the fees in force in a month, as far as this hospital's master knows them."""
    known = rating.known_master()
    return {item.code: item.name_ko for item in known.in_force(date.fromisoformat(f"{month}-01"))} if known else {}


def _kept(claims: pl.DataFrame, month: str, house: _House, taken: Taken) -> pl.DataFrame:
    """Statements that can stand here; the others are told."""
    numbers = claims["claim_id"].to_list()
    known = set(Claim.objects.filter(claim_no__in=numbers).values_list("claim_no", flat=True))
    faults = pl.coalesce(
        pl.when(pl.col("claim_id").is_in(list(known))).then(pl.lit("number is taken")),
        pl.when(pl.col("claim_id").is_duplicated()).then(pl.lit("number comes twice")),
        pl.when(pl.col("claim_id").str.len_chars() > 20).then(pl.lit("number is longer than 20")),
        pl.when(pl.col("claim_kind") != "original").then(pl.lit("not an original statement")),
        pl.when(~pl.col("department").is_in(list(house.departments))).then(pl.lit("unknown department")),
        pl.when(~pl.col("insurer_kind").is_in(list(INSURER_KIND.values()))).then(pl.lit("unknown insurer kind")),
        pl.when(pl.col("birth_date").is_null() | pl.col("first_visit_on").is_null()).then(pl.lit("a day is missing")),
    )
    judged = claims.with_columns(fault=faults)
    refused = judged.filter(pl.col("fault").is_not_null()).select("claim_id", "fault")
    taken.refused += [(month, claim, why) for claim, why in refused.iter_rows()]
    aid = pl.when(pl.col("insurer_kind") == "5").then(
        pl.col("aid_type").replace_strict(PAYER_OF_AID, default="medical_aid_1")
    )
    return judged.filter(pl.col("fault").is_null()).with_columns(
        payer=pl.coalesce(aid, pl.col("insurer_kind").replace_strict(PAYER_OF_KIND, default=None)),
        is_synthetic=pl.lit(_is_synthetic(claims)),
    )


def _keys(model: type[models.Model], count: int) -> pl.Series:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return pl.Series([number for (number,) in cursor.fetchall()], dtype=pl.Int64)


def _copy(model: type[models.Model], rows: pl.DataFrame) -> None:
    """The rows by COPY; what a model fills in by default is written as a column, as `save` would."""
    fields = {one.column: one for one in model._meta.local_concrete_fields}
    rows = rows.select(name if name in rows.columns else _default(one, rows.height).alias(name) for name, one in fields.items()
                       if name in rows.columns or not (one.primary_key or one.null))  # fmt: skip
    texts = [
        name
        for name in rows.columns
        if isinstance(fields[name], models.CharField | models.TextField) and not fields[name].null
    ]
    content = rows.with_columns(pl.col(texts).fill_null("")).write_csv(include_header=False, null_value=NULL)
    names = ", ".join(f'"{name}"' for name in rows.columns)
    order = f"COPY {model._meta.db_table} ({names}) FROM STDIN (FORMAT csv, NULL '{NULL}')"
    with connection.cursor() as cursor, cursor.copy(order) as copy:
        copy.write(content)


def _default(one: Any, count: int) -> pl.Expr:
    if one.name == "public_id":
        return pl.lit(pl.Series([str(new_public_id()) for _ in range(count)], dtype=pl.String()))
    value = one.get_default()
    return pl.lit("[]" if value == [] else value)


def _at(column: str) -> pl.Expr:
    """Nine o'clock in Seoul on a day."""
    return (
        (pl.col(column).cast(pl.Datetime("us")) + NINE).dt.replace_time_zone("Asia/Seoul").dt.convert_time_zone("UTC")
    )


def _batched(claims: pl.DataFrame, month: str) -> pl.DataFrame:
    """A batch for each insurer kind, setting and day of sending; accidents at work are reviewed elsewhere."""
    sent = claims.filter((pl.col("insurer_kind") != "9") & pl.col("submitted_on").is_not_null())
    groups = sent.group_by("insurer_kind", "setting", "submitted_on", maintain_order=True).agg(
        statements=pl.len(), total_won=pl.col("total_amount").sum(), insurer_won=pl.col("insurer_share").sum()
    )
    numbers = numbering.take_many("batch", groups.height, month) if groups.height else range(0)
    batches = []
    for number, row in zip(numbers, groups.iter_rows(named=True), strict=True):
        at = clock.at_seoul(row["submitted_on"], 540)
        batches.append(
            Batch(batch_no=batch_number(month, row["setting"], number), care_month=month, status="reviewed", receipt_no=f"{number:07d}",
                  made_at=at, sent_at=at, received_at=at, insurer_kind=row["insurer_kind"], setting=row["setting"],
                  statements=row["statements"], total_won=row["total_won"], insurer_won=row["insurer_won"])
        )  # fmt: skip
    copy_in(batches)
    keys = groups.select("insurer_kind", "setting", "submitted_on").with_columns(
        batch_id=pl.Series([one.pk for one in batches], dtype=pl.Int64)
    )
    claims = claims.join(keys, on=["insurer_kind", "setting", "submitted_on"], how="left", maintain_order="left")
    serial = pl.int_range(1, pl.len() + 1).over("batch_id").cast(pl.String).str.zfill(5)
    return claims.with_columns(serial_no=pl.when(pl.col("batch_id").is_not_null()).then(serial).otherwise(pl.lit("")))


def _encounters(claims: pl.DataFrame, house: _House) -> pl.DataFrame:
    return claims.select(
        "patient_id", "coverage_id", "setting", "payer", "ktas", "admitted_on", "discharged_on", "is_synthetic", id="encounter_key",
        department_id=pl.col("department").replace_strict(house.departments, return_dtype=pl.Int64),
        practitioner_id=pl.col("doctor_license").replace_strict(house.doctors, default=None, return_dtype=pl.Int64),
        special_case=pl.col("special_code"), status=pl.lit("finished"), business_on="first_visit_on", arrived_at=_at("first_visit_on"),
        started_at=_at("first_visit_on"), finished_at=_at("last_service_on"),
    )  # fmt: skip


def _claims(claims: pl.DataFrame, house: _House, month: str) -> pl.DataFrame:
    return claims.select(
        "insurer_kind", "payer", "setting", "first_visit_on", "batch_id", "serial_no", "is_synthetic", id="claim_key", claim_no="claim_id",
        encounter_id="encounter_key", status=pl.col("status").replace_strict(ENDED, default="submitted"),
        department_id=pl.col("department").replace_strict(house.departments, return_dtype=pl.Int64), care_month=pl.lit(month),
        total_won="total_amount", patient_won="patient_share", insurer_won="insurer_share", decided_won="decided_won",
        made_at=_at("last_service_on"), is_archived=pl.lit(True),
    )  # fmt: skip


def _lines(lines: pl.DataFrame, names: Mapping[str, str]) -> pl.DataFrame:
    benefit = (
        pl.when(pl.col("copay_kind") == "selective")
        .then(pl.format("selective{}", "selective_rate"))
        .otherwise(pl.lit("covered"))
    )
    return lines.select(
        "line_no", "item_class", "item_sub", "code_kind", "code", "dose", "times_per_day", "days", "quantity", claim_id="claim_key",
        name=pl.col("code").replace_strict(names, default=""), service_at=pl.col("service_at").dt.replace_time_zone("Asia/Seoul").dt.convert_time_zone("UTC"),
        unit_won=pl.col("unit_price").round().cast(pl.Int64), amount_won="amount", benefit=benefit,
    )  # fmt: skip


def _answered(claims: pl.DataFrame, cuts: pl.DataFrame) -> int:
    """Results and payments of the month; looked at long ago, so that nobody's tray fills."""
    lowered = cuts.group_by("claim_id").agg(
        lines=pl.struct(line_no="line_no", amount="cut_won", reason="reason_code")
    ).with_columns(lines=pl.col("lines").map_elements(_as_json, return_dtype=pl.String()))  # fmt: skip
    told = claims.filter(pl.col("batch_id").is_not_null() & pl.col("decided_on").is_not_null()).join(
        lowered, on="claim_id", how="left"
    )
    at, document = _at("decided_on"), pl.format("archive:{}", "batch_id")
    results = told.select(
        "batch_id", "status", "requested_won", "decided_won", "decided_on", claim_id="claim_key", document_id=document, kind=pl.lit("result"),
        reason_code="reason_code", lines=pl.col("lines").fill_null("[]"), received_at=at, seen_by=pl.lit("archive"), seen_at=at,
    )  # fmt: skip
    paid = told.filter(pl.col("decided_won") > 0, pl.col("paid_on").is_not_null())
    payments = paid.select(
        "batch_id", "requested_won", "decided_won", claim_id="claim_key", decided_on="paid_on", received_at=_at("paid_on"), kind=pl.lit("payment"),
        status=pl.lit("paid"), document_id=pl.format("archive-paid:{}", "batch_id"),
    )  # fmt: skip
    _copy(ClaimResponse, results)
    _copy(ClaimResponse, payments)
    return results.height


def _as_json(rows: pl.Series) -> str:
    return json.dumps(rows.to_list())
