"""Jobs on PostgreSQL (procrastinate): retried with backoff, dead ones shown on the jobs screen, schedules in one place."""

import contextlib
from typing import Any

import structlog
from django.db import transaction
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision

log = structlog.get_logger()


class Backoff(BaseRetryStrategy):
    """3, 9, 27, 81 s, then every five minutes: an outside system that is away is asked for a day, a fault of ours six times."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        limit = 290 if isinstance(exception, ConnectionError) else 6
        if job.attempts >= limit:
            return None
        return RetryDecision(retry_in={"seconds": min(3 ** min(job.attempts + 1, 6), 300)})


BACKOFF = Backoff()

__all__ = ["BACKOFF", "app", "begin"]


def begin(task: Any, *, lock: str) -> None:
    """Begin a job once this transaction holds; where one with the same lock waits already, that one is enough."""

    def defer() -> None:
        with contextlib.suppress(AlreadyEnqueued):
            task.configure(queueing_lock=lock).defer()

    transaction.on_commit(defer)


@app.periodic(cron="* * * * * */10")
@app.task(queue="core", queueing_lock="seal_audit", pass_context=True)
def seal_audit(context: JobContext, timestamp: int) -> None:
    from tamna.core import audit

    while audit.seal() is not None:
        pass


@app.periodic(cron="*/5 * * * *")
@app.task(queue="core", queueing_lock="expire_proposals")
def expire_proposals(timestamp: int) -> None:
    from tamna.core import automations

    automations.expire()


@app.periodic(cron="*/2 * * * *")
@app.task(queue="core", queueing_lock="rescue_jobs", pass_context=True)
async def rescue_jobs(context: JobContext, timestamp: int) -> None:
    """Give jobs of a killed worker to another one (heartbeat based)."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs():
        await manager.retry_job(job)
        log.info("job.rescued", job_id=job.id, task=job.task_name)


@app.periodic(cron="30 3 * * *")
@app.task(queue="core", queueing_lock="verify_audit")
def verify_audit(timestamp: int) -> dict[str, Any]:
    """Nightly proof that nothing in the log was changed; a break alerts IT and the auditor."""
    from tamna.core import audit, notices

    verdict = audit.verify()
    if not verdict.ok:
        notices.tell("audit.broken", {"block": verdict.broken_at}, key=verdict.broken_at, url="/audit")
    return {"ok": verdict.ok, "blocks": verdict.blocks, "entries": verdict.entries}


@app.periodic(cron="* * * * *")
@app.task(queue="core", queueing_lock="seal_again", lock="seal_again")
def seal_again(timestamp: int) -> None:
    """Go on with a change of the field key or of the index key that has not finished; nothing otherwise."""
    from tamna.core import reindexing, rotation

    rotation.go_on()
    reindexing.go_on()


@app.periodic(cron="*/10 * * * *")
@app.task(queue="core", queueing_lock="nightly_backup", lock="nightly_backup")
def nightly_backup(timestamp: int) -> None:
    """The planned backup, once a night after its hour; IT is told when it fails."""
    from tamna.core import backups

    backups.make_planned()


@app.periodic(cron="* * * * *")
@app.task(queue="core", queueing_lock="watch_outside", lock="watch_outside")
def watch_outside(timestamp: int) -> int:
    """Whether an outside system went away or came back; people are told once per change."""
    from tamna.core import watch

    return watch.outside()


@app.periodic(cron="* * * * *")
@app.task(queue="core", queueing_lock="watch_work", lock="watch_work")
def watch_work(timestamp: int) -> int:
    """Tell IT of jobs and deliveries that were given up, and of temporary passwords about to end."""
    from tamna.core import watch

    return watch.given_up() + watch.passwords()


@app.periodic(cron="50 3 * * *")
@app.task(queue="core", queueing_lock="prune_notices")
def prune_notices(timestamp: int) -> int:
    """Forget notices older than their keeping time (TAMNA_NOTICE_DAYS)."""
    from tamna.core import notices

    return notices.prune()


@app.periodic(cron="0 4 * * *")
@app.task(queue="core", queueing_lock="forget_answers")
def forget_answers(timestamp: int) -> int:
    """Forget what was answered to machines: nobody repeats a request after two days (멱등키 정리)."""
    from datetime import timedelta

    from django.utils import timezone

    from tamna.core.models import IdempotencyRecord

    return IdempotencyRecord.objects.filter(made_at__lt=timezone.now() - timedelta(days=2)).delete()[0]


@app.periodic(cron="10 4 * * *")
@app.task(queue="core", queueing_lock="clear_jobs", pass_context=True)
async def clear_jobs(context: JobContext, timestamp: int) -> None:
    """Forget jobs that ended well over a week ago; those given up stay until somebody looks."""
    await context.app.job_manager.delete_old_jobs(nb_hours=7 * 24)
