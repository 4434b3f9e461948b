"""Put a backup back: checks its checksums, replaces the database, and proves that the audit chain and identifiers read.

The present database is renamed first and kept, so that a failed restore changes nothing. Stop Tamna before.

Example:
  tamna restore /backups/today
"""

import argparse
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import psycopg

from tamna.commands.backup import connection_options, digest, tool
from tamna.commands.streams import BadInput
from tamna.core import database
from tamna.core.home import folder


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", help="a folder made by `tamna backup`")


def checked(source: Path) -> None:
    """Refuse a backup whose files are missing or changed."""
    try:
        manifest = json.loads((source / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput("no_backup", f"{source} holds no readable manifest", field="folder") from error
    for name, wanted in manifest["files"].items():
        path = source / name
        if not path.is_file() or digest(path) != wanted:
            raise BadInput(
                "backup_damaged", f"{name} is missing or was changed", hint="use another backup; nothing was touched"
            )


def run(args: argparse.Namespace) -> int:
    source = Path(args.folder)
    checked(source)
    if database.is_embedded():
        database.start_embedded()
    name = database.connection()["dbname"]
    kept = f"{name}_before_{int(time.time())}"
    with psycopg.connect(**database.connection(dbname="postgres"), autocommit=True) as admin:
        busy = admin.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [name]).fetchone()
        if busy and busy[0]:
            raise BadInput("in_use", "the database is in use; nothing was touched", hint="stop Tamna, then restore")
        if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            admin.execute(f'ALTER DATABASE "{name}" RENAME TO "{kept}"')
        admin.execute(f'CREATE DATABASE "{name}"')
    options, env = connection_options()
    command = [
        tool("pg_restore"),
        *options,
        "--no-owner",
        "--exit-on-error",
        "--jobs=2",
        f"--dbname={name}",
        str(source / "database.dump"),
    ]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode:
        with psycopg.connect(**database.connection(dbname="postgres"), autocommit=True) as admin:
            admin.execute(f'DROP DATABASE "{name}"')
            admin.execute(f'ALTER DATABASE "{kept}" RENAME TO "{name}"')
        raise BadInput("restore_failed", done.stderr.strip()[:300], hint="the present database is as it was")
    keys = folder("keys", private=True)
    for path in (source / "keys").iterdir():
        shutil.copy2(path, keys / path.name)
    print(json.dumps({"restored": str(source), "kept": kept, **_proof()}))
    return 0


def _proof() -> dict[str, object]:
    """What the restored hospital says: chain verified, an identifier readable, journal balanced."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tamna.web.settings")
    import django

    django.setup()
    from django.db.models import Sum

    from tamna.core import audit
    from tamna.ledger.models import JournalLine
    from tamna.patients.models import Identity, Patient

    verdict = audit.verify()
    identity = Identity.objects.order_by("id").first()
    sums = JournalLine.objects.aggregate(debit=Sum("debit_won"), credit=Sum("credit_won"))
    return {
        "audit_ok": verdict.ok, "audit_entries": verdict.entries, "patients": Patient.objects.count(),
        "identifiers_readable": identity is None or bool(identity.number), "journal_balances": sums["debit"] == sums["credit"],
    }  # fmt: skip
