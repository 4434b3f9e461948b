"""What is ordered at each visit and stay (처방): a row a code with its quantity, and the slips of everyday work among them.

Slips (wrong quantity, an order without its diagnosis) and the six planted over-claim faults carry a label; labels leave
this room in the truth file only.
"""

from functools import lru_cache

import numpy as np
import polars as pl

from tamna.simulators.hospital.crowd import DEPARTMENTS, DISEASES, residents
from tamna.simulators.hospital.figures import figures
from tamna.simulators.hospital.seasons import Month
from tamna.simulators.hospital.stays import Stays
from tamna.simulators.hospital.visits import Visits

FIRST_VISIT, FOLLOW_UP = "AA156", "AA256"
FAULTS = (
    "duplicate_day",
    "unbundled_pair",
    "wrong_frequency",
    "upcoded_visit",
    "impossible_sex",
    "overlapping_admission",
)
SLIPS = ("quantity_slip", "no_indication")
PAIR = ("D1850", "D1860")
MALE_ONLY, FEMALE_ONLY = "ZL074", "ZL117"
NEEDS_REASON = ("ZC001", "ZC403")


@lru_cache(maxsize=1)
def codes() -> list[str]:
    """Every code that can be ordered, sorted; line columns hold its index."""
    menu, stays = figures("orders"), figures("years")["stays"]
    found = {order[1] for table in (menu["departments"], menu["kcd"]) for orders in table.values() for order in orders}
    found |= {order[1] for order in menu["inpatient_day"]} | {order[1] for order in stays["drugs"]}
    found |= {order[1] for orders in stays["operations"].values() for order in orders} | set(
        stays["anaesthesia"].values()
    )
    return sorted(
        found
        | {
            FIRST_VISIT,
            FOLLOW_UP,
            "AJ100",
            "ZR011",
            *(order[1] for order in figures("years")["orders"]["costly"]),
            MALE_ONLY,
            FEMALE_ONLY,
            *PAIR,
            *NEEDS_REASON,
        }
    )


def _row(code: str) -> int:
    return codes().index(code)


def of_visits(seed: int, month: Month, visits: Visits, stream: int) -> pl.DataFrame:
    """Lines of visits that took place: row (of the visit), code, quantity, times, days, minute, fault, offset in days."""
    rng = residents(seed)[0].rng(71, month.number, stream)
    came = np.flatnonzero(~visits.no_show)
    parts: list[tuple[np.ndarray, int, int]] = [
        (came[visits.first[came]], _row(FIRST_VISIT), 1), (came[~visits.first[came]], _row(FOLLOW_UP), 1)
    ]  # fmt: skip
    menu, more = figures("orders"), figures("years")["orders"]
    for department, orders in menu["departments"].items():
        rows = came[visits.department[came] == DEPARTMENTS.index(department)]
        dear = more["costly"] if department not in more["not_costly"] else []
        stretch = 1.0 if department == "24" else more["stretch"]
        parts += [
            (rows[rng.random(len(rows)) < chance * stretch], _row(code), quantity) for chance, code, quantity in orders
        ]
        parts += [(rows[rng.random(len(rows)) < chance], _row(code), quantity) for chance, code, quantity in dear]
    for disease, orders in menu["kcd"].items():
        if disease not in DISEASES:
            continue
        number = DISEASES.index(disease)
        hit = (visits.principal[came] == number) | (visits.second[came] == number) | (visits.third[came] == number)
        rows = came[hit]
        parts += [(rows[rng.random(len(rows)) < chance], _row(code), quantity) for chance, code, quantity in orders]
    visit = np.concatenate([rows for rows, _, _ in parts])
    code = np.concatenate([np.full(len(rows), number) for rows, number, _ in parts])
    quantity = np.concatenate([np.full(len(rows), count) for rows, _, count in parts])
    _, kept = np.unique(visit * 10_000 + code, return_index=True)
    visit, code, quantity = visit[kept], code[kept], quantity[kept]
    minute = visits.call[visit] + (visits.end[visit] - visits.call[visit]) * rng.random(len(visit))
    return pl.DataFrame(
        {"row": visit, "code": code, "quantity": quantity, "times": np.ones(len(visit), dtype=np.int64),
         "days": np.ones(len(visit), dtype=np.int64), "minute": minute,
         "fault": np.full(len(visit), ""), "offset": np.zeros(len(visit), dtype=np.int64)}
    )  # fmt: skip


