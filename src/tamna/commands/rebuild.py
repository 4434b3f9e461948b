"""Count every dashboard figure anew from the records and say what differed.

Example:
  tamna rebuild --days 60
"""

import argparse
import json
import os
from datetime import timedelta

from tamna.core import database


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--days", type=int, default=60, help="how far back")


def run(args: argparse.Namespace) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tamna.web.settings")
    if database.is_embedded():
        database.start_embedded()
    import django

    django.setup()
    from tamna.core import clock
    from tamna.insight import services

    today = clock.today()
    differed = services.rebuild(today - timedelta(days=args.days), today)
    print(
        json.dumps(
            {"days": args.days, "differed": [[key, on.isoformat(), department] for key, on, department in differed]}
        )
    )
    return 0
