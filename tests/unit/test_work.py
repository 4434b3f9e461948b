"""Every handler of events, every job and every queue has a name in words (`core.work`)."""

from procrastinate.contrib.django import app

from tamna.core import outbox, work


def jobs() -> set[str]:
    """Names of all jobs; the queue's own stand under its prefix, once more after each copy of the app."""
    own = {task.name.rpartition(".")[2] for task in app.tasks.values() if task.name.startswith("tamna.")}
    return own | {
        f"builtin:{task.name.rpartition(':')[2]}" for task in app.tasks.values() if task.name.startswith("builtin:")
    }


def test_background_work_has_names():
    handlers = {key for key in outbox.listeners() if not key.startswith("automation:")}
    assert handlers | jobs() <= set(work.WORK)
    assert {task.queue for task in app.tasks.values()} <= set(work.QUEUES)


def test_a_name_that_nothing_has_is_gone():
    assert set(work.WORK) <= set(outbox.listeners()) | jobs()
