"""Pages everyone meets: home, search, the gallery, errors, health."""

from collections import defaultdict
from datetime import timedelta

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from tamna.core import clock
from tamna.core.access import PUBLIC, SIGNED_IN, capabilities_of, needs
from tamna.core.catalogue import title_of
from tamna.core.decisions import grouped
from tamna.core.models import Proposal
from tamna.core.search import Hit, find
from tamna.web import homes, live
from tamna.web.menu import menu_for
from tamna.web.policy import live_url


@needs(SIGNED_IN)
def home(request: HttpRequest) -> HttpResponse:
    """Needs you · Done for you · Watch, the same shape for every role."""
    user = request.user
    mine = Proposal.objects.filter(team__in={user.team, ""})
    since = clock.now() - timedelta(days=1)
    context = {
        "needs_you": grouped(mine.filter(state="open")) if "automations.decide" in capabilities_of(user.role) else [],
        "done_for_you": list(
            mine.filter(state__in=["acted", "accepted", "edited"], made_at__gte=since).order_by("-id")[:6]
        ),
        "title_of": title_of,
        "tiles": homes.tiles(request),
        "watch": homes.watch(request),
    }
    return render(request, "web/home.html", context)


@needs(SIGNED_IN)
def search(request: HttpRequest) -> HttpResponse:
    """One box over everything; menu entries too."""
    words = request.GET.get("q", "").strip()
    groups: dict[str, list[dict[str, str]]] = defaultdict(list)
    hits: list[Hit] = find(words, request.user)
    for hit in hits:
        groups[hit.kind].append({"label": hit.title, "detail": hit.detail, "url": hit.url})
    for group in menu_for(request):
        for entry in group["entries"]:
            if words and words.lower() in str(entry["label"]).lower():
                groups[_("Menu")].append({"label": entry["label"], "detail": group["title"], "url": entry["url"]})
    shown = [{"title": title, "entries": entries} for title, entries in groups.items()]
    template = "web/_found.html" if request.headers.get("HX-Request") else "web/search.html"
    return render(request, template, {"groups": shown, "words": words})


@needs(SIGNED_IN)
def live_address(request: HttpRequest) -> HttpResponse:
    """Where this browser's live stream is, with a token for a minute."""
    return JsonResponse({"url": f"{live_url(request)}?token={live.token_for(request.user.pk)}"})


@needs(SIGNED_IN)
def gallery(request: HttpRequest) -> HttpResponse:
    return render(request, "web/gallery.html", {})


@needs(PUBLIC)
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"ok": True})


@needs(PUBLIC)
def readyz(request: HttpRequest) -> HttpResponse:
    """Database, migrations and worker are ready to serve."""
    checks = {"database": False, "migrations": False, "worker": False}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT max(last_heartbeat) > now() - interval '1 minute' FROM procrastinate_workers")
            checks["worker"] = bool(cursor.fetchone()[0])
        checks["database"] = True
        executor = MigrationExecutor(connection)
        checks["migrations"] = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Exception:  # the edge: whatever is wrong, this process is not ready
        return JsonResponse(checks, status=503)
    return JsonResponse(checks, status=200 if all(checks.values()) else 503)


@needs(PUBLIC)
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus metrics of this process; only from this machine."""
    if request.META.get("REMOTE_ADDR", "127.0.0.1") not in ("127.0.0.1", "::1", ""):
        return HttpResponse(status=403)
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(
        request, "web/refused.html", {"message": _("You may not open this page. Ask your team lead.")}, status=403
    )


def missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "web/refused.html", {"message": _("There is nothing at this address.")}, status=404)


def broken(request: HttpRequest) -> HttpResponse:
    message = _("Something went wrong on our side. Nothing was changed; try again, and tell IT if it stays.")
    return render(request, "web/refused.html", {"message": message}, status=500)
