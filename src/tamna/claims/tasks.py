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
    from tamna.claims.remedies import services as remedies
    from tamna.connect.errors import Unreachable

    try:
        services.collect_answers(by=SENDER)
        remedies.collect_rulings(by=SENDER)
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


@app.task(queue="claims", queueing_lock="learn_risk", lock="learn_risk")
def learn_risk() -> str:
    """Learn the risk of statements anew from all answers, then weigh what is open with it (야간)."""
    from tamna.claims import risk, unlike

    state = risk.refit().state
    unlike.learn()
    weigh_open.defer()
    return str(state)


@app.task(queue="claims", queueing_lock="weigh_open", lock="weigh_open")
def weigh_open() -> int:
    """Weigh every open statement: after a night's learning, a switch, and as deadlines come nearer."""
    from tamna.claims import risk, unlike
    from tamna.claims.models import Claim

    ids = list(unlike.open_claims().order_by("-id").values_list("pk", flat=True)[:20_000])
    done = 0
    for start in range(0, len(ids), 500):
        part = Claim.objects.filter(pk__in=ids[start : start + 500])
        unlike.look(part)
        done += risk.weigh(part)
    return done


@app.periodic(cron="*/5 * * * *")
@app.task(queue="claims", queueing_lock="learn_first", lock="learn_first")
def learn_first(timestamp: int) -> bool:
    """Do not wait for the first night: learn as soon as there are enough answers."""
    from tamna.claims import risk
    from tamna.claims.models import ClaimResponse, RiskModel

    made = RiskModel.objects.order_by("-id").only("state").first()
    enough = risk.fact("fewest_answers")
    if (made is None or made.state == RiskModel.State.TOO_LITTLE) and ClaimResponse.objects.filter(kind="result")[
        :enough
    ].count() >= enough:
        learn_risk.defer()
        return True
    return False
