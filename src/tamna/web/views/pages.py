"""Small pages everyone meets: home, errors, health."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from tamna.core.access import PUBLIC, SIGNED_IN, needs


@needs(SIGNED_IN)
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "web/home.html", {})


@needs(PUBLIC)
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"ok": True})


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(
        request, "web/refused.html", {"message": _("You may not open this page. Ask your team lead.")}, status=403
    )


def missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "web/refused.html", {"message": _("There is nothing at this address.")}, status=404)


def broken(request: HttpRequest) -> HttpResponse:
    return render(
        request, "web/refused.html",
        {"message": _("Something went wrong on our side. Nothing was changed; try again, and tell IT if it stays.")},
        status=500,
    )  # fmt: skip
