"""Signing in and out, the synthetic door, one's own account."""

import io

import segno
from django.conf import settings
from django.contrib.auth import login, logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_noop as noop
from django.views.decorators.http import require_POST

from tamna.core import accounts, audit, crypto
from tamna.core.access import PUBLIC, ROLES, SIGNED_IN, needs
from tamna.core.actor import Actor
from tamna.core.errors import DomainError
from tamna.core.models import Hospital, User

BACKEND = "django.contrib.auth.backends.ModelBackend"
PENDING = "session.totp"  # seal label


def _address(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    return wanted if url_has_allowed_host_and_scheme(wanted, {request.get_host()}) else "/"


@needs(PUBLIC)
def sign_in(request: HttpRequest) -> HttpResponse:
    hospital = Hospital.objects.first()
    if (hospital is None or not hospital.is_synthetic) and not User.objects.exists():
        return redirect("web:first-run")
    error = ""
    if request.method == "POST":
        try:
            user = accounts.sign_in(
                request.POST.get("username", ""), request.POST.get("password", ""), request.POST.get("code", ""),
                address=_address(request),
            )  # fmt: skip
            login(request, user, backend=BACKEND)
            response = redirect("web:account" if user.temporary_until else _next(request))
            if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
                response.set_cookie(settings.LANGUAGE_COOKIE_NAME, user.language, max_age=31_536_000, samesite="Lax")
            return response
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
    """Who one is here: password, second factor, language. A temporary password is changed here before anything else."""
    user, by = request.user, Actor.of(request)
    error, done, codes = "", request.GET.get("done", ""), []
    if request.method == "POST":
        try:
            done, codes = _own_step(request, user, by)
        except DomainError as refused:
            error = refused.message
    image = ""
    if not user.totp_secret and not user.temporary_until:
        image = _qr(accounts.totp_address(user, _pending_secret(request, user)))
    context = {"error": error, "done": DONE.get(done, ""), "codes": codes, "image": image, "role": ROLES.get(user.role)}
    response = render(request, "web/account.html", context, status=422 if error else 200)
    if done == "language":
        response = redirect(f"{request.path}?done=language_set")
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, user.language, max_age=31_536_000, samesite="Lax")
    response["Cache-Control"] = "no-store"
    return response


DONE = {
    "password": noop("The password was changed. Your other sessions were ended."), "totp_on": noop("The second factor is on."),
    "totp_off": noop("The second factor is off."), "language_set": noop("The language was changed."),
}  # fmt: skip


def _own_step(request: HttpRequest, user: User, by: Actor) -> tuple[str, list[str]]:
    step, form = request.POST.get("step", ""), request.POST
    if step == "password":
        if form.get("password", "") != form.get("again", ""):
            raise DomainError("core.password_differs")
        accounts.change_password(user, old=form.get("old", ""), new=form.get("password", ""), by=by)
        login(request, user, backend=BACKEND)
        return "password", []
    if step == "totp_on":
        codes = accounts.activate_totp(user, _pending_secret(request, user), form.get("code", ""))
        request.session.pop("totp", None)
        return "totp_on", codes
    if step == "totp_off":
        accounts.disable_totp(user, password=form.get("old", ""), by=by)
        return "totp_off", []
    if step == "language" and form.get("language") in dict(settings.LANGUAGES):
        user.language = form["language"]
        user.save(update_fields=["language"])
        return "language", []
    return "", []


def _pending_secret(request: HttpRequest, user: User) -> str:
    """The secret being set up, sealed in the session: a session cookie is signed, not secret."""
    kept = request.session.get("totp", "")
    if kept:
        return crypto.unseal(bytes.fromhex(kept), PENDING)
    secret, _address_of_code = accounts.enrol_totp(user)
    request.session["totp"] = crypto.seal(secret, PENDING).hex()
    return secret


def _qr(text: str) -> str:
    buffer = io.BytesIO()
    segno.make(text).save(buffer, kind="svg", scale=4, svgclass="qr", xmldecl=False)
    return buffer.getvalue().decode()
