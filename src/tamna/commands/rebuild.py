"""Count every dashboard figure anew from the records and say what differed.

Example:
  tamna rebuild --days 60
"""

import argparse
import json
from datetime import timedelta

from tamna.commands.product import database_ready, opened


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--days", type=int, default=60, help="how far back")


def run(args: argparse.Namespace) -> int:
    with opened("ko"):
        database_ready()
        from tamna.core import clock
        from tamna.insight import services

        today = clock.today()
        differed = services.rebuild(today - timedelta(days=args.days), today)
    rows = [[key, on.isoformat(), department] for key, on, department in differed]
    print(json.dumps({"days": args.days, "differed": rows}))
    return 0
