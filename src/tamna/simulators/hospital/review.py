"""How the agency judged the statements of a month (심사 결과): returned, impossible, cut, paid, and what became of appeals.

A cut has one of three causes: a fault that rules can see, a new notice from its day on, or the habit of a reviewer towards
a doctor. Causes stay in the truth file. None of the product's rules are used here.
"""

import numpy as np
import polars as pl

from tamna.simulators.hospital.figures import figures
from tamna.simulators.hospital.people import World
from tamna.simulators.hospital.seasons import Month, day_number
from tamna.simulators.hospital.services import FAULTS, SLIPS


def judged(world: World, month: Month, claims: pl.DataFrame) -> pl.DataFrame:
    """Claims (claim_id, setting, department, doctor, insurer_won, first_visit_on, fault, has_noticed_code, worst_won) → one answer each.

    Columns: status, reason_code, decided_won, decided_on, paid_on, appeal, appeal_won, cause (truth).
    """
    table = figures("years")["review"]
    rng, n = world.rng(81, month.number), claims.height
    draw = rng.random((n, 8))
    status = np.full(n, "full", dtype="<U12")
    reason = np.full(n, "", dtype="<U4")
    cause = np.full(n, "", dtype="<U12")
    amount = claims["insurer_won"].to_numpy()
    cut = np.zeros(n, dtype=np.int64)
    habits = _habits(world, int(claims["doctor"].max() or 0) + 1)
    department = claims["department"].to_numpy()
    factor = np.array([table["judgement"]["department"].get(code, 1.0) for code in department])
    factor = factor * habits[claims["doctor"].to_numpy()] * np.clip((amount / 40_000) ** 0.35, 0.4, 2.2)
    inpatient = (claims["setting"] == "inpatient").to_numpy()
    chance = np.minimum(
        0.5, table["judgement"]["base"] * factor * np.where(inpatient, table["judgement"]["inpatient"], 1.0)
    )
    fault = claims["fault"].to_numpy()
    slip, planted = np.isin(fault, SLIPS), np.isin(fault, FAULTS)
    notice = claims["has_noticed_code"].to_numpy()
    after = claims["first_visit_on"].cast(pl.Int32).to_numpy() >= day_number_of(table["new_notice"]["since"])
    noticed = notice & (draw[:, 2] < np.where(after, table["new_notice"]["rate"], table["new_notice"]["early"]))
    for name, hit in (
        ("judgement", draw[:, 0] < chance), ("notice", noticed), ("rule", planted & (draw[:, 1] < table["faults"]["caught"])),
        ("rule", slip & (draw[:, 1] < table["slip"]["caught"])),
    ):  # fmt: skip
        cause[hit] = name
    is_cut = (cause != "") & (amount > 1_000)
    part = np.where(inpatient, 0.01 + 0.09 * draw[:, 3], 0.08 + 0.30 * draw[:, 3])
    asked = np.where(cause == "rule", np.minimum(claims["worst_won"].to_numpy() * 0.5, amount * 0.4), amount * part)
    cut = np.where(is_cut, np.maximum(10, np.minimum(amount, asked)).astype(np.int64) // 10 * 10, 0)
    status[is_cut] = "adjusted"
    places = np.arange(1, len(table["reasons"]) + 1)
    weights = 1 / places**1.05
    reason[is_cut] = rng.choice(table["reasons"], n, p=weights / weights.sum())[is_cut]
    low = 0.0
    for name in ("returned", "impossible"):
        hit = (draw[:, 4] >= low) & (draw[:, 4] < low + table[name]["rate"])
        low += table[name]["rate"]
        codes = table[name]["codes"]
        weight = np.array(list(codes.values()), dtype=float)
        status[hit], cut[hit], cause[hit] = name, amount[hit], ""
        reason[hit] = rng.choice(list(codes), n, p=weight / weight.sum())[hit]
    adjusted = status == "adjusted"
    appeal = adjusted & (draw[:, 5] < table["appeal"]["rate"])
    won = appeal & (draw[:, 6] < table["appeal"]["won"])
    sent = day_number(month.shifted(1).first) + 9 + (np.arange(n) * 7 // max(1, n))
    days = np.where(adjusted, table["days"]["cut"], table["days"]["clean"]) + (draw[:, 7] * 6).astype(int)
    return claims.select("claim_id").with_columns(
        status=pl.Series(status), reason_code=pl.Series(reason), requested_won=pl.Series(amount), decided_won=pl.Series(amount - cut),
        submitted_on=pl.Series(sent).cast(pl.Int32).cast(pl.Date), decided_on=pl.Series(sent + days).cast(pl.Int32).cast(pl.Date),
        paid_on=pl.Series(sent + days + 7).cast(pl.Int32).cast(pl.Date), is_appealed=pl.Series(appeal),
        appeal_won=pl.Series(np.where(won, cut, 0)), cause=pl.Series(np.where(status == "adjusted", cause, "")),
    )  # fmt: skip


def day_number_of(text: object) -> int:
    from datetime import date

    return day_number(date.fromisoformat(str(text)))


def _habits(world: World, doctors: int) -> np.ndarray:
    """How hard reviewers are on each doctor, mean about 1; the same over all years of a seed."""
    sd = figures("years")["review"]["judgement"]["doctor_sd"]
    return world.rng(82).lognormal(-sd * sd / 2, sd, max(doctors, len(world.doctors)))[:doctors]
