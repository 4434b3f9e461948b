"""A message carrier, imagined. Run: python -m tamna.simulators.messaging --port P --state FILE"""

import argparse
import hashlib

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tamna.simulators.faults import Faults, Memory, serve, simulator

COST = {"sms": 9, "kakao": 7, "email": 0, "push": 0}  # won, imagined
WITHOUT_KAKAO = "79"  # last digits of numbers that have no KakaoTalk here


class Carrier:
    def __init__(self, state: str | None, seed: int) -> None:
        self.faults, self.memory = Faults(seed=seed), Memory(state)

    async def send(self, request: Request) -> Response:
        body = await request.json()
        key = str(body["key"])
        known = self.memory.get("sent", key)
        if known is None:
            if body.get("channel") not in COST or not body.get("to"):
                return JSONResponse({"code": "bad_message"}, status_code=422)
            if body["channel"] == "kakao" and str(body["to"])[-1] in WITHOUT_KAKAO:
                return JSONResponse({"code": "not_a_user"}, status_code=422)
            message_id = hashlib.sha256(key.encode()).hexdigest()[:16]
            known = {"message_id": message_id, "status": "accepted", "cost_won": COST[body["channel"]]}
            self.memory.put("sent", key, known)  # neither number nor text is kept
            self.memory.put("message", message_id, {**known, "status": "failed" if self.faults.lies() else "delivered"})
        return JSONResponse(known)

    async def count(self, request: Request) -> Response:
        """How many different messages were taken."""
        return JSONResponse({"sent": len(self.memory.all("sent"))})

    async def status(self, request: Request) -> Response:
        known = self.memory.get("message", request.path_params["id"])
        return JSONResponse(known) if known else JSONResponse({"code": "unknown_message"}, status_code=404)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    carrier = Carrier(args.state, args.seed)
    routes = [
        ("/messages", carrier.send, "POST"),
        ("/messages/{id}", carrier.status, "GET"),
        ("/count", carrier.count, "GET"),
    ]
    serve(simulator("messaging", carrier.faults, routes), args.port)


if __name__ == "__main__":
    main()
