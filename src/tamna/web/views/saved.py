"""Saving, renaming and deleting a view of a list; opening one is an ordinary link."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from tamna.core import lists, saved_views
from tamna.core.access import SIGNED_IN, needs
from tamna.core.actor import Actor
from tamna.core.models import SavedView


def _to(view: SavedView) -> HttpResponse:
    """The list with the view's filter."""
    return redirect(f"{reverse(lists.known()[view.screen].view)}?{view.query}")


@require_POST
@needs(SIGNED_IN)
def save(request: HttpRequest) -> HttpResponse:
    return _to(
        saved_views.save(
            user=request.user, screen=request.POST.get("screen", ""), name=request.POST.get("name", ""),
            query=request.POST.get("query", ""), for_team="team" in request.POST, by=Actor.of(request),
        )
    )  # fmt: skip


@require_POST
@needs(SIGNED_IN)
def rename(request: HttpRequest, view_id: int) -> HttpResponse:
    name = request.POST.get("name", "")
    return _to(saved_views.rename(view_id=view_id, user=request.user, name=name, by=Actor.of(request)))


@require_POST
@needs(SIGNED_IN)
def delete(request: HttpRequest, view_id: int) -> HttpResponse:
    return _to(saved_views.delete(view_id=view_id, user=request.user, by=Actor.of(request)))
