"""The review agency, imagined (심평원 시뮬레이터). Run: python -m tamna.simulators.hira --port P --state FILE [--bank-port B]

What it decides is the judge's (`tamna.simulators.agency`): form faults come back or are not reviewable, lines are cut by criteria that
drift from quarter to quarter, by notices from their day on and by reviewers who differ; some decisions are simply wrong. None of
the product's rules is used. Statements without a fault pass within hours of the hospital's time, the rest takes days.
"""

import argparse
import hashlib
import random
from datetime import datetime, timedelta
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tamna.engines.claimfile import BadFile, fixed, ndjson
from tamna.engines.claimfile import answers as text
from tamna.simulators.agency import Decision, Judge
from tamna.simulators.agency.judge import Memory as History
from tamna.simulators.faults import Faults, Memory, serve, simulator
from tamna.simulators.pleas import Pleas

RECORDS_RATE, RECORDS_DAYS = 0.15, 10  # stays whose records are asked for before they are decided [sim]
RECORDS = (("B01", "의무기록 사본"), ("B03", "영상자료"), ("B04", "입원·수술 사실 확인서"))


def opened(content: bytes, content_type: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A batch in either dress. Raises BadFile."""
    if content_type.startswith("text/plain"):
        found = fixed.read(content)
        return found.header, [
            _filled(row, who.resident_no) for row, who in zip(found.statements, found.persons, strict=True)
        ]
    return ndjson.read(content)


def _filled(statement: dict[str, Any], resident_no: str) -> dict[str, Any]:
    """What the text does not carry follows from what it does: days of lines, the department of the principal diagnosis."""
    claim = statement["claim"]
    principal: dict[str, Any] = next((row for row in statement["diagnoses"] if row["kind"] == "principal"), {})
    claim["first_visit_on"] = claim["last_service_on"] = principal.get("onset_on")
    claim |= {name: principal.get(name) for name in ("department", "doctor_license")}
    claim["patient_ref"] = hashlib.sha256(resident_no.encode()).hexdigest()[:16]
    for line in statement["lines"]:
        line["service_on"] = claim["first_visit_on"]
    return statement


class Agency:
    def __init__(self, state: str | None, seed: int, bank_port: int | None) -> None:
        self.faults, self.memory, self.seed, self.bank_port = Faults(seed=seed), Memory(state), seed, bank_port
        self.judge, self.patients = Judge(seed), History()

    async def receive(self, request: Request) -> Response:
        content = await request.body()
        at = datetime.fromisoformat(request.headers["x-business-time"])
        try:
            header, statements = opened(content, request.headers.get("content-type", ""))
        except BadFile as bad:
            return JSONResponse({"code": bad.code, "message": f"row {bad.row} {bad.field}"}, status_code=422)
        digest, batch_no = hashlib.sha256(content).hexdigest(), header["batch_no"]
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
            for row in rows if kind == "request_records" else ():
                self.memory.put("asked", f"{receipt['receipt_no']}:{row['serial_no']}", row["due_on"])
        self.memory.put("batch", batch_no, {"sha256": digest, "receipt": receipt})
        return JSONResponse(receipt)

    async def records(self, request: Request) -> Response:
        """Records that were asked for (심사자료 접수); the same again is the same."""
        body, at = await request.json(), datetime.fromisoformat(request.headers["x-business-time"])
        key = f"{body['receipt_no']}:{body['serial_no']}"
        if self.memory.get("asked", key) is None:
            return JSONResponse({"code": "not_asked"}, status_code=404)
        taken = self.memory.get("records", key) or {"received_on": at.date().isoformat()}
        self.memory.put("records", key, taken)
        return JSONResponse(taken)

    def _judged(
        self, header: dict[str, Any], statements: list[dict[str, Any]], at: datetime
    ) -> list[tuple[datetime, str, list]]:
        """Decide everything at once; what is told when follows from the decision."""
        dice = random.Random(f"{self.seed}:{header['batch_no']}")
        groups: dict[tuple[datetime, str], list] = {}
        quick, slow = at + timedelta(hours=2), at + timedelta(days=max(3, int(dice.gauss(9, 3))), hours=1)
        for statement in statements:
            decision = self._decided(statement, header["batch_no"], at)
            row = {"serial_no": statement["claim"]["serial_no"], "status": decision.status, "decided": decision.decided_won,
                   "reason": decision.reason, "requested": decision.asked_won,
                   "lines": [{"line_no": cut.line_no, "amount": cut.won, "reason": cut.reason} for cut in decision.cuts]}  # fmt: skip
            if decision.status == "returned":
                groups.setdefault((at + timedelta(minutes=40), "return"), []).append(row)
                continue
            due = quick if decision.status == "full" and dice.random() < 0.7 else slow
            asked = self._asked(statement, header["batch_no"]) if decision.status != "impossible" else None
            if asked:
                first, last = at + timedelta(days=1), at + timedelta(days=1 + RECORDS_DAYS)
                held = {"serial_no": row["serial_no"], "status": "held", "requested": row["requested"], "decided": 0, "reason": asked[0],
                        "what": asked[1], "due_on": last.date().isoformat()}  # fmt: skip
                groups.setdefault((first, "request_records"), []).append(held)
                due = max(slow, last + timedelta(days=1))
                row["late"] = {"status": "adjusted", "decided": int(row["decided"] * 0.7) // 10 * 10, "reason": "A33"}
            groups.setdefault((due, "result"), []).append(row)
            if decision.decided_won > 0:
                paid = (due + timedelta(days=1 if due == quick else 4)).replace(hour=10, minute=0)
                groups.setdefault((paid, "payment"), []).append({**row, "status": "paid"})
        return [(due, kind, rows) for (due, kind), rows in groups.items()]

    def _asked(self, statement: dict[str, Any], batch_no: str) -> tuple[str, str] | None:
        """Records that are asked for before a stay is decided, or none."""
        dice = random.Random(f"{self.seed}:records:{batch_no}:{statement['claim'].get('serial_no')}")
        return (
            dice.choice(RECORDS)
            if statement["claim"].get("setting") == "inpatient" and dice.random() < RECORDS_RATE
            else None
        )

    def _settled(self, row: dict[str, Any]) -> dict[str, Any]:
        """A document when it is told: who did not send the records that were asked for is cut (A33)."""
        for item in row["statements"]:
            late = item.pop("late", None)
            if late and self.memory.get("records", f"{row['receipt_no']}:{item['serial_no']}") is None:
                paid = item["status"] == "paid"
                item |= late | ({"status": "paid"} if paid else {})
        return row

    def _decided(self, statement: dict[str, Any], batch_no: str, at: datetime) -> Decision:
        """The judge's word; a statement that came back before is looked at afresh, one that cannot be read is returned."""
        claim = statement["claim"]
        who = (claim.get("patient_ref"), claim.get("first_visit_on"), claim.get("department"), claim.get("setting"))
        name = claim["claim_id"] = ":".join(map(str, who))  # the hospital's own number does not travel
        batches = self.memory.get("seen", name) or []
        if batch_no not in batches:
            batches.append(batch_no)
            self.memory.put("seen", name, batches)
        try:
            return self.judge.decide(statement, at.date(), None, self.patients, turn=batches.index(batch_no))
        except (KeyError, TypeError, ValueError):
            return Decision("returned", int(claim.get("insurer_share") or 0), 0, "F23", (), "fault")

    async def answers(self, request: Request) -> Response:
        at = datetime.fromisoformat(request.headers["x-business-time"])
        after = int(request.query_params.get("after", 0))
        released = dict(self.memory.all("released"))
        number = len(released)
        for key, row in sorted(self.memory.all("due"), key=lambda item: item[1]["due"]):
            if key not in released and datetime.fromisoformat(row["due"]) <= at:
                number += 1
                released[key] = number
                self.memory.put("due", key, self._settled(row))
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
        if request.headers.get("accept", "").startswith("text/plain"):
            return Response(text.write(documents[:20]), media_type="text/plain; charset=cp949")
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
    pleas = Pleas(agency.memory, args.seed)
    routes = [
        ("/batches", agency.receive, "POST"),
        ("/answers", agency.answers, "GET"),
        ("/records", agency.records, "POST"),
        ("/pleas", pleas.receive, "POST"),
        ("/rulings", pleas.rulings, "POST"),
    ]
    serve(simulator("hira", agency.faults, routes), args.port)


if __name__ == "__main__":
    main()
