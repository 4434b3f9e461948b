"""Bank statement (입금 내역): transfers in, read forward from a cursor."""

import itertools
from datetime import date

from pydantic import BaseModel

from tamna.connect.errors import Garbled
from tamna.connect.systems import BANK
from tamna.connect.wire import ask_for


class Deposit(BaseModel):
    """One transfer into the hospital's account."""

    id: int
    on: date
    won: int
    payer: str
    reference: str = ""


class Statement(BaseModel):
    """A stretch of the account's statement."""

    deposits: list[Deposit]


def deposits(after: int = 0) -> list[Deposit]:
    """Transfers after a cursor, oldest first, each once. Raises Unreachable, Garbled."""
    found = ask_for(Statement, "bank", "GET", f"{BANK.url}/deposits", params={"after": after}).deposits
    numbers = [after, *(row.id for row in found)]
    if any(this >= following for this, following in itertools.pairwise(numbers)):
        raise Garbled("bank", "the deposits are not in order, or one is named twice")
    return found
