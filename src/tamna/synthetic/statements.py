"""Statements of a month as the hospital sends them, and what the agency answered (명세서와 심사결과).

Three steps, each usable by itself: `written` makes statements of bills, `documents` takes them apart so that clerks can err on them
and the judge can read them, `answered` lets the agency judge. The judge is the one of the living system's review agency.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl

from tamna.simulators.agency import Decision, Judge, Known
from tamna.simulators.agency.judge import Memory
from tamna.simulators.hospital.clerical import mistaken, register_of
from tamna.simulators.hospital.crowd import residents
from tamna.simulators.hospital.figures import figures
from tamna.simulators.hospital.month import HospitalMonth
from tamna.simulators.hospital.seasons import Month, day_number
from tamna.synthetic.prices import priced, shared

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
Document = dict[str, Any]


@dataclass(frozen=True)
class Statements:
    """Tables of statements; `claims` still holds encounter_id, payer and the doctor's place."""

    claims: pl.DataFrame
    lines: pl.DataFrame
    diagnoses: pl.DataFrame
    faults: pl.DataFrame  # slips and planted faults of ordering, by line: truth


@dataclass(frozen=True)
class Past:
    """A month as it was sent and answered; faults, mistakes and causes are truth."""

    claims: pl.DataFrame
    lines: pl.DataFrame
    diagnoses: pl.DataFrame
    answers: pl.DataFrame
    cuts: pl.DataFrame
    claimed: pl.DataFrame
    faults: pl.DataFrame
    mistakes: pl.DataFrame
    causes: pl.DataFrame


def archived(seed: int, month: Month, made: HospitalMonth, charges: pl.DataFrame, bills: pl.DataFrame) -> Past:
    """Written, erred on, read by clerks without help, sent and judged."""
    clean = written(made, charges, bills, month)
    texts = documents(clean)
    table = figures("clerical")
    doctors = licensed(seed)
    mistakes, register = mistaken(seed, texts, doctors, times=1 - table["caught_by_hand"])
    sent = rewritten(clean, texts, mistakes)
    decisions = judged(seed, month, texts, register, doctors)
    answers, cuts, causes = told(seed, month, decisions)
    columns = sent.claims.select("claim_id", "encounter_id")
    rows = [(one.claim_id, one.kind, one.line_no) for one in mistakes.values()]
    return Past(
        sent.claims.drop("encounter_id", "payer", "doctor"), sent.lines, sent.diagnoses, answers, cuts, columns, clean.faults,
        pl.DataFrame(rows, schema={"claim_id": pl.String, "mistake": pl.String, "line_no": pl.Int64}, orient="row"), causes,
    )  # fmt: skip


def licensed(seed: int) -> frozenset[str]:
    """Doctors the agency knows of this hospital (신고 인력)."""
    return frozenset(doctor.license_no for doctor in residents(seed)[0].doctors)


def billed(made: HospitalMonth, month: Month) -> tuple[pl.DataFrame, pl.DataFrame]:
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


