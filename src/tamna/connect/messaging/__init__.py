"""Messages to people (문자·알림톡·전자우편·푸시): sent once per key; delivery is asked for later.

A channel that the person does not have is refused (`not_a_user`): the sender tries the next.
"""

from typing import Literal

from pydantic import BaseModel, Field

from tamna.connect.systems import MESSAGING
from tamna.connect.wire import ask_for

Channel = Literal["sms", "kakao", "email", "push"]


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
    """Hand a message over. Raises Unreachable (send again by the same key), Refused(code)."""
    return ask_for(Sent, "messaging", "POST", f"{MESSAGING.url}/messages", json=message.model_dump(), timeout_s=5)


def status(message_id: str) -> Sent:
    """What became of it (발송 결과)."""
    return ask_for(Sent, "messaging", "GET", f"{MESSAGING.url}/messages/{message_id}")
