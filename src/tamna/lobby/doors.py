"""How patients' screens are entered (환자 화면의 문): a device by the key it keeps, a person by a signed link. No account, no role.

A key or a link is 256 random bits; the database keeps its SHA-256 only. Both travel in cookies of `/lobby/` that no script
can read. Security counts wall time. Anybody else gets a patient's page that says where to go, never a sign-in.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import cast

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from tamna.core import access
from tamna.lobby import languages
from tamna.lobby.models import Device, PatientLink

DEVICE_COOKIE, LINK_COOKIE = "tamna_device", "tamna_link"
DEVICE_DAYS = 400  # the longest a browser keeps a cookie; renewed by enrolling again
SEEN_EVERY = timedelta(minutes=1)
SALT = "tamna.lobby"


class DeviceRequest(HttpRequest):
    """A request that the door of devices let in."""

    device: Device


class LinkRequest(HttpRequest):
    """A request that the door of links let in."""

    link: PatientLink


def new_key() -> tuple[str, str]:
    """A key and its digest."""
    key = secrets.token_urlsafe(32)
    return key, digest(key)


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def seal(key: str) -> str:
    """Sign a key: a made-up one is refused before the database is asked."""
    return signing.Signer(salt=SALT).sign(key)


def unseal(sealed: str) -> str:
    """The key of a signed text; empty where it was not signed here."""
    try:
        return signing.Signer(salt=SALT).unsign(sealed)
    except signing.BadSignature:
        return ""


def device_of(request: HttpRequest) -> Device | None:
    """The enrolled device that asks. One query; when it was last seen is written once a minute."""
    key = unseal(request.COOKIES.get(DEVICE_COOKIE, ""))
    device = Device.objects.filter(key_digest=digest(key), retired_at=None).first() if key else None
    now = timezone.now()
    if device and (device.seen_at is None or device.seen_at < now - SEEN_EVERY):
        Device.objects.filter(pk=device.pk).update(seen_at=now)
    return device


def link_of(request: HttpRequest) -> PatientLink | None:
    """The patient's link that asks, while it is valid. One query."""
    return link_by(unseal(request.COOKIES.get(LINK_COOKIE, "")))


def link_by(key: str) -> PatientLink | None:
    rows = PatientLink.objects.select_related("patient", "ticket")
    return rows.filter(digest=digest(key), revoked_at=None, expires_at__gt=timezone.now()).first() if key else None


def closed(request: HttpRequest, title: str, sentence: str, status: int = 403) -> HttpResponseBase:
    """The page for those a door does not let in."""
    return render(request, "lobby/closed.html", {"title": title, "sentence": sentence}, status=status)


def _device_door(request: HttpRequest) -> HttpResponseBase | None:
    device = device_of(request)
    if device is None:
        return closed(
            request,
            _("This screen is not set up"),
            _("Our staff must set it up first. Please use another kiosk or the reception desk."),
        )
    cast(DeviceRequest, request).device = device
    return None


def _link_door(request: HttpRequest) -> HttpResponseBase | None:
    link = link_of(request)
    if link is None:
        return closed(
            request,
            _("This page has ended"),
            _(
                "Links to your own page work for a limited time. Please open the newest one, or ask at the reception desk."
            ),
        )
    cast(LinkRequest, request).link = link
    return None


access.DOORS.update({access.DEVICE: _device_door, access.LINK: _link_door})


def remember(response: HttpResponseBase, cookie: str, key: str, seconds: int) -> None:
    response.set_cookie(
        cookie,
        seal(key),
        max_age=seconds,
        path=languages.PATH,
        httponly=True,
        samesite="Lax",
        secure=settings.BEHIND_TLS,
    )
