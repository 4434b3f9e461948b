"""The review agency, imagined (심평원 시뮬레이터). Run: python -m tamna.simulators.hira --port P --state FILE [--bank-port B]

It judges by its own few checks and habits, none of them the product's rules: form faults return a statement, some are
not reviewable, lines are cut by a reviewer of varying strictness that drifts from quarter to quarter, and some cuts are
simply wrong. Rates are our own choice near public figures (2–3 % returned, 4 % of outpatient and 18 % of inpatient
statements cut). Clean statements pass the electronic check within hours of the hospital's time, the rest takes days.
"""

import argparse
import hashlib
import json
import random
from datetime import datetime, timedelta
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tamna.simulators.faults import Faults, Memory, serve, simulator

RETURNS = (("F02", 11), ("F04", 10), ("F03", 9), ("F07", 9), ("F01", 7), ("F05", 5), ("F06", 3))
CUTS = (
    ("A12", 6),
    ("A10", 4),
    ("A11", 3),
    ("A13", 3),
    ("A16", 3),
    ("A17", 2),
    ("A34", 2),
    ("B02", 2),
    ("A25", 2),
    ("A32", 1),
)
STRICT = {"05": 1.6, "06": 1.4, "21": 1.5, "01": 1.0, "24": 1.2, "03": 0.7}
RETURN_RATE, IMPOSSIBLE_RATE, CUT_OUT, CUT_IN, WRONG = 0.012, 0.006, 0.03, 0.16, 0.03
DUPLICATED_SECTIONS = ("09", "10", "S")


def _chosen(dice: random.Random, table: tuple[tuple[str, int], ...]) -> str:
    return dice.choices([code for code, _ in table], [weight for _, weight in table])[0]


