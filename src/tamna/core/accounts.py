"""Signing in (인증): argon2 passwords, an optional second factor, a lock after wrong tries; every try is in the audit.

Law: 개인정보의 안전성 확보조치 기준 제5조·제6조 (접근통제). Locks and tokens use wall time.
"""

import secrets
import time
from datetime import timedelta

import pyotp
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from tamna.core import audit, crypto
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.models import Hospital, User

TRIES, LOCK_MIN = 5, 15
STEP_S = 30  # of a time-based code (RFC 6238)
RECOVERY_CODES = 8
LABEL = "core_user.totp_secret"
_NOBODY = make_password("nobody")  # so that an unknown name takes as long as a known one


def sign_in(username: str, password: str, code: str = "", *, address: str = "") -> User:
    """Check a person. Raises core.sign_in_failed, core.account_locked, core.code_needed, core.temporary_expired."""
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
        if not (_used_code(user, code) or _used_recovery(user, code, by)):
            _failed(user, by)
            raise DomainError("core.sign_in_failed")
    if user.temporary_until and user.temporary_until < timezone.now():
        audit.note("login.failed", by=by, subject_type="user", subject_id=user.pk, detail={"why": "temporary expired"})
        raise DomainError("core.temporary_expired")
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


def check_new_password(password: str, user: User) -> None:
    """The rules of passwords (AUTH_PASSWORD_VALIDATORS). Raises core.password_weak with what is missing."""
    try:
        validate_password(password, user)
    except ValidationError as weak:
        raise DomainError("core.password_weak", why=" ".join(weak.messages)) from weak


@transaction.atomic
def change_password(user: User, *, old: str, new: str, by: Actor) -> None:
    """One's own new password; every other session of the person ends. Raises core.old_password, core.password_weak."""
    if not user.check_password(old):
        raise DomainError("core.old_password")
    if new == old:
        raise DomainError("core.password_same")
    check_new_password(new, user)
    user.set_password(new)
    user.temporary_until = None
    user.save(update_fields=["password", "temporary_until"])
    audit.note("password.changed", by=by, subject_type="user", subject_id=user.pk)


# -- the second factor (2차 인증) ----------------------------------------------------------------------------------------


def enrol_totp(user: User) -> tuple[str, str]:
    """A new second factor, not active yet: (secret, otpauth address for the QR code)."""
    secret = pyotp.random_base32()
    return secret, totp_address(user, secret)


def totp_address(user: User, secret: str) -> str:
    """What the QR code of an authenticator app says."""
    return pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name="Tamna")


@transaction.atomic
def activate_totp(user: User, secret: str, code: str) -> list[str]:
    """Switch the second factor on after one right code. Returns recovery codes, shown once. Raises core.code_wrong."""
    if not pyotp.TOTP(secret).verify(code, valid_window=1):
        raise DomainError("core.code_wrong")
    codes = [f"{secrets.token_hex(2)}-{secrets.token_hex(3)}" for _ in range(RECOVERY_CODES)]
    user.totp_secret = crypto.seal(secret, LABEL)
    user.recovery_codes = [make_password(code) for code in codes]
    user.save(update_fields=["totp_secret", "recovery_codes"])
    audit.note("totp.enrolled", by=Actor("person", user.username, user.pk), subject_type="user", subject_id=user.pk)
    return codes


@transaction.atomic
def disable_totp(user: User, *, password: str, by: Actor) -> None:
    """Switch one's own second factor off; the password is asked again. Raises core.old_password."""
    if not user.check_password(password):
        raise DomainError("core.old_password")
    forget_totp(user)
    audit.note("totp.disabled", by=by, subject_type="user", subject_id=user.pk)


def forget_totp(user: User) -> None:
    user.totp_secret, user.recovery_codes, user.totp_step = None, [], 0
    user.save(update_fields=["totp_secret", "recovery_codes", "totp_step"])


def _used_code(user: User, code: str) -> bool:
    """A right code of this half minute or a neighbour, later than the last one used."""
    totp = pyotp.TOTP(crypto.unseal(bytes(user.totp_secret or b""), LABEL))
    now = int(time.time()) // STEP_S
    for step in (now - 1, now, now + 1):
        if secrets.compare_digest(totp.at(step * STEP_S), code.strip()):
            return bool(User.objects.filter(pk=user.pk, totp_step__lt=step).update(totp_step=step))
    return False


def _used_recovery(user: User, code: str, by: Actor) -> bool:
    """A recovery code opens once and is gone."""
    wanted = code.strip().lower()
    if len(wanted) != 11 or "-" not in wanted:
        return False
    with transaction.atomic():
        row = User.objects.select_for_update().get(pk=user.pk)
        found = next((kept for kept in row.recovery_codes if check_password(wanted, kept)), None)
        if found is None:
            return False
        row.recovery_codes.remove(found)
        row.save(update_fields=["recovery_codes"])
        audit.note("totp.recovery_used", by=by, subject_type="user", subject_id=user.pk,
                   detail={"left": len(row.recovery_codes)})  # fmt: skip
    return True
