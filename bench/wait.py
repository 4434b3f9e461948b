"""Waits on a visit log, split by day: what is learnt from the first days, judged on all later ones.

`python -m bench.wait LOG [DAYS]` (42 days by default) prints mean absolute error and what the 80 % intervals cover, beside the
naive rule (people to be called before × pace of today), the queue's own sum and what the queue screens use (`engines.queueing`).
"""

import statistics
import sys
import time
from pathlib import Path

import polars as pl

from tamna.engines.queueing import predict_wait
from tamna.engines.waits import Wait, fit


def main(file: Path, days: int) -> int:
    table = pl.read_csv(file, infer_schema=False)
    cut = sorted(table["day"].unique())[days]
    known, later = table.filter(pl.col("day") < cut), table.filter(pl.col("day") >= cut)
    started = time.perf_counter()
    waits = fit(known)
    learnt = time.perf_counter()
    found = waits.evaluate(later)
    answers = waits.predict(later)
    told = time.perf_counter()
    print(f"{waits.card['rows']['learnt_from']} visits of {days} days learnt in {learnt - started:.1f} s; {found['n']} later ones judged, {1000 * (told - learnt) / 2 / found['n']:.2f} ms each")  # fmt: skip
    print(f"{'':>16} {'MAE':>6} {'covers':>7} {'width':>6} {'under':>6} {'≤10 min':>8}")
    rows = [("learnt", found["metrics"]), ("queue's sum", found["sum"]), ("naive rule", found["naive"]), ("queueing", screens(known, later, answers)), ("learnt, queued", found["queued"]["metrics"])]  # fmt: skip
    for name, figures in rows:
        print(f"{name:>16} {figures['mae']:6.2f} {figures['coverage80']:7.1%} {figures['width80']:6.1f} {figures['under_min']:6.2f} {figures['within_10']:8.1%}")  # fmt: skip
    return 0


def screens(known: pl.DataFrame, later: pl.DataFrame, answers: list[Wait]) -> dict[str, float]:
    """The same figures of what the queue screens say, told from the same counts."""
    minutes = {dept: float(taken) for dept, taken in (known.with_columns(taken=pl.col("end_min").cast(float) - pl.col("start_min").cast(float)).group_by("dept").agg(pl.col("taken").median()).iter_rows())}  # fmt: skip
    waited = (later["start_min"].cast(float) - later["checkin_min"].cast(float)).to_list()
    errors, covers, widths = [], [], []
    for answer, dept, wait in zip(answers, later["dept"].to_list(), waited, strict=True):
        seen = answer.known
        pace = [seen["pace"]] * int(seen["finished"])
        said = predict_wait(int(seen["ahead"]), pace, minutes.get(dept, 7.0), seen["elapsed"] if seen["in_room"] else None).value  # fmt: skip
        errors.append(said.minutes - wait)
        covers.append(said.low80 <= wait <= said.high80)
        widths.append(said.high80 - said.low80)
    mean = statistics.fmean
    return {
        "mae": mean(map(abs, errors)), "coverage80": mean(covers), "width80": mean(widths),
        "under_min": mean(max(-error, 0) for error in errors), "within_10": mean(abs(error) <= 10 for error in errors),
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 42))
