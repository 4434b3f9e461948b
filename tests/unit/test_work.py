"""Every handler of events, every job and every queue has a name in words (`core.work`)."""

from procrastinate.contrib.django import app

from tamna.core import outbox, work


def test_background_work_has_names():
    handlers = {key for key in outbox.listeners() if not key.startswith("automation:")}
    jobs = {
        task.name.rpartition(".")[2] if task.name.startswith("tamna.") else task.name for task in app.tasks.values()
    }
    assert handlers | jobs <= set(work.WORK)
    assert {task.queue for task in app.tasks.values()} <= set(work.QUEUES)


def test_a_name_that_nothing_has_is_gone():
    jobs = {task.name.rpartition(".")[2] for task in app.tasks.values()} | {task.name for task in app.tasks.values()}
    assert set(work.WORK) <= set(outbox.listeners()) | jobs
