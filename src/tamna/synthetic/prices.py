"""Prices and shares of synthetic visits by the same engines as real ones, a month of lines at a time.

A price depends on code, payer, age band, night and month: each combination is asked of the engine once and joined.
Shares are asked bill by bill. Won, whole. Before the developer master begins its prices stand with the year's factor.
"""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl

from tamna.engines import tariff
from tamna.engines.calendar import next_weekday
from tamna.engines.tariff.bill import BUCKETS, BillLine, bucket_of

MASTER_FROM = date(2024, 1, 1)  # sim: the developer master knows no earlier day
DAYS_OLD = {"newborn": 10, "infant": 200, "child": 1100, "grown": 15_000, "old": 28_000}
SELECTIVE = "selective"


def age_band(column: pl.Expr) -> pl.Expr:
    """Band of an age in days that the add-ons tell apart."""
    return (
        pl.when(column <= 28).then(pl.lit("newborn")).when(column < 365).then(pl.lit("infant"))
        .when(column < 2190).then(pl.lit("child")).when(column < 25_567).then(pl.lit("grown")).otherwise(pl.lit("old"))
    )  # fmt: skip


@lru_cache(maxsize=100_000)
def _price(code: str, payer: str, band: str, night: bool, first: date) -> tuple[Any, ...]:
    item = tariff.FeeMaster.developer().at(code, max(first, MASTER_FROM))
    at = datetime.combine(next_weekday(first), time(22) if night else time(10))
    explained = tariff.price_line(
        item, at=at, payer=payer, institution="general", birth_on=at.date() - timedelta(days=DAYS_OLD[band])
    )
    labels = {step.label: step.value for step in explained.steps}
    benefit = item.benefit
    bucket = bucket_of(BillLine(item.code, item.item_class, item.item_sub, benefit, 0))
    return (
        item.name_ko, item.item_class, item.item_sub, item.code_kind, benefit, bucket, explained.value.unit_won,
        float(labels.get("price.class_add_on", 0)), "price.night" in labels, "price.age" in labels and band != "old",
    )  # fmt: skip


FIELDS = (
    "name",
    "item_class",
    "item_sub",
    "code_kind",
    "benefit",
    "bucket",
    "unit_won",
    "add_on_rate",
    "night_add_on",
    "child_add_on",
)


def priced(lines: pl.DataFrame, first: date) -> pl.DataFrame:
    """Lines (code, payer, age_days, night, quantity) with price columns and amount_won."""
    key = ["code", "payer", "band", "night"]
    lines = lines.with_columns(band=age_band(pl.col("age_days")))
    wanted = lines.select(key).unique().sort(key)
    answers = [_price(*row, first) for row in wanted.iter_rows()]
    table = wanted.with_columns(
        pl.Series(name, [answer[i] for answer in answers]) for i, name in enumerate(FIELDS)
    )  # fmt: skip
    return (
        lines.join(table, on=key, how="left", maintain_order="left")
        .with_columns(amount_won=pl.col("unit_won") * pl.col("quantity"))
        .drop("band")
    )


def shared(bills: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Bills with total_won, patient_won, insurer_won, rule. `lines` carry `encounter_id`."""
    amounts = (
        lines.group_by("encounter_id", "bucket").agg(pl.col("amount_won").sum())
        .pivot("bucket", index="encounter_id", values="amount_won")
        .join(
            lines.filter((pl.col("bucket") == "covered") & (pl.col("item_class") == "01")).group_by("encounter_id")
            .agg(consultation=pl.col("amount_won").sum()), on="encounter_id", how="left",
        )
        .fill_null(0)
    )  # fmt: skip
    plain = [name for name in BUCKETS if name in amounts.columns and name != SELECTIVE]
    selective = (
        lines.filter(pl.col("bucket") == SELECTIVE).group_by("encounter_id", "benefit").agg(pl.col("amount_won").sum())
    )
    rates: dict[str, list[tuple[int, int]]] = {}
    for encounter, benefit, won in selective.sort("encounter_id", "benefit").iter_rows():
        rates.setdefault(encounter, []).append((int(benefit.removeprefix(SELECTIVE)), won))
    joined = bills.join(amounts, on="encounter_id", how="left", maintain_order="left").fill_null(0)
    patient, insurer, rule = np.zeros(bills.height, dtype=np.int64), np.zeros(bills.height, dtype=np.int64), []
    for i, row in enumerate(joined.iter_rows(named=True)):
        case = tariff.Case(
            on=row["closed_on"], payer=row["payer"], birth_on=row["birth_date"], setting=row["setting"], sex=row["sex"],
            amounts=tariff.Amounts(
                **{name: row[name] for name in plain}, consultation=row["consultation"], selective=tuple(rates.get(row["encounter_id"], ())),
            ),
            emergency_class="local_center", special_case=row["special_code"] or "", emergency_level=row["ktas"] or None,
            days=row["nights"] or None, room_beds=4 if row["nights"] else None,
        )  # fmt: skip
        result = tariff.copay(case).value
        patient[i], insurer[i] = result.patient_won, result.insurer_won
        rule.append(result.rule_id)
    return bills.with_columns(
        total_won=pl.Series(patient + insurer), patient_won=pl.Series(patient), insurer_won=pl.Series(insurer), rule=pl.Series(rule)
    )  # fmt: skip
