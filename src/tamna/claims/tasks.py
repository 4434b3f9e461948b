"""Jobs of claims: send batches, read answers. Retried with backoff while the agency is away."""

from tamna.core.actor import Actor
from tamna.core.tasks import BACKOFF, app

SENDER = Actor.automation("claim.submit")


@app.task(queue="claims", retry=BACKOFF)
def submit_batch(batch_id: int) -> None:
    from tamna.claims import services

    services.submit(batch_id=batch_id, by=SENDER)


@app.periodic(cron="* * * * * */15")
@app.task(queue="claims", queueing_lock="collect_answers", lock="collect_answers")
def collect_answers(timestamp: int) -> None:
    from tamna.claims import services
    from tamna.connect.errors import Unreachable

    try:
        services.collect_answers(by=SENDER)
    except Unreachable:
        return  # asked again in a moment; the connections screen shows it
