"""What claims says when it refuses."""

from django.utils.translation import gettext_noop as _

MESSAGES = {
    "claims.wrong_state": _("The claim is “%(status)s” now; this step does not fit. Nothing was changed."),
    "claims.rejects_open": _(
        "%(count)s findings would bring the claim back. Correct or accept them with a reason first."
    ),
    "claims.reason_needed": _("Give a reason. Nothing was changed."),
    "claims.fix_stale": _("The claim changed since this fix was offered. Nothing was changed; check the claim again."),
    "claims.nothing_ready": _("No claim is ready to send."),
    "claims.batch_refused": _("The agency refused the file (%(code)s). Nothing was lost; the batch stays open."),
    "claims.bad_rules": _("The rules cannot be read: %(why)s. No statement was checked."),
    "claims.already_decided": _("This answer was already dealt with."),
}
