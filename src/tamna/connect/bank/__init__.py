"""Bank statement (입금 내역): transfers in, read forward from a cursor."""

from datetime import date

from pydantic import BaseModel

from tamna.connect.systems import BANK
from tamna.connect.wire import ask


class Deposit(BaseModel):
    """One transfer into the hospital's account."""

    id: int
    on: date
    won: int
    payer: str
    reference: str = ""


def deposits(after: int = 0) -> list[Deposit]:
    """Transfers after a cursor, oldest first. Raises Unreachable."""
    reply = ask("bank", "GET", f"{BANK.url}/deposits", params={"after": after})
    return [Deposit.model_validate(row) for row in reply.json()["deposits"]]
