"""Proposals over HTTP: read what waits, and let the synthetic hospital's simulated staff decide it.

A machine never decides in a real hospital: a decision names a synthetic person, and is written as simulated.
"""

from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema
from ninja.errors import HttpError

from tamna.core import automations, decisions
from tamna.core.access import may
from tamna.core.actor import Actor
from tamna.core.api import scope
from tamna.core.models import Hospital, Proposal, User
from tamna.core.paging import page

router = Router(tags=["automations"])


class NewDecision(Schema):
    verdict: Literal["accepted", "edited", "refused"]
    person: str
    edited: dict[str, Any] = {}
    reason: str = ""


def as_json(row: Proposal) -> dict[str, Any]:
    kind = automations.kind_of(row.action)
    names = automations.editable(kind) if kind and row.state == "open" else frozenset()
    return {
        "id": row.public_id, "automation": row.automation, "key": row.key, "action": row.action, "team": row.team, "state": row.state,
        "won": row.won, "minutes": row.minutes, "worth_won": row.worth_won, "confidence": row.confidence, "made_at": row.made_at,
        "due_at": row.due_at, "expires_at": row.expires_at,
        "editable": {name: row.fields.get(name) for name in sorted(names)},
    }  # fmt: skip


@router.get("/proposals")
@scope("automations.see")
def read(request: HttpRequest, team: str = "", state: str = "open", cursor: str = "", size: int = 50) -> dict[str, Any]:
    """Proposals of a team, most worth first."""
    rows = Proposal.objects.filter(state=state)
    if team:
        rows = rows.filter(team=team)
    found = page(rows, decisions.ORDER, cursor, min(max(size, 1), 200))
    return {"proposals": [as_json(row) for row in found.rows], "next": found.next_cursor, "count": rows.count()}


@router.post("/proposals/{uuid:public_id}/decision")
@scope("automations.decide")
def decide(request: HttpRequest, public_id: UUID, body: NewDecision) -> dict[str, Any]:
    """Decide for a simulated member of staff, within the person's team and rights (synthetic hospital only)."""
    if not Hospital.objects.filter(is_synthetic=True).exists():
        raise HttpError(403, "in a real hospital people decide, on their screen")
    person = User.objects.filter(username=body.person, is_synthetic=True, is_active=True).first()
    if person is None or not may(person, "automations.decide"):
        raise HttpError(403, "no synthetic person of this name may decide")
    row = get_object_or_404(decisions.of(person), public_id=public_id)
    done = automations.decide(
        row.pk, "refused" if body.verdict == "refused" else "accepted", by=Actor.simulated(person),
        edited=body.edited if body.verdict == "edited" else {}, reason=body.reason,
    )  # fmt: skip
    return {"id": done.public_id, "state": done.state}
