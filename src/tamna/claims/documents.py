"""A claim as a document (청구 명세서): what the rules check and what the agency receives. Columns follow `tamna check`."""

from collections.abc import Mapping, Sequence
from typing import Any

from tamna.claims import archive
from tamna.claims.models import Claim

INSURER_KIND = {
    "nhi": "4", "near_poor_1": "4", "near_poor_2": "4", "medical_aid_1": "5", "medical_aid_2": "5", "veteran": "7",
    "auto": "8", "industrial": "9",
}  # fmt: skip
# What the hospital knows for its own check and does not send.
OWN = {"sex_from_number", "eligibility_insurer_kind", "died_on", "institution_emergency_class", "hours_in_er",
       "infection_reported"}  # fmt: skip


def to_send(claims: Sequence[Claim]) -> list[dict[str, Any]]:
    """Statements as the agency receives them, in the order given."""
    found = {row["claim"]["claim_id"]: row for row in archive.documents([claim.pk for claim in claims])}
    return [of(claim, found[claim.claim_no]) for claim in claims]


def of(claim: Claim, document: Mapping[str, Any]) -> dict[str, Any]:
    """One statement as it leaves, from the document that the rules see."""
    head = {name: value for name, value in document["claim"].items() if name not in OWN}
    own = sum(line["amount"] for line in document["lines"] if line["copay_kind"] == "full_self")
    sums = {"full_self_amount": own, "grand_total": claim.total_won + own} if own else {}
    notes = [
        {"unit": "line", "line_no": line["line_no"], "code": line["note_code"], "text": line["note_text"] or ""}
        for line in document["lines"]
        if line["note_code"]
    ]
    if head.get("special_code"):  # the special-case code itself travels as a note
        notes.insert(0, {"unit": "statement", "code": "MT002", "text": head["special_code"]})
    # outside prescriptions are not kept here yet
    return {
        "claim": head | sums | _before(claim), "diagnoses": list(document["diagnoses"]), "lines": list(document["lines"]), "prescriptions": [],
        "notes": notes,
    }  # fmt: skip


def _before(claim: Claim) -> dict[str, Any]:
    """What a supplement or an addition names of the statement before (접수번호, 당초 일련번호, 사유코드)."""
    if claim.previous_id is None:
        return {}
    return {
        "previous_receipt_no": claim.previous_receipt_no,
        "previous_serial_no": claim.previous_serial_no,
        "return_reason": claim.return_reason or None,
    }
