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
    "billing.card_busy": _(
        "Another card is being charged for this bill right now. Wait half a minute, then look at the bill again."
    ),
    "billing.partly_taken": _("Taken and kept: %(taken)s. The rest was not taken: %(why)s"),
    "billing.guarantee_not_allowed": _(
        "No guarantee may be asked of an insured patient (Enforcement Decree of the Health Insurance Act, Art. 19 (2)). "
        "Nothing was taken."
    ),
    "billing.deposit_too_little": _("Only %(left)s won of deposits is left. Nothing was changed."),
    "billing.not_this_patient": _("The deposit is another patient's. Nothing was changed."),
    "billing.bad_count": _("Give whole numbers of notes and coins. Nothing was counted."),
    "billing.difference_reason": _("Your count differs from the book: give a reason. The day is still open."),
    "billing.drawers_open": _("Cashiers who have not closed their day: %(count)s. The house is still open."),
    "billing.day_not_over": _("This day has not come yet. Nothing was changed."),
    "billing.nothing_to_close": _("You took no money on that day that is still open. Nothing was changed."),
    "billing.plan_sum": _("The parts must add up to what is owed (%(due)s won). Nothing was agreed."),
    "billing.plan_days": _("Give 1 to %(most)s days in order, none of them past. Nothing was agreed."),
    "billing.write_off_reason": _("Give a reason for writing off. Nothing was changed."),
    "billing.write_off_authority": _("Only the director writes off. Ask for it from the bill; nothing was changed."),
    "billing.guarantee_missing": _("Give the payer's guarantee number. Nothing was billed."),
    "billing.payer_differs": _(
        "The visit is not charged to this kind of payer. Change the payer of the visit first; nothing was billed."
    ),
    "billing.payer_name": _("Give a name, a kind and 1 to 365 days to pay. Nothing was kept."),
    "billing.answer_empty": _("Give what was paid or cut, above zero. Nothing was booked."),
    "billing.cut_reason": _("Say why it was cut and who carries it. Nothing was booked."),
    "billing.payer_overpaid": _("Only %(left)s won of this bill is open. Nothing was booked."),
    "billing.answered_by_claim": _(
        "The review agency answers for this bill through its statement. Nothing was booked twice."
    ),
    "billing.answered_already": _("The payer answered this bill already. It cannot be withdrawn."),
    "billing.cut_not_the_patients": _(
        "The patient never owed this part. Let the hospital carry it; nothing was booked."
    ),
    "billing.order_code_missing": _("Give the order code. Nothing was confirmed."),
    "billing.file_reason": _("Say what the file is for. Nothing was made."),
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
    "billing.unknown_tender": _("Money is taken by card, cash, transfer or simple pay. Nothing was taken."),
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
