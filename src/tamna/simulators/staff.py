"""The office staff (행정 직원): each works through the proposals of the own team at a human pace, through the product's API.

Most are accepted as they are, few are edited, some are refused with a reason; about one in five is left to a visitor, and
the director's desk always. What a person does with a proposal follows from the seed and the proposal's own key.
"""

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from tamna.simulators.hospital import World
from tamna.simulators.hospital.people import Clerk

Ask = Callable[..., Any]
WORKS = (8 * 60 + 40, 18 * 60)  # minutes of the day; nobody decides at lunch
LUNCH = (12 * 60, 13 * 60)
BETWEEN_MIN = 10.0  # mean pause between two decisions of one person
READ_AFTER_MIN = 6.0  # a proposal lies this long before somebody opens it
LEFT, REFUSED, EDITED = 0.20, 0.08, 0.10  # shares; the rest is accepted
DECIDE = frozenset({"front_lead", "reception", "cashier", "claims", "general", "planning", "it"})
ROUTINE = frozenset({"claim.submit"})  # the day's sending is never left or refused: somebody stays for it
STAYS_MIN = 5.0  # how often who stays looks again
REASONS = ("이 건에는 맞지 않음", "맞지만 지금은 아님", "다른 방식으로 처리함", "품에 비해 이득이 적음")
NOTES = ("담당자 확인 후 처리", "상병과 수가를 한 번 더 볼 것", "영수증과 대조함")


class Staff:
    """`ask(method, path, …)` is the product's API; `decide(now, minute)` lets everyone do what is due."""

    def __init__(self, ask: Ask, world: World) -> None:
        self.ask, self.seed = ask, world.seed
        self.people = [clerk for clerk in world.staff if clerk.role in DECIDE]
        self.next_at: dict[str, float] = {}
        self.day: date | None = None

    def decide(self, now: datetime, minute: float) -> None:
        if self.day != now.date():
            self.day, self.next_at = now.date(), {}
        if minute >= WORKS[1]:
            self._send_off(now, minute)
        if not WORKS[0] <= minute < WORKS[1] or LUNCH[0] <= minute < LUNCH[1]:
            return
        waiting: dict[str, list[dict[str, Any]]] = {}
        for clerk in self.people:
            pause = random.Random(f"{self.seed}:{self.day}:{clerk.username}:{self.next_at.get(clerk.username)}")
            if clerk.username not in self.next_at:
                self.next_at[clerk.username] = minute + pause.uniform(1, 2 * BETWEEN_MIN)
            if self.next_at[clerk.username] > minute:
                continue
            self.next_at[clerk.username] = minute + min(60.0, 2 + pause.expovariate(1 / BETWEEN_MIN))
            if clerk.team not in waiting:
                waiting[clerk.team] = self._waiting(clerk.team, now)
            if waiting[clerk.team]:
                self._decide(clerk, waiting[clerk.team].pop(0), now)

    def _send_off(self, now: datetime, minute: float) -> None:
        """One clerk stays until the day's sending is decided."""
        if minute < self.next_at.get("", 0):
            return
        self.next_at[""] = minute + STAYS_MIN
        clerk = next(clerk for clerk in self.people if clerk.role == "claims")
        for row in self._waiting(clerk.team, now):
            if row["automation"] in ROUTINE:
                self._decide(clerk, row, now)

    def _waiting(self, team: str, now: datetime) -> list[dict[str, Any]]:
        """What the team has open and does not leave to a visitor; the day's sending first, then most worth first."""
        found, read_before = [], now - timedelta(minutes=READ_AFTER_MIN)
        answer = self.ask("GET", "/proposals", params={"team": team, "size": 200})
        for row in answer.get("proposals", []):
            lies = datetime.fromisoformat(row["made_at"]) <= read_before
            if lies and (row["automation"] in ROUTINE or self._dice(row).random() >= LEFT):
                found.append(row)
        return sorted(found, key=lambda row: row["automation"] not in ROUTINE)

    def _dice(self, row: dict[str, Any]) -> random.Random:
        return random.Random(f"{self.seed}:{row['automation']}:{row['key']}")

    def _decide(self, clerk: Clerk, row: dict[str, Any], now: datetime) -> None:
        dice = self._dice(row)
        dice.random()  # the throw that said whether it is left
        throw = dice.random()
        body: dict[str, Any] = {"verdict": "accepted", "person": clerk.username}
        if row["automation"] not in ROUTINE and throw < REFUSED:
            body |= {"verdict": "refused", "reason": dice.choice(REASONS)}
        elif row["automation"] not in ROUTINE and throw < REFUSED + EDITED:
            edited = _edited(row["editable"], dice)
            body |= {"verdict": "edited", "edited": edited} if edited else {}
        self.ask("POST", f"/proposals/{row['id']}/decision", json=body)


def _edited(fields: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    """What a person would change: a later day to pay by, another note, a wider span. Codes are left as proposed."""
    for name, value in fields.items():
        if name == "pay_by":
            return {name: (date.fromisoformat(value) + timedelta(days=dice.choice((2, 3, 7)))).isoformat()}
        if name == "older_than_days":
            return {name: min(365, int(value) + dice.choice((3, 7)))}
        if name == "note":
            return {name: dice.choice(NOTES)}
    return {}
