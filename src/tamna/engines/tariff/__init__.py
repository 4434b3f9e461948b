"""Charges and copayment (수가·본인부담): prices of services and who pays what of a bill, each won explained."""

from tamna.engines.tariff.bill import bill_rows, bucket_amounts
from tamna.engines.tariff.case import Amounts, Case, parse_case
from tamna.engines.tariff.copay import Copay, Part, copay
from tamna.engines.tariff.fees import FeeItem, FeeMaster, UnknownCode
from tamna.engines.tariff.price import Priced, price_line

__all__ = [
    "Amounts", "Case", "Copay", "FeeItem", "FeeMaster", "Part", "Priced", "UnknownCode",
    "bill_rows", "bucket_amounts", "copay", "parse_case", "price_line",
]  # fmt: skip
