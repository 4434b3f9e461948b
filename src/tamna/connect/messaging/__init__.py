"""Messages to people (문자·알림톡): sent once per key; delivery is asked for later."""

from typing import Literal

from pydantic import BaseModel, Field

from tamna.connect.systems import MESSAGING
from tamna.connect.wire import ask

Channel = Literal["sms", "kakao", "email"]


class Message(BaseModel):
    """One message. The same key is never sent twice."""

    key: str
    channel: Channel = "sms"
    to: str = Field(repr=False)
    text: str = Field(repr=False)


class Sent(BaseModel):
    message_id: str
    status: Literal["accepted", "delivered", "failed"] = "accepted"
    cost_won: int = 0


def send(message: Message) -> Sent:
    """Hand a message over. Raises Unreachable, Refused(code)."""
    return Sent.model_validate_json(
        ask("messaging", "POST", f"{MESSAGING.url}/messages", json=message.model_dump(), timeout_s=5).content
    )


def status(message_id: str) -> Sent:
    """What became of it (발송 결과)."""
    return Sent.model_validate_json(ask("messaging", "GET", f"{MESSAGING.url}/messages/{message_id}").content)
