"""Jobs of patients: the monthly review of who looked."""

from tamna.core.tasks import BACKOFF, app


@app.task(queue="core", retry=BACKOFF, lock="review_access")
def review_access() -> None:
    """Look through last month, and ask the privacy officer to sign (접속기록 월간 점검)."""
    from datetime import timedelta

    from tamna.core import clock
    from tamna.core.errors import DomainError
    from tamna.patients import review

    last = clock.today().replace(day=1) - timedelta(days=1)
    try:
        review.tell(review.make(last))
    except DomainError as refused:
        if refused.key != "patients.review_signed":  # somebody was quicker
            raise
