"""`tamna import fees FILE`: the fee, drug and material master (수가 마스터) from a CSV, dated, resumable, with a report."""

import argparse
import json
import sys
from pathlib import Path

from tamna.commands import product
from tamna.commands.streams import BadInput, report

EPILOG = "columns: code valid_from [valid_to] name_ko [name_en] [points] [unit_price_won] item_class item_sub [code_kind] [benefit]"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument("file", metavar="FILE", help="CSV, UTF-8 or CP949, names of columns in its first line")


def run(args: argparse.Namespace) -> int:
    path = Path(args.file)
    if not path.is_file():
        raise BadInput(
            "no_such_file", f"{args.file} is not a file", field="FILE", hint="give the CSV of the fee master"
        )
    with product.opened("en"):
        product.database_ready()
        return _read(path)


def _read(path: Path) -> int:
    from tamna.billing import fees
    from tamna.core.actor import Actor
    from tamna.core.errors import DomainError

    try:
        done = fees.take(path, path.name, by=Actor.system("tamna import"))
    except DomainError as refused:
        raise BadInput(refused.key, str(refused.facts.get("why", refused.key)), field="FILE",
                       hint="rows kept before stay; mend the file and give it again") from refused  # fmt: skip
    for row in done.refusals:
        report(BadInput(row["key"], row["message"], row=row["row"], field=row["field"], hint=row["code"]))
    json.dump(fees.report(done), sys.stdout, ensure_ascii=False)
    sys.stdout.write("\n")
    return 3 if done.refused else 0
