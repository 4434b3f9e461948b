"""Patients of the running hospital, made for a test."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass

from bench.place import Place

MAKE = """
import json
from datetime import timedelta
from tamna.core import clock
from tamna.core.actor import Actor
from tamna.core.models import Department, Practitioner
from tamna.lobby import codes, links
from tamna.patients.models import Patient
from tamna.patients.services import register_patient
from tamna.reception import services as reception
from tamna.reception.models import Slot
by = Actor.system("test")
born = clock.today().replace(year=1955, month=4, day=12)
serial = Patient.objects.count()
one = register_patient(name="홍길동", birth_on=born, sex="F", phone=f"0107{serial:07d}", language="%(language)s", is_synthetic=True, by=by)
at = clock.now() + timedelta(minutes=20)
if at.astimezone(clock.SEOUL).date() != clock.today():
    at = clock.now() - timedelta(minutes=1)
doctor = Practitioner.objects.create(license_no=f"8{serial}", name_ko="시험", department=Department.objects.get(name_ko="내과"), is_active=False)
booked = reception.book(slot_id=Slot.objects.create(practitioner=doctor, starts_at=at).pk, patient_id=one.pk, by=by)
if %(stale)s:
    Patient.objects.filter(pk=one.pk).update(contact_checked_on=None)
print("MADE" + json.dumps({"chart": one.chart_no, "phone": one.phone, "birth": f"{born:%%Y%%m%%d}", "link": links.make(patient=one, by=by), "code": codes.text_of(codes.make(booked))}))
"""


@dataclass(frozen=True)
class Person:
    chart: str
    phone: str
    birth: str
    link: str
    code: str


def shell(here: Place, script: str) -> str:
    """What a script says inside the hospital."""
    env = {**os.environ, "TAMNA_HOME": str(here.home), "TAMNA_PORT": str(here.port)}
    words = [sys.executable, "-m", "tamna.cli", "manage", "shell", "-c", script]
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def somebody(here: Place, language: str = "ko", *, stale: bool = False) -> Person:
    """A patient with a booking today in internal medicine."""
    said = shell(here, MAKE % {"language": language, "stale": stale})
    return Person(**json.loads(said.partition("MADE")[2].splitlines()[0]))
