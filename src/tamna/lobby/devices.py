"""Devices of the lobby (무인 기기 등록): made by staff, opened once by a link on the device itself, retired by staff."""

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from tamna.core import audit
from tamna.core.actor import Actor
from tamna.core.errors import DomainError, refused_as
from tamna.lobby import doors
from tamna.lobby.models import Device

ENROL_MINUTES = 30


@transaction.atomic
def add(*, kind: str, name: str, departments: Sequence[str] = (), shows_names: bool = False, by: Actor) -> Device:
    """A new kiosk or board. Raises lobby.device_name."""
    name = " ".join(name.split())[:40]
    if not name or kind not in Device.Kind.values:
        raise DomainError("lobby.device_name")
    with refused_as(lobby_device_name_key="lobby.device_name"):
        device = Device.objects.create(
            kind=kind, name=name, departments=sorted(set(departments)), shows_names=shows_names, made_at=timezone.now()
        )
    audit.note("device.made", by=by, subject_type="device", subject_id=device.public_id)
    return device


@transaction.atomic
def invite(*, device: Device, by: Actor) -> str:
    """A signed link that enrols one browser as this device, once, within half an hour. What was enrolled before stops then."""
    key, digest = doors.new_key()
    device.enrol_digest, device.enrol_until = digest, timezone.now() + timedelta(minutes=ENROL_MINUTES)
    device.save(update_fields=["enrol_digest", "enrol_until"])
    audit.note("device.invited", by=by, subject_type="device", subject_id=device.public_id)
    return doors.seal(key)


def invited(sealed: str) -> Device | None:
    """The device that a link enrols, while it may."""
    key = doors.unseal(sealed)
    rows = Device.objects.filter(enrol_digest=doors.digest(key), enrol_until__gt=timezone.now(), retired_at=None)
    return rows.first() if key else None


@transaction.atomic
def enrol(*, sealed: str, address: str) -> tuple[Device, str]:
    """Use a link: the device and the key its browser keeps. Raises lobby.enrol_link."""
    device = invited(sealed)
    device = (
        device and Device.objects.select_for_update().filter(pk=device.pk, enrol_digest=device.enrol_digest).first()
    )
    if device is None:
        raise DomainError("lobby.enrol_link")
    key, device.key_digest = doors.new_key()
    device.enrol_digest, device.enrol_until, device.seen_at = "", None, timezone.now()
    device.save(update_fields=["key_digest", "enrol_digest", "enrol_until", "seen_at"])
    by = Actor("system", "lobby", address=address)
    audit.note("device.enrolled", by=by, subject_type="device", subject_id=device.public_id)
    return device, key


@transaction.atomic
def retire(*, device: Device, by: Actor) -> None:
    """Close a device (기기 폐기): its key and its link stop at once."""
    device.key_digest, device.enrol_digest, device.enrol_until, device.retired_at = None, "", None, timezone.now()
    device.save(update_fields=["key_digest", "enrol_digest", "enrol_until", "retired_at"])
    audit.note("device.retired", by=by, subject_type="device", subject_id=device.public_id)
