"""Jobs of claims: send batches, read answers. Retried with backoff while the agency is away."""

from tamna.claims.studio import tasks as studio
from tamna.core.actor import Actor
from tamna.core.tasks import BACKOFF, app

__all__ = ["check_drafts", "collect_answers", "studio", "submit_batch"]

SENDER = Actor.automation("claim.submit")


@app.task(queue="claims", retry=BACKOFF)
def submit_batch(batch_id: int) -> None:
    from tamna.claims import services

    services.submit(batch_id=batch_id, by=SENDER)


@app.periodic(cron="* * * * *")
@app.task(queue="claims", queueing_lock="send_on", lock="send_on")
def send_on(timestamp: int) -> int:
    """Send on what was batched and has no receipt, whatever stopped it (전송 재개)."""
    from tamna.claims.submission import sending
    from tamna.connect.errors import Unreachable
    from tamna.core.errors import DomainError

    sent = 0
    for batch_id in sending.unsent():
        try:
            sending.submit(batch_id=batch_id, by=SENDER)
            sent += 1
        except Unreachable:
            break  # asked again in a minute
        except DomainError:
            continue  # refused: told in the bell, a person takes the batch back
    return sent


@app.periodic(cron="* * * * * */15")
@app.task(queue="claims", queueing_lock="collect_answers", lock="collect_answers")
def collect_answers(timestamp: int) -> None:
    from tamna.claims import services
    from tamna.connect.errors import Unreachable

    try:
        services.collect_answers(by=SENDER)
    except Unreachable:
        return  # asked again in a moment; the connections screen shows it


@app.periodic(cron="* * * * * */20")
@app.task(queue="claims", queueing_lock="check_drafts", lock="check_drafts")
def check_drafts(timestamp: int) -> int:
    """Check statements that came in by bulk load and were never checked, a few hundred at a time."""
    from tamna.claims import services
    from tamna.claims.models import Claim

    waiting = list(
        Claim.objects.filter(status=Claim.Status.DRAFT, checked_at=None)
        .order_by("id")
        .values_list("pk", flat=True)[:300]
    )
    for claim_id in waiting:
        services.check(claim_id=claim_id, by=SENDER)
    return len(waiting)


@app.task(queue="claims", retry=BACKOFF)
def recheck_claims(recheck_id: int) -> None:
    """Go through the statements of a run that are left; taken up again by another worker where this one is stopped."""
    from tamna.claims import recheck

    recheck.work(recheck_id)
