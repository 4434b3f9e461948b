"""Notices in the bell (알림)."""

from typing import Any

from django.db.models import Q, QuerySet

from tamna.core import clock, outbox
from tamna.core.models import Notification, User


def tell(text: str, facts: dict[str, Any], *, role: str = "", user: User | None = None, url: str = "") -> Notification:
    """Tell a person or everyone of a role. `text` is an English message id."""
    notice = Notification.objects.create(user=user, role=role, text=text, facts=facts, url=url, at=clock.now())
    outbox.notify("notice.made", {"role": role, "user": user.pk if user else 0})
    return notice


def of(user: User) -> QuerySet[Notification]:
    return Notification.objects.filter(Q(user=user) | Q(role=user.role)).order_by("-id")
