"""Jobs of the rule studio: unsent claims under changed rules, a rule tried on the archive."""

from tamna.core.actor import Actor
from tamna.core.tasks import BACKOFF, app

CHECKER = Actor.automation("claim.rules")


@app.task(queue="claims", retry=BACKOFF, lock="recheck_open")
def recheck_open(rule_id: str, after_id: int) -> int:
    """Check again the unsent claims on which the rule now speaks otherwise, some hundreds at a time. Returns how many."""
    from tamna.claims.studio import unsent

    last, changed = unsent.check_again(rule_id, after_id, by=CHECKER)
    if last:
        recheck_open.defer(rule_id=rule_id, after_id=last)
    return changed


@app.task(queue="claims", lock="try_rule")
def try_rule(trial_id: int) -> None:
    """Try a wording on the archive and tell who asked."""
    from tamna.claims.studio import trials

    trials.run(trial_id)
