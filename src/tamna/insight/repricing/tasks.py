"""The job that goes through the months of a run."""

from tamna.core.tasks import BACKOFF, app


@app.task(queue="claims", retry=BACKOFF)
def reprice(run_id: int) -> None:
    """Price the months that are left anew."""
    from tamna.insight.repricing import services

    services.work(run_id)
