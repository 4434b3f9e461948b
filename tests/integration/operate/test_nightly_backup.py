"""The nightly backup as the worker's job makes it, on an embedded database of its own: it restores, old ones go, failure is told."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

NIGHT = """
import json, sys
import django
from tamna.core import database
with database.served():
    django.setup()
    from datetime import timedelta
    from django.core.management import call_command
    from django.db.models import F
    from procrastinate.contrib.django import app
    from tamna.core import clock
    from tamna.core.actor import Actor
    from tamna.core.models import BackupPlan, Hospital, Notification, User
    from tamna.core.tasks import nightly_backup
    from tamna.core.worker import with_fresh_connection
    from tamna.patients.services import register_patient
    call_command("migrate", verbosity=0)
    Hospital.objects.get_or_create(pk=1, defaults={"name_ko": "모의 병원", "institution_id": "39100103"})
    User.objects.get_or_create(username="it", defaults={"role": "it", "team": "it"})
    plan, _ = BackupPlan.objects.update_or_create(pk=1, defaults={"folder": sys.argv[1], "hour": 0, "keep": 2})
    for patient in range(int(sys.argv[2])):
        register_patient(name="홍길동", sex="F", birth_on=clock.today().replace(year=1980), identity=("passport", f"M{patient:08d}"), by=Actor.system("test"))
    def work():
        nightly_backup.configure(queueing_lock="test").defer(timestamp=0)
        jobs = app.with_connector(app.connector.get_worker_connector())
        jobs.run_worker(wait=False, queues=["core"], install_signal_handlers=False, task_middleware=[with_fresh_connection])
    said = []
    for night in sys.argv[3:]:
        if night == "cut off":
            BackupPlan.objects.update(finished_at=F("started_at") - timedelta(minutes=1))
        elif night == "next":
            BackupPlan.objects.update(started_at=F("started_at") - timedelta(days=1), finished_at=F("finished_at") - timedelta(days=1))
        work()
        plan.refresh_from_db()
        said.append(plan.ok)
    told = list(Notification.objects.values_list("kind", "url", "user__username"))
print(json.dumps({"ok": said, "said": plan.said, "told": told}))
"""


def environment(home: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("TAMNA_", "DATABASE_"))}
    return {**kept, "TAMNA_HOME": str(home), "TAMNA_NO_POOL": "1", "DJANGO_SETTINGS_MODULE": "tamna.web.settings"}


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *words], env=environment(home), capture_output=True, text=True, check=False)


def nights(home: Path, folder: Path, *which: str, patients: int = 0) -> dict:
    done = run(home, "-c", NIGHT, str(folder), str(patients), *which)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("hospital")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("backups")


def made(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if (path / "manifest.json").is_file())


def test_one_a_night_two_are_kept_and_the_last_restores_on_another_machine(home, folder, tmp_path):
    assert nights(home, folder, "first", "same night", patients=3) == {
        "ok": [True, True],
        "said": f"{size(folder):,} bytes",
        "told": [],
    }
    (first,) = made(folder)
    left = folder / ".20200101T000000Z.part"
    left.mkdir()
    assert nights(home, folder, "cut off")["ok"] == [True]
    assert len(made(folder)) == 2 and not left.exists()
    nights(home, folder, "next", "next")
    assert len(made(folder)) == 2 and first not in made(folder)
    done = run(tmp_path, "-m", "tamna.cli", "restore", str(folder / made(folder)[-1]))
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["keys_open"] and said["identifiers_readable"] and said["audit_ok"] and said["patients"] == 3
    assert (tmp_path / "keys" / "master.key").read_bytes() == (home / "keys" / "master.key").read_bytes()


def size(folder: Path) -> int:
    return (folder / made(folder)[0] / "database.dump").stat().st_size


def test_a_backup_that_fails_is_told_to_it_once_a_night_and_keeps_what_is_there(home, folder, tmp_path):
    before = made(folder)
    blocked = tmp_path / "disk"
    blocked.write_text("not a folder")
    answer = nights(home, blocked / "backups", "next", "same night")
    assert answer["ok"] == [False, False] and answer["said"]
    assert answer["told"] == [["backup.failed", "/setup/backup", "it"]]
    assert made(folder) == before
