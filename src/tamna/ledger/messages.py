"""What the ledger says when it refuses."""

from django.utils.translation import gettext_noop as _

MESSAGES = {
    "ledger.unbalanced": _("Debits and credits differ by %(difference)s won. Nothing was posted."),
}
