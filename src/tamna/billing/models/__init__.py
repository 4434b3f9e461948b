"""Charges, bills and money: what is charged and billed, what was paid and is held, who else owes, what orders mean."""

from tamna.billing.models.bills import OWED, ChargeItem, Invoice, Printout
from tamna.billing.models.fees import FeeImport, FeeItem, OrderCode
from tamna.billing.models.follow_up import Instalment, PaymentPlan
from tamna.billing.models.money import CashClosing, CashCount, Deposit, HouseClosing, Payment, TerminalRequest
from tamna.billing.models.payers import PayerAnswer, PayerBill, ThirdPayer

__all__ = [
    "OWED", "CashClosing", "CashCount", "ChargeItem", "Deposit", "FeeImport", "FeeItem", "HouseClosing", "Instalment", "Invoice",
    "OrderCode", "PayerAnswer", "PayerBill", "Payment", "PaymentPlan", "Printout", "TerminalRequest", "ThirdPayer",
]  # fmt: skip
