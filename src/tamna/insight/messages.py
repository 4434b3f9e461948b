"""What insight says when it refuses."""

from django.utils.translation import gettext_noop as _

MESSAGES = {
    "insight.fees_unreadable": _("The fee file cannot be read: %(why)s. Nothing was begun."),
    "insight.fees_too_many": _("The file has more than %(most)s lines. Try only the fees that change."),
    "insight.bad_factor": _("The conversion factor is a number from 1 to 1,000 won. Nothing was begun."),
    "insight.nothing_to_price": _(
        "No claim lies in these months, or a day or the file does not fit. Nothing was begun."
    ),
}
