"""Bring records of other systems in: FHIR R4 bundles, resources and NDJSON, plain or .gz, a file or a whole folder.

People, Korean coverage, finished visits and diagnoses become records of Tamna; everything else is kept beside them,
encrypted. Nothing is queued, charged or claimed. A bundle is taken whole or not at all, the same bytes only once; stopped
in the middle, the same command goes on. The report tells what was read, mapped, kept aside (and why) and refused.
Exit 0 done, 2 nothing usable, 3 some of it was refused (one JSON line each on standard error).

example: tamna import fhir bundles/
         tamna import fhir patient.json.gz --lang en --format text
"""

import argparse
import json
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tamna.commands import product
from tamna.commands.streams import BadInput, written

if TYPE_CHECKING:
    from tamna.reception.fhir.report import Refusal, Tally
    from tamna.reception.fhir.taking import Import


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="FILE|DIR", help="a file, or a folder read with what is under it")
    parser.add_argument("--format", choices=["text", "json"], help="of the report (default: text on a terminal)")
    parser.add_argument("--out", help="file for the report (default: standard output)")
    parser.add_argument("--lang", choices=["ko", "en"], default="ko")


def run(args: argparse.Namespace) -> int:
    started = time.monotonic()
    with product.opened(args.lang):
        from tamna.connect.fhir import FhirError, files
        from tamna.core.actor import Actor
        from tamna.reception.fhir.report import Refusal, as_text
        from tamna.reception.fhir.taking import Import

        try:
            found = files(Path(args.path))
        except FhirError as error:
            raise _said(Refusal.of(error, 0, args.path)) from error
        product.database_ready()
        work = Import(by=Actor.system("import"))
        for place, path in enumerate(found, start=1):
            _one(work, path, place)
            _progress(place, len(found))
        work.finish()
        report = _report(work.tally, started)
        with written(args.out) as out:
            kind = args.format or ("text" if out.isatty() else "json")
            out.write(as_text(report) if kind == "text" else json.dumps(report, ensure_ascii=False, indent=1) + "\n")
    if not work.tally.refusals:
        return 0
    return 3 if work.tally.bundles["refused"] < work.tally.bundles["read"] else 2


def _one(work: "Import", path: Path, place: int) -> None:
    from tamna.connect.fhir import FhirError, parcels

    try:
        for parcel in parcels(path):
            for refusal in work.take(parcel, place).refusals:
                _tell(refusal)
    except FhirError as error:
        for refusal in work.refuse_file(error, place, path.name, product.digest_of(path)).refusals:
            _tell(refusal)


def _said(refusal: "Refusal") -> BadInput:
    told = refusal.as_json()
    return BadInput(told["code"], told["message"], row=told["row"], field=told["field"], hint=told["hint"])


def _tell(refusal: "Refusal") -> None:
    print(json.dumps(refusal.as_json(), ensure_ascii=False), file=sys.stderr)


def _report(tally: "Tally", started: float) -> dict[str, Any]:
    return {**tally.as_json(), "seconds": round(time.monotonic() - started, 1), "peak_mib": _peak_mib()}


def _peak_mib() -> int:
    """The most memory this program held. Linux counts in `ru_maxrss` what the parent held before; its own is in the status file."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> (20 if sys.platform == "darwin" else 10)
    return int(status.partition("VmHWM:")[2].split()[0]) >> 10


def _progress(number: int, of: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{number}/{of}", end="\n" if number == of else "", file=sys.stderr, flush=True)
