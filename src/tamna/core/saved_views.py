"""Saved views of lists (저장된 보기): keep a filter under a name for oneself or one's team, rename it, delete it.

Raises core.view_name_missing, core.view_name_taken, core.view_not_yours.
"""

from urllib.parse import parse_qsl, urlencode

from django.db import transaction

from tamna.core import access, lists, outbox
from tamna.core.actor import Actor
from tamna.core.errors import DomainError, refused_as
from tamna.core.models import SavedView, User


@transaction.atomic
def save(*, user: User, screen: str, name: str, query: str, for_team: bool, by: Actor) -> SavedView:
    """Keep the filters of a list under a name. Whatever the list does not know, or may not keep, is left out."""
    listing = lists.known().get(screen)
    if listing is None or not listing.view or not access.may(user, listing.capability):
        raise DomainError("core.view_not_yours")
    keys = {item.key for item in listing.filters if not item.personal} | {"sort"}
    kept = urlencode([(key, value[:80]) for key, value in parse_qsl(query[:2000]) if key in keys])[:500]
    with refused_as(view_name_once="core.view_name_taken"):
        row = SavedView.objects.create(
            user=user, screen=screen, name=_name(name), query=kept, team=user.team if for_team else ""
        )
    outbox.record("view.saved", {"view_id": row.pk}, by=by)
    return row


@transaction.atomic
def rename(*, view_id: int, user: User, name: str, by: Actor) -> SavedView:
    row = _own(view_id, user)
    row.name = _name(name)
    with refused_as(view_name_once="core.view_name_taken"):
        row.save(update_fields=["name"])
    outbox.record("view.renamed", {"view_id": row.pk}, by=by)
    return row


@transaction.atomic
def delete(*, view_id: int, user: User, by: Actor) -> SavedView:
    row = _own(view_id, user)
    SavedView.objects.filter(pk=row.pk).delete()
    outbox.record("view.deleted", {"view_id": view_id}, by=by)
    return row


def _name(name: str) -> str:
    kept = " ".join(name.split())[:60]
    if not kept:
        raise DomainError("core.view_name_missing")
    return kept


def _own(view_id: int, user: User) -> SavedView:
    row = SavedView.objects.filter(pk=view_id, user=user).first()
    if row is None:
        raise DomainError("core.view_not_yours")
    return row
