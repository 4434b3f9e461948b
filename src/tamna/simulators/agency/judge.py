"""The judge: form first, then line by line against criteria, then a reviewer's own opinion (전산점검 → 심사직원 → 심사위원)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from tamna.simulators.agency.forms import Known, Statement, day, faults
from tamna.simulators.agency.habits import Habits, chance

__all__ = ["Cut", "Decision", "Judge", "Known"]
CONSULTATIONS, ROOMS, MEALS = ("01",), ("01", "03"), ("10", "11")


@dataclass(frozen=True, slots=True)
class Cut:
    """A line that was lowered (조정)."""

    line_no: int
    won: int
    reason: str
    cause: str  # rule, notice, judgement, wrong: the truth, never told


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer about one statement. `cause` is the truth behind it and stays with the simulator."""

    status: str  # full, adjusted, returned, impossible
    asked_won: int
    decided_won: int
    reason: str = ""
    cuts: tuple[Cut, ...] = ()
    cause: str = ""


@dataclass
class Memory:
    """What the judge has seen of each patient (수진 이력): first visits, scans."""

    first_visit: dict[tuple[str, str], date] = field(default_factory=dict)
    scans: dict[tuple[str, str], date] = field(default_factory=dict)


class Judge:
    """One seed's agency."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.habits = Habits(seed)
        self.table = self.habits.table
        self.needs = {code: tuple(starts) for code, starts in self.table["needs"].items()}
        self.pairs = {(first, second) for first, second in self.table["pairs"]}
        self.notice_codes = frozenset(self.table["notice"]["codes"])
        self.notice_since = date.fromisoformat(self.table["notice"]["since"])

    def decide(
        self, statement: Statement, on: date, known: Known | None = None, memory: Memory | None = None, *, turn: int = 0
    ) -> Decision:
        """Judge one statement received on a day. `turn`: how often it came back before; what was mended is looked at afresh."""
        claim = statement["claim"]
        name = f"{claim['claim_id']}:{turn}" if turn else claim["claim_id"]
        asked = int(claim["insurer_share"])
        returned = self._returned(statement, name, known)
        if returned:
            reason, cause = returned
            at_receipt = (
                reason in self.table["returned_at_receipt"]
                or chance(self.seed, name, "receipt") < self.table["returned_share"]
            )
            return Decision("returned" if at_receipt else "impossible", asked, 0, reason, (), cause)
        cuts = self._lowered(statement, name, on, memory)
        if not cuts:
            return Decision("full", asked, asked)
        worst = max(cuts, key=lambda cut: cut.won)
        decided = max(0, asked - sum(cut.won for cut in cuts))
        return Decision("adjusted", asked, decided // 10 * 10, worst.reason, tuple(cuts), worst.cause)

    def _returned(self, statement: Statement, name: str, known: Known | None) -> tuple[str, str] | None:
        for reason in faults(statement, known):
            if chance(self.seed, name, "form", reason) < self.table["electronic"]:
                return reason, "fault"
        draw, wrong = chance(self.seed, name, "wrong"), self.table["wrong"]
        if draw < wrong["lapsed"]:
            return "F02", "lapsed"
        if draw < wrong["lapsed"] + wrong["returned"]:
            return ("F04", "F07", "F03")[int(draw * 1e6) % 3], "wrong"
        return None

    def _lowered(self, statement: Statement, name: str, on: date, memory: Memory | None) -> list[Cut]:
        claim = statement["claim"]
        mood, drift = self.habits.reviewer(str(claim["department"]), on), self.habits.drift(on)
        found: dict[int, Cut] = {}
        for criterion, seen, line, won, reason in (*self._criteria(statement), *self._history(statement, memory)):
            sharp = min(0.98, seen * mood.get(criterion, 1.0) * drift.get(criterion, 1.0))
            if seen > 0.9:
                sharp = seen  # the machine does not tire
            if won > 0 and chance(self.seed, name, criterion, line["line_no"], reason) < sharp:
                found.setdefault(int(line["line_no"]), Cut(int(line["line_no"]), won, reason, "rule"))
        for cut in self._opinions(statement, name, on, mood["judgement"] * drift["judgement"]):
            found.setdefault(cut.line_no, cut)
        asked = int(claim["insurer_share"])
        total = max(1, int(claim["total_amount"]))
        share = asked / total
        own = {int(line["line_no"]) for line in statement["lines"] if line.get("copay_kind") == "full_self"}
        lowered = [
            Cut(cut.line_no, int(cut.won * share) // 10 * 10, cut.reason, cut.cause)
            for cut in found.values()
            if cut.line_no not in own  # the insurer pays nothing of a 100/100 line
        ]
        return [cut for cut in lowered if cut.won > 0]

    def _criteria(self, statement: Statement) -> Iterator[tuple[str, float, Mapping[str, Any], int, str]]:
        """(criterion, how likely it is seen, line, won to take off, reason)."""
        claim, lines, table = statement["claim"], statement["lines"], self.table
        inpatient = claim["setting"] == "inpatient"
        diagnoses = tuple(row["code"] for row in statement["diagnoses"] if row.get("kind") != "rule_out")
        most, twice = table["counts"], {}
        therapies: list[Mapping[str, Any]] = []
        tests, codes = set(), {line["code"] for line in lines}
        meals = 0.0
        for line in lines:
            code, section, amount = line["code"], line["item_class"], int(line["amount"])
            quantity = float(line["quantity"])
            if code in self.needs and not any(known.startswith(self.needs[code]) for known in diagnoses):
                yield "needs", table["needs_seen"].get(section, 0.03), line, amount, "A05" if section == "03" else "A02"
            if section == "02":
                meals += quantity if line["item_sub"] in MEALS else 0
                continue
            if section == "03" and code in table["drug_a_day"]:
                a_day = float(line["dose"]) * float(line["times_per_day"])
                if a_day > table["drug_a_day"][code]:
                    yield (
                        "drugs",
                        table["drugs_seen"],
                        line,
                        int(amount * (1 - table["drug_a_day"][code] / a_day)),
                        "A06",
                    )
                if int(line["days"]) > table["drug_days"][code]:
                    yield (
                        "drugs",
                        table["drugs_seen"],
                        line,
                        int(amount * (1 - table["drug_days"][code] / int(line["days"]))),
                        "A06",
                    )
                continue
            limit = most["codes"].get(code, most["sections"].get(section))
            if limit and quantity > limit and not inpatient:
                yield (
                    "counts",
                    most["seen"],
                    line,
                    int(amount * (1 - limit / quantity)),
                    "A13" if section == "06" else "A01",
                )
            key = (code, str(line["service_on"]))
            if section in ("09", "10", "S", "06") and key in twice and not inpatient:
                yield "double", table["double_seen"], line, amount, "A03"
            twice[key] = line
            if section == "06":
                therapies.append(line)
            if section == "09":
                tests.add(code)
            if code == table["emergency_fee"]["code"] and claim["setting"] == "outpatient":
                yield "emergency", table["emergency_fee"]["seen"], line, amount, "A26"
            if claim.get("sex") in ("M", "F") and code == {"F": "ZL074", "M": "ZL117"}[claim["sex"]]:
                yield "double", table["sex_seen"], line, amount, "A40"
        for first, second in self.pairs:
            if first in codes and second in codes:
                worse = next(line for line in lines if line["code"] == second)
                yield "pairs", table["pairs_seen"], worse, int(worse["amount"]), "A04"
        if len(therapies) > most["therapies_a_day"] and not inpatient:
            yield "counts", most["therapies_seen"], therapies[-1], int(therapies[-1]["amount"]), "A13"
        if len(tests) >= table["screen"]["tests"] and not inpatient and len(diagnoses) < 2:
            test = next(line for line in lines if line["item_class"] == "09")
            yield "screen", table["screen"]["seen"], test, int(test["amount"]), "A09"
        if inpatient:
            yield from self._stay(claim, lines, meals)

    def _stay(
        self, claim: Mapping[str, Any], lines: list[Mapping[str, Any]], meals: float
    ) -> Iterator[tuple[str, float, Mapping[str, Any], int, str]]:
        table, days = self.table["stay"], int(claim.get("stay_days") or 1)
        rooms = [line for line in lines if line["item_class"] == "02" and line["item_sub"] not in MEALS]
        if days > table["long_days"] and rooms:
            bed = max(rooms, key=lambda line: int(line["amount"]))
            yield "stay", table["seen"], bed, int(sum(int(line["amount"]) for line in rooms) * table["part"]), "A10"
        food = [line for line in lines if line["item_class"] == "02" and line["item_sub"] in MEALS]
        if food and meals > table["meals_a_day"] * days:
            extra = (meals - table["meals_a_day"] * days) * float(food[0]["unit_price"])
            yield "stay", table["meals_seen"], food[-1], int(extra), "A25"
        if rooms and sum(float(line["quantity"]) for line in rooms) > days:
            yield "stay", table["meals_seen"], rooms[-1], int(float(rooms[-1]["unit_price"])), "A25"

    def _history(
        self, statement: Statement, memory: Memory | None
    ) -> Iterator[tuple[str, float, Mapping[str, Any], int, str]]:
        """What only shows beside the patient's earlier statements."""
        if memory is None:
            return
        claim = statement["claim"]
        who, on = str(claim["patient_ref"]), day(claim["first_visit_on"])
        visit, repeat = self.table["first_visit"], self.table["repeat"]
        place = (who, str(claim["department"]))
        if on is None:
            return
        for line in statement["lines"]:
            if line["code"] == visit["first"] and claim["setting"] == "outpatient":
                before = memory.first_visit.get(place)
                if before and 0 < (on - before).days <= visit["within_days"]:
                    yield "first_visit", visit["seen"], line, int(int(line["amount"]) * 0.25), "A12"
            if line["code"] in repeat["codes"]:
                before = memory.scans.get((who, line["code"]))
                if before and 0 < (on - before).days <= repeat["days"]:
                    yield "repeat", repeat["seen"], line, int(line["amount"]), "A08"
                memory.scans[who, line["code"]] = on
        memory.first_visit[place] = on

    def _opinions(self, statement: Statement, name: str, on: date, strict: float) -> Iterator[Cut]:
        """A new notice, a reviewer's judgement, and plain mistakes of the agency."""
        claim, table = statement["claim"], self.table
        billed = [line for line in statement["lines"] if line["item_class"] not in CONSULTATIONS] or list(
            statement["lines"]
        )
        first = day(claim["first_visit_on"])
        if first and first >= self.notice_since:
            for line in billed:
                if (
                    line["code"] in self.notice_codes
                    and chance(self.seed, name, "notice", line["line_no"]) < table["notice"]["seen"]
                ):
                    yield Cut(int(line["line_no"]), int(int(line["amount"]) * 0.7), "A34", "notice")
        judgement, inpatient = table["judgement"], claim["setting"] == "inpatient"
        size = min(2.2, max(0.4, (max(1, int(claim["insurer_share"])) / 40_000) ** 0.35))
        rate = judgement["base"] * strict * self.habits.on_doctor(str(claim.get("doctor_license"))) * size
        rate *= judgement["department"].get(claim["department"], 1.0) * (judgement["inpatient"] if inpatient else 1.0)
        draw, cause = chance(self.seed, name, "judgement"), "judgement"
        if draw >= min(0.5, rate):
            if chance(self.seed, name, "mistake") >= table["wrong"]["cut"]:
                return
            draw, cause = chance(self.seed, name, "mistaken"), "wrong"
        pick = chance(self.seed, name, "line")
        line = sorted(billed, key=lambda row: -int(row["amount"]))[int(pick * min(3, len(billed)))]
        part = table["part"]["inpatient" if inpatient else "outpatient"][int(pick * 997) % 3]
        yield Cut(int(line["line_no"]), int(int(line["amount"]) * part), self._reason(name), cause)

    def _reason(self, name: str) -> str:
        reasons: dict[str, int] = self.table["judgement"]["reasons"]
        place = chance(self.seed, name, "reason") * sum(reasons.values())
        for reason, weight in reasons.items():
            place -= weight
            if place < 0:
                return reason
        return "A40"
