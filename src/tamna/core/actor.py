"""Who does it: a person, an automation, or an outside system. Every service takes `by: Actor`."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Actor:
    """The doer (행위자) written to events and audit. `kind`: person, automation, system, simulated."""

    kind: str
    name: str
    user_id: int | None = None
    role: str = ""
    team: str = ""
    address: str = ""  # where the request came from, kept for the audit only

    @classmethod
    def of(cls, request: Any) -> "Actor":
        user = request.user
        return cls("person", user.get_username(), user.pk, user.role, user.team, request.META.get("REMOTE_ADDR", ""))

    @classmethod
    def automation(cls, key: str) -> "Actor":
        return cls("automation", key)

    @classmethod
    def simulated(cls, user: Any) -> "Actor":
        """A robot that plays a synthetic person: never to be taken for somebody."""
        return cls("simulated", f"robot:{user.get_username()}", user.pk, user.role, user.team)

    @classmethod
    def system(cls, name: str) -> "Actor":
        return cls("system", name)
