"""The check-in code of a booking (접수 QR): signed, good on its own day, used once. Drawn by segno, read at kiosk and desk.

The text names a row and carries a signature; a made-up one is refused before the database is asked. Of two who show the same
code the first is received: the row is held while it is used. Days are business days.
Raises lobby.code_unreadable, code_too_early, code_expired, code_cancelled, code_used.
"""

from datetime import timedelta
from uuid import UUID

import segno
from django.core import signing

from tamna.core import clock
from tamna.core.errors import DomainError
from tamna.lobby.models import CheckInCode
from tamna.reception.models import Appointment

HEAD, SALT = "TAMNA:", "tamna.lobby.code"


def text_of(code: CheckInCode) -> str:
    return HEAD + signing.Signer(salt=SALT).sign(code.public_id.hex)


def drawn(text: str) -> str:
    """The text as a QR code, SVG."""
    return segno.make(text, error="m").svg_inline(border=4, omitsize=True, svgclass="qr")


def make(appointment: Appointment) -> CheckInCode:
    """The booking's code that still waits, or a new one; it ends with the day of the booking."""
    now = clock.now()
    waiting = (
        CheckInCode.objects.filter(appointment=appointment, used_at=None, expires_at__gt=now).order_by("-id").first()
    )
    ends = clock.at_seoul(clock.business_day(appointment.starts_at) + timedelta(days=1))
    return waiting or CheckInCode.objects.create(appointment=appointment, made_at=now, expires_at=ends)


def read(text: str, *, to_use: bool = False) -> CheckInCode:
    """The code of a scanned text, if it checks somebody in now. `to_use` holds its row until the transaction ends."""
    try:
        public_id = UUID(hex=signing.Signer(salt=SALT).unsign(text.strip().removeprefix(HEAD)))
    except (signing.BadSignature, ValueError):
        raise DomainError("lobby.code_unreadable") from None
    rows = CheckInCode.objects.select_for_update(of=("self",)) if to_use else CheckInCode.objects
    code = rows.select_related("appointment__patient").filter(public_id=public_id).first()
    if code is None:
        raise DomainError("lobby.code_unreadable")
    now, day = clock.now(), clock.business_day(code.appointment.starts_at)
    if code.used_at or code.appointment.status == Appointment.Status.ARRIVED:
        raise DomainError("lobby.code_used")
    if now >= code.expires_at:
        raise DomainError("lobby.code_expired")
    if clock.business_day(now) < day:
        raise DomainError("lobby.code_too_early")
    if code.appointment.status != Appointment.Status.BOOKED:
        raise DomainError("lobby.code_cancelled")
    return code


def use(text: str) -> CheckInCode:
    """Use a code up, in the caller's transaction."""
    code = read(text, to_use=True)
    code.used_at = clock.now()
    code.save(update_fields=["used_at"])
    return code
