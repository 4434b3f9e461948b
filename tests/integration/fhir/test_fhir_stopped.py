"""An import as a process of its own: killed in the middle it goes on where it was, and what is too large does not fill memory."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from django.db import connection, transaction

from tamna.core import crypto
from tamna.patients.models import ImportedResource, ImportRun, Patient
from tamna.reception.models import Encounter

pytestmark = pytest.mark.django_db(transaction=True)
GOOD = (Path(__file__).parents[2] / "data" / "fhir" / "marigold.json").read_text(encoding="utf-8")


def started(folder: Path) -> "subprocess.Popen[str]":
    """`tamna import fhir` on the database of this test."""
    place = connection.settings_dict
    query = urlencode({"host": place["HOST"], **({"port": place["PORT"]} if place["PORT"] else {})})
    who = f"{quote(place['USER'])}:{quote(place['PASSWORD'])}" if place["PASSWORD"] else quote(place["USER"])
    env = os.environ | {"DATABASE_URL": f"postgresql://{who}@/{place['NAME']}?{query}"}
    command = [sys.executable, "-m", "tamna.cli", "import", "fhir", str(folder), "--format", "json", "--lang", "en"]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def people(folder: Path, number: int) -> None:
    """Bundles of as many people, each with ids of their own."""
    for one in range(number):
        text = GOOD.replace("00000000-0000-4000-8000", f"{one:08d}-0000-4000-8000")
        (folder / f"{one:03d}.json").write_text(text, encoding="utf-8")


def until(process: "subprocess.Popen[str]", query: str) -> None:
    """Wait until the database says yes."""
    for _ in range(1200):
        with connection.cursor() as cursor:
            cursor.execute(query)
            if cursor.fetchone()[0]:
                return
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    raise AssertionError(query)


def test_killed_in_the_middle_of_a_bundle_it_goes_on(hospital, morning, bring, counts, tmp_path):
    people(tmp_path, 12)
    process = started(tmp_path)
    until(process, "SELECT count(*) >= 3 FROM patients_patient")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE reception_condition IN ACCESS EXCLUSIVE MODE")  # a bundle stands still half written
        until(
            process,
            "SELECT count(*) > 0 FROM pg_locks WHERE relation = 'reception_condition'::regclass AND NOT granted",
        )
        process.kill()
        process.communicate()
    crypto.forget_keys()
    until_gone = (
        "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute(until_gone)
            if cursor.fetchone()[0]:
                break
        time.sleep(0.05)
    there = Patient.objects.count()
    assert 3 <= there < 12
    assert ImportedResource.objects.count() == 18 * there  # whole or not at all
    assert Encounter.objects.count() == 2 * there
    stopped = ImportRun.objects.get()
    assert stopped.finished_at is None and stopped.counts["bundles"]["new"] == there
    said = bring(tmp_path)
    assert (said.code, said.report["bundles"]) == (0, {"read": 12, "new": 12 - there, "unchanged": there, "refused": 0})
    assert (Patient.objects.count(), Encounter.objects.count(), ImportedResource.objects.count()) == (12, 24, 216)
    before = counts()
    assert bring(tmp_path).report["bundles"]["unchanged"] == 12 and counts() == before


def test_what_is_too_large_does_not_fill_memory(hospital, morning, tmp_path):
    """A gigabyte of blanks in gzip, a file of 200 MB, a line of 200 MB: refused without being held."""
    import gzip

    people(tmp_path, 1)
    blanks = gzip.compress(b" " * (16 << 20))
    (tmp_path / "bomb.json.gz").write_bytes(blanks * 64)
    (tmp_path / "bomb.ndjson.gz").write_bytes(blanks * 64)
    with (tmp_path / "large.json").open("wb") as file:
        file.write(b'{"resourceType":"Bundle"')
        file.truncate(200 << 20)
    out, err = (process := started(tmp_path)).communicate()
    errors = [json.loads(line) for line in err.splitlines()]
    assert (process.returncode, {error["code"] for error in errors}, len(errors)) == (3, {"fhir.too_large"}, 3), err
    told = json.loads(out)
    assert told["bundles"] == {"read": 4, "new": 1, "unchanged": 0, "refused": 3}
    assert told["peak_mib"] < 512
