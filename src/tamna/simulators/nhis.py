"""The insurer's eligibility service, imagined (공단 자격조회 시뮬레이터). Run: python -m tamna.simulators.nhis --port P

Knows the people of the synthetic hospital by their number; answers for any other number by a stable draw from it.
Wrong answers (`lie_rate`) tell a stale payer, as after a change at the first of the month.
"""

import argparse
import hashlib

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tamna.simulators.faults import Faults, serve, simulator

KIND = {"medical_aid_1": "5", "medical_aid_2": "5", "auto": "8", "industrial": "9", "veteran": "7"}
DRAW = (("nhi", 0.88), ("medical_aid_1", 0.95), ("medical_aid_2", 0.97), ("near_poor_2", 0.98), ("self", 1.0))


class Insurer:
    def __init__(self, seed: int, patients: int) -> None:
        from tamna.simulators.hospital import World

        self.faults = Faults(seed=seed)
        self.known = {person.resident_number: person for person in World(seed, patients).people}

    async def eligibility(self, request: Request) -> Response:
        question = await request.json()
        number = str(question.get("number", ""))
        if len(number) < 6:
            return JSONResponse({"code": "unknown_person", "message": "no such number"}, status_code=404)
        person = self.known.get(number)
        digest = hashlib.sha256(number.encode()).digest()
        payer = person.payer if person else next(name for name, limit in DRAW if digest[0] / 256 < limit)
        answer: dict[str, object] = {"simulated": True}
        if self.faults.lies():
            payer = "self" if payer == "nhi" else "nhi"
        elif person and person.special_case and payer == "nhi":
            answer |= {
                "special_case": person.special_case,
                "special_from": person.special_from.isoformat() if person.special_from else None,
                "special_to": person.special_to.isoformat() if person.special_to else None,
            }
        answer |= {
            "payer": payer, "insurer_kind": KIND.get(payer, "4"), "card_no": str(int.from_bytes(digest[1:6], "big"))[:11],
            "aid_type": payer[-1] if payer.startswith("medical_aid") else "",
        }  # fmt: skip
        return JSONResponse(answer)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--patients", type=int, default=20_000)
    args = parser.parse_args()
    insurer = Insurer(args.seed, args.patients)
    serve(simulator("nhis", insurer.faults, [("/eligibility", insurer.eligibility, "POST")]), args.port)


if __name__ == "__main__":
    main()
