"""Look what is missing or wrong on this machine, and say how to mend it.

Exit 0 when all is well, 1 when something needs a person. `--format json` for machines; `--settings` prints every setting.
"""

import argparse
import ctypes.util
import json
import os
import shutil
import socket
import sys
from dataclasses import asdict, dataclass

from tamna.core import database, environment, master
from tamna.core.home import folder, home, web_port


@dataclass(frozen=True)
class Check:
    name: str
    ok: bool
    found: str
    mend: str = ""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=["text", "json"], default="text")
    parser.add_argument("--settings", action="store_true", help="print every setting with its default, as the docs do")


def checks() -> list[Check]:
    import psutil

    free = shutil.disk_usage(home()).free / 2**30
    memory = psutil.virtual_memory().total / 2**30
    master = folder("keys", private=True) / "master.key"
    mode = oct(master.stat().st_mode & 0o777) if master.exists() else "not made yet"
    running = database.is_running()
    found = [
        Check("python", sys.version_info >= (3, 11), sys.version.split()[0], "install Python 3.11 or newer"),
        Check("disk", free > 5, f"{free:.0f} GiB free", "free some space or move TAMNA_HOME"),
        Check("memory", memory > 3.5, f"{memory:.0f} GiB", "Tamna wants 4 GiB"),
        Check(
            "keys",
            bool(os.environ.get("TAMNA_MASTER_KEY")) or mode in ("0o600", "not made yet"),
            mode,
            f"chmod 600 {master}",
        ),
        Check(
            "database",
            running,
            "answers" if running else "does not answer",
            "start it with `tamna up`, or check DATABASE_URL",
        ),
        Check(
            "socket path",
            len(str(database.data_dir())) < 90,
            str(len(str(database.data_dir()))),
            "use a shorter TAMNA_HOME",
        ),
    ]
    found += _settings()
    with socket.socket() as probe:
        used = probe.connect_ex(("127.0.0.1", web_port())) == 0
    found.append(Check("web port", True, f"{web_port()} {'in use' if used else 'free'}"))
    chromium = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    found.append(
        Check("browser for tests", True, chromium or "none (only `make test` needs one: apt-get install chromium)")
    )
    trees = ctypes.util.find_library("gomp")
    found.append(
        Check("trees for predictions", True, trees or "none (apt-get install libgomp1; until then the logistic line)")
    )
    if running:
        found += _inside()
    return found


def _settings() -> list[Check]:
    """What the environment gives, without secrets, and names that mean nothing."""
    shown = [f"{row.name}={'(secret)' if row.is_secret else os.environ[row.name]}" for row in environment.given()]
    unknown = environment.unknown()
    found = [
        Check("settings", not unknown, ", ".join(shown) or "all defaults",
              f"unknown: {', '.join(unknown)}; `tamna doctor --settings` lists what there is"),
    ]  # fmt: skip
    given = os.environ.get("TAMNA_MASTER_KEY")
    if given:
        try:
            right = bool(master.read(given))
        except ValueError:
            right = False
        found.append(Check("TAMNA_MASTER_KEY", right, "32 bytes" if right else "not base64 of 32 bytes", "correct it"))
    if os.environ.get("TAMNA_DEBUG") == "1":
        found.append(Check("debug", False, "on", "unset TAMNA_DEBUG: error pages show code and data"))
    hosts = os.environ.get("TAMNA_HOSTS", "")
    if hosts and hosts != "localhost" and os.environ.get("TAMNA_TLS") != "1":
        found.append(Check("TLS", False, "off", "put a proxy with TLS in front and set TAMNA_TLS=1 and TAMNA_ORIGINS"))
    return found


def _real_use() -> list[Check]:
    """What a real hospital still lacks; nothing of it for the synthetic one."""
    from tamna.core.models import BackupPlan, Hospital, KeyRotation

    hospital = Hospital.objects.first()
    if hospital is None:
        return [Check("hospital", True, "none yet: the first page opens the first run")]
    if hospital.is_synthetic:
        return [Check("hospital", True, "synthetic")]
    from tamna.web.views.setup import steps

    found = [
        Check(
            f"set-up: {step.title}",
            step.state == "done",
            f"{step.state}; {step.found}",
            f"{step.url} ({step.meanwhile})",
        )
        for step in steps()
    ]
    plan = BackupPlan.objects.first()
    if plan and plan.finished_at and not plan.ok:
        found.append(Check("last backup", False, plan.said, "see /setup/backup"))
    running = KeyRotation.objects.filter(finished_at=None).first()
    if running:
        found.append(Check("key rotation", True, f"{running.done} of {running.total} values sealed again"))
    return found


def _inside() -> list[Check]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tamna.web.settings")
    import django

    django.setup()
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    from tamna.core import audit
    from tamna.core.models import DeadLetter

    executor = MigrationExecutor(connection)
    waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if waiting:
        return [Check("migrations", False, f"{waiting} waiting", "start Tamna once, or `tamna manage migrate`")]
    verdict = audit.verify()
    letters = DeadLetter.objects.filter(solved_at=None).count()
    return [
        Check("migrations", True, "up to date"),
        Check(
            "audit chain",
            verdict.ok,
            f"{verdict.entries} entries in {verdict.blocks} blocks",
            "the log was changed: tell the auditor",
        ),
        Check("dead letters", letters == 0, str(letters), "open the jobs screen and try them again"),
        _keys_open(),
        *_real_use(),
    ]


def _keys_open() -> Check:
    """Whether the master key at hand opens this database's keys."""
    from tamna.core import crypto

    try:
        crypto.unseal(crypto.seal("tamna", "doctor"), "doctor")
    except (crypto.Unreadable, ValueError) as error:
        return Check(
            "key ring", False, str(error), "put the right master key back: TAMNA_MASTER_KEY or keys/master.key"
        )
    return Check("key ring", True, f"opens; master key {crypto.master_fingerprint()}")


def run(args: argparse.Namespace) -> int:
    if args.settings:
        print(environment.as_markdown(), end="")
        return 0
    found = checks()
    if args.format == "json":
        print(json.dumps([asdict(check) for check in found], ensure_ascii=False))
    else:
        for check in found:
            print(
                f"{'ok  ' if check.ok else 'MEND'} {check.name}: {check.found}"
                + ("" if check.ok else f"  →  {check.mend}")
            )
    return 0 if all(check.ok for check in found) else 1
