"""What claims says when it refuses."""

from django.utils.translation import gettext_noop as _

MESSAGES = {
    "claims.not_an_archive": _(
        "The folder holds no months of statements, or a table of a month is missing. Nothing was taken."
    ),
    "claims.wrong_state": _("The claim is “%(status)s” now; this step does not fit. Nothing was changed."),
    "claims.rejects_open": _(
        "%(count)s findings would bring the claim back. Correct or accept them with a reason first."
    ),
    "claims.reason_needed": _("Give a reason. Nothing was changed."),
    "claims.fix_stale": _("The claim changed since this fix was offered. Nothing was changed; check the claim again."),
    "claims.nothing_ready": _("No claim is ready to send."),
    "claims.batch_refused": _("The agency refused the file (%(code)s). Nothing was lost; the batch stays open."),
    "claims.bad_rules": _("The rules cannot be read: %(why)s. No statement was checked."),
    "claims.incomplete": _(
        "%(count)s fields are missing or wrong. Fill them in first; they are listed beside the claim."
    ),
    "claims.batch_exists": _("A batch of this number exists already. Nothing was made; try again."),
    "claims.header_wrong": _("The batch does not add up (%(code)s, %(field)s). Nothing was made; tell IT."),
    "claims.no_file": _("No file was kept of this batch: it came with the history."),
    "claims.file_changed": _("The kept file is not the one that was sealed. Nothing was sent; tell IT."),
    "claims.wrong_batch": _("Only a batch that the agency refused as a whole can be taken back. Nothing was changed."),
    "claims.followed_already": _("A supplement of this claim was written already. Nothing was changed."),
    "claims.no_receipt": _("The claim before has no receipt number, so nothing can name it."),
    "claims.nothing_omitted": _("Every billed charge of the visit is on a claim already."),
    "claims.records_sent": _("These records were sent already."),
    "claims.note_needed": _("Write what was sent. Nothing was sent yet."),
    "claims.records_refused": _("The agency refused the records (%(code)s). They stay on the list."),
    "claims.already_decided": _("This answer was already dealt with."),
    "claims.no_such_article": _(
        "%(law)s %(article)s does not exist or is not in force. Nothing was kept; correct the reference."
    ),
    "claims.note_empty": _("The note is empty. Nothing was kept."),
    "claims.note_long": _("A note holds at most %(count)s characters. Nothing was kept."),
    "claims.remedy_state": _("This is “%(status)s” now; the step does not fit. Nothing was changed."),
    "claims.remedy_filed": _("An objection to this cut waits for its ruling. The cut is accepted after it."),
    "claims.remedy_late": _("The last day was %(day)s. Nothing was sent."),
    "claims.remedy_refused": _(
        "The agency did not take it (%(code)s). Your letter is kept; correct it and send it again."
    ),
    "claims.rule_faulty": _(
        "%(count)s places of the rule need correction. Nothing was kept; what you wrote still stands in the form."
    ),
    "claims.rule_note_needed": _("Say in a few words why the rule is written or changed."),
    "claims.rule_unchanged": _("This is word for word what stands there already. Nothing was written."),
    "claims.rule_moved_on": _("Somebody wrote the next version in the meantime. Look at it, then write yours."),
    "claims.rule_file": _("The file is no rule file (YAML, UTF-8). Nothing was taken."),
    "claims.rule_file_large": _("A rule file holds at most %(count)s rules. Divide it. Nothing was taken."),
    "claims.rule_reason_needed": _("Give a reason. Nothing was changed."),
    "claims.rule_day": _("Choose a day of care from 2018 on."),
    "claims.rule_not_on": _("The rule is not in force on that day, so it cannot be retired from it."),
    "claims.rule_not_there": _("There is no such rule in the package and no version of it here."),
    "claims.rule_examples": _(
        "A rule needs an example that it hits and one that it nearly hits, and all of them must hold. Write them first."
    ),
    "claims.rule_asked_already": _("For this rule a decision is still open. It must be decided or taken back first."),
    "claims.rule_own": _("You wrote this or asked for it: another person must decide. Nothing was changed."),
    "claims.rule_decided": _("This was decided already. Nothing was changed."),
    "claims.rule_not_yours": _("Only who asked may take it back."),
    "claims.rule_people_only": _("Only people write and decide rules."),
    "claims.trial_no_archive": _("There is no claim to try the rule on yet."),
}
