"""What the agency answered to past statements of the loaded hospital (심사결과): the same judge as the living agency's process.

Clerks erred on some statements before they were sent; where a mistake lies in a line, the stored line shows it, so that
who learns from the past can see it. A mistake about the person's insurance shows in the answer alone.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from tamna.claims.models import Claim, ClaimLine
from tamna.core import clock
from tamna.simulators.agency import Decision, Judge
from tamna.simulators.agency.judge import Memory
from tamna.simulators.hospital import Person, Visit
from tamna.simulators.hospital.clerical import mistaken, register_of
from tamna.simulators.hospital.figures import figures

Document = dict[str, Any]
SHOWN = (
    "quantity_typed",
    "dose_typed",
    "days_typed",
    "test_twice",
    "code_mistyped",
    "amount_wrong",
    "total_wrong",
    "share_wrong",
    "emergency_fee_kept",
)


class Answers:
    """One agency's answers over the days of a load."""

    def __init__(self, seed: int) -> None:
        self.seed, self.judge, self.memory = seed, Judge(seed), Memory()

    def judged(self, rows: Sequence[tuple[Claim, list[ClaimLine], Visit, Person]], on: date) -> list[Decision]:
        """A decision about each statement of a day. Lines of a mistaken statement are changed in place; their claim's sums follow."""
        texts = [_document(claim, lines, visit, person) for claim, lines, visit, person in rows]
        register = {text["claim"]["claim_id"]: register_of(text["claim"]) for text in texts}
        mistakes, changed = mistaken(self.seed, texts, times=1 - figures("clerical")["caught_by_hand"])
        found = []
        for (claim, lines, _, _), text in zip(rows, texts, strict=True):
            name = claim.claim_no
            if name in mistakes and mistakes[name].kind in SHOWN:
                _show(claim, lines, text)
            found.append(self.judge.decide(text, on, changed.get(name) or register[name], self.memory))
        return found


def _document(claim: Claim, lines: list[ClaimLine], visit: Visit, person: Person) -> Document:
    on = claim.first_visit_on
    return {
        "claim": {
            "claim_id": claim.claim_no, "setting": claim.setting, "department": visit.department, "insurer_kind": claim.insurer_kind,
            "aid_type": claim.payer[-1] if claim.insurer_kind == "5" else None, "patient_ref": person.chart_no, "card_no": str(70_000_000_000 + person.ref),
            "birth_date": person.birth_on, "sex": person.sex, "first_visit_on": on, "last_service_on": on, "visit_days": 1, "ktas": visit.ktas,
            "special_code": claim.encounter.special_case or None, "doctor_license": visit.doctor.license_no,
            "total_amount": claim.total_won, "patient_share": claim.patient_won, "insurer_share": claim.insurer_won,
        },
        "lines": [
            {"line_no": line.line_no, "item_class": line.item_class, "item_sub": line.item_sub, "code": line.code, "service_on": on,
             "unit_price": float(line.unit_won), "dose": float(line.dose), "times_per_day": float(line.times_per_day), "days": line.days,
             "quantity": float(line.quantity), "amount": line.amount_won}
            for line in lines
        ],
        "diagnoses": [{"code": code, "kind": "secondary" if seq else "principal"} for seq, code in enumerate(visit.diagnoses)],
    }  # fmt: skip


def _show(claim: Claim, lines: list[ClaimLine], text: Document) -> None:
    """The stored statement as it was sent."""
    said = text["claim"]
    claim.total_won, claim.patient_won, claim.insurer_won = (
        said["total_amount"],
        said["patient_share"],
        said["insurer_share"],
    )
    known = {line.line_no: line for line in lines}
    for row in text["lines"]:
        line = known.get(row["line_no"])
        if line is None:
            line = ClaimLine(claim=claim, line_no=row["line_no"], charge=None, item_class=row["item_class"], item_sub=row["item_sub"], code_kind="fee",
                             code=row["code"], name=lines[0].name, service_at=clock.at_seoul(claim.first_visit_on, 600), unit_won=int(row["unit_price"]))  # fmt: skip
            lines.append(line)
        line.code, line.days, line.amount_won = row["code"][:9], row["days"], row["amount"]
        line.dose, line.times_per_day, line.quantity = (
            Decimal(str(row[key])) for key in ("dose", "times_per_day", "quantity")
        )
