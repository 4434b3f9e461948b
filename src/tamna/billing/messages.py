"""What billing says when it refuses."""

from django.utils.translation import gettext_noop as _

MESSAGES = {
    "billing.nothing_to_bill": _("There is nothing to bill for this visit."),
    "billing.not_finished": _("The visit is not finished yet. Bill it when the doctor has closed it."),
    "billing.overpaid": _("The amount is more than what is owed (%(due)s won). Nothing was taken."),
    "billing.already_paid": _("This bill is already paid. Nothing was taken."),
    "billing.amount_positive": _("Give an amount above zero. Nothing was taken."),
    "billing.refund_too_much": _("Only %(left)s won of this payment can be refunded. Nothing was refunded."),
    "billing.refund_reason": _("Give a reason for the refund. Nothing was refunded."),
    "billing.card_declined": _("The card was declined (%(code)s). Nothing was taken; ask for another card or cash."),
    "billing.card_unreachable": _(
        "The card terminal does not answer. Nothing was recorded here; the terminal was asked to cancel. "
        "Try again with the same button, or take cash."
    ),
    "billing.already_closed": _("This day is already closed for you. Nothing was changed."),
    "billing.day_is_closed": _("Your day is closed. Payments go to the next day or to another cashier."),
    "billing.billed_already": _("This charge is on a bill. Correct it with a difference bill."),
    "billing.unknown_code": _("The code %(code)s is not in the fee master on that day. The charge was not added."),
    "billing.key_reused": _("This payment key was used for another payment. Nothing was taken."),
}
