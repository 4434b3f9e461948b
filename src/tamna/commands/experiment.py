"""Run the plan's before/after comparison in the simulated hospital: the same claims with and without Tamna's checks.

Both arms have the same patients, clerks' mistakes and agency; the agency judges by its own criteria, not by the product's rules. What the
rules do not see comes back in both. Figures are of a simulation and say so; minutes follow a published model (`assumptions`), and what
cannot be measured so is listed under `not_measured`. Seeds are hospitals: intervals (95 %, paired, Student) are over them.
--text prints the table for people. The first day of use is the first of --days; the last is the end of --last.

example: tamna experiment --seeds 20 --days 90
         tamna experiment --seeds 3 --days 30 --text --lang en
"""

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from tamna.commands.streams import BadInput, dump, written

if TYPE_CHECKING:
    from tamna.simulators.hospital.seasons import Month
    from tamna.synthetic.experiment import Run

MOST_SEEDS, MOST_DAYS = 200, 365
SAY = {
    "number": ("{field} wants a whole number from 1 to {most}", "{field}은(는) 1~{most}의 정수여야 합니다"),
    "seed": ("the seed is a whole number from 0 to 4294967000", "시드는 0~4294967000의 정수입니다"),
    "month": ("{value} is not a month like 2026-09, from 2025-02 to {last}", "{value}은(는) 2025-02부터 {last}까지의 달(예: 2026-09)이 아닙니다"),
}  # fmt: skip
HINTS = {
    "number": ("for example --seeds 20 --days 90", "예: --seeds 20 --days 90"), "seed": ("for example --seed 7", "예: --seed 7"),
    "month": ("for example --last 2026-10", "예: --last 2026-10"),
}  # fmt: skip


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seeds", type=int, default=20, metavar="N", help="hospitals (default 20)")
    parser.add_argument("--days", type=int, default=90, metavar="N", help="days of use (default 90)")
    parser.add_argument("--seed", type=int, default=1, help="the first hospital's seed; the others follow (default 1)")
    parser.add_argument(
        "--last", metavar="YYYY-MM", help="the month whose end is the last day (default and latest: the pool's own)"
    )
    parser.add_argument(
        "--jobs", type=int, default=2, metavar="N", help="processes (default 2); the figures do not depend on it"
    )
    parser.add_argument("--text", action="store_true", help="a table for people instead of JSON")
    parser.add_argument("--out", help="output file (default: standard output)")
    parser.add_argument("--lang", choices=["ko", "en"], default="ko")


def _bad(key: str, field: str, lang: str, **facts: object) -> BadInput:
    place = 1 if lang == "ko" else 0
    return BadInput(
        f"experiment_{key}", SAY[key][place].format(field=field, **facts), field=field, hint=HINTS[key][place]
    )


def run(args: argparse.Namespace) -> int:
    for field, value, most in (
        ("--seeds", args.seeds, MOST_SEEDS),
        ("--days", args.days, MOST_DAYS),
        ("--jobs", args.jobs, 64),
    ):
        if not 1 <= value <= most:
            raise _bad("number", field, args.lang, most=most)
    if not 0 <= args.seed <= 4_294_967_000:
        raise _bad("seed", "--seed", args.lang)
    last = _last(args)
    started = time.monotonic()
    runs = _runs([args.seed + i for i in range(args.seeds)], last, args.days, args.jobs)
    from tamna.synthetic.kpi import report, table

    found = report(runs, last, args.days)
    print(f"{time.monotonic() - started:.0f} s", file=sys.stderr)
    with written(args.out) as out:
        if args.text:
            out.write(table(found, args.lang))
        else:
            dump(found, out)
    return 0


def _last(args: argparse.Namespace) -> "Month":
    from tamna.simulators.hospital.figures import figures
    from tamna.simulators.hospital.seasons import Month

    latest = Month.parse(figures("years")["last_month"])
    try:
        last = Month.parse(args.last) if args.last else latest
    except ValueError as error:
        raise _bad("month", "--last", args.lang, value=args.last, last=latest) from error
    if not Month(2025, 2) <= last <= latest:
        raise _bad("month", "--last", args.lang, value=args.last, last=latest)
    return last


def one(seed: int, last: "Month", days: int) -> "Run":
    """One hospital, in a process of its own."""
    from tamna.synthetic.experiment import run as compared

    return compared(seed, last, days)


def _runs(seeds: list[int], last: "Month", days: int, jobs: int) -> "list[Any]":
    if jobs == 1 or len(seeds) == 1:
        found = []
        for seed in seeds:
            found.append(one(seed, last, days))
            _progress(len(found), len(seeds))
        return found
    os.environ["POLARS_MAX_THREADS"] = "1"
    with ProcessPoolExecutor(min(jobs, len(seeds)), mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(one, seed, last, days) for seed in seeds]
        try:
            found = []
            for each in waiting:
                found.append(each.result())
                _progress(len(found), len(seeds))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return found


def _progress(number: int, of: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{number}/{of}", end="\n" if number == of else "", file=sys.stderr, flush=True)
