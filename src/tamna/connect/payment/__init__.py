"""Card terminal (카드 단말기, VAN): approve, cancel, ask what became of a key.

The classic trouble is an approval whose answer is lost: `approve` asks by the same key before it gives up, so that a
card is never charged twice and never charged unnoticed.
"""

from pydantic import BaseModel

from tamna.connect.errors import Refused, Unreachable
from tamna.connect.systems import CARD
from tamna.connect.wire import ask


class Approval(BaseModel):
    """승인 결과."""

    key: str
    approval_no: str
    amount_won: int
    status: str = "approved"  # approved, cancelled


def approve(key: str, amount_won: int) -> Approval:
    """Charge a card. Raises Refused(code) when declined, Unreachable when it is unknown what happened."""
    body = {"key": key, "amount_won": amount_won}
    try:
        return Approval.model_validate_json(
            ask("card", "POST", f"{CARD.url}/approvals", json=body, timeout_s=5).content
        )
    except Unreachable:
        found = query(key)  # raises Unreachable again when the terminal stays silent
        if found is None:
            raise
        return found


def query(key: str) -> Approval | None:
    """What the terminal knows of a key; None when it never saw it."""
    try:
        return Approval.model_validate_json(ask("card", "GET", f"{CARD.url}/approvals/{key}", timeout_s=3).content)
    except Refused as refused:
        if refused.code == "unknown_key":
            return None
        raise


def cancel(key: str, amount_won: int, cancel_key: str) -> Approval:
    """Give back to the card (승인취소), whole or in part. Idempotent by `cancel_key`."""
    body = {"amount_won": amount_won, "cancel_key": cancel_key}
    return Approval.model_validate_json(
        ask("card", "POST", f"{CARD.url}/approvals/{key}/cancel", json=body, timeout_s=5).content
    )
