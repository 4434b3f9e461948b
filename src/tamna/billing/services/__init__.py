"""Every write of billing, one transaction each: charges and bills, money, deposits, closings, follow-up, third payers."""

from tamna.billing.services.charging import (
    add_charge,
    bill_visit,
    cancel_charge,
    charge_orders,
    counted_won,
    enter_charge,
    issue_invoice,
    rerate,
)
from tamna.billing.services.closing import close_day, close_house, count_cash, explain_closing, sums_of
from tamna.billing.services.deposits import held_won, may_guarantee, return_deposit, take_deposit, use_deposit
from tamna.billing.services.follow_up import (
    LAPSES_AFTER_YEARS,
    MOST_INSTALMENTS,
    agree_plan,
    ask_write_off,
    even_instalments,
    lapses_on,
    late_won,
    quiet_until,
    remind,
    review_plan,
    write_off,
)
from tamna.billing.services.money import check_due, due_won, record_payment, refund, refundable_won, set_off
from tamna.billing.services.order_codes import MapLine, confirm_order_code, take_order_codes
from tamna.billing.services.third_payers import (
    bill_payer,
    keep_payer,
    open_bill_of,
    send_payer_bill,
    take_answer,
    unbilled_won,
    withdraw_payer_bill,
)

__all__ = [
    "LAPSES_AFTER_YEARS", "MOST_INSTALMENTS", "MapLine", "add_charge", "agree_plan", "ask_write_off", "bill_payer", "bill_visit", "cancel_charge", "charge_orders", "check_due",
    "close_day", "close_house", "confirm_order_code", "count_cash", "counted_won", "due_won", "enter_charge", "even_instalments",
    "explain_closing", "held_won", "issue_invoice", "keep_payer", "lapses_on", "late_won", "may_guarantee", "open_bill_of", "quiet_until",
    "record_payment", "refund", "refundable_won", "remind", "rerate", "return_deposit", "review_plan", "send_payer_bill", "set_off",
    "sums_of", "take_answer", "take_deposit", "take_order_codes", "unbilled_won", "use_deposit", "withdraw_payer_bill", "write_off",
]  # fmt: skip
