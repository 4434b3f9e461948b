"""The bell (알림): one's own notices, read one by one or all, and which kinds one wants to be told of."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tamna.core import access, notices
from tamna.core.access import SIGNED_IN, needs
from tamna.core.models import Notification, User

AT_ONCE = 30


@needs(SIGNED_IN)
def notifications(request: HttpRequest) -> HttpResponse:
    return _list(request)


def _list(request: HttpRequest) -> HttpResponse:
    """The latest, or those before one (`before`). Three queries."""
    before = request.GET.get("before", "")
    mine = notices.of(request.user)
    rows = list((mine.filter(pk__lt=int(before)) if before.isdigit() else mine)[: AT_ONCE + 1])
    context = {
        "rows": [_shown(row, request.user) for row in rows[:AT_ONCE]], "unread": notices.unread(request.user),
        "older": rows[AT_ONCE - 1].pk if len(rows) > AT_ONCE else None, "keep_days": notices.keep_days(),
        "kinds": [(kind, _(kind.title)) for kind in notices.kinds_for(request.user)],
    }  # fmt: skip
    return render(request, "web/notifications.html", context)


def _shown(row: Notification, user: User) -> dict[str, Any]:
    return {"row": row, "says": notices.says(row), "leads": _may_open(row.url, user)}


def _may_open(url: str, user: User) -> bool:
    """Whether the reader's rights open the record; a notice of a team may point at a screen of IT."""
    try:
        view = resolve(url.partition("?")[0]).func
    except Resolver404:
        return False
    return access.may(user, getattr(view, "capability", ""))


@needs(SIGNED_IN)
def count(request: HttpRequest) -> HttpResponse:
    """What the bell shows."""
    return HttpResponse(notices.unread(request.user))


@needs(SIGNED_IN)
def follow(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Open the record of a notice; it counts as read."""
    row = get_object_or_404(notices.of(request.user), public_id=public_id)
    notices.read(Notification.objects.filter(pk=row.pk), request.user)
    return redirect(row.url if _may_open(row.url, request.user) else "web:notifications")


@require_POST
@needs(SIGNED_IN)
def mark_read(request: HttpRequest) -> HttpResponse:
    """Mark one as read (`id`), or all."""
    rows = Notification.objects.all()
    if one := request.POST.get("id", ""):
        rows = rows.filter(pk=int(one) if one.isdigit() else 0)
    notices.read(rows, request.user)
    return _list(request) if request.headers.get("HX-Request") else redirect("web:notifications")


@require_POST
@needs(SIGNED_IN)
def choose(request: HttpRequest) -> HttpResponse:
    """The kinds one is told of; the others are muted from now on."""
    wanted = set(request.POST.getlist("kind"))
    notices.mute(request.user, (kind.key for kind in notices.kinds_for(request.user) if kind.key not in wanted))
    request.user.refresh_from_db(fields=["muted_notices"])
    return _list(request) if request.headers.get("HX-Request") else redirect("web:notifications")
