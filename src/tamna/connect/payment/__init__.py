"""Card terminal (카드 단말기, VAN): approve, cancel, ask what became of a key.

The classic trouble is an approval whose answer is lost: `approve` asks by the same key before it gives up, so that a
card is never charged twice and never charged unnoticed.
"""

from typing import Literal
from urllib.parse import quote

from pydantic import BaseModel

from tamna.connect.errors import Garbled, Refused, Unreachable
from tamna.connect.systems import CARD
from tamna.connect.wire import ask_for

Method = Literal["card", "simple"]


class Approval(BaseModel):
    """승인 결과."""

    key: str
    approval_no: str
    amount_won: int
    status: str = "approved"  # approved, cancelled


def approve(key: str, amount_won: int, method: Method = "card") -> Approval:
    """Charge a card, or a simple-pay barcode (간편결제) on the same terminal. Raises Refused(code) when declined, Unreachable when it is unknown what happened."""
    body = {"key": key, "amount_won": amount_won, "method": method}
    try:
        found = ask_for(Approval, "card", "POST", f"{CARD.url}/approvals", json=body, timeout_s=5)
    except Unreachable as lost:
        asked = query(key)  # raises Unreachable again when the terminal stays silent
        if asked is None:
            raise lost from None
        found = asked
    if (found.key, found.amount_won) != (key, amount_won):
        raise Garbled("card", "the approval is for another key or amount")
    return found


def query(key: str) -> Approval | None:
    """What the terminal knows of a key; None when it never saw it."""
    try:
        return ask_for(Approval, "card", "GET", f"{CARD.url}/approvals/{quote(key, safe='')}", timeout_s=3)
    except Refused as refused:
        if refused.code == "unknown_key":
            return None
        raise


def cancel(key: str, amount_won: int, cancel_key: str, *, approval_no: str = "", approved_won: int = 0) -> Approval:
    """Give back to the card (승인취소), whole or in part. Idempotent by `cancel_key`.

    Number and sum of the approval name it where another terminal made it.
    """
    body = {
        "amount_won": amount_won,
        "cancel_key": cancel_key,
        "approval_no": approval_no,
        "approved_won": approved_won,
    }
    url = f"{CARD.url}/approvals/{quote(key, safe='')}/cancel"
    return ask_for(Approval, "card", "POST", url, json=body, timeout_s=5)
