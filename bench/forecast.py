"""Forecasts on the developer sets, judged by rolling origins beside the seasonal naive rule.

`python -m bench.forecast DIR` (the folder with `ed-arrivals-daily`, `nhs-ae-monthly`, `jeju-visitors-monthly`, `jeju-power-hourly`) prints MASE, MAPE
and what the intervals cover over the last origins of each set, and over earlier ones, on which settings were chosen.
"""

import sys
import time
from pathlib import Path

import polars as pl

from tamna.engines.forecast import backtest

# set → file, names of columns, what backtest is asked for, moments at the end that settings never saw
SETS = {
    "emergency arrivals, 28 days": ("ed-arrivals-daily/ed_daily.csv", {"date": "ds", "arrivals": "y"}, {"freq": "D", "horizon": 28, "country": "US", "origins": 3}, 84),
    "emergency arrivals, 7 days": ("ed-arrivals-daily/ed_daily.csv", {"date": "ds", "arrivals": "y"}, {"freq": "D", "horizon": 7, "country": "US", "origins": 12}, 84),
    "NHS units, 6 months": ("nhs-ae-monthly/ae_attendances.csv.gz", {"period": "ds", "attendances": "y"}, {"freq": "M", "horizon": 6, "country": "GB", "origins": 1}, 6),
    "Jeju visitors, 12 months": ("jeju-visitors-monthly/visitors.csv", {"month": "ds", "visitors": "y"}, {"freq": "M", "horizon": 12, "origins": 1}, 12),
    "Jeju load, 24 hours": ("jeju-power-hourly/power.csv.gz", {"demand_mw": "y"}, {"freq": "H", "horizon": 24, "origins": 30}, 720),
}  # fmt: skip


def main(folder: Path) -> int:
    print(f"{'':<30} {'':>7} {'MASE':>6} {'naive':>6} {'MAPE':>6} {'naive':>6} {'80 %':>5} {'95 %':>5} {'CPU s':>6}")
    for name, (file, names, asked, last) in SETS.items():
        table = pl.read_csv(folder / file, infer_schema=False).rename(names)
        if "org_code" in table.columns:
            table = table.with_columns(pl.concat_str("org_code", "type", separator="/").alias("series"))
        table = table.select([column for column in ("ds", "y", "series") if column in table.columns])
        moments = table["ds"].unique().sort()
        for part, known in (("earlier", moments[:-last]), ("last", moments)):
            started = time.process_time()
            found = backtest(table.filter(pl.col("ds").is_in(known.implode())), **asked)  # type: ignore[arg-type]
            naive, spent = found["naive"], time.process_time() - started
            print(f"{name:<30} {part:>7} {found['mase']:>6.3f} {naive['mase']:>6.3f} {found['mape']:>6.3f} {naive['mape']:>6.3f} {found['coverage80']:>5.2f} {found['coverage95']:>5.2f} {spent:>6.1f}")  # fmt: skip
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
