"""The master key is replaced while others work: the file, the environment, a stop in the middle, a process that knows the old one."""

import base64
import json
import os
import subprocess
import sys
from datetime import date
from urllib.parse import quote

import pytest
from django.db import connection

from tamna.core import crypto, master, rotation
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.models import AuditEntry
from tamna.patients.models import Patient
from tamna.patients.services import register_patient

pytestmark = pytest.mark.django_db(transaction=True)
IT = Actor("person", "it.kim", role="it", team="it")
OLD, NEW = (base64.b64encode(bytes([byte]) * 32).decode() for byte in (1, 2))


@pytest.fixture
def home(hospital, morning, tmp_path, monkeypatch):
    monkeypatch.setenv("TAMNA_HOME", str(tmp_path))
    crypto.forget_keys()
    return tmp_path


def named(name="홍길동"):
    return register_patient(name=name, birth_on=date(1980, 1, 1), sex="F", by=IT)


def test_a_replacement_that_was_stopped_goes_on_with_the_same_key(home, monkeypatch):
    patient, before = named(), crypto.master_fingerprint()
    with monkeypatch.context() as stopped:
        stopped.setattr(master, "finish", lambda: None)  # killed before the old key leaves the file
        rotation.replace_master(by=IT)
    both = master.read(master.text())
    assert len(both) == 2 and Patient.objects.get(pk=patient.pk).name == "홍길동"
    assert rotation.replace_master(by=IT) == {"before": before, "now": master.fingerprint(both[0])}
    assert master.read(master.text()) == both[:1]
    assert master.path().stat().st_mode & 0o777 == 0o600
    crypto.forget_keys()
    assert Patient.objects.get(pk=patient.pk).name == "홍길동"
    assert set(AuditEntry.objects.filter(action="key.master_replaced").values_list("subject_id", flat=True)) == {
        crypto.master_fingerprint()
    }


def test_a_process_that_knows_the_old_key_goes_on_when_another_replaces_it(home):
    patient = named()
    known = master.ciphers()
    at = connection.get_connection_params()
    url = "postgresql://{user}@/{dbname}?host={host}".format(
        **{name: quote(str(at[name])) for name in ("user", "dbname", "host")}
    )
    env = {**os.environ, "DATABASE_URL": url, "TAMNA_NO_POOL": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "tamna.cli", "keys", "replace-master"], env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert master.ciphers() is known  # nobody told this process
    crypto._field_key_of.cache_clear()  # what twenty seconds do
    assert Patient.objects.get(pk=patient.pk).name == "홍길동"
    rotation.start(by=IT)
    assert named("김영희").name == "김영희"
    assert json.loads(done.stdout)["master_key"]["fingerprint"] == crypto.master_fingerprint()


def test_a_key_of_the_environment_is_replaced_by_giving_both(home, monkeypatch):
    monkeypatch.setenv("TAMNA_MASTER_KEY", OLD)
    crypto.forget_keys()
    patient = named()
    with pytest.raises(DomainError, match="master_given"):
        rotation.replace_master(by=IT)
    monkeypatch.setenv("TAMNA_MASTER_KEY", f"{NEW},{OLD}")
    crypto.forget_keys()
    assert Patient.objects.get(pk=patient.pk).name == "홍길동"
    rotation.replace_master(by=IT)
    for given, opens in ((NEW, True), (OLD, False)):
        monkeypatch.setenv("TAMNA_MASTER_KEY", given)
        crypto.forget_keys()
        if opens:
            assert Patient.objects.get(pk=patient.pk).name == "홍길동"
        else:
            with pytest.raises(crypto.Unreadable):
                Patient.objects.get(pk=patient.pk)
    assert not (home / "keys" / "master.key").exists()


def test_a_running_backup_keeps_the_keys_as_they_are(home):
    named()
    before = crypto.master_fingerprint()
    with master.held(alone=False), pytest.raises(DomainError, match="keys_in_use"):
        rotation.replace_master(by=IT)
    assert crypto.master_fingerprint() == before and len(master.read(master.text())) == 1


@pytest.mark.parametrize("wrong", ["", "abc", OLD[:-4], f"{OLD} x"])
def test_what_is_no_master_key_is_refused(wrong):
    with pytest.raises(ValueError):
        master.read(wrong)
