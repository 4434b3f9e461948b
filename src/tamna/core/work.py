"""Names of background work (작업 이름): what a handler of events or a job does, in words. One table; a test finds gaps."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

WORK = {
    "reception.tell_his": noop("Tell the HIS of an arrival"),
    "patients.review_access": noop("Begin the monthly access review"),
    "review_access": noop("Look through who opened records"),
    "dispose": noop("Carry out a disposal"),
    "finish_disposals": noop("Destroy old keys after a disposal"),
    "patients.merge_outcomes": noop("Outcomes of merge proposals"),
    "reception.learn": noop("Begin the night's learning"),
    "reception.reminder_outcomes": noop("Outcomes of booking reminders"),
    "send_booking_reminder": noop("Remind of a booking"),
    "lobby.booking_notice": noop("Tell of a booking"),
    "send_booking_notice": noop("Send the notice of a booking"),
    "reception.offer_freed": noop("Offer a freed time"),
    "lapse_offers": noop("Close offers of times that nobody took"),
    "learn_nightly": noop("Learn waits, missed bookings and arrivals"),
    "billing.order": noop("Turn an order into charges"),
    "billing.order_revoked": noop("Take back charges of a cancelled order"),
    "billing.finished": noop("Make the bill of a finished visit"),
    "ledger.invoice": noop("Post a bill"),
    "ledger.payment": noop("Post a payment or refund"),
    "ledger.deposit": noop("Post a deposit"),
    "ledger.payer": noop("Post a third payer's answer"),
    "billing.diagnoses_changed": noop("Bill anew under other diagnoses"),
    "claims.diagnoses_changed": noop("Statement under other diagnoses"),
    "claims.tell_late": noop("Tell of claims whose term runs out"),
    "send_on": noop("Send on batches without a receipt"),
    "billing.plans": noop("Look after payment plans"),
    "billing.claim_answered": noop("A third payer's answer through the claim"),
    "settle_terminal": noop("Finish card payments whose answer was lost"),
    "ledger.closing": noop("Post a difference of the day close"),
    "ledger.claim_paid": noop("Post the insurer's payment"),
    "ledger.claim_cut": noop("Post an accepted cut"),
    "claims.remedy_rank": noop("Order objections by what they may bring"),
    "claims.remedy_outcome": noop("Outcome of an objection"),
    "claims.draft": noop("Draft the claim of a bill"),
    "claims.check": noop("Check a drafted claim"),
    "claims.early": noop("Check a visit at its order or discharge"),
    "insight.visits": noop("Count visits"),
    "insight.cancelled": noop("Count cancelled visits"),
    "insight.waits": noop("Measure waits"),
    "insight.billed": noop("Sum up bills"),
    "insight.paid": noop("Sum up payments"),
    "insight.claims": noop("Mark figures of claims to be counted"),
    "reprice": noop("Price history under other fees"),
    "count_claims": noop("Count figures of claims"),
    "send_arrival": noop("Send an arrival to the HIS"),
    "recheck_coverage": noop("Ask again for unanswered eligibility"),
    "submit_batch": noop("Send a claim batch"),
    "collect_answers": noop("Collect answers of the agency"),
    "recheck_claims": noop("Check stored statements again"),
    "check_drafts": noop("Check claims of the night"),
    "seal_audit": noop("Seal the audit log"),
    "expire_proposals": noop("Close expired proposals"),
    "rescue_jobs": noop("Rescue jobs of a stopped worker"),
    "verify_audit": noop("Verify the audit log"),
    "builtin:procrastinate.builtin_tasks.remove_old_jobs": noop("Clear finished jobs"),
    "claims.outcomes": noop("Outcomes of claim proposals"),
    "claims.sent_outcome": noop("Outcomes of sending"),
    "billing.outcomes": noop("Outcomes of reminders"),
    "reception.outcomes": noop("Outcomes at the desk"),
    "core.heal_outcomes": noop("Outcomes of retries"),
    "core.tell_level": noop("Tell of levels that changed"),
    "core.tell_connection": noop("Tell of outside systems"),
    "core.tell_due": noop("Tell of proposals that are due"),
    "claims.tell_answered": noop("Tell of answered batches"),
    "claims.weigh": noop("Weigh the risk of a checked claim"),
    "claims.learn": noop("Learn the risk of claims at night"),
    "learn_risk": noop("Learn the risk of claims"),
    "learn_first": noop("Learn the risk of claims for the first time"),
    "weigh_open": noop("Weigh open claims"),
    "billing.tell_open_day": noop("Tell of days not closed"),
    "watch_outside": noop("Watch outside systems"),
    "watch_work": noop("Watch for work given up"),
    "prune_notices": noop("Forget old notices"),
    "forget_answers": noop("Forget answers to machines"),
    "clear_jobs": noop("Clear finished jobs"),
    "nightly_backup": noop("Nightly backup"),
    "seal_again": noop("Seal fields under the new key"),
    "open_ahead": noop("Open doctors' hours to booking"),
    "take_fees": noop("Read a fee master"),
    "bill_waiting": noop("Bill visits that waited for fees"),
    "billing.fees_imported": noop("Bill visits after a new fee master"),
    "send_reminder": noop("Reminder of an unpaid bill"),
    "billing.payer_changed": noop("Bill anew under another payer"),
    "claims.payer_changed": noop("Statement under another payer"),
    "check_deliveries": noop("What became of messages"),
    "claims.rule_switched": noop("Check unsent claims under a changed rule"),
    "claims.rules_digest": noop("Tell of changed claim rules"),
    "recheck_open": noop("Check unsent claims under a changed rule"),
    "try_rule": noop("Try a claim rule on the archive"),
    "ask_before_visit": noop("Eligibility before the visit"),
}
QUEUES = {"core": noop("Shared ground"), "his": noop("HIS"), "nhis": noop("NHIS"), "claims": noop("Insurance claims"),
          "messages": noop("Messages"), "builtin": noop("Shared ground")}  # fmt: skip


def name_of(key: str) -> str:
    """Handler key or task path in the reader's words; an automation by its line of the plan; else the key itself."""
    if key.startswith("automation:"):
        from tamna.core.catalogue import title_of_line

        return title_of_line(key.removeprefix("automation:"))
    found = WORK.get(key) or WORK.get(key.rsplit(".", 1)[-1])
    return _(found) if found else key


def queue_of(key: str) -> str:
    return _(QUEUES[key]) if key in QUEUES else key
