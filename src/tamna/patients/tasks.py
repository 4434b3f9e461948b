"""Jobs of patients: the monthly review of who looked, disposals carried out and made final."""

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


@app.task(queue="core", retry=BACKOFF, lock="dispose")
def dispose(disposal_id: int) -> None:
    """Carry out an approved disposal (파기 실행)."""
    from tamna.patients import disposal

    disposal.carry_out(disposal_id=disposal_id)


@app.periodic(cron="* * * * *")
@app.task(queue="core", queueing_lock="finish_disposals", lock="finish_disposals")
def finish_disposals(timestamp: int) -> int:
    """Change the key after an erasure and destroy the old one; dead rows of the ring and the vault are cleared away."""
    from django.db import connection

    from tamna.patients import disposal

    final = disposal.finish()
    if final:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM core_datakey, patients_identity, patients_patient, patients_fileddocument")
    return final
