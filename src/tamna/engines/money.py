"""Won (원) is an integer. Every rounding has a name (단수 처리).

국고금관리법 제47조 and the fee schedules cut or round at 1, 10, 100 or 1,000 won; floats never enter.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import NewType

Won = NewType("Won", int)
Number = int | Decimal


def cut(amount: Number, unit: int = 1) -> int:
    """Cut below `unit` won, toward zero (절사)."""
    whole = int(amount)  # int() of int or Decimal truncates toward zero, exactly
    sign = -1 if whole < 0 else 1
    return sign * (abs(whole) // unit * unit)


def round_half_up(amount: Number, unit: int = 1) -> int:
    """Round half away from zero at `unit` won (사사오입)."""
    quotient = (Decimal(amount) / unit).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return int(quotient) * unit
