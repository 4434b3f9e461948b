"""Back up everything Tamna needs: the database and the key ring, in one folder with checksums.

Works on the embedded and on an external server (pg_dump, custom format). The master key is part of the backup unless it
comes from TAMNA_MASTER_KEY or --without-keys is given: keep the folder as secret as the data. `tamna restore` puts it back.

Example:
  tamna backup --out /backups/today
"""

import argparse
import json
import os
from datetime import UTC, datetime
from pathlib import Path

from tamna.commands.streams import BadInput
from tamna.core import backups, database
from tamna.core.home import folder


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", help="folder to write (default: backups/<time> under TAMNA_HOME)")
    parser.add_argument("--without-keys", action="store_true", help="leave the keys out: you keep them apart")


def run(args: argparse.Namespace) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tamna.web.settings")
    target = Path(args.out) if args.out else folder("backups") / datetime.now(UTC).strftime(backups.STAMP)
    with database.served():
        if not database.is_running():
            raise BadInput("no_database", "the database of DATABASE_URL does not answer", hint="check DATABASE_URL")
        try:
            made = backups.make(target.absolute(), with_keys=not args.without_keys)
        except backups.BackupError as error:
            raise BadInput(error.code, error.message, field="--out", hint=error.hint) from error
    if not made["master_key"]["kept"]:
        made["note"] = "the master key is NOT in this backup; keep it apart, or nothing in it can be read"
    print(json.dumps(made))
    return 0
