"""What every page's frame needs: menu, connections, bell, clock. Three small queries."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from tamna.core import access, clock, notices
from tamna.core.models import Hospital, HospitalClock
from tamna.synthetic import progress
from tamna.web.menu import menu_for


def frame(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)

    def may(capability: str) -> bool:
        return user is not None and access.may(user, capability)

    return {
        "request": request,
        "user": user,
        "may": may,
        "menu": SimpleLazyObject(lambda: menu_for(request)),
        "hospital": SimpleLazyObject(lambda: Hospital.objects.first()),
        "clock_setting": SimpleLazyObject(lambda: HospitalClock.objects.first()),
        "now": clock.now,
        "history": SimpleLazyObject(progress.share),
        "live_url": "/live-address",
        "unread": SimpleLazyObject(lambda: notices.unread(user) if user and user.is_authenticated else ""),
    }
