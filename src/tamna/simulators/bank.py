"""The hospital's bank, imagined. Run: python -m tamna.simulators.bank --port P --state FILE

Deposits arrive by POST /deposits (the review agency's simulator sends the insurer's payments) and are read by cursor.
Wrong answers (`lie_rate`) name the first deposit twice.
"""

import argparse

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tamna.simulators.faults import Faults, Memory, serve, simulator


class Bank:
    def __init__(self, state: str | None, seed: int) -> None:
        self.faults, self.memory = Faults(seed=seed), Memory(state)

    async def deposit(self, request: Request) -> Response:
        body = await request.json()
        if self.memory.get("reference", body["reference"]) is None:
            number = len(self.memory.all("deposit")) + 1
            self.memory.put("reference", body["reference"], number)
            self.memory.put("deposit", f"{number:09d}", {**body, "id": number})
        return JSONResponse({"ok": True})

    async def deposits(self, request: Request) -> Response:
        after = int(request.query_params.get("after", 0))
        rows = sorted((row for _, row in self.memory.all("deposit") if row["id"] > after), key=lambda row: row["id"])
        return JSONResponse({"deposits": (rows[:1] if self.faults.lies() else []) + rows[:500]})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    bank = Bank(args.state, args.seed)
    serve(
        simulator("bank", bank.faults, [("/deposits", bank.deposit, "POST"), ("/deposits", bank.deposits, "GET")]),
        args.port,
    )


if __name__ == "__main__":
    main()
