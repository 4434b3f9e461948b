"""A card terminal, imagined. Run: python -m tamna.simulators.card --port P --state FILE

Approvals are kept by key, so that an answer that was lost can be asked for again. A few cards are declined. Wrong answers
(`lie_rate`) tell another amount than was charged.
"""

import argparse
import hashlib
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tamna.simulators.faults import Faults, Memory, serve, simulator

DECLINED_SHARE = 0.004
METHODS = ("card", "simple")  # a card in the slot, or a phone's barcode before the reader


class Terminal:
    def __init__(self, state: str | None, seed: int, declined: float) -> None:
        self.faults, self.memory, self.declined = Faults(seed=seed), Memory(state), declined

    async def approve(self, request: Request) -> Response:
        body = await request.json()
        key, amount = str(body["key"]), int(body["amount_won"])
        known = self.memory.get("approval", key)
        if known:
            if known["amount_won"] != amount:
                return JSONResponse({"code": "key_reused"}, status_code=409)
            return self._told(known)
        digest = hashlib.sha256(key.encode()).digest()
        if amount <= 0 or digest[0] / 256 + digest[1] / 65536 < self.declined:
            return JSONResponse({"code": "51", "message": "한도 초과"}, status_code=402)
        if body.get("method", "card") not in METHODS:
            return JSONResponse({"code": "unknown_method"}, status_code=422)
        approval = {"key": key, "approval_no": str(int.from_bytes(digest[2:6], "big"))[:8].zfill(8), "amount_won": amount,
                    "status": "approved", "method": body.get("method", "card")}  # fmt: skip
        self.memory.put("approval", key, approval)
        return self._told(approval)

    def _told(self, approval: dict[str, Any]) -> Response:
        return JSONResponse({**approval, "amount_won": approval["amount_won"] + 1} if self.faults.lies() else approval)

    async def query(self, request: Request) -> Response:
        known = self.memory.get("approval", request.path_params["key"])
        return self._told(known) if known else JSONResponse({"code": "unknown_key"}, status_code=404)

    async def cancel(self, request: Request) -> Response:
        key, body = request.path_params["key"], await request.json()
        known = self.memory.get("approval", key)
        if known is None and body.get("approval_no") and body.get("approved_won"):  # made at another terminal
            known = {"key": key, "approval_no": body["approval_no"], "amount_won": body["approved_won"], "status": "approved"}  # fmt: skip
            self.memory.put("approval", key, known)
        if known is None:
            return JSONResponse({"code": "unknown_key"}, status_code=404)
        done = self.memory.get("cancel", body["cancel_key"])
        if done:
            return JSONResponse(done)
        given_back = sum(row["amount_won"] for _, row in self.memory.all("cancel") if row["key"] == known["key"])
        if body["amount_won"] > known["amount_won"] - given_back:
            return JSONResponse({"code": "over_amount"}, status_code=409)
        cancelled = {**known, "amount_won": body["amount_won"], "status": "cancelled"}
        self.memory.put("cancel", body["cancel_key"], cancelled)
        return JSONResponse(cancelled)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--declined", type=float, default=DECLINED_SHARE, help="share of cards declined")
    args = parser.parse_args()
    terminal = Terminal(args.state, args.seed, args.declined)
    routes = [
        ("/approvals", terminal.approve, "POST"),
        ("/approvals/{key:path}/cancel", terminal.cancel, "POST"),
        ("/approvals/{key:path}", terminal.query, "GET"),
    ]
    serve(simulator("card", terminal.faults, routes), args.port)


if __name__ == "__main__":
    main()
