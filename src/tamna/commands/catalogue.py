"""Print the automation catalogue: every line of the plan, built or not, with its level, trigger and engine.

Example:
  tamna catalogue --format json
"""

import argparse
import json

from tamna.commands.product import database_ready, opened


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=["json", "table"], default="table")


def run(args: argparse.Namespace) -> int:
    with opened("ko"):
        database_ready()
        from tamna.core import catalogue

        lines = catalogue.lines()
        if args.format == "json":
            print(json.dumps([line.as_json() for line in lines], ensure_ascii=False))
            return 0
        for line in lines:
            print(f"{line.key:<18} {'built' if line.is_built else '–':<6} {line.level:<8} {line.title_ko}")
        print(f"{sum(line.is_built for line in lines)} of {len(lines)} lines are built")
    return 0
