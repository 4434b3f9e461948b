"""The living hospital: robots play patients, doctors and staff through the product's own doors.

Run: python -m tamna.simulators.living --product URL --his URL --token-file FILE --state FILE
Patients arrive, are received and called by HTTP; doctors' orders and ends of visits go through the HIS simulator (HL7);
cashiers take payment; office staff decide proposals. Business time is the product's clock. Every step has a key, so a restart repeats nothing. At night
the clock is moved to the next morning. People who work by hand beside it are left alone.
"""

import argparse
import contextlib
import time
import uuid
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from tamna.simulators.faults import Memory
from tamna.simulators.hospital import Visit, World, plan_day
from tamna.simulators.hospital.day import AFTERNOON, EMERGENCY, MORNING, is_closed
from tamna.simulators.staff import Staff

SEOUL = ZoneInfo("Asia/Seoul")
NAMESPACE = uuid.UUID("6f1c9d52-7a0e-5c5b-9c64-8a1d7a3b2f10")
CALL_TO_ENTER_MIN = 0.7
NIGHT_FROM_MIN, MORNING_AT_MIN = 19 * 60 + 30, 8 * 60 + 20
UNPAID_EVERY = 120  # one visitor in so many leaves without paying


class Away(Exception):
    """The product or the HIS does not answer now; the step is tried again."""