class Agency:
    def __init__(self, state: str | None, seed: int, bank_port: int | None) -> None:
        self.faults, self.memory, self.seed, self.bank_port = Faults(seed=seed), Memory(state), seed, bank_port

    async def receive(self, request: Request) -> Response:
        content = await request.body()
        at = datetime.fromisoformat(request.headers["x-business-time"])
        lines = content.splitlines(keepends=True)
        try:
            header, trailer = json.loads(lines[0]), json.loads(lines[-1])
            statements = [json.loads(line) for line in lines[1:-1]]
        except (ValueError, IndexError):
            return JSONResponse({"code": "unreadable"}, status_code=422)
        digest = hashlib.sha256(b"".join(lines[:-1])).hexdigest()
        if trailer.get("sha256") != digest or header.get("statement_count") != len(statements):
            return JSONResponse({"code": "cut_or_changed"}, status_code=422)
        batch_no = header["batch_no"]
        known = self.memory.get("batch", batch_no)
        if known:
            if known["sha256"] != digest:
                return JSONResponse({"code": "batch_reused"}, status_code=409)
            return JSONResponse(known["receipt"])
        receipt = {
            "batch_no": batch_no,
            "receipt_no": f"{int(digest[:6], 16) % 10_000_000:07d}",
            "received_on": at.date().isoformat(),
        }
        for due, kind, rows in self._judged(header, statements, at):
            key = f"{batch_no}:{kind}:{due.isoformat()}"
            self.memory.put("due", key, {"due": due.isoformat(), "kind": kind, "batch_no": batch_no,
                                         "receipt_no": receipt["receipt_no"], "statements": rows})  # fmt: skip
        self.memory.put("batch", batch_no, {"sha256": digest, "receipt": receipt})
        return JSONResponse(receipt)

    def _judged(
        self, header: dict[str, Any], statements: list[dict[str, Any]], at: datetime
    ) -> list[tuple[datetime, str, list]]:
        """Decide everything at once; what is told when follows from the decision."""
        dice = random.Random(f"{self.seed}:{header['batch_no']}")
        reviewer = dice.choice((0.75, 1.2))
        quarter = 1 + 0.3 * random.Random(f"{self.seed}:{at.year}:{(at.month - 1) // 3}").uniform(-1, 1)
        groups: dict[tuple[datetime, str], list] = {}
        quick, slow = at + timedelta(hours=2), at + timedelta(days=max(3, int(dice.gauss(9, 3))), hours=1)
        for statement in statements:
            status, decided, reason, lines = self._one(statement, dice, reviewer * quarter)
            row = {"serial_no": statement["claim"]["serial_no"], "status": status, "decided": decided, "reason": reason,
                   "requested": statement["claim"]["insurer_share"], "lines": lines}  # fmt: skip
            if status == "returned":
                groups.setdefault((at + timedelta(minutes=40), "return"), []).append(row)
                continue
            due = quick if status == "full" and dice.random() < 0.7 else slow
            groups.setdefault((due, "result"), []).append(row)
            if decided > 0:
                paid = (due + timedelta(days=1 if due == quick else 4)).replace(hour=10, minute=0)
                groups.setdefault((paid, "payment"), []).append({**row, "status": "paid"})
        return [(due, kind, rows) for (due, kind), rows in groups.items()]

    def _one(self, statement: dict[str, Any], dice: random.Random, strictness: float) -> tuple[str, int, str, list]:
        claim, lines = statement["claim"], statement["lines"]
        asked = int(claim["insurer_share"])
        principal = [row for row in statement["diagnoses"] if row.get("kind") == "principal"]
        if len(principal) != 1 or not lines:
            return "returned", 0, "F03", []
        if principal[0]["code"][0] in "VWXY":
            return "impossible", 0, "F03", []
        if dice.random() < RETURN_RATE:
            return "returned", 0, _chosen(dice, RETURNS), []
        if dice.random() < IMPOSSIBLE_RATE:
            return "impossible", 0, _chosen(dice, RETURNS), []
        cut = self._cut(claim, lines, dice, strictness * STRICT.get(claim.get("department", ""), 1.0))
        if cut is None:
            return "full", asked, "", []
        line, amount, reason = cut
        amount = min(asked, amount)
        return "adjusted", asked - amount, reason, [{"line_no": line["line_no"], "amount": amount, "reason": reason}]

    def _cut(
        self, claim: dict[str, Any], lines: list, dice: random.Random, strictness: float
    ) -> tuple[dict, int, str] | None:
        seen: set[tuple[str, str]] = set()
        for line in lines:  # the same test twice a day is always seen
            key = (line["code"], str(line["service_on"]))
            if line["item_class"] in DUPLICATED_SECTIONS and key in seen:
                return line, int(line["amount"]), "A07"
            seen.add(key)
        rate = CUT_IN if claim["setting"] == "inpatient" else CUT_OUT
        if dice.random() < rate * strictness or dice.random() < rate * WRONG:
            candidates = [line for line in lines if line["item_class"] not in ("01", "02")] or lines
            line = max(dice.sample(candidates, min(3, len(candidates))), key=lambda row: row["amount"])
            return line, int(int(line["amount"]) * dice.choice((0.3, 0.5, 0.7))), _chosen(dice, CUTS)
        return None

    async def answers(self, request: Request) -> Response:
        at = datetime.fromisoformat(request.headers["x-business-time"])
        after = int(request.query_params.get("after", 0))
        released = dict(self.memory.all("released"))
        number = len(released)
        for key, row in sorted(self.memory.all("due"), key=lambda item: item[1]["due"]):
            if key not in released and datetime.fromisoformat(row["due"]) <= at:
                number += 1
                released[key] = number
                self.memory.put("released", key, number)
                if row["kind"] == "payment":
                    self.memory.put("owed", key, row)
        await self._transfer_all()
        due = dict(self.memory.all("due"))
        documents = [
            {"id": number, "on": due[key]["due"][:10], **{k: v for k, v in due[key].items() if k != "due"}}
            for key, number in sorted(released.items(), key=lambda item: item[1])
            if number > after
        ]
        for row in documents:
            row["count"], row["decided_sum"] = (
                len(row["statements"]),
                sum(item["decided"] for item in row["statements"]),
            )
        if self.faults.lies() and documents:
            documents[0]["statements"] = documents[0]["statements"][:-1]
        return JSONResponse({"documents": documents[:20]})

    async def _transfer_all(self) -> None:
        """The insurer pays: transfers at the bank, each sent until the bank has taken it."""
        for key, row in self.memory.all("owed"):
            if await self._transfer(key, row):
                self.memory.drop("owed", key)

    async def _transfer(self, key: str, row: dict[str, Any]) -> bool:
        if self.bank_port is None:
            return True
        body = {"on": row["due"][:10], "won": sum(item["decided"] for item in row["statements"]), "payer": "NHIS",
                "reference": f"{row['receipt_no']}:{key}"}  # fmt: skip
        try:
            async with httpx.AsyncClient(timeout=3) as client:
                return (await client.post(f"http://127.0.0.1:{self.bank_port}/deposits", json=body)).is_success
        except httpx.HTTPError:
            return False


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--bank-port", type=int)
    args = parser.parse_args()
    agency = Agency(args.state, args.seed, args.bank_port)
    routes = [("/batches", agency.receive, "POST"), ("/answers", agency.answers, "GET")]
    serve(simulator("hira", agency.faults, routes), args.port)


if __name__ == "__main__":
    main()
