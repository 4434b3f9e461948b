"""Put a backup back: checks it, restores into a database of its own, proves it, and only then lets it take the name.

A database that already holds a hospital is left alone unless --replace is given; then it is kept under another name.
Whatever fails, the present hospital stays as it was. Stop Tamna before.

Example:
  tamna restore /backups/today
"""

import argparse
import json
from pathlib import Path

from tamna.commands.streams import BadInput
from tamna.core import backups, database


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", help="a folder made by `tamna backup`")
    parser.add_argument(
        "--replace", action="store_true", help="replace the hospital that is there; it is kept under another name"
    )


def run(args: argparse.Namespace) -> int:
    source = Path(args.folder).absolute()
    try:
        backups.checked(source)  # before anything is started
        with database.served():
            if not database.is_running():
                raise BadInput(
                    "no_database", "the database of DATABASE_URL does not answer", hint="make it, empty, first"
                )
            print(json.dumps(backups.restore(source, replace=args.replace)))
    except backups.BackupError as error:
        raise BadInput(error.code, error.message, field="folder", hint=error.hint) from error
    return 0
