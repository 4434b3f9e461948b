"""A claim as a document (청구 명세서): what the rules check and what the agency receives. Columns follow `tamna check`."""

from collections.abc import Sequence
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
    return [_sent(found[claim.claim_no]) for claim in claims]


def _sent(document: dict[str, Any]) -> dict[str, Any]:
    notes = [
        {"unit": "line", "line_no": line["line_no"], "code": line["note_code"], "text": line["note_text"] or ""}
        for line in document["lines"]
        if line["note_code"]
    ]
    claim = {name: value for name, value in document["claim"].items() if name not in OWN}
    return {"claim": claim, "lines": document["lines"], "diagnoses": document["diagnoses"], "notes": notes}
