"""Who gets into patients' screens: a device with its key, a phone with its link, nobody else; and in which language."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tamna.core.errors import DomainError
from tamna.core.models import AuditEntry
from tamna.lobby import devices, doors, languages, links
from tamna.lobby.models import Device, PatientLink
from tamna.patients.services import register_patient
from tests.integration.lobby.patients import IT, device_client, link_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def hong(hospital, morning, clerk):
    return register_patient(
        name="홍길동", birth_on=morning.date(), sex="M", phone="010-1234-2214", language="ja", by=clerk
    )


def test_a_link_enrols_one_browser_once(hospital):
    device = devices.add(kind="kiosk", name="로비 1", by=IT)
    link = devices.invite(device=device, by=IT)
    first, second = Client(), Client()
    assert first.get("/lobby/kiosk").status_code == 403
    assert first.get(f"/lobby/enrol/{link}").status_code == 200  # a look uses nothing up
    assert first.post(f"/lobby/enrol/{link}").status_code == 302
    assert first.get("/lobby/kiosk").status_code == 200
    assert second.post(f"/lobby/enrol/{link}").status_code == 403 and second.get("/lobby/kiosk").status_code == 403
    devices.enrol(sealed=devices.invite(device=device, by=IT), address="")  # the device was replaced
    assert first.get("/lobby/kiosk").status_code == 403
    kept = " ".join(str(row.detail) for row in AuditEntry.objects.all()) + str(Device.objects.values())
    assert doors.unseal(link) and doors.unseal(link) not in kept


def test_an_old_link_and_a_retired_device_open_nothing(hospital):
    device = devices.add(kind="board", name="TV 1", by=IT)
    link = devices.invite(device=device, by=IT)
    Device.objects.update(enrol_until=timezone.now() - timedelta(seconds=1))
    with pytest.raises(DomainError, match="enrol_link"):
        devices.enrol(sealed=link, address="")
    with pytest.raises(DomainError, match="device_name"):
        devices.add(kind="board", name="TV 1", by=IT)
    client = device_client("board", "TV 1")
    assert client.get("/lobby/board").status_code == 200
    device.refresh_from_db()
    devices.retire(device=device, by=IT)
    assert client.get("/lobby/board").status_code == 403


def test_a_patients_link_leaves_no_trace_and_ends(hong):
    path = links.make(patient=hong, by=IT)
    client = Client()
    answer = client.get(path)
    assert answer.status_code == 302 and answer["Location"] == "/lobby/me"
    assert client.cookies[doors.LINK_COOKIE]["path"] == languages.PATH and client.cookies[doors.LINK_COOKIE]["httponly"]
    assert client.get("/lobby/me").status_code == 200
    assert path.rsplit("/", 1)[1].split(":")[0] not in str(PatientLink.objects.values())
    for made_up in (path[:-2], path.replace("/p/", "/p/x"), "/lobby/p/x"):
        other = Client()
        other.get(made_up)
        assert other.get("/lobby/me").status_code == 403
    PatientLink.objects.update(
        made_at=timezone.now() - timedelta(days=2), expires_at=timezone.now() - timedelta(days=1)
    )
    assert client.get("/lobby/me").status_code == 403


def test_patients_and_staff_each_have_their_language(hong, user_of):
    client = link_client(hong)
    assert client.get("/lobby/me")["Content-Language"] == "ja"  # as the record says, until they choose
    client.post("/lobby/language", {"language": "zh-hans", "next": "/lobby/me"})
    assert client.get("/lobby/me")["Content-Language"] == "zh-hans"
    assert not client.cookies[languages.COOKIE]["max-age"]  # the session's only
    client.force_login(user_of("it"))
    assert client.get("/account")["Content-Language"] == "ko"
    client.post("/language", {"language": "en", "next": "/account"})
    assert (
        client.get("/account")["Content-Language"] == "en" and client.get("/lobby/me")["Content-Language"] == "zh-hans"
    )
    assert (
        client.post("/lobby/language", {"language": "xx", "next": "https://elsewhere.example/"})["Location"]
        == "/lobby/me"
    )
    assert Client(headers={"Accept-Language": "zh-TW,en;q=0.5"}).get("/lobby/me")["Content-Language"] == "zh-hans"
