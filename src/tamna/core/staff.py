"""Accounts of staff (직원 계정 관리): make, change, disable, unlock, reset; one by one or from a list. Every step is audited.

Law: 개인정보의 안전성 확보조치 기준 제5조 (one account a person, rights given and taken away in time, records kept 3 years).
A password that IT gives is temporary: shown once, good for three days, changed at the first sign-in. Raises `core.*` errors.
"""

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from tamna.core import accounts, audit, outbox
from tamna.core.access import ROLES
from tamna.core.actor import Actor
from tamna.core.errors import DomainError, refused_as
from tamna.core.models import Department, User

TEMPORARY_DAYS = 3
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike on paper
USER_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{2,59}")
COLUMNS = ("username", "name_ko", "name_en", "role", "department")
MOST_ROWS = 500  # a password hash takes a while each


def temporary_password() -> str:
    """Four groups of four letters: 79 bits, can be read out on the telephone."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))


def _department(code: str) -> Department | None:
    if not code:
        return None
    found = Department.objects.filter(code=code).first()
    if found is None:
        raise DomainError("core.unknown_department", code=code)
    return found


def _checked(name_ko: str, role: str) -> None:
    if not name_ko.strip():
        raise DomainError("core.name_needed")
    if role not in ROLES:
        raise DomainError("core.unknown_role", role=role)


@transaction.atomic
def create(
    *, username: str, name_ko: str, role: str, by: Actor, name_en: str = "", department: str = ""
) -> tuple[User, str]:
    """A new account and its temporary password. Raises core.user_name_form, user_name_taken, unknown_role, …"""
    if not USER_NAME.fullmatch(username):
        raise DomainError("core.user_name_form")
    _checked(name_ko, role)
    given = temporary_password()
    user = User(username=username, name_ko=name_ko.strip()[:40], name_en=name_en.strip()[:60], role=role,
                team=ROLES[role].team, department=_department(department),
                temporary_until=timezone.now() + timedelta(days=TEMPORARY_DAYS))  # fmt: skip
    user.set_password(given)
    with refused_as(core_user_username_key="core.user_name_taken"):
        user.save()
    _noted("account.made", user, by, {"role": role})
    return user, given


@transaction.atomic
def change(*, user_id: int, name_ko: str, role: str, by: Actor, name_en: str = "", department: str = "") -> User:
    """Change name, role and department; a changed role ends the sessions, so that old rights end now."""
    user = _held(user_id)
    _checked(name_ko, role)
    if user.role == "it" and role != "it":
        _not_the_last_it(user)
    moved = user.role != role
    was = user.role
    user.name_ko, user.name_en = name_ko.strip()[:40], name_en.strip()[:60]
    user.role, user.team, user.department = role, ROLES[role].team, _department(department)
    user.session_no += moved
    user.save(update_fields=["name_ko", "name_en", "role", "team", "department", "session_no"])
    _noted("account.changed", user, by, {"role": role, "was": was} if moved else {})
    return user


@transaction.atomic
def set_active(*, user_id: int, is_active: bool, by: Actor) -> User:
    """Disable an account (퇴직·휴직) or open it again; disabling ends its sessions. Raises core.last_it, core.not_yourself."""
    user = _held(user_id)
    if not is_active:
        if by.user_id == user.pk:
            raise DomainError("core.not_yourself")
        if user.role == "it":
            _not_the_last_it(user)
    user.is_active = is_active
    user.session_no += not is_active
    user.save(update_fields=["is_active", "session_no"])
    _noted("account.opened" if is_active else "account.disabled", user, by)
    return user


@transaction.atomic
def unlock(*, user_id: int, by: Actor) -> User:
    user = _held(user_id)
    user.locked_until, user.failed_logins = None, 0
    user.save(update_fields=["locked_until", "failed_logins"])
    _noted("account.unlocked", user, by)
    return user


@transaction.atomic
def reset_password(*, user_id: int, by: Actor) -> str:
    """A temporary password, shown once; the old one and every session end now."""
    user, given = _held(user_id), temporary_password()
    user.set_password(given)
    user.temporary_until = timezone.now() + timedelta(days=TEMPORARY_DAYS)
    user.locked_until, user.failed_logins = None, 0
    user.session_no += 1
    user.save(update_fields=["password", "temporary_until", "locked_until", "failed_logins", "session_no"])
    _noted("password.reset", user, by)
    return given


@transaction.atomic
def reset_second_factor(*, user_id: int, by: Actor) -> None:
    """For a person who lost the phone and the recovery codes."""
    user = _held(user_id)
    accounts.forget_totp(user)
    _noted("totp.reset", user, by)


@transaction.atomic
def end_sessions(*, user_id: int, by: Actor) -> None:
    """Sign a person out everywhere."""
    user = _held(user_id)
    user.session_no += 1
    user.save(update_fields=["session_no"])
    _noted("sessions.ended", user, by)


@dataclass
class Report:
    """What became of a list: made with their temporary passwords, changed, same, refused with row and reason."""

    read: int = 0
    made: list[tuple[User, str]] = field(default_factory=list)
    changed: int = 0
    same: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)


def take_list(rows: Iterable[tuple[int, Mapping[str, str]]], *, by: Actor) -> Report:
    """Accounts from rows of `COLUMNS` (직원 일괄 등록); good rows land, a bad row is reported, a second reading changes nothing."""
    report = Report()
    for number, row in rows:
        report.read += 1
        if report.read > MOST_ROWS:
            raise DomainError("core.too_large", limit=f"{MOST_ROWS:,} rows")
        try:
            _take_row({key: (row.get(key) or "").strip() for key in COLUMNS}, report, by)
        except DomainError as refused:
            report.refused.append(
                {"row": number, "username": (row.get("username") or "")[:60], "message": refused.message}
            )
    return report


def _take_row(row: dict[str, str], report: Report, by: Actor) -> None:
    known = User.objects.filter(username=row["username"]).select_related("department").first()
    if known is None:
        report.made.append(create(by=by, **row))
        return
    now = {"username": known.username, "name_ko": known.name_ko, "name_en": known.name_en, "role": known.role,
           "department": known.department.code if known.department else ""}  # fmt: skip
    if now == row:
        report.same += 1
        return
    change(user_id=known.pk, by=by, **{key: value for key, value in row.items() if key != "username"})
    report.changed += 1


def _held(user_id: int) -> User:
    return User.objects.select_for_update().get(pk=user_id)


def _not_the_last_it(user: User) -> None:
    """Somebody must be able to open accounts. The rows are locked in order, so that two cannot leave together."""
    able = (
        User.objects.select_for_update().filter(role="it", is_active=True).order_by("pk").values_list("pk", flat=True)
    )
    if not [pk for pk in able if pk != user.pk]:
        raise DomainError("core.last_it")


def _noted(action: str, user: User, by: Actor, detail: dict[str, Any] | None = None) -> None:
    audit.note(action, by=by, subject_type="user", subject_id=user.pk, detail=detail or {})
    outbox.record(action, {"user_id": user.pk}, by=by)
