"""Signing in and out, the synthetic door, the first run, one's own account."""

import io

import segno
from django.conf import settings
from django.contrib.auth import login, logout
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tamna.core import accounts, audit
from tamna.core.access import PUBLIC, ROLES, SIGNED_IN, needs
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.home import folder
from tamna.core.models import Department, Hospital, User

BACKEND = "django.contrib.auth.backends.ModelBackend"


def _address(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    return wanted if url_has_allowed_host_and_scheme(wanted, {request.get_host()}) else "/"


@needs(PUBLIC)
def sign_in(request: HttpRequest) -> HttpResponse:
    hospital = Hospital.objects.first()
    if hospital is None and not User.objects.exists():
        return redirect("web:first-run")
    error = ""
    if request.method == "POST":
        try:
            user = accounts.sign_in(
                request.POST.get("username", ""), request.POST.get("password", ""), request.POST.get("code", ""),
                address=_address(request),
            )  # fmt: skip
            login(request, user, backend=BACKEND)
            return redirect(_next(request))
        except DomainError as refused:
            error = refused.message
    doors = []
    if hospital is not None and hospital.is_synthetic:
        people = User.objects.filter(is_synthetic=True, is_active=True).order_by("id")
        doors = [{"user": user, "role": ROLES[user.role]} for user in people if user.role in ROLES]
        seen: set[str] = set()
        doors = [door for door in doors if door["role"].key not in seen and not seen.add(door["role"].key)]  # type: ignore[func-returns-value]
    context = {"error": error, "doors": doors, "next": _next(request), "username": request.POST.get("username", "")}
    return render(request, "web/sign_in.html", context, status=422 if error else 200)


@require_POST
@needs(PUBLIC)
def door(request: HttpRequest, username: str) -> HttpResponse:
    """One click into a synthetic role. In real use this address does not exist."""
    try:
        user = accounts.through_the_door(username, address=_address(request))
    except DomainError as refused:
        raise Http404 from refused
    login(request, user, backend=BACKEND)
    return redirect(_next(request))


@require_POST
@needs(PUBLIC)
def sign_out(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        audit.note("logout", by=Actor.of(request))
    logout(request)
    return redirect("web:sign-in")


@require_POST
@needs(PUBLIC)
def language(request: HttpRequest) -> HttpResponse:
    response = redirect(_next(request))
    chosen = request.POST.get("language", "ko")
    if chosen in dict(settings.LANGUAGES):
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, chosen, max_age=31_536_000, samesite="Lax")
    return response


@needs(SIGNED_IN)
def account(request: HttpRequest) -> HttpResponse:
    """Second factor and password of the person signed in."""
    user, error, done = request.user, "", ""
    secret, address = request.session.get("totp"), ""
    if request.method == "POST":
        try:
            if "code" in request.POST and secret:
                accounts.activate_totp(user, secret, request.POST["code"])
                request.session.pop("totp", None)
                done = _("The second factor is on.")
            elif request.POST.get("password"):
                if len(request.POST["password"]) < 10 or not user.check_password(request.POST.get("old", "")):
                    raise DomainError("core.sign_in_failed")
                user.set_password(request.POST["password"])
                user.save(update_fields=["password"])
                login(request, user, backend=BACKEND)
                done = _("The password was changed.")
        except DomainError as refused:
            error = refused.message
    image = ""
    if not user.totp_secret:
        if not secret:
            secret = accounts.enrol_totp(user)[0]
            request.session["totp"] = secret
        import pyotp

        address = pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name="Tamna")
        buffer = io.BytesIO()
        segno.make(address).save(buffer, kind="svg", scale=4, svgclass="qr", xmldecl=False)
        image = buffer.getvalue().decode()
    return render(request, "web/account.html", {"error": error, "done": done, "image": image, "secret": secret or ""})


@needs(PUBLIC)
def first_run(request: HttpRequest) -> HttpResponse:
    """Real use begins here: hospital, departments, the first IT account. Closed for ever once a person exists."""
    if User.objects.exists() or Hospital.objects.exists():
        raise PermissionDenied("first run is over")
    error = ""
    if request.method == "POST":
        try:
            _create_hospital(request)
            return redirect("web:sign-in")
        except DomainError as refused:
            error = refused.message
    return render(
        request, "web/first_run.html", {"error": error, "values": request.POST, "departments": _departments()}
    )


def _departments() -> list[tuple[str, str, str]]:
    from tamna.params import table

    return [(row["code"], row["name_ko"], row["name_en"]) for row in table("claimcheck/department_codes")]


@transaction.atomic
def _create_hospital(request: HttpRequest) -> None:
    code = folder("keys", private=True) / "setup.code"
    form = request.POST
    if not code.exists() or form.get("setup_code", "").strip() != code.read_text(encoding="utf-8").strip():
        raise DomainError("core.setup_code")
    if len(form.get("password", "")) < 10 or not form.get("username") or not form.get("name_ko"):
        raise DomainError("core.sign_in_failed")
    Hospital.objects.create(
        pk=1, name_ko=form["name_ko"], name_en=form.get("name_en", ""), institution_id=form.get("institution_id", "")[:8],
        institution_class=form.get("institution_class", "general"), area=form.get("area", "dong"),
        emergency=form.get("emergency", "none"),
    )  # fmt: skip
    chosen = set(form.getlist("departments"))
    Department.objects.bulk_create(
        Department(code=number, name_ko=ko, name_en=en) for number, ko, en in _departments() if number in chosen
    )
    user = User.objects.create_user(form["username"], form["password"], name_ko=form["username"], role="it", team="it")
    audit.note("hospital.created", by=Actor("person", user.username, user.pk), subject_type="hospital", subject_id="1")
    code.unlink()