class Robots:
    def __init__(self, product: str, his: str, token: str, state: str | None, seed: int, patients: int) -> None:
        self.client = httpx.Client(
            base_url=f"{product}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=15
        )
        self.his = httpx.Client(base_url=his, timeout=5)
        self.world, self.memory = World(seed, patients), Memory(state)
        self.staff = Staff(self._ask, self.world)
        self.day: date | None = None
        self.visits: dict[int, Visit] = {}
        self.stage: dict[int, str] = {}  # waiting → here → done → paid, or gone
        self.by_encounter: dict[str, int] = {}
        self.busy: dict[str, tuple[float, dict[str, Any], bool]] = {}  # doctor → (free at, ticket, ordered)
        self.due: dict[int, float] = {}  # visit → minute to pay at
        self.bookings: dict[str, str] = {}  # patient → appointment

    # -- doors ---------------------------------------------------------------------------------------------------------
    def _ask(self, method: str, path: str, *, key: str = "", **request: Any) -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        try:
            reply = self.client.request(method, path, headers=headers, **request)
        except httpx.HTTPError as error:
            raise Away from error
        if reply.status_code >= 500 or reply.status_code in (401, 429):
            raise Away
        return reply.json() if reply.status_code < 400 else {"refused": reply.json().get("key", reply.status_code)}

    def _tell_his(self, path: str, body: dict[str, Any]) -> None:
        try:
            self.his.post(path, json=body).raise_for_status()
        except httpx.HTTPError as error:
            raise Away from error

    # -- the day -------------------------------------------------------------------------------------------------------
    def run(self) -> None:
        while True:
            try:
                clock = self._ask("GET", "/clock")
                now = datetime.fromisoformat(clock["now"]).astimezone(SEOUL)
                if float(clock["rate"]) > 0:
                    self.play(now)
                pause = 0.5 if float(clock["rate"]) >= 20 else 1.0
            except Away:
                pause = 2.0
            time.sleep(pause)

    def play(self, now: datetime) -> None:
        """Do everything that is due at this instant of the day."""
        minute = (now - now.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds() / 60
        if self.day != now.date():
            self._begin(now)
        self.staff.decide(now, minute)
        if minute >= NIGHT_FROM_MIN and self._is_quiet():
            self._to_morning(now)
            return
        for number, visit in self.visits.items():
            if self.stage[number] == "waiting" and visit.arrival_min is not None and visit.arrival_min <= minute:
                self._arrive(number, visit)
        self._doctors(now, minute)
        for number, at in list(self.due.items()):
            if at <= minute:
                self._pay(number)

    def _begin(self, now: datetime) -> None:
        on = now.date()
        self.day, self.busy, self.due, self.by_encounter = on, {}, {}, {}
        kept = dict(self.memory.all(f"day:{on}"))
        minute = (now - now.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds() / 60
        first = self.memory.get("first", on.isoformat())
        if first is None:  # visits that ended before this start are history already
            first = minute if not self.memory.all("first") else MORNING_AT_MIN - 1
            self.memory.put("first", on.isoformat(), first)
        self.visits, seen = {}, set()
        for visit in plan_day(self.world, on):
            who = (visit.person, visit.department)
            if who in seen or visit.arrival_min is None or (visit.cashier_min and visit.cashier_min <= first):
                continue
            if visit.kind == "emergency" and visit.arrival_min < MORNING_AT_MIN and first < MORNING_AT_MIN:
                continue
            seen.add(who)
            self.visits[visit.number] = visit
        self.stage = {number: "waiting" for number in self.visits}
        for key, value in kept.items():
            number = int(key)
            if number in self.visits:
                self.stage[number] = value["stage"]
                if value.get("encounter"):
                    self.by_encounter[value["encounter"]] = number
                if value["stage"] == "done":
                    self.due[number] = minute + 1
        self.bookings = {
            row["patient"]: row["id"]
            for row in self._ask("GET", "/appointments", params={"on": on.isoformat()}).get("appointments", [])
            if row["status"] == "booked"
        }

    def _keep(self, number: int, stage: str, encounter: str = "") -> None:
        self.stage[number] = stage
        before = self.memory.get(f"day:{self.day}", str(number)) or {}
        self.memory.put(
            f"day:{self.day}",
            str(number),
            {**before, "stage": stage, **({"encounter": encounter} if encounter else {})},
        )

    def _arrive(self, number: int, visit: Visit) -> None:
        patient = str(uuid.uuid5(NAMESPACE, f"{self.world.seed}:{self.world.people[visit.person].ref}"))
        accident = visit.payer if visit.payer in ("auto", "industrial") else ""
        body = {
            "patient": patient, "department": visit.department, "license_no": visit.doctor.license_no,
            "appointment": self.bookings.get(patient) if visit.kind == "booked" else None, "ktas": visit.ktas,
            "setting": "emergency" if visit.kind == "emergency" else "outpatient", "payer": accident,
        }  # fmt: skip
        ticket = self._ask("POST", "/arrivals", key=f"{self.day}:{number}:arrive", json=body)
        if "refused" in ticket:
            if body["appointment"]:
                self.bookings.pop(patient, None)  # somebody cancelled or received it by hand: come as a walk-in
                return
            self._keep(number, "gone")
            return
        self.by_encounter[ticket["encounter"]] = number
        self._keep(number, "here", ticket["encounter"])

    def _doctors(self, now: datetime, minute: float) -> None:
        """Each doctor calls, orders half way, ends; the emergency room works in parallel and all day."""
        for doctor in self.world.doctors:
            name, emergency = doctor.license_no, doctor.department == EMERGENCY
            open_now = emergency or MORNING[0] - 5 <= minute < MORNING[1] + 40 or minute >= AFTERNOON[0]
            if name in self.busy:
                until, ticket, ordered = self.busy[name]
                self._consult(now, minute, name, until, ticket, ordered)
            elif open_now:
                ticket = self._ask("POST", f"/queue/{doctor.department}/call", params={"license_no": name})
                if "refused" not in ticket:
                    self._ask("POST", f"/tickets/{ticket['id']}/enter")
                    number = self.by_encounter.get(ticket["encounter"])
                    length = self.visits[number].consult_min if number in self.visits else 6.0
                    self.busy[name] = (minute + CALL_TO_ENTER_MIN + min(length, 30), ticket, False)

    def _consult(
        self, now: datetime, minute: float, name: str, until: float, ticket: dict[str, Any], ordered: bool
    ) -> None:
        number = self.by_encounter.get(ticket["encounter"])
        visit = self.visits.get(number) if number is not None else None
        if visit is None:  # received by a person, not by us: an ordinary consultation
            if minute >= until:
                self._tell_his("/finish", self._hl7(ticket, now, diagnoses=["Z00.0"], chart=""))
                del self.busy[name]
            return
        chart = self._chart(visit)
        if not ordered and minute >= until - visit.consult_min / 2:
            if visit.orders:
                self._tell_his(
                    "/orders", self._hl7(ticket, now, chart=chart, orders=[list(order) for order in visit.orders])
                )
            self.busy[name] = (until, ticket, True)
        if minute >= until and (ordered or not visit.orders):
            self._tell_his("/finish", self._hl7(ticket, now, chart=chart, diagnoses=list(visit.diagnoses)))
            del self.busy[name]
            self._keep(visit.number, "done")
            self.due[visit.number] = minute + max(2.0, visit.cashier_min - visit.end_min)

    def _chart(self, visit: Visit) -> str:
        return f"{self.world.people[visit.person].ref:08d}"

    def _hl7(self, ticket: dict[str, Any], now: datetime, *, chart: str, **more: Any) -> dict[str, Any]:
        return {"visit": ticket["encounter"], "chart_no": chart, "at": now.isoformat(), **more}

    def _pay(self, number: int) -> None:
        """Pay what the bill says, in the patient's usual way."""
        visit = self.visits[number]
        encounter = next((key for key, value in self.by_encounter.items() if value == number), None)
        if encounter is None or number % UNPAID_EVERY == 0:
            self.due.pop(number, None)
            self._keep(number, "gone")
            return
        bills = self._ask("GET", f"/encounters/{encounter}").get("invoices", [])
        if not bills:
            return  # the bill is being made
        for bill in bills:
            owed = bill["patient_won"] - bill["paid_won"]
            if owed > 0:
                body = {"amount_won": owed, "tender": visit.tender, "key": f"robot:{self.day}:{number}:{bill['id']}"}
                done = self._ask("POST", f"/invoices/{bill['id']}/payments", json=body)
                if "refused" in done and visit.tender == "card":
                    body = {**body, "tender": "cash", "key": body["key"] + ":cash"}
                    self._ask("POST", f"/invoices/{bill['id']}/payments", json=body)
        self.due.pop(number, None)
        self._keep(number, "paid")

    # -- the night -----------------------------------------------------------------------------------------------------
    def _is_quiet(self) -> bool:
        return not self.busy and not self.due and "here" not in self.stage.values()

    def _to_morning(self, now: datetime) -> None:
        """Nobody is left: go on to the next working morning; the night's work runs on the way."""
        morning = now.date() + timedelta(days=1)
        while is_closed(morning):
            morning += timedelta(days=1)
        at = datetime(morning.year, morning.month, morning.day, tzinfo=SEOUL) + timedelta(minutes=MORNING_AT_MIN)
        self._ask("POST", "/clock", json={"now": at.isoformat()})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--product", required=True)
    parser.add_argument("--his", required=True)
    parser.add_argument("--token-file", required=True)
    parser.add_argument("--state")
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--patients", type=int, default=20_000)
    args = parser.parse_args()
    token = Path(args.token_file).read_text(encoding="utf-8").strip()
    with contextlib.suppress(KeyboardInterrupt):
        Robots(args.product, args.his, token, args.state, args.seed, args.patients).run()


if __name__ == "__main__":
    main()
