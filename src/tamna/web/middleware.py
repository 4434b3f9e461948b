"""What happens around every request: logs and metrics, language, access, domain errors, static files of the wheel."""

import mimetypes
import time
from collections.abc import Callable
from pathlib import Path

import structlog
from django.apps import apps
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.http import http_date, url_has_allowed_host_and_scheme

from tamna.core.access import DEVICE, LINK, PUBLIC, may
from tamna.core.errors import DomainError
from tamna.lobby import languages
from tamna.web.metrics import REQUESTS, SECONDS

Respond = Callable[[HttpRequest], HttpResponseBase]
log = structlog.get_logger()


class Observed:
    """Counts and times each request by view name (never by path: paths hold ids)."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        response = self.respond(request)
        took = time.perf_counter() - started
        match = request.resolver_match
        view = match.view_name if match else "static" if request.path.startswith(settings.STATIC_URL) else "none"
        REQUESTS.labels(request.method, view, response.status_code).inc()
        SECONDS.labels(view).observe(took)
        if took > 1 or response.status_code >= 500:
            log.info("request", view=view, method=request.method, status=response.status_code, ms=int(took * 1000))
        return response


class StaticFromPackage:
    """Serves static files from the installed package with a long cache; production may put a proxy in front."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self.roots = [
            Path(config.path) / "static" for config in apps.get_app_configs() if config.name.startswith("tamna.")
        ]

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path.startswith(settings.STATIC_URL):
            return self.respond(request)
        wanted = request.path.removeprefix(settings.STATIC_URL)
        for root in self.roots:
            path = (root / wanted).resolve()
            if path.is_relative_to(root) and path.is_file():
                kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
                stat = path.stat()
                etag = f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
                if request.headers.get("If-None-Match") == etag:
                    return HttpResponse(status=304)
                response = FileResponse(path.open("rb"), content_type=kind)
                response["Cache-Control"] = (
                    "public, max-age=3600" if "v" not in request.GET else "public, max-age=31536000"
                )
                response["ETag"] = etag
                response["Last-Modified"] = http_date(stat.st_mtime)
                return response
        return HttpResponse("not found", status=404)


class Language:
    """Korean unless the person chose English; what patients touch has a choice of its own (`lobby.languages`)."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, settings.LANGUAGE_CODE)
        language = chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        if request.path.startswith(languages.PATH):
            language = languages.chosen(request)
        translation.activate(language)
        request.LANGUAGE_CODE = language
        response = self.respond(request)
        response.setdefault("Content-Language", language)
        return response


class Guarded:
    """Every view names a capability (`core.access.needs`); one without is refused for everyone."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.respond(request)

    def process_view(self, request, view, args, kwargs):  # type: ignore[no-untyped-def]
        if request.resolver_match and request.resolver_match.namespaces[:1] == ["api-1"]:
            return None  # the API checks its tokens and scopes itself
        capability = getattr(view, "capability", None)
        if capability is None:
            raise PermissionDenied("this view names no capability")
        if capability in {DEVICE, LINK}:
            return None  # the door looks for itself
        if capability != PUBLIC and not request.user.is_authenticated:
            hopeful = request.method == "GET" and not request.headers.get("HX-Request")
            return self._to(f"/sign-in?next={request.path}" if hopeful else "/sign-in", request)
        if not may(request.user, capability):
            raise PermissionDenied(capability)
        if capability != PUBLIC and request.user.temporary_until and request.resolver_match.view_name != "web:account":
            # A password that IT knows opens nothing else; what the page asks by itself gets nothing, or it would load for ever.
            return HttpResponse(status=204) if request.headers.get("HX-Request") else redirect("/account")
        return None

    @staticmethod
    def _to(address: str, request: HttpRequest) -> HttpResponse:
        if not request.headers.get("HX-Request"):
            return redirect(address)
        response = HttpResponse(status=204)
        response["HX-Redirect"] = address
        return response


class DomainErrors:
    """A DomainError becomes a toast (409) that says what was kept, or problem+json for machines."""

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.respond(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        if not isinstance(error, DomainError):
            return None
        if request.path.startswith("/api/"):
            return JsonResponse(
                {"type": f"/errors/{error.key}", "title": error.message, "status": 409, "key": error.key},
                status=409,
                content_type="application/problem+json",
            )
        if request.headers.get("HX-Request"):
            response = render(request, "web/_toast.html", {"message": error.message, "tone": "red"}, status=409)
            response["HX-Retarget"] = "#toasts"
            response["HX-Reswap"] = "beforeend"
            return response
        came_from = request.headers.get("Referer", "")
        back = came_from if url_has_allowed_host_and_scheme(came_from, {request.get_host()}) else ""
        return render(request, "web/refused.html", {"message": error.message, "back": back}, status=409)
