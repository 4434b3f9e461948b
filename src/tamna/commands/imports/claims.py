"""`tamna import claims DIR`: years of statements with their answers into the archive, then their figures; resumable by month.

DIR as `tamna simulate` writes it: months/YYYY-MM with claims, lines, diagnoses, answers and answer_lines as Parquet.
"""

import argparse
import json
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tamna.commands import product
from tamna.commands.streams import BadInput, report

if TYPE_CHECKING:
    from tamna.claims.models import ArchivedMonth


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR")


def run(args: argparse.Namespace) -> int:
    folder = Path(args.folder)
    if not folder.is_dir():
        raise BadInput(
            "no_such_folder", f"{args.folder} is not a folder", field="DIR", hint="a folder of tamna simulate"
        )
    with product.opened("en"):
        product.database_ready()
        from tamna.claims import past
        from tamna.core.actor import Actor
        from tamna.core.errors import DomainError
        from tamna.insight.claims import services as figures

        try:
            taken = past.take(folder, by=Actor.system("tamna import"), say=_say)
        except DomainError as refused:
            raise BadInput(refused.key, refused.message, field="DIR", hint="make it with tamna simulate") from refused
        began = time.perf_counter()
        cells = figures.recount_stale() + figures.recount_months(taken.new)
        profiled = time.perf_counter() - began
    for month, claim, why in taken.refused[:1000]:
        report(BadInput("claim_refused", why, field=claim, hint=month))
    told = {"months": taken.months, "same": taken.same, "claims": taken.claims, "lines": taken.lines, "answers": taken.answers,
            "refused": len(taken.refused), "seconds": round(taken.seconds, 1), "profile_seconds": round(profiled, 1), "cells": cells,
            "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10}  # fmt: skip
    json.dump(told, sys.stdout)
    sys.stdout.write("\n")
    return 3 if taken.refused else 0


def _say(row: "ArchivedMonth") -> None:
    if sys.stderr.isatty():
        print(f"{row.month}: {row.claims:,} statements, {row.seconds:.1f} s", file=sys.stderr, flush=True)
