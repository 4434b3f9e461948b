"""Screens of accounts (직원 계정): list, one account, a new one, many from a list. IT only; passwords are shown once."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from django.views.decorators.http import require_POST

from tamna.core import lists, sheet, staff
from tamna.core.access import CAPABILITIES, ROLES, capabilities_of, needs
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.export import as_csv
from tamna.core.models import AuditEntry, Department, User
from tamna.web.lists import ACCOUNT_STATES, ACCOUNTS, account_state

TITLES = {  # those of the list's download too
    "username": ("사용자명", "사용자 이름", "아이디", "사번", "User name"), "name_ko": ("이름", "성명", "Name"),
    "name_en": ("영문이름", "영문성명", "이름(영문)", "Name (English)"), "role": ("역할", "Role"),
    "department": ("부서코드", "진료과코드", "진료과", "Department"),
}  # fmt: skip
LARGEST_LIST = 1 << 20


def _once(response: HttpResponse) -> HttpResponse:
    """A page with a password is kept nowhere."""
    response["Cache-Control"] = "no-store"
    return response


def _choices() -> dict[str, Any]:
    return {
        "roles": ROLES, "role_options": [(key, _(role.title)) for key, role in ROLES.items()],
        "departments": [(row.code, f"{row.code} {row.name_ko}") for row in Department.objects.all()],
        "now_wall": timezone.now(),
    }  # fmt: skip


@needs("people.accounts")
def accounts(request: HttpRequest) -> HttpResponseBase:
    """Every account, by user name. A downloaded list can be changed and read in again."""
    context = {"roles": ROLES, "state_of": account_state, "states": ACCOUNT_STATES}
    return lists.show(request, ACCOUNTS, User.objects.select_related("department"), "web/accounts.html", context)


@needs("people.accounts")
def new_account(request: HttpRequest) -> HttpResponse:
    error, values = "", request.POST if request.method == "POST" else {}
    if request.method == "POST":
        try:
            user, given = staff.create(
                username=values.get("username", "").strip(), name_ko=values.get("name_ko", ""), name_en=values.get("name_en", ""),
                role=values.get("role", ""), department=values.get("department", ""), by=Actor.of(request),
            )  # fmt: skip
            return _once(render(request, "web/account_given.html", {"person": user, "given": given}))
        except DomainError as refused:
            error = refused.message
    context = {"values": values, "error": error, **_choices()}
    return render(request, "web/account_new.html", context, status=422 if error else 200)


@needs("people.accounts")
def account_of(request: HttpRequest, user_id: int) -> HttpResponse:
    """One account: who, what it may do, what can be done with it, what happened to it."""
    person = get_object_or_404(User.objects.select_related("department"), pk=user_id)
    error = ""
    if request.method == "POST":
        try:
            staff.change(
                user_id=person.pk, name_ko=request.POST.get("name_ko", ""), name_en=request.POST.get("name_en", ""),
                role=request.POST.get("role", ""), department=request.POST.get("department", ""), by=Actor.of(request),
            )  # fmt: skip
            return redirect("web:account-of", user_id=person.pk)
        except DomainError as refused:
            error = refused.message
    context = {
        "person": person, "error": error, "may_do": [_(CAPABILITIES[key]) for key in sorted(capabilities_of(person.role))],
        "past": AuditEntry.objects.filter(subject_type="user", subject_id=str(person.pk)).order_by("-id")[:20], **_choices(),
    }  # fmt: skip
    return render(request, "web/account_of.html", context, status=422 if error else 200)


@require_POST
@needs("people.accounts")
def account_step(request: HttpRequest, user_id: int, step: str) -> HttpResponse:
    """One thing done to an account."""
    person, by = get_object_or_404(User, pk=user_id), Actor.of(request)
    if step == "password":
        given = staff.reset_password(user_id=person.pk, by=by)
        return _once(render(request, "web/account_given.html", {"person": person, "given": given}))
    if step in ("disable", "open"):
        staff.set_active(user_id=person.pk, is_active=step == "open", by=by)
    elif step == "unlock":
        staff.unlock(user_id=person.pk, by=by)
    elif step == "second-factor":
        staff.reset_second_factor(user_id=person.pk, by=by)
    elif step == "sessions":
        staff.end_sessions(user_id=person.pk, by=by)
    return redirect("web:account-of", user_id=person.pk)


@needs("people.accounts")
def account_list(request: HttpRequest) -> HttpResponse:
    """Many accounts from a CSV, with a report of every line that was not taken."""
    report, error = None, ""
    if request.method == "POST":
        file = request.FILES.get("file")
        try:
            if file is None or file.size > LARGEST_LIST:
                raise sheet.Unreadable(noop("choose a CSV file of up to 1 MB"))
            report = staff.take_list(
                sheet.rows(file.file, TITLES, needed=("username", "name_ko", "role")), by=Actor.of(request)
            )
        except sheet.Unreadable as unreadable:
            error = DomainError("core.list_unreadable", why=unreadable.message).message
        except DomainError as refused:
            error = refused.message
    context = {"report": report, "error": error, "columns": staff.COLUMNS, **_choices()}
    return _once(render(request, "web/account_list.html", context, status=422 if error else 200))


@needs("people.accounts")
def account_example(request: HttpRequest) -> HttpResponse:
    """An empty list with two lines that show the form."""
    rows = (("hong.gd", "홍길동", "Hong Gildong", "reception", ""), ("kim.cs", "김철수", "", "cashier", ""))
    return as_csv("accounts-example", staff.COLUMNS, rows)
