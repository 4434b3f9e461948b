"""Count every dashboard figure anew from the records and say what differed.

Example:
  tamna rebuild --days 60
  tamna rebuild --days 1830      (figures of five years of claims)
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
        from tamna.insight.claims import services as claims

        today = clock.today()
        first = today - timedelta(days=args.days)
        differed = services.rebuild(first, today)
        waiting = claims.recount_stale()  # marked and not yet counted: late, not wrong
        of_claims = claims.rebuild(first, today)
    rows = [[key, on.isoformat(), department] for key, on, department in differed]
    rows += [
        [f"claims.{key}" + (f":{part}" if part else ""), on.isoformat(), department]
        for key, on, department, part in of_claims
    ]
    print(json.dumps({"days": args.days, "late": waiting, "differed": rows}))
    return 0
