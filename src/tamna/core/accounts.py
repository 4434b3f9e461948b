"""Signing in (인증): argon2 passwords, an optional second factor, a lock after wrong tries; every try is in the audit.

Law: 개인정보의 안전성 확보조치 기준 제5조·제6조 (접근통제). Locks and tokens use wall time.
"""

from datetime import timedelta

import pyotp
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from tamna.core import audit, crypto
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.models import Hospital, User

TRIES, LOCK_MIN = 5, 15
LABEL = "core_user.totp_secret"
_NOBODY = make_password("nobody")  # so that an unknown name takes as long as a known one


def sign_in(username: str, password: str, code: str = "", *, address: str = "") -> User:
    """Check a person. Raises core.sign_in_failed, core.account_locked, core.code_needed."""
    user = User.objects.filter(username=username, is_active=True).first()
    by = Actor("person", username[:60], address=address)
    if user is None:
        check_password(password, _NOBODY)
        audit.note("login.failed", by=by, detail={"why": "unknown"})
        raise DomainError("core.sign_in_failed")
    if user.locked_until and user.locked_until > timezone.now():
        raise DomainError("core.account_locked", minutes=LOCK_MIN)
    if not user.check_password(password):
        _failed(user, by)
        raise DomainError("core.sign_in_failed")
    if user.totp_secret:
        if not code:
            raise DomainError("core.code_needed")
        if not pyotp.TOTP(crypto.unseal(bytes(user.totp_secret), LABEL)).verify(code, valid_window=1):
            _failed(user, by)
            raise DomainError("core.sign_in_failed")
    User.objects.filter(pk=user.pk).update(failed_logins=0, locked_until=None)
    audit.note("login.ok", by=Actor("person", user.username, user.pk, user.role, user.team, address))
    return user


def _failed(user: User, by: Actor) -> None:
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(failed_logins=F("failed_logins") + 1)
        user.refresh_from_db()
        if user.failed_logins >= TRIES:
            User.objects.filter(pk=user.pk).update(
                locked_until=timezone.now() + timedelta(minutes=LOCK_MIN), failed_logins=0
            )
            audit.note("login.locked", by=by, subject_type="user", subject_id=user.pk)
        audit.note("login.failed", by=by, subject_type="user", subject_id=user.pk)


def through_the_door(username: str, *, address: str = "") -> User:
    """Sign in as a synthetic person without a password: only in the synthetic hospital. Raises core.no_door."""
    user = User.objects.filter(username=username, is_synthetic=True, is_active=True).first()
    if user is None or not Hospital.objects.filter(is_synthetic=True).exists():
        raise DomainError("core.no_door")
    audit.note(
        "login.ok", by=Actor("person", user.username, user.pk, user.role, user.team, address), detail={"door": True}
    )
    return user


def enrol_totp(user: User) -> tuple[str, str]:
    """A new second factor, not active yet: (secret, otpauth address for the QR code)."""
    secret = pyotp.random_base32()
    return secret, pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name="Tamna")


def activate_totp(user: User, secret: str, code: str) -> None:
    """Switch the second factor on after one right code. Raises core.sign_in_failed."""
    if not pyotp.TOTP(secret).verify(code, valid_window=1):
        raise DomainError("core.sign_in_failed")
    user.totp_secret = crypto.seal(secret, LABEL)
    user.save(update_fields=["totp_secret"])
    audit.note("totp.enrolled", by=Actor("person", user.username, user.pk), subject_type="user", subject_id=user.pk)
