"""What the shared ground says when it refuses."""

from django.utils.translation import gettext_noop as _

MESSAGES = {
    "core.sign_in_failed": _(
        "Name, password or code is wrong. After five wrong tries the account is locked for a while."
    ),
    "core.account_locked": _("This account is locked for up to %(minutes)s minutes. Ask IT if you need it sooner."),
    "core.code_needed": _("Enter the code of your authenticator app."),
    "core.no_door": _("This door exists in the synthetic hospital only."),
    "core.setup_code": _("The setup code is wrong. It was printed where Tamna was started."),
    "core.not_allowed": _("You may not do this. Nothing was changed. Ask your team lead for the right %(capability)s."),
    "core.reason_needed": _(
        "This record is protected. Give a reason to open it; the reason is written to the audit log."
    ),
    "core.cannot_undo": _("This kind of action cannot be taken back. Nothing was changed."),
    "core.already_decided": _("This proposal was already decided. Nothing was changed."),
    "core.proposal_expired": _("This proposal has expired. Nothing was changed."),
    "core.retry_failed": _("It failed again (%(error)s). Nothing was changed; it stays on the jobs screen."),
    "core.refusal_reason": _(
        "Say why you refuse. The reason is kept and teaches the automation; nothing was decided yet."
    ),
    "core.edit_invalid": _(
        "The changed values do not fit: %(fields)s. Nothing was decided; correct them and try again."
    ),
    "core.level_needs_record": _(
        "The level “act” needs a measured record first: at least 20 decided proposals, 90 % accepted, and a verifier."
    ),
    "core.idempotency_reuse": _(
        "This idempotency key was used for another request. Nothing was changed; use a new key."
    ),
    "core.too_large": _("The input is over %(limit)s. Nothing was kept; split it and send it again."),
    "core.no_database": _("The database does not answer. Nothing was changed."),
    "core.no_database_hint": _("Start Tamna, or see with `tamna doctor` what is wrong."),
    "core.view_name_missing": _("Give the view a name. Nothing was saved."),
    "core.view_name_taken": _("You already have a view of this name here. Nothing was saved; choose another name."),
    "core.view_not_yours": _("Only the person who saved a view may change it. Nothing was changed."),
}
