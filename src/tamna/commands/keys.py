"""The key ring: show where keys live, change the field key while everybody works, and go on after a stop.

`show` says where the master key lives, its fingerprint and every field key; `rotate` begins a change and, without a
running worker, seals old values again itself (`--wait`). Stopped or killed, the next run or the worker goes on.
`rotate-search` does the same for the key of the search index.
`replace-master` makes a new master key; keep the old one with backups made without keys, for only it opens those.

Example:
  tamna keys rotate --wait
"""

import argparse
import json
import os
import sys
import time

from tamna.commands.streams import BadInput
from tamna.core import database


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["show", "rotate", "rotate-search", "go-on", "replace-master"])
    parser.add_argument("--wait", action="store_true", help="seal old values again in this process until all are done")


def run(args: argparse.Namespace) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tamna.web.settings")
    with database.served():
        import django

        django.setup()
        from tamna.core import reindexing, rotation
        from tamna.core.actor import Actor
        from tamna.core.errors import DomainError

        try:
            if args.what == "rotate":
                rotation.start(by=Actor.system("tamna keys"))
            if args.what == "rotate-search":
                reindexing.start(by=Actor.system("tamna keys"))
            if args.what == "replace-master":
                print(json.dumps(rotation.replace_master(by=Actor.system("tamna keys"))), file=sys.stderr)
        except DomainError as refused:
            hint = "tamna keys go-on --wait" if refused.key == "core.rotation_runs" else ""
            raise BadInput(refused.key, refused.message, hint=hint) from refused
        if args.what == "go-on" or args.wait:
            _wait() if args.wait else (rotation.go_on(), reindexing.go_on())
        json.dump(_shown(), sys.stdout)
        sys.stdout.write("\n")
    return 0


def _wait() -> None:
    from tamna.core import reindexing, rotation

    while (now := rotation.go_on() or reindexing.go_on()) is not None and now.finished_at is None:
        print(json.dumps({"done": now.done, "of": now.total}), file=sys.stderr)
        time.sleep(5)  # until every process knows the new key


def _shown() -> dict[str, object]:
    from tamna.core import crypto, master, rotation

    running = rotation.running()
    return {
        "master_key": {"from": "environment" if master.in_environment() else "keys/master.key",
                       "fingerprint": crypto.master_fingerprint()},
        "field_keys": [{"id": row.pk, "made_at": row.made_at.isoformat(), "seals": row.is_active}
                       for row in rotation.ring() if row.purpose == "field"],
        "rotation": {"sealed_again": running.done, "of": running.total} if running else None,
    }  # fmt: skip