def written(made: HospitalMonth, charges: pl.DataFrame, bills: pl.DataFrame, month: Month) -> Statements:
    """Statements of the month before anybody errs on them; slips of ordering are among their lines and labelled."""
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
    kind = pl.col("payer").replace_strict(INSURER_KIND)
    aid, special = kind == "5", pl.when(pl.col("special_code") != "").then("special_code")
    claims = insured.select(
        "claim_id", "encounter_id", "payer", claim_kind=pl.lit("original"), claim_type=pl.lit("ffs"),
        form_code=pl.when(stay).then(pl.lit("H010")).otherwise(pl.lit("H011")),
        insurer_kind=kind,
        aid_type=pl.when(pl.col("payer") == "medical_aid_1").then(pl.lit("1")).when(pl.col("payer") == "medical_aid_2").then(pl.lit("2")),
        institution_id=pl.lit(INSTITUTION), institution_class=pl.lit("general"), area=pl.lit("dong"), setting="setting", department="department",
        patient_ref="patient_ref", card_no=pl.format("7{}", pl.col("patient_ref").str.slice(-8).str.zfill(10)), birth_date="birth_date", sex="sex",
        first_visit_on="admitted_on", last_service_on="closed_on", claim_on=pl.lit(month.shifted(1).first + timedelta(days=9)),
        admitted_on=pl.when(stay).then("admitted_on"), discharged_on=pl.when(stay).then("closed_on"),
        result_code="result_code", visit_days=pl.when(stay).then("nights").otherwise(1), benefit_days=pl.when(stay).then("nights").otherwise(1),
        stay_days=pl.when(stay).then("nights"), admit_route=pl.when(stay).then(pl.when(pl.col("kind") == "emergency").then(pl.lit("31")).otherwise(pl.lit("32"))),
        doctor_license="doctor_license", license_kind=pl.lit("1"), special_code=special,
        special_registered=pl.col("special_code") != "", registered_code=special, special_no=pl.when(special.is_not_null()).then(pl.format("S{}", pl.col("patient_ref"))),
        special_valid_to=pl.when(special.is_not_null()).then(pl.date(month.year + 1, 12, 31)), pregnant=pl.lit(False), eligible_on_first_day=pl.lit(True), benefit_stopped=pl.lit(False),
        identity_checked=pl.lit(True), ktas=pl.when(pl.col("ktas") > 0).then("ktas"), arrived_by_er=(pl.col("setting") == "emergency") | (stay & (pl.col("kind") == "emergency")),
        eligibility_insurer_kind=pl.when(pl.col("payer").is_in(["auto", "industrial"])).then(None).otherwise(kind), referral_exempt=pl.lit(False),
        referral_no=pl.when(aid).then(pl.format("R{}", pl.col("patient_ref"))), confirm_no=pl.when(aid).then(pl.format("M{}", pl.col("encounter_id"))),
        aid_office=pl.when(aid).then(pl.lit("50130")), accident_kind=pl.when(pl.col("payer") == "auto").then(pl.lit("traffic")).when(pl.col("payer") == "industrial").then(pl.lit("work")).otherwise(pl.lit("none")),
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
    doctors = made.encounters.select("encounter_id", "doctor")
    return Statements(
        claims.join(doctors, on="encounter_id", how="left", maintain_order="left"), lines, diagnoses, faults
    )


def documents(statements: Statements) -> list[Document]:
    """One document a statement, its lines and diagnoses as plain rows."""
    lines = statements.lines.to_dicts()
    diagnoses = statements.diagnoses.to_dicts()
    found = {row["claim_id"]: {"claim": row, "lines": [], "diagnoses": []} for row in statements.claims.to_dicts()}
    for part, rows in (("lines", lines), ("diagnoses", diagnoses)):
        for row in rows:
            if row["claim_id"] in found:
                found[row["claim_id"]][part].append(row)
    return list(found.values())


def rewritten(statements: Statements, texts: Iterable[Document], changed: Mapping[str, Any]) -> Statements:
    """The tables with the changed documents in the place of the old ones."""
    if not changed:
        return statements
    kept = [document for document in texts if document["claim"]["claim_id"] in changed]
    others = ~pl.col("claim_id").is_in(list(changed))
    parts = {
        "claims": [document["claim"] for document in kept],
        "lines": [line for document in kept for line in document["lines"]],
        "diagnoses": [row for document in kept for row in document["diagnoses"]],
    }
    sort = {"claims": ["claim_id"], "lines": ["claim_id", "line_no"], "diagnoses": ["claim_id", "seq"]}
    tables = {}
    for name, rows in parts.items():
        old: pl.DataFrame = getattr(statements, name)
        tables[name] = pl.concat([old.filter(others), pl.DataFrame(rows, schema=old.schema)]).sort(
            sort[name], maintain_order=True
        )
    return Statements(tables["claims"], tables["lines"], tables["diagnoses"], statements.faults)


def judged(
    seed: int, month: Month, texts: Iterable[Document], register: Mapping[str, Known], doctors: frozenset[str]
) -> dict[str, Decision]:
    """The agency's decision about each statement of the month, received on the tenth of the next."""
    judge, memory = Judge(seed), Memory()
    on = received_on(month)
    decisions = {}
    for document in texts:
        claim = document["claim"]
        name = claim["claim_id"]
        known = register.get(name) or _registered(claim, doctors)
        decisions[name] = judge.decide(document, on, known, memory)
    return decisions


def _registered(claim: Mapping[str, Any], doctors: frozenset[str]) -> Known:
    """The register's word, from what the hospital was told and the person carries: mistakes on the statement do not change it."""
    person = f"7{str(claim['patient_ref'])[-8:].zfill(10)}"
    special = str(claim.get("registered_code") or "")
    known = register_of(claim, doctors)
    return Known(known.insurer_kind, person, special, known.special_to, doctors)


def received_on(month: Month) -> Any:
    return month.shifted(1).first + timedelta(days=9)


def told(seed: int, month: Month, decisions: Mapping[str, Decision]) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Answers (one a statement), the lines that were lowered, and the causes (truth)."""
    table = figures("years")["review"]
    rng, n = residents(seed)[0].rng(81, month.number), len(decisions)
    draw = rng.random((n, 3))
    rows = list(decisions.items())
    status = np.array([one.status for _, one in rows])
    asked = np.array([one.asked_won for _, one in rows], dtype=np.int64)
    decided = np.array([one.decided_won for _, one in rows], dtype=np.int64)
    adjusted = status == "adjusted"
    appeal = adjusted & (draw[:, 0] < table["appeal"]["rate"])
    won = appeal & (draw[:, 1] < table["appeal"]["won"])
    sent = day_number(received_on(month)) + (np.arange(n) * 7 // max(1, n))
    days = np.where(adjusted, table["days"]["cut"], table["days"]["clean"]) + (draw[:, 2] * 6).astype(int)
    answers = pl.DataFrame({"claim_id": [name for name, _ in rows], "status": status, "reason_code": [one.reason for _, one in rows]}).with_columns(
        requested_won=pl.Series(asked), decided_won=pl.Series(decided), submitted_on=pl.Series(sent).cast(pl.Int32).cast(pl.Date),
        decided_on=pl.Series(sent + days).cast(pl.Int32).cast(pl.Date), paid_on=pl.Series(sent + days + 7).cast(pl.Int32).cast(pl.Date),
        is_appealed=pl.Series(appeal), appeal_won=pl.Series(np.where(won, asked - decided, 0)),
    )  # fmt: skip
    cuts = [(name, cut.line_no, cut.won, cut.reason) for name, one in rows for cut in one.cuts]
    causes = [(name, one.cause, one.asked_won, one.decided_won) for name, one in rows if one.cause]
    return (
        answers,
        pl.DataFrame(cuts, schema={"claim_id": pl.String, "line_no": pl.Int64, "cut_won": pl.Int64, "reason_code": pl.String}, orient="row"),
        pl.DataFrame(causes, schema={"claim_id": pl.String, "cause": pl.String, "requested_won": pl.Int64, "decided_won": pl.Int64}, orient="row"),
    )  # fmt: skip
