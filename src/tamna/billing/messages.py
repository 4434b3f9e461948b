"""What billing says when it refuses."""

from django.utils.translation import gettext_noop as _

MESSAGES = {
    "billing.nothing_to_bill": _("There is nothing to bill for this visit."),
    "billing.not_finished": _("The visit is not finished yet. Bill it when the doctor has closed it."),
    "billing.overpaid": _("The amount is more than what is owed (%(due)s won). Nothing was taken."),
    "billing.already_paid": _("This bill is already paid. Nothing was taken."),
    "billing.amount_positive": _("Give an amount above zero. Nothing was taken."),
    "billing.refund_too_much": _("Only %(left)s won of this payment can be refunded. Nothing was refunded."),
    "billing.nothing_to_give_back": _("Nothing of this bill is owed to the patient. Nothing was given back."),
    "billing.refund_reason": _("Give a reason for the refund. Nothing was refunded."),
    "billing.card_declined": _("The card was declined (%(code)s). Nothing was taken; ask for another card or cash."),
    "billing.card_keeps": _(
        "The card company refused the refund (%(code)s). Nothing was given back; ask the card company first."
    ),
    "billing.card_unreachable": _(
        "The card terminal does not answer. Nothing was recorded here; the terminal was asked to cancel. "
        "Try again with the same button, or take cash."
    ),
    "billing.already_closed": _("This day is already closed for you. Nothing was changed."),
    "billing.day_is_closed": _("Your day is closed. Payments go to the next day or to another cashier."),
    "billing.cancel_reason": _("Give a reason for taking the charge off. Nothing was changed."),
    "billing.charge_reason": _("Give a reason for entering the charge by hand. Nothing was added."),
    "billing.bad_quantity": _("Give a quantity up to 999 and 1 to 365 days. Nothing was added."),
    "billing.visit_cancelled": _("This visit was cancelled or was elsewhere. Nothing was added."),
    "billing.unknown_code": _("The code %(code)s is not in the fee master on that day. The charge was not added."),
    "billing.no_fee_master": _("No fee master was imported yet, so nothing can be priced. Ask IT to import it."),
    "billing.fees_unreadable": _("The fee file cannot be read: %(why)s. What was kept before stays."),
    "billing.fees_busy": _("This file is being read right now. Nothing was read twice."),
    "billing.unknown_tender": _("Money is taken by card, cash or transfer. Nothing was taken."),
    "billing.key_reused": _("This payment key was used for another payment. Nothing was taken."),
}

# Why a line of a fee file was refused (`engines.tariff.master_file.BadLine.code`, and `differs` of `billing.fees`).
FEE_REASONS = {
    "bad_code": _("A code has 3 to 9 letters and digits."),
    "no_name": _("The Korean name is missing."),
    "no_date": _("The first day in force is missing."),
    "bad_date": _("A day is written 2026-01-01 or 20260101."),
    "ends_before_start": _("The last day is before the first."),
    "unknown_class": _("There is no such item class."),
    "unknown_kind": _("The kind is fee (1), drug (3) or material (8)."),
    "unknown_benefit": _("The benefit is covered, selective 30 to 90, full self-pay or non-covered."),
    "no_price": _("Neither points nor a unit price is given."),
    "points_of_goods": _("Drugs and materials have a unit price, not points."),
    "unknown_add_on": _("The class add-on is yes or no."),
    "unknown_mark": _("The mark is S, K, ? or sim."),
    "bad_number": _("This is no usable number."),
    "differs": _("This code has another value from the same day on. Nothing was overwritten."),
}
