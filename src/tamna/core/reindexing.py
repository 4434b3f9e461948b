"""Change of the blind index's key (검색키 교체) without a stop: announced, used, everything indexed again, the old one destroyed.

First every process learns the new key and searches by both; then it writes; when nobody writes with the old one any more, the
records are indexed again in batches, each its own transaction with how far it came. A killed run goes on where it was. What is
indexed is told by its department (`indexes`). Law: 개인정보의 안전성 확보조치 기준 제7조 (암호키 관리).
"""

import time
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils import timezone

from tamna.core import audit, crypto, outbox
from tamna.core.actor import Actor
from tamna.core.errors import refused_as
from tamna.core.models import KeyRotation
from tamna.core.rotation import SETTLED_AFTER, running

BATCH = 200
Reindex = Callable[[int, int], int]  # from behind this record, so many: the last one, or nought where none is left
_indexed: list[tuple[Any, Reindex]] = []


def indexes(count: Callable[[], int]) -> Callable[[Reindex], Reindex]:
    """Register what makes a department's blind indexes again, and how many records there are. One department has them."""

    def register(again: Reindex) -> Reindex:
        _indexed[:] = [(count, again)]
        return again

    return register


def start(*, by: Actor) -> KeyRotation:
    """Announce a new key. Raises core.rotation_runs."""
    count, _ = _indexed[0]
    with transaction.atomic():
        with refused_as(one_rotation_at_a_time="core.rotation_runs"):
            rotation = KeyRotation.objects.create(key_id=crypto.announce_index_key(), started_by=by.name, total=count())
        audit.note("key.index_rotated", by=by, subject_type="key", subject_id=rotation.key_id)
        outbox.record("key.rotated", {"key_id": rotation.key_id}, by=by)
    return rotation


def go_on(*, seconds: float = 1e9) -> KeyRotation | None:
    """The next step that is due, for at most so long. Returns the rotation, finished or not; None where none runs."""
    rotation, until = running("index"), time.monotonic() + seconds
    if rotation is None:
        return None
    crypto.forget_keys()
    now = timezone.now()
    if rotation.writes_since is None:
        if now >= rotation.started_at + SETTLED_AFTER:
            with transaction.atomic():
                crypto.use_index_key(rotation.key_id)
                KeyRotation.objects.filter(pk=rotation.pk).update(writes_since=now)
            rotation.refresh_from_db()
        return rotation
    if now < rotation.writes_since + SETTLED_AFTER:
        return rotation
    while time.monotonic() < until:
        with transaction.atomic():
            last = _indexed[0][1](rotation.position, BATCH)
            if not last:
                crypto.destroy_keys("index", before=rotation.key_id)
                rotation.finished_at, rotation.done = timezone.now(), rotation.total
                audit.note(
                    "key.index_made_again",
                    by=Actor.system("reindexing"),
                    subject_type="key",
                    subject_id=rotation.key_id,
                )
            else:
                rotation.position, rotation.done = last, min(rotation.total, rotation.done + BATCH)
            rotation.save(update_fields=["position", "done", "finished_at"])
        if rotation.finished_at:
            break
    return rotation
