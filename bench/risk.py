"""Risk on decisions about denied care (IMR 2001–2014), split by year: what is learnt up to a year, judged on the next three.

`python -m bench.risk FILE` prints AUC, average precision, ECE and Brier beside the naive rule's. The file is the public set
of the California Department of Managed Health Care.
"""

import sys
import time
from pathlib import Path

import polars as pl

from tamna.engines.risk import Roles, fit

ROLES = Roles("determination", "Overturned Decision of Health Plan", "reference_id", "report_year", ("type",))
FIGURES = ("auc", "ap", "ece", "brier")


def main(file: Path) -> int:
    table = pl.read_csv(file, infer_schema=False)
    year = pl.col("report_year").cast(pl.Int64)
    print(
        f"{'learnt to':>9} {'judged':>9} {'n':>6} {'model':>16} "
        + " ".join(f"{name:>7} {'naive':>6}" for name in FIGURES)
        + "  slope  seconds"
    )
    for last in (2005, 2007, 2009, 2011):
        started = time.perf_counter()
        risk = fit(table.filter(year <= last), ROLES)
        found = risk.evaluate(table.filter(year > last, year <= last + 3))
        both = " ".join(f"{found['metrics'][name]:7.3f} {found['naive'][name]:6.3f}" for name in FIGURES)
        slope = found["calibration"]["slope"]
        taken = time.perf_counter() - started
        print(
            f"{last:9} {last + 1}-{(last + 3) % 100:02} {found['n']:6} {found['model']:>16} {both} {slope:6.2f} {taken:8.1f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
