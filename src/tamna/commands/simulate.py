"""Make the synthetic hospital: years of visits, claims and administrative records as Parquet, with HL7 and FHIR samples.

Nobody in it exists. The same seed and version give the same bytes. Each month is a folder of its own that appears whole:
a run that was stopped goes on where it was, and a month whose folder is deleted is made again alone.
Labels (planted faults, causes of cuts, chances) lie under truth/ so that no model reads them by mistake.
manifest.json holds rows and checksums. `tamna check OUT/months/2026-10` reads a month as it is.

example: tamna simulate --years 5 --seed 7 --out hospital
         tamna simulate --months 3 --last 2026-09 --seed 7 --out quarter --jobs 1
"""

import argparse
import errno
import json
import os
import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from tamna.commands.streams import BadInput

if TYPE_CHECKING:
    from tamna.simulators.hospital.seasons import Month
    from tamna.synthetic.years import Plan

MIB_A_MONTH = 2.6  # measured: 141 MiB for 60 months
MOST_YEARS = 8  # prices of the parameter files begin in 2018
SAY = {
    "years": ("--years and --months want a whole number from 1 to {most} years", "--years, --months는 1개월~{most}년의 정수여야 합니다"),
    "month": ("{value} is not a month like 2026-09, not before 2018-03 and not after {last}", "{value}은(는) 2018-03부터 {last}까지의 달(예: 2026-09)이 아닙니다"),
    "start": ("the first month would be {value}; prices begin in 2018-03", "첫 달이 {value}이(가) 됩니다. 수가는 2018-03부터 있습니다"),
    "seed": ("the seed is a whole number from 0 to 4294967295", "시드는 0~4294967295의 정수입니다"),
    "other": ("{value} holds another hospital: {why}", "{value} 폴더에 다른 병원이 있습니다: {why}"),
    "disk": ("{free} MiB are free, about {needed} MiB are needed", "여유 공간 {free} MiB, 필요한 공간 약 {needed} MiB"),
    "full": ("the disk is full; {done} months are complete and kept", "디스크가 가득 찼습니다. 완성된 {done}개월은 그대로 있습니다"),
    "folder": ("{value} cannot be written: {why}", "{value} 폴더에 쓸 수 없습니다: {why}"),
}  # fmt: skip
HINTS = {
    "years": ("for example --years 5", "예: --years 5"),
    "month": ("for example --last 2026-09", "예: --last 2026-09"),
    "start": ("ask for fewer years", "기간을 줄이세요"),
    "seed": ("for example --seed 7", "예: --seed 7"),
    "other": ("give an empty folder, or the seed and version of the manifest", "빈 폴더를 주거나 manifest의 시드·판과 맞추세요"),
    "disk": ("free some space or choose another --out", "공간을 비우거나 다른 --out을 고르세요"),
    "full": ("free some space and run the same command again: it goes on", "공간을 비우고 같은 명령을 다시 실행하면 이어서 합니다"),
    "folder": ("choose another --out", "다른 --out을 고르세요"),
}  # fmt: skip


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--years", type=int, default=None, metavar="N", help="how many years (default 5)")
    parser.add_argument("--months", type=int, default=None, metavar="N", help="a shorter time instead of --years")
    parser.add_argument(
        "--last", metavar="YYYY-MM", help="the last month (default and latest: the pool's own, see years.yaml)"
    )
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", required=True, metavar="DIR")
    parser.add_argument(
        "--jobs", type=int, default=2, metavar="N", help="processes (default 2); the bytes do not depend on it"
    )
    parser.add_argument("--lang", choices=["ko", "en"], default="ko")


def bad(key: str, field: str, lang: str, **facts: object) -> BadInput:
    place = 1 if lang == "ko" else 0
    return BadInput(f"simulate_{key}", SAY[key][place].format(**facts), field=field, hint=HINTS[key][place])


def run(args: argparse.Namespace) -> int:
    from tamna.synthetic import messages, years

    plan, out = _plan(args), Path(args.out)
    started = time.monotonic()
    try:
        missing = years.begin(plan, out)
    except years.OtherHospital as other:
        raise bad("other", "--out", args.lang, value=args.out, why=other) from other
    except OSError as error:
        raise _refused(error, args, out) from error
    _room(args, out, len(missing))
    try:
        made = _make(plan.seed, missing, out, max(1, args.jobs))
        messages.write(plan, out)
        manifest = years.finish(plan, out)
    except OSError as error:
        raise _refused(error, args, out) from error
    seconds = round(time.monotonic() - started, 1)
    print(
        json.dumps(
            {"out": str(out), "seed": plan.seed, "months": len(manifest["months"]), "made_now": made, "seconds": seconds,
             "claims": manifest["rows"].get("claims", 0), "administrative_records": manifest["administrative_records"],
             "rows": sum(manifest["rows"].values()), "is_synthetic": True},
            ensure_ascii=False,
        )
    )  # fmt: skip
    return 0


def _plan(args: argparse.Namespace) -> "Plan":
    from tamna.simulators.hospital.figures import figures
    from tamna.simulators.hospital.seasons import Month
    from tamna.synthetic.years import Plan

    latest, earliest = Month.parse(figures("years")["last_month"]), Month(2018, 3)
    count = args.months if args.months is not None else 12 * (5 if args.years is None else args.years)
    if not 1 <= count <= 12 * MOST_YEARS or (args.months is not None and args.years is not None):
        raise bad("years", "--months" if args.months is not None else "--years", args.lang, most=MOST_YEARS)
    if not 0 <= args.seed < 1 << 32:
        raise bad("seed", "--seed", args.lang)
    try:
        last = Month.parse(args.last) if args.last else latest
    except ValueError as error:
        raise bad("month", "--last", args.lang, value=args.last, last=latest) from error
    if not earliest <= last <= latest:
        raise bad("month", "--last", args.lang, value=args.last, last=latest)
    plan = Plan(args.seed, last, count)
    if plan.months[0] < earliest:
        raise bad("start", "--years", args.lang, value=plan.months[0])
    return plan


def _room(args: argparse.Namespace, out: Path, months: int) -> None:
    needed, free = int(MIB_A_MONTH * months) + 8, shutil.disk_usage(out).free >> 20
    if free < needed:
        raise bad("disk", "--out", args.lang, free=free, needed=needed)


def _refused(error: OSError, args: argparse.Namespace, out: Path) -> BadInput:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        folder = out / "months"
        done = len([path for path in folder.iterdir() if not path.name.startswith(".")]) if folder.is_dir() else 0
        return bad("full", "--out", args.lang, done=done)
    return bad("folder", "--out", args.lang, value=args.out, why=error.strerror or "I/O error")


def _make(seed: int, missing: "list[Month]", out: Path, jobs: int) -> int:
    """All missing months, in as many processes; progress on stderr."""
    from tamna.synthetic.years import write_month

    if jobs == 1 or len(missing) < 2:
        for number, month in enumerate(missing, start=1):
            write_month(seed, month, out)
            _progress(number, len(missing))
        return len(missing)
    os.environ["POLARS_MAX_THREADS"] = "1"  # one core a process: the months are the parallel part
    # spawned, not forked: a forked child would inherit the thread pool of polars in mid-air
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(write_month, seed, month, out) for month in missing]
        try:
            for number, done in enumerate(as_completed(waiting), start=1):
                done.result()
                _progress(number, len(missing))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return len(missing)


def _progress(number: int, of: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{number}/{of}", end="\n" if number == of else "", file=sys.stderr, flush=True)
