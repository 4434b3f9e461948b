"""The hospital clock over HTTP: robots follow it; only the synthetic hospital's clock can be set."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.errors import HttpError

from tamna.core import audit, clock
from tamna.core.api import actor, scope
from tamna.core.models import Hospital, HospitalClock

router = Router(tags=["clock"])


class Setting(Schema):
    now: datetime | None = None
    rate: float | None = None


def _json() -> dict[str, Any]:
    row = HospitalClock.objects.first()
    return {"now": clock.now(), "rate": row.rate if row else 1}


@router.get("/clock")
@scope("reception.see")
def read(request: HttpRequest) -> dict[str, Any]:
    """Business time and its speed."""
    return _json()


@router.post("/clock")
@scope("it.operate")
def change(request: HttpRequest, body: Setting) -> dict[str, Any]:
    """Move the clock forward or change its speed (synthetic hospital only)."""
    if not Hospital.objects.filter(is_synthetic=True).exists():
        raise HttpError(403, "a real hospital's clock cannot be set")
    row = HospitalClock.objects.first()
    rate = float(body.rate if body.rate is not None else row.rate if row else 1)
    if not 0 <= rate <= 60:
        raise HttpError(422, "the rate goes from 0 to 60")
    now = clock.now()
    at = body.now or now
    if at < now:
        raise HttpError(422, "the clock only goes forward")
    clock.set_clock(at, rate)
    audit.note("clock.set", by=actor(request), detail={"rate": rate})
    return _json()
