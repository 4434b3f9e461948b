"""The shared ground keeps its promises on a real database."""

import pytest
from django.db import IntegrityError, connection, transaction

from tamna.core import audit, crypto, numbering, outbox
from tamna.core.models import AuditEntry, DeadLetter, Event, Subscription

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_event_takes_effect_once_per_handler(clerk, morning):
    seen = []
    outbox.on("ground.tested", key="test.once")(lambda event: seen.append(event.payload["n"]))
    try:
        for n in range(3):
            outbox.record("ground.tested", {"n": n}, by=clerk)
        outbox.deliver(only="test.once")
        outbox.deliver(only="test.once")
        assert seen == [0, 1, 2]
        outbox.replay("test.once")
        outbox.deliver(only="test.once")
        assert seen == [0, 1, 2, 0, 1, 2]
    finally:
        outbox._listeners.pop("test.once")


def test_a_rolled_back_change_has_no_event(clerk, morning):
    with pytest.raises(RuntimeError), transaction.atomic():
        outbox.record("ground.tested", {}, by=clerk)
        raise RuntimeError
    assert not Event.objects.exists()


def test_a_failing_handler_waits_and_is_parked_at_last(clerk, morning, monkeypatch):
    def break_down(event):
        raise ValueError("no")

    outbox.on("ground.tested", key="test.broken")(break_down)
    try:
        outbox.record("ground.tested", {}, by=clerk)
        for _ in range(outbox.MAX_ATTEMPTS):
            outbox.deliver(only="test.broken")
            Subscription.objects.filter(handler="test.broken").update(retry_at=None)
        letter = DeadLetter.objects.get(handler="test.broken")
        assert "ValueError" in letter.error
        outbox._listeners.pop("test.broken")
        fixed = []
        outbox.on("ground.tested", key="test.broken")(fixed.append)
        outbox.retry_dead_letter(letter)
        assert len(fixed) == 1
    finally:
        outbox._listeners.pop("test.broken", None)


def test_an_unknown_version_is_parked(clerk, morning):
    outbox.on("ground.tested", key="test.version")(lambda event: None)
    try:
        outbox.record("ground.tested", {}, by=clerk, version=9)
        outbox.deliver(only="test.version")
        assert "unknown version 9" in DeadLetter.objects.get().error
    finally:
        outbox._listeners.pop("test.version")


def test_a_lag_counts_only_what_waits_for_the_handler_and_idle_ones_move_on(clerk, morning):
    seen = []
    outbox.on("ground.rare", key="test.rare")(lambda event: seen.append(event.pk))
    try:
        outbox.record("ground.rare", {}, by=clerk)
        Event.objects.bulk_create(
            Event(name="ground.common", actor={}, occurred_at=morning) for _ in range(outbox.MOVE_AFTER + 50)
        )
        lag = {row.handler: row for row in outbox.lags()}["test.rare"]
        assert (lag.waiting, lag.since is not None) == (1, True)
        outbox.deliver_all()
        last = Event.objects.order_by("-id").values_list("xact", "id").first()
        outbox.deliver(only="test.rare")
        position = Subscription.objects.get(handler="test.rare")
        assert (position.xact, position.event_id) == last and len(seen) == 1
        assert {row.handler: row.waiting for row in outbox.lags()}["test.rare"] == 0
        outbox.record("ground.rare", {}, by=clerk)
        outbox.deliver(only="test.rare")
        assert len(seen) == 2
        outbox.replay("test.rare")
        outbox.deliver_all()
        assert len(seen) == 4
    finally:
        outbox._listeners.pop("test.rare")


def test_a_handler_that_comes_with_an_upgrade_starts_at_the_end_of_the_log(clerk, morning):
    seen = []
    outbox.record("ground.new", {}, by=clerk)
    outbox.on("ground.new", key="test.new")(lambda event: seen.append(event.pk))
    try:
        outbox.subscribe_from_now()
        outbox.deliver(only="test.new")
        assert seen == []
        later = outbox.record("ground.new", {}, by=clerk)
        outbox.deliver(only="test.new")
        assert seen == [later.pk]
        outbox.replay("test.new")
        outbox.deliver(only="test.new")
        assert len(seen) == 3
    finally:
        outbox._listeners.pop("test.new")


def test_the_audit_cannot_be_changed_and_a_forgery_shows(clerk, morning):
    for n in range(5):
        audit.note("ground.tested", by=clerk, detail={"n": n})
    assert audit.seal() is not None
    assert audit.verify().ok
    with pytest.raises(IntegrityError):
        AuditEntry.objects.update(reason="nothing happened")
    with connection.cursor() as cursor:  # someone with the keys of the database
        cursor.execute("ALTER TABLE core_auditentry DISABLE TRIGGER ALL")
        cursor.execute("UPDATE core_auditentry SET reason = 'forged' WHERE id = (SELECT min(id) FROM core_auditentry)")
        cursor.execute("ALTER TABLE core_auditentry ENABLE TRIGGER ALL")
    verdict = audit.verify()
    assert not verdict.ok and verdict.broken_at


def test_gapless_numbers_come_back_after_a_rollback():
    assert numbering.take("receipt") == 1
    with pytest.raises(RuntimeError), transaction.atomic():
        assert numbering.take("receipt") == 2
        raise RuntimeError
    assert numbering.take("receipt") == 2


def test_a_key_rotation_keeps_old_values_readable():
    sealed = crypto.seal("홍길동", "t.name")
    old = crypto.key_id_of(sealed)
    new = crypto.new_field_key()
    assert new != old and crypto.unseal(sealed, "t.name") == "홍길동"
    assert crypto.key_id_of(crypto.seal("홍길동", "t.name")) == new
    with pytest.raises(crypto.Unreadable):
        crypto.unseal(sealed, "t.phone")  # moved to another column
