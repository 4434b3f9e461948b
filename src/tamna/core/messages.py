"""What the shared ground says when it refuses."""

from django.utils.translation import gettext_noop as _

MESSAGES = {
    "core.sign_in_failed": _(
        "Name, password or code is wrong. After five wrong tries the account is locked for a while."
    ),
    "core.account_locked": _("This account is locked for up to %(minutes)s minutes. Ask IT if you need it sooner."),
    "core.code_needed": _("Enter the code of your authenticator app."),
    "core.temporary_expired": _("This temporary password is too old. Ask IT for a new one."),
    "core.password_weak": _("The password was not changed. %(why)s"),
    "core.password_same": _("The password was not changed. Choose one that differs from the present one."),
    "core.password_differs": _("The two passwords differ. Nothing was changed."),
    "core.hospital_name": _("The Korean name of the hospital is missing. Nothing was kept."),
    "core.institution_id": _("The institution id has 8 digits. Nothing was kept."),
    "core.departments_needed": _("Choose at least one department. Nothing was changed."),
    "core.department_in_use": _("Department %(code)s still has doctors. Nothing was changed; move them first."),
    "core.rotation_runs": _("A change of the key is already running. Nothing was changed."),
    "core.keys_in_use": _(
        "A backup or another change holds the keys right now. Nothing was changed; try again in a minute."
    ),
    "core.master_given": _(
        "The master key comes from TAMNA_MASTER_KEY. Give it the new key, a comma and the old key, start Tamna again, then "
        "replace; afterwards leave the old one out. Nothing was changed."
    ),
    "core.bad_address": _("This address cannot be used: %(why)s. Nothing was changed."),
    "core.backup_folder": _("This folder cannot be written to: %(why)s. Nothing was changed."),
    "core.old_password": _("The present password is wrong. Nothing was changed."),
    "core.code_wrong": _("The code is wrong or too old. Nothing was changed; enter the code the app shows now."),
    "core.user_name_form": _(
        "A user name has 3 to 60 small letters, digits, dots, hyphens or underscores. Nothing was changed."
    ),
    "core.user_name_taken": _("This user name is taken. Nothing was changed."),
    "core.name_needed": _("The Korean name is missing. Nothing was changed."),
    "core.unknown_role": _("There is no role “%(role)s”. Nothing was changed."),
    "core.unknown_department": _("There is no department “%(code)s”. Nothing was changed."),
    "core.last_it": _("This is the last open IT account. Nothing was changed; open another IT account first."),
    "core.not_yourself": _("You cannot disable your own account. Nothing was changed."),
    "core.list_unreadable": _("The list cannot be read: %(why)s. Nothing was kept."),
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
    "core.action_gone": _(
        "This version no longer has the action that was proposed. Nothing was changed; refuse the proposal to put it away."
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
