"""The job that counts the figures of claims anew where their records changed."""

from tamna.core.tasks import app


@app.periodic(cron="* * * * *")
@app.task(queue="core", queueing_lock="count_claims", lock="count_claims")
def count_claims(timestamp: int) -> int:
    """Count the marked spans. Returns how many cells moved."""
    from tamna.insight.claims import services

    return services.recount_stale()