def of_stays(seed: int, month: Month, stays: Stays) -> pl.DataFrame:
    """Lines of stays that end in the month."""
    rng = residents(seed)[0].rng(72, month.number)
    table, nights = figures("years")["stays"], np.maximum(1, stays.nights)
    everyone = np.arange(len(stays))
    parts: list[tuple[np.ndarray, int, np.ndarray, int]] = []

    def add(rows: np.ndarray, code: str, on_days: np.ndarray, times: int = 1) -> None:
        parts.append((rows[on_days > 0], _row(code), on_days[on_days > 0], times))

    intensive = rng.random(len(stays)) < table["icu"]["chance"]
    icu_days = np.where(intensive, np.minimum(nights, 1 + rng.poisson(table["icu"]["days"], len(stays))), 0)
    add(everyone, "AJ100", icu_days)
    for chance, code, quantity in figures("orders")["inpatient_day"]:
        if code != "ZR001":
            add(everyone, code, rng.binomial(nights, chance), quantity)
            continue
        nursed = rng.random(len(stays)) < table["nursing"]["share"]
        add(everyone, code, np.where(nursed, 0, nights - icu_days))
        add(everyone, table["nursing"]["code"], np.where(nursed, nights - icu_days, 0))
    for chance, code, a_day in table["drugs"]:
        rows = everyone[rng.random(len(stays)) < chance]
        add(rows, code, np.minimum(nights[rows], 10), a_day)
    for department in np.unique(stays.department):
        name = DEPARTMENTS[department]
        rows = everyone[stays.department == department]
        draw, reached = rng.random(len(rows)), 0.0
        sleep = table["anaesthesia"].get(name, table["anaesthesia"]["other"])
        for chance, code in table["operations"].get(name, ()):
            cut = rows[(draw >= reached) & (draw < reached + chance)]
            reached += chance
            add(cut, code, np.ones(len(cut), dtype=np.int64))
            add(cut, sleep, np.ones(len(cut), dtype=np.int64))
        for chance, code, quantity in figures("orders")["departments"].get(name, ()):
            add(rows, code, rng.binomial(np.maximum(1, nights[rows] // 2), chance), quantity)
    drugs = {order[1] for order in table["drugs"]}
    stay = np.concatenate([rows for rows, _, _, _ in parts])
    code = np.concatenate([np.full(len(rows), number) for rows, number, _, _ in parts])
    on_days = np.concatenate([count for _, _, count, _ in parts])
    times = np.concatenate([np.full(len(rows), a_day) for rows, _, _, a_day in parts])
    _, kept = np.unique(stay * 10_000 + code, return_index=True)
    stay, code, on_days, times = stay[kept], code[kept], on_days[kept], times[kept]
    # a drug is one line for its days; any other order is a line a day, spread over the stay
    is_drug = np.isin(code, [_row(name) for name in drugs])
    copies = np.where(is_drug, 1, on_days)
    row = np.repeat(np.arange(len(stay)), copies)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(copies) - copies, copies)
    run = np.where(is_drug, on_days, 1)[row]
    offset = nth * nights[stay[row]] // copies[row]
    offset = np.where(code[row] == _row("AJ100"), nth, offset)
    bed = np.isin(code[row], [_row("ZR001"), _row(table["nursing"]["code"])])  # the ward follows intensive care
    offset = np.where(bed, nth + icu_days[stay[row]], offset)
    return pl.DataFrame(
        {"row": stay[row], "code": code[row], "quantity": times[row] * run, "times": times[row], "days": run,
         "minute": np.full(len(row), 600.0), "fault": np.full(len(row), ""), "offset": offset}
    )  # fmt: skip


def with_mistakes(seed: int, month: Month, lines: pl.DataFrame, visits: Visits, female: np.ndarray) -> pl.DataFrame:
    """The same lines with everyday slips and the planted over-claim faults, labelled in `fault`."""
    rng, review = residents(seed)[0].rng(73, month.number), figures("years")["review"]
    came = np.flatnonzero(~visits.no_show)
    draw = rng.random(len(came))
    kind = np.full(len(came), "", dtype="<U24")
    slip = review["slip"]["rate"]
    kind[draw < slip] = np.where(rng.random(int((draw < slip).sum())) < 0.5, *SLIPS)
    for number, name in enumerate(name for name in FAULTS if name != "overlapping_admission"):
        low = slip + number * review["faults"]["each"]
        kind[(draw >= low) & (draw < low + review["faults"]["each"])] = name
    changed = pl.DataFrame({"row": came, "kind": kind}).filter(pl.col("kind") != "")
    lines = lines.with_row_index("nth")
    joined = lines.join(changed, on="row", how="left", maintain_order="left").with_columns(pl.col("kind").fill_null(""))
    kind_column = pl.col("kind")
    is_first_other = pl.col("nth") == pl.col("nth").filter(
        ~pl.col("code").is_in([_row(FIRST_VISIT), _row(FOLLOW_UP)])
    ).min().over("row")
    joined = joined.with_columns(is_other=is_first_other.fill_null(False))
    more = kind_column.is_in(["quantity_slip", "wrong_frequency"]) & pl.col("is_other")
    upcoded = (kind_column == "upcoded_visit") & (pl.col("code") == _row(FOLLOW_UP))
    joined = joined.with_columns(
        quantity=pl.when(more).then(pl.col("quantity") + pl.when(kind_column == "wrong_frequency").then(4).otherwise(2))
        .otherwise(pl.col("quantity")),
        code=pl.when(upcoded).then(_row(FIRST_VISIT)).otherwise(pl.col("code")),
        fault=pl.when(more | upcoded).then(kind_column).otherwise(pl.lit("")),
    )  # fmt: skip
    extra = [joined]
    doubled = joined.filter((kind_column == "duplicate_day") & pl.col("is_other"))
    extra.append(doubled.with_columns(fault=kind_column, minute=pl.col("minute") + 0.5))
    visit_line = pl.col("code").is_in([_row(FIRST_VISIT), _row(FOLLOW_UP)])
    for code in PAIR:
        extra.append(_added(joined.filter((kind_column == "unbundled_pair") & visit_line), code))
    wrong_sex = joined.filter((kind_column == "impossible_sex") & visit_line)
    is_female = pl.Series(female[visits.person[wrong_sex["row"].to_numpy()]])
    extra += [_added(wrong_sex.filter(is_female), MALE_ONLY), _added(wrong_sex.filter(~is_female), FEMALE_ONLY)]
    lost = joined.filter((kind_column == "no_indication") & visit_line)
    choice = rng.integers(0, len(NEEDS_REASON), lost.height)
    extra += [_added(lost.filter(pl.Series(choice == i)), code) for i, code in enumerate(NEEDS_REASON)]
    done = pl.concat(extra).drop("nth", "kind", "is_other")
    # a pair or an added code that the visit already had stays one line; the planted double stays two
    keep = pl.struct("row", "code").is_first_distinct() | (pl.col("fault") == "duplicate_day")
    return done.filter(keep).sort("row", "code", "minute", maintain_order=True)


def _added(rows: pl.DataFrame, code: str) -> pl.DataFrame:
    """A line more at these visits."""
    return rows.with_columns(code=pl.lit(_row(code), pl.Int64), quantity=pl.lit(1, pl.Int64), fault=pl.col("kind"))
