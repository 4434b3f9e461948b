"""The first run (최초 설정): hospital, departments, the first IT account, in three steps that can be left and taken up again.

The setup code printed where Tamna was started opens it; it closes for ever when the first account is made. What was
kept already decides which step is shown.
"""

import hashlib
import secrets

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from tamna.core import accounts, audit, organisation, staff
from tamna.core.access import PUBLIC, needs
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.home import folder
from tamna.core.models import Department, Hospital, User

STEPS = ("code", "hospital", "departments", "account")


def step_now(request: HttpRequest) -> str:
    """The first step that is not done."""
    if request.session.get("setup") != _mark():
        return "code"
    if not Hospital.objects.exists():
        return "hospital"
    return "departments" if not Department.objects.exists() else "account"


@needs(PUBLIC)
def first_run(request: HttpRequest) -> HttpResponse:
    if User.objects.exists() or Hospital.objects.filter(is_synthetic=True).exists():
        raise PermissionDenied("first run is over")
    now, error = step_now(request), ""
    wanted = request.GET.get("step", "")
    step = wanted if wanted in STEPS and 0 < STEPS.index(wanted) <= STEPS.index(now) else now
    if request.method == "POST":
        try:
            _take(step, request)
            return redirect("web:sign-in" if step == "account" else "web:first-run")
        except DomainError as refused:
            error = refused.message
    kept = Hospital.objects.first()
    values = request.POST if request.method == "POST" else vars(kept) if kept else {}
    context = {
        "step": step, "steps": STEPS, "reached": STEPS.index(now), "error": error, "values": values,
        "departments": organisation.known_departments(),
        "open": set(Department.objects.filter(is_open=True).values_list("code", flat=True)) or {"01", "04", "05", "11", "24"},
    }  # fmt: skip
    return render(request, "web/first_run.html", context, status=422 if error else 200)


def _take(step: str, request: HttpRequest) -> None:
    form, by = request.POST, Actor("system", "first run", address=str(request.META.get("REMOTE_ADDR", "")))
    if step == "code":
        given = form.get("setup_code", "").strip().lower()
        if not _code() or not secrets.compare_digest(given.encode(), _code().encode()):
            audit.note("setup.refused", by=by)
            raise DomainError("core.setup_code")
        request.session["setup"] = _mark()
    elif step == "hospital":
        organisation.describe(form, by=by)
    elif step == "departments":
        organisation.choose_departments(form.getlist("departments"), by=by)
    else:
        _first_account(form, by)


@transaction.atomic
def _first_account(form, by: Actor) -> None:  # type: ignore[no-untyped-def]
    """The first IT account takes its own password; everybody later gets a temporary one from it."""
    Hospital.objects.select_for_update().get(pk=1)
    if User.objects.exists():
        raise PermissionDenied("first run is over")
    password = form.get("password", "")
    if password != form.get("again", ""):
        raise DomainError("core.password_differs")
    user, _ = staff.create(
        username=form.get("username", "").strip(),
        name_ko=form.get("person_ko", ""),
        name_en=form.get("person_en", ""),
        role="it",
        by=by,
    )
    accounts.check_new_password(password, user)
    user.set_password(password)
    user.temporary_until = None
    user.save(update_fields=["password", "temporary_until"])
    transaction.on_commit(lambda: (folder("keys", private=True) / "setup.code").unlink(missing_ok=True))


def _code() -> str:
    path = folder("keys", private=True) / "setup.code"
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""


def _mark() -> str:
    """What the session remembers of a right code; another code ends it."""
    return hashlib.sha256(f"tamna.setup:{_code()}".encode()).hexdigest()
