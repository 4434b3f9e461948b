"""Objections and appeals at the imagined agency (이의신청·심판청구 시뮬레이터): taken within their term, ruled upon after weeks.

How often one is right is imagined: of objections two in five, of appeals one in four, half of them in part; chance rules, seeded by the
statement. What is regained becomes a payment of its own.
"""

import random
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tamna.simulators.faults import Memory

RIGHT = {"objection": 0.40, "appeal": 0.25}
WEEKS = {"objection": (3, 8), "appeal": (5, 12)}
TERM_DAYS = 90


class Pleas:
    """Pleas of one agency, in the agency's own memory."""

    def __init__(self, memory: Memory, seed: int) -> None:
        self.memory, self.seed = memory, seed

    async def receive(self, request: Request) -> Response:
        body, at = await request.json(), datetime.fromisoformat(request.headers["x-business-time"])
        known = self.memory.get("plea", body["plea_id"])
        if known:
            return JSONResponse(known["receipt"])
        decided = self._decided(body["batch_no"], body["serial_no"])
        fault = self._fault(body, decided, at)
        if fault or decided is None:
            return JSONResponse({"code": fault}, status_code=422)
        number = len(self.memory.all("plea")) + 1
        receipt = {"plea_id": body["plea_id"], "receipt_no": f"{number:07d}", "received_on": at.date().isoformat()}
        ruling = self._ruling(body, at)
        place = [body["batch_no"], body["serial_no"]]
        self.memory.put("plea", body["plea_id"], {"receipt": receipt, "kind": body["kind"], "place": place, **ruling})
        if ruling["regained"]:
            self._owe(body, decided, ruling)
        return JSONResponse(receipt)

    def _owe(self, body: dict[str, Any], decided: dict[str, Any], ruling: dict[str, Any]) -> None:
        due = (datetime.fromisoformat(ruling["due"]) + timedelta(days=5)).isoformat()
        row = {"serial_no": body["serial_no"], "status": "paid", "requested": decided["requested"], "decided": ruling["regained"],
               "reason": "", "lines": []}  # fmt: skip
        paid = {
            "due": due,
            "kind": "payment",
            "batch_no": body["batch_no"],
            "receipt_no": body["receipt_no"],
            "statements": [row],
        }
        self.memory.put("due", f"{body['plea_id']}:payment", paid)

    async def rulings(self, request: Request) -> Response:
        at = datetime.fromisoformat(request.headers["x-business-time"])
        found = []
        for name in (await request.json())["plea_ids"]:
            row = self.memory.get("plea", name)
            if row and datetime.fromisoformat(row["due"]) <= at:
                found.append(
                    {"plea_id": name, "status": row["status"], "regained": row["regained"], "on": row["due"][:10]}
                )
        return JSONResponse({"rulings": found})

    def _decided(self, batch_no: str, serial_no: str) -> dict[str, Any] | None:
        """The decision that is fought, with the day it was told."""
        for _, row in self.memory.all("due"):
            if row["batch_no"] == batch_no and row["kind"] == "result":
                for statement in row["statements"]:
                    if statement["serial_no"] == serial_no:
                        return {**statement, "on": row["due"]}
        return None

    def _fault(self, body: dict[str, Any], decided: dict[str, Any] | None, at: datetime) -> str:
        if decided is None or decided["status"] != "adjusted":
            return "no_such_decision"
        if not body["letter"].strip():
            return "no_grounds"
        place = [body["batch_no"], body["serial_no"]]
        earlier = [row for _, row in self.memory.all("plea") if row["place"] == place]
        told = datetime.fromisoformat(decided["on"])
        if body["kind"] == "appeal":
            ruled = [row for row in earlier if row["kind"] == "objection" and datetime.fromisoformat(row["due"]) <= at]
            if not ruled:
                return "no_objection_before"
            told = datetime.fromisoformat(ruled[-1]["due"])
        if any(row["kind"] == body["kind"] for row in earlier):
            return "pleaded_already"
        if at.date() > (told + timedelta(days=TERM_DAYS)).date():
            return "too_late"
        regained = sum(row["regained"] for row in earlier)
        return "more_than_was_cut" if body["asked"] > decided["requested"] - decided["decided"] - regained else ""

    def _ruling(self, body: dict[str, Any], at: datetime) -> dict[str, Any]:
        dice = random.Random(f"{self.seed}:{body['batch_no']}:{body['serial_no']}:{body['kind']}")
        due = (at + timedelta(weeks=dice.randint(*WEEKS[body["kind"]]))).isoformat()
        part = 0
        if dice.random() < RIGHT[body["kind"]]:
            part = body["asked"] if dice.random() < 0.5 else body["asked"] * dice.randint(3, 7) // 10
        status = "upheld" if part == body["asked"] else "partly" if part else "dismissed"
        return {"status": status, "regained": part, "due": due}
