"""National Health Insurance Service (국민건강보험공단): eligibility of a person on a day (자격조회)."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from tamna.connect.systems import NHIS
from tamna.connect.wire import ask_for

Payer = Literal[
    "nhi", "medical_aid_1", "medical_aid_2", "near_poor_1", "near_poor_2", "veteran", "auto", "industrial", "self"
]


class Question(BaseModel):
    """Who is asked for, and for which day. The number travels in the body only."""

    number: str = Field(repr=False)
    kind: Literal["rrn", "foreigner", "passport"] = "rrn"
    on: date


class Answer(BaseModel):
    """What the insurer says (자격 조회 결과)."""

    payer: Payer
    insurer_kind: str = "4"
    card_no: str = Field("", repr=False)
    special_case: str = ""
    special_from: date | None = None
    special_to: date | None = None
    aid_type: str = ""
    benefit_stopped: bool = False
    simulated: bool = False


def check(question: Question, *, timeout_s: float = 3.0) -> Answer:
    """Ask for eligibility. Raises Unreachable, Garbled, Refused("unknown_person")."""
    body = question.model_dump(mode="json")
    return ask_for(Answer, "nhis", "POST", f"{NHIS.url}/eligibility", json=body, timeout_s=timeout_s)
