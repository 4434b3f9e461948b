"""`tamna import reports FILE`: reported staff, machines and infections (현황 신고) from a CSV, so that their rules can be judged."""

import argparse
import csv
import json
import sys

from tamna.commands import product
from tamna.commands.streams import BadInput, opened, report

EPILOG = "columns: what (staff, machine, infection) kind number valid_from [valid_to]; a row again changes nothing"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument("file", metavar="FILE", help="CSV in UTF-8, .gz too, or - for standard input")


def run(args: argparse.Namespace) -> int:
    with opened(args.file) as text, product.opened("en"):
        product.database_ready()
        from tamna.claims import reports
        from tamna.core.actor import Actor

        try:
            read = csv.DictReader(text)
            if lacking := {"what", "kind", "valid_from"} - set(read.fieldnames or ()):
                raise BadInput("missing_column", f"there is no column {min(lacking)}", field=min(lacking), hint=EPILOG)
            taken = reports.take(enumerate(read, start=1), by=Actor.system("tamna import"))
        except (UnicodeDecodeError, csv.Error) as error:
            raise BadInput("not_a_csv", "the file is not a CSV in UTF-8", field="FILE", hint=EPILOG) from error
    for row, column, why in taken.refused:
        report(BadInput("bad_report", why, row=row, field=column, hint=EPILOG))
    json.dump({"kept": taken.kept, "same": taken.same, "refused": len(taken.refused)}, sys.stdout)
    sys.stdout.write("\n")
    return 3 if taken.refused else 0
